/** Data plane. {@linkcode recordSent}: each piece of new text is noted when it leaves.
 *
 * @module
 */
import { DeliveryRate } from "./delivery_rate.ts";
import { PIECE_APP_LIMITED } from "./piece_store.ts";
import { seqDiff } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

/** `octets` before `nxt` were sent for the first time: they join the record of what is outstanding, with the state of the delivery
 * rate's clock. */
export function recordSent(tcb: Tcb, nxt: number, octets: number, nowMs: number): void {
  let delivery = tcb.delivery;
  if (delivery === undefined) delivery = tcb.delivery = new DeliveryRate(nowMs);
  const sent = tcb.layer.sentPool.of(tcb);
  // Text begins anew with the octet that was a probe.
  if (tcb.isProbeOutstanding) sent.clear();
  if (sent.count === 0) delivery.flightBegins(nowMs);
  delivery.flightSent = seqDiff(nxt, tcb.sndUna);
  const flags = delivery.appLimitedUntil >= 0 ? PIECE_APP_LIMITED : 0;
  const { delivered, deliveredAtMs, firstSentAtMs } = delivery;
  const inFlight = sent.pipe(delivery.flightSent);
  sent.sent((nxt - octets) >>> 0, nxt, nowMs, flags, delivered, deliveredAtMs, firstSentAtMs, inFlight);
}
