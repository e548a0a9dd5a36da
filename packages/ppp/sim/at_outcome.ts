/** What a command of the simulated modem leads to.
 *
 * @module
 */

/** A final result (V.250 §5.7.1, 3GPP TS 27.007 §9.2, 3GPP TS 27.005 §3.2.5). */
export type AtFinalResult =
  | "OK"
  | "ERROR"
  | "NO CARRIER"
  | "NO ANSWER"
  | "NO DIALTONE"
  | "BUSY"
  | { readonly cme: number }
  | { readonly cms: number };

/** What a command leads to: lines of information, then a result, at once or later. */
export interface AtOutcome {
  /** Lines of information. */
  readonly lines?: readonly string[];
  /** The result; `"OK"` by default. */
  readonly result?: AtFinalResult;
  /** How long it takes, in milliseconds; 0 by default. */
  readonly afterMs?: number;
  /** What it leads to after that time, in place of lines and result. */
  readonly then?: () => AtOutcome;
  /** Asks for text at a prompt (3GPP TS 27.005 §3.5.1), and goes on with it; `undefined` when ESC took it back. */
  readonly prompt?: (text: string | undefined) => AtOutcome;
  /** The line carries data from now on, and no result is sent: whoever changed it has said `CONNECT`. */
  readonly isConnected?: boolean;
}

/** How a command is used (V.250 §5.4.4). */
export type AtOperation = "run" | "set" | "read" | "test";

/** A command of a line. */
export interface AtInvocation {
  /** Name in capitals: `E`, `&C`, `S`, `D`, `+CSQ`; "" for what is no command. */
  readonly name: string;
  /** How it is used. */
  readonly operation: AtOperation;
  /** Number of a basic command, 0 when none is given; number of an S register. */
  readonly number: number;
  /** Parameters as they came: `1,"IP","internet"`, or the dial string. */
  readonly text: string;
  /** Parameters one by one, without quotes; a missing one is "". */
  readonly args: readonly string[];
}

/** `OK`, with lines of information in front. */
export function ok(...lines: string[]): AtOutcome {
  return { lines };
}

/** `ERROR`. */
export const AT_ERROR: AtOutcome = { result: "ERROR" };

/** `+CME ERROR`. */
export function cme(code: number): AtOutcome {
  return { result: { cme: code } };
}

/** `+CMS ERROR`. */
export function cms(code: number): AtOutcome {
  return { result: { cms: code } };
}

/** Numbers of `+CME ERROR` which the simulation uses. */
export const CME = {
  NOT_ALLOWED: 3,
  NOT_SUPPORTED: 4,
  NO_SIM: 10,
  PIN_REQUIRED: 11,
  PUK_REQUIRED: 12,
  SIM_BUSY: 14,
  WRONG_PASSWORD: 16,
  INVALID_INDEX: 21,
  NO_SERVICE: 30,
  NOT_ALLOWED_EMERGENCY_ONLY: 32,
  INCORRECT_PARAMETERS: 50,
  UNKNOWN: 100,
  SERVICES_NOT_ALLOWED: 107,
  OPTION_NOT_SUBSCRIBED: 133,
  UNSPECIFIED_PACKET_ERROR: 148,
} as const;

const CME_TEXTS: ReadonlyMap<number, string> = new Map([
  [3, "operation not allowed"],
  [4, "operation not supported"],
  [10, "SIM not inserted"],
  [11, "SIM PIN required"],
  [12, "SIM PUK required"],
  [14, "SIM busy"],
  [16, "incorrect password"],
  [21, "invalid index"],
  [30, "no network service"],
  [32, "network not allowed - emergency calls only"],
  [50, "Incorrect parameters"],
  [100, "unknown"],
  [107, "GPRS services not allowed"],
  [133, "requested service option not subscribed"],
  [148, "unspecified GPRS error"],
]);

/** Numbers of results, for `V0` (V.250 §5.7.1). */
export const RESULT_NUMBERS: Readonly<Record<string, number>> = {
  "OK": 0,
  "CONNECT": 1,
  "RING": 2,
  "NO CARRIER": 3,
  "ERROR": 4,
  "NO DIALTONE": 6,
  "BUSY": 7,
  "NO ANSWER": 8,
};

/** Text of a result, under a level of `+CMEE`: 0 plain `ERROR`, 1 numbers, 2 texts. Those of SMS are always told. */
export function resultText(result: AtFinalResult, errorLevel: number): string {
  if (typeof result === "string") return result;
  if ("cms" in result) return `+CMS ERROR: ${result.cms}`;
  if (errorLevel === 0) return "ERROR";
  return `+CME ERROR: ${errorLevel === 1 ? result.cme : CME_TEXTS.get(result.cme) ?? String(result.cme)}`;
}
