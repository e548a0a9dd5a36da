/** Data plane. {@linkcode PbufPool}: the arena all packets of a stack live in.
 *
 * @module
 */
import { Pbuf } from "./pbuf.ts";

/** One size class of a {@linkcode PbufPool}. */
export interface PbufClass {
  /** Bytes of a slot, headroom included. */
  readonly slotBytes: number;
  /** How many slots there are at most. */
  readonly slots: number;
}

/** Bytes left free in front of a packet that will travel down: TCP 60 + IPv6 40 + Ethernet 14 +
 * VLAN 4 + virtio-net 12, rounded down to 128, which leaves room for all but the longest TCP options. */
export const DEFAULT_HEADROOM = 128;

/** Default size classes: acknowledgements, frames of an Ethernet, super-segments of 64 KiB; 52 MiB, of which the
 * operating system supplies what is touched. */
export const DEFAULT_CLASSES: readonly PbufClass[] = [
  { slotBytes: 256, slots: 4096 },
  { slotBytes: 2048, slots: 16384 },
  { slotBytes: 67584, slots: 256 },
];

/** Most `REF` and `ROM` nodes at a time, by default. */
export const DEFAULT_MAX_REFERENCES = 65536;

/** Counters of a {@linkcode PbufPool}. */
export interface PbufPoolCounters {
  /** Nodes handed out and not yet back, slots as well as references and wrapped memory. */
  inUse: number;
  /** High-water mark of `inUse`. */
  maxInUse: number;
  /** Requests refused because a bound was hit, or by {@linkcode PbufPool.failAfter}. */
  refused: number;
  /** Requests served from a larger class because the fitting one was empty. */
  promoted: number;
}

/** State of one size class. */
export interface PbufClassUse extends PbufClass {
  /** Slots handed out and not yet back. */
  readonly inUse: number;
  /** High-water mark of `inUse`. */
  readonly maxInUse: number;
}

/** Options of a {@linkcode PbufPool}. */
export interface PbufPoolOptions {
  /** Most `REF` and `ROM` nodes at a time; default {@linkcode DEFAULT_MAX_REFERENCES}. */
  readonly maxReferences?: number;
  /** Remember where each node was acquired, for {@linkcode PbufPool.holders}; slow, for tests. Default false. */
  readonly trackHolders?: boolean;
  /** Fill a slot with 0xcd when it is released, and refuse to go on (an Error) when one was written to after that;
   * slow, for tests. Default false. */
  readonly detectUseAfterRelease?: boolean;
}

/** A node that is in use, and who acquired it. */
export interface PbufHolder {
  /** The node. */
  readonly pbuf: Pbuf;
  /** The stack at the time it was acquired. */
  readonly acquiredAt: string;
}

const POISON = 0xcd;

/** A bounded arena of packet buffers. */
export class PbufPool {
  /** The one allocation behind all slots; a driver takes its native address once. */
  readonly arena: ArrayBuffer;
  /** What happened so far. */
  readonly counters: PbufPoolCounters = { inUse: 0, maxInUse: 0, refused: 0, promoted: 0 };
  /** Bytes of the largest slot, headroom included: what one node can hold at most. */
  readonly largestSlotBytes: number;
  /** Whoever holds what can be thrown away, like segments out of order: called when a request was refused because a bound
   * was hit, once until {@linkcode onAvailable}. Must not acquire or release, but do so soon. */
  readonly onExhausted: Set<() => void> = new Set();
  /** Called when a node came back after the pool was exhausted (`LWIP_HOOK_MEMP_AVAILABLE`). Must not acquire or release. */
  onAvailable: (() => void) | undefined = undefined;
  readonly #classes: readonly PbufClass[];
  readonly #free: Pbuf[][];
  readonly #created: number[];
  readonly #classStart: number[];
  readonly #chainClass: number;
  readonly #freeReferences: Pbuf[] = [];
  readonly #maxReferences: number;
  readonly #holders: Map<Pbuf, string> | undefined;
  readonly #isPoisoning: boolean;
  #references = 0;
  #failAfter = -1;
  #isExhausted = false;

