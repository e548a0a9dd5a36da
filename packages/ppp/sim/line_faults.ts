/** Data plane. What bad lines do to the octets of a cable.
 *
 * @module
 */
import type { LineImpairment } from "./paced_pipe.ts";

const XON = 0x11;
const XOFF = 0x13;

/** A line of seven data bits: the eighth is lost. */
export class SevenBitLine implements LineImpairment {
  /** {@inheritDoc LineImpairment.impair} */
  impair(bytes: Uint8Array, length: number): number {
    for (let i = 0; i < length; i++) bytes[i] = bytes[i]! & 0x7f;
    return length;
  }
}

/** A line, or a driver, that takes XON and XOFF out: software flow control nobody asked for. */
export class FlowCharacterEater implements LineImpairment {
  /** Octets taken out. */
  eaten: number = 0;

  /** {@inheritDoc LineImpairment.impair} */
  impair(bytes: Uint8Array, length: number): number {
    let left = 0;
    for (let i = 0; i < length; i++) {
      const octet = bytes[i]!;
      if (octet !== XON && octet !== XOFF) bytes[left++] = octet;
    }
    this.eaten += length - left;
    return left;
  }
}

/** A receiver with a small buffer that is emptied more slowly than the line fills it, and no flow control: what does not fit is
 * lost. Short bursts come through. */
export class UartOverrun implements LineImpairment {
  /** Octets lost. */
  lost: number;
  readonly #drainPerMs: number;
  readonly #capacity: number;
  readonly #isActive: () => boolean;
  #level: number;
  #at: number;

  /** Makes an empty buffer.
   *
   * @param baud Speed of the line.
   * @param isActive Whether octets are lost at present.
   * @param share How much of the line's speed the receiver keeps up with; default 0.6.
   * @param capacity Octets of the buffer; default 256.
   */
  constructor(baud: number, isActive: () => boolean, share: number = 0.6, capacity: number = 256) {
    this.lost = 0;
    this.#drainPerMs = baud / 10_000 * share;
    this.#capacity = capacity;
    this.#isActive = isActive;
    this.#level = 0;
    this.#at = 0;
  }

  /** {@inheritDoc LineImpairment.impair} */
  impair(_bytes: Uint8Array, length: number, now: number): number {
    this.#level = Math.max(0, this.#level - (now - this.#at) * this.#drainPerMs) + length;
    this.#at = now;
    if (this.#level <= this.#capacity || !this.#isActive()) return length;
    const excess = Math.min(length, Math.ceil(this.#level - this.#capacity));
    this.#level = this.#capacity;
    this.lost += excess;
    return length - excess;
  }
}

/** What a line of this kind does to one direction; `undefined` for nothing.
 *
 * @param baud Speed of the line.
 * @param hasCall Whether the line carries data at present.
 */
export function createImpairment(
  line: "clean" | "seven-bit" | "overrun" | "eats-xon-xoff",
  baud: number,
  hasCall: () => boolean,
): LineImpairment | undefined {
  switch (line) {
    case "clean":
      return undefined;
    case "seven-bit":
      return new SevenBitLine();
    case "overrun":
      return new UartOverrun(baud, hasCall);
    case "eats-xon-xoff":
      return new FlowCharacterEater();
  }
}
