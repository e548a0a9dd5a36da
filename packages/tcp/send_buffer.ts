/** Data plane. {@linkcode SendBuffer}: the octets between SND.UNA and the end of what the user has written.
 *
 * ```text
 *   ring:   0        head                          head+length (mod capacity)
 *           +---------+------------------------------+----------+
 *           |  free   | oldest unacknowledged … newest |  free  |
 *           +---------+------------------------------+----------+
 * ```
 *
 * The ring is a power of two, grows on demand up to the limit, and goes back to a {@linkcode RingPool} whenever
 * the buffer falls empty, so that an idle connection holds no memory. Text that the user lends instead of having it copied makes a
 * list of pieces of it, until it is empty again.
 *
 * @module
 */
import { SendList } from "./send_list.ts";

const SMALLEST_RING_BYTES = 4096;
/** Below this, a loop is faster than the two views that `set()` needs. */
const LOOP_COPY_BYTES = 48;

/** Default of {@linkcode RingPool}: bytes of unused rings kept for the next writer. */
export const DEFAULT_RING_POOL_BYTES: number = 8 * 1024 * 1024;

/** Unused rings, shared by the send buffers of a stack; bounded in bytes. */
export class RingPool {
  /** Bytes of the rings kept at the moment. */
  heldBytes: number;
  /** Bytes of the rings that send buffers have. */
  lentBytes: number;
  readonly #maxHeldBytes: number;
  readonly #free: Uint8Array<ArrayBuffer>[][];

  /** A pool without rings.
   *
   * @param maxHeldBytes rings beyond this are left to the garbage collector.
   */
  constructor(maxHeldBytes: number = DEFAULT_RING_POOL_BYTES) {
    this.heldBytes = 0;
    this.lentBytes = 0;
    this.#maxHeldBytes = maxHeldBytes;
    this.#free = [];
  }

  /** A ring of `capacity` bytes, a power of two; its bytes hold rubbish. */
  acquire(capacity: number): Uint8Array<ArrayBuffer> {
    this.lentBytes += capacity;
    const ring = this.#free[31 - Math.clz32(capacity)]?.pop();
    if (ring === undefined) return new Uint8Array(capacity);
    this.heldBytes -= capacity;
    return ring;
  }

