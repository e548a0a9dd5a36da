/** Data plane. The Internet checksum (RFC 1071), its incremental update (RFC 1624) and pseudo headers.
 *
 * Sums are *partial sums*: 16-bit one's complement numbers, big-endian, folded (0 … 0xffff) and not yet
 * complemented, so that they can be passed on as the `initial` of the next range. A range of odd length counts
 * as if a zero byte followed (RFC 1071 §4.1); only the last range of a message may be odd, except where
 * {@linkcode sumPbuf} and {@linkcode sumPbufRange} take care of it at node borders.
 *
 * @example A header's checksum
 * ```ts
 * import { finishSum, sumBytes } from "@lightwire/pbuf/checksum";
 * import assert from "node:assert/strict";
 *
 * const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7); // RFC 1071 §3
 * const sum = sumBytes(bytes, new DataView(bytes.buffer), 0, 8, 0);
 * assert.equal(sum, 0xddf2);
 * assert.equal(finishSum(sum), 0x220d);
 * ```
 *
 * @module
 */
import type { Pbuf } from "./pbuf.ts";

/** Folds a sum of 16-bit words (any non-negative integer below 2^53) into 16 bits, with end-around carry (RFC 1071 §1). */
export function foldSum(sum: number): number {
  if (sum > 0xffffffff) sum = Math.floor(sum / 0x1_0000_0000) + (sum >>> 0);
  if (sum > 0xffffffff) sum = Math.floor(sum / 0x1_0000_0000) + (sum >>> 0);
  sum = (sum >>> 16) + (sum & 0xffff);
  return (sum >>> 16) + (sum & 0xffff);
}

/** The checksum field for a partial sum: its one's complement, 16 bits. For a message that contains a right
 * checksum the result is 0. */
export function finishSum(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}

/** Exchanges the two bytes of a 16-bit sum: what a sum is worth when its data starts at an odd offset
 * (RFC 1071 §2 B). */
export function swapSum(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
}

/** Adds the bytes `start … end` to a partial sum.
 *
 * Reads little-endian words, which need no byte swap on the usual machines, into two double sums, which cannot
 * overflow, and swaps the result once (RFC 1071 §2 B): 6–7 GB/s, see `checksum_bench.ts`.
 *
 * @param bytes the memory.
 * @param view over the same memory, same origin.
 * @param start offset of the first byte; need not be aligned.
 * @param end offset just past the last byte.
 * @param initial partial sum so far; 0 to begin.
 * @returns the partial sum, 0 … 0xffff.
 */
export function sumBytes(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  initial: number,
): number {
  let even = 0;
  let odd = 0;
  let i = start;
  for (const bound = end - 15; i < bound; i += 16) {
    even += view.getUint32(i, true) + view.getUint32(i + 4, true);
    odd += view.getUint32(i + 8, true) + view.getUint32(i + 12, true);
  }
  for (const bound = end - 3; i < bound; i += 4) even += view.getUint32(i, true);
  if (end - i >= 2) {
    odd += view.getUint16(i, true);
    i += 2;
  }
  if (i < end) odd += bytes[i]!;
  return foldSum(swapSum(foldSum(even + odd)) + initial);
}

/** Adds all bytes of a packet, from `p.start`, to a partial sum; nodes of odd length are handled.
 *
 * @returns the partial sum, 0 … 0xffff.
 */
export function sumPbuf(p: Pbuf, initial: number): number {
  if (p.next === undefined) return sumBytes(p.bytes, p.view, p.start, p.end, initial);
  return sumPbufRange(p, 0, p.totalLength, initial);
}

/** Adds `length` bytes of a packet, from `offset` bytes behind `p.start`, to a partial sum. The range may span
 * nodes and may begin at any offset: its first byte counts as the high byte of a word.
 *
 * @returns the partial sum, 0 … 0xffff.
 * @throws {RangeError} if the range is not inside the packet.
 */
