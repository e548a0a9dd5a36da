/** Data plane. What a connection sends when its turn comes: retransmissions, new text, its FIN, an acknowledgment if
 * nothing has carried it. Nagle's algorithm (RFC 9293 §3.7.4) and the sender's silly window syndrome avoidance
 * (§3.8.6.2.1) decide over the size of segments.
 *
 * @module
 */
import { isCorked } from "./cork.ts";
import { isAckDue, noteTextSent } from "./delayed_ack.ts";
import { DeliveryRate } from "./delivery_rate.ts";
import { ECN_CWR_DUE } from "./ecn.ts";
import { congestionRoom, pipe } from "./flight.ts";
import { scheduleProbe } from "./loss_timer.ts";
import { isPacing, notePaced, pacingRate, pacingRoom } from "./pacer.ts";
import { segmentBytes, superSegmentBytes } from "./path_mtu.ts";
import type { MtuSearch } from "./mtu_search.ts";
import { enterPersist, leavePersist } from "./persist.ts";
import { isWindowUpdateDue } from "./receive_window.ts";
import { beginSearch, nextProbe } from "./plpmtud.ts";
import { sendRetransmissions } from "./recovery.ts";
import { hasUnsent, unsentBytes } from "./send_space.ts";
import { seqAdd, seqDiff, seqGt } from "./seq.ts";
import { SEND_APP, SEND_BUFFER, SEND_CWND, SEND_IDLE, SEND_RWND, type SendTimes } from "./send_times.ts";
import { recordSent } from "./sent_record.ts";
import { canTransmit } from "./state.ts";
import { EVENT_WRITABLE, type Tcb, textEnd } from "./tcb.ts";
import { ensureRetransmission, startRetransmission } from "./timer_set.ts";
import {
  hasQueueSpace,
  loadSackBlocks,
  prepareRoute,
  transmitAck,
  transmitSyn,
  transmitText,
} from "./transmit.ts";
import { validateWindow } from "./window_validation.ts";

/** Sends everything that may go now. */
export function output(tcb: Tcb): void {
  sendWhatMay(tcb);
  if (tcb.delivery === undefined && tcb.sendBuffer.length > 0 && canTransmit(tcb.state)) {
    // The first text of all waits, for the peer's window to open: this counts already.
    tcb.delivery = new DeliveryRate(tcb.layer.clock.now());
  }
  if (tcb.delivery !== undefined) noteReason(tcb, tcb.delivery.times);
  tcb.trace?.settled();
}

/** What keeps text back from now on. */
function noteReason(tcb: Tcb, times: SendTimes): void {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const unsent = tcb.sendBuffer.length - flight;
  let reason = SEND_APP;
  if (unsent > 0) {
    const least = unsent < tcb.smss ? unsent : tcb.smss;
    reason = tcb.sndWnd - flight < least ? SEND_RWND : SEND_CWND;
  } else if (flight === 0) reason = SEND_IDLE;
  else if (tcb.sendBuffer.space === 0) reason = SEND_BUFFER;
  if (reason !== times.reason) times.change(reason, tcb.layer.clock.now());
}

function sendWhatMay(tcb: Tcb): void {
  const state = tcb.state;
  if (state === "CLOSED") return;
  if (state === "SYN-SENT" || state === "SYN-RECEIVED") {
    if (tcb.sndNxt === tcb.iss) sendSyn(tcb);
    else if (tcb.isAckNow) transmitAck(tcb);
    if (state === "SYN-RECEIVED" && tcb.layer.handshakes.fastOpen.isEarly(tcb) && hasUnsentText(tcb)) {
      sendNewText(tcb);
    }
    return;
  }
  if (canTransmit(state)) {
    if (tcb.phase !== "NONE") sendRetransmissions(tcb);
    if (tcb.isProbeOutstanding || hasUnsent(tcb)) sendNewText(tcb);
  }
  if (isAckDue(tcb) || isWindowUpdateDue(tcb)) transmitAck(tcb);
}

