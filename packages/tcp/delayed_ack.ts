/** Data plane. When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2).
 *
 * Text in order is acknowledged at the end of the batch it came with if more than one full-sized segment waits for
 * it, else after a short delay, in the hope that the user's answer carries the acknowledgment. Text out of order, and
 * text that fills a gap, is acknowledged at once. At the start of a connection, and after it was quiet, everything is
 * acknowledged at once for a while, because the peer's slow start lives on acknowledgments.
 *
 * @module
 */
import { tuningOf } from "./receive_window.ts";
import type { Tcb } from "./tcb.ts";
import { startDelayedAck } from "./timer_set.ts";
import { announcedMss } from "./transmit.ts";

/** Text of a full segment on a path of the least MTU of IPv4 (RFC 791), without options. */
const LEAST_FULL_BYTES = 28;

/** Text in order has arrived: adapts the delay to the rhythm of arrivals.
 *
 * @param textLength octets of new text.
 */
export function noteTextArrived(tcb: Tcb, textLength: number, nowMs: number): void {
  const { config } = tcb.layer;
  tcb.ackPendingBytes += textLength;
  if (tcb.lastTextAtMs >= 0) {
    const gapMs = nowMs - tcb.lastTextAtMs;
    if (gapMs <= config.delayedAckMs / 2) {
      tcb.atoMs = (tcb.atoMs + config.delayedAckMs) / 2;
    } else if (gapMs < tcb.atoMs) {
      tcb.atoMs = tcb.atoMs / 2 + gapMs;
    } else if (gapMs > tcb.rto.rtoMs) {
      // The peer was quiet, and may have gone back to a small window.
      tcb.quickAcks = config.quickAckCount;
      tcb.isPingPong = false;
    }
  }
  tcb.lastTextAtMs = nowMs;
}

/** A segment in order has arrived: learns what size a full one of the peer's has. More than we have announced is several that the link has
 * merged. Less is a full one when the peer, after a change of the path MTU, goes on with it: in the middle of what it has to say, and
 * twice in a row. To believe in a larger one would mean fewer acknowledgments than one for two segments (RFC 2525 §2.13).
 *
 * @param textLength octets of its text.
 * @param segmentLength octets of text per segment on the wire: less than `textLength` if segments were merged.
 * @param isPushed its text is all that there was to say (PSH).
 */
export function noteSegmentSize(
  tcb: Tcb,
  textLength: number,
  segmentLength: number,
  isPushed: boolean,
): void {
  if (segmentLength >= tcb.rcvMss) {
    if (segmentLength > tcb.rcvMss) {
      const most = announcedMss(tcb.tx, tcb.remoteAddress, tcb.config);
      tcb.rcvMss = segmentLength < most ? segmentLength : most;
    }
    return;
  }
  if ((isPushed && segmentLength === textLength) || segmentLength < LEAST_FULL_BYTES) return;
  const tuning = tuningOf(tcb);
  if (tuning.shortBytes === segmentLength) tcb.rcvMss = segmentLength;
  tuning.shortBytes = segmentLength;
}

/** We send text: if it answers what has just come, acknowledgments will travel with our text from now on. */
export function noteTextSent(tcb: Tcb, nowMs: number): void {
  if (tcb.lastTextAtMs >= 0 && nowMs - tcb.lastTextAtMs < tcb.atoMs) tcb.isPingPong = true;
}

/** Whether an acknowledgment must go out now; otherwise, if one is owed, sees to it that the timer runs. */
export function isAckDue(tcb: Tcb): boolean {
  if (tcb.isAckNow) return true;
  if (tcb.ackPendingBytes === 0) return false;
  if (tcb.ackPendingBytes > tcb.rcvMss) return true;
  if (tcb.quickAcks > 0 && !tcb.isPingPong) return true;
  if (tcb.reassembly !== undefined && !tcb.reassembly.isEmpty) return true;
  const timer = tcb.delayedAckTimer;
  if (timer === undefined || !timer.isArmed) startDelayedAck(tcb, ackDelay(tcb));
  return false;
}

/** Not longer than a round trip, if that is known: the peer's next window may hang on it. */
function ackDelay(tcb: Tcb): number {
  const { config } = tcb.layer;
  let limitMs = config.delayedAckMaxMs;
  if (tcb.rto.hasSample) {
    const rttMs = tcb.rto.srttMs > config.delayedAckMs ? tcb.rto.srttMs : config.delayedAckMs;
    if (rttMs < limitMs) limitMs = rttMs;
  }
  return tcb.atoMs < limitMs ? tcb.atoMs : limitMs;
}

/** The delayed acknowledgment timer expired: no answer of the user's came in time. */
export function delayedAckExpires(tcb: Tcb): void {
  if (tcb.ackPendingBytes === 0) return;
  const { config } = tcb.layer;
  if (tcb.isPingPong) {
    tcb.isPingPong = false;
    tcb.atoMs = config.delayedAckMs;
  } else {
    tcb.atoMs = Math.min(tcb.atoMs * 2, config.delayedAckMaxMs);
  }
  tcb.layer.counters.delayedAcks++;
  tcb.isAckNow = true;
}
