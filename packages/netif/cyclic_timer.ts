/** {@linkcode CyclicTimer}: a handler that runs again and again, while it is needed.
 *
 * @module
 */
import type { Timer, TimerQueue } from "./timers.ts";

/** Runs a callback at a fixed pace; made by {@linkcode TimerQueue.cyclic}.
 *
 * It is re-armed from the instant at which it was due, not from the one at which it ran, so that the pace does not drift. If the
 * clock jumped by an interval or more, the missed runs are skipped. */
export class CyclicTimer {
  /** Milliseconds from one run to the next. */
  readonly intervalMs: number;
  readonly #queue: TimerQueue;
  readonly #timer: Timer;
  readonly #callback: () => void;
  #isActive = false;
  #dueAt = Infinity;

  /** For {@linkcode TimerQueue.cyclic} only. */
  constructor(queue: TimerQueue, intervalMs: number, callback: () => void) {
    this.intervalMs = intervalMs;
    this.#queue = queue;
    this.#callback = callback;
    this.#timer = queue.create(() => this.#fire());
  }

  /** Whether it was started and not stopped since, {@linkcode TimerQueue.stopCyclic} aside. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Starts it: the first run is one interval from now. Harmless when it is active. */
  start(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#queue.addCyclic(this);
  }

  /** Stops it; harmless when it is not active. */
  stop(): void {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#timer.stop();
    this.#queue.removeCyclic(this);
  }

  /** Arms or disarms the timer below. For {@linkcode TimerQueue} only. */
  setArmed(isArmed: boolean): void {
    if (!isArmed) this.#timer.stop();
    else if (!this.#timer.isArmed) this.#arm(this.#queue.clock.now() + this.intervalMs);
  }

  #arm(at: number): void {
    this.#dueAt = at;
    this.#timer.startAt(at);
  }

  #fire(): void {
    const now = this.#queue.clock.now();
    const isFarBehind = now - this.#dueAt >= this.intervalMs;
    this.#arm((isFarBehind ? now : this.#dueAt) + this.intervalMs);
    this.#callback();
  }
}
