/** Zero-window probes (RFC 9293 §3.8.6.1): a window that has closed must not stay closed because the
 * acknowledgment that opens it was lost.
 *
 * Deviation: a probe is by default, as with Linux, a segment without text whose number the peer has acknowledged already, and which it
 * must therefore answer as well as one octet beyond its window. `zeroWindowProbe: "octet"` has the RFC's, an octet of new text.
 *
 * @module
 */
import { hasUnsent } from "./send_space.ts";
import { ACK } from "./control_bits.ts";
import { seqAdd } from "./seq.ts";
import { recordSent } from "./sent_record.ts";
import type { Tcb } from "./tcb.ts";
import { startPersist } from "./timer_set.ts";
import { prepareRoute, transmitControl, transmitText } from "./transmit.ts";

/** Something waits, nothing is outstanding, and the window is too small: the first probe comes after one RTO (SHLD-29). */
export function enterPersist(tcb: Tcb): void {
  if (tcb.persistTimer !== undefined && tcb.persistTimer.isArmed) return;
  if (tcb.probingSinceMs < 0) tcb.probingSinceMs = tcb.layer.clock.now();
  startPersist(tcb, probeDelay(tcb));
}

/** The window is open again. What has waited for that was no silence of the user's. */
export function leavePersist(tcb: Tcb): void {
  if (tcb.probingSinceMs >= 0) tcb.lastSentAtMs = tcb.layer.clock.now();
  tcb.persistTimer?.stop();
  tcb.probeCount = 0;
  tcb.probeBackOff = 0;
  tcb.probingSinceMs = -1;
}

/** The persist timer expired: asks the peer for its window.
 *
 * @returns false when the peer has not answered for so long that the connection is dead; as long as it answers,
 * the window may stay closed for ever (MUST-35, MUST-37).
 */
export function persistExpires(tcb: Tcb): boolean {
  // Text that went out meanwhile, or is gone, is no business of this timer.
  if (!tcb.isProbeOutstanding && (tcb.sndUna !== tcb.sndNxt || !hasUnsent(tcb))) {
    leavePersist(tcb);
    return true;
  }
  if (isGivenUp(tcb)) return false;
  tcb.probeCount++;
  tcb.probeBackOff++;
  tcb.layer.counters.windowProbes++;
  if (prepareRoute(tcb)) sendProbe(tcb);
  startPersist(tcb, probeDelay(tcb));
  return true;
}

/** Sends what has been acknowledged, without its octet; or the next octet of the text, or a FIN that waits alone, whatever the window
 * says. */
function sendProbe(tcb: Tcb): void {
  const isText = tcb.isProbeOutstanding || tcb.sndWnd > 0 || tcb.sendBuffer.length === 0;
  if (!isText && tcb.layer.config.zeroWindowProbe === "empty") {
    transmitControl(tcb, seqAdd(tcb.sndUna, -1), ACK);
    return;
  }
  const octets = probeOctets(tcb);
  if (transmitText(tcb, tcb.sndUna, octets, octets, 0) && !tcb.isProbeOutstanding) {
    recordSent(tcb, seqAdd(tcb.sndUna, octets), octets, tcb.layer.clock.now());
    tcb.isProbeOutstanding = true;
    tcb.sndNxt = seqAdd(tcb.sndUna, octets);
    if (tcb.isFinQueued && tcb.sendBuffer.length < octets) tcb.isFinSent = true;
  }
}

/** One octet of text if the window is closed; all there is room for if it is only a silly one (RFC 9293 §3.8.6.2.1
 * (4), the override). */
function probeOctets(tcb: Tcb): number {
  if (tcb.isProbeOutstanding || tcb.sndWnd === 0) return 1;
  const waiting = tcb.sendBuffer.length > 0 ? tcb.sendBuffer.length : 1;
  const octets = waiting < tcb.sndWnd ? waiting : tcb.sndWnd;
  return octets < tcb.smss ? octets : tcb.smss;
}

/** Exponential from the RTO, up to its maximum (SHLD-30). */
function probeDelay(tcb: Tcb): number {
  const { config } = tcb.layer;
  const delayMs = tcb.rto.rtoMs * 2 ** Math.min(tcb.probeBackOff, 20);
  return delayMs < config.maxRtoMs ? delayMs : config.maxRtoMs;
}

function isGivenUp(tcb: Tcb): boolean {
  const { config } = tcb.layer;
  const limitMs = tcb.config.userTimeoutMs;
  if (limitMs > 0 && tcb.layer.clock.now() >= tcb.probingSinceMs + limitMs) return true;
  // Nobody waits for the end of a connection that the user has closed: without this, a peer that answers probes and never
  // opens its window could collect as many of them as it likes (RFC 6429 §4).
  if (tcb.isOrphan && tcb.probeBackOff >= config.orphanRetries && probeDelay(tcb) >= config.maxRtoMs) {
    return true;
  }
  return tcb.probeCount >= config.dataRetries;
}
