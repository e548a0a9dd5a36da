/** {@linkcode md4}: the digest that NT passwords are stored as (RFC 1320). Broken for every other purpose; spoken here because
 * MS-CHAP does.
 *
 * @module
 */
import { digestOf, padMessage, rotateLeft } from "./digest_padding.ts";

const SHIFTS = [[3, 7, 11, 19], [3, 5, 9, 13], [3, 9, 11, 15]] as const;
const CONSTANTS = [0, 0x5a827999, 0x6ed9eba1] as const;
/** Which word of the block each step of the third round takes (RFC 1320 §3.4); the second round's order is its transpose. */
const THIRD = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15] as const;

/** The MD4 digest of the parts one behind the other: 16 octets. */
export function md4(...parts: readonly Uint8Array[]): Uint8Array {
  const message = padMessage(parts, true);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let block = 0; block < message.byteLength; block += 64) addBlock(state, message, block);
  return digestOf(state, true);
}

function addBlock(state: Int32Array, message: DataView, block: number): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
  for (let i = 0; i < 48; i++) {
    const round = (i >> 4) as 0 | 1 | 2;
    let f: number, k: number;
    if (round === 0) [f, k] = [(b & c) | (~b & d), i];
    else if (round === 1) [f, k] = [(b & c) | (b & d) | (c & d), ((i & 3) << 2) | ((i >> 2) & 3)];
    else [f, k] = [b ^ c ^ d, THIRD[i & 15]!];
    const sum = (a + f + message.getInt32(block + 4 * k, true) + CONSTANTS[round]) | 0;
    a = d;
    d = c;
    c = b;
    b = rotateLeft(sum, SHIFTS[round][(i & 3) as 0 | 1 | 2 | 3]);
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}
