/** {@linkcode Draw}: choices at random, for swarm parameters and for applications.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";

/** A random stream with the questions that a simulation asks of it. */
export class Draw {
  readonly #random: Random;

  /** Takes all its chance from `random`. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** A number in `[0, 1)`. */
  unit(): number {
    return this.#random.uint32() / 0x1_0000_0000;
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** A number whose logarithm is uniform between those of `low` and `high`: over orders of magnitude. */
  magnitude(low: number, high: number): number {
    return low * Math.pow(high / low, this.unit());
  }

  /** As {@linkcode magnitude}, rounded. */
  intMagnitude(low: number, high: number): number {
    return Math.round(this.magnitude(low, high));
  }

  /** One of them. */
  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.unit() * choices.length)]!;
  }

  /** `length` bytes. */
  bytes(length: number): Uint8Array {
    const words = new Uint32Array((length + 3) >> 2);
    for (let i = 0; i < words.length; i++) words[i] = this.#random.uint32();
    return new Uint8Array(words.buffer, 0, length);
  }
}
