/** Data plane. The one timer of what is outstanding: the retransmission timeout, or before it a tail loss probe (RFC 8985 §7), or
 * the moment from which reordering does not explain a hole any more (§6.2). At most one of the three runs (§8).
 *
 * @module
 */
import type { SentSegments } from "./sent_segments.ts";
import type { Tcb } from "./tcb.ts";
import {
  startRetransmission,
  startRetransmissionAt,
  TIMER_PROBE,
  TIMER_REORDERING,
  TIMER_RTO,
} from "./timer_set.ts";

/** Shortest probe timeout. Deviation: RFC 8985 has none; two round trips of a fast LAN are less than a busy host's delays. */
const MIN_PROBE_MS = 10;
/** Probe timeout without a round-trip sample (RFC 8985 §7.2). */
const PROBE_WITHOUT_SAMPLE_MS = 1000;

/** Whether a tail loss probe makes sense: nothing is being repaired, none is out (RFC 8985 §7.2). */
function canProbe(tcb: Tcb, sent: SentSegments): boolean {
  return tcb.hasSack && tcb.layer.config.tailLossProbe && tcb.phase === "NONE" && !sent.hasProbe &&
    sent.sackedBytes === 0 && tcb.retransmitCount === 0;
}

/** TLP_calc_PTO() (RFC 8985 §7.2): two round trips; with a single segment out, time for a delayed acknowledgment too. */
function probeTimeoutMs(tcb: Tcb, outstanding: number): number {
  const { rto } = tcb;
  if (!rto.hasSample) return PROBE_WITHOUT_SAMPLE_MS;
  const delayMs = outstanding <= tcb.smss ? tcb.layer.config.delayedAckMaxMs : 0;
  const timeoutMs = 2 * rto.srttMs + delayMs;
  return timeoutMs > MIN_PROBE_MS ? timeoutMs : MIN_PROBE_MS;
}

/** New text went out, or was acknowledged, and something is outstanding: the retransmission timer runs, and a probe comes
 * before it if one makes sense.
 *
 * @param outstanding FlightSize.
 */
export function scheduleProbe(tcb: Tcb, outstanding: number): void {
  const { sent } = tcb;
  if (sent === undefined || sent.count === 0 || !canProbe(tcb, sent)) return;
  if (tcb.timerKind === TIMER_REORDERING) return;
  const atMs = tcb.layer.clock.now() + probeTimeoutMs(tcb, outstanding);
  const rtoAtMs = sent.rtoAtMs;
  tcb.timerKind = TIMER_PROBE;
  startRetransmissionAt(tcb, atMs < rtoAtMs ? atMs : rtoAtMs);
}

/** In `timeoutMs` more of what is outstanding will count as lost. */
export function scheduleReordering(tcb: Tcb, timeoutMs: number): void {
  tcb.timerKind = TIMER_REORDERING;
  startRetransmissionAt(tcb, tcb.layer.clock.now() + timeoutMs);
}

/** The timer has expired for another reason, or its reason is gone: the retransmission timeout takes over. */
export function resumeRetransmission(tcb: Tcb): void {
  const { sent } = tcb;
  tcb.timerKind = TIMER_RTO;
  if (sent !== undefined && sent.rtoAtMs > tcb.layer.clock.now()) startRetransmissionAt(tcb, sent.rtoAtMs);
  else startRetransmission(tcb);
}
