/** Data plane. SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2).
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
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
    replyReset(layer, seg, rx);
    return;
  }
  if ((seg.ctl & SYN) === 0) return;
  if (rx.isBroadcast || rx.isMulticast) return;
  if (!listener.hasRoom) {
    layer.counters.listenOverflows++;
    return;
  }
  accept(layer, listener, seg, rx, former);
}

/** Whether a SYN may begin a new connection of the numbers of one in TIME-WAIT: it is surely newer, by its timestamp
 * (RFC 6191 §2) or its sequence number (RFC 9293 §3.6.1, MAY-2). */
export function mayReuseTimeWait(tcb: Tcb, seg: Segment): boolean {
  if (tcb.hasTimestamps && seg.hasTimestamps && seg.tsVal !== tcb.tsRecent) {
    return timestampLt(tcb.tsRecent, seg.tsVal);
  }
  return seqGt(seg.seq, tcb.rcvNxt);
}

/** SYN-RECEIVED: a new connection, whose SYN-ACK goes out at the end of the batch. Text of the SYN, if any,
 * is dropped: the peer sends it again. */
function accept(
  layer: TcpLayer,
  listener: TcpListener,
  seg: Segment,
  rx: IpRxInfo,
  former: Tcb | undefined,
): void {
  if (former !== undefined) {
    layer.counters.timeWaitReused++;
    deleteTcb(former, undefined);
  }
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
    return;
  }
  tcb.isPassive = true;
  tcb.listener = listener;
  listener.noteArrival();
  layer.counters.passiveOpens++;
  const nowMs = layer.clock.now();
  tcb.irs = seg.seq;
  tcb.rcvNxt = seqAdd(seg.seq, 1);
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.lastReceivedAtMs = nowMs;
  // Larger than whatever the former connection has used (RFC 9293 §3.6.1).
  chooseIss(tcb, former === undefined ? undefined : seqAdd(former.sndNxt, TIME_WAIT_ISS_STEP));
  chooseWindow(tcb);
  negotiate(tcb, seg, nowMs);
  tcb.sndWnd = seg.wnd;
  tcb.maxSndWnd = seg.wnd;
  tcb.sndWl1 = seg.seq;
  setState(tcb, "SYN-RECEIVED");
  layer.touch(tcb);
}