  /** Takes a ring back. */
  release(ring: Uint8Array<ArrayBuffer>): void {
    const capacity = ring.length;
    this.lentBytes -= capacity;
    if (this.heldBytes + capacity > this.#maxHeldBytes) return;
    this.heldBytes += capacity;
    const index = 31 - Math.clz32(capacity);
    while (this.#free.length <= index) this.#free.push([]);
    this.#free[index]!.push(ring);
  }
}

/** Keeps nothing. */
const NO_POOL: RingPool = new RingPool(0);

/** A bounded byte queue that can be read at any offset, for (re)transmission. */
export class SendBuffer {
  #ring: Uint8Array<ArrayBuffer> | undefined;
  #list: SendList | undefined;
  #head: number;
  #length: number;
  #maxBytes: number;
  readonly #pool: RingPool;

  /** An empty buffer, without memory.
   *
   * @param maxBytes most bytes it holds, 1 … 2^30.
   * @param pool where rings come from; connections of one stack share it. Left out: the heap.
   */
  constructor(maxBytes: number, pool: RingPool = NO_POOL) {
    this.#ring = undefined;
    this.#list = undefined;
    this.#head = 0;
    this.#length = 0;
    this.#maxBytes = maxBytes;
    this.#pool = pool;
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that {@linkcode write} would take. */
  get space(): number {
    const space = this.#maxBytes - this.#length;
    return space > 0 ? space : 0;
  }

  /** The limit. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Changes the limit; what is held beyond a smaller one stays. */
  set maxBytes(value: number) {
    this.#maxBytes = value;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return this.#ring === undefined ? 0 : this.#ring.length;
  }

  /** Appends as many of the `length` bytes at `offset` of `data` as there is space for. Copies.
   *
   * @returns how many were taken.
   */
  write(data: Uint8Array, offset: number, length: number): number {
    const space = this.#maxBytes - this.#length;
    if (length > space) length = space;
    if (length <= 0) return 0;
    if (this.#list !== undefined) {
      this.#list.copy(data, offset, length);
      this.#length += length;
      return length;
    }
    let ring = this.#ring;
    if (ring === undefined || ring.length < this.#length + length) ring = this.#grow(this.#length + length);
    const mask = ring.length - 1;
    const at = (this.#head + this.#length) & mask;
    const first = ring.length - at;
    if (length <= first) {
      copyBytes(data, offset, length, ring, at);
    } else {
      copyBytes(data, offset, first, ring, at);
      copyBytes(data, offset + first, length - first, ring, 0);
    }
    this.#length += length;
    return length;
  }

  /** Appends as many of the `length` bytes at `offset` of `data` as there is space for, without copying: they must not change
   * until they are acknowledged.
   *
   * @returns how many were taken.
   */
  reference(data: Uint8Array, offset: number, length: number): number {
    const space = this.#maxBytes - this.#length;
    if (length > space) length = space;
    if (length <= 0) return 0;
    let list = this.#list;
    if (list === undefined) {
      list = new SendList();
      const ring = this.#ring;
      if (ring !== undefined) {
        const copy = new Uint8Array(this.#length);
        this.copyTo(0, this.#length, copy, 0);
        list.copy(copy, 0, copy.length);
        this.#ring = undefined;
        this.#head = 0;
        this.#pool.release(ring);
      }
      this.#list = list;
    }
    list.reference(data, offset, length);
    this.#length += length;
    return length;
  }

  /** Copies `length` bytes, `offset` bytes behind the head, to `into` at `intoOffset`, in at most two pieces.
   * The range must lie inside what is held. */
  copyTo(offset: number, length: number, into: Uint8Array, intoOffset: number): void {
    const ring = this.#ring;
    if (ring === undefined) {
      if (this.#list !== undefined) this.#list.copyTo(offset, length, into, intoOffset);
      return;
    }
    const at = (this.#head + offset) & (ring.length - 1);
    const first = ring.length - at;
    if (length <= first) {
      copyBytes(ring, at, length, into, intoOffset);
    } else {
      copyBytes(ring, at, first, into, intoOffset);
      copyBytes(ring, 0, length - first, into, intoOffset + first);
    }
  }

  /** Drops `count` bytes from the head: they were acknowledged. */
  ack(count: number): void {
    if (count <= 0) return;
    if (count >= this.#length) {
      this.clear();
      return;
    }
    this.#length -= count;
    if (this.#list !== undefined) this.#list.ack(count);
    else this.#head = (this.#head + count) & (this.#ring!.length - 1);
  }

  /** Drops everything and gives the memory back. */
  clear(): void {
    this.#head = 0;
    this.#length = 0;
    this.#list = undefined;
    const ring = this.#ring;
    if (ring !== undefined) {
      this.#ring = undefined;
      this.#pool.release(ring);
    }
  }

  #grow(needed: number): Uint8Array<ArrayBuffer> {
    const old = this.#ring;
    let capacity = old === undefined ? SMALLEST_RING_BYTES : old.length * 2;
    while (capacity < needed) capacity *= 2;
    const ring = this.#pool.acquire(capacity);
    if (old !== undefined) {
      this.copyTo(0, this.#length, ring, 0);
      this.#pool.release(old);
    }
    this.#ring = ring;
    this.#head = 0;
    return ring;
  }
}

function copyBytes(from: Uint8Array, at: number, length: number, into: Uint8Array, intoAt: number): void {
  if (length < LOOP_COPY_BYTES) {
    for (let i = 0; i < length; i++) into[intoAt + i] = from[at + i]!;
  } else {
    into.set(from.subarray(at, at + length), intoAt);
  }
}
