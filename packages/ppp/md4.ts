/** {@linkcode md4}: the digest that NT passwords are stored as (RFC 1320). Broken for every other purpose; spoken here because
 * MS-CHAP does.
 *
 * @module
 */
import { BlockHash, digestParts } from "@lightwire/pbuf/digest";

const SHIFTS = Uint8Array.of(3, 7, 11, 19, 3, 5, 9, 13, 3, 9, 11, 15);
const CONSTANTS = Int32Array.of(0, 0x5a827999, 0x6ed9eba1);
/** Which word of the block each step of the third round takes (RFC 1320 §3.4); the second round's order is its transpose. */
const THIRD = Uint8Array.of(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);

class Md4 extends BlockHash {
  constructor() {
    super(4, true);
    this.reset();
  }

  protected override begin(): void {
    this.state[0] = 0x67452301;
    this.state[1] = 0xefcdab89;
    this.state[2] = 0x98badcfe;
    this.state[3] = 0x10325476;
  }

  protected override addBlock(view: DataView, offset: number): void {
    const { state } = this;
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
    for (let i = 0; i < 48; i++) {
      const round = i >> 4;
      let f = b ^ c ^ d, k = THIRD[i & 15]!;
      if (round === 0) {
        f = (b & c) | (~b & d);
        k = i;
      } else if (round === 1) {
        f = (b & c) | (b & d) | (c & d);
        k = ((i & 3) << 2) | ((i >> 2) & 3);
      }
      const sum = (a + f + view.getInt32(offset + 4 * k, true) + CONSTANTS[round]!) | 0;
      const shift = SHIFTS[(round << 2) | (i & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (sum << shift) | (sum >>> (32 - shift));
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
  }
}

/** The MD4 digest of the parts one behind the other: 16 octets. */
export function md4(...parts: readonly Uint8Array[]): Uint8Array {
  return digestParts(new Md4(), parts);
}