/** Sends what earlier acknowledgments of a batch made room for, before one of them tells of a loss, and for each one of a recovery, as
 * if they had come one by one: otherwise recovery would begin as if the sender had not had anything more to send, with a smaller
 * flight to reduce, and PRR let out one segment more for a batch instead of for each acknowledgment (RFC 9937 §6). A search for the
 * path MTU waits for the end of the batch. */
export function outputBeforeAck(tcb: Tcb): void {
  if (tcb.mtuSearch !== undefined || tcb.isProbeOutstanding || !canTransmit(tcb.state)) return;
  if (tcb.phase !== "NONE") sendRetransmissions(tcb);
  if (hasUnsent(tcb)) sendNewText(tcb);
}

/** Sends our SYN for the first time (RFC 9293 §3.10.1). */
function sendSyn(tcb: Tcb): void {
  tcb.sndNxt = seqAdd(tcb.iss, 1);
  tcb.rttSeq = tcb.sndNxt;
  tcb.rttAtMs = tcb.layer.clock.now();
  if (tcb.state === "SYN-SENT") tcb.layer.handshakes.fastOpen.beginSyn(tcb);
  startRetransmission(tcb);
  transmitSyn(tcb);
}

/** Text only: a FIN waits for ESTABLISHED. */
function hasUnsentText(tcb: Tcb): boolean {
  return seqDiff(textEnd(tcb), tcb.sndNxt) > 0;
}

/** Segmentizes what has not been sent yet (RFC 9293 §3.10.2). */
function sendNewText(tcb: Tcb): void {
  if (!prepareRoute(tcb)) {
    ensureProgress(tcb);
    return;
  }
  const layer = tcb.layer;
  const nowMs = layer.clock.now();
  restartAfterIdle(tcb, nowMs);
  if (tcb.bytesSent === 0 && layer.config.mtuProbing === "always") beginSearch(tcb);
  const sackLength = loadSackBlocks(tcb);
  const mss = segmentBytes(tcb, sackLength);
  const burst = tcb.tx.gsoMaxBytes > 0 ? superSegmentBytes(tcb, mss) : mss;
  const end = textEnd(tcb);
  let nxt = tcb.isProbeOutstanding ? tcb.sndUna : tcb.sndNxt;
  const before = nxt;
  if (tcb.mtuSearch !== undefined) nxt = sendMtuProbe(tcb, tcb.mtuSearch, nxt, end, sackLength, nowMs);
  const isHeldBack = nxt < 0;
  if (isHeldBack) nxt = before;
  const rate = pacingRate(tcb);
  while (!isHeldBack) {
    const turn = pacingRoom(tcb, rate, nowMs);
    if (turn === 0) break;
    const limit = tcb.cork === undefined ? end : tcb.cork.limit(nxt, end);
    const octets = nextOctets(tcb, nxt, limit, mss, burstNow(tcb, mss, burst, turn), limit !== end);
    if (octets === 0) break;
    if (!hasQueueSpace(tcb)) {
      layer.block(tcb);
      break;
    }
    const isPushed = limit !== end && seqDiff(limit, nxt) === octets ||
      isBurstEnd(tcb, before, nxt, octets, limit, mss);
    if (!transmitText(tcb, nxt, octets, mss, sackLength, isPushed)) break;
    nxt = seqAdd(nxt, octets);
    noteSent(tcb, nxt, octets, end, mss, nowMs);
    notePaced(tcb, rate, octets, nowMs);
  }
  if (nxt !== before && tcb.state !== "SYN-RECEIVED") scheduleProbe(tcb, seqDiff(nxt, tcb.sndUna));
  noteLimit(tcb, nxt, end);
  if (tcb.cork !== undefined && isHeldByCork(tcb)) return tcb.cork.hold();
  ensureProgress(tcb);
}

/** Whether two or more full segments leave in a row and these octets are their end: the receiver should not wait for more, which comes only
 * after its acknowledgment. So says Linux's PSH, too (RFC 9293 §3.9.1.2: a sender may push of its own accord).
 *
 * @param from where the first of them begins.
 */
