/** {@linkcode RechallengeTimer}: when a server wants another proof from a peer that is in (RFC 1994 §2).
 *
 * @module
 */
import { randomBelow, type Timer } from "@lightwire/netif";
import type { AuthenticationContext } from "./authentication.ts";

/** An interval that is a random quarter longer or shorter each time, so that nobody can wait for its end. */
export class RechallengeTimer {
  readonly #context: AuthenticationContext;
  readonly #timer: Timer;
  readonly #intervalMs: number;

  /** Makes a timer that does not run.
   *
   * @param intervalMs 0 for one that never runs.
   */
  constructor(context: AuthenticationContext, intervalMs: number, expired: () => void) {
    this.#context = context;
    this.#timer = context.timers.create(expired);
    this.#intervalMs = intervalMs;
  }

  /** Runs once. */
  start(): void {
    if (this.#intervalMs === 0) return;
    const quarter = Math.floor(this.#intervalMs / 4);
    this.#timer.start(this.#intervalMs - quarter + randomBelow(this.#context.random, 2 * quarter + 1));
  }

  /** Does not run. */
  stop(): void {
    this.#timer.stop();
  }
}
