/** Data plane. SEGMENT ARRIVES in all other states (RFC 9293 §3.10.7.4): eight steps, in the RFC's order. Each
 * returns whether the next one follows.
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
import { isAcceptable, isNewAck, isPlausibleAck } from "./acceptability.ts";
import { processAck } from "./acknowledge.ts";
import { mayAnswerInvalid } from "./challenge_ack.ts";
import { ACK, FIN, RST, SYN, URG } from "./control_bits.ts";
import { receiveMark, receiveSynEcho } from "./ecn.ts";
import { enterEstablished } from "./negotiation.ts";
import { receiveFin, receiveText } from "./receive_text.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff, seqGt, seqLeq } from "./seq.ts";
import { followRoute } from "./source_route.ts";
import { canReceive } from "./state.ts";
import { EVENT_URGENT, setState, type Tcb } from "./tcb.ts";
import { deleteTcb, enterTimeWait, resetConnection } from "./teardown.ts";
import { startClose } from "./timer_set.ts";
import { isPawsViolation, shouldUpdateTsRecent, timestampLt } from "./timestamps.ts";
import { replyReset, transmitAck, transmitSyn } from "./transmit.ts";
import { limitOrphan } from "./user_calls.ts";

/** Takes one segment through the eight steps. Text that is taken over leaves `seg.pbuf` undefined. */
export function arrivesSynchronized(tcb: Tcb, seg: Segment, rx: IpRxInfo): void {
  if (
    checkSequence(tcb, seg) && checkRst(tcb, seg) && checkSecurity() && checkSyn(tcb, seg) &&
    checkAck(tcb, seg, rx)
  ) processRest(tcb, seg, rx);
}

/** Steps six to eight, which SYN-SENT goes on with too. */
export function processRest(tcb: Tcb, seg: Segment, rx: IpRxInfo): void {
  // A later route replaces the former one (RFC 9293 §3.9.2.1, SHLD-24).
  if (seg.returnRoute !== undefined && tcb.isPassive) followRoute(tcb, seg.returnRoute);
  checkUrg(tcb, seg);
  if (!processText(tcb, seg, rx)) return;
  if ((seg.ctl & FIN) !== 0 || tcb.reassembly !== undefined) checkFin(tcb, seg);
}

/** First: the sequence number, with PAWS before it (RFC 7323 §5.3) and the window's special cases after it. */
function checkSequence(tcb: Tcb, seg: Segment): boolean {
  const nowMs = tcb.layer.clock.now();
  if (tcb.hasTimestamps && (seg.ctl & RST) === 0) {
    if (!seg.hasTimestamps) {
      // RFC 7323 §3.2: silently, once timestamps are agreed on; for those who insist.
      if ((seg.ctl & SYN) === 0 && tcb.layer.config.requireTimestamps) {
        tcb.layer.counters.missingTimestamps++;
        return false;
      }
    } else if (isPawsViolation(seg.tsVal, tcb.tsRecent, tcb.tsRecentAtMs, nowMs)) {
      tcb.layer.counters.pawsDrops++;
      answerInvalid(tcb, seg);
      return false;
    }
  }
  if (!isAcceptable(seg.seq, seg.len, tcb.rcvNxt, tcb.rcvWnd)) {
    if (tcb.state === "SYN-RECEIVED" && isSynAgain(tcb, seg)) return trimSyn(tcb, seg);
    if (!isHeardAtZeroWindow(tcb, seg) && !isHeardBehindGap(tcb, seg)) {
      if ((seg.ctl & RST) === 0) answerInvalid(tcb, seg);
      return false;
    }
  }
  tcb.lastReceivedAtMs = nowMs;
  return true;
}

/** Remembers the timestamp to echo. Deviation: RFC 7323 §5.3 does so in step R3, before the acknowledgment is looked at; who guesses
 * the sequence number alone could then make PAWS drop everything that the peer sends. */
function noteTimestamp(tcb: Tcb, seg: Segment): void {
  if (!seg.hasTimestamps || !tcb.hasTimestamps) return;
  const nowMs = tcb.lastReceivedAtMs; // Now: the first step has noted it.
  if (!shouldUpdateTsRecent(seg.tsVal, tcb.tsRecent, seg.seq, tcb.lastAckSent, tcb.tsRecentAtMs, nowMs)) {
    return;
  }
  tcb.tsRecent = seg.tsVal;
  tcb.tsRecentAtMs = nowMs;
}

