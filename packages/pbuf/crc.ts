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
/** What a byte does to the FCS one, two and three bytes later: a step over four bytes instead of one (checksum_bench.ts). */
const FCS16_TABLE_1 = nextTable(FCS16_TABLE);
const FCS16_TABLE_2 = nextTable(FCS16_TABLE_1);
const FCS16_TABLE_3 = nextTable(FCS16_TABLE_2);
const CRC32_TABLE = table(0xedb88320);

/** Continues a 16-bit FCS (polynomial x^16 + x^12 + x^5 + 1, bit-reversed) over `bytes[start … end]`.
 *
 * @param initial 0xffff to begin, or the result so far.
 * @returns the running value; its one's complement, least significant byte first, goes on the wire.
 */
export function fcs16(bytes: Uint8Array, start: number, end: number, initial = 0xffff): number {
  let fcs = initial;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    fcs = FCS16_TABLE_3[(fcs ^ bytes[i]!) & 0xff]! ^ FCS16_TABLE_2[((fcs >>> 8) ^ bytes[i + 1]!) & 0xff]! ^
      FCS16_TABLE_1[bytes[i + 2]!]! ^ FCS16_TABLE[bytes[i + 3]!]!;
  }
  for (; i < end; i++) fcs = (fcs >>> 8) ^ FCS16_TABLE[(fcs ^ bytes[i]!) & 0xff]!;
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

/** The effect of a byte that `entries` gives, one byte later. */
function nextTable(entries: Int32Array): Int32Array {
  const next = new Int32Array(256);
  for (let i = 0; i < 256; i++) next[i] = (entries[i]! >>> 8) ^ FCS16_TABLE[entries[i]! & 0xff]!;
  return next;
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
