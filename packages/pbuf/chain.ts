/** Data plane. Operations on whole packets, which may be chains of nodes.
 *
 * Offsets count from the first byte of the packet, across nodes. Who owns what is said at each function; where
 * nothing is said, the packet is borrowed until the call returns.
 *
 * @module
 */
import { foldSum, sumBytes, swapSum } from "./checksum.ts";
import { copyBytes } from "./copy.ts";
import type { Pbuf } from "./pbuf.ts";
import { DEFAULT_HEADROOM } from "./pool.ts";

/** Appends a packet: `head` takes over the caller's reference on `tail` (lwIP's `pbuf_cat`). */
export function concatenate(head: Pbuf, tail: Pbuf): void {
  let last = head;
  while (last.next !== undefined) last = last.next;
  last.next = tail;
}

/** Appends a packet which the caller keeps owning too: adds a reference to `tail` (lwIP's `pbuf_chain`). */
export function chain(head: Pbuf, tail: Pbuf): void {
  concatenate(head, tail.retain());
}

/** Cuts a packet behind its first node.
 *
 * @returns the rest, whose reference passes from `p` to the caller; `undefined` when there is none.
 */
export function dechain(p: Pbuf): Pbuf | undefined {
  const rest = p.next;
  p.next = undefined;
  return rest;
}

/** Number of nodes (lwIP's `pbuf_clen`). */
export function nodeCount(p: Pbuf): number {
  let count = 0;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) count++;
  return count;
}

/** Drops `length` bytes from the front, across nodes, and releases the nodes which that empties (lwIP's
 * `pbuf_free_header`). Takes ownership of `p` and gives the rest back; marks that describe the packet as a
 * whole (`flags`, `vlanTci`, `netifIndex`) move on to the node that is first now.
 *
 * @returns the rest, or `undefined` when nothing is left (everything is released then).
 */
export function consumeAcross(p: Pbuf, length: number): Pbuf | undefined {
  let node = p;
  while (length > 0) {
    const here = node.end - node.start;
    if (here > length) {
      node.start += length;
      return node;
    }
    length -= here;
    const next: Pbuf | undefined = node.next;
    if (next === undefined) {
      node.release();
      return undefined;
    }
    next.flags = node.flags;
    next.vlanTci = node.vlanTci;
    next.netifIndex = node.netifIndex;
    next.retain();
    node.release();
    node = next;
  }
  return node;
}

/** Cuts the end off, so that `length` bytes remain, and releases the nodes which that empties (lwIP's `pbuf_realloc`).
 *
 * @throws {RangeError} if the packet is shorter than `length`.
 */
export function shrink(p: Pbuf, length: number): void {
  if (length < 0) throw new RangeError(`Cannot shrink a packet to ${length} bytes`);
  let node = p;
  for (;;) {
    const here = node.end - node.start;
    if (here >= length) break;
    length -= here;
    if (node.next === undefined) throw new RangeError("Cannot shrink a packet to more than its length");
    node = node.next;
  }
  node.end = node.start + length;
  const rest = node.next;
  node.next = undefined;
  rest?.release();
}

/** Drops `count` bytes from the end; see {@linkcode shrink}.
 *
 * @throws {RangeError} if the packet is shorter than `count`.
 */
export function trimTail(p: Pbuf, count: number): void {
  if (p.next === undefined && count >= 0 && count <= p.end - p.start) p.end -= count;
  else shrink(p, p.totalLength - count);
}

/** Copies up to `length` bytes of the packet, from `offset` on, into `into` at `at` (lwIP's `pbuf_copy_partial`).
 *
 * @returns how many were copied: fewer where the packet or `into` ends.
 */
