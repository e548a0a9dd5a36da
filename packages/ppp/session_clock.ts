/** {@linkcode SessionClock}: how long a session may last, and how long it may be without traffic.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";

/** Options of {@linkcode SessionClock}. */
export interface SessionClockOptions {
  /** Ends a session over which no IP packet has passed for so long, in milliseconds; never by default. */
  readonly idleMs?: number;
  /** Ends a session so long after IP began to flow, in milliseconds; never by default. */
  readonly maxSessionMs?: number;
}

/** The two timers of one session. Neither exists unless asked for. */
export class SessionClock {
  readonly #idle: Timer | undefined;
  readonly #max: Timer | undefined;
  readonly #idleMs: number;
  readonly #maxSessionMs: number;
  #isRunning = false;

  /** Makes a clock that stands still.
   *
   * @param expired Called at most once for each {@linkcode start}.
   */
  constructor(
    timers: TimerQueue,
    expired: (end: "idle-timeout" | "max-session") => void,
    options: SessionClockOptions = {},
  ) {
    this.#idleMs = options.idleMs ?? 0;
    this.#maxSessionMs = options.maxSessionMs ?? 0;
    if (this.#idleMs > 0) this.#idle = timers.create(() => expired("idle-timeout"));
    if (this.#maxSessionMs > 0) this.#max = timers.create(() => expired("max-session"));
  }

  /** Whether anybody wants to know of traffic. */
  get watchesTraffic(): boolean {
    return this.#idle !== undefined;
  }

  /** IP flows; harmless when it did already. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#idle?.start(this.#idleMs);
    this.#max?.start(this.#maxSessionMs);
  }

  /** An IP packet has passed. */
  traffic(): void {
    if (this.#idle !== undefined && this.#isRunning) this.#idle.start(this.#idleMs);
  }

  /** The session is over. */
  stop(): void {
    this.#isRunning = false;
    this.#idle?.stop();
    this.#max?.stop();
  }
}
