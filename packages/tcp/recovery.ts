/** Data plane. Loss recovery: what to send again, and when. Fast retransmit and NewReno's fast recovery (RFC 5681
 * §3.2, RFC 6582) without SACK; with it, the scoreboard's recovery (RFC 6675) at the rate of RFC 9937; retransmission
 * after a timeout (RFC 6298 §5.4–5.6), limited transmit (RFC 3042).
 *
 * ```text
 *              3 duplicate ACKs, or IsLost(SND.UNA)
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
import { segmentBytes, superSegmentBytes } from "./path_mtu.ts";
import { Prr } from "./prr.ts";
import { SackScoreboard } from "./sack_scoreboard.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff, seqGeq, seqGt } from "./seq.ts";
import { type Tcb, textEnd } from "./tcb.ts";
import { ensureRetransmission, startRetransmission } from "./timer_set.ts";
import { prepareRoute, transmitText } from "./transmit.ts";
import { FIN, SYN } from "./control_bits.ts";

/** DupThresh (RFC 6675 §2), the third duplicate acknowledgment of RFC 5681 §3.2. */
export const DUP_THRESH = 3;

/** Octets thought to be in the network: FlightSize, or Pipe where there is a scoreboard. */
export function pipe(tcb: Tcb): number {
  const scoreboard = tcb.scoreboard;
  return scoreboard === undefined ? seqDiff(tcb.sndNxt, tcb.sndUna) : scoreboard.pipe(tcb.sndNxt);
}

/** Octets that the congestion window has room for. The first two duplicate acknowledgments let a segment of new
 * text out each (RFC 3042); with SACK, Pipe says so by itself. */
export function congestionRoom(tcb: Tcb): number {
  const room = tcb.congestion.cwnd - pipe(tcb);
  if (tcb.dupAcks > 0 && tcb.phase === "NONE" && !tcb.hasSack) {
    return room + (tcb.dupAcks < 2 ? 1 : 2) * tcb.smss;
  }
  return room;
}

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

/** Recovery's part of an acknowledgment. SND.UNA and the scoreboard are up to date.
 *
 * @param acked octets newly acknowledged, 0 for none.
 * @param delivered octets it acknowledged or SACKed for the first time: DeliveredData of RFC 9937.
 * @param isDuplicate what {@linkcode isDuplicateAck} said.
 * @param flight FlightSize before this acknowledgment.
 * @param rttMs the round-trip sample it gave, −1 for none.
 */
export function recoverAfterAck(
  tcb: Tcb,
  acked: number,
  delivered: number,
  isDuplicate: boolean,
  flight: number,
  rttMs: number,
): void {
  if (tcb.phase === "FAST") {
    if (acked > 0) fastRecoveryAck(tcb, acked);
    else if (isDuplicate && !tcb.hasSack) tcb.congestion.onDuplicateAck();
    reduceProportionally(tcb, acked, delivered);
    return;
  }
  if (acked > 0) {
    tcb.dupAcks = 0;
    tcb.congestion.onAck(acked, flight, tcb.layer.clock.now(), rttMs);
    if (tcb.phase === "TIMEOUT") {
      if (!seqGeq(tcb.sndUna, tcb.recover)) return;
      tcb.congestion.onTimeoutRecovered();
      endRecovery(tcb);
    }
  } else if (isDuplicate) {
    tcb.dupAcks++;
  }
  if (tcb.phase === "NONE" && mustFastRetransmit(tcb)) enterFastRecovery(tcb, acked, delivered, flight);
}

/** RFC 6675 §5 (1) and (2); RFC 6582 §3.2 step 2 without SACK. */
function mustFastRetransmit(tcb: Tcb): boolean {
  if (tcb.sndNxt === tcb.sndUna) return false;
  if (tcb.hasSack) {
    return tcb.scoreboard !== undefined &&
      (tcb.dupAcks >= DUP_THRESH || tcb.scoreboard.isLost(tcb.sndUna));
  }
  // What was sent before the last repair began may still cause duplicates: they tell nothing.
  return tcb.dupAcks >= DUP_THRESH && seqGt(tcb.sndUna, tcb.recover);
}

function enterFastRecovery(tcb: Tcb, acked: number, delivered: number, flight: number): void {
  tcb.phase = "FAST";
  tcb.recover = tcb.sndNxt;
  tcb.layer.counters.fastRecoveries++;
  tcb.congestion.onEnterRecovery(flight, tcb.layer.clock.now(), tcb.hasSack);
  const scoreboard = tcb.scoreboard;
  scoreboard?.startRecovery();
  if (scoreboard !== undefined && tcb.hasSack) {
    tcb.prr = new Prr(flight - (scoreboard.sackedBytes - (delivered - acked)));
  }
  retransmitHead(tcb);
  reduceProportionally(tcb, acked, delivered);
  startRetransmission(tcb);
}

