/** Data plane. What an acknowledgment does to the sender's side: the fifth step of RFC 9293 §3.10.7.4.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import type { DeliveryRate } from "./delivery_rate.ts";
import { echoesMark, receiveEcho } from "./ecn.ts";
import { flightToReduce, pipe } from "./flight.ts";
import { scheduleProbe } from "./loss_timer.ts";
import { leavePersist } from "./persist.ts";
import { outputBeforeAck } from "./output.ts";
import { blackHoleWasNone, mtuProbeAcknowledged } from "./plpmtud.ts";
import { isDuplicateAck, recoverAfterAck } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from "./seq.ts";
import type { SentSegments } from "./sent_segments.ts";
import { probeAcknowledged } from "./tail_loss_probe.ts";
import { EVENT_WRITABLE, type Tcb, textEnd } from "./tcb.ts";
import { startRetransmission, stopRetransmission } from "./timer_set.ts";
import { noteWindowUse } from "./window_validation.ts";
import { rttFromEcho, timestampAt } from "./timestamps.ts";

/** Takes an acknowledgment SND.UNA =< SEG.ACK =< SND.NXT in: frees text, measures, recovers, updates the window.
 *
 * @returns whether our FIN is now acknowledged.
 */
export function processAck(tcb: Tcb, seg: Segment): boolean {
  const { layer } = tcb;
  if (tcb.hasSack && (seg.sackCount > 0 || tcb.phase !== "NONE")) outputBeforeAck(tcb);
  const summary = layer.ackSummary;
  summary.begin();
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const acked = seqDiff(seg.ack, tcb.sndUna);
  const priorPipe = pipe(tcb);
  if (tcb.delivery !== undefined) noteLimit(tcb, tcb.delivery, priorPipe);
  let rttMs = -1;
  if (acked > 0) {
    rttMs = advanceSndUna(tcb, seg, summary);
    if (tcb.mtuSearch !== undefined) mtuProbeAcknowledged(tcb, tcb.mtuSearch);
  }
  const { sent } = tcb;
  if (seg.sackCount > 0 && tcb.hasSack) readSackBlocks(tcb, seg, sent, summary);
  if (acked >= 0) {
    const isDuplicate = acked === 0 && isDuplicateAck(tcb, seg, summary.sackedBytes);
    updateSendWindow(tcb, seg, acked > 0);
    if (sent !== undefined || tcb.undo !== undefined) {
      if (sent !== undefined && sent.hasProbe) probeAcknowledged(tcb, sent, seg, summary, flight);
      if (rttMs < 0 && summary.sackedBytes > 0) sampleSack(tcb, summary);
      rttMs = pathRtt(tcb, summary, rttMs);
      recoverAfterAck(tcb, seg, acked, summary, isDuplicate, flight, rttMs, echoAge(tcb, seg));
      if (tcb.ecn !== 0) receiveEcho(tcb, seg, flightToReduce(tcb, flight));
      if (tcb.delivery !== undefined) noteWindowUse(tcb, tcb.delivery, flight, layer.clock.now());
      sampleRate(tcb, summary, rttMs, priorPipe, echoesMark(tcb, seg));
      if (tcb.sndUna !== tcb.sndNxt) {
        if (acked > 0) scheduleProbe(tcb, seqDiff(tcb.sndNxt, tcb.sndUna));
      } else if (sent !== undefined && !sent.hasProbe) layer.sentPool.release(tcb);
    }
  }
  return tcb.isFinSent && tcb.sndUna === tcb.sndNxt;
}

/** Takes the SACK blocks in (RFC 6675 §4, Update()), in ascending order: the newest comes first in the option, and a hole below it
 * that the same acknowledgment fills would look like reordering (RFC 8985 §6.2, step 3). Blocks below SND.UNA, and a first block
 * inside the second, are D-SACKs (RFC 2883 §4); blocks that reach beyond what was sent are refused. */
function readSackBlocks(tcb: Tcb, seg: Segment, sent: SentSegments | undefined, summary: AckSummary): void {
  const { sndUna } = tcb;
  let taken = 0;
  if (isDsack(sndUna, seg)) {
    taken = 1;
    noteDsack(tcb, seg.sackLeft[0]!, seg.sackRight[0]!, summary);
  }
  for (let left = seg.sackCount - taken; left > 0; left--) {
    let lowest = -1;
    for (let i = 0; i < seg.sackCount; i++) {
      if ((taken & (1 << i)) !== 0) continue;
      if (lowest < 0 || seqLt(seg.sackLeft[i]!, seg.sackLeft[lowest]!)) lowest = i;
    }
    taken |= 1 << lowest;
    readSackBlock(tcb, seg.sackLeft[lowest]!, seg.sackRight[lowest]!, sent, summary);
  }
}

