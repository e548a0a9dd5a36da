/** {@linkcode TokenBucket}: limits how often something is sent (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)).
 *
 * @module
 */
import type { Clock, Random } from "@lightwire/netif";
import type { RateLimit } from "./ip_options.ts";

/** A bucket that fills at a steady rate up to a bound. Needs no timer: it looks at the clock when asked. */
export class TokenBucket {
  /** Requests refused so far. */
  refused = 0;
  readonly #clock: Clock;
  readonly #random: Random | undefined;
  readonly #limit: RateLimit;
  #tokens: number;
  #filledAt: number;

  /** @param random takes up to two tokens more now and then, so that an attacker cannot count ours to learn which
   * of its probes was answered (CVE-2020-25705).
   */
  constructor(clock: Clock, limit: RateLimit, random?: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#filledAt = clock.now();
  }

  /** Takes one token.
   *
   * @returns false when there is none.
   */
  take(): boolean {
    const { perSecond, burst } = this.#limit;
    if (perSecond === Infinity) return true;
    const now = this.#clock.now();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) * perSecond / 1000);
    this.#filledAt = now;
    if (this.#tokens < 1) {
      this.refused++;
      return false;
    }
    this.#tokens -= 1;
    if (this.#random !== undefined && this.#tokens > 3) {
      this.#tokens -= (this.#random.uint32() & 7) === 0 ? 2 : 0;
    }
    return true;
  }
}