export function sumPbufRange(p: Pbuf, offset: number, length: number, initial: number): number {
  let node: Pbuf | undefined = p;
  let sum = initial;
  let isOdd = false;
  while (length > 0) {
    if (node === undefined || offset < 0) throw new RangeError("Cannot sum bytes outside of the packet");
    const available: number = node.end - node.start - offset;
    if (available > 0) {
      const part = available < length ? available : length;
      const at = node.start + offset;
      if (isOdd) {
        sum = foldSum(sum + swapSum(sumBytes(node.bytes, node.view, at, at + part, 0)));
      } else {
        sum = sumBytes(node.bytes, node.view, at, at + part, sum);
      }
      if ((part & 1) !== 0) isOdd = !isOdd;
      length -= part;
      offset = 0;
    } else {
      offset -= node.end - node.start;
    }
    node = node.next;
  }
  return foldSum(sum);
}

/** The partial sum of the pseudo header of TCP and UDP over IPv4 (RFC 9293 §3.1, RFC 768).
 *
 * @param src source address, 32 bits unsigned.
 * @param dst destination address, 32 bits unsigned.
 * @param protocol protocol number.
 * @param length bytes of transport header and payload (UDP-Lite: of the datagram, not of the coverage).
 */
export function pseudoHeaderSumV4(src: number, dst: number, protocol: number, length: number): number {
  return foldSum(
    (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + (length >>> 16) +
      (length & 0xffff),
  );
}

/** The partial sum of the pseudo header over IPv6 (RFC 8200 §8.1); addresses as four 32-bit words each, unsigned.
 *
 * @param protocol the upper-layer "next header" value, 8 bits.
 * @param length the upper-layer packet length, 32 bits.
 */
export function pseudoHeaderSumV6(
  src0: number,
  src1: number,
  src2: number,
  src3: number,
  dst0: number,
  dst1: number,
  dst2: number,
  dst3: number,
  protocol: number,
  length: number,
): number {
  return foldSum(src0 + src1 + src2 + src3 + dst0 + dst1 + dst2 + dst3 + length + protocol);
}

/** A checksum field after one 16-bit word of the covered data has changed (RFC 1624 §3, equation 3).
 *
 * @param checksum the field as it stands in the packet.
 * @param oldWord the word before.
 * @param newWord the word after.
 * @returns the new field.
 */
export function updateChecksum16(checksum: number, oldWord: number, newWord: number): number {
  return ~foldSum((~checksum & 0xffff) + (~oldWord & 0xffff) + newWord) & 0xffff;
}

/** A checksum field after one 32-bit word of the covered data, at an even offset, has changed (RFC 1624 §3). */
export function updateChecksum32(checksum: number, oldWord: number, newWord: number): number {
  return ~foldSum(
    (~checksum & 0xffff) + (~(oldWord >>> 16) & 0xffff) + (~oldWord & 0xffff) + (newWord >>> 16) +
      (newWord & 0xffff),
  ) & 0xffff;
}

/** Finishes a partial checksum in software: what a driver with `txChecksum` would do. Sums from
 * {@linkcode Pbuf.checksumStart} to the end of the packet (the field holds the pseudo header's sum) and clears
 * the mark. A result of 0 is written as 0xffff, which means the same to every receiver and which UDP demands
 * (RFC 768). Does nothing when no checksum is pending.
 *
 * @returns false, with the mark cleared and nothing written, when the marks point outside of the packet.
 */
export function completeChecksum(p: Pbuf): boolean {
  const start = p.checksumStart;
  if (start < 0) return true;
  p.checksumStart = -1;
  const field = start + p.checksumOffset;
  if (start < p.start || field + 2 > p.end) return false;
  const sum = p.next === undefined
    ? sumBytes(p.bytes, p.view, start, p.end, 0)
    : sumPbufRange(p, start - p.start, p.totalLength - (start - p.start), 0);
  const checksum = ~sum & 0xffff;
  p.view.setUint16(field, checksum === 0 ? 0xffff : checksum);
  return true;
}
