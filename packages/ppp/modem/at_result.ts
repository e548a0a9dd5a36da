/** Final result codes of AT commands (V.250 §5.7.1, 3GPP TS 27.007 §9.2).
 *
 * @module
 */
import { cmeErrorCode, cmeErrorText, cmsErrorText } from "./at_error_codes.ts";

/** Names of final result codes. */
export type AtResultCode =
  | "OK"
  | "CONNECT"
  | "ERROR"
  | "CME_ERROR"
  | "CMS_ERROR"
  | "NO_CARRIER"
  | "NO_DIALTONE"
  | "BUSY"
  | "NO_ANSWER";

/** A final result code. */
export interface AtResult {
  /** Which. */
  readonly code: AtResultCode;
  /** The line as it came. */
  readonly text: string;
  /** Number of a `+CME ERROR` or `+CMS ERROR`, where it is known. */
  readonly errorCode: number | undefined;
  /** What a `+CME ERROR` or `+CMS ERROR` means, where it is known. */
  readonly errorText: string | undefined;
  /** Bits per second of a `CONNECT`, where told. */
  readonly speed: number | undefined;
}

const PLAIN: ReadonlyMap<string, AtResultCode> = new Map([
  ["OK", "OK"],
  ["ERROR", "ERROR"],
  ["NO CARRIER", "NO_CARRIER"],
  ["NO DIALTONE", "NO_DIALTONE"],
  ["NO DIAL TONE", "NO_DIALTONE"],
  ["BUSY", "BUSY"],
  ["NO ANSWER", "NO_ANSWER"],
  // Not in V.250, said by modems in place of ERROR.
  ["COMMAND NOT SUPPORT", "ERROR"],
  ["TOO MANY PARAMETERS", "ERROR"],
  ["ABORTED", "ERROR"],
]);

/** Numeric result codes (V.250 §5.7.1); 2 is RING, which is no final one. */
const NUMERIC: ReadonlyMap<string, AtResultCode> = new Map([
  ["0", "OK"],
  ["1", "CONNECT"],
  ["3", "NO_CARRIER"],
  ["4", "ERROR"],
  ["6", "NO_DIALTONE"],
  ["7", "BUSY"],
  ["8", "NO_ANSWER"],
]);

function makeResult(
  code: AtResultCode,
  text: string,
  errorCode?: number,
  errorText?: string,
  speed?: number,
): AtResult {
  return { code, text, errorCode, errorText, speed };
}

/** Reads a line as a final result code in words.
 *
 * @returns `undefined` when it is none.
 */
export function parseResult(line: string): AtResult | undefined {
  const plain = PLAIN.get(line);
  if (plain !== undefined) return makeResult(plain, line);
  if (line.startsWith("CONNECT") && /^CONNECT(?:$|[ /])/.test(line)) {
    const speed = /^CONNECT +(\d{1,12})/.exec(line);
    return makeResult("CONNECT", line, undefined, undefined, speed ? Number(speed[1]) : undefined);
  }
  const error = /^\+(CME|CMS) ERROR(?::? *(.*))?$/.exec(line);
  if (error === null) return undefined;
  const detail = (error[2] ?? "").trim();
  const number = /^\d{1,6}$/.test(detail) ? Number(detail) : undefined;
  if (error[1] === "CMS") {
    const text = number === undefined ? detail : cmsErrorText(number);
    return makeResult("CMS_ERROR", line, number, text || undefined);
  }
  const text = number === undefined ? detail : cmeErrorText(number);
  return makeResult("CME_ERROR", line, number ?? cmeErrorCode(detail), text || undefined);
}

/** Reads a line as a final result code in numbers, as after `ATV0`.
 *
 * @returns `undefined` when it is none.
 */
export function parseNumericResult(line: string): AtResult | undefined {
  const code = NUMERIC.get(line);
  return code === undefined ? undefined : makeResult(code, line);
}

/** Whether a result says that the command did what it should. */
export function isSuccess(result: AtResult): boolean {
  return result.code === "OK" || result.code === "CONNECT";
}
