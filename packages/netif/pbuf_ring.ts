/** Data plane. {@linkcode PbufRing}: a bounded first-in-first-out queue of packets.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

/** A ring of packets, which grows as needed up to its bound and never shrinks. */
export class PbufRing {
  /** Most packets it holds. */
  readonly limit: number;
  #slots: (Pbuf | undefined)[];
  #head: number;
  #count: number;

  /** Makes an empty ring.
   *
   * @param limit most packets, ≥ 1.
   */
  constructor(limit: number) {
    this.limit = limit;
    this.#slots = [];
    this.#head = 0;
    this.#count = 0;
    for (let i = 0; i < 16; i++) this.#slots.push(undefined);
  }

  /** Packets in it. */
  get length(): number {
    return this.#count;
  }

  /** Appends a packet, and its ownership. @returns false, with the ownership kept by the caller, when full. */
  push(p: Pbuf): boolean {
    if (this.#count >= this.limit) return false;
    if (this.#count === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#count) & (this.#slots.length - 1)] = p;
    this.#count++;
    return true;
  }

  /** The oldest packet, which stays in the ring. */
  peek(): Pbuf | undefined {
    return this.#count === 0 ? undefined : this.#slots[this.#head];
  }

  /** Takes the oldest packet out; the caller owns it. */
  shift(): Pbuf | undefined {
    if (this.#count === 0) return undefined;
    const p = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#count--;
    return p;
  }

  /** Releases everything. @returns how many packets that were. */
  clear(): number {
    const count = this.#count;
    for (let p = this.shift(); p !== undefined; p = this.shift()) p.release();
    return count;
  }

  #grow(): void {
    const old = this.#slots;
    const size = old.length;
    const slots: (Pbuf | undefined)[] = [];
    for (let i = 0; i < 2 * size; i++) slots.push(i < size ? old[(this.#head + i) & (size - 1)] : undefined);
    this.#slots = slots;
    this.#head = 0;
  }
}
