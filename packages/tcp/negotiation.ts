/** Data plane. What the options of the peer's SYN mean for the connection, and its first steps in ESTABLISHED.
 *
 * @module
 */
import { negotiateEcn } from "./ecn.ts";
import { setKeepAlive } from "./keepalive.ts";
import { updateSmss } from "./path_mtu.ts";
import type { Segment } from "./segment.ts";
import {
  DEFAULT_MSS_V4,
  DEFAULT_MSS_V6,
  EVENT_CONNECTED,
  EVENT_READABLE,
  setState,
  type Tcb,
} from "./tcb.ts";
import { synAckBytes } from "./syn_budget.ts";
import { allowsTimestamps } from "./transmit.ts";
import { limitOrphan } from "./user_calls.ts";

/** Takes over MSS, window scale, SACK-Permitted and timestamps of the peer's SYN or SYN-ACK. What is
 * in use afterwards is what both sides have offered. */
export function negotiate(tcb: Tcb, seg: Segment, nowMs: number): void {
  const { config } = tcb.layer;
  const fallback = tcb.remoteAddress.family === 4 ? DEFAULT_MSS_V4 : DEFAULT_MSS_V6;
  tcb.peerMss = seg.mss > 0 ? seg.mss : fallback;
  tcb.hasWindowScaling = config.windowScaling && seg.windowShift >= 0;
  if (tcb.hasWindowScaling) {
    tcb.sndWindShift = seg.windowShift;
  } else {
    tcb.sndWindShift = 0;
    tcb.rcvWindShift = 0;
  }
  tcb.hasSack = config.sack && seg.sackPermitted;
  tcb.hasTimestamps = config.timestamps && seg.hasTimestamps && (tcb.isPassive || allowsTimestamps(tcb));
  if (tcb.hasTimestamps) {
    tcb.tsRecent = seg.tsVal;
    tcb.tsRecentAtMs = nowMs;
  }
  negotiateEcn(tcb, seg);
  updateSmss(tcb);
}

/** The handshake is complete. */
export function enterEstablished(tcb: Tcb): void {
  setState(tcb, "ESTABLISHED");
  // One SYN that took longer than a second says little; two of them do (RFC 6928 §2, as Linux).
  if (tcb.retransmittedSegments > 1) tcb.congestion.onSynLoss();
  // RFC 6298 §5.7.
  if (tcb.retransmittedSegments > 0) tcb.rto.fallBackAfterSynLoss();
  if (tcb.listener !== undefined) {
    tcb.layer.handshakes.synBudget.proven((1 + tcb.retransmitCount) * synAckBytes(tcb));
    tcb.listener.noteEstablished(tcb);
  }
  tcb.retransmitCount = 0;
  tcb.stalledSinceMs = -1;
  tcb.softError = undefined;
  if (!tcb.layer.handshakes.fastOpen.established(tcb)) tcb.events |= EVENT_CONNECTED;
  setKeepAlive(tcb);
  if (tcb.isFinQueued) {
    setState(tcb, "FIN-WAIT-1");
    limitOrphan(tcb);
  }
}

/** The peer's FIN is in order: nothing more will come. It is acknowledged at once (RFC 9293 §3.10.7.4, eighth), unless the user wants
 * that to go with his answer, or with his own FIN. */
export function noteFinReceived(tcb: Tcb): void {
  tcb.isFinReceived = true;
  if (tcb.layer.config.delayFinAck && tcb.state === "ESTABLISHED" && tcb.lastTextAtMs >= 0) {
    tcb.ackPendingBytes++;
    tcb.isPingPong = true;
  } else tcb.isAckNow = true;
  tcb.events |= EVENT_READABLE;
}
