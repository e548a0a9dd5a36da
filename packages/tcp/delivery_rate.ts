/** Data plane. How fast a path delivers: samples of the delivery rate (draft-cheng-iccrg-delivery-rate-estimation §3), one for each
 * acknowledgment.
 *
 * ```text
 *   rate = octets delivered between a piece's transmission and its acknowledgment ÷ the longer of
 *            the time in which they were sent, and the time in which they were acknowledged
 * ```
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { SendTimes } from "./send_times.ts";

/** What one acknowledgment says about the path. Filled anew each time: whoever keeps one copies it. */
export class RateSample {
  /** Octets delivered in the interval. */
  deliveredBytes: number;
  /** Length of the interval in milliseconds; 0: no sample. */
  intervalMs: number;
  /** Bytes per second, 0 for no sample. */
  rateBps: number;
  /** Octets that this acknowledgment delivered. */
  newlyDeliveredBytes: number;
  /** Octets newly found lost. */
  newlyLostBytes: number;
  /** Octets delivered when the piece that the sample is of was sent. */
  priorDelivered: number;
  /** Round trip of this acknowledgment in milliseconds, −1 for none. */
  rttMs: number;
  /** The application had no more to send when the piece was sent: the rate may be the application's, not the path's. */
  isAppLimited: boolean;
  /** The piece had been retransmitted. */
  isRetransmitted: boolean;
  /** Octets thought to be in the network, after this acknowledgment. */
  pipe: number;
  /** The same before it. */
  priorPipe: number;
  /** The same when the piece that the sample is of had been sent (RS.tx_in_flight). */
  txInFlight: number;
  /** The same when the piece that was found lost last had been sent. */
  lostTxInFlight: number;

  /** No sample. */
  constructor() {
    this.deliveredBytes = 0;
    this.intervalMs = 0;
    this.rateBps = 0;
    this.newlyDeliveredBytes = 0;
    this.newlyLostBytes = 0;
    this.priorDelivered = 0;
    this.rttMs = -1;
    this.isAppLimited = false;
    this.isRetransmitted = false;
    this.pipe = 0;
    this.priorPipe = 0;
    this.txInFlight = 0;
    this.lostTxInFlight = 0;
  }
}

/** What a connection has delivered so far; made when it first sends text. */
export class DeliveryRate {
  /** C.delivered: octets delivered in all. */
  delivered: number;
  /** C.delivered_time: when the last of them was. */
  deliveredAtMs: number;
  /** C.first_sent_time: when the piece that was delivered last had been sent, or the flight began. */
  firstSentAtMs: number;
  /** C.app_limited: the sample is the application's until so many octets are delivered; −1 when it is not. */
  appLimitedUntil: number;
  /** When at least half of the congestion window was last in flight (RFC 7661 §4.1). */
  validatedAtMs: number;
  /** Octets in flight when new text last left: how far the window was used. Acknowledgments that come in a batch find less in
   * flight, one after the other, and nothing is sent in between. */
  flightSent: number;
  /** Octets found lost in all. */
  lost: number;
  /** Of those, what samples have told of. */
  lostSampled: number;
  /** The last rate that a sample gave in bytes per second, 0 before one did. */
  rateBps: number;
  /** Whether that one was the application's. */
  isRateAppLimited: boolean;
  /** Octets sent again. */
  retransmitted: number;
  /** When something was last sent again, −Infinity before that. */
  retransmittedAtMs: number;
  /** Segments that the receiver said it got twice (RFC 2883). */
  dsacks: number;
  /** Octets delivered by acknowledgments that echoed a mark (RFC 3168). */
  deliveredMarked: number;
  /** Expiries of the retransmission timer. */
  timeouts: number;
  /** Sequences of them. */
  timeoutRecoveries: number;
  /** From the first expiry of each sequence to the acknowledgment that ended it, in all. */
  timeoutRecoveryMs: number;
  /** When the present sequence began, −1 outside of one. */
  timeoutAtMs: number;
  /** What has held the connection up. */
  readonly times: SendTimes;

