/** {@linkcode md5}: the digest that CHAP is made of (RFC 1321). Broken as a hash for signatures; spoken here because the peer
 * does.
 *
 * @module
 */
import { digestOf, padMessage, rotateLeft } from "./digest_padding.ts";

const SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const;
/** Table T: the integer part of 2^32 times the sine of 1 … 64 radians (RFC 1321 §3.4). */
const SINES = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000) | 0,
);

/** The MD5 digest of the parts one behind the other: 16 octets. */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  const message = padMessage(parts, true);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let block = 0; block < message.byteLength; block += 64) addBlock(state, message, block);
  return digestOf(state, true);
}

function addBlock(state: Int32Array, view: DataView, block: number): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let f: number, k: number;
    if (round === 0) [f, k] = [(b & c) | (~b & d), i];
    else if (round === 1) [f, k] = [(b & d) | (c & ~d), 5 * i + 1];
    else if (round === 2) [f, k] = [b ^ c ^ d, 3 * i + 5];
    else [f, k] = [c ^ (b | ~d), 7 * i];
    const sum = (a + f + SINES[i]! + view.getInt32(block + 4 * (k & 15), true)) | 0;
    const shift = SHIFTS[round as 0 | 1 | 2 | 3][(i & 3) as 0 | 1 | 2 | 3];
    a = d;
    d = c;
    c = b;
    b = (b + rotateLeft(sum, shift)) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}