function readSackBlock(
  tcb: Tcb,
  left: number,
  right: number,
  sent: SentSegments | undefined,
  summary: AckSummary,
): void {
  if (!seqLt(left, right) || seqGt(right, tcb.sndNxt)) tcb.layer.counters.invalidSacks++;
  else if (!seqGt(right, tcb.sndUna)) return;
  else if (seqLt(left, tcb.sndUna)) tcb.layer.counters.invalidSacks++;
  else if (sent !== undefined) sent.sack(left, right, summary);
}

function noteDsack(tcb: Tcb, left: number, right: number, summary: AckSummary): void {
  if (!seqLt(left, right) || seqGt(right, tcb.sndNxt)) {
    tcb.layer.counters.invalidSacks++;
    return;
  }
  summary.hasDsack = true;
  if (tcb.delivery !== undefined) tcb.delivery.dsacks++;
  summary.dsackLeft = left;
  summary.dsackRight = right;
}

function isDsack(sndUna: number, seg: Segment): boolean {
  const left = seg.sackLeft[0]!;
  const right = seg.sackRight[0]!;
  if (seqLeq(right, sndUna)) return true;
  if (seg.sackCount < 2) return false;
  return seqGeq(left, seg.sackLeft[1]!) && seqLeq(right, seg.sackRight[1]!);
}

/** Time since the echoed timestamp was sent, −1 when there is none (RFC 8985 §6.2, step 1). */
function echoAge(tcb: Tcb, seg: Segment): number {
  if (!tcb.hasTimestamps || !seg.hasTimestamps || seg.tsEcr === 0) return -1;
  const { layer } = tcb;
  return rttFromEcho(seg.tsEcr, timestampAt(layer.clock.now(), tcb.tsOffset), layer.config.maxRtoMs);
}

/** CheckIfApplicationLimited() (draft-ietf-ccwg-bbr §4.1.2.4): all has been sent, nothing waits for its retransmission, and the
 * window has room. */
function noteLimit(tcb: Tcb, delivery: DeliveryRate, inFlight: number): void {
  if (seqGt(textEnd(tcb), tcb.sndNxt) || inFlight >= tcb.congestion.cwnd) return;
  const { sent } = tcb;
  if (sent !== undefined && sent.lostBytes > sent.retransmittedBytes) return;
  delivery.appLimited(inFlight);
}

/** What the acknowledgment says about the path. */
function sampleRate(
  tcb: Tcb,
  summary: AckSummary,
  rttMs: number,
  priorPipe: number,
  isMarkEchoed: boolean,
): void {
  const { layer, delivery, congestion } = tcb;
  if (delivery === undefined) return;
  const sample = layer.rateSample;
  const minRttMs = tcb.rto.hasSample ? tcb.rto.minRttMs : 0;
  delivery.acknowledged(summary, layer.clock.now(), minRttMs, sample);
  if (isMarkEchoed) delivery.deliveredMarked += summary.deliveredBytes;
  if (congestion.onRateSample === undefined) return;
  sample.rttMs = rttMs;
  sample.priorPipe = priorPipe;
  sample.pipe = pipe(tcb);
  if (tcb.sent !== undefined) sample.lostTxInFlight = tcb.sent.lostTxInFlight;
  congestion.onRateSample(sample, delivery, layer.clock.now());
}

/** SND.UNA moves to SEG.ACK.
 *
 * @returns the round-trip sample, −1 for none.
 */
