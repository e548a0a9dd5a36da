/** Data plane. RACK: loss detection by time (RFC 8985 §6). A piece is lost when one that was sent later has been delivered, and the
 * time that reordering may take is over.
 *
 * The reordering window is nothing until the path has shown that it reorders and three segments are SACKed, which is what three
 * duplicate acknowledgments meant; a quarter of the shortest round trip otherwise; and more, quarter by quarter, when D-SACKs
 * show that retransmissions were for nothing.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { Reordering } from "./reordering.ts";
import { seqDiff, seqLt } from "./seq.ts";
import type { SentSegments } from "./sent_segments.ts";
import type { Tcb } from "./tcb.ts";

/** DupThresh (RFC 6675 §2), the third duplicate acknowledgment of RFC 5681 §3.2. */
export const DUP_THRESH = 3;

/** RACK_reo_wnd (RFC 8985 §6.2, step 4), in milliseconds. */
export function reorderingWindowMs(tcb: Tcb, sent: SentSegments): number {
  const { reordering, rto } = tcb;
  if (
    !(reordering !== undefined && reordering.isSeen) &&
    (tcb.phase !== "NONE" || sent.sackedSegments >= DUP_THRESH)
  ) return 0;
  if (!rto.hasSample) return 0;
  const windowMs = ((reordering === undefined ? 1 : reordering.quarters) * rto.minRttMs) / 4;
  return windowMs < rto.srttMs ? windowMs : rto.srttMs;
}

/** RACK.reordering_seen (RFC 8985 §5.2). */
export function isReorderingSeen(tcb: Tcb): boolean {
  return tcb.reordering !== undefined && tcb.reordering.isSeen;
}

/** Takes an acknowledgment in: RFC 8985 §6.2, steps 1 to 5.
 *
 * @param echoAgeMs time since the echoed timestamp was sent, −1 when there is none.
 * @param summary `lostBytes` is filled.
 * @returns time until the next piece will count as lost, 0 for none.
 */
export function rackAcknowledged(
  tcb: Tcb,
  sent: SentSegments,
  summary: AckSummary,
  echoAgeMs: number,
  nowMs: number,
): number {
  updateRack(tcb, sent, summary, echoAgeMs, nowMs);
  if (summary.isReordered) {
    tcb.reordering ??= new Reordering();
    tcb.reordering.isSeen = true;
    tcb.reordering.noteDegree(Math.ceil(summary.reorderedBytes / tcb.smss));
  }
  return rackDetect(tcb, sent, summary, nowMs);
}

/** Looks for losses, after an acknowledgment or when the reordering timer has expired (RFC 8985 §6.2 step 5, §6.3). */
export function rackDetect(tcb: Tcb, sent: SentSegments, summary: AckSummary, nowMs: number): number {
  if (sent.rackRttMs < 0) return 0;
  sent.newlyLostBytes = 0;
  const timeoutMs = sent.detectLosses(reorderingWindowMs(tcb, sent), nowMs);
  summary.lostBytes += sent.newlyLostBytes;
  return timeoutMs;
}

/** Steps 1 and 2: the most recently sent of all delivered pieces. A retransmitted one counts only if this cannot be the
 * acknowledgment of its first transmission. */
function updateRack(
  tcb: Tcb,
  sent: SentSegments,
  summary: AckSummary,
  echoAgeMs: number,
  nowMs: number,
): void {
  const { sentAtMs } = summary;
  if (sentAtMs === -Infinity) return;
  const rttMs = nowMs - sentAtMs;
  if (summary.isRetransmitted) {
    // Granularity of the echoed clock: a millisecond.
    if (echoAgeMs >= 0 && echoAgeMs > rttMs + 1) return;
    if (rttMs < tcb.rto.minRttMs) return;
  }
  sent.rackRttMs = rttMs;
  if (sentAtMs > sent.rackSentAtMs || (sentAtMs === sent.rackSentAtMs && seqLt(sent.rackEnd, summary.end))) {
    sent.rackSentAtMs = sentAtMs;
    sent.rackEnd = summary.end;
  }
}

/** An acknowledgment brought a D-SACK (RFC 8985 §6.2, step 4). Deviation: as in Linux it counts only on a path that has reordered,
 * and while D-SACKs are not more than what was sent again. Where acknowledgments are lost, probes and timeouts send again what has
 * arrived, and networks duplicate: such D-SACKs say nothing about the time reordering takes, and would make all later losses be
 * found late. */
export function rackDsack(tcb: Tcb): void {
  const { reordering } = tcb;
  if (reordering === undefined || !reordering.isSeen || isDuplicatedByNetwork(tcb)) return;
  reordering.onDsack(tcb.bytesSent, seqDiff(tcb.sndNxt, tcb.sndUna));
}

/** Whether there were more D-SACKs than segments that we have sent again: then it is not us who send twice (RFC 3708 §5). */
export function isDuplicatedByNetwork(tcb: Tcb): boolean {
  return tcb.delivery !== undefined && tcb.delivery.dsacks > tcb.retransmittedSegments;
}

/** A recovery was for nothing: what had seemed lost was only late, so the path reorders. Deviation: RFC 8985 §6.2, step 3, looks at
 * pieces that were never sent again; on a fast path three segments overtake any late one, which is sent again at once, and
 * reordering would never show. Linux sees it here as well. */
export function rackSpurious(tcb: Tcb): void {
  tcb.reordering ??= new Reordering();
  tcb.reordering.isSeen = true;
}

/** After a retransmission timeout: the first segment is lost, and what was sent long enough ago (RFC 8985 §6.3). */
export function rackTimeout(tcb: Tcb, sent: SentSegments, nowMs: number): void {
  const windowMs = sent.rackRttMs < 0 ? 0 : sent.rackRttMs + reorderingWindowMs(tcb, sent);
  sent.loseFirst(tcb.smss);
  sent.loseOlder(sent.rackRttMs < 0 ? Infinity : nowMs - windowMs);
}
