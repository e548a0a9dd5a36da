/** Data plane. When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2).
 *
 * Text in order is acknowledged at the end of the batch it came with if more than one full-sized segment waits for
 * it, else after a short delay, in the hope that the user's answer carries the acknowledgment. Text out of order, and
 * text that fills a gap, is acknowledged at once. At the start of a connection, and after it was quiet, everything is
 * acknowledged at once for a while, because the peer's slow start lives on acknowledgments.
 *
 * @module
 */
import type { Tcb } from "./tcb.ts";
import { startDelayedAck } from "./timer_set.ts";

/** Text in order has arrived: adapts the delay to the rhythm of arrivals.
 *
 * @param textLength octets of new text.
 * @param segmentLength octets of text per segment on the wire: less than `textLength` if segments were merged.
 */
export function noteTextArrived(tcb: Tcb, textLength: number, segmentLength: number, nowMs: number): void {
  const { config } = tcb.layer;
  tcb.ackPendingBytes += textLength;
  if (segmentLength > tcb.rcvMss) tcb.rcvMss = segmentLength;
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
