/** Data plane. Loss recovery: what to send again, and when. Fast retransmit and NewReno's fast recovery (RFC 5681
 * §3.2, RFC 6582) without SACK; with it, what RACK finds lost (RFC 8985) at the rate of RFC 9937; retransmission after a timeout
 * (RFC 6298 §5.4–5.6), limited transmit (RFC 3042); and the way back when a repair was for nothing.
 *
 * ```text
 *              3 duplicate ACKs, or a lost piece
 *    NONE ────────────────────────────────────────────▶ FAST
 *     ▲ ▲            SEG.ACK ≥ recover                   │ │
 *     │ └────────────────────────────────────────────────┘ │
 *     │                                                    │ timeout
 *     └───────────────── TIMEOUT ◀─────────────────────────┘
 *       SEG.ACK ≥ recover     ▲
 *                             └──── timeout, or a smaller path MTU, in any phase
 * ```
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { noteReduction } from "./ecn.ts";
import { flightToReduce, lossWindow, newlyDelivered, pipe, undelivered } from "./flight.ts";
import { resumeRetransmission, scheduleReordering } from "./loss_timer.ts";
import { notePaced, pacingRate, pacingRoom } from "./pacer.ts";
import { segmentBytes, superSegmentBytes } from "./path_mtu.ts";
import { mtuProbeLost } from "./plpmtud.ts";
import { beginReduction, reduceProportionally } from "./prr.ts";
import {
  DUP_THRESH,
  isReorderingSeen,
  rackAcknowledged,
  rackDetect,
  rackDsack,
  rackSpurious,
  rackTimeout,
} from "./rack.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff, seqGeq, seqGt } from "./seq.ts";
import { growBySack, growWindow } from "./window_growth.ts";
import { hasUnsent } from "./send_space.ts";
import type { SentSegments } from "./sent_segments.ts";
import type { Tcb } from "./tcb.ts";
import { ensureRetransmission, startRetransmission, TIMER_REORDERING } from "./timer_set.ts";
import { prepareRoute, transmitText } from "./transmit.ts";
import { FIN, SYN } from "./control_bits.ts";
import {
  forwardRto,
  FRTO_FIRST,
  FRTO_OFF,
  FRTO_SECOND,
  goOnAfterTimeout,
  isSpurious,
  noteRetransmission,
  Undo,
} from "./undo.ts";

/** Whether a segment is a duplicate acknowledgment: RFC 5681 §2 to the letter without SACK; with it, RFC 6675 §2:
 * one that SACKs something new.
 *
 * @param newlySacked octets the segment has SACKed.
 */
export function isDuplicateAck(tcb: Tcb, seg: Segment, newlySacked: number): boolean {
  if (tcb.hasSack) return newlySacked > 0;
  // The answers to zero-window probes look the same, and say nothing about a loss.
  if (tcb.isProbeOutstanding) return false;
  return seg.ack === tcb.sndUna && tcb.sndNxt !== tcb.sndUna && seg.textLength === 0 &&
    (seg.ctl & (SYN | FIN)) === 0 && seg.wnd << tcb.sndWindShift === tcb.sndWnd;
}

/** Recovery's part of an acknowledgment. SND.UNA and the record of what is outstanding are up to date.
 *
 * @param acked octets newly acknowledged, 0 for none.
 * @param summary what it says about pieces.
 * @param isDuplicate what {@linkcode isDuplicateAck} said.
 * @param flight FlightSize before this acknowledgment.
 * @param rttMs the round-trip sample it gave, −1 for none.
 * @param echoAgeMs time since the echoed timestamp was sent, −1 for none.
 */
