/** Data plane. {@linkcode ReceiveQueue}: text in order which the user has not taken yet, as the pbufs it came in.
 *
 * A peer that sends single octets would pin a slot of 2 KiB for each. So a text that fills less than a quarter
 * of its slot is moved into the tail room of the one before it, and what it came in goes back to the pool.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

const LOOP_COPY_BYTES = 48;
/** A slot above this is traded for a smaller one when it is nearly empty. */
const LARGE_SLOT_BYTES = 4096;

/** Moves the bytes of the single node `p` into the tail room of `tail`, and releases `p`.
 *
 * @returns false, with nothing changed, when `p` fills its slot well enough, or `tail` has no room or is shared.
 */
export function absorb(tail: Pbuf, p: Pbuf): boolean {
  const length = p.end - p.start;
  if (p.next !== undefined || length * 4 >= p.bytes.length) return false;
  if (tail.bytes.length - tail.end < length || tail.refCount !== 1) return false;
  if (tail.kind === "ROM" || tail.kind === "REF") return false;
  copyBytes(p.bytes, p.start, length, tail.bytes, tail.end);
  tail.end += length;
  p.release();
  return true;
}

/** In-order text: a FIFO of packets. */
export class ReceiveQueue {
  /** Octets held. */
  byteCount: number;
  /** Bytes of pool slots held, for memory accounting. */
  heldBytes: number;
  #packets: (Pbuf | undefined)[];
  #head: number;
  #count: number;

  /** An empty queue; it allocates when the first text comes. */
  constructor() {
    this.byteCount = 0;
    this.heldBytes = 0;
    this.#packets = EMPTY;
    this.#head = 0;
    this.#count = 0;
  }

  /** Number of packets held. */
  get packetCount(): number {
    return this.#count;
  }

  /** Appends text; takes ownership of `p`, which may be a chain. */
  push(p: Pbuf): void {
    let length = 0;
    let slots = 0;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      length += node.end - node.start;
      slots += node.bytes.length;
    }
    if (length === 0) {
      p.release();
      return;
    }
    this.byteCount += length;
    if (this.#count > 0 && p.next === undefined && length * 4 < slots) {
      const tail = this.#packets[(this.#head + this.#count - 1) & (this.#packets.length - 1)]!;
      if (tail.next === undefined && absorb(tail, p)) return;
    }
    if (slots > LARGE_SLOT_BYTES && length * 4 < slots && p.next === undefined) {
      const small = p.pool.acquire(length, 0);
      if (small !== undefined) {
        copyBytes(p.bytes, p.start, length, small.bytes, small.start);
        small.flags = p.flags;
        p.release();
        p = small;
        slots = small.bytes.length;
      }
    }
    this.heldBytes += slots;
    if (this.#count === this.#packets.length) this.#grow();
    this.#packets[(this.#head + this.#count) & (this.#packets.length - 1)] = p;
    this.#count++;
  }

  /** Copies the oldest octets to the start of `into` and drops them.
   *
   * @returns how many; less than `into.length` only when the queue is empty afterwards.
   */
  read(into: Uint8Array): number {
    const wanted = into.length;
    let done = 0;
    while (done < wanted && this.#count > 0) {
      const p = this.#packets[this.#head]!;
      const available = p.end - p.start;
      const count = available < wanted - done ? available : wanted - done;
      copyBytes(p.bytes, p.start, count, into, done);
      done += count;
      p.start += count;
      if (p.start < p.end) break;
      this.heldBytes -= p.bytes.length;
      const next = p.next;
      if (next !== undefined) {
        p.next = undefined;
        this.#packets[this.#head] = next;
      } else {
        this.#dropHead();
      }
      p.release();
    }
    this.byteCount -= done;
    return done;
  }

  /** Hands the oldest packet over, whole; the caller owns it. `undefined` when the queue is empty. */
  takePbuf(): Pbuf | undefined {
    if (this.#count === 0) return undefined;
    const p = this.#packets[this.#head]!;
    this.#dropHead();
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      this.byteCount -= node.end - node.start;
      this.heldBytes -= node.bytes.length;
    }
    return p;
  }

  /** Releases everything. */
  clear(): void {
    while (this.#count > 0) {
      const p = this.#packets[this.#head]!;
      this.#dropHead();
      p.release();
    }
    this.#packets = EMPTY;
    this.byteCount = 0;
    this.heldBytes = 0;
  }

  #dropHead(): void {
    this.#packets[this.#head] = undefined;
    this.#count--;
    this.#head = this.#count === 0 ? 0 : (this.#head + 1) & (this.#packets.length - 1);
  }

  #grow(): void {
    const old = this.#packets;
    const packets: (Pbuf | undefined)[] = new Array(old.length === 0 ? 4 : old.length * 2);
    for (let i = 0; i < this.#count; i++) packets[i] = old[(this.#head + i) & (old.length - 1)];
    packets.fill(undefined, this.#count);
    this.#packets = packets;
    this.#head = 0;
  }
}

/** Shared by all queues that hold nothing; never written to. */
const EMPTY: (Pbuf | undefined)[] = [];

function copyBytes(from: Uint8Array, at: number, length: number, into: Uint8Array, intoAt: number): void {
  if (length < LOOP_COPY_BYTES) {
    for (let i = 0; i < length; i++) into[intoAt + i] = from[at + i]!;
  } else {
    into.set(from.subarray(at, at + length), intoAt);
  }
}
