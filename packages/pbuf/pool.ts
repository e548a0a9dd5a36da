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
 * VLAN 4 + virtio-net 12, rounded up to a cache line multiple. */
export const DEFAULT_HEADROOM = 128;

/** Default size classes: acknowledgements, frames of an Ethernet, super-segments of 64 KiB. */
export const DEFAULT_CLASSES: readonly PbufClass[] = [
  { slotBytes: 256, slots: 4096 },
  { slotBytes: 2048, slots: 16384 },
  { slotBytes: 67584, slots: 256 },
];

/** Counters of a {@linkcode PbufPool}. */
export interface PbufPoolCounters {
  /** Slots handed out and not yet back. */
  inUse: number;
  /** High-water mark of `inUse`. */
  maxInUse: number;
  /** Requests refused because a bound was hit. */
  refused: number;
  /** Requests served from a larger class because the fitting one was empty. */
  promoted: number;
}

/** A bounded arena of packet buffers. */
export class PbufPool {
  /** The one allocation behind all slots; a driver takes its native address once. */
  readonly arena: ArrayBuffer;
  /** What happened so far. */
  readonly counters: PbufPoolCounters = { inUse: 0, maxInUse: 0, refused: 0, promoted: 0 };
  readonly #classes: readonly PbufClass[];
  readonly #free: Pbuf[][];
  readonly #created: number[];
  readonly #classStart: number[];
  readonly #freeRefs: Pbuf[] = [];
  #failAfter = -1;

  /** @param classes size classes in ascending order of slot size; the arena is their sum (touched lazily). */
  constructor(classes: readonly PbufClass[] = DEFAULT_CLASSES) {
    this.#classes = classes;
    this.#free = [];
    this.#created = [];
    this.#classStart = [];
    let total = 0;
    for (const c of classes) {
      this.#free.push([]);
      this.#created.push(0);
      this.#classStart.push(total);
      total += c.slotBytes * c.slots;
    }
    this.arena = new ArrayBuffer(total);
  }

  /** Slots in use of all classes; 0 when everything was released. */
  get inUse(): number {
    return this.counters.inUse;
  }

  /** Makes the (n+1)-th acquisition from now on fail, and all after it; −1 turns that off. For tests. */
  failAfter(n: number): void {
    this.#failAfter = n;
  }

  /** Takes one slot which holds `length` bytes behind `headroom` free ones.
   *
   * The caller owns the result (reference count 1). The bytes hold rubbish.
   *
   * @returns `undefined` when every fitting class is exhausted, or `headroom + length` exceeds the largest slot.
   */
  acquire(length: number, headroom: number = DEFAULT_HEADROOM): Pbuf | undefined {
    const wanted = length + headroom;
    if (this.#failAfter >= 0 && this.#failAfter-- === 0) {
      this.#failAfter = 0;
      this.counters.refused++;
      return undefined;
    }
    for (let i = 0; i < this.#classes.length; i++) {
      const slotBytes = this.#classes[i]!.slotBytes;
      if (slotBytes < wanted) continue;
      const p = this.#free[i]!.pop() ?? this.#create(i);
      if (p === undefined) {
        this.counters.promoted++;
        continue;
      }
      p.start = headroom;
      p.end = wanted;
      p.flags = 0;
      p.checksumStart = -1;
      p.gsoSize = 0;
      p.vlanTci = -1;
      p.netifIndex = 0;
      p.refCount = 1;
      p.kind = "RAM";
      const inUse = ++this.counters.inUse;
      if (inUse > this.counters.maxInUse) this.counters.maxInUse = inUse;
      return p;
    }
    this.counters.refused++;
    return undefined;
  }

  /** A pbuf that shares `length` bytes of `parent`'s first node, from `offset` bytes behind its start, and holds it.
   *
   * The memory must not be written while shared. The caller owns the result.
   *
   * @returns `undefined` when the range is not inside the first node.
   */
  reference(parent: Pbuf, offset: number, length: number): Pbuf | undefined {
    if (offset < 0 || parent.start + offset + length > parent.end) return undefined;
    let p = this.#freeRefs.pop();
    if (p === undefined) p = new Pbuf(this, "REF", parent.bytes, parent.view, -1, -1);
    p.bytes = parent.bytes;
    p.view = parent.view;
    p.start = parent.start + offset;
    p.end = p.start + length;
    p.flags = parent.flags;
    p.checksumStart = -1;
    p.gsoSize = 0;
    p.vlanTci = parent.vlanTci;
    p.netifIndex = parent.netifIndex;
    p.refCount = 1;
    p.parent = parent.retain();
    this.counters.inUse++;
    return p;
  }

  /** Takes a node back whose reference count reached 0. For {@linkcode Pbuf.release} only. */
  reclaim(p: Pbuf): void {
    this.counters.inUse--;
    if (p.classIndex >= 0) {
      this.#free[p.classIndex]!.push(p);
      return;
    }
    const parent = p.parent;
    p.parent = undefined;
    if (p.kind === "REF") this.#freeRefs.push(p);
    parent?.release();
  }

  #create(i: number): Pbuf | undefined {
    const { slotBytes, slots } = this.#classes[i]!;
    const index = this.#created[i]!;
    if (index >= slots) return undefined;
    this.#created[i] = index + 1;
    const offset = this.#classStart[i]! + index * slotBytes;
    const bytes = new Uint8Array(this.arena, offset, slotBytes);
    const view = new DataView(this.arena, offset, slotBytes);
    return new Pbuf(this, "RAM", bytes, view, offset, i);
  }
}
