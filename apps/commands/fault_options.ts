/** `--fault KEY=VALUE`: makes any link worse, both ways, to see what that does to what runs over it.
 *
 * @module
 */
import { UsageError } from "./usage.ts";

/** What may be wrong with a link. Rates are shares of the packets, 0 to 1. */
export interface Faults {
  /** Packets lost. */
  loss?: number;
  /** Packets that come twice. */
  duplicate?: number;
  /** Packets with one bit flipped. */
  corrupt?: number;
  /** Packets held back behind later ones. */
  reorder?: number;
  /** Milliseconds that every packet takes. */
  delay?: number;
  /** Milliseconds of random delay on top. */
  jitter?: number;
  /** Bits per second. */
  bandwidth?: number;
}

const KEYS = ["loss", "duplicate", "corrupt", "reorder", "delay", "jitter", "bandwidth"] as const;
const RATES: readonly string[] = ["loss", "duplicate", "corrupt", "reorder"];

/** Its part of the help text. */
export const FAULT_HELP =
  `  --fault KEY=VALUE    make the link worse (repeatable): loss, duplicate, corrupt, reorder (shares, 0.02),
                       delay, jitter (ms), bandwidth (bit/s)`;

/** Reads all `--fault` options.
 *
 * @returns `undefined` when there are none.
 * @throws {UsageError} for an unknown key or a value out of range.
 */
export function parseFaults(texts: readonly string[]): Faults | undefined {
  if (texts.length === 0) return undefined;
  const faults: Faults = {};
  for (const text of texts) {
    const [key = "", valueText = ""] = text.split("=");
    const value = Number(valueText);
    const known = KEYS.find((k) => k === key);
    const isGood = valueText !== "" && value >= 0 && (value <= 1 || !RATES.includes(key));
    if (known === undefined || !isGood) {
      throw new UsageError(
        `--fault must be one of ${KEYS.join(", ")} with a value, like loss=0.02, not "${text}".`,
      );
    }
    faults[known] = value;
  }
  return faults;
}