export function recoverAfterAck(
  tcb: Tcb,
  seg: Segment,
  acked: number,
  summary: AckSummary,
  isDuplicate: boolean,
  flight: number,
  rttMs: number,
  echoAgeMs: number,
): void {
  const nowMs = tcb.layer.clock.now();
  const isUndone = tcb.undo !== undefined && isSpurious(tcb, seg, acked, summary);
  if (isUndone) undoRecovery(tcb, summary.deliveredBytes);
  detectLosses(tcb, summary, echoAgeMs, nowMs);
  switch (tcb.phase) {
    case "FAST":
      if (tcb.undo !== undefined) tcb.undo.deliveredBytes += summary.deliveredBytes;
      if (acked > 0) fastRecoveryAck(tcb, acked);
      else if (isDuplicate && !tcb.hasSack) tcb.congestion.onDuplicateAck();
      reduceProportionally(tcb, acked, summary);
      return;
    case "TIMEOUT":
      timeoutAck(tcb, seg, acked, isDuplicate, flight, rttMs);
      break;
    default:
      if (acked > 0) {
        const grown = newlyDelivered(tcb, acked, summary);
        tcb.dupAcks = 0;
        // It goes along: two gibibytes behind, it would seem to lie ahead.
        if (seqGt(tcb.sndUna, tcb.recover)) tcb.recover = seqAdd(tcb.sndUna, -1);
        if (!isUndone) growWindow(tcb, seg, grown, undelivered(tcb) + summary.deliveredBytes, flight, rttMs);
      } else if (isDuplicate) {
        tcb.dupAcks++;
        if (tcb.hasSack) growBySack(tcb, seg, summary, flight, rttMs);
      }
  }
  if (tcb.phase === "NONE" && mustFastRetransmit(tcb) && !repairMtuProbe(tcb)) {
    enterFastRecovery(tcb, acked, summary, flight);
  }
}

/** RACK's part (RFC 8985 §6.2), and the timer that follows from it. */
function detectLosses(tcb: Tcb, summary: AckSummary, echoAgeMs: number, nowMs: number): void {
  const { sent } = tcb;
  if (summary.hasDsack) rackDsack(tcb);
  if (sent === undefined || !tcb.hasSack || summary.deliveredBytes === 0) return;
  const timeoutMs = rackAcknowledged(tcb, sent, summary, echoAgeMs, nowMs);
  if (tcb.trace !== undefined) traceLoss(tcb, sent);
  if (timeoutMs > 0) scheduleReordering(tcb, timeoutMs);
  else if (tcb.timerKind === TIMER_REORDERING && tcb.sndUna !== tcb.sndNxt) resumeRetransmission(tcb);
}

function traceLoss(tcb: Tcb, sent: SentSegments): void {
  const isByTime = tcb.reordering?.isSeen || sent.sackedSegments < DUP_THRESH;
  tcb.trace?.lost(isByTime ? "time_threshold" : "reordering_threshold");
}

/** The reordering timer has expired: what is still missing is lost (RFC 8985 §6.2, §8). */
export function reorderingExpires(tcb: Tcb): void {
  const { sent } = tcb;
  resumeRetransmission(tcb);
  if (sent === undefined) return;
  const summary = tcb.layer.ackSummary;
  summary.begin();
  const timeoutMs = rackDetect(tcb, sent, summary, tcb.layer.clock.now());
  if (tcb.delivery !== undefined) tcb.delivery.lost += summary.lostBytes;
  if (tcb.trace !== undefined) traceLoss(tcb, sent);
  if (timeoutMs > 0) scheduleReordering(tcb, timeoutMs);
  if (tcb.phase === "NONE" && mustFastRetransmit(tcb) && !repairMtuProbe(tcb)) {
    enterFastRecovery(tcb, 0, summary, seqDiff(tcb.sndNxt, tcb.sndUna));
  }
  tcb.layer.touch(tcb);
}

/** With SACK, once something is lost; without it, RFC 6582 §3.2 step 2. */
function mustFastRetransmit(tcb: Tcb): boolean {
  if (tcb.sndNxt === tcb.sndUna) return false;
  if (tcb.hasSack) return tcb.sent !== undefined && tcb.sent.lostBytes > 0;
  // What was sent before the last repair began may still cause duplicates: they tell nothing.
  return tcb.dupAcks >= DUP_THRESH && seqGt(tcb.sndUna, tcb.recover);
}

