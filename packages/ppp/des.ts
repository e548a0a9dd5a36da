/** {@linkcode desEncrypt}: one block of DES (FIPS 46-3), the function inside of MS-CHAP (RFC 2759 §8.6). Long since too weak to
 * protect anything; a handful of blocks for each authentication, so that clarity comes before speed: a bit is an octet here.
 *
 * @module
 */

function table(text: string): Uint8Array {
  return Uint8Array.from(text.trim().split(/\s+/), Number);
}

// The tables of FIPS 46-3, by the names that they have there: positions of bits, counted from 1.
const PC1 = table(`57 49 41 33 25 17  9  1 58 50 42 34 26 18 10  2 59 51 43 35 27 19 11  3 60 52 44 36
                   63 55 47 39 31 23 15  7 62 54 46 38 30 22 14  6 61 53 45 37 29 21 13  5 28 20 12  4`);
const PC2 = table(`14 17 11 24  1  5  3 28 15  6 21 10 23 19 12  4 26  8 16  7 27 20 13  2
                   41 52 31 37 47 55 30 40 51 45 33 48 44 49 39 56 34 53 46 42 50 36 29 32`);
const IP = table(
  `58 50 42 34 26 18 10  2 60 52 44 36 28 20 12  4 62 54 46 38 30 22 14  6 64 56 48 40 32 24 16  8
                  57 49 41 33 25 17  9  1 59 51 43 35 27 19 11  3 61 53 45 37 29 21 13  5 63 55 47 39 31 23 15  7`,
);
const E = table(`32  1  2  3  4  5  4  5  6  7  8  9  8  9 10 11 12 13 12 13 14 15 16 17
                 16 17 18 19 20 21 20 21 22 23 24 25 24 25 26 27 28 29 28 29 30 31 32  1`);
const P = table("16 7 20 21 29 12 28 17 1 15 23 26 5 18 31 10 2 8 24 14 32 27 3 9 19 13 30 6 22 11 4 25");
/** The boxes: four rows of sixteen hexadecimal digits each. */
const S = [
  "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
  "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
  "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
  "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
  "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
  "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
  "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
  "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
].map((box) => box.split(" ").map((row) => Uint8Array.from(row, (digit) => parseInt(digit, 16))));
/** How far each round turns the halves of the key. */
const SHIFTS = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1] as const;

function bitsOf(octets: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 8 * octets.length }, (_, i) => (octets[i >> 3]! >> (7 - (i & 7))) & 1);
}

function octetsOf(bits: Uint8Array): Uint8Array {
  const octets = new Uint8Array(bits.length >> 3);
  bits.forEach((bit, i) => octets[i >> 3]! |= bit << (7 - (i & 7)));
  return octets;
}

function pick(bits: Uint8Array, positions: Uint8Array): Uint8Array {
  return positions.map((position) => bits[position - 1]!);
}

function turnLeft(bits: Uint8Array, by: number): Uint8Array {
  return Uint8Array.of(...bits.subarray(by), ...bits.subarray(0, by));
}

/** Undoes the initial permutation. */
function finalPermutation(bits: Uint8Array): Uint8Array {
  const out = new Uint8Array(64);
  IP.forEach((position, i) => out[position - 1] = bits[i]!);
  return out;
}

/** f(R, K) of FIPS 46-3. */
function cipherFunction(right: Uint8Array, subkey: Uint8Array): Uint8Array {
  const mixed = pick(right, E).map((bit, i) => bit ^ subkey[i]!);
  const out = new Uint8Array(32);
  S.forEach((rows, box) => {
    const [b0, b1, b2, b3, b4, b5] = mixed.subarray(6 * box, 6 * box + 6);
    const value = rows[2 * b0! + b5!]![8 * b1! + 4 * b2! + 2 * b3! + b4!]!;
    for (let i = 0; i < 4; i++) out[4 * box + i] = (value >> (3 - i)) & 1;
  });
  return pick(out, P);
}

/** Encrypts a block of 8 octets.
 *
 * @param key 8 octets; the lowest bit of each, parity, does not matter.
 */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const keyBits = pick(bitsOf(key), PC1);
  let c: Uint8Array = keyBits.slice(0, 28), d: Uint8Array = keyBits.slice(28);
  const bits = pick(bitsOf(block), IP);
  let left = bits.slice(0, 32), right = bits.slice(32);
  for (const shift of SHIFTS) {
    c = turnLeft(c, shift);
    d = turnLeft(d, shift);
    const mask = cipherFunction(right, pick(Uint8Array.of(...c, ...d), PC2));
    [left, right] = [right, left.map((bit, i) => bit ^ mask[i]!)];
  }
  return octetsOf(finalPermutation(Uint8Array.of(...right, ...left)));
}

/** A key of 8 octets from 7: each gets seven bits and a parity bit, here 0 (RFC 2759 §8.6). */
export function desKeyOf(seven: Uint8Array): Uint8Array {
  const bits = bitsOf(seven);
  return Uint8Array.from({ length: 8 }, (_, i) => {
    let octet = 0;
    for (let k = 0; k < 7; k++) octet |= bits[7 * i + k]! << (7 - k);
    return octet;
  });
}
