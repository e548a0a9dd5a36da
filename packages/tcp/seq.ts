/** Data plane. Arithmetic on sequence numbers modulo 2^32 (RFC 9293 §3.4): the only file that compares them.
 *
 * A sequence number is an unsigned 32-bit integer, as printed on the wire. All comparisons hold for numbers
 * less than 2^31 apart; at exactly 2^31 each of two numbers is "less" than the other, and nothing relies on it.
 *
 * @module
 */

/** Whether `a` comes before `b`. */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Whether `a` comes before `b` or is `b`. */
export function seqLeq(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** Whether `a` comes after `b`. */
export function seqGt(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** Whether `a` comes after `b` or is `b`. */
export function seqGeq(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** `a` moved forward by `count` (which may be negative), modulo 2^32. */
export function seqAdd(a: number, count: number): number {
  return (a + count) >>> 0;
}

/** How far `a` lies behind `b`: positive when `a` is later, negative when it is earlier; −2^31 … 2^31 − 1. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** The later of the two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b;
}

/** The earlier of the two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) <= 0 ? a : b;
}

/** Whether `x` lies in the half-open range [`a`, `b`): `a` ≤ `x` < `b`. */
export function seqBetween(a: number, x: number, b: number): boolean {
  return ((x - a) >>> 0) < ((b - a) >>> 0);
}