  /** Nothing delivered yet. */
  constructor(nowMs: number) {
    this.delivered = 0;
    this.deliveredAtMs = nowMs;
    this.firstSentAtMs = nowMs;
    this.appLimitedUntil = -1;
    this.validatedAtMs = nowMs;
    this.flightSent = 0;
    this.lost = 0;
    this.lostSampled = 0;
    this.rateBps = 0;
    this.isRateAppLimited = false;
    this.retransmitted = 0;
    this.retransmittedAtMs = -Infinity;
    this.dsacks = 0;
    this.deliveredMarked = 0;
    this.timeouts = 0;
    this.timeoutRecoveries = 0;
    this.timeoutRecoveryMs = 0;
    this.timeoutAtMs = -1;
    this.times = new SendTimes(nowMs);
  }

  /** The retransmission timer has expired.
   *
   * @param isFirst nothing was acknowledged since it did so last, or never.
   */
  timeoutExpires(isFirst: boolean, nowMs: number): void {
    this.timeouts++;
    if (!isFirst) return;
    this.timeoutRecoveries++;
    this.timeoutAtMs = nowMs;
  }

  /** What timeouts were about has been acknowledged. */
  timeoutEnds(nowMs: number): void {
    if (this.timeoutAtMs < 0) return;
    this.timeoutRecoveryMs += nowMs - this.timeoutAtMs;
    this.timeoutAtMs = -1;
  }

  /** Text is about to be sent while nothing is in flight: a flight begins (§3.2). */
  flightBegins(nowMs: number): void {
    this.firstSentAtMs = nowMs;
    this.deliveredAtMs = nowMs;
  }

  /** The application has nothing more to send, and the window has room (§3.4).
   *
   * @param pipe octets in the network.
   */
  appLimited(pipe: number): void {
    this.appLimitedUntil = this.delivered + pipe > 0 ? this.delivered + pipe : 1;
  }

  /** Takes an acknowledgment in (§3.3).
   *
   * @param minRttMs the shortest round trip seen: a shorter interval is an artefact of merged acknowledgments.
   * @param sample is filled; `pipe` and `rttMs` are the caller's.
   */
  acknowledged(summary: AckSummary, nowMs: number, minRttMs: number, sample: RateSample): void {
    sample.newlyDeliveredBytes = summary.deliveredBytes;
    sample.intervalMs = 0;
    sample.rateBps = 0;
    sample.deliveredBytes = 0;
    this.lost += summary.lostBytes;
    // Timers find losses as well: the next acknowledgment tells of them.
    sample.newlyLostBytes = this.lost - this.lostSampled;
    this.lostSampled = this.lost;
    sample.txInFlight = summary.txInFlight;
    if (summary.deliveredBytes > 0) {
      this.delivered += summary.deliveredBytes;
      this.deliveredAtMs = nowMs;
    }
    if (this.appLimitedUntil >= 0 && this.delivered > this.appLimitedUntil) this.appLimitedUntil = -1;
    if (summary.priorDelivered < 0) return;
    this.firstSentAtMs = summary.sentAtMs;
    sample.priorDelivered = summary.priorDelivered;
    sample.isAppLimited = summary.isAppLimited;
    sample.isRetransmitted = summary.isRetransmitted;
    sample.deliveredBytes = this.delivered - summary.priorDelivered;
    const sendMs = summary.sentAtMs - summary.firstSentAtMs;
    const ackMs = nowMs - summary.priorDeliveredAtMs;
    const intervalMs = sendMs > ackMs ? sendMs : ackMs;
    if (intervalMs <= 0 || intervalMs < minRttMs) return;
    sample.intervalMs = intervalMs;
    sample.rateBps = (sample.deliveredBytes * 1000) / intervalMs;
    // A rate that the application kept down does not replace a better one.
    if (!sample.isAppLimited || sample.rateBps >= this.rateBps) {
      this.rateBps = sample.rateBps;
      this.isRateAppLimited = sample.isAppLimited;
    }
  }
}