/** A path MTU probe is lost, and nothing else: it goes out again in smaller pieces, which is no recovery, since the loss says nothing
 * about congestion (RFC 4821 §7.6.2).
 *
 * @returns false when more is lost, or the pieces cannot be sent now: recovery takes over.
 */
function repairMtuProbe(tcb: Tcb): boolean {
  const { mtuSearch, sent } = tcb;
  if (mtuSearch === undefined || sent === undefined || !mtuProbeLost(tcb, mtuSearch)) return false;
  if (!prepareRoute(tcb)) return false;
  const mss = segmentBytes(tcb, 0);
  for (let i = sent.nextLost(); i >= 0; i = sent.nextLost()) {
    const length = seqDiff(sent.endAt(i), sent.startAt(i));
    if (!retransmitPiece(tcb, i, length < mss ? length : mss, mss)) return false;
  }
  sent.settle(mtuSearch.probeStart, mtuSearch.probeEnd);
  startRetransmission(tcb);
  return true;
}

/** Fast retransmit (RFC 5681 §3.2) and SACK-based recovery (RFC 6675 §5). */
function enterFastRecovery(tcb: Tcb, acked: number, summary: AckSummary, flight: number): void {
  tcb.phase = "FAST";
  tcb.recover = tcb.sndNxt;
  tcb.undo = new Undo(tcb.sndUna, tcb.sndNxt, false);
  tcb.layer.counters.fastRecoveries++;
  noteReduction(tcb);
  const { sent, congestion } = tcb;
  if (sent !== undefined && !isReorderingSeen(tcb)) tcb.undo.deliveredBytes = sent.sackedBytes;
  congestion.onEnterRecovery(flightToReduce(tcb, flight), tcb.layer.clock.now(), tcb.hasSack);
  if (sent !== undefined && tcb.hasSack) {
    beginReduction(tcb, flight - (sent.sackedBytes - (summary.deliveredBytes - acked)));
    // The segment that goes out in any case is one of those that PRR counts (RFC 9937 §6).
    reduceProportionally(tcb, acked, summary);
    retransmitLost(tcb);
  } else retransmitHead(tcb);
  if (tcb.timerKind !== TIMER_REORDERING) startRetransmission(tcb);
}

function fastRecoveryAck(tcb: Tcb, acked: number): void {
  if (seqGeq(tcb.sndUna, tcb.recover)) {
    const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
    tcb.congestion.onExitRecovery(flight, tcb.layer.clock.now(), tcb.hasSack);
    endRecovery(tcb);
    return;
  }
  // A partial acknowledgment: the segment after it is lost too (RFC 6582 §3.2 step 3).
  if (tcb.hasSack) return;
  tcb.congestion.onPartialAck(acked);
  retransmitHead(tcb);
}

/** An acknowledgment after a timeout: slow start, and F-RTO (RFC 5682 §2.1). */
function timeoutAck(
  tcb: Tcb,
  seg: Segment,
  acked: number,
  isDuplicate: boolean,
  flight: number,
  rttMs: number,
): void {
  const hasNew = hasUnsent(tcb) && tcb.sndWnd > seqDiff(tcb.sndNxt, tcb.sndUna);
  if (forwardRto(tcb, acked, isDuplicate, hasNew)) return undoRecovery(tcb, 0);
  if (acked === 0) return;
  tcb.dupAcks = 0;
  growWindow(tcb, seg, acked, flight, flight, rttMs);
  if (!seqGeq(tcb.sndUna, tcb.recover)) return;
  tcb.congestion.onTimeoutRecovered();
  endRecovery(tcb);
}

/** The recovery was for nothing: the window is restored (RFC 4015 §3, RFC 9438 §4.9), and nothing counts as lost.
 *
 * @param delivered octets newly delivered.
 */