function isBurstEnd(tcb: Tcb, from: number, nxt: number, octets: number, end: number, mss: number): boolean {
  if (octets >= 2 * mss) return true;
  if (nxt === from || octets !== mss) return false;
  const after = seqAdd(nxt, octets);
  return congestionRoom(tcb) < octets + mss || tcb.sndWnd - seqDiff(after, tcb.sndUna) < mss ||
    seqDiff(end, after) < mss && !maySendSmall(tcb, after);
}

/** Sends a path MTU probe if there should be one now: a segment of the text which is larger than others (RFC 4821 §7.3).
 *
 * @returns where the text after it begins; −1 when nothing should be sent before there is room for a probe.
 */
function sendMtuProbe(
  tcb: Tcb,
  search: MtuSearch,
  nxt: number,
  end: number,
  sackLength: number,
  nowMs: number,
): number {
  const octets = nextProbe(tcb, search, nxt, end, sackLength, congestionRoom(tcb));
  if (octets <= 0 || !hasQueueSpace(tcb)) return octets < 0 ? -1 : nxt;
  const { tx } = tcb;
  const mtu = search.next();
  const { pathMtu } = tx;
  // `ip` keeps back what exceeds the path MTU as it knows it.
  if (mtu > pathMtu) tx.pathMtu = mtu;
  const isSent = transmitText(tcb, nxt, octets, octets, sackLength);
  tx.pathMtu = pathMtu;
  if (!isSent) return nxt;
  const after = seqAdd(nxt, octets);
  search.sent(mtu, nxt, after);
  noteSent(tcb, after, octets, end, octets, nowMs);
  return after;
}

/** Most octets of text in one go: what the link takes, what may leave at once; a single segment if it is to carry CWR, since not
 * each link's offload knows that it belongs to one. */
function burstNow(tcb: Tcb, mss: number, burst: number, turn: number): number {
  if ((tcb.ecn & ECN_CWR_DUE) !== 0) return mss;
  return turn < burst ? turn - turn % mss : burst;
}

/** The application has nothing more to send although the window has room: what is delivered meanwhile says nothing about the
 * path. */
function noteLimit(tcb: Tcb, nxt: number, end: number): void {
  const { delivery } = tcb;
  if (delivery === undefined || seqDiff(end, nxt) >= tcb.smss) return;
  if (congestionRoom(tcb) > 0) delivery.appLimited(pipe(tcb));
}

/** Sends one segment of new text whatever the congestion window says: a tail loss probe (RFC 8985 §7.3).
 *
 * @returns false when there is none, or the peer's window has no room.
 */
export function sendProbeText(tcb: Tcb): boolean {
  const end = textEnd(tcb);
  const mss = segmentBytes(tcb, 0);
  const unsent = seqDiff(end, tcb.sndNxt);
  const usable = tcb.sndWnd - seqDiff(tcb.sndNxt, tcb.sndUna);
  let octets = unsent < mss ? unsent : mss;
  if (octets > usable) octets = usable;
  if (octets <= 0 || tcb.isProbeOutstanding || !prepareRoute(tcb) || !hasQueueSpace(tcb)) return false;
  if (!transmitText(tcb, tcb.sndNxt, octets, mss, 0)) return false;
  noteSent(tcb, seqAdd(tcb.sndNxt, octets), octets, end, mss, tcb.layer.clock.now());
  return true;
}

/** How much of sequence space the next segment takes, 0 for nothing now.
 *
 * @param nxt where it begins.
 * @param end where the text ends.
 * @param mss octets of text per segment.
 * @param burst octets of text in one go.
 * @param isRecord there is text behind `end`, which may not go along: what ends there is kept back by nobody.
 */
