/** {@linkcode CongestionControl}: how much a connection may have in the network.
 *
 * Loss recovery (which octet to send again) is the TCB's; an algorithm only answers with `cwnd`. All
 * amounts are bytes, all times clock milliseconds. `flight` is FlightSize: what was sent and not acknowledged
 * (RFC 5681 §2), as it was **before** the event.
 *
 * @module
 */

import type { Random } from "@lightwire/netif";
import type { DeliveryRate, RateSample } from "./delivery_rate.ts";

/** One connection's congestion control. */
export interface CongestionControl {
  /** "reno", "cubic", …. */
  readonly name: string;
  /** Congestion window. */
  cwnd: number;
  /** Slow start threshold; `Infinity` at first (RFC 5681 §3.1). */
  ssthresh: number;
  /** Bytes per second at which to pace, `Infinity`: not at all. */
  readonly pacingRateBps: number;
  /** What a recovery may send is the algorithm's own affair, not proportional rate reduction's (RFC 9937). Default false. */
  readonly ownsRecovery?: boolean;
  /** The effective SMSS became known, or changed with the path MTU. Before the first data, the initial window follows. */
  setMss(smss: number): void;
  /** The handshake lost its SYN or SYN-ACK more than once: the initial window is one segment (RFC 6928 §2). */
  onSynLoss(): void;
  /** New data was acknowledged outside of loss recovery, or in the slow start that follows a timeout, without ECE (RFC 3168 §6.1.2).
   *
   * @param ackedBytes octets newly acknowledged, cumulatively (and by SACK, where the TCB counts so).
   * @param rttMs the sample this acknowledgment gave, −1 for none.
   * @param used FlightSize when text last left, which tells whether the window is in use; default: `flight`, which is less after
   * other acknowledgments of a batch.
   */
  onAck(ackedBytes: number, flight: number, nowMs: number, rttMs: number, used?: number): void;
  /** Fast retransmit (RFC 5681 §3.2 step 2, RFC 6675 §5 step 4): `ssthresh` and `cwnd` shrink.
   *
   * @param isSack the scoreboard's Pipe governs transmission: `cwnd` becomes `ssthresh`; otherwise
   * it also counts the three segments that the duplicate acknowledgments say have left.
   */
  onEnterRecovery(flight: number, nowMs: number, isSack: boolean): void;
  /** Without SACK: one more duplicate acknowledgment in recovery inflates `cwnd` by SMSS (RFC 5681 §3.2 step 4). */
  onDuplicateAck(): void;
  /** Without SACK: a partial acknowledgment deflates `cwnd` (RFC 6582 §3.2 step 3). */
  onPartialAck(ackedBytes: number): void;
  /** All that was outstanding at the start of recovery is acknowledged.
   *
   * @param flight FlightSize after that acknowledgment.
   */
  onExitRecovery(flight: number, nowMs: number, isSack: boolean): void;
  /** The retransmission timer expired (RFC 5681 §3.1, equation 4).
   *
   * @param isRepeated the same segment timed out before: `ssthresh` stays.
   * @param pipe octets that are thought to be in the network in spite of it; default 0.
   */
  onRetransmissionTimeout(flight: number, nowMs: number, isRepeated: boolean, pipe?: number): void;
  /** A window was acknowledged after a timeout: what had been sent before it is all through. */
  onTimeoutRecovered(): void;
  /** Data is to be sent after an idle time longer than the RTO (RFC 5681 §4.1). */
  onIdleRestart(idleMs: number, rtoMs: number): void;
  /** An acknowledgment was taken in, in any phase: what it says about the path. For algorithms that model it.
   *
   * @param sample borrowed until the call returns.
   * @param delivery what the connection has delivered so far.
   */
  onRateSample?(sample: RateSample, delivery: DeliveryRate, nowMs: number): void;
  /** An acknowledgment carried ECE, once per window (RFC 3168 §6.1.2). Never makes the window larger; goes down to one segment, where
   * the TCB sends one per retransmission timeout if that is marked, too (RFC 9438 §4.6).
   *
   * @param isAlternative a mark may count less than a loss (ABE, RFC 8511 §3.1), for algorithms to which it does. Default false.
   */
  onEcnEcho(flight: number, nowMs: number, isAlternative?: boolean): void;
  /** Goes on where another algorithm has been: the connection is not at its beginning. Default: the fields are set.
   *
   * @param cwnd window of the other one.
   * @param ssthresh threshold of the other one.
   */
  takeOver?(cwnd: number, ssthresh: number): void;
  /** The last reduction turned out to be for nothing (RFC 3522, RFC 5682, RFC 2883): state of before it is restored.
   *
   * @param missedBytes octets delivered since, of which {@linkcode CongestionControl.onAck} was not told; −1, the default: not known.
   */
  undo(missedBytes?: number): void;
}

