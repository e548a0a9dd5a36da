/** Data plane. {@linkcode Cubic}: congestion control for fast long-distance paths (RFC 9438), with HyStart++ (RFC 9406) in
 * the first slow start.
 *
 * After a loss the window returns to where it was, W_max, along a cubic function of **time**: fast at first, flat near W_max,
 * then fast again in search of more. What Reno would reach is a lower bound.
 *
 * ```text
 *   cwnd
 *    │            W_max          ╱
 *    │╲             ╭───────────╯   convex: looks for more
 *    │ ╲        ╭───╯
 *    │  ╲    ╭──╯                   concave: back to W_max
 *    │   ╲ β╱
 *    └────┴──────────┬──────────▶ t
 *         0          K
 * ```
 *
 * Windows are bytes here, so that C is multiplied by SMSS; times are milliseconds outside of the formulae.
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
import { HyStart } from "./hystart.ts";

/** β_cubic (RFC 9438 §4.6): what a loss leaves of the window. */
export const CUBIC_BETA = 0.7;
/** β_ecn of CUBIC (RFC 8511 §3.1): what a mark leaves of the window with ABE. */
export const CUBIC_BETA_ECN = 0.85;
/** C (RFC 9438 §5.1), in segments per cubic second: how fast the window grows. */
export const CUBIC_C = 0.4;
/** α_cubic (RFC 9438 §4.3): segments per round trip with which Reno would hold the same average while halving less. */
export const CUBIC_ALPHA = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);

/** Options of {@linkcode Cubic}. */
export interface CubicOptions {
  /** Initial window in segments. Default 10. */
  readonly initialWindowSegments?: number;
  /** Yield to newcomers: a window that did not get back to W_max lowers W_max further (RFC 9438 §4.7). Default true. */
  readonly fastConvergence?: boolean;
  /** HyStart++ in the first slow start. Default true. */
  readonly hystart?: boolean;
}

/** K: seconds until W_cubic is W_max (RFC 9438 §4.2, equation 2).
 *
 * @param smss bytes.
 */
export function cubicK(wMax: number, cwndEpoch: number, smss: number): number {
  return wMax > cwndEpoch ? Math.cbrt((wMax - cwndEpoch) / (CUBIC_C * smss)) : 0;
}

/** W_cubic(t) in bytes (RFC 9438 §4.2, equation 1).
 *
 * @param seconds t: time since congestion avoidance began.
 * @param k see {@linkcode cubicK}.
 */
export function cubicWindow(seconds: number, k: number, wMax: number, smss: number): number {
  const d = seconds - k;
  return CUBIC_C * smss * d * d * d + wMax;
}

/** What a congestion event changes, as it was before: it may have been none (RFC 9438 §4.9). */
interface BeforeEvent {
  readonly cwnd: number;
  readonly ssthresh: number;
  readonly wMax: number;
  readonly k: number;
  readonly epochMs: number;
  readonly wEst: number;
  readonly cwndPrior: number;
  readonly isHystartOver: boolean;
  readonly hystart: HyStart | undefined;
}

/** CUBIC. */
export class Cubic implements CongestionControl {
  /** "cubic". */
  readonly name: string;
  /** Congestion window in bytes. */
  cwnd: number;
  /** Slow start threshold in bytes. */
  ssthresh: number;
  /** Not paced. */
  readonly pacingRateBps: number;
  #smss: number;
  #hasSent: boolean;
  #isAfterTimeout: boolean;
  /** The first slow start, the only one with HyStart++ (RFC 9406 §4.2), is over. */
  #isHystartOver: boolean;
  /** Made with the first acknowledgment. */
  #hystart: HyStart | undefined;
  #srttMs: number;
  /** W_max; 0: none. */
  #wMax: number;
  /** K in seconds. */
  #k: number;
  /** When the present stage of congestion avoidance began; −1: it has not. */
  #epochMs: number;
  /** W_est: what Reno would have. */
  #wEst: number;
  /** cwnd_prior: the window at the last congestion event. */
  #cwndPrior: number;
  /** Time of the last acknowledgment in congestion avoidance. */
  #ackedAtMs: number;
  /** Whether the window was in use then. */
  #isUsed: boolean;
  /** Growth of less than a byte. */
  #fraction: number;
  /** What the last congestion event changed. */
  #before: BeforeEvent | undefined;
  readonly #initialWindowSegments: number;
  readonly #fastConvergence: boolean;

  /** The congestion control of a new connection.
   *
   * @param smss sender maximum segment size in bytes.
   */
  constructor(smss: number, options: CubicOptions = {}) {
    this.name = "cubic";
    this.#initialWindowSegments = options.initialWindowSegments ?? 10;
    this.#fastConvergence = options.fastConvergence ?? true;
    this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.ssthresh = Infinity;
    this.pacingRateBps = Infinity;
    this.#smss = smss;
    this.#hasSent = false;
    this.#isAfterTimeout = false;
    this.#isHystartOver = !(options.hystart ?? true);
    this.#hystart = undefined;
    this.#srttMs = 0;
    this.#wMax = 0;
    this.#k = 0;
    this.#epochMs = -1;
    this.#wEst = 0;
    this.#cwndPrior = 0;
    this.#ackedAtMs = -1;
    this.#isUsed = false;
    this.#fraction = 0;
    this.#before = undefined;
  }