function advanceSndUna(tcb: Tcb, seg: Segment, summary: AckSummary): number {
  const layer = tcb.layer;
  const nowMs = layer.clock.now();
  const ack = seg.ack;
  const rttMs = measureRtt(tcb, seg, nowMs);
  // Before SND.UNA moves: whether urgent mode ends.
  if (seqLeq(tcb.sndUp, ack)) tcb.sndUp = ack;
  tcb.sndUna = ack;
  tcb.sent?.acknowledge(ack, summary);
  let freed = seqDiff(ack, tcb.sndHead);
  if (freed > tcb.sendBuffer.length) freed = tcb.sendBuffer.length;
  if (freed > 0) {
    tcb.sendBuffer.ack(freed);
    tcb.sndHead = (tcb.sndHead + freed) >>> 0;
    tcb.events |= EVENT_WRITABLE;
  }
  if (seqLt(tcb.sndSml, ack)) tcb.sndSml = ack;
  tcb.cork?.acknowledged();
  if (tcb.retransmitCount > 0) {
    tcb.delivery?.timeoutEnds(nowMs);
    if (tcb.mtuSearch !== undefined) blackHoleWasNone(tcb);
  }
  tcb.retransmitCount = 0;
  tcb.stalledSinceMs = -1;
  tcb.softError = undefined;
  // Forward progress: the neighbour is reachable (RFC 4861 §7.3.1).
  layer.ip.confirmReachability(tcb.tx);
  tcb.isProbeOutstanding = false;
  if (ack === tcb.sndNxt) stopRetransmission(tcb);
  else startRetransmission(tcb);
  return rttMs;
}

/** A sample of the timed segment, else of the echoed timestamp (RFC 6298 §3, RFC 7323 §4). */
function measureRtt(tcb: Tcb, seg: Segment, nowMs: number): number {
  let rttMs = -1;
  if (tcb.rttAtMs >= 0) {
    if (!seqGeq(seg.ack, tcb.rttSeq)) return -1;
    rttMs = nowMs - tcb.rttAtMs;
    tcb.rttAtMs = -1;
  } else if (tcb.hasTimestamps && seg.hasTimestamps && seg.tsEcr !== 0) {
    rttMs = rttFromEcho(seg.tsEcr, timestampAt(nowMs, tcb.tsOffset), tcb.layer.config.maxRtoMs);
    // An echo from before the retransmission, but a round trip after it: the original had arrived, and its acknowledgment
    // was lost. Taken for a round trip, the timeout would feed on itself.
    const sinceMs = tcb.delivery === undefined ? Infinity : nowMs - tcb.delivery.retransmittedAtMs;
    if (rttMs > sinceMs && sinceMs >= tcb.rto.minRttMs) rttMs = -1;
  }
  if (rttMs >= 0) tcb.rto.sample(rttMs);
  return rttMs;
}

/** A sample of what a SACK has told of, and was sent once only (RFC 6298 §3), as in Linux: while a hole keeps SND.UNA where it is, the
 * queue that overflowed makes round trips longer, and the timeout that was right before it would strike in the midst of recovery. */
function sampleSack(tcb: Tcb, summary: AckSummary): void {
  if (summary.isRetransmitted || summary.sentAtMs === -Infinity) return;
  tcb.rto.sample(tcb.layer.clock.now() - summary.sentAtMs);
}

/** What congestion control is told of the round trip: each acknowledgment gives a sample, from the most recently sent piece that
 * it is about, so that neither a delayed acknowledgment nor the one measurement per round trip of RFC 6298 §3 stands between
 * the path and RFC 9406 §4.2.
 *
 * @param rttMs what the retransmission timer was told.
 */
function pathRtt(tcb: Tcb, summary: AckSummary, rttMs: number): number {
  if (summary.sentAtMs === -Infinity || summary.isRetransmitted) return rttMs;
  return tcb.layer.clock.now() - summary.sentAtMs;
}

/** SND.WND, SND.WL1, SND.WL2 follow the newest segment (RFC 9293 §3.10.7.4, fifth step).
 *
 * Deviation: as in Linux, an acknowledgment of new text counts as newest although its own text is a retransmission, and
 * so its number an old one. SND.WND counts from SND.UNA: to move this and keep that would move the edge of the window to
 * where the peer never said it was.
 *
 * @param isNewAck SND.UNA has moved.
 */
export function updateSendWindow(tcb: Tcb, seg: Segment, isNewAck: boolean): void {
  const isNewer = seqLt(tcb.sndWl1, seg.seq) || (tcb.sndWl1 === seg.seq && seqLeq(tcb.sndWl2, seg.ack));
  if (!isNewer && !isNewAck) return;
  const wnd = seg.wnd << tcb.sndWindShift;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  // Any answer shows that the peer lives.
  tcb.probeCount = 0;
  if (wnd === tcb.sndWnd) return;
  if (wnd > tcb.maxSndWnd) tcb.maxSndWnd = wnd;
  tcb.sndWnd = wnd;
  if (wnd > 0 && tcb.probingSinceMs >= 0 && !seqGt(tcb.sndUna, tcb.sndNxt)) leavePersist(tcb);
}
