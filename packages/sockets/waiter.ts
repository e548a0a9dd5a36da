/** {@linkcode WaiterQueue}: pending operations of one socket, in order, each abortable.
 *
 * @module
 */

/** Options of an operation that can be given up. */
export interface AbortOptions {
  /** When aborted, the operation is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One pending operation. */
export class Waiter<Result> {
  /** Settles when the operation is done, failed or aborted. */
  readonly promise: Promise<Result>;
  #resolve!: (result: Result) => void;
  #reject!: (reason: unknown) => void;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  /** A pending operation that nobody waits for in a queue yet. */
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Rejects with the signal's reason as soon as it aborts, after `leave` took the operation back. */
  watch(signal: AbortSignal, leave: () => void): void {
    this.#signal = signal;
    this.#onAbort = () => {
      leave();
      this.reject(signal.reason);
    };
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Ends the operation with success. */
  resolve(result: Result): void {
    this.#unwatch();
    this.#resolve(result);
  }

  /** Ends the operation with an error. */
  reject(reason: unknown): void {
    this.#unwatch();
    this.#reject(reason);
  }

  #unwatch(): void {
    if (this.#signal === undefined) return;
    this.#signal.removeEventListener("abort", this.#onAbort!);
    this.#signal = undefined;
  }
}

/** Pending operations in the order of asking. An aborted one leaves without a trace. */
export class WaiterQueue<Result, W extends Waiter<Result> = Waiter<Result>> {
  readonly #waiters: W[] = [];

  /** How many wait. */
  get size(): number {
    return this.#waiters.length;
  }

  /** The one that waits longest. */
  get head(): W | undefined {
    return this.#waiters[0];
  }

  /** Adds an operation at the end.
   *
   * @returns its promise, rejected already when the signal is aborted.
   */
  add(waiter: W, signal: AbortSignal | undefined): Promise<Result> {
    if (signal !== undefined) {
      if (signal.aborted) {
        waiter.reject(signal.reason);
        return waiter.promise;
      }
      waiter.watch(signal, () => this.#remove(waiter));
    }
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  /** Takes the head out; the caller settles it. */
  shift(): W | undefined {
    return this.#waiters.shift();
  }

  /** Rejects all. */
  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason);
  }

  #remove(waiter: W): void {
    const index = this.#waiters.indexOf(waiter);
    if (index >= 0) this.#waiters.splice(index, 1);
  }
}
