/** Data plane. {@linkcode Reno}: slow start, congestion avoidance (RFC 5681) and NewReno's window rules
 * (RFC 6582), counting bytes (RFC 3465), with an initial window of ten segments (RFC 6928).
 *
 * @module
 */
import {
  type CongestionControl,
  deflateWindow,
  flightAtTimeout,
  initialWindow,
  thresholdAfterLoss,
  windowAfterMark,
  windowAfterRecovery,
  windowAfterSackRecovery,
} from "./congestion.ts";

/** What a loss leaves of the window (RFC 5681 §3.1, equation 4). */
const RENO_BETA = 0.5;
/** β_ecn of Reno (RFC 8511 §3.1): what a mark leaves of the window with ABE, since queues that mark are short. */
export const RENO_BETA_ECN = 0.8;

/** Options of {@linkcode Reno}. */
export interface RenoOptions {
  /** Initial window in segments. Default 10. */
  readonly initialWindowSegments?: number;
  /** L of RFC 3465 §2.2: most segments by which one acknowledgment may open the window in slow start.
   * Default `Infinity`. Deviation: RFC 3465 §2.2 wants 2 at most; as in Linux, since receivers that merge segments (GRO) acknowledge
   * tens of them at once, and 2 would throttle slow start to a few per cent a round trip. */
  readonly byteCountingLimit?: number;
}

/** NewReno. */
export class Reno implements CongestionControl {
  /** "reno". */
  readonly name: string;
  /** Congestion window in bytes. */
  cwnd: number;
  /** Slow start threshold in bytes. */
  ssthresh: number;
  /** Not paced. */
  readonly pacingRateBps: number;
  #smss: number;
  #bytesAcked: number;
  #hasSent: boolean;
  #isAfterTimeout: boolean;
  #priorCwnd: number;
  #priorSsthresh: number;
  readonly #initialWindowSegments: number;
  readonly #byteCountingLimit: number;

  /** The congestion control of a new connection.
   *
   * @param smss sender maximum segment size in bytes.
   */
  constructor(smss: number, options: RenoOptions = {}) {
    this.name = "reno";
    this.#initialWindowSegments = options.initialWindowSegments ?? 10;
    this.#byteCountingLimit = options.byteCountingLimit ?? Infinity;
    this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.ssthresh = Infinity;
    this.pacingRateBps = Infinity;
    this.#smss = smss;
    this.#bytesAcked = 0;
    this.#hasSent = false;
    this.#isAfterTimeout = false;
    this.#priorCwnd = 0;
    this.#priorSsthresh = 0;
  }

