/** Data plane. Congestion window validation (RFC 7661): a window that the application has not used for long says nothing about the
 * path.
 *
 * While at least half of the window is in flight it is validated, and grows. While less is, it is kept as it is, for five
 * minutes; then it shrinks by half for each further five. A loss meanwhile is answered by what was in flight, not by the
 * window ({@linkcode CongestionControl.onEnterRecovery}), which is stricter than §4.4.1.
 *
 * @module
 */
import { initialWindow } from "./congestion.ts";
import type { DeliveryRate } from "./delivery_rate.ts";
import type { Tcb } from "./tcb.ts";

/** Non-Validated Period (RFC 7661 §4.4): how long an unused window is kept. */
export const NON_VALIDATED_PERIOD_MS = 300_000;

/** An acknowledgment was taken in.
 *
 * @param flight FlightSize before it.
 */
export function noteWindowUse(tcb: Tcb, delivery: DeliveryRate, flight: number, nowMs: number): void {
  if (2 * flight >= tcb.congestion.cwnd) delivery.validatedAtMs = nowMs;
}

/** Text is about to be sent: adjusts a window that was not used for the period (RFC 7661 §4.4.3). */
export function validateWindow(tcb: Tcb, delivery: DeliveryRate, nowMs: number): void {
  const { congestion } = tcb;
  const least = initialWindow(tcb.smss);
  while (nowMs - delivery.validatedAtMs >= NON_VALIDATED_PERIOD_MS) {
    delivery.validatedAtMs += NON_VALIDATED_PERIOD_MS;
    if (congestion.cwnd <= least) {
      delivery.validatedAtMs = nowMs;
      return;
    }
    const remembered = (3 * congestion.cwnd) / 4;
    if (congestion.ssthresh < remembered) congestion.ssthresh = remembered;
    congestion.cwnd = Math.max(Math.floor(congestion.cwnd / 2), least);
  }
}
