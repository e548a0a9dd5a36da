/** The timers of a connection: made when first needed, re-armed at next to no cost.
 *
 * | timer          | runs                                                        | RFC 9293 |
 * |----------------|-------------------------------------------------------------|----------|
 * | RETRANSMISSION | while something is outstanding; see `loss_timer.ts`          | §3.8.1   |
 * | PERSIST        | while the window is closed, and nothing outstanding         | §3.8.6.1 |
 * | DELAYED-ACK    | while text is unacknowledged                                | §3.8.6.3 |
 * | KEEP-ALIVE     | while the user wants it                                     | §3.8.4   |
 * | CLOSE          | in TIME-WAIT; in FIN-WAIT-2 and while lingering after CLOSE | §3.6     |
 * | PACING         | while text waits for its turn; see `pacer.ts`               |          |
 *
 * An idle connection has none of them armed. What happens when one expires is in `timeouts.ts`.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import type { Tcb } from "./tcb.ts";

/** A timer of a connection. */
export type TcpTimerName = "RETRANSMISSION" | "PERSIST" | "DELAYED-ACK" | "KEEP-ALIVE" | "CLOSE" | "PACING";

function create(tcb: Tcb, name: TcpTimerName): Timer {
  return tcb.layer.timers.create(() => tcb.layer.timerExpires(tcb, name));
}

/** `timerKind`: the retransmission timeout. */
export const TIMER_RTO = 0;
/** `timerKind`: a tail loss probe. */
export const TIMER_PROBE = 1;
/** `timerKind`: the end of the reordering window. */
export const TIMER_REORDERING = 2;

/** (Re)starts the retransmission timer with the current RTO (RFC 6298 §5.1, §5.3), or earlier if the user
 * timeout ends before that. */
export function startRetransmission(tcb: Tcb): void {
  let atMs = tcb.layer.clock.now() + tcb.rto.rtoMs;
  const limitMs = tcb.config.userTimeoutMs;
  if (limitMs > 0 && tcb.stalledSinceMs >= 0 && tcb.stalledSinceMs + limitMs < atMs) {
    // Compared as the same sum when the timer expires: a difference may be rounded to a time which is never quite over.
    atMs = tcb.stalledSinceMs + limitMs;
  }
  if (tcb.sent !== undefined) tcb.sent.rtoAtMs = atMs;
  tcb.timerKind = TIMER_RTO;
  startRetransmissionAt(tcb, atMs);
}

/** (Re)starts the retransmission timer for an instant; what for is `timerKind`. */
export function startRetransmissionAt(tcb: Tcb, atMs: number): void {
  let timer = tcb.retransmissionTimer;
  if (timer === undefined) timer = tcb.retransmissionTimer = create(tcb, "RETRANSMISSION");
  timer.startAt(atMs);
  tcb.trace?.timer("set", atMs);
}

/** Starts the retransmission timer unless it runs. */
export function ensureRetransmission(tcb: Tcb): void {
  const timer = tcb.retransmissionTimer;
  if (timer === undefined || !timer.isArmed) startRetransmission(tcb);
}

/** Stops the retransmission timer (RFC 6298 §5.2). */
export function stopRetransmission(tcb: Tcb): void {
  const timer = tcb.retransmissionTimer;
  if (timer === undefined) return;
  if (timer.isArmed) tcb.trace?.timer("cancelled", 0);
  timer.stop();
}

/** (Re)starts the persist timer, or for the end of the user timeout if that comes earlier. */
export function startPersist(tcb: Tcb, delayMs: number): void {
  let timer = tcb.persistTimer;
  if (timer === undefined) timer = tcb.persistTimer = create(tcb, "PERSIST");
  const atMs = tcb.layer.clock.now() + delayMs;
  const limitMs = tcb.config.userTimeoutMs;
  const endMs = limitMs > 0 ? tcb.probingSinceMs + limitMs : Infinity;
  timer.startAt(endMs < atMs ? endMs : atMs);
}

/** (Re)starts the delayed acknowledgment timer. */
export function startDelayedAck(tcb: Tcb, delayMs: number): void {
  let timer = tcb.delayedAckTimer;
  if (timer === undefined) timer = tcb.delayedAckTimer = create(tcb, "DELAYED-ACK");
  timer.start(delayMs);
}

/** (Re)starts the keep-alive timer, for an instant. */
export function startKeepAliveAt(tcb: Tcb, atMs: number): void {
  let timer = tcb.keepAliveTimer;
  if (timer === undefined) timer = tcb.keepAliveTimer = create(tcb, "KEEP-ALIVE");
  timer.startAt(atMs);
}

/** (Re)starts the pacing timer, for an instant. */
export function startPacing(tcb: Tcb, atMs: number): void {
  let timer = tcb.pacingTimer;
  if (timer === undefined) timer = tcb.pacingTimer = create(tcb, "PACING");
  timer.startAt(atMs);
}

/** (Re)starts the close timer. */
export function startClose(tcb: Tcb, delayMs: number): void {
  let timer = tcb.closeTimer;
  if (timer === undefined) timer = tcb.closeTimer = create(tcb, "CLOSE");
  timer.start(delayMs);
}

/** Stops all timers and drops them. */
export function stopAllTimers(tcb: Tcb): void {
  tcb.retransmissionTimer?.stop();
  tcb.persistTimer?.stop();
  tcb.delayedAckTimer?.stop();
  tcb.keepAliveTimer?.stop();
  tcb.closeTimer?.stop();
  tcb.pacingTimer?.stop();
  tcb.cork?.stop();
  tcb.retransmissionTimer = undefined;
  tcb.persistTimer = undefined;
  tcb.delayedAckTimer = undefined;
  tcb.keepAliveTimer = undefined;
  tcb.closeTimer = undefined;
  tcb.pacingTimer = undefined;
}
