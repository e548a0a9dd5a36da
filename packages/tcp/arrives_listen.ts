/** Data plane. SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2).
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
import { arrivesSynchronized } from "./arrives_synchronized.ts";
import { NO_HANDLERS, TcpConnection } from "./connection.ts";
import { ACK, RST, SYN } from "./control_bits.ts";
import type { TcpListener } from "./listener.ts";
import { negotiate } from "./negotiation.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqGt } from "./seq.ts";
import { followRoute } from "./source_route.ts";
import { setState, Tcb } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { deleteTcb } from "./teardown.ts";
import { timestampLt } from "./timestamps.ts";
import { prepareRoute, replyReset, setUpRoute } from "./transmit.ts";
import { answerWithCookie, isCookieExpected } from "./syn_cookies.ts";
import { synAckBytes, synBytes } from "./syn_budget.ts";
import { chooseIss, chooseWindow } from "./user_calls.ts";

/** How far the ISS lies beyond SND.NXT of the connection it follows on: a full unscaled window. */
const TIME_WAIT_ISS_STEP = 65_537;

/** First RST, then ACK, then SYN; anything else is dropped.
 *
 * @param former the connection in TIME-WAIT which the SYN is to replace, see {@linkcode mayReuseTimeWait}.
 */
export function arrivesListen(
  layer: TcpLayer,
  listener: TcpListener,
  seg: Segment,
  rx: IpRxInfo,
  former: Tcb | undefined,
): void {
  if ((seg.ctl & RST) !== 0) return;
  if ((seg.ctl & ACK) !== 0) {
    if (!acknowledgesCookie(layer, listener, seg, rx)) replyReset(layer, seg, rx);
    return;
  }
  if ((seg.ctl & SYN) === 0) return;
  if (rx.isBroadcast || rx.isMulticast) return;
  if (!listener.canAccept) {
    layer.counters.listenOverflows++;
    return;
  }
  // Who was in TIME-WAIT has been here before, and takes no more room than that.
  if (former === undefined && !hasRoom(layer, listener, seg, rx)) return;
  accept(layer, listener, seg, rx, former);
}

/** Whether a half-open connection may be remembered for a SYN; otherwise it is answered with a cookie or dropped. */
function hasRoom(layer: TcpLayer, listener: TcpListener, seg: Segment, rx: IpRxInfo): boolean {
  const { synCookies } = layer.config;
  const canRemember = listener.canRemember;
  if (synCookies === "always" || (!canRemember && synCookies === "auto")) {
    answerWithCookie(layer, listener, seg, rx);
    return false;
  }
  if (canRemember) return true;
  // Who has not answered the first SYN-ACK in time makes room for somebody who may (RFC 4987 §3.5).
  const oldest = listener.oldestHalfOpen;
  if (oldest === undefined || oldest.retransmitCount === 0) {
    layer.counters.listenOverflows++;
    return false;
  }
  layer.counters.halfOpenRecycled++;
  deleteTcb(oldest, undefined);
  return true;
}

/** An acknowledgment of a SYN-ACK that nobody remembers makes the connection (RFC 4987 §3.6).
 *
 * Deviation: while cookies are out, one acknowledgment in sixteen that is none of theirs draws nothing instead of the reset of
 * RFC 9293 §3.10.7.2. It looks like the second segment of somebody whose first one was lost, and a reset would end a connection.
 *
 * @returns false when it is none.
 */
function acknowledgesCookie(layer: TcpLayer, listener: TcpListener, seg: Segment, rx: IpRxInfo): boolean {
  const nowMs = layer.clock.now();
  if ((seg.ctl & SYN) !== 0 || !isCookieExpected(listener, nowMs)) return false;
  const ctl = seg.ctl;
  const answer = layer.handshakes.synCookies.check(seg, rx, nowMs);
  if (answer !== "yes") {
    layer.counters.synCookiesFailed++;
    return answer === "perhaps";
  }
  if (!listener.canAccept) {
    layer.counters.acceptOverflows++;
    return !layer.config.abortOnOverflow;
  }
  layer.counters.synCookiesReceived++;
  const tcb = open(layer, listener, seg, rx, seqAdd(seg.seq, -1), seqAdd(seg.ack, -1));
  seg.ctl = ctl;
  if (tcb === undefined) return true;
  tcb.sndNxt = seg.ack;
  tcb.segmentsIn++;
  tcb.segmentsOut++;
  arrivesSynchronized(tcb, seg, rx);
  return true;
}

