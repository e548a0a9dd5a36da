/** Data plane. {@linkcode Policer}: drops what exceeds a rate, without a queue.
 *
 * @module
 */

/** A token bucket (RFC 2475 §2.3.3.3) that starts full. */
export class Policer {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #tokens: number;
  #filledAt: number;

  /** @param bytesPerMs rate at which tokens come. @param burstBytes most tokens there can be. */
  constructor(bytesPerMs: number, burstBytes: number) {
    this.#bytesPerMs = bytesPerMs;
    this.#burstBytes = burstBytes;
    this.#tokens = burstBytes;
    this.#filledAt = -Infinity;
  }

  /** Whether a frame of `length` bytes conforms at the instant `now`, in milliseconds; if so, its tokens are taken. */
  take(length: number, now: number): boolean {
    const filled = this.#tokens + (now - this.#filledAt) * this.#bytesPerMs;
    this.#tokens = filled < this.#burstBytes ? filled : this.#burstBytes;
    this.#filledAt = now;
    if (this.#tokens < length) return false;
    this.#tokens -= length;
    return true;
  }
}
