/** Data plane. CRC-16 of HDLC-like framing (RFC 1662 appendix C) and CRC-32 of IEEE 802.3.
 *
 * @example The frame check sequence of a PPP frame
 * ```ts
 * import { fcs16, FCS16_GOOD } from "@lightwire/pbuf/crc";
 * import assert from "node:assert/strict";
 *
 * const frame = Uint8Array.of(...new TextEncoder().encode("123456789"), 0, 0);
 * const fcs = fcs16(frame, 0, 9) ^ 0xffff;
 * assert.equal(fcs, 0x906e); // CRC-16/X-25
 * frame[9] = fcs & 0xff; // least significant byte first
 * frame[10] = fcs >>> 8;
 * assert.equal(fcs16(frame, 0, 11), FCS16_GOOD);
 * ```
 *
 * @module
 */

/** What {@linkcode fcs16} gives over a whole frame with its FCS, if the frame is intact (RFC 1662 appendix C.2). */
export const FCS16_GOOD = 0xf0b8;

/** What {@linkcode crc32} gives over a whole frame with its FCS, least significant byte first, if the frame is intact. */
export const CRC32_GOOD = 0x2144df1c;

const FCS16_TABLE = table(0x8408);
const CRC32_TABLE = table(0xedb88320);

/** Continues a 16-bit FCS (polynomial x^16 + x^12 + x^5 + 1, bit-reversed) over `bytes[start … end]`.
 *
 * @param initial 0xffff to begin, or the result so far.
 * @returns the running value; its one's complement, least significant byte first, goes on the wire.
 */
export function fcs16(bytes: Uint8Array, start: number, end: number, initial = 0xffff): number {
  let fcs = initial;
  for (let i = start; i < end; i++) fcs = (fcs >>> 8) ^ FCS16_TABLE[(fcs ^ bytes[i]!) & 0xff]!;
  return fcs;
}

/** Continues a 16-bit FCS by one byte; see {@linkcode fcs16}. */
export function fcs16Byte(fcs: number, byte: number): number {
  return (fcs >>> 8) ^ FCS16_TABLE[(fcs ^ byte) & 0xff]!;
}

/** The CRC-32 of `bytes[start … end]` as Ethernet, gzip and PNG have it (reflected, complemented), unsigned.
 *
 * @param previous the CRC of the bytes before, when the data comes in pieces.
 */
export function crc32(bytes: Uint8Array, start: number, end: number, previous = 0): number {
  let crc = ~previous;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ CRC32_TABLE[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

function table(polynomial: number): Int32Array {
  const entries = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ polynomial : value >>> 1;
    entries[i] = value;
  }
  return entries;
}
