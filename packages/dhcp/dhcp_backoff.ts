/** {@linkcode DhcpBackoff}: the pauses between transmissions (RFC 2131 §4.1, §4.4.5).
 *
 * @module
 */
import { type Random, randomUnit } from "@lightwire/netif";

/** Pauses of a {@linkcode DhcpBackoff}. */
export interface DhcpBackoffOptions {
  /** Before the first retransmission; default 4,000 ms. */
  readonly initialMs?: number;
  /** Longest; default 64,000 ms. */
  readonly maxMs?: number;
  /** Each pause is off by up to this much either way; default 1,000 ms. */
  readonly jitterMs?: number;
}

/** Doubling pauses, 4, 8, 16, 32, 64, 64 … seconds, each with up to one second of chance either way, so that clients
 * which started together do not go on together. */
export class DhcpBackoff {
  readonly #random: Random;
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #jitterMs: number;
  /** Pauses given out since {@linkcode reset}. */
  count = 0;

  /** Starts with the shortest pause. */
  constructor(random: Random, options: DhcpBackoffOptions = {}) {
    this.#random = random;
    this.#initialMs = options.initialMs ?? 4000;
    this.#maxMs = options.maxMs ?? 64000;
    this.#jitterMs = options.jitterMs ?? 1000;
  }

  /** The next pause in milliseconds, never negative. */
  nextMs(): number {
    const ms = Math.min(this.#initialMs * 2 ** Math.min(this.count++, 30), this.#maxMs);
    return Math.max(0, ms + (2 * randomUnit(this.#random) - 1) * this.#jitterMs);
  }

  /** Starts over with the shortest pause. */
  reset(): void {
    this.count = 0;
  }
}

/** When to repeat a request to extend a lease: after half of the time that is left, but not sooner than `minMs`
 * (RFC 2131 §4.4.5).
 *
 * @param until when T2, or the lease, is over.
 * @returns the instant, or `Infinity` when none is left before `until`.
 */
export function extensionRetryAt(now: number, until: number, minMs: number): number {
  if (until === Infinity) return now + minMs;
  const at = now + Math.max((until - now) / 2, minMs);
  return at < until ? at : Infinity;
}
