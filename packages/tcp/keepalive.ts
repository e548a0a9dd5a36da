/** Keep-alive probes (RFC 9293 §3.8.4), off unless the user wants them (MUST-24, MUST-25).
 *
 * @module
 */
import { ACK } from "./control_bits.ts";
import { hasUnsent } from "./send_space.ts";
import { seqAdd } from "./seq.ts";
import type { Tcb } from "./tcb.ts";
import { startKeepAliveAt } from "./timer_set.ts";
import { prepareRoute, transmitControl } from "./transmit.ts";

/** Starts, or stops, watching the peer, after the connection was established or the setting has changed. */
export function setKeepAlive(tcb: Tcb): void {
  const keepAlive = tcb.config.keepAlive;
  tcb.keepAliveProbes = 0;
  if (keepAlive === undefined || tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED") {
    tcb.keepAliveTimer?.stop();
    return;
  }
  startKeepAliveAt(tcb, tcb.lastReceivedAtMs + keepAlive.idleMs);
}

/** The keep-alive timer expired. It is not re-armed with each segment, but looks here at what has come meanwhile.
 *
 * @returns false when the peer has not answered `count` probes (MUST-29: one alone says nothing).
 */
export function keepAliveExpires(tcb: Tcb): boolean {
  const keepAlive = tcb.config.keepAlive;
  if (keepAlive === undefined) return true;
  const nowMs = tcb.layer.clock.now();
  // What is outstanding is watched by the retransmission timer, what waits by the persist timer.
  if (tcb.sndUna !== tcb.sndNxt || hasUnsent(tcb)) {
    startKeepAliveAt(tcb, nowMs + keepAlive.idleMs);
    return true;
  }
  // The sum that the timer is armed with: a difference may be rounded to a time which is never quite over.
  const dueAtMs = tcb.lastReceivedAtMs + keepAlive.idleMs;
  if (nowMs < dueAtMs) {
    tcb.keepAliveProbes = 0;
    startKeepAliveAt(tcb, dueAtMs);
    return true;
  }
  const limitMs = tcb.config.userTimeoutMs;
  const isDead = limitMs > 0
    ? nowMs >= tcb.lastReceivedAtMs + limitMs && tcb.keepAliveProbes > 0
    : tcb.keepAliveProbes >= keepAlive.count;
  if (isDead) return false;
  // One octet before the window: whoever is alive says what it expects (RFC 9293 §3.8.4).
  if (prepareRoute(tcb)) transmitControl(tcb, seqAdd(tcb.sndNxt, -1), ACK);
  tcb.keepAliveProbes++;
  tcb.layer.counters.keepAliveProbes++;
  startKeepAliveAt(tcb, nowMs + keepAlive.intervalMs);
  return true;
}
