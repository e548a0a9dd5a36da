/** Data plane. {@linkcode PacketHash}: a fingerprint of everything that a simulated network delivered.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SECOND_OFFSET = 0x9747b28c;
const SECOND_PRIME = 0x85ebca6b;

/** Two lanes of a multiplicative hash over 32-bit words (FNV-1a in the first), 64 bits together.
 * Good enough to tell two runs apart; not meant against an adversary. */
export class PacketHash {
  #first = FNV_OFFSET;
  #second = SECOND_OFFSET;
  readonly #double = new DataView(new ArrayBuffer(8));

  /** Mixes in 32 bits. */
  addWord(word: number): void {
    this.#first = Math.imul(this.#first ^ word, FNV_PRIME);
    const second = Math.imul(this.#second ^ word, SECOND_PRIME);
    this.#second = second ^ (second >>> 15);
  }

  /** Mixes in all 64 bits of `value`. */
  addNumber(value: number): void {
    this.#double.setFloat64(0, value);
    this.addWord(this.#double.getUint32(0));
    this.addWord(this.#double.getUint32(4));
  }

  /** Mixes in the length and the bytes of the first node of `p`. */
  addFrame(p: Pbuf): void {
    const view = p.view;
    const end = p.end;
    let first = this.#first;
    let second = this.#second;
    let i = p.start;
    for (const last = end - 4; i <= last; i += 4) {
      const word = view.getUint32(i);
      first = Math.imul(first ^ word, FNV_PRIME);
      second = Math.imul(second ^ word, SECOND_PRIME);
      second ^= second >>> 15;
    }
    this.#first = first;
    this.#second = second;
    for (; i < end; i++) this.addWord(view.getUint8(i));
    this.addWord(end - p.start);
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return (this.#first >>> 0).toString(16).padStart(8, "0") +
      (this.#second >>> 0).toString(16).padStart(8, "0");
  }
}
