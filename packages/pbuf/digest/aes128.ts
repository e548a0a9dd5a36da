/** Data plane. {@linkcode Aes128}: the block cipher with a key of 128 bits (FIPS 197), in the direction of encryption: what
 * AES-CMAC is made of (RFC 4493).
 *
 * Four steps of a round, SubBytes, ShiftRows, MixColumns and AddRoundKey, are four looks into a table and five XORs for each column
 * (FIPS 197 §5.1). Deviation: how long a look into a table takes may tell somebody on the same machine about the key; a
 * cipher without tables would be many times slower, and who runs there reads the key itself.
 *
 * @module
 */

const ROUNDS = 10;
const SBOX = new Uint8Array(256);
/** What SubBytes and MixColumns make of the first octet of a column; the others are rotations of it. */
const TABLE = new Int32Array(256);

/** Multiplies by x in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1. */
function double(octet: number): number {
  return ((octet << 1) ^ ((octet & 0x80) === 0 ? 0 : 0x1b)) & 0xff;
}

// The multiplicative inverse of each octet, p and q running through the powers of 3 and of 1/3, and an affine map (§5.1.1).
for (let p = 1, q = 1, i = 0; i < 255; i++) {
  const rotated = q ^ (q << 1) ^ (q << 2) ^ (q << 3) ^ (q << 4);
  SBOX[p] = (rotated ^ (rotated >> 8) ^ 0x63) & 0xff;
  p ^= double(p);
  q ^= q << 1;
  q ^= q << 2;
  q ^= q << 4;
  q &= 0xff;
  if ((q & 0x80) !== 0) q ^= 0x09;
}
SBOX[0] = 0x63;
for (let i = 0; i < 256; i++) {
  const s = SBOX[i]!;
  const twice = double(s);
  TABLE[i] = (twice << 24) | (s << 16) | (s << 8) | (twice ^ s);
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function substitute(word: number): number {
  return (SBOX[word >>> 24]! << 24) | (SBOX[(word >>> 16) & 0xff]! << 16) |
    (SBOX[(word >>> 8) & 0xff]! << 8) |
    SBOX[word & 0xff]!;
}

/** A column of the next round: the four octets that ShiftRows puts into it. */
function column(a: number, b: number, c: number, d: number): number {
  return TABLE[a >>> 24]! ^ rotate(TABLE[(b >>> 16) & 0xff]!, 8) ^ rotate(TABLE[(c >>> 8) & 0xff]!, 16) ^
    rotate(TABLE[d & 0xff]!, 24);
}

/** The last round has no MixColumns. */
function lastColumn(a: number, b: number, c: number, d: number): number {
  return (SBOX[a >>> 24]! << 24) | (SBOX[(b >>> 16) & 0xff]! << 16) | (SBOX[(c >>> 8) & 0xff]! << 8) |
    SBOX[d & 0xff]!;
}

/** AES-128 under one key. */
export class Aes128 {
  readonly #schedule: Int32Array;

  /** Expands the key (FIPS 197 §5.2).
   *
   * @param key 16 octets; not kept.
   * @throws {RangeError} if it has another length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`A key of AES-128 has 16 octets: got ${key.length}`);
    const schedule = this.#schedule = new Int32Array(4 * (ROUNDS + 1));
    for (let i = 0; i < 4; i++) {
      schedule[i] = (key[4 * i]! << 24) | (key[4 * i + 1]! << 16) | (key[4 * i + 2]! << 8) | key[4 * i + 3]!;
    }
    let constant = 1;
    for (let i = 4; i < schedule.length; i++) {
      let word = schedule[i - 1]!;
      if ((i & 3) === 0) {
        word = substitute(rotate(word, 24)) ^ (constant << 24);
        constant = double(constant);
      }
      schedule[i] = schedule[i - 4]! ^ word;
    }
  }

  /** Encrypts one block in place: four words, most significant octet first. */
  encrypt(block: Int32Array): void {
    const schedule = this.#schedule;
    let a = block[0]! ^ schedule[0]!;
    let b = block[1]! ^ schedule[1]!;
    let c = block[2]! ^ schedule[2]!;
    let d = block[3]! ^ schedule[3]!;
    let k = 4;
    for (; k < 4 * ROUNDS; k += 4) {
      const e = column(a, b, c, d) ^ schedule[k]!;
      const f = column(b, c, d, a) ^ schedule[k + 1]!;
      const g = column(c, d, a, b) ^ schedule[k + 2]!;
      d = column(d, a, b, c) ^ schedule[k + 3]!;
      a = e;
      b = f;
      c = g;
    }
    block[0] = lastColumn(a, b, c, d) ^ schedule[k]!;
    block[1] = lastColumn(b, c, d, a) ^ schedule[k + 1]!;
    block[2] = lastColumn(c, d, a, b) ^ schedule[k + 2]!;
    block[3] = lastColumn(d, a, b, c) ^ schedule[k + 3]!;
  }
}
