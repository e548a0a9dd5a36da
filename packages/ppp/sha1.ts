/** {@linkcode sha1}: the digest of MS-CHAPv2 and of MPPE keys (RFC 3174). Broken as a hash for signatures; spoken here because
 * the peer does.
 *
 * @module
 */
import { digestOf, padMessage, rotateLeft } from "./digest_padding.ts";

const CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** The SHA-1 digest of the parts one behind the other: 20 octets. */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  const message = padMessage(parts, false);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(80);
  for (let block = 0; block < message.byteLength; block += 64) addBlock(state, words, message, block);
  return digestOf(state, false);
}

function addBlock(state: Int32Array, words: Int32Array, message: DataView, block: number): void {
  for (let t = 0; t < 16; t++) words[t] = message.getInt32(block + 4 * t);
  for (let t = 16; t < 80; t++) {
    words[t] = rotateLeft(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
  for (let t = 0; t < 80; t++) {
    const round = Math.floor(t / 20) as 0 | 1 | 2 | 3;
    let f = b ^ c ^ d;
    if (round === 0) f = (b & c) | (~b & d);
    else if (round === 2) f = (b & c) | (b & d) | (c & d);
    const sum = (rotateLeft(a, 5) + f + e + words[t]! + CONSTANTS[round]) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = sum;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}