  /** See {@linkcode CongestionControl.setMss}. Before anything was acknowledged, the initial window follows. */
  setMss(smss: number): void {
    if (smss === this.#smss) return;
    if (!this.#hasSent) this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.#smss = smss;
    if (this.cwnd < smss) this.cwnd = smss;
    // K and W_est were in segments of the old size.
    this.#epochMs = -1;
  }

  /** See {@linkcode CongestionControl.onSynLoss}. */
  onSynLoss(): void {
    this.#hasSent = true;
    this.cwnd = this.#smss;
  }

  /** See {@linkcode CongestionControl.onAck}. The window grows only while it is what limits the sender (RFC 9438 §5.8). */
  onAck(ackedBytes: number, flight: number, nowMs: number, rttMs: number, used: number = flight): void {
    this.#hasSent = true;
    if (rttMs >= 0) this.#srttMs = this.#srttMs === 0 ? rttMs : this.#srttMs + (rttMs - this.#srttMs) / 8;
    if (this.cwnd < this.ssthresh) this.#slowStart(ackedBytes, flight, rttMs, used);
    else this.#avoidCongestion(ackedBytes, used, nowMs);
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

  /** See {@linkcode CongestionControl.onExitRecovery}. Congestion avoidance begins here, not with the acknowledgment that comes next
   * (RFC 9438 §4.2, t_epoch), unless slow start has to fill the window first. */
  onExitRecovery(flight: number, nowMs: number, isSack: boolean): void {
    this.cwnd = isSack
      ? windowAfterSackRecovery(flight, this.ssthresh, this.#smss)
      : windowAfterRecovery(flight, this.ssthresh, this.#smss);
    this.#epochMs = -1;
    if (this.cwnd < this.ssthresh) return;
    this.#beginEpoch(nowMs);
    this.#isUsed = true;
  }

  /** See {@linkcode CongestionControl.onRetransmissionTimeout}. The stage of congestion avoidance that follows starts from
   * its own W_max with K = 0 (RFC 9438 §4.8). */
  onRetransmissionTimeout(flight: number, _nowMs: number, isRepeated: boolean): void {
    if (!isRepeated) this.#reduce(flightAtTimeout(flight, this.cwnd, this.ssthresh, CUBIC_BETA));
    this.cwnd = this.#smss;
    this.#wMax = 0;
    this.#epochMs = -1;
    this.#isAfterTimeout = true;
  }

  /** See {@linkcode CongestionControl.onTimeoutRecovered}. */
  onTimeoutRecovered(): void {
    this.#isAfterTimeout = false;
  }

  /** See {@linkcode CongestionControl.onIdleRestart}: `cwnd` falls to the restart window, `ssthresh` remembers three
   * quarters. Idle time is not part of t (RFC 9438 §4.2): a new stage begins after the slow start. */
  onIdleRestart(_idleMs: number, _rtoMs: number): void {
    this.#epochMs = -1;
    const restart = initialWindow(this.#smss, this.#initialWindowSegments);
    if (this.cwnd <= restart) return;
    const remembered = (this.cwnd * 3) / 4;
    if (this.ssthresh < remembered) this.ssthresh = remembered;
    this.cwnd = restart;
  }

  /** See {@linkcode CongestionControl.onEcnEcho}: RFC 9438 §4.6, ABE by RFC 8511 §3.1. */
  onEcnEcho(flight: number, _nowMs: number, isAlternative: boolean = false): void {
    const beta = isAlternative ? CUBIC_BETA_ECN : CUBIC_BETA;
    this.#reduce(flight, beta);
    this.cwnd = windowAfterMark(flight * beta, this.cwnd, this.#smss);
  }

  /** See {@linkcode CongestionControl.takeOver}. HyStart++ belongs to the first slow start, which may still go on. */
  takeOver(cwnd: number, ssthresh: number): void {
    this.cwnd = cwnd;
    this.ssthresh = ssthresh;
    this.#hasSent = true;
    if (ssthresh !== Infinity) this.#endHystart();
  }

  /** See {@linkcode CongestionControl.undo}: RFC 9438 §4.9. A window that has passed cwnd_prior meanwhile goes on as it is. The first
   * slow start goes on, with HyStart++ (RFC 9406 §4.3), if it was that. */
  undo(missedBytes: number = -1): void {
    const before = this.#before;
    this.#before = undefined;
    this.#isAfterTimeout = false;
    if (before === undefined || this.cwnd >= before.cwnd) return;
    this.cwnd = before.cwnd;
    this.ssthresh = before.ssthresh;
    this.#wMax = before.wMax;
    this.#k = before.k;
    this.#epochMs = before.epochMs;
    this.#wEst = before.wEst;
    this.#cwndPrior = before.cwndPrior;
    // The first slow start goes on, and may still end before the queue overflows.
    this.#isHystartOver = before.isHystartOver;
    this.#hystart = missedBytes < 0 ? undefined : before.hystart;
    this.#hystart?.skip(missedBytes);
  }

  /** Slow start up to `ssthresh` (RFC 5681 §3.1), the first one with HyStart++ (RFC 9406 §4.2). */
  #slowStart(ackedBytes: number, flight: number, rttMs: number, used: number): void {
    let divisor = 1;
    if (!this.#isHystartOver) {
      this.#hystart ??= new HyStart();
      // What the earlier ones of a batch of acknowledgments let out has not left yet, but belongs to the next round.
      const outstanding = 2 * used > this.cwnd && this.cwnd > flight ? this.cwnd : flight;
      divisor = this.#hystart.onAck(ackedBytes, flight, rttMs, outstanding);
      if (divisor === 0) {
        this.#endHystart();
        this.ssthresh = this.cwnd;
        return;
      }
    }
    // More than half a window in flight is enough: the other half is about to be used.
    if (2 * used <= this.cwnd) return;
    // After a timeout, an acknowledgment may cover octets which left the network long ago (RFC 3465 §2.3).
    let growth = this.#isAfterTimeout && ackedBytes > this.#smss ? this.#smss : ackedBytes;
    if (divisor > 1) growth = Math.ceil(growth / divisor);
    const cwnd = this.cwnd + growth;
    this.cwnd = cwnd < this.ssthresh ? cwnd : this.ssthresh;
  }

  /** Congestion avoidance: the Reno-friendly, the concave and the convex region (RFC 9438 §4.3 to §4.5); time and window stand still
   * while the window is not used (§4.2, §5.8). */
  #avoidCongestion(ackedBytes: number, used: number, nowMs: number): void {
    const smss = this.#smss;
    // In a batch of acknowledgments nothing is sent in between: the first one tells whether the window was used.
    const isUsed = nowMs === this.#ackedAtMs ? this.#isUsed : used + smss > this.cwnd;
    if (this.#epochMs < 0) this.#beginEpoch(nowMs);
    const sinceMs = nowMs - this.#ackedAtMs;
    this.#ackedAtMs = nowMs;
    this.#isUsed = isUsed;
    if (!isUsed) {
      // Such time does not count (RFC 9438 §4.2).
      this.#epochMs += sinceMs;
      return;
    }
    const cwnd = this.cwnd;
    const share = ackedBytes < cwnd ? ackedBytes / cwnd : 1;
    this.#wEst += (this.#wEst < this.#cwndPrior ? CUBIC_ALPHA : 1) * smss * share;
    const seconds = (nowMs - this.#epochMs) / 1000;
    if (cubicWindow(seconds, this.#k, this.#wMax, smss) < this.#wEst) {
      // The Reno-friendly region (RFC 9438 §4.3).
      if (this.#wEst > cwnd) this.cwnd = Math.floor(this.#wEst);
      return;
    }
    const target = cubicWindow(seconds + this.#srttMs / 1000, this.#k, this.#wMax, smss);
    if (target <= cwnd) return;
    const step = target < 1.5 * cwnd ? target - cwnd : 0.5 * cwnd;
    const growth = step * share + this.#fraction;
    const whole = Math.floor(growth);
    this.#fraction = growth - whole;
    this.cwnd = cwnd + whole;
  }

  /** A stage of congestion avoidance begins: after a loss on the way to W_max, else at W_max itself (RFC 9438 §4.2, §4.8,
   * §4.10). */
  #beginEpoch(nowMs: number): void {
    if (this.#wMax < this.cwnd) this.#wMax = this.cwnd;
    if (this.#cwndPrior === 0) this.#cwndPrior = this.cwnd;
    this.#k = cubicK(this.#wMax, this.cwnd, this.#smss);
    this.#wEst = this.cwnd;
    this.#epochMs = nowMs;
    this.#ackedAtMs = nowMs;
    this.#fraction = 0;
  }

  /** A congestion event: RFC 9438 §4.6 and §4.7.
   *
   * @param beta what it leaves of what was in flight.
   */
  #reduce(flight: number, beta: number = CUBIC_BETA): void {
    const cwnd = this.cwnd;
    this.#before = {
      cwnd,
      ssthresh: this.ssthresh,
      wMax: this.#wMax,
      k: this.#k,
      epochMs: this.#epochMs,
      wEst: this.#wEst,
      cwndPrior: this.#cwndPrior,
      isHystartOver: this.#isHystartOver,
      hystart: this.#hystart,
    };
    this.#cwndPrior = cwnd;
    this.#wMax = this.#fastConvergence && cwnd < this.#wMax ? cwnd * (1 + CUBIC_BETA) / 2 : cwnd;
    this.ssthresh = thresholdAfterLoss(flight * beta, this.#smss);
    this.#epochMs = -1;
    this.#hasSent = true;
    this.#endHystart();
  }

  /** HyStart++ is for the first slow start only (RFC 9406 §4.2). */
  #endHystart(): void {
    this.#isHystartOver = true;
    this.#hystart = undefined;
  }
}
