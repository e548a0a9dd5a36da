/** What is asked of {@linkcode AtEngine}, and what comes back.
 *
 * @module
 */
import type { AtResult } from "./at_result.ts";

/** A command. */
export interface AtCommand {
  /** The line without its end: `AT+CSQ`. */
  readonly text: string;
  /** How long the final result may take, in milliseconds; the engine's `timeoutMs` by default. */
  readonly timeoutMs?: number;
  /** How often it is sent in all; 1 by default. */
  readonly attempts?: number;
  /** Milliseconds between attempts; 500 by default. */
  readonly retryDelayMs?: number;
  /** Whether a reply is worth another attempt; by default one that timed out is. */
  readonly isRetried?: (reply: AtReply) => boolean;
  /** What is sent at the prompt `> `, followed by Ctrl-Z; ESC takes it back on a time-out. */
  readonly promptText?: string;
  /** Whether its parameters are secret, as a PIN is: traces then show the name of the command only. */
  readonly isSecret?: boolean;
  /** Whether the lines of the reply are secret, as an IMSI is: traces then do not show them. */
  readonly isReplySecret?: boolean;
  /** Gets each line of information as it comes. */
  readonly onLine?: (line: string) => void;
}

/** How a command ended. */
export type AtStatus =
  /** `OK`. */
  | "ok"
  /** `CONNECT`: the line carries data now. */
  | "connect"
  /** Any other final result; see {@linkcode AtReply.result}. */
  | "error"
  /** No final result in time. */
  | "timeout"
  /** Taken back by {@linkcode AtEngine.abort}. */
  | "aborted"
  /** The port is gone. */
  | "closed"
  /** More or longer lines than the limits allow. */
  | "too-long";

/** The end of a command. */
export interface AtReply {
  /** How it ended. */
  readonly status: AtStatus;
  /** The final result, where there was one. */
  readonly result: AtResult | undefined;
  /** Lines of information of the last attempt. */
  readonly lines: readonly string[];
  /** What was asked. */
  readonly command: AtCommand;
  /** How often it was sent. */
  readonly attempts: number;
  /** Milliseconds from the first sending to the end. */
  readonly elapsedMs: number;
}

/** A line of the dialogue, for logs and captures; secrets are taken out. */
export interface AtTraceEntry {
  /** Who said it. */
  readonly direction: "sent" | "received";
  /** What. */
  readonly text: string;
}

/** A command's line as a trace may show it. */
export function traceText(command: AtCommand): string {
  if (command.isSecret !== true) return command.text;
  const end = command.text.search(/[=?]/);
  return end < 0 ? "(hidden)" : `${command.text.slice(0, end + 1)}(hidden)`;
}
