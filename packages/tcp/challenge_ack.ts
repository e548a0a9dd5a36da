/** Data plane. {@linkcode ChallengeAckLimiter}: how many challenge ACKs a host sends (RFC 5961 §7).
 *
 * A fixed number per second, shared by all connections, tells an observer whether his guesses about somebody
 * else's connection drew answers (CVE-2016-5696). So the limit of each second is drawn at random, and each
 * connection has a limit of its own.
 *
 * @module
 */
import { type Random, randomBelow } from "@lightwire/netif";

/** Default: challenge ACKs a second on average, all connections together. */
export const DEFAULT_CHALLENGE_ACKS_PER_SECOND = 1000;
/** Default: least time between two answers to invalid segments of one connection. */
export const DEFAULT_INVALID_ACK_INTERVAL_MS = 500;

/** The limit of one stack. */
export class ChallengeAckLimiter {
  /** Challenge ACKs allowed. */
  sent: number;
  /** Challenge ACKs refused. */
  suppressed: number;
  readonly #random: Random;
  readonly #perSecond: number;
  #windowStartMs: number;
  #remaining: number;

  /** A limiter which has sent nothing yet.
   *
   * @param random draws each second's limit.
   * @param perSecond the average.
   */
  constructor(random: Random, perSecond: number = DEFAULT_CHALLENGE_ACKS_PER_SECOND) {
    this.sent = 0;
    this.suppressed = 0;
    this.#random = random;
    this.#perSecond = perSecond;
    this.#windowStartMs = -Infinity;
    this.#remaining = 0;
  }

  /** Asks to send one challenge ACK, and counts it. */
  allow(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      const half = this.#perSecond >> 1;
      this.#remaining = half + randomBelow(this.#random, this.#perSecond > 0 ? this.#perSecond : 1);
    }
    if (this.#remaining <= 0) {
      this.suppressed++;
      return false;
    }
    this.#remaining--;
    this.sent++;
    return true;
  }
}

/** Whether a connection which answered an invalid segment at `lastAtMs` (−Infinity: never) may do so again: an
 * out-of-window segment or a challenge draws one ACK per interval, so that two confused hosts cannot keep each
 * other busy (an ACK loop). */
export function mayAnswerInvalid(
  lastAtMs: number,
  nowMs: number,
  intervalMs: number = DEFAULT_INVALID_ACK_INTERVAL_MS,
): boolean {
  return nowMs - lastAtMs >= intervalMs;
}