export function copyTo(p: Pbuf, into: Uint8Array, offset = 0, length = Infinity, at = 0): number {
  const room = into.length - at;
  if (length > room) length = room;
  let copied = 0;
  for (let node: Pbuf | undefined = p; node !== undefined && copied < length; node = node.next) {
    const here: number = node.end - node.start;
    if (offset >= here) {
      offset -= here;
      continue;
    }
    let part = here - offset;
    if (part > length - copied) part = length - copied;
    const from = node.start + offset;
    copyBytes(node.bytes, from, from + part, into, at + copied);
    copied += part;
    offset = 0;
  }
  return copied;
}

/** Overwrites the packet from `offset` on with `bytes`, across nodes (lwIP's `pbuf_take_at`).
 *
 * @returns false, with nothing written, when the packet is too short.
 */
export function take(p: Pbuf, bytes: Uint8Array, offset = 0): boolean {
  if (offset < 0 || offset + bytes.length > p.totalLength) return false;
  let done = 0;
  for (let node: Pbuf | undefined = p; node !== undefined && done < bytes.length; node = node.next) {
    const here: number = node.end - node.start;
    if (offset >= here) {
      offset -= here;
      continue;
    }
    const part = here - offset < bytes.length - done ? here - offset : bytes.length - done;
    copyBytes(bytes, done, done + part, node.bytes, node.start + offset);
    done += part;
    offset = 0;
  }
  return true;
}

/** Copies the bytes of `from` over those of `into`, whatever the node borders of the two (lwIP's `pbuf_copy`).
 *
 * @returns false, with nothing written, when `into` is shorter than `from`.
 */
export function copyPacket(into: Pbuf, from: Pbuf): boolean {
  if (into.totalLength < from.totalLength) return false;
  let to: Pbuf = into;
  let at = to.start;
  for (let node: Pbuf | undefined = from; node !== undefined; node = node.next) {
    let start: number = node.start;
    while (start < node.end) {
      while (at === to.end) {
        to = to.next!;
        at = to.start;
      }
      const part = node.end - start < to.end - at ? node.end - start : to.end - at;
      copyBytes(node.bytes, start, start + part, to.bytes, at);
      start += part;
      at += part;
    }
  }
  return true;
}

/** A copy in memory of its own: one node where the pool has a slot that large, else a chain. The marks of the packet are
 * copied too; `checksumStart` moves along. The caller owns the result; `p` stays as it was.
 *
 * @param headroom free bytes in front of the copy.
 * @param pool where the copy lives; default: the pool of `p`.
 * @returns `undefined` when the pool is exhausted.
 */
export function clone(
  p: Pbuf,
  headroom: number = DEFAULT_HEADROOM,
  pool: Pbuf["pool"] = p.pool,
): Pbuf | undefined {
  const length = p.totalLength;
  const copy = length + headroom <= pool.largestSlotBytes
    ? pool.acquire(length, headroom)
    : pool.acquireChain(length, headroom);
  if (copy === undefined) return undefined;
  copyPacket(copy, p);
  copy.flags = p.flags;
  copy.gsoSize = p.gsoSize;
  copy.vlanTci = p.vlanTci;
  copy.netifIndex = p.netifIndex;
  if (p.checksumStart >= 0) {
    copy.checksumStart = copy.start + (p.checksumStart - p.start);
    copy.checksumOffset = p.checksumOffset;
  }
  return copy;
}

/** Makes one node of a packet (lwIP's `pbuf_coalesce`). Takes ownership of `p` if the result is another one.
 *
 * @returns `p` itself when it is one node already, or when no slot is free or large enough; else a copy.
 */
export function coalesce(p: Pbuf, headroom: number = DEFAULT_HEADROOM): Pbuf {
  if (p.next === undefined || p.totalLength + headroom > p.pool.largestSlotBytes) return p;
  const copy = clone(p, headroom);
  if (copy === undefined) return p;
  p.release();
  return copy;
}

/** The byte at `offset`, or −1 past the end (lwIP's `pbuf_try_get_at`). */
export function readByte(p: Pbuf, offset: number): number {
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    const here: number = node.end - node.start;
    if (offset < here) return offset < 0 ? -1 : node.bytes[node.start + offset]!;
    offset -= here;
  }
  return -1;
}