/** Whether a SYN may begin a new connection of the numbers of one in TIME-WAIT: it is surely newer, by its timestamp
 * (RFC 6191 §2) or its sequence number (RFC 9293 §3.6.1, MAY-2); or the new connection will use timestamps, and so drop whatever the
 * old one, which did not, may still have on the way. */
export function mayReuseTimeWait(tcb: Tcb, seg: Segment): boolean {
  if (seg.hasTimestamps && tcb.layer.config.timestamps) {
    if (!tcb.hasTimestamps) return true;
    if (seg.tsVal !== tcb.tsRecent) return timestampLt(tcb.tsRecent, seg.tsVal);
  }
  return seqGt(seg.seq, tcb.rcvNxt);
}

/** SYN-RECEIVED: a new connection, whose SYN-ACK goes out at the end of the batch. Text of the SYN, if any,
 * is dropped, unless it comes by Fast Open: the peer sends it again. */
function accept(
  layer: TcpLayer,
  listener: TcpListener,
  seg: Segment,
  rx: IpRxInfo,
  former: Tcb | undefined,
): void {
  let iss: number | undefined = undefined;
  if (former !== undefined) {
    layer.counters.timeWaitReused++;
    deleteTcb(former, undefined);
    // Larger than whatever the former connection has used (RFC 9293 §3.6.1).
    iss = seqAdd(former.sndNxt, TIME_WAIT_ISS_STEP);
  }
  const tcb = open(layer, listener, seg, rx, seg.seq, iss);
  if (tcb === undefined) return;
  layer.handshakes.synBudget.answer(synBytes(seg, rx), synAckBytes(tcb));
  layer.handshakes.fastOpen.synArrives(tcb, listener, seg, rx);
  layer.touch(tcb);
}

/** A TCB in SYN-RECEIVED with what the peer's SYN has said.
 *
 * @param irs sequence number of that SYN.
 * @param iss ours, or `undefined` for one to be drawn.
 * @returns `undefined` when there is no room or no way back.
 */
function open(
  layer: TcpLayer,
  listener: TcpListener,
  seg: Segment,
  rx: IpRxInfo,
  irs: number,
  iss: number | undefined,
): Tcb | undefined {
  const tcb = new Tcb(layer, listener.config, NO_HANDLERS);
  tcb.connection = new TcpConnection(tcb);
  tcb.localAddress = rx.destination;
  tcb.localPort = seg.destinationPort;
  tcb.remoteAddress = rx.source;
  tcb.remotePort = seg.sourcePort;
  setUpRoute(tcb, listener.boundNetif);
  if (seg.returnRoute !== undefined) followRoute(tcb, seg.returnRoute);
  if (!prepareRoute(tcb) || !layer.addConnection(tcb)) {
    layer.counters.attemptFails++;
    return undefined;
  }
  tcb.isPassive = true;
  layer.authentication?.attach(tcb);
  tcb.listener = listener;
  listener.noteArrival(tcb);
  layer.counters.passiveOpens++;
  const nowMs = layer.clock.now();
  tcb.irs = irs;
  tcb.rcvNxt = seqAdd(irs, 1);
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.lastReceivedAtMs = nowMs;
  chooseIss(tcb, iss);
  chooseWindow(tcb, seg.hasTimestamps && layer.config.timestamps);
  negotiate(tcb, seg, nowMs);
  tcb.sndWnd = seg.wnd;
  tcb.maxSndWnd = seg.wnd;
  tcb.sndWl1 = irs;
  // The SYN, seen or remembered by its cookie.
  tcb.segmentsIn = 1;
  tcb.trace?.received(seg);
  setState(tcb, "SYN-RECEIVED");
  return tcb;
}