/** Makes the congestion control of a new connection, whose segments have `smss` octets of text. A stack gives its source of chance as well:
 * what probes in turns must not do so in step with others. */
export type CongestionControlFactory = (smss: number, random?: Random) => CongestionControl;

/** Initial window in bytes: at most `segments` (10 as in RFC 6928 §2) segments. */
export function initialWindow(smss: number, segments: number = 10): number {
  return segments * smss;
}

/** `ssthresh` after a congestion event: two segments at least (RFC 5681 §3.1, equation 4, RFC 9438 §4.6).
 *
 * @param reduced octets that the event leaves.
 */
export function thresholdAfterLoss(reduced: number, smss: number): number {
  const least = 2 * smss;
  return reduced > least ? Math.floor(reduced) : least;
}

/** The window after a mark: one segment at least, and never more than before (RFC 3168 §6.1.2, RFC 9438 §4.6).
 *
 * @param reduced octets that the mark leaves.
 */
export function windowAfterMark(reduced: number, cwnd: number, smss: number): number {
  const after = reduced > smss ? Math.floor(reduced) : smss;
  return after < cwnd ? after : cwnd;
}

/** The window after a partial acknowledgment without SACK (RFC 6582 §3.2 step 3): less by what was acknowledged, plus a
 * segment if that was one at least. */
export function deflateWindow(cwnd: number, ackedBytes: number, smss: number): number {
  const deflated = cwnd - ackedBytes + (ackedBytes >= smss ? smss : 0);
  return deflated > smss ? deflated : smss;
}

/** FlightSize as far as it says something about the path, at a timeout (RFC 5681 §3.1). In a recovery it counts what is SACKed as well, up
 * to twice the window: `ssthresh` would rise above what the path has just refused. It stays then, as in Linux.
 *
 * @param beta what a loss leaves of the window.
 */
export function flightAtTimeout(flight: number, cwnd: number, ssthresh: number, beta: number): number {
  if (flight <= cwnd) return flight;
  const limit = ssthresh > beta * cwnd ? ssthresh / beta : cwnd;
  return flight < limit ? flight : limit;
}

/** The window after a recovery with SACK: `ssthresh` (RFC 9937 §6), but no more than an initial window above what is in flight.
 * Where the peer's window kept the sender from using what PRR allowed, all of `ssthresh` would leave in one burst, larger than what
 * overflowed the queue before; RFC 6582 §3.2 step 3 warns of that. Slow start goes on from here to `ssthresh`.
 *
 * @param flight FlightSize after the full acknowledgment.
 */
export function windowAfterSackRecovery(flight: number, ssthresh: number, smss: number): number {
  const careful = flight + initialWindow(smss);
  return careful < ssthresh ? careful : ssthresh;
}

/** The window after a recovery without SACK: RFC 6582 §3.2 step 3, the first option, which cannot burst.
 *
 * @param flight FlightSize after the full acknowledgment.
 */
export function windowAfterRecovery(flight: number, ssthresh: number, smss: number): number {
  const careful = (flight > smss ? flight : smss) + smss;
  return careful < ssthresh ? careful : ssthresh;
}