function undoRecovery(tcb: Tcb, delivered: number): void {
  const { undo, sent, congestion } = tcb;
  if (undo !== undefined) undo.isDecided = true;
  if (tcb.hasSack && undo !== undefined && !undo.isTimeout) rackSpurious(tcb);
  tcb.layer.counters.undoneRecoveries++;
  // Without SACK the window was inflated by a segment for each that has left: that is no window to go on with.
  if (tcb.phase === "FAST" && !tcb.hasSack && congestion.cwnd > congestion.ssthresh) {
    congestion.cwnd = congestion.ssthresh;
  }
  congestion.undo(
    tcb.phase === "FAST" && tcb.hasSack && undo !== undefined ? undo.deliveredBytes + delivered : -1,
  );
  sent?.forgiveLosses();
  tcb.frto = FRTO_OFF;
  tcb.retransmitCount = 0;
  if (tcb.phase === "TIMEOUT") goOnAfterTimeout(tcb);
  if (tcb.phase !== "NONE") endRecovery(tcb);
}

function endRecovery(tcb: Tcb): void {
  if (tcb.phase === "FAST") tcb.reordering?.onRecoveryEnd();
  tcb.phase = "NONE";
  tcb.dupAcks = 0;
  tcb.prr = undefined;
  tcb.frto = FRTO_OFF;
}

/** The retransmission timer expired in a synchronized state (RFC 6298 §5.4–5.6, RFC 5681 §3.1, RFC 8985 §6.3). */
export function recoverAfterTimeout(tcb: Tcb): void {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const isRepeated = tcb.retransmitCount > 0;
  tcb.delivery?.timeoutExpires(!isRepeated, tcb.layer.clock.now());
  noteReduction(tcb);
  tcb.rto.backOff();
  const isFirst = !isRepeated && tcb.phase !== "TIMEOUT";
  const isInRecovery = tcb.phase === "FAST";
  if (tcb.sent !== undefined) tcb.sent.newlyLostBytes = 0;
  startOver(tcb, !tcb.hasSack);
  if (tcb.delivery !== undefined && tcb.sent !== undefined) tcb.delivery.lost += tcb.sent.newlyLostBytes;
  tcb.congestion.onRetransmissionTimeout(flight, tcb.layer.clock.now(), isRepeated, pipe(tcb));
  if (tcb.congestion.ownsRecovery !== true) tcb.congestion.cwnd = lossWindow(tcb);
  // What a recovery has sent again already would look like the original (RFC 3522 §3.2, RFC 5682 §2.1).
  if (isFirst && !isInRecovery) tcb.undo = new Undo(tcb.sndUna, tcb.sndNxt, true);
  tcb.frto = isFirst && !isInRecovery ? FRTO_FIRST : FRTO_OFF;
  tcb.trace?.lost("pto_expired");
  retransmitHead(tcb);
  startRetransmission(tcb);
}

/** A router told, about a segment in flight, that the path takes less: what is outstanding goes out again in
 * smaller pieces, at once and without any reproach to the congestion window (RFC 1191 §6.5). */
export function recoverAfterMtuChange(tcb: Tcb): void {
  if (tcb.sndNxt === tcb.sndUna) return;
  startOver(tcb, true);
  tcb.trace?.lost("packet_too_big");
  tcb.undo = undefined;
  tcb.layer.touch(tcb);
}

/** What is outstanding counts as lost, save what is SACKed: all of it, or what RACK says (RFC 8985 §6.3). */
function startOver(tcb: Tcb, isAll: boolean): void {
  const sent = tcb.layer.sentPool.of(tcb);
  // A receiver that has taken back what it SACKed would never ask for it (RFC 2018 §8).
  if (sent.isReneged) sent.forgetSacks();
  if (isAll) sent.loseOlder(Infinity);
  else rackTimeout(tcb, sent, tcb.layer.clock.now());
  sent.hasProbe = false;
  tcb.phase = "TIMEOUT";
  tcb.prr = undefined;
  tcb.recover = tcb.sndNxt;
  tcb.dupAcks = 0;
  tcb.frto = FRTO_OFF;
}

/** Sends the first outstanding segment again, whatever the congestion window says; cut to the peer's window
 * if that has shrunk, but as a probe if it has closed. */
