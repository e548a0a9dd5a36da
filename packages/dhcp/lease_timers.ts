/** {@linkcode LeaseTimers}: T1, T2 and the end of one lease.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import type { Lease } from "./lease.ts";

/** What becomes due. */
export interface LeaseTimerCallbacks {
  /** Ask the server. */
  readonly t1: () => void;
  /** Ask any server. */
  readonly t2: () => void;
  /** It is over. */
  readonly expiry: () => void;
}

/** The timers of a lease; all count from the moment its request left. */
export class LeaseTimers {
  readonly #t1: Timer;
  readonly #t2: Timer;
  readonly #expiry: Timer;

  /** None is armed. */
  constructor(timers: TimerQueue, callbacks: LeaseTimerCallbacks) {
    this.#t1 = timers.create(callbacks.t1);
    this.#t2 = timers.create(callbacks.t2);
    this.#expiry = timers.create(callbacks.expiry);
  }

  /** Arms all for a lease; what never comes is not armed. */
  hold(lease: Lease): void {
    armAt(this.#t1, lease.grantedAt + lease.t1Ms);
    armAt(this.#t2, lease.grantedAt + lease.t2Ms);
    armAt(this.#expiry, lease.grantedAt + lease.leaseMs);
  }

  /** Only the end is waited for, while the lease is being confirmed. */
  confirm(): void {
    this.#t1.stop();
    this.#t2.stop();
  }

  /** Disarms all. */
  stop(): void {
    this.confirm();
    this.#expiry.stop();
  }
}

/** Arms a timer, or disarms it for an instant that never comes. */
export function armAt(timer: Timer, at: number): void {
  if (at === Infinity) timer.stop();
  else timer.startAt(at);
}