  /** See {@linkcode CongestionControl.setMss}. A smaller SMSS scales `cwnd` down with it when nothing was acknowledged yet. */
  setMss(smss: number): void {
    if (smss === this.#smss) return;
    if (!this.#hasSent) this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.#smss = smss;
    if (this.cwnd < smss) this.cwnd = smss;
  }

  /** See {@linkcode CongestionControl.onSynLoss}. */
  onSynLoss(): void {
    this.#hasSent = true;
    this.cwnd = this.#smss;
  }

  /** See {@linkcode CongestionControl.onAck}. The window grows only while it is what limits the sender (RFC 7661 §4.2). */
  onAck(
    ackedBytes: number,
    flight: number,
    _nowMs: number,
    _rttMs: number,
    used: number = flight,
  ): void {
    this.#hasSent = true;
    const smss = this.#smss;
    if (this.cwnd < this.ssthresh) {
      // In slow start, more than half a window in flight is enough: the other half is about to be used.
      if (2 * used <= this.cwnd) return;
      // After a timeout, an acknowledgment may cover octets which left the network long ago (RFC 3465 §2.3).
      const limit = (this.#isAfterTimeout ? 1 : this.#byteCountingLimit) * smss;
      const growth = ackedBytes < limit ? ackedBytes : limit;
      const cwnd = this.cwnd + growth;
      if (cwnd <= this.ssthresh) {
        this.cwnd = cwnd;
        return;
      }
      this.cwnd = this.ssthresh;
      this.#bytesAcked += cwnd - this.ssthresh;
    } else {
      if (used + smss <= this.cwnd) return;
      this.#bytesAcked += ackedBytes;
    }
    if (this.#bytesAcked >= this.cwnd) {
      this.#bytesAcked -= this.cwnd;
      this.cwnd += smss;
      if (this.#bytesAcked > this.cwnd) this.#bytesAcked = this.cwnd;
    }
  }

  /** See {@linkcode CongestionControl.onEnterRecovery}. */
  onEnterRecovery(flight: number, _nowMs: number, isSack: boolean): void {
    this.#reduce(flight);
    this.cwnd = isSack ? this.ssthresh : this.ssthresh + 3 * this.#smss;
  }

  /** See {@linkcode CongestionControl.onDuplicateAck}. */
  onDuplicateAck(): void {
    this.cwnd += this.#smss;
  }

  /** See {@linkcode CongestionControl.onPartialAck}. */
  onPartialAck(ackedBytes: number): void {
    this.cwnd = deflateWindow(this.cwnd, ackedBytes, this.#smss);
  }

  /** See {@linkcode CongestionControl.onExitRecovery}. */
  onExitRecovery(flight: number, _nowMs: number, isSack: boolean): void {
    this.cwnd = isSack
      ? windowAfterSackRecovery(flight, this.ssthresh, this.#smss)
      : windowAfterRecovery(flight, this.ssthresh, this.#smss);
  }

  /** See {@linkcode CongestionControl.onRetransmissionTimeout}. */
  onRetransmissionTimeout(flight: number, _nowMs: number, isRepeated: boolean): void {
    if (!isRepeated) this.#reduce(flightAtTimeout(flight, this.cwnd, this.ssthresh, RENO_BETA));
    this.cwnd = this.#smss;
    this.#bytesAcked = 0;
    this.#isAfterTimeout = true;
  }

  /** See {@linkcode CongestionControl.onTimeoutRecovered}. */
  onTimeoutRecovered(): void {
    this.#isAfterTimeout = false;
  }

  /** See {@linkcode CongestionControl.onIdleRestart}: `cwnd` falls to the restart window, `ssthresh` remembers three quarters. */
  onIdleRestart(_idleMs: number, _rtoMs: number): void {
    const restart = initialWindow(this.#smss, this.#initialWindowSegments);
    if (this.cwnd <= restart) return;
    const remembered = (this.cwnd * 3) / 4;
    if (this.ssthresh < remembered) this.ssthresh = remembered;
    this.cwnd = restart;
    this.#bytesAcked = 0;
  }

  /** See {@linkcode CongestionControl.onEcnEcho}: RFC 3168 §6.1.2, ABE by RFC 8511 §3.1. */
  onEcnEcho(flight: number, _nowMs: number, isAlternative: boolean = false): void {
    const beta = isAlternative ? RENO_BETA_ECN : RENO_BETA;
    this.#reduce(flight, beta);
    this.cwnd = windowAfterMark(flight * beta, this.cwnd, this.#smss);
  }

  /** See {@linkcode CongestionControl.takeOver}. */
  takeOver(cwnd: number, ssthresh: number): void {
    this.cwnd = cwnd;
    this.ssthresh = ssthresh;
    this.#hasSent = true;
  }

  /** See {@linkcode CongestionControl.undo}. */
  undo(): void {
    if (this.#priorCwnd === 0) return;
    if (this.cwnd < this.#priorCwnd) this.cwnd = this.#priorCwnd;
    this.ssthresh = this.#priorSsthresh;
    this.#priorCwnd = 0;
    this.#isAfterTimeout = false;
  }

  /** Equation 4 of RFC 5681: `beta` of what was in flight, half of it after a loss; two segments at least. */
  #reduce(flight: number, beta: number = RENO_BETA): void {
    this.#priorCwnd = this.cwnd;
    this.#priorSsthresh = this.ssthresh;
    this.ssthresh = thresholdAfterLoss(flight * beta, this.#smss);
    this.#bytesAcked = 0;
    this.#hasSent = true;
  }
}