function nextOctets(
  tcb: Tcb,
  nxt: number,
  end: number,
  mss: number,
  burst: number,
  isRecord: boolean,
): number {
  const unsent = seqDiff(end, nxt);
  const isFinDue = tcb.isFinQueued && !isRecord && tcb.state !== "SYN-RECEIVED" &&
    (!tcb.isFinSent || tcb.isProbeOutstanding);
  if (unsent < 0 || (unsent === 0 && !isFinDue)) return 0;
  const usable = tcb.sndWnd - seqDiff(nxt, tcb.sndUna);
  if (usable <= 0) return 0;
  let octets = unsent < usable ? unsent : usable;
  if (octets >= mss) {
    const room = congestionRoom(tcb);
    if (octets > room) octets = room;
    if (octets > burst) octets = burst;
    // A tail shorter than a segment goes along only when nothing would keep it back on its own.
    if (octets < unsent || !(isRecord || maySendSmall(tcb, nxt))) octets -= octets % mss;
    if (octets <= 0) return 0;
  } else if (octets > 0) {
    if (congestionRoom(tcb) < octets) return 0;
    const isAll = octets === unsent;
    if (isAll && isRecord) return octets;
    if (isAll ? !maySendSmall(tcb, nxt) : octets < tcb.maxSndWnd / 2 || !maySendSmall(tcb, nxt)) return 0;
  }
  return isFinDue && octets === unsent && usable > octets ? octets + 1 : octets;
}

/** Nagle's algorithm: a small segment waits while something is in flight; in Minshall's form, while a small one is. */
function maySendSmall(tcb: Tcb, nxt: number): boolean {
  if (tcb.cork !== undefined && isCorked(tcb)) return false;
  if (tcb.config.noDelay || tcb.isFinQueued || nxt === tcb.sndUna) return true;
  return tcb.layer.config.minshall && !seqGt(tcb.sndSml, tcb.sndUna);
}

/** Bookkeeping of a segment of new text that ends before `nxt`. */
function noteSent(tcb: Tcb, nxt: number, octets: number, end: number, mss: number, nowMs: number): void {
  recordSent(tcb, nxt, octets, nowMs);
  tcb.isProbeOutstanding = false;
  if (tcb.probingSinceMs >= 0) leavePersist(tcb);
  if (seqGt(nxt, end)) {
    tcb.isFinSent = true;
    octets--;
  }
  if (octets % mss !== 0) tcb.sndSml = nxt;
  if (tcb.rttAtMs < 0 && tcb.phase === "NONE") {
    tcb.rttSeq = nxt;
    tcb.rttAtMs = nowMs;
  }
  if (seqGt(nxt, tcb.sndNxt)) tcb.sndNxt = nxt;
  tcb.prr?.sent(octets);
  tcb.cork?.sent();
  if (tcb.config.notSentLowWaterBytes > 0) tcb.events |= EVENT_WRITABLE;
  tcb.bytesSent += octets;
  tcb.lastSentAtMs = nowMs;
  noteTextSent(tcb, nowMs);
  ensureRetransmission(tcb);
}

/** After silence the congestion window says nothing about the path any more (RFC 5681 §4.1, RFC 7661 §4.4.3). Deviation: as with Linux,
 * who has waited for the peer's window was not silent ({@linkcode leavePersist}). */
function restartAfterIdle(tcb: Tcb, nowMs: number): void {
  if (tcb.delivery !== undefined) validateWindow(tcb, tcb.delivery, nowMs);
  if (tcb.sndUna !== tcb.sndNxt || !tcb.layer.config.idleRestart || tcb.bytesSent === 0) return;
  if (tcb.probingSinceMs >= 0) return;
  const idleMs = nowMs - tcb.lastSentAtMs;
  if (idleMs > tcb.rto.rtoMs) tcb.congestion.onIdleRestart(idleMs, tcb.rto.rtoMs);
}

/** Whether nothing but the cork keeps text back. */
function isHeldByCork(tcb: Tcb): boolean {
  const unsent = unsentBytes(tcb);
  return isCorked(tcb) && unsent > 0 && unsent < tcb.smss &&
    tcb.sndWnd - seqDiff(tcb.sndNxt, tcb.sndUna) >= unsent;
}

/** Whatever waits has a timer that will look after it. */
function ensureProgress(tcb: Tcb): void {
  if (tcb.sndUna === tcb.sndNxt || tcb.isProbeOutstanding) {
    if (!tcb.isBlocked && !isPacing(tcb) && (tcb.isProbeOutstanding || hasUnsent(tcb))) enterPersist(tcb);
  }
}
