/** {@linkcode VirtualClock}: time that moves only when told to.
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** A {@linkcode Clock} for tests and simulations.
 *
 * @example Time stands still until somebody moves it
 * ```ts
 * import { VirtualClock } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const clock = new VirtualClock();
 * clock.advance(1.5);
 * assert.equal(clock.now(), 1.5);
 * ```
 */
export class VirtualClock implements Clock {
  #nowMs: number;

  /** A clock that stands still.
   *
   * @param startMs what it shows first, in milliseconds.
   * @throws {RangeError} if that is not finite.
   */
  constructor(startMs: number = 0) {
    if (!Number.isFinite(startMs)) throw new RangeError(`Cannot start a clock at ${startMs} ms`);
    this.#nowMs = startMs;
  }

  /** {@inheritDoc Clock.now} */
  now(): number {
    return this.#nowMs;
  }

  /** Moves it forward by `ms` milliseconds; runs nothing.
   *
   * @throws {RangeError} if `ms` is negative or not finite.
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`Cannot advance a clock by ${ms} ms`);
    this.#nowMs += ms;
  }

  /** Moves it forward to the instant `at`; runs nothing.
   *
   * @throws {RangeError} if `at` lies in the past or is not finite.
   */
  advanceTo(at: number): void {
    if (!(at >= this.#nowMs && at < Infinity)) {
      throw new RangeError(`Cannot set a clock from ${this.#nowMs} ms to ${at} ms`);
    }
    this.#nowMs = at;
  }
}
