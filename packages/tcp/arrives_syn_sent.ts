/** Data plane. SEGMENT ARRIVES in SYN-SENT (RFC 9293 §3.10.7.3).
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
import { isNewAck } from "./acceptability.ts";
import { ACK, FIN, RST, SYN } from "./control_bits.ts";
import { enterEstablished, negotiate } from "./negotiation.ts";
import type { Segment } from "./segment.ts";
import { seqAdd } from "./seq.ts";
import { setState, type Tcb } from "./tcb.ts";
import { deleteTcb } from "./teardown.ts";
import { startRetransmission, stopRetransmission } from "./timer_set.ts";
import { rttFromEcho, timestampAt } from "./timestamps.ts";
import { replyReset, transmitSyn } from "./transmit.ts";

/** Check the ACK bit, the RST bit, security (not implemented, as in every stack), then the SYN bit.
 *
 * @returns whether text or a FIN of the segment remain to be processed as in ESTABLISHED.
 */
export function arrivesSynSent(tcb: Tcb, seg: Segment, rx: IpRxInfo): boolean {
  const hasAck = (seg.ctl & ACK) !== 0;
  if (hasAck && !isNewAck(seg.ack, tcb.iss, tcb.sndNxt)) {
    // It acknowledges something never sent; the timer goes on.
    replyReset(tcb.layer, seg, rx);
    return false;
  }
  if ((seg.ctl & RST) !== 0) {
    // Without an acknowledgment anybody could have sent it.
    if (hasAck) deleteTcb(tcb, "CONNECTION_REFUSED");
    return false;
  }
  if ((seg.ctl & SYN) === 0) return false;
  const nowMs = tcb.layer.clock.now();
  if (hasAck && !hasPlausibleEcho(tcb, seg, nowMs)) {
    replyReset(tcb.layer, seg, rx);
    return false;
  }
  tcb.irs = seg.seq;
  tcb.rcvNxt = seqAdd(seg.seq, 1);
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.lastReceivedAtMs = nowMs;
  negotiate(tcb, seg, nowMs);
  tcb.sndWnd = seg.wnd;
  tcb.maxSndWnd = seg.wnd;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  if (!hasAck) {
    simultaneousOpen(tcb);
    return false;
  }
  tcb.layer.handshakes.fastOpen.synAcknowledged(tcb, seg, nowMs);
  tcb.sndUna = seg.ack;
  tcb.sndSml = seg.ack;
  if (tcb.sndUp === tcb.iss) tcb.sndUp = seg.ack;
  stopRetransmission(tcb);
  if (tcb.rttAtMs >= 0) tcb.rto.sample(nowMs - tcb.rttAtMs);
  tcb.rttAtMs = -1;
  tcb.isAckNow = true;
  enterEstablished(tcb);
  // The segment goes on at the sixth step, as one which begins after its SYN.
  seg.seq = tcb.rcvNxt;
  seg.len--;
  seg.ctl &= ~SYN;
  return seg.textLength > 0 || (seg.ctl & FIN) !== 0;
}

/** A SYN-ACK that echoes a timestamp from before our SYN, or of the future, belongs to an earlier connection (RFC 7323 §3.2). */
function hasPlausibleEcho(tcb: Tcb, seg: Segment, nowMs: number): boolean {
  if (!seg.hasTimestamps || seg.tsEcr === 0 || !tcb.layer.config.timestamps) return true;
  const firstSentAtMs = tcb.stalledSinceMs >= 0 ? tcb.stalledSinceMs : tcb.rttAtMs;
  // The clock of timestamps has whole milliseconds.
  const oldest = firstSentAtMs < 0 ? undefined : nowMs - firstSentAtMs + 1;
  return rttFromEcho(seg.tsEcr, timestampAt(nowMs, tcb.tsOffset), oldest) >= 0;
}

/** Both sides have sent a SYN: SYN-RECEIVED (RFC 9293 §3.5, figure 8, MUST-10). */
function simultaneousOpen(tcb: Tcb): void {
  setState(tcb, "SYN-RECEIVED");
  tcb.layer.handshakes.fastOpen.crosses(tcb);
  tcb.rttAtMs = -1;
  startRetransmission(tcb);
  transmitSyn(tcb);
}
