/** Data plane. What an acknowledgment does to the sender's side: the fifth step of RFC 9293 §3.10.7.4.
 *
 * @module
 */
import { leavePersist } from "./persist.ts";
import { ensureScoreboard, isDuplicateAck, recoverAfterAck } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from "./seq.ts";
import { EVENT_WRITABLE, type Tcb } from "./tcb.ts";
import { startRetransmission, stopRetransmission } from "./timer_set.ts";
import { rttFromEcho, timestampAt } from "./timestamps.ts";

/** Takes an acknowledgment SND.UNA =< SEG.ACK =< SND.NXT in: frees text, measures, recovers, updates the window.
 *
 * @returns whether our FIN is now acknowledged.
 */
export function processAck(tcb: Tcb, seg: Segment): boolean {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const acked = seqDiff(seg.ack, tcb.sndUna);
  let rttMs = -1;
  if (acked > 0) rttMs = advanceSndUna(tcb, seg);
  const sackedBefore = tcb.scoreboard === undefined ? 0 : tcb.scoreboard.sackedBytes;
  let newlySacked = 0;
  if (seg.sackCount > 0 && tcb.hasSack) {
    newlySacked = ensureScoreboard(tcb).update(tcb.sndUna, tcb.sndNxt, seg);
  } else if (tcb.scoreboard !== undefined) {
    tcb.scoreboard.advance(tcb.sndUna);
  }
  if (acked >= 0) {
    const isDuplicate = acked === 0 && isDuplicateAck(tcb, seg, newlySacked);
    updateSendWindow(tcb, seg, acked > 0);
    const sackedNow = tcb.scoreboard === undefined ? 0 : tcb.scoreboard.sackedBytes;
    recoverAfterAck(tcb, acked, acked + sackedNow - sackedBefore, isDuplicate, flight, rttMs);
  }
  return tcb.isFinSent && tcb.sndUna === tcb.sndNxt;
}

/** SND.UNA moves to SEG.ACK.
 *
 * @returns the round-trip sample, −1 for none.
 */
function advanceSndUna(tcb: Tcb, seg: Segment): number {
  const layer = tcb.layer;
  const nowMs = layer.clock.now();
  const ack = seg.ack;
  const rttMs = measureRtt(tcb, seg, nowMs);
  // Before SND.UNA moves: whether urgent mode ends.
  if (seqLeq(tcb.sndUp, ack)) tcb.sndUp = ack;
  tcb.sndUna = ack;
  let freed = seqDiff(ack, tcb.sndHead);
  if (freed > tcb.sendBuffer.length) freed = tcb.sendBuffer.length;
  if (freed > 0) {
    tcb.sendBuffer.ack(freed);
    tcb.sndHead = (tcb.sndHead + freed) >>> 0;
    tcb.events |= EVENT_WRITABLE;
  }
  if (seqLt(tcb.sndSml, ack)) tcb.sndSml = ack;
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
    const sinceMs = nowMs - tcb.lastRetransmitAtMs;
    if (rttMs > sinceMs && sinceMs >= tcb.rto.minRttMs) rttMs = -1;
  }
  if (rttMs >= 0) tcb.rto.sample(rttMs);
  return rttMs;
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