/** With RCV.WND = 0, acknowledgments, resets and urgent pointers still count (RFC 9293 §3.10.7.4); the text does not. Deviation: a FIN without
 * text does, as on Linux: it needs no buffer, and some peers send it again and again without a look at the window. */
function isHeardAtZeroWindow(tcb: Tcb, seg: Segment): boolean {
  if (tcb.rcvWnd !== 0 || seg.seq !== tcb.rcvNxt || (seg.ctl & SYN) !== 0) return false;
  tcb.isAckNow = true;
  tcb.layer.touch(tcb);
  if (seg.textLength > 0) seg.ctl &= ~FIN;
  seg.textLength = 0;
  seg.len = (seg.ctl & FIN) === 0 ? 0 : 1;
  return true;
}

/** Whether it is a bare acknowledgment of a peer that has filled the window, of which something is missing here. Deviation: the table
 * of RFC 9293 §3.10.7.4 has its number one too far; as with Linux and the BSDs it counts, else a loss in one direction would stop
 * the other one as well. */
function isHeardBehindGap(tcb: Tcb, seg: Segment): boolean {
  if (tcb.reassembly === undefined || tcb.reassembly.isEmpty || tcb.rcvWnd === 0) return false;
  return seg.len === 0 && (seg.ctl & (RST | ACK)) === ACK && seg.seq === seqAdd(tcb.rcvNxt, tcb.rcvWnd);
}

/** Whether the peer's SYN comes again. One with an acknowledgment answers a SYN of ours, and a passive OPEN has sent none. */
function isSynAgain(tcb: Tcb, seg: Segment): boolean {
  if ((seg.ctl & (SYN | RST)) !== SYN || seg.seq !== tcb.irs) return false;
  return (seg.ctl & ACK) === 0 || !tcb.isPassive;
}

/** SYN-RECEIVED, and the peer's SYN comes again. Alone, it means that our SYN-ACK was lost; with an
 * acknowledgment of our SYN, it is the other half of a simultaneous open. */
function trimSyn(tcb: Tcb, seg: Segment): boolean {
  if ((seg.ctl & ACK) === 0) {
    if (mayAnswer(tcb)) transmitSyn(tcb);
    return false;
  }
  seg.ctl &= ~SYN;
  seg.seq = tcb.rcvNxt;
  seg.len--;
  // The window of a SYN is not scaled (RFC 7323 §2.2), as what follows takes it to be.
  seg.wnd >>>= tcb.sndWindShift;
  tcb.lastReceivedAtMs = tcb.layer.clock.now();
  // Our own SYN-ACK has told the peer all (RFC 9293 §3.5, figure 8).
  tcb.layer.touch(tcb);
  return true;
}

/** Second: RST, by the rules of RFC 5961 §3.2: only the exact sequence number resets. */
function checkRst(tcb: Tcb, seg: Segment): boolean {
  if ((seg.ctl & RST) === 0) return true;
  if (seg.seq !== tcb.rcvNxt) {
    challenge(tcb);
    return false;
  }
  switch (tcb.state) {
    case "SYN-RECEIVED":
      if (tcb.layer.handshakes.fastOpen.isEarly(tcb)) {
        tcb.layer.handshakes.fastOpen.forget(tcb, true);
        deleteTcb(tcb, "CONNECTION_RESET");
        break;
      }
      // A passive OPEN goes on listening; an active one (simultaneous open) was refused.
      deleteTcb(tcb, tcb.isPassive ? undefined : "CONNECTION_REFUSED");
      break;
    case "TIME-WAIT":
      // Assassination (RFC 1337): what waits here protects the next connection.
      break;
    case "CLOSE-WAIT":
      deleteTcb(tcb, "BROKEN_PIPE");
      break;
    default:
      // Deviation: RFC 9293 §3.10.7.4 tells nobody in CLOSING and LAST-ACK. What was sent may not have arrived, and who still holds
      // the connection should know, as on Linux.
      deleteTcb(tcb, "CONNECTION_RESET");
  }
  return false;
}

/** Third: security and compartment. No stack in use implements them; all segments pass. */
function checkSecurity(): boolean {
  return true;
}

