/** Keep-alive probes (RFC 9293 §3.8.4), off unless the user wants them (MUST-24, MUST-25).
 *
 * @module
 */
import { ACK } from "./control_bits.ts";
import { hasUnsent } from "./recovery.ts";
import { seqAdd } from "./seq.ts";
import type { Tcb } from "./tcb.ts";
import { startKeepAlive } from "./timer_set.ts";
import { prepareRoute, transmitControl } from "./transmit.ts";

/** Starts, or stops, watching the peer, after the connection was established or the setting has changed. */
export function setKeepAlive(tcb: Tcb): void {
  const keepAlive = tcb.config.keepAlive;
  tcb.keepAliveProbes = 0;
  if (keepAlive === undefined || tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED") {
    tcb.keepAliveTimer?.stop();
    return;
  }
  const idleMs = tcb.layer.clock.now() - tcb.lastReceivedAtMs;
  startKeepAlive(tcb, Math.max(keepAlive.idleMs - idleMs, 0));
}

/** The keep-alive timer expired. It is not re-armed with each segment, but looks here at what has come meanwhile.
 *
 * @returns false when the peer has not answered `count` probes (MUST-29: one alone says nothing).
 */
export function keepAliveExpires(tcb: Tcb): boolean {
  const keepAlive = tcb.config.keepAlive;
  if (keepAlive === undefined) return true;
  const idleMs = tcb.layer.clock.now() - tcb.lastReceivedAtMs;
  // What is outstanding is watched by the retransmission timer, what waits by the persist timer.
  if (tcb.sndUna !== tcb.sndNxt || hasUnsent(tcb)) {
    startKeepAlive(tcb, keepAlive.idleMs);
    return true;
  }
  if (idleMs < keepAlive.idleMs) {
    tcb.keepAliveProbes = 0;
    startKeepAlive(tcb, keepAlive.idleMs - idleMs);
    return true;
  }
  const limitMs = tcb.config.userTimeoutMs;
  const isDead = limitMs > 0
    ? idleMs >= limitMs && tcb.keepAliveProbes > 0
    : tcb.keepAliveProbes >= keepAlive.count;
  if (isDead) return false;
  // One octet before the window: whoever is alive says what it expects (RFC 9293 §3.8.4).
  if (prepareRoute(tcb)) transmitControl(tcb, seqAdd(tcb.sndNxt, -1), ACK);
  tcb.keepAliveProbes++;
  tcb.layer.counters.keepAliveProbes++;
  startKeepAlive(tcb, keepAlive.intervalMs);
  return true;
}
