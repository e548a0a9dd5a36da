/** Data plane. {@linkcode RtoEstimator}: the retransmission timeout (RFC 6298).
 *
 * @module
 */

/** Options of {@linkcode RtoEstimator}; times in milliseconds. */
export interface RtoOptions {
  /** RTO before the first sample (RFC 6298 §2.1). Default 1,000. */
  readonly initialMs?: number;
  /** Least RTO. Default 200, as Linux. Deviation: RFC 6298 §2.4 asks for 1 s, because of 500 ms clocks of its day. */
  readonly minMs?: number;
  /** Most RTO, back-off included (RFC 6298 §2.5). Default 120,000. */
  readonly maxMs?: number;
  /** G: the clock's granularity. Default 1. */
  readonly granularityMs?: number;
  /** What the variance term 4·RTTVAR counts as at least. Default `minMs`, as Linux, so that a delayed
   * acknowledgment on a path of constant delay is not taken for a loss; 0 is the RFC's formula to the letter. */
  readonly varianceFloorMs?: number;
}

/** RTO to use for data when the SYN had to be retransmitted and gave no sample (RFC 6298 §5.7). */
export const FALLBACK_RTO_MS = 3000;

interface RtoLimits {
  readonly initialMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly varianceFloorMs: number;
}

/** Connections of one layer share their options, and so their limits. */
const limitsByOptions = new WeakMap<RtoOptions, RtoLimits>();

function limitsOf(options: RtoOptions): RtoLimits {
  let limits = limitsByOptions.get(options);
  if (limits === undefined) {
    const minMs = options.minMs ?? 200;
    const varianceFloorMs = Math.max(options.varianceFloorMs ?? minMs, options.granularityMs ?? 1);
    limits = {
      initialMs: options.initialMs ?? 1000,
      minMs,
      maxMs: options.maxMs ?? 120_000,
      varianceFloorMs,
    };
    limitsByOptions.set(options, limits);
  }
  return limits;
}

/** SRTT, RTTVAR and RTO of one connection. */
export class RtoEstimator {
  /** Smoothed round-trip time; 0 before the first sample. */
  srttMs: number;
  /** Round-trip time variation. */
  rttvarMs: number;
  /** The timeout to arm, back-off included. */
  rtoMs: number;
  /** Smallest sample so far, `Infinity` before the first. */
  minRttMs: number;
  /** The last sample, 0 before the first. */
  latestRttMs: number;
  /** How often the timeout was doubled since the last {@linkcode resetBackOff}. */
  backOffCount: number;
  readonly #limits: RtoLimits;

  /** An estimator without a sample.
   *
   * @param options limits; see each for its default.
   */
  constructor(options: RtoOptions = {}) {
    this.#limits = limitsOf(options);
    this.srttMs = 0;
    this.rttvarMs = 0;
    this.rtoMs = this.#limits.initialMs;
    this.minRttMs = Infinity;
    this.latestRttMs = 0;
    this.backOffCount = 0;
  }

  /** Whether there was a sample. */
  get hasSample(): boolean {
    return this.minRttMs !== Infinity;
  }

  /** Takes a sample of an unambiguous round trip (Karn's rule is the caller's, RFC 6298 §3) and undoes the back-off.
   *
   * @param rttMs the measured time, ≥ 0.
   * @param samplesPerRtt how many samples a round trip is expected to give, ⌈FlightSize / (2·SMSS)⌉: the gains
   * are divided by it (RFC 7323 appendix G).
   */
  sample(rttMs: number, samplesPerRtt: number = 1): void {
    if (!(rttMs >= 0)) return;
    this.latestRttMs = rttMs;
    if (this.minRttMs === Infinity) {
      this.srttMs = rttMs;
      this.rttvarMs = rttMs / 2;
      this.minRttMs = rttMs;
    } else {
      if (rttMs < this.minRttMs) this.minRttMs = rttMs;
      const n = samplesPerRtt < 1 ? 1 : samplesPerRtt;
      const deviation = Math.abs(this.srttMs - rttMs);
      this.rttvarMs += (deviation - this.rttvarMs) / (4 * n);
      this.srttMs += (rttMs - this.srttMs) / (8 * n);
    }
    this.resetBackOff();
  }

  /** The timer expired: doubles the timeout (RFC 6298 §5.5). */
  backOff(): void {
    this.backOffCount++;
    const doubled = this.rtoMs * 2;
    this.rtoMs = doubled < this.#limits.maxMs ? doubled : this.#limits.maxMs;
  }

  /** Takes one doubling back: the timer expired since a router has no way to the peer, and not because of congestion (RFC 6069 §4.1).
   *
   * @returns false when there is none.
   */
  revertBackOff(): boolean {
    if (this.backOffCount === 0) return false;
    const count = this.backOffCount - 1;
    this.resetBackOff();
    this.backOffCount = count;
    const { maxMs } = this.#limits;
    const backedOff = this.rtoMs * 2 ** count;
    this.rtoMs = backedOff < maxMs ? backedOff : maxMs;
    return true;
  }

  /** New data was acknowledged: the timeout follows from SRTT and RTTVAR again. */
  resetBackOff(): void {
    this.backOffCount = 0;
    if (this.minRttMs === Infinity) {
      this.rtoMs = this.#limits.initialMs;
      return;
    }
    const variance = 4 * this.rttvarMs;
    const rto = this.srttMs +
      (variance > this.#limits.varianceFloorMs ? variance : this.#limits.varianceFloorMs);
    this.rtoMs = rto < this.#limits.minMs
      ? this.#limits.minMs
      : rto > this.#limits.maxMs
      ? this.#limits.maxMs
      : rto;
  }

  /** A timeout was for nothing: the back-off falls to what serves a path whose round trip is not known (RFC 4015 §3.2, step 7; RFC 6298
   * §5.7), until the next sample. */
  limitBackOff(): void {
    const backedOffMs = this.rtoMs;
    this.resetBackOff();
    if (this.rtoMs < FALLBACK_RTO_MS) this.rtoMs = FALLBACK_RTO_MS;
    if (this.rtoMs > backedOffMs) this.rtoMs = backedOffMs;
  }

  /** The handshake is over but its SYN had to be repeated: without a sample, data starts with 3 s (RFC 6298 §5.7). */
  fallBackAfterSynLoss(): void {
    this.backOffCount = 0;
    if (this.minRttMs === Infinity) {
      const { initialMs, maxMs } = this.#limits;
      this.rtoMs = Math.max(Math.min(FALLBACK_RTO_MS, maxMs), initialMs);
    }
  }
}
