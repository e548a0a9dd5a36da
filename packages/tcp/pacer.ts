/** Data plane. Pacing: segments leave at a rate, and not a window at once. The rate is the congestion control's; for those that
 * have none, and connections that want it, it follows from the window and the round trip, as in Linux: twice the window per
 * round trip in slow start, 1.2 windows afterwards.
 *
 * @module
 */
import type { Tcb } from "./tcb.ts";
import { startPacing } from "./timer_set.ts";

const SLOW_START_GAIN = 2;
const AVOIDANCE_GAIN = 1.2;
/** How far ahead of its time text may leave. A shorter one would cost a timer for each segment. */
const QUANTUM_MS = 1;
/** Most octets at once. */
const MAX_QUANTUM_BYTES = 65_536;

/** Octets per millisecond, `Infinity` for as fast as the window allows. */
export function pacingRate(tcb: Tcb): number {
  const { congestion } = tcb;
  if (congestion.pacingRateBps !== Infinity) return congestion.pacingRateBps / 1000;
  if (!tcb.config.pacing || tcb.rto.srttMs <= 0) return Infinity;
  const gain = congestion.cwnd < congestion.ssthresh ? SLOW_START_GAIN : AVOIDANCE_GAIN;
  return (gain * congestion.cwnd) / tcb.rto.srttMs;
}

/** Octets that may leave now, at least a segment; 0: not before the pacing timer, which is armed.
 *
 * @param rate what {@linkcode pacingRate} said.
 */
export function pacingRoom(tcb: Tcb, rate: number, nowMs: number): number {
  if (rate === Infinity && tcb.pacedUntilMs <= nowMs) return Infinity;
  const from = tcb.pacedUntilMs > nowMs ? tcb.pacedUntilMs : nowMs;
  const aheadMs = nowMs + QUANTUM_MS - from;
  if (aheadMs <= 0 || rate === Infinity) {
    startPacing(tcb, from);
    return 0;
  }
  const room = Math.floor(rate * aheadMs);
  if (room > MAX_QUANTUM_BYTES) return MAX_QUANTUM_BYTES;
  return room > tcb.smss ? room : tcb.smss;
}

/** `octets` have left. */
export function notePaced(tcb: Tcb, rate: number, octets: number, nowMs: number): void {
  if (rate === Infinity) return;
  // Time that was not used is gone: no burst makes up for it.
  const from = tcb.pacedUntilMs > nowMs ? tcb.pacedUntilMs : nowMs;
  tcb.pacedUntilMs = from + octets / rate;
}

/** Nothing leaves before an instant, but for a retransmission timeout. */
export function holdPacing(tcb: Tcb, untilMs: number): void {
  if (untilMs > tcb.pacedUntilMs) tcb.pacedUntilMs = untilMs;
}

/** Whether the connection waits for its turn. */
export function isPacing(tcb: Tcb): boolean {
  return tcb.pacingTimer !== undefined && tcb.pacingTimer.isArmed;
}
