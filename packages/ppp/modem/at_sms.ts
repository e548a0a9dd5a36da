/** Short messages in text mode (3GPP TS 27.005).
 *
 * @module
 */
import type { AtCommand } from "./at_command.ts";
import type { AtQuery } from "./at_commands.ts";
import { decimal, findValues, lineValues, quote } from "./at_values.ts";

/** Text mode, in place of numbers: `AT+CMGF=1`. */
export const SMS_TEXT_MODE: AtCommand = { text: "AT+CMGF=1" };

/** The alphabet of texts: `AT+CSCS="GSM"` (3GPP TS 27.007 §5.5). */
export function setCharacterSet(name: "GSM" | "IRA" | "UCS2"): AtCommand {
  return { text: `AT+CSCS=${quote(name)}` };
}

/** Longest message in characters of the GSM alphabet. */
const MAX_LENGTH = 160;

/** Sends a message. The number of its reference is read by {@linkcode parseSentReference}.
 *
 * @param number Whom to: digits, perhaps with a plus sign in front.
 * @param text At most 160 characters, none of which is a control character but the line feed.
 * @throws {TypeError} If number or text are not like that.
 */
export function sendSms(number: string, text: string): AtCommand {
  if (!/^\+?\d{3,20}$/.test(number)) throw new TypeError("Cannot send a message to what is no number");
  // Ctrl-Z would end it, and the escape would take it back.
  // deno-lint-ignore no-control-regex
  if (text.length > MAX_LENGTH || /[\x00-\x09\x0b-\x1f\x7f]/.test(text)) {
    throw new TypeError("Cannot send a message with more than 160 characters, or with control characters");
  }
  const type = number.startsWith("+") ? ",145" : "";
  return { text: `AT+CMGS=${quote(number)}${type}`, promptText: text, timeoutMs: 120_000 };
}

/** Reads the reply to a message sent: `+CMGS: 12`. */
export function parseSentReference(lines: readonly string[]): number | undefined {
  return decimal(findValues(lines, "+CMGS")?.[0]);
}

/** A message in the modem's memory. */
export interface SmsMessage {
  /** Where it is. */
  readonly index: number;
  /** `REC UNREAD`, `REC READ`, `STO SENT`, …. */
  readonly status: string;
  /** Whom it is from, or for. */
  readonly number: string;
  /** When the network got it, in its own notation; empty for ours. */
  readonly time: string;
  /** What it says. */
  readonly text: string;
}

/** Reads the reply to `AT+CMGL`: a line about each message, and the lines of its text. */
export function parseMessages(lines: readonly string[]): SmsMessage[] {
  const messages: { head: string[]; text: string[] }[] = [];
  for (const line of lines) {
    const head = lineValues(line, "+CMGL");
    if (head !== undefined) messages.push({ head, text: [] });
    else messages.at(-1)?.text.push(line);
  }
  return messages.flatMap(({ head: [index, status = "", number = "", , time = ""], text }) => {
    const at = decimal(index);
    return at === undefined ? [] : [{ index: at, status, number, time, text: text.join("\n") }];
  });
}

/** All messages: `AT+CMGL="ALL"`. */
export const QUERY_MESSAGES: AtQuery<SmsMessage[]> = {
  command: { text: 'AT+CMGL="ALL"', timeoutMs: 20_000 },
  read: parseMessages,
};

/** Deletes a message: `AT+CMGD=3`. */
export function deleteSms(index: number): AtCommand {
  return { text: `AT+CMGD=${index}`, timeoutMs: 5000 };
}
