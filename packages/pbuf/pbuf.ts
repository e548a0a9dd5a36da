/** Data plane. {@linkcode Pbuf}: one node of a packet.
 *
 * ```text
 *   bytes: 0        start              end          bytes.length
 *          +----------+------------------+---------------+
 *          | headroom |   packet bytes   |   tailroom    |
 *          +----------+------------------+---------------+
 * ```
 *
 * A header is prepended by moving `start` down and consumed by moving it up. A slot keeps one
 * `Uint8Array` and one `DataView` for its whole life, because building a view costs more than
 * parsing a header (40–120 ns against 10 ns).
 *
 * @module
 */
import type { PbufPool } from "./pool.ts";

/** What backs the bytes of a {@linkcode Pbuf}; the values are lwIP's names for the same things.
 *
 * - `RAM`, `POOL`: a slot of the pool's arena, alone or as a link of a chain of equal slots.
 * - `ROM`: memory outside the arena which does not change while the pbuf lives ({@linkcode PbufPool.wrap}).
 * - `REF`: bytes of another pbuf, which is held until this one is released.
 */
export type PbufKind = "RAM" | "POOL" | "ROM" | "REF";

/** `flags` bit: the sender asked for prompt delivery (TCP PSH). */
export const PBUF_PUSH = 0x01;
/** `flags` bit: a copy of our own multicast, looped back. */
export const PBUF_MULTICAST_LOOP = 0x04;
/** `flags` bit: the frame was addressed to the link-layer broadcast address. */
export const PBUF_LINK_BROADCAST = 0x08;
/** `flags` bit: the frame was addressed to a link-layer multicast address. */
export const PBUF_LINK_MULTICAST = 0x10;
/** `flags` bit: the transport checksum is known to be good (checked by the driver, or never left the host). */
export const PBUF_CHECKSUM_VERIFIED = 0x20;
/** `flags` bit: the frame was addressed to another host and seen only because of promiscuous mode. */
export const PBUF_LINK_OTHER_HOST = 0x40;

/** One node of a packet. A packet is one node, or a chain of nodes linked by {@linkcode next}. */
export class Pbuf {
  /** The whole slot (or the foreign memory); never sliced per packet. */
  bytes: Uint8Array;
  /** Big-endian accessor over the same memory as {@linkcode bytes}, same origin. */
  view: DataView;
  /** Offset of the first byte of this node's data in {@linkcode bytes}. */
  start: number;
  /** Offset just past the last byte of this node's data in {@linkcode bytes}. */
  end: number;
  /** The following node of the same packet; its reference belongs to this node. */
  next: Pbuf | undefined;
  /** Bit set of the `PBUF_…` constants. */
  flags: number;
  /** Offset in {@linkcode bytes} where a checksum still to be completed begins, or −1 for none.
   * The checksum field then holds the pseudo header's folded sum (virtio's `csum_start`). */
  checksumStart: number;
  /** Distance from {@linkcode checksumStart} to the checksum field, in bytes. */
  checksumOffset: number;
  /** TCP payload bytes per segment if this is a super-segment to be cut (GSO) or one that was merged (GRO), else 0. */
  gsoSize: number;
  /** IEEE 802.1Q TCI that travelled beside the frame, or −1 for none. */
  vlanTci: number;
  /** Index of the interface it came in by, or 0. */
  netifIndex: number;
  /** Number of owners; the slot goes back when it falls to 0. */
  refCount: number;
  /** What backs the bytes. */
  kind: PbufKind;
  /** Where {@linkcode bytes} begins in the pool's arena (`REF`: that of the borrowed slot), or −1 for memory outside of it. */
  arenaOffset: number;
  /** Size class index in the pool (internal), −1 when not a slot. */
  readonly classIndex: number;
  /** The pool that gets this node back. */
  readonly pool: PbufPool;
  /** `REF`: the pbuf whose memory is borrowed; `undefined` otherwise. */
  parent: Pbuf | undefined;
  /** `ROM`: called once, when the last owner has released it; `undefined` otherwise (lwIP's custom pbuf). */
  onRelease: ((p: Pbuf) => void) | undefined;

  /** For the pool only: use {@linkcode PbufPool.acquire} and its siblings. */
  constructor(
    pool: PbufPool,
    kind: PbufKind,
    bytes: Uint8Array,
    view: DataView,
    arenaOffset: number,
    classIndex: number,
  ) {
    this.bytes = bytes;
    this.view = view;
    this.start = 0;
    this.end = 0;
    this.next = undefined;
    this.flags = 0;
    this.checksumStart = -1;
    this.checksumOffset = 0;
    this.gsoSize = 0;
    this.vlanTci = -1;
    this.netifIndex = 0;
    this.refCount = 0;
    this.kind = kind;
    this.arenaOffset = arenaOffset;
    this.classIndex = classIndex;
    this.pool = pool;
    this.parent = undefined;
    this.onRelease = undefined;
  }

  /** Bytes in this node alone. */
  get length(): number {
    return this.end - this.start;
  }

  /** Bytes in this node and all that follow it (lwIP's `tot_len`). */
  get totalLength(): number {
    let sum = this.end - this.start;
    for (let p = this.next; p !== undefined; p = p.next) sum += p.end - p.start;
    return sum;
  }

  /** Free bytes before the data of this node. */
  get headroom(): number {
    return this.start;
  }

  /** Free bytes after the data of this node. */
  get tailroom(): number {
    return this.bytes.length - this.end;
  }

  /** Makes room for a header of `length` bytes in front of the data; the bytes hold rubbish until written.
   *
   * @returns false, with nothing changed, when the headroom is too small or the memory is shared or foreign.
   */
  prepend(length: number): boolean {
    if (this.start < length || this.kind === "ROM" || this.kind === "REF") return false;
    this.start -= length;
    return true;
  }

  /** Drops `length` bytes from the front of this node (not across nodes).
   *
   * @returns false, with nothing changed, when this node is shorter.
   */
  consume(length: number): boolean {
    if (this.end - this.start < length) return false;
    this.start += length;
    return true;
  }

  /** Adds an owner. Every owner calls {@linkcode release} once.
   *
   * @throws {Error} if nobody owns it: it is in the pool already.
   */
  retain(): this {
    if (this.refCount <= 0) throw new Error("Cannot retain a pbuf that is already free");
    this.refCount++;
    return this;
  }

  /** Gives up one reference to this packet; at 0 the node goes back to the pool and the
   * reference it held on the next node is given up in turn.
   *
   * @throws {Error} if nobody owned it: it was released once too often.
   */
  release(): void {
    if (this.refCount <= 0) throw new Error("Cannot release a pbuf that is already free");
    if (--this.refCount > 0) return;
    let next = this.next;
    this.next = undefined;
    this.pool.reclaim(this);
    while (next !== undefined) {
      const node: Pbuf = next;
      if (node.refCount <= 0) throw new Error("Cannot release a pbuf that is already free");
      if (--node.refCount > 0) return;
      next = node.next;
      node.next = undefined;
      node.pool.reclaim(node);
    }
  }
}
