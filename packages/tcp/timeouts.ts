/** What happens when a timer of a connection expires (RFC 9293 §3.10.8).
 *
 * @module
 */
import type { NetErrorCode } from "@lightwire/netif";
import { delayedAckExpires } from "./delayed_ack.ts";
import { keepAliveExpires } from "./keepalive.ts";
import { persistExpires } from "./persist.ts";
import { detectBlackHole } from "./plpmtud.ts";
import { recoverAfterTimeout, reorderingExpires } from "./recovery.ts";
import { probeExpires } from "./tail_loss_probe.ts";
import { synAckBytes } from "./syn_budget.ts";
import { EVENT_SOFT_ERROR, type Tcb } from "./tcb.ts";
import { deleteTcb, resetConnection } from "./teardown.ts";
import { startRetransmission, type TcpTimerName, TIMER_PROBE, TIMER_REORDERING } from "./timer_set.ts";
import { transmitSyn } from "./transmit.ts";

/** Half-open connections of a listener that are never too many. */
const CROWD = 8;
/** Retransmissions of a SYN-ACK while there are too many. */
const CROWDED_RETRIES = 2;

/** The timer `name` of a connection expired. */
export function timerExpires(tcb: Tcb, name: TcpTimerName): void {
  switch (name) {
    case "RETRANSMISSION":
      retransmissionExpires(tcb);
      return;
    case "PERSIST":
      if (!persistExpires(tcb)) resetConnection(tcb, reason(tcb));
      return;
    case "DELAYED-ACK":
      delayedAckExpires(tcb);
      return;
    case "KEEP-ALIVE":
      if (!keepAliveExpires(tcb)) resetConnection(tcb, reason(tcb));
      return;
    case "CLOSE":
      closeExpires(tcb);
      return;
    case "PACING":
      tcb.layer.touch(tcb);
  }
}

/** RETRANSMISSION TIMEOUT, and USER TIMEOUT, which is looked at here. */
function retransmissionExpires(tcb: Tcb): void {
  const { config } = tcb.layer;
  if (tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED") {
    synExpires(tcb, tcb.state === "SYN-SENT" ? config.synRetries : synAckRetries(tcb));
    return;
  }
  if (tcb.sndUna === tcb.sndNxt) return;
  tcb.trace?.timer("expired", 0);
  if (tcb.timerKind === TIMER_PROBE) return probeExpires(tcb);
  if (tcb.timerKind === TIMER_REORDERING) return reorderingExpires(tcb);
  if (tcb.stalledSinceMs < 0) tcb.stalledSinceMs = tcb.layer.clock.now() - tcb.rto.rtoMs;
  if (isGivenUp(tcb)) {
    deleteTcb(tcb, reason(tcb));
    return;
  }
  tcb.layer.counters.timeouts++;
  tcb.layer.handshakes.fastOpen.timeoutExpires(tcb);
  detectBlackHole(tcb);
  recoverAfterTimeout(tcb);
  tcb.retransmitCount++;
  if (tcb.retransmitCount === config.r1Retries) {
    // R1: perhaps another router does better, and the user should know (RFC 9293 §3.8.3, MUST-20).
    tcb.tx.generation = -1;
    tcb.events |= EVENT_SOFT_ERROR;
  }
}

function synExpires(tcb: Tcb, retries: number): void {
  const limitMs = tcb.config.userTimeoutMs;
  // A timer may be late: when the SYN left is known.
  if (tcb.stalledSinceMs < 0) {
    tcb.stalledSinceMs = tcb.rttAtMs >= 0 ? tcb.rttAtMs : tcb.layer.clock.now() - tcb.rto.rtoMs;
  }
  const isLate = limitMs > 0 && tcb.layer.clock.now() >= tcb.stalledSinceMs + limitMs;
  if (tcb.retransmitCount >= retries || isLate) {
    deleteTcb(tcb, reason(tcb));
    return;
  }
  tcb.retransmitCount++;
  tcb.rttAtMs = -1;
  tcb.rto.backOff();
  startRetransmission(tcb);
  if (tcb.listener !== undefined && !tcb.layer.handshakes.synBudget.repeat(synAckBytes(tcb))) {
    tcb.layer.counters.synAcksWithheld++;
    return;
  }
  tcb.retransmittedSegments++;
  tcb.layer.counters.retransSegs++;
  transmitSyn(tcb);
}

/** How often a SYN-ACK is sent again. While more than half of the half-open connections that a listener may have are taken,
 * those who have not answered for long are given up sooner (RFC 4987 §3.3). */
function synAckRetries(tcb: Tcb): number {
  const { listener } = tcb;
  const { synAckRetries } = tcb.layer.config;
  if (listener === undefined || listener.halfOpenCount * 2 <= Math.max(listener.halfOpenLimit, CROWD)) {
    return synAckRetries;
  }
  return Math.min(synAckRetries, CROWDED_RETRIES);
}

/** R2, or the user's own limit, is over (RFC 9293 §3.8.3).
 *
 * Deviation: Linux gives up a connection that the user has closed when eight doublings of the least RTO are over, 102 s. On a path whose
 * round trip is a little longer that may be before the first retransmission after an outage of one minute, and what the user was
 * told was on its way is lost: here so many retransmissions must have been made as well, and one more. */
function isGivenUp(tcb: Tcb): boolean {
  const { layer } = tcb;
  const nowMs = layer.clock.now();
  const limitMs = tcb.config.userTimeoutMs;
  if (limitMs > 0) return nowMs >= tcb.stalledSinceMs + limitMs;
  // A peer that has closed its window on what is outstanding, but answers, is alive (MUST-37).
  if (tcb.sndWnd === 0 && nowMs - tcb.lastReceivedAtMs < layer.config.maxRtoMs) return false;
  if (nowMs >= tcb.stalledSinceMs + layer.r2Ms) return true;
  return tcb.isOrphan && tcb.retransmitCount > layer.config.orphanRetries &&
    nowMs >= tcb.stalledSinceMs + layer.orphanR2Ms;
}

/** TIME-WAIT TIMEOUT; FIN-WAIT-2 without an end; lingering without success. */
function closeExpires(tcb: Tcb): void {
  if (tcb.state === "TIME-WAIT") {
    deleteTcb(tcb, undefined);
  } else if (tcb.state === "FIN-WAIT-2") {
    deleteTcb(tcb, undefined);
  } else if (tcb.isOrphan) {
    resetConnection(tcb, "TIMED_OUT");
  }
}

/** What was noted on the way, or that nobody answers. */
function reason(tcb: Tcb): NetErrorCode {
  return tcb.softError ?? "TIMED_OUT";
}

/** R2 as Linux counts it: `retries` doublings from the least RTO, at most the most RTO each. */
export function giveUpTime(retries: number, minRtoMs: number, maxRtoMs: number): number {
  let sum = 0;
  let rtoMs = minRtoMs;
  for (let i = 0; i <= retries; i++) {
    sum += rtoMs;
    rtoMs = Math.min(rtoMs * 2, maxRtoMs);
  }
  return sum;
}
