import type { AtCommand, AtReply } from "./at_command.ts";

/** A command that waits, or is under way. */
export interface Pending {
  /** What was asked. */
  readonly command: AtCommand;
  /** Who is told. */
  readonly onReply: (reply: AtReply) => void;
  /** Lines of information so far. */
  lines: string[];
  /** How often it was sent. */
  attempts: number;
  /** When it was sent first. */
  since: number;
  /** Whether the reply is over a limit. */
  isTooLong: boolean;
  /** Whether it was taken back. */
  isAborted: boolean;
  /** Whether the prompt was answered. */
  isPrompted: boolean;
}

/** A command that was not sent yet. */
export function makePending(command: AtCommand, onReply: (reply: AtReply) => void): Pending {
  return {
    command,
    onReply,
    lines: [],
    attempts: 0,
    since: 0,
    isTooLong: false,
    isAborted: false,
    isPrompted: false,
  };
}
