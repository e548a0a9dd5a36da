/** Data plane. When acknowledgments open the congestion window, outside of recovery and after a timeout; by how much is the congestion
 * control's affair.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { echoesMark } from "./ecn.ts";
import { flightUsed, undelivered } from "./flight.ts";
import { isReorderingSeen } from "./rack.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Slow start or congestion avoidance (RFC 5681 §3.1), but not by an acknowledgment that tells of a mark (RFC 3168 §6.1.2).
 *
 * @param before octets outstanding and not delivered before it.
 */
export function growWindow(
  tcb: Tcb,
  seg: Segment,
  octets: number,
  before: number,
  flight: number,
  rttMs: number,
): void {
  if (echoesMark(tcb, seg)) return;
  tcb.congestion.onAck(octets, before, tcb.layer.clock.now(), rttMs, flightUsed(tcb, flight));
}

/** The window grows by what is SACKed, on a path that has reordered. Deviation: RFC 5681 §3.1 counts octets with the acknowledgment that
 * fills the hole, all at once; here as in Linux that one counts only what it is the first to tell of ({@linkcode newlyDelivered}). Where
 * segments are late again and again, slow start would otherwise not double the window. */
export function growBySack(tcb: Tcb, seg: Segment, summary: AckSummary, flight: number, rttMs: number): void {
  if (!isReorderingSeen(tcb)) return;
  const { deliveredBytes } = summary;
  growWindow(tcb, seg, deliveredBytes, undelivered(tcb) + deliveredBytes, flight, rttMs);
}
