/** {@linkcode EventStream}: turns callbacks into one async iteration.
 *
 * @module
 */
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** A queue between callbacks that push and one reader that takes. */
export class EventStream<T> {
  readonly #events: T[] = [];
  readonly #waiters: WaiterQueue<T | undefined> = new WaiterQueue();
  #isEnded = false;

  /** Adds an event. */
  push(event: T): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve(event);
    else this.#events.push(event);
  }

  /** No more events come. */
  end(): void {
    this.#isEnded = true;
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.resolve(undefined);
    }
  }

  /** The next event; `undefined` when there are no more.
   *
   * Rejected with the signal's reason when that aborts.
   */
  next(options?: AbortOptions): Promise<T | undefined> {
    if (options?.signal?.aborted !== true) {
      const event = this.#events.shift();
      if (event !== undefined || this.#isEnded) return Promise.resolve(event);
    }
    return this.#waiters.add(new Waiter(), options?.signal);
  }
}
