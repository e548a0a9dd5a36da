/** The entropy contract and a seeded generator for reproducible runs.
 *
 * @example The same seed, the same numbers; another purpose, others
 * ```ts
 * import { deriveRandom, seededRandom } from "@lightwire/netif/random";
 * import assert from "node:assert/strict";
 *
 * assert.equal(seededRandom(1).uint32(), seededRandom(1).uint32());
 * assert.notEqual(deriveRandom(1, "loss").uint32(), deriveRandom(1, "delay").uint32());
 * ```
 *
 * @module
 */

/** A source of random numbers. */
export interface Random {
  /** A uniformly distributed unsigned 32-bit integer. */
  uint32(): number;
}

/** A uniform integer in `[0, bound)`; `bound` is 1 … 2^32. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 0x1_0000_0000) * bound);
}

/** A uniform number in `[0, 1)`, in steps of 2^-32. */
export function randomUnit(random: Random): number {
  return random.uint32() / 0x1_0000_0000;
}

/** A generator that gives the same numbers for the same seed, on every machine. Predictable: never for
 * anything that an attacker must not guess.
 *
 * @param seed any number or text.
 */
export function seededRandom(seed: number | string): Random {
  return new Xoshiro128(String(seed));
}

/** A generator for one purpose of a seeded run: each name has a stream of its own, so that a new purpose does not
 * change the numbers which the others see. */
export function deriveRandom(seed: number | string, name: string): Random {
  return new Xoshiro128(`${seed}\0${name}`);
}

/** xoshiro128** of Blackman and Vigna, its state filled by splitmix32 from a hash (FNV-1a) of the seed. */
class Xoshiro128 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: string) {
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#a = mix(hash + 0x9e3779b9);
    this.#b = mix(hash + 0x3c6ef372);
    this.#c = mix(hash + 0xdaa66d2b);
    this.#d = mix(hash + 0x78dde6e4) | 1; // the state must not be all zero
  }

  uint32(): number {
    const x = Math.imul(this.#b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }
}

function mix(z: number): number {
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
