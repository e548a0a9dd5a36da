/** SipHash-2-4, a keyed hash for short inputs (Aumasson and Bernstein, 2012), on 32-bit halves.
 *
 * @module
 */

/** A 128-bit key as four words: bytes 0–3 of the key, little-endian, are the first. */
export type SipHashKey = readonly [number, number, number, number];

/** A SipHash function with its state; one instance serves many hashes, one after the other. */
export class SipHash {
  /** Bits 31–0 of the last hash, unsigned. */
  low: number;
  /** Bits 63–32 of the last hash, unsigned. */
  high: number;
  readonly #key: SipHashKey;
  #v0l: number;
  #v0h: number;
  #v1l: number;
  #v1h: number;
  #v2l: number;
  #v2h: number;
  #v3l: number;
  #v3h: number;

  /** A hash function.
   *
   * @param key a secret.
   */
  constructor(key: SipHashKey) {
    this.low = 0;
    this.high = 0;
    this.#key = key;
    this.#v0l = 0;
    this.#v0h = 0;
    this.#v1l = 0;
    this.#v1h = 0;
    this.#v2l = 0;
    this.#v2h = 0;
    this.#v3l = 0;
    this.#v3h = 0;
  }

  /** Hashes `count` words, each as four bytes in little-endian order.
   *
   * @returns `low`.
   */
  hash(words: Uint32Array, count: number): number {
    const [k0l, k0h, k1l, k1h] = this.#key;
    this.#v0l = k0l ^ 0x70736575;
    this.#v0h = k0h ^ 0x736f6d65;
    this.#v1l = k1l ^ 0x6e646f6d;
    this.#v1h = k1h ^ 0x646f7261;
    this.#v2l = k0l ^ 0x6e657261;
    this.#v2h = k0h ^ 0x6c796765;
    this.#v3l = k1l ^ 0x79746573;
    this.#v3h = k1h ^ 0x74656462;
    let i = 0;
    for (; i + 1 < count; i += 2) this.#compress(words[i]!, words[i + 1]!);
    this.#compress(i < count ? words[i]! : 0, (count * 4) << 24);
    this.#v2l ^= 0xff;
    for (let round = 0; round < 4; round++) this.#round();
    this.low = (this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l) >>> 0;
    this.high = (this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h) >>> 0;
    return this.low;
  }

  #compress(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#round();
    this.#round();
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  #round(): void {
    let v0l = this.#v0l, v0h = this.#v0h, v1l = this.#v1l, v1h = this.#v1h;
    let v2l = this.#v2l, v2h = this.#v2h, v3l = this.#v3l, v3h = this.#v3h;
    let sum: number, t: number;

    sum = (v0l >>> 0) + (v1l >>> 0);
    v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0l = sum | 0;
    t = (v1l << 13) | (v1h >>> 19);
    v1h = (v1h << 13) | (v1l >>> 19);
    v1l = t ^ v0l;
    v1h ^= v0h;
    t = v0l;
    v0l = v0h;
    v0h = t;

    sum = (v2l >>> 0) + (v3l >>> 0);
    v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2l = sum | 0;
    t = (v3l << 16) | (v3h >>> 16);
    v3h = (v3h << 16) | (v3l >>> 16);
    v3l = t ^ v2l;
    v3h ^= v2h;

    sum = (v0l >>> 0) + (v3l >>> 0);
    v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0l = sum | 0;
    t = (v3l << 21) | (v3h >>> 11);
    v3h = (v3h << 21) | (v3l >>> 11);
    v3l = t ^ v0l;
    v3h ^= v0h;

    sum = (v2l >>> 0) + (v1l >>> 0);
    v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2l = sum | 0;
    t = (v1l << 17) | (v1h >>> 15);
    v1h = (v1h << 17) | (v1l >>> 15);
    v1l = t ^ v2l;
    v1h ^= v2h;
    t = v2l;
    v2l = v2h;
    v2h = t;

    this.#v0l = v0l;
    this.#v0h = v0h;
    this.#v1l = v1l;
    this.#v1h = v1h;
    this.#v2l = v2l;
    this.#v2h = v2h;
    this.#v3l = v3l;
    this.#v3h = v3h;
  }
}