/** Fourth: SYN (RFC 5961 §4.2): in the window it proves nothing; who has restarted will answer the challenge with a
 * reset. A half-open connection of a listener just goes back to LISTEN. */
function checkSyn(tcb: Tcb, seg: Segment): boolean {
  if ((seg.ctl & SYN) === 0) return true;
  if (tcb.state === "SYN-RECEIVED" && tcb.isPassive && !tcb.layer.handshakes.fastOpen.isEarly(tcb)) {
    deleteTcb(tcb, undefined);
    return false;
  }
  challenge(tcb);
  return false;
}

/** Fifth: ACK. */
function checkAck(tcb: Tcb, seg: Segment, rx: IpRxInfo): boolean {
  if ((seg.ctl & ACK) === 0) return false;
  if (tcb.state === "SYN-RECEIVED") {
    if (!acknowledgeSyn(tcb, seg, rx)) return false;
  } else if (!isPlausibleAck(seg.ack, tcb.sndUna, tcb.sndNxt, tcb.maxSndWnd)) {
    // Neither from the past nor from now (RFC 5961 §5.2).
    challenge(tcb);
    return false;
  }
  noteTimestamp(tcb, seg);
  const isFinAcked = processAck(tcb, seg);
  tcb.layer.touch(tcb);
  if (!isFinAcked) return true;
  switch (tcb.state) {
    case "FIN-WAIT-1":
      setState(tcb, "FIN-WAIT-2");
      limitOrphan(tcb);
      return true;
    case "CLOSING":
      enterTimeWait(tcb);
      return false;
    case "LAST-ACK":
      deleteTcb(tcb, undefined);
      return false;
    case "TIME-WAIT":
      // Only a retransmission of the peer's FIN brings us here: acknowledge, and begin to wait anew. What else is not just the last
      // acknowledgment is answered, as Linux and the BSDs do; its text is ignored.
      if ((seg.ctl & FIN) !== 0) restartTimeWait(tcb);
      else if (seg.textLength > 0 || (seg.seq !== tcb.rcvNxt && mayAnswer(tcb))) tcb.isAckNow = true;
      return false;
    default:
      return true;
  }
}

/** SYN-RECEIVED: the acknowledgment of our SYN makes it ESTABLISHED. */
function acknowledgeSyn(tcb: Tcb, seg: Segment, rx: IpRxInfo): boolean {
  if (!isNewAck(seg.ack, tcb.sndUna, tcb.sndNxt)) {
    replyReset(tcb.layer, seg, rx);
    return false;
  }
  const { listener } = tcb;
  if (listener !== undefined && listener.isHalfOpen(tcb) && !listener.canAccept) {
    tcb.layer.counters.acceptOverflows++;
    if (tcb.layer.config.abortOnOverflow) resetConnection(tcb, undefined);
    return false;
  }
  tcb.sndWnd = seg.wnd << tcb.sndWindShift;
  tcb.maxSndWnd = tcb.sndWnd;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  if (!tcb.isPassive) tcb.layer.handshakes.fastOpen.synAcknowledged(tcb, seg, tcb.layer.clock.now());
  enterEstablished(tcb);
  if (tcb.ecn !== 0) receiveSynEcho(tcb, seg);
  return true;
}

/** Sixth: URG. Urgent data stays in line; the user is told up to where it reaches (RFC 6093). */
function checkUrg(tcb: Tcb, seg: Segment): void {
  if ((seg.ctl & URG) === 0 || !canReceive(tcb.state)) return;
  const up = seqAdd(seg.seq, seg.up);
  if (!seqGt(up, tcb.rcvNxt) || (tcb.isUrgent && !seqGt(up, tcb.rcvUp))) return;
  tcb.rcvUp = up;
  tcb.isUrgent = true;
  tcb.events |= EVENT_URGENT;
  tcb.layer.touch(tcb);
}

/** Seventh: the text.
 *
 * @returns false when the connection did not survive it.
 */
function processText(tcb: Tcb, seg: Segment, rx: IpRxInfo): boolean {
  if (seg.textLength === 0 && (seg.ctl & FIN) === 0) return true;
  if (!canReceive(tcb.state)) return true;
  const isUnwanted = tcb.isOrphan || (tcb.isReceiveShut && tcb.isFinQueued);
  if (seg.textLength > 0 && isUnwanted && seqGt(seqAdd(seg.seq, seg.textLength), tcb.rcvNxt)) {
    // The user has closed both directions; the peer must learn that nobody reads this (RFC 9293 §3.6.1, SHLD-3).
    replyReset(tcb.layer, seg, rx);
    deleteTcb(tcb, "CONNECTION_ABORTED");
    return false;
  }
  if (tcb.ecn !== 0) receiveMark(tcb, seg);
  receiveText(tcb, seg);
  return true;
}

