/** Data plane. {@linkcode AesCmac}: a keyed digest made of a block cipher, AES-CMAC (RFC 4493).
 *
 * @module
 */
import { Aes128 } from "./aes128.ts";

const BLOCK_BYTES = 16;
/** R_128 of RFC 4493 §2.3. */
const REDUCTION = 0x87;

/** AES-128-CMAC under one key, for any number of messages, one after the other. */
export class AesCmac {
  /** Octets of a digest. */
  readonly digestLength: number = BLOCK_BYTES;
  readonly #cipher: Aes128;
  /** K1 and K2 (§2.3): which of them goes into the last block tells whether it was full. */
  readonly #whole: Int32Array;
  readonly #padded: Int32Array;
  /** X of §2.4, with the octets of the block that is being filled. */
  readonly #chain: Int32Array;
  /** Octets of that block, 1 … 16 once there were any: a block that is full may be the last one. */
  #filled: number;

  /** No message yet.
   *
   * @param key 16 octets; not kept.
   * @throws {RangeError} if it has another length. */
  constructor(key: Uint8Array) {
    this.#cipher = new Aes128(key);
    this.#chain = new Int32Array(4);
    this.#filled = 0;
    const zero = new Int32Array(4);
    this.#cipher.encrypt(zero);
    this.#whole = double(zero);
    this.#padded = double(this.#whole);
  }

  /** Begins a message. */
  reset(): void {
    this.#chain.fill(0);
    this.#filled = 0;
  }

  /** Takes octets `start` … `end` − 1 of `bytes` in. */
  update(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const chain = this.#chain;
    let filled = this.#filled;
    while (start < end) {
      if (filled === BLOCK_BYTES) {
        this.#cipher.encrypt(chain);
        filled = 0;
      }
      if ((filled & 3) === 0 && end - start >= 4) {
        chain[filled >> 2]! ^= (bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) |
          bytes[start + 3]!;
        start += 4;
        filled += 4;
      } else {
        chain[filled >> 2]! ^= bytes[start++]! << (24 - 8 * (filled & 3));
        filled++;
      }
    }
    this.#filled = filled;
  }

  /** Ends the message: writes 16 octets at `at` of `out`. */
  digestInto(out: Uint8Array, at: number): void {
    const chain = this.#chain;
    const filled = this.#filled;
    if (filled < BLOCK_BYTES) chain[filled >> 2]! ^= 0x80 << (24 - 8 * (filled & 3));
    const subkey = filled < BLOCK_BYTES ? this.#padded : this.#whole;
    for (let i = 0; i < 4; i++) chain[i]! ^= subkey[i]!;
    this.#cipher.encrypt(chain);
    for (let i = 0; i < BLOCK_BYTES; i++) out[at + i] = chain[i >> 2]! >>> (24 - 8 * (i & 3));
  }
}

/** Multiplies by x in GF(2¹²⁸) (RFC 4493 §2.3). */
function double(block: Int32Array): Int32Array {
  const doubled = new Int32Array(4);
  for (let i = 0; i < 4; i++) doubled[i] = (block[i]! << 1) | (i < 3 ? block[i + 1]! >>> 31 : 0);
  if (block[0]! < 0) doubled[3]! ^= REDUCTION;
  return doubled;
}

/** The AES-128-CMAC of one message: 16 octets.
 *
 * @param key 16 octets.
 * @throws {RangeError} if the key has another length. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const mac = new AesCmac(key);
  mac.update(message);
  const digest = new Uint8Array(BLOCK_BYTES);
  mac.digestInto(digest, 0);
  return digest;
}
