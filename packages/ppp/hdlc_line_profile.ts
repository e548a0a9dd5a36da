/** Data plane. {@linkcode HdlcLineProfile}: what kind of octets a line delivers, to tell a line that is not 8-bit clean, or
 * eats characters, from one that is merely noisy.
 *
 * A decoder shows it the octets of the wire: the first ones, and those that follow a frame with a wrong FCS; so a clean line
 * costs nothing. What came before the first flag is forgotten when that comes: it was a modem's text. Where none ever comes it
 * stays, because a line may spoil the flags as well.
 *
 * @module
 */
import { HDLC_FLAG } from "./hdlc.ts";

/** What is the matter with bit 7 of the octets: nothing, or what a line of seven bits puts there. */
export type Bit7Finding =
  | "unknown" // too few octets, or no PPP
  | "clean"
  | "always-0"
  | "always-1"
  | "even-parity"
  | "odd-parity";

/** Octets without which {@linkcode HdlcLineProfile.bit7} says nothing: two frames of LCP, of which each has the octet ff. */
export const MIN_BIT7_OCTETS = 64;
/** Control characters without which {@linkcode HdlcLineProfile.missingControls} says nothing: then each of the 32 had ten
 * chances. */
export const MIN_CONTROLS = 320;
/** Different control characters that must have come before one that has not counts as missing. */
export const MIN_DIFFERENT_CONTROLS = 20;

const CONTROLS = 32;
const KIND_BIT7 = 1;
const KIND_ODD = 2;
/** Of each octet: whether its bit 7 is set, and whether the number of its ones is odd. */
const KINDS = kinds();

/** What kind of octets a line delivers. */
export class HdlcLineProfile {
  /** Octets seen. */
  octets: number;
  /** Of these, with bit 7 set. */
  withBit7: number;
  /** Of these, with an odd number of ones. */
  withOddParity: number;
  /** Of these, flags: without one it is text, and no line that keeps the flags whole is to blame. */
  flags: number;
  /** How often each control character has come unescaped. */
  readonly controlCounts: Uint32Array;

  /** Makes a profile of nothing. */
  constructor() {
    this.octets = 0;
    this.withBit7 = 0;
    this.withOddParity = 0;
    this.flags = 0;
    this.controlCounts = new Uint32Array(CONTROLS);
  }

  /** Forgets what it has seen. */
  reset(): void {
    this.octets = 0;
    this.withBit7 = 0;
    this.withOddParity = 0;
    this.flags = 0;
    this.controlCounts.fill(0);
  }

  /** Looks at `bytes[start … end]`, as they came from the line. */
  input(bytes: Uint8Array, start: number, end: number): void {
    const controlCounts = this.controlCounts;
    let withBit7 = 0;
    let odd = 0;
    for (let i = start; i < end; i++) {
      const octet = bytes[i]!;
      const kind = KINDS[octet]!;
      withBit7 += kind & KIND_BIT7;
      odd += kind >>> 1;
      if (octet < CONTROLS) controlCounts[octet]!++;
      else if (octet === HDLC_FLAG) this.flags++;
    }
    this.octets += end - start;
    this.withBit7 += withBit7;
    this.withOddParity += odd;
  }

  /** What is the matter with bit 7. */
  get bit7(): Bit7Finding {
    if (this.octets < MIN_BIT7_OCTETS) return "unknown";
    if (this.withBit7 === this.octets) return "always-1";
    if (this.withOddParity === this.octets) return "odd-parity";
    if (this.flags === 0) return "unknown";
    if (this.withBit7 === 0) return "always-0";
    return this.withOddParity === 0 ? "even-parity" : "clean";
  }

  /** Control characters seen, as a bitmap in the form of an ACCM. */
  get controlsSeen(): number {
    let map = 0;
    for (let i = 0; i < CONTROLS; i++) if (this.controlCounts[i]! > 0) map |= 1 << i;
    return map >>> 0;
  }

  /** Control characters that never come although the peer does not escape them: the line eats them, and an ACCM is needed.
   * 0 while too few have come to say so.
   *
   * @param accm What the peer escapes: of these none is expected.
   */
  missingControls(accm: number): number {
    let total = 0;
    for (let i = 0; i < CONTROLS; i++) total += this.controlCounts[i]!;
    const seen = this.controlsSeen;
    return total < MIN_CONTROLS || ones(seen) < MIN_DIFFERENT_CONTROLS ? 0 : (~seen & ~accm) >>> 0;
  }
}

function ones(map: number): number {
  let count = 0;
  for (let rest = map; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function kinds(): Uint8Array {
  const table = new Uint8Array(256);
  for (let octet = 0; octet < 256; octet++) {
    table[octet] = (octet >>> 7) | ((ones(octet) & 1) * KIND_ODD);
  }
  return table;
}
