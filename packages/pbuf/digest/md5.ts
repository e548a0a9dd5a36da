/** Data plane. {@linkcode md5}: the digest that CHAP and TCP's MD5 option are made of (RFC 1321). Broken as a hash for
 * signatures; spoken here because the peer does.
 *
 * @module
 */
import { BlockHash, digestParts } from "./block_hash.ts";

const SHIFTS = Uint8Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);
/** Table T: the integer part of 2^32 times the sine of 1 … 64 radians (RFC 1321 §3.4). */
const SINES = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000) | 0,
);

/** MD5, piece by piece. */
export class Md5 extends BlockHash {
  /** No message yet. */
  constructor() {
    super(4, true);
    this.reset();
  }

  /** {@inheritDoc BlockHash.begin} Sets the words that the RFC begins with. */
  protected override begin(): void {
    this.state[0] = 0x67452301;
    this.state[1] = 0xefcdab89;
    this.state[2] = 0x98badcfe;
    this.state[3] = 0x10325476;
  }

  /** {@inheritDoc BlockHash.addBlock} Takes 64 octets in. */
  protected override addBlock(view: DataView, offset: number): void {
    const { state } = this;
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      let f = 0, k = 0;
      if (round === 0) {
        f = (b & c) | (~b & d);
        k = i;
      } else if (round === 1) {
        f = (b & d) | (c & ~d);
        k = 5 * i + 1;
      } else if (round === 2) {
        f = b ^ c ^ d;
        k = 3 * i + 5;
      } else {
        f = c ^ (b | ~d);
        k = 7 * i;
      }
      const sum = (a + f + SINES[i]! + view.getInt32(offset + 4 * (k & 15), true)) | 0;
      const shift = SHIFTS[(round << 2) | (i & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
  }
}

/** The MD5 digest of the parts one behind the other: 16 octets. */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  return digestParts(new Md5(), parts);
}