/** Overwrites the byte at `offset` (lwIP's `pbuf_put_at`). @returns false past the end. */
export function writeByte(p: Pbuf, offset: number, value: number): boolean {
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    const here: number = node.end - node.start;
    if (offset < here) {
      if (offset < 0) return false;
      node.bytes[node.start + offset] = value;
      return true;
    }
    offset -= here;
  }
  return false;
}

/** Compares the packet from `offset` on with `bytes` (lwIP's `pbuf_memcmp`).
 *
 * @returns 0 when equal, else the index of the first difference plus one; the end of the packet is a difference.
 */
export function compare(p: Pbuf, offset: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) {
    if (readByte(p, offset + i) !== bytes[i]) return i + 1;
  }
  return 0;
}

/** The first offset ≥ `from` where `pattern` occurs, or −1 (lwIP's `pbuf_memfind`). An empty pattern occurs everywhere. */
export function find(p: Pbuf, pattern: Uint8Array, from = 0): number {
  const last = p.totalLength - pattern.length;
  for (let at = from; at <= last; at++) {
    const difference = compare(p, at, pattern);
    if (difference === 0) return at;
  }
  return -1;
}

/** `length` bytes from `offset` on as one array: a view into the node where they lie in one, else a copy in `scratch`
 * (lwIP's `pbuf_get_contiguous`). For the control plane: makes a view.
 *
 * @returns `undefined` when the packet ends before, or `scratch` is needed and too small.
 */
export function contiguous(p: Pbuf, scratch: Uint8Array, length: number, offset = 0): Uint8Array | undefined {
  let rest = offset;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    const here: number = node.end - node.start;
    if (rest < here || (length === 0 && rest === here)) {
      const at = node.start + rest;
      if (rest + length <= here) return node.bytes.subarray(at, at + length);
      break;
    }
    rest -= here;
  }
  if (scratch.length < length || copyTo(p, scratch, offset, length) < length) return undefined;
  return scratch.subarray(0, length);
}

/** Cuts a chain at the last node border where at most `maxBytes` lie before (lwIP's `pbuf_split_64k`: what holds a packet
 * length in 16 bits takes no more).
 *
 * @returns the rest, owned by the caller, itself perhaps too long; `undefined` when nothing had to be cut.
 * @throws {RangeError} if the first node alone is longer than `maxBytes`.
 */
export function split64k(p: Pbuf, maxBytes = 0xffff): Pbuf | undefined {
  let sum = p.end - p.start;
  if (sum > maxBytes) throw new RangeError(`Cannot split inside a node of ${sum} bytes`);
  let node = p;
  while (node.next !== undefined) {
    sum += node.next.end - node.next.start;
    if (sum > maxBytes) {
      const rest = node.next;
      node.next = undefined;
      rest.flags = p.flags;
      rest.netifIndex = p.netifIndex;
      return rest;
    }
    node = node.next;
  }
  return undefined;
}

/** Copies `from[start … end]` into the first node of `into`, `offset` bytes behind its start, and adds the bytes to a
 * partial sum as if the sum had begun at `into.start` (lwIP's `pbuf_fill_chksum`): the copy leaves the
 * bytes in the cache, where the sum finds them.
 *
 * @param view over the same memory as `from`, same origin.
 * @returns the partial sum, 0 … 0xffff.
 * @throws {RangeError} if the node is too short.
 */
export function copyAndSum(
  from: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  into: Pbuf,
  offset: number,
  initial: number,
): number {
  const at = into.start + offset;
  if (at + end - start > into.end) throw new RangeError("Cannot copy past the end of the node");
  copyBytes(from, start, end, into.bytes, at);
  const sum = sumBytes(from, view, start, end, 0);
  return foldSum(initial + ((offset & 1) === 0 ? sum : swapSum(sum)));
}
