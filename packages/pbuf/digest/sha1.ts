/** Data plane. {@linkcode sha1}: the digest of MS-CHAPv2, of MPPE keys and of TCP-AO (RFC 3174). Broken as a hash for
 * signatures; spoken here because the peer does.
 *
 * @module
 */
import { BlockHash, digestParts } from "./block_hash.ts";

/** SHA-1, piece by piece. */
export class Sha1 extends BlockHash {
  readonly #words: Int32Array;

  /** No message yet. */
  constructor() {
    super(5, false);
    this.#words = new Int32Array(80);
    this.reset();
  }

  /** {@inheritDoc BlockHash.begin} Sets the words that the RFC begins with. */
  protected override begin(): void {
    this.state[0] = 0x67452301;
    this.state[1] = 0xefcdab89;
    this.state[2] = 0x98badcfe;
    this.state[3] = 0x10325476;
    this.state[4] = 0xc3d2e1f0;
  }

  /** {@inheritDoc BlockHash.addBlock} Takes 64 octets in. */
  protected override addBlock(view: DataView, offset: number): void {
    const { state } = this;
    const words = this.#words;
    for (let t = 0; t < 16; t++) words[t] = view.getInt32(offset + 4 * t);
    for (let t = 16; t < 80; t++) {
      const word = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!;
      words[t] = (word << 1) | (word >>> 31);
    }
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
    for (let t = 0; t < 80; t++) {
      let f = b ^ c ^ d;
      let constant = 0x6ed9eba1;
      if (t < 20) {
        f = (b & c) | (~b & d);
        constant = 0x5a827999;
      } else if (t >= 60) {
        constant = 0xca62c1d6;
      } else if (t >= 40) {
        f = (b & c) | (b & d) | (c & d);
        constant = 0x8f1bbcdc;
      }
      const sum = (((a << 5) | (a >>> 27)) + f + e + words[t]! + constant) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = sum;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
  }
}

/** The SHA-1 digest of the parts one behind the other: 20 octets. */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  return digestParts(new Sha1(), parts);
}
