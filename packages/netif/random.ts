/** The entropy contract and a seeded generator for reproducible runs.
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
