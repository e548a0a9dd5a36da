/** Readers of replies about SIM and identity.
 *
 * @module
 */
import { findValues } from "./at_values.ts";

/** What the SIM wants (3GPP TS 27.007 §8.3). */
export type SimStatus = "ready" | "pin" | "puk" | "pin2" | "puk2" | "locked" | "unknown";

/** Reply to `AT+CPIN?`. */
export interface SimState {
  /** What it wants. */
  readonly status: SimStatus;
  /** The modem's word: `SIM PUK`. */
  readonly text: string;
  /** What it means, as a sentence for people. */
  readonly meaning: string;
}

const SIM: ReadonlyMap<string, readonly [SimStatus, string]> = new Map<string, readonly [SimStatus, string]>([
  ["READY", ["ready", "the SIM is ready"]],
  ["SIM PIN", ["pin", "the SIM wants its PIN"]],
  ["SIM PUK", ["puk", "the PIN was wrong three times: the SIM wants its PUK"]],
  ["SIM PIN2", ["pin2", "the SIM wants its PIN2; data works without"]],
  ["SIM PUK2", ["puk2", "the SIM wants its PUK2; data works without"]],
  ["PH-SIM PIN", ["locked", "the modem is locked to another SIM"]],
  ["PH-SIM PUK", ["locked", "the modem is locked to another SIM and wants its PUK"]],
  ["PH-FSIM PIN", ["locked", "the modem is locked to its first SIM"]],
  ["PH-FSIM PUK", ["locked", "the modem is locked to its first SIM and wants its PUK"]],
  ["PH-NET PIN", ["locked", "the modem is locked to an operator"]],
  ["PH-NET PUK", ["locked", "the modem is locked to an operator and wants its PUK"]],
  ["PH-NETSUB PIN", ["locked", "the modem is locked to a part of an operator"]],
  ["PH-SP PIN", ["locked", "the modem is locked to a service provider"]],
  ["PH-CORP PIN", ["locked", "the modem is locked to a company"]],
]);

/** Reads the reply to `AT+CPIN?`. */
export function parseSimState(lines: readonly string[]): SimState | undefined {
  const text = findValues(lines, "+CPIN")?.[0];
  if (text === undefined || text === "") return undefined;
  const [status, meaning] = SIM.get(text.toUpperCase()) ?? ["unknown", `the SIM says ${text}`];
  return { status, text, meaning };
}

/** A number that identifies a person's device or contract. Its text form hides it, so that a log cannot hold it by
 * accident. */
export class SecretNumber {
  readonly #digits: string;

  /** Makes one.
   *
   * @param digits The number.
   */
  constructor(digits: string) {
    this.#digits = digits;
  }

  /** The number itself; not for logs. */
  reveal(): string {
    return this.#digits;
  }

  /** The number with all but its first three digits hidden. */
  toString(): string {
    return `${this.#digits.slice(0, 3)}${"•".repeat(Math.max(0, this.#digits.length - 3))}`;
  }

  /** The same for `JSON.stringify`. */
  toJSON(): string {
    return this.toString();
  }
}

function findDigits(lines: readonly string[], prefix: string, least: number, most: number) {
  for (const line of lines) {
    const text = line.replace(prefix, "").replace(/^\s*:/, "").replace(/"/g, "").trim();
    const match = /^\d+/.exec(text);
    if (match && match[0].length >= least && match[0].length <= most) return new SecretNumber(match[0]);
  }
  return undefined;
}

/** Reads the reply to `AT+CGSN`: 15 digits, or 16 with the software version. */
export function parseImei(lines: readonly string[]): SecretNumber | undefined {
  return findDigits(lines, "+CGSN", 14, 16);
}

/** Reads the reply to `AT+CIMI`. */
export function parseImsi(lines: readonly string[]): SecretNumber | undefined {
  return findDigits(lines, "+CIMI", 6, 15);
}

/** Reads the reply to `AT+CGMI`, `AT+CGMM` or `AT+CGMR`: one line, with a prefix on some modems. */
export function parseIdentity(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const text = line.replace(/^\s*\+?(?:CGMI|CGMM|CGMR|GMI|GMM|GMR)\s*:/i, "").replace(/"/g, "").trim();
    if (text !== "") return text.slice(0, 128);
  }
  return undefined;
}

/** Reply to `ATI`. */
export interface ModemInformation {
  /** Manufacturer, where told. */
  readonly manufacturer: string | undefined;
  /** Model, where told. */
  readonly model: string | undefined;
  /** Firmware, where told. */
  readonly revision: string | undefined;
}

/** Reads the reply to `ATI`: either `Manufacturer: …`, `Model: …`, `Revision: …`, or these three without names. A line
 * with an IMEI is left out. */
export function parseInformation(lines: readonly string[]): ModemInformation {
  const named = (name: string) => {
    const found = lines.find((line) => new RegExp(`^\\s*${name}\\s*:`, "i").test(line));
    return found?.slice(found.indexOf(":") + 1).trim() || undefined;
  };
  const plain = lines.filter((line) => !/^\s*[+\w ]{1,24}:/.test(line) && !/^\s*"?\d{14,16}"?\s*$/.test(line))
    .map((line) => line.trim());
  const isPlain = plain.length >= 2;
  return {
    manufacturer: named("Manufacturer") ?? (isPlain ? plain[0] : undefined),
    model: named("Model") ?? (isPlain ? plain[1] : plain[0]),
    revision: named("Revision") ?? (isPlain ? plain[2] : undefined),
  };
}