/** Recovery with SACK: the window falls to `ssthresh` step by step (RFC 9937 §6). */
function reduceProportionally(tcb: Tcb, acked: number, delivered: number): void {
  const { prr, scoreboard, congestion } = tcb;
  if (prr === undefined || scoreboard === undefined) return;
  const isSafe = acked > 0 && (scoreboard.lossEdge === prr.lossEdge || scoreboard.lossEdge === tcb.sndUna);
  prr.lossEdge = scoreboard.lossEdge;
  congestion.cwnd = prr.onAck(delivered, scoreboard.pipe(tcb.sndNxt), congestion.ssthresh, tcb.smss, isSafe);
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

function endRecovery(tcb: Tcb): void {
  tcb.phase = "NONE";
  tcb.dupAcks = 0;
  tcb.prr = undefined;
  if (tcb.scoreboard !== undefined && tcb.scoreboard.rangeCount === 0) tcb.scoreboard = undefined;
}

/** The retransmission timer expired in a synchronized state (RFC 6298 §5.4–5.6, RFC 5681 §3.1, RFC 6675 §5.1). */
export function recoverAfterTimeout(tcb: Tcb): void {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const isRepeated = tcb.retransmitCount > 0;
  tcb.congestion.onRetransmissionTimeout(flight, tcb.layer.clock.now(), isRepeated);
  tcb.rto.backOff();
  startOver(tcb);
  retransmitHead(tcb);
  startRetransmission(tcb);
}

/** A router told, about a segment in flight, that the path takes less: what is outstanding goes out again in
 * smaller pieces, at once and without any reproach to the congestion window (RFC 1191 §6.5). */
export function recoverAfterMtuChange(tcb: Tcb): void {
  if (tcb.sndNxt === tcb.sndUna) return;
  startOver(tcb);
  tcb.layer.touch(tcb);
}

/** All that is outstanding counts as lost, save what is SACKed. */
function startOver(tcb: Tcb): void {
  const scoreboard = ensureScoreboard(tcb);
  // A receiver that has taken back what it SACKed would never ask for it (RFC 2018 §8).
  if (scoreboard.isReneged || scoreboard.isSacked(tcb.sndUna)) scoreboard.clear(tcb.sndUna);
  scoreboard.startRecovery();
  scoreboard.declareLost(tcb.sndNxt);
  tcb.phase = "TIMEOUT";
  tcb.prr = undefined;
  tcb.recover = tcb.sndNxt;
  tcb.dupAcks = 0;
}

/** The scoreboard, made if there is none. */
export function ensureScoreboard(tcb: Tcb): SackScoreboard {
  let scoreboard = tcb.scoreboard;
  if (scoreboard === undefined) {
    scoreboard = tcb.scoreboard = new SackScoreboard(tcb.smss, tcb.sndUna);
  }
  return scoreboard;
}

/** Sends the first outstanding segment again, whatever the congestion window says; cut to the peer's window
 * if that has shrunk, but as a probe if it has closed. */
function retransmitHead(tcb: Tcb): void {
  if (!prepareRoute(tcb)) return;
  let octets = segmentBytes(tcb, 0);
  const outstanding = seqDiff(tcb.sndNxt, tcb.sndUna);
  if (octets > outstanding) octets = outstanding;
  if (tcb.sndWnd > 0 && octets > tcb.sndWnd) octets = tcb.sndWnd;
  const scoreboard = tcb.scoreboard;
  if (scoreboard !== undefined && scoreboard.rangeCount > 0) {
    const hole = seqDiff(scoreboard.leftAt(0), tcb.sndUna);
    if (octets > hole) octets = hole;
  }
  if (octets > 0 && retransmit(tcb, tcb.sndUna, octets, octets)) {
    scoreboard?.markRetransmitted(seqAdd(tcb.sndUna, octets));
  }
}

/** Sends again what recovery asks for and the congestion window has room for (RFC 6675 §5 (C)).
 *
 * @param canSendNew there is unsent text that may go: it comes before holes which need not be lost (NextSeg rule 2).
 */
export function sendRetransmissions(tcb: Tcb, canSendNew: boolean): void {
  const scoreboard = tcb.scoreboard;
  if (scoreboard === undefined || tcb.phase === "NONE" || !prepareRoute(tcb)) return;
  const mss = segmentBytes(tcb, 0);
  const limit = tcb.tx.gsoMaxBytes > 0 ? superSegmentBytes(tcb, mss) : mss;
  for (;;) {
    const room = tcb.congestion.cwnd - scoreboard.pipe(tcb.sndNxt);
    if (room < tcb.smss) return;
    const whole = room - room % mss;
    const rule = scoreboard.nextSeg(tcb.sndNxt, whole < limit ? whole : limit, canSendNew);
    if (rule === 0 || rule === 2) return;
    const seq = scoreboard.nextSeq;
    const octets = scoreboard.nextLength;
    if (!retransmit(tcb, seq, octets, mss)) return;
    ensureRetransmission(tcb);
    // A rescue retransmission does not move HighRxt: what lies before it may still turn out to be lost.
    if (rule === 4) return;
    scoreboard.markRetransmitted(seqAdd(seq, octets));
  }
}

function retransmit(tcb: Tcb, seq: number, octets: number, mss: number): boolean {
  // Karn's rule: the acknowledgment of this says nothing about the round trip (RFC 6298 §3).
  tcb.rttAtMs = -1;
  if (!transmitText(tcb, seq, octets, mss, 0)) return false;
  const segments = octets <= mss ? 1 : Math.ceil(octets / mss);
  tcb.retransmittedSegments += segments;
  tcb.lastRetransmitAtMs = tcb.layer.clock.now();
  tcb.layer.counters.retransSegs += segments;
  tcb.prr?.sent(octets);
  return true;
}

/** Whether something waits for its first transmission: text or a FIN. */
export function hasUnsent(tcb: Tcb): boolean {
  const unsent = seqDiff(textEnd(tcb), tcb.sndNxt);
  return unsent > 0 || (unsent === 0 && tcb.isFinQueued && !tcb.isFinSent);
}
