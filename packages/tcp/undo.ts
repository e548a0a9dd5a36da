/** Data plane. Recoveries that were for nothing, found out and undone: by the echoed timestamp (Eifel, RFC 3522), by D-SACK (RFC 2883
 * §4, RFC 3708), by what the acknowledgments after a timeout cover (F-RTO, RFC 5682).
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { pipe } from "./flight.ts";
import type { Segment } from "./segment.ts";
import { initialWindow } from "./congestion.ts";
import { seqAdd, seqDiff, seqGeq, seqLeq, seqLt } from "./seq.ts";
import type { Tcb } from "./tcb.ts";
import { isDuplicatedByNetwork } from "./rack.ts";
import { startRetransmission } from "./timer_set.ts";
import { timestampAt, timestampLt } from "./timestamps.ts";

/** F-RTO has nothing to find out. */
export const FRTO_OFF = 0;
/** F-RTO, step 1 is done: the first acknowledgment after a timeout is awaited. */
export const FRTO_FIRST = 1;
/** F-RTO, step 2b is done: new text was let out, and its acknowledgment tells. */
export const FRTO_SECOND = 2;

/** Octets acknowledged after a recovery until no D-SACK is about it any more: a retransmission that takes longer is not to be expected. */
const UNDO_DISTANCE = 2 ** 30;

/** What is remembered of a recovery, to find out whether it was for nothing. */
export class Undo {
  /** SND.UNA when it began. */
  readonly una: number;
  /** SND.NXT when it began. */
  readonly end: number;
  /** A timeout began it: nothing seemed reordered. */
  readonly isTimeout: boolean;
  /** Octets delivered since, of which congestion control has not been told. */
  deliveredBytes: number;
  /** Retransmitted segments of which the receiver has not said that they came twice. */
  segments: number;
  /** TSval of the first retransmission, −1 before it, or if it was not of the segment at SND.UNA: only its acknowledgment has an
   * echo that is sure to be its own. */
  firstTsVal: number;
  /** Something was retransmitted. */
  hasRetransmitted: boolean;
  /** Nothing else tells any more: the window was restored, or an acknowledgment showed that the loss was real. */
  isDecided: boolean;

  /** A recovery begins. */
  constructor(una: number, end: number, isTimeout: boolean) {
    this.una = una;
    this.end = end;
    this.isTimeout = isTimeout;
    this.deliveredBytes = 0;
    this.segments = 0;
    this.firstTsVal = -1;
    this.hasRetransmitted = false;
    this.isDecided = false;
  }
}

/** A segment, or several, were sent again from `seq` on. */
export function noteRetransmission(tcb: Tcb, seq: number, segments: number, nowMs: number): void {
  const { undo } = tcb;
  if (undo === undefined) return;
  undo.segments += segments;
  if (undo.hasRetransmitted) return;
  undo.hasRetransmitted = true;
  if (seq === undo.una) undo.firstTsVal = timestampAt(nowMs, tcb.tsOffset);
}

/** Whether an acknowledgment shows that the present recovery, or the last one, was for nothing.
 *
 * @param acked octets newly acknowledged.
 */
export function isSpurious(tcb: Tcb, seg: Segment, acked: number, summary: AckSummary): boolean {
  const { undo } = tcb;
  if (undo === undefined || undo.isDecided) return false;
  if (seqDiff(tcb.sndUna, undo.end) > UNDO_DISTANCE) {
    // Long ago: its sequence numbers will come round again.
    tcb.undo = undefined;
    return false;
  }
  if (acked > 0 && tcb.phase !== "NONE" && isEifel(tcb, undo, seg, acked)) return true;
  return summary.hasDsack && !isDuplicatedByNetwork(tcb) && isDsacked(tcb, undo, summary);
}

/** RFC 3522 §3.2: the first acceptable acknowledgment after the retransmission echoes a timestamp from before it. Later ones
 * tell nothing. */
function isEifel(tcb: Tcb, undo: Undo, seg: Segment, acked: number): boolean {
  const isFirst = seqDiff(tcb.sndUna, undo.una) === acked;
  if (!isFirst || undo.firstTsVal < 0 || !tcb.hasTimestamps || !seg.hasTimestamps || seg.tsEcr === 0) {
    return false;
  }
  return timestampLt(seg.tsEcr, undo.firstTsVal >>> 0);
}

/** All that was sent again has come twice. */
function isDsacked(tcb: Tcb, undo: Undo, summary: AckSummary): boolean {
  const { dsackLeft, dsackRight } = summary;
  if (seqLt(dsackLeft, undo.una) || !seqLeq(dsackRight, undo.end) || undo.segments === 0) return false;
  const octets = seqDiff(dsackRight, dsackLeft);
  undo.segments -= octets <= tcb.smss ? 1 : Math.ceil(octets / tcb.smss);
  return undo.segments <= 0;
}

/** F-RTO (RFC 5682 §2.1, steps 2 and 3), with or without SACK.
 *
 * @param acked octets newly acknowledged.
 * @param isDuplicate it is a duplicate acknowledgment.
 * @param hasNew there is new text, and room for it in the peer's window.
 * @returns whether the timeout was for nothing.
 */
export function forwardRto(tcb: Tcb, acked: number, isDuplicate: boolean, hasNew: boolean): boolean {
  if (tcb.frto === FRTO_OFF) return false;
  if (acked === 0) {
    if (!isDuplicate) return false;
    // Step 3a: the timeout was right. Room for the two segments of new text, what else is on its way, and the first of what is lost.
    if (tcb.frto === FRTO_SECOND) {
      const room = pipe(tcb) + tcb.smss;
      tcb.congestion.cwnd = room > 3 * tcb.smss ? room : 3 * tcb.smss;
    }
    tcb.frto = FRTO_OFF;
    return false;
  }
  if (seqGeq(tcb.sndUna, tcb.recover)) {
    tcb.frto = FRTO_OFF;
    return false;
  }
  if (tcb.frto === FRTO_SECOND) {
    tcb.frto = FRTO_OFF;
    return true;
  }
  tcb.frto = hasNew ? FRTO_SECOND : FRTO_OFF;
  return false;
}

/** A timeout was for nothing (RFC 4015 §3.2). What was in flight may be lost all the same: after an outage that swallowed the
 * acknowledgments, the first one looks just like this. So nothing leaves in a burst, duplicates count at once, what RACK has inferred from
 * the acknowledgment of the retransmission is forgotten, and the timeout is that of a round trip which is not known. Deviation: an initial
 * window may leave at once, as after other recoveries, and not only as much as was acknowledged; Linux restores the whole window.
 */
export function goOnAfterTimeout(tcb: Tcb): void {
  const { congestion, sent } = tcb;
  if (congestion.ownsRecovery !== true) {
    const careful = seqDiff(tcb.sndNxt, tcb.sndUna) + initialWindow(tcb.smss);
    if (careful < congestion.cwnd) {
      if (congestion.ssthresh < congestion.cwnd) congestion.ssthresh = congestion.cwnd;
      congestion.cwnd = careful;
    }
  }
  tcb.recover = seqAdd(tcb.sndUna, -1);
  if (sent !== undefined) {
    sent.rackSentAtMs = -Infinity;
    sent.rackRttMs = -1;
  }
  tcb.rto.limitBackOff();
  if (tcb.sndUna !== tcb.sndNxt) startRetransmission(tcb);
}