  /** Makes a pool.
   *
   * @param classes size classes in ascending order of slot size; the arena is their sum (touched lazily).
   * @throws {RangeError} if there is no class, or they are not in ascending order.
   */
  constructor(classes: readonly PbufClass[] = DEFAULT_CLASSES, options: PbufPoolOptions = {}) {
    this.#classes = classes;
    this.#free = [];
    this.#created = [];
    this.#classStart = [];
    this.#maxReferences = options.maxReferences ?? DEFAULT_MAX_REFERENCES;
    this.#holders = options.trackHolders ? new Map() : undefined;
    this.#isPoisoning = options.detectUseAfterRelease ?? false;
    let total = 0;
    let largest = 0;
    let chainClass = -1;
    for (let i = 0; i < classes.length; i++) {
      const c = classes[i]!;
      if (c.slotBytes <= largest) {
        throw new RangeError("Cannot use size classes that are not in ascending order");
      }
      largest = c.slotBytes;
      if (chainClass < 0 && c.slotBytes >= 2048) chainClass = i;
      this.#free.push([]);
      this.#created.push(0);
      this.#classStart.push(total);
      total += c.slotBytes * c.slots;
    }
    if (largest === 0) throw new RangeError("Cannot make a pool without a size class");
    this.#chainClass = chainClass < 0 ? classes.length - 1 : chainClass;
    this.largestSlotBytes = largest;
    this.arena = new ArrayBuffer(total);
  }

  /** Nodes in use of all kinds; 0 when everything was released. */
  get inUse(): number {
    return this.counters.inUse;
  }

  /** Makes the (n+1)-th acquisition of any kind from now on fail, and all after it; −1 turns that off. For tests. */
  failAfter(n: number): void {
    this.#failAfter = n;
  }