/** Eighth: FIN, once everything before it is here. */
function checkFin(tcb: Tcb, seg: Segment): void {
  if (!canReceive(tcb.state)) {
    // A FIN that comes again after its acknowledgment got lost.
    if ((seg.ctl & FIN) !== 0) tcb.isAckNow = true;
    return;
  }
  if (!receiveFin(tcb, seg)) return;
  tcb.layer.touch(tcb);
  switch (tcb.state) {
    case "ESTABLISHED":
      setState(tcb, "CLOSE-WAIT");
      break;
    case "FIN-WAIT-1":
      // Our FIN is not acknowledged, else step five had made it FIN-WAIT-2.
      setState(tcb, "CLOSING");
      break;
    case "FIN-WAIT-2":
      transmitAck(tcb);
      enterTimeWait(tcb);
      break;
    default:
      break;
  }
}

function restartTimeWait(tcb: Tcb): void {
  startClose(tcb, 2 * tcb.layer.config.mslMs);
  tcb.isAckNow = true;
}

/** A segment outside of the window: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, except that two hosts which both
 * think so must not keep each other busy for ever. A SYN is challenged wherever it lies (RFC 5961 §4.2). */
function answerInvalid(tcb: Tcb, seg: Segment): void {
  noteDuplicate(tcb, seg);
  echoDuplicate(tcb, seg);
  if ((seg.ctl & SYN) !== 0) {
    challenge(tcb);
    return;
  }
  // Text is a retransmission that hopes for this answer; only bare acknowledgments can loop.
  if (seg.textLength === 0 && (seg.ctl & FIN) === 0 && !mayAnswer(tcb)) return;
  if (tcb.state === "TIME-WAIT" && (seg.ctl & FIN) !== 0) startClose(tcb, 2 * tcb.layer.config.mslMs);
  transmitAck(tcb);
  tcb.layer.touch(tcb);
}

/** Text that is here already is reported as a duplicate (RFC 2883 §4). */
function noteDuplicate(tcb: Tcb, seg: Segment): void {
  if (!tcb.hasSack || seg.textLength === 0) return;
  const end = seqAdd(seg.seq, seg.textLength);
  if (!seqLeq(end, tcb.rcvNxt) || seqDiff(tcb.rcvNxt, seg.seq) > tcb.receiveBufferBytes) return;
  tcb.layer.reassembly.of(tcb).noteDuplicate(seg.seq, end);
}

/** A segment that reaches up to RCV.NXT exactly is the last one again: its acknowledgment was lost, and the next one
 * echoes this timestamp, so that the peer measures a round trip and not its timeout. Deviation: RFC 7323 §5.3 stops at R2,
 * before TS.Recent is updated. */
function echoDuplicate(tcb: Tcb, seg: Segment): void {
  if (!tcb.hasTimestamps || !seg.hasTimestamps || seg.len === 0) return;
  if (seqAdd(seg.seq, seg.len) !== tcb.rcvNxt || tcb.lastAckSent !== tcb.rcvNxt) return;
  if (timestampLt(seg.tsVal, tcb.tsRecent)) return;
  tcb.tsRecent = seg.tsVal;
  tcb.tsRecentAtMs = tcb.layer.clock.now();
}

/** A challenge ACK (RFC 5961), throttled for the host and for the connection. */
function challenge(tcb: Tcb): void {
  if (!mayAnswer(tcb) || !tcb.layer.challengeAcks.allow(tcb.layer.clock.now())) return;
  tcb.layer.counters.challengeAcks++;
  transmitAck(tcb);
  tcb.layer.touch(tcb);
}

function mayAnswer(tcb: Tcb): boolean {
  const nowMs = tcb.layer.clock.now();
  if (!mayAnswerInvalid(tcb.lastInvalidAckAtMs, nowMs, tcb.layer.config.invalidAckIntervalMs)) return false;
  tcb.lastInvalidAckAtMs = nowMs;
  return true;
}