function retransmitHead(tcb: Tcb): void {
  const { sent } = tcb;
  if (sent === undefined || sent.count === 0 || !prepareRoute(tcb)) return;
  const length = seqDiff(sent.endAt(0), tcb.sndUna);
  let octets = segmentBytes(tcb, 0);
  if (octets > length) octets = length;
  if (tcb.sndWnd > 0 && octets > tcb.sndWnd) octets = tcb.sndWnd;
  sent.newlyLostBytes = 0;
  sent.loseFirst(octets);
  if (tcb.delivery !== undefined) tcb.delivery.lost += sent.newlyLostBytes;
  retransmitPiece(tcb, 0, octets, octets);
}

/** The first lost segment, whatever the window says: fast retransmit (RFC 5681 §3.2, RFC 6675 §5 step 4.3). */
function retransmitLost(tcb: Tcb): void {
  const { sent } = tcb;
  const i = sent === undefined ? -1 : sent.nextLost();
  if (i < 0 || !prepareRoute(tcb)) return;
  const mss = segmentBytes(tcb, 0);
  const length = seqDiff(sent!.endAt(i), sent!.startAt(i));
  retransmitPiece(tcb, i, length < mss ? length : mss, mss);
}

/** Sends again what recovery asks for and the congestion window has room for (RFC 6675 §5 (C)). */
export function sendRetransmissions(tcb: Tcb): void {
  const { sent } = tcb;
  if (sent === undefined || tcb.phase === "NONE" || tcb.frto === FRTO_SECOND || !prepareRoute(tcb)) return;
  const mss = segmentBytes(tcb, 0);
  const limit = tcb.tx.gsoMaxBytes > 0 ? superSegmentBytes(tcb, mss) : mss;
  const rate = pacingRate(tcb);
  const nowMs = tcb.layer.clock.now();
  for (;;) {
    const i = sent.nextLost();
    if (i < 0) return;
    const turn = pacingRoom(tcb, rate, nowMs);
    if (turn === 0) return;
    const room = tcb.congestion.cwnd - sent.pipe(seqDiff(tcb.sndNxt, tcb.sndUna));
    if (room < tcb.smss) return;
    let octets = room - room % mss;
    if (octets > limit) octets = limit;
    if (octets > turn) octets = turn - turn % mss;
    const length = seqDiff(sent.endAt(i), sent.startAt(i));
    if (octets > length) octets = length;
    if (!retransmitPiece(tcb, i, octets, mss)) return;
    notePaced(tcb, rate, octets, nowMs);
    // A repair of the head that was lost too is given its time, as in Linux.
    if (i === 0 && tcb.timerKind !== TIMER_REORDERING) startRetransmission(tcb);
    else ensureRetransmission(tcb);
  }
}

/** Sends the first `octets` of piece `i` again.
 *
 * @returns false when it could not be sent now.
 */
export function retransmitPiece(tcb: Tcb, i: number, octets: number, mss: number): boolean {
  const sent = tcb.sent!;
  const nowMs = tcb.layer.clock.now();
  // Karn's rule: the acknowledgment of this says nothing about the round trip (RFC 6298 §3).
  tcb.rttAtMs = -1;
  const seq = sent.startAt(i);
  if (!transmitText(tcb, seq, octets, mss, 0)) return false;
  sent.retransmitted(i, octets, nowMs, seqDiff(tcb.sndNxt, tcb.sndUna), tcb.delivery);
  const segments = octets <= mss ? 1 : Math.ceil(octets / mss);
  noteRetransmission(tcb, seq, segments, nowMs);
  tcb.retransmittedSegments += segments;
  tcb.lastSentAtMs = nowMs;
  const { delivery } = tcb;
  if (delivery !== undefined) {
    delivery.retransmitted += octets;
    delivery.retransmittedAtMs = nowMs;
  }
  tcb.layer.counters.retransSegs += segments;
  tcb.prr?.sent(octets);
  return true;
}