  /** Takes one slot which holds `length` bytes behind `headroom` free ones (kind `RAM`).
   *
   * The caller owns the result (reference count 1). The bytes hold rubbish.
   *
   * @returns `undefined` when every fitting class is exhausted, or `headroom + length` exceeds the largest slot.
   */
  acquire(length: number, headroom: number = DEFAULT_HEADROOM): Pbuf | undefined {
    const wanted = length + headroom;
    if (this.#failAfter >= 0 && this.#mustFail()) return undefined;
    const classes = this.#classes;
    for (let i = 0; i < classes.length; i++) {
      if (classes[i]!.slotBytes < wanted) continue;
      const p = this.#free[i]!.pop() ?? this.#create(i);
      if (p === undefined) {
        if (i + 1 < classes.length) this.counters.promoted++;
        continue;
      }
      p.kind = "RAM";
      this.#handOut(p, headroom, wanted);
      return p;
    }
    return this.#refuse();
  }

  /** Takes as many slots of the class of 2048 bytes as it needs for `length` bytes behind `headroom` free ones, as a chain
   * (kind `POOL`, lwIP's `PBUF_POOL`); all of them or none. Later nodes have no headroom.
   *
   * @returns `undefined` when there are not enough, or `headroom` leaves no room in a slot.
   */
  acquireChain(length: number, headroom: number = DEFAULT_HEADROOM): Pbuf | undefined {
    if (this.#failAfter >= 0 && this.#mustFail()) return undefined;
    const index = this.#chainClass;
    const slotBytes = this.#classes[index]!.slotBytes;
    if (headroom >= slotBytes) return this.#refuse();
    const count = Math.max(1, Math.ceil((length + headroom) / slotBytes));
    const free = this.#free[index]!;
    if (count > free.length + this.#classes[index]!.slots - this.#created[index]!) return this.#refuse();
    let head: Pbuf | undefined;
    for (let i = count - 1; i >= 0; i--) {
      const start = i === 0 ? headroom : 0;
      const p = free.pop() ?? this.#create(index)!;
      p.kind = "POOL";
      this.#handOut(p, start, i === count - 1 ? headroom + length - i * slotBytes : slotBytes);
      p.next = head;
      head = p;
    }
    return head;
  }

  /** A pbuf that shares `length` bytes of `parent`'s first node, from `offset` bytes behind its start, and holds it
   * (kind `REF`).
   *
   * The memory must not be written while shared. The caller owns the result.
   *
   * @returns `undefined` when the range is not inside the first node, or too many references exist.
   */
  reference(parent: Pbuf, offset: number, length: number): Pbuf | undefined {
    if (offset < 0 || length < 0 || parent.start + offset + length > parent.end) return undefined;
    if (this.#failAfter >= 0 && this.#mustFail()) return undefined;
    if (this.#references >= this.#maxReferences) return this.#refuse();
    let p = this.#freeReferences.pop();
    if (p === undefined) p = new Pbuf(this, "REF", parent.bytes, parent.view, -1, -1);
    p.bytes = parent.bytes;
    p.view = parent.view;
    p.arenaOffset = parent.arenaOffset;
    const start = parent.start + offset;
    this.#references++;
    this.#handOut(p, start, start + length);
    p.flags = parent.flags;
    p.vlanTci = parent.vlanTci;
    p.netifIndex = parent.netifIndex;
    p.parent = parent.retain();
    return p;
  }

  /** A pbuf over memory of somebody else, which must not change while it lives (kind `ROM`): no copy, no headroom.
   *
   * Makes a `DataView`, so it is not for small packets. The caller owns the result.
   *
   * @param onRelease called once, when the last owner has released it.
   * @returns `undefined` when too many references exist.
   */
  wrap(bytes: Uint8Array, onRelease?: (p: Pbuf) => void): Pbuf | undefined {
    if (this.#failAfter >= 0 && this.#mustFail()) return undefined;
    if (this.#references >= this.#maxReferences) return this.#refuse();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const p = new Pbuf(this, "ROM", bytes, view, -1, -1);
    p.onRelease = onRelease;
    this.#references++;
    this.#handOut(p, 0, bytes.length);
    return p;
  }

  /** Takes a node back whose reference count reached 0. For {@linkcode Pbuf.release} only. */
  reclaim(p: Pbuf): void {
    this.counters.inUse--;
    if (this.#holders !== undefined) this.#holders.delete(p);
    if (p.classIndex >= 0) {
      if (this.#isPoisoning) p.bytes.fill(POISON);
      this.#free[p.classIndex]!.push(p);
    } else {
      this.#references--;
      const parent = p.parent;
      p.parent = undefined;
      if (p.kind === "REF") this.#freeReferences.push(p);
      parent?.release();
      p.onRelease?.(p);
    }
    if (this.#isExhausted) {
      this.#isExhausted = false;
      this.onAvailable?.();
    }
  }

  /** The state of each size class. */
  classUse(): PbufClassUse[] {
    const use: PbufClassUse[] = [];
    for (let i = 0; i < this.#classes.length; i++) {
      const { slotBytes, slots } = this.#classes[i]!;
      const maxInUse = this.#created[i]!; // a slot is made only when no free one is left
      use.push({ slotBytes, slots, inUse: maxInUse - this.#free[i]!.length, maxInUse });
    }
    return use;
  }

  /** The nodes in use, and who acquired them, oldest first; empty unless `trackHolders` is on. */
  holders(): PbufHolder[] {
    const holders: PbufHolder[] = [];
    if (this.#holders !== undefined) {
      for (const [pbuf, acquiredAt] of this.#holders) holders.push({ pbuf, acquiredAt });
    }
    return holders;
  }

  #handOut(p: Pbuf, start: number, end: number): void {
    p.start = start;
    p.end = end;
    p.flags = 0;
    p.checksumStart = -1;
    p.checksumOffset = 0;
    p.gsoSize = 0;
    p.vlanTci = -1;
    p.netifIndex = 0;
    p.refCount = 1;
    const inUse = ++this.counters.inUse;
    if (inUse > this.counters.maxInUse) this.counters.maxInUse = inUse;
    if (this.#holders !== undefined) this.#holders.set(p, new Error("acquired").stack ?? "");
    if (this.#isPoisoning && p.classIndex >= 0) assertUntouched(p);
  }

  #mustFail(): boolean {
    if (this.#failAfter > 0) {
      this.#failAfter--;
      return false;
    }
    this.counters.refused++;
    return true;
  }

  #refuse(): undefined {
    this.counters.refused++;
    if (!this.#isExhausted) {
      this.#isExhausted = true;
      for (const listener of this.onExhausted) listener();
    }
    return undefined;
  }

  #create(i: number): Pbuf | undefined {
    const { slotBytes, slots } = this.#classes[i]!;
    const index = this.#created[i]!;
    if (index >= slots) return undefined;
    this.#created[i] = index + 1;
    const offset = this.#classStart[i]! + index * slotBytes;
    const bytes = new Uint8Array(this.arena, offset, slotBytes);
    if (this.#isPoisoning) bytes.fill(POISON);
    const view = new DataView(this.arena, offset, slotBytes);
    return new Pbuf(this, "RAM", bytes, view, offset, i);
  }
}

function assertUntouched(p: Pbuf): void {
  for (let i = 0; i < p.bytes.length; i++) {
    if (p.bytes[i] !== POISON) {
      throw new Error(`Cannot hand out a slot that was written to, at byte ${i}, after it had been released`);
    }
  }
}
