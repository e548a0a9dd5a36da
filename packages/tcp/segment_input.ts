/** Data plane. From a packet to SEGMENT ARRIVES (RFC 9293 §3.10.7): checks it, parses it, and finds whom it is for.
 *
 * @module
 */
import { coalesce, type Pbuf } from "@lightwire/pbuf";
import { type IpRxInfo, IPV4_HEADER_LENGTH } from "@lightwire/ip";
import { arrivesClosed } from "./arrives_closed.ts";
import { arrivesListen, mayReuseTimeWait } from "./arrives_listen.ts";
import { arrivesSynSent } from "./arrives_syn_sent.ts";
import { arrivesSynchronized, processRest } from "./arrives_synchronized.ts";
import type { TcpConnection } from "./connection.ts";
import { ACK, RST, SYN } from "./control_bits.ts";
import type { TcpListener } from "./listener.ts";
import type { Segment } from "./segment.ts";
import { returnRoute } from "./source_route.ts";
import type { Tcb } from "./tcb.ts";
import { parseTcpSegment, TCP_HEADER_LENGTH, verifyTcpChecksum } from "./tcp_header.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { MAX_OPTIONS_LENGTH } from "./tcp_options.ts";

/** Takes one packet, `p.start` at the TCP header. Takes ownership of `p`.
 *
 * @param seg scratch, reused for each packet.
 */
export function inputSegment(layer: TcpLayer, p: Pbuf, seg: Segment, rx: IpRxInfo): void {
  const counters = layer.counters;
  counters.inSegs++;
  if (rx.isBroadcast || rx.isMulticast || rx.source.isUnspecified || rx.source.isMulticast) {
    // RFC 9293 §3.9.2.3 (MUST-57), §3.10.7.2 (MUST-63).
    counters.addressErrors++;
    p.release();
    return;
  }
  seg.returnRoute = rx.headerLength > IPV4_HEADER_LENGTH && rx.source.family === 4
    ? returnRoute(p.bytes, p.start - rx.headerLength, rx.headerLength)
    : undefined;
  if (p.next !== undefined && p.end - p.start < TCP_HEADER_LENGTH + MAX_OPTIONS_LENGTH) p = coalesce(p);
  const length = p.next === undefined ? p.end - p.start : p.totalLength;
  if (!verifyTcpChecksum(p, rx.source, rx.destination, length)) {
    counters.checksumErrors++;
    counters.inErrs++;
    p.release();
    return;
  }
  if (parseTcpSegment(p, seg) !== undefined) {
    counters.headerErrors++;
    counters.inErrs++;
    p.release();
    return;
  }
  seg.ecn = rx.tos & 3;
  if (p.gsoSize > 0) counters.inSegs += mergedSegments(seg) - 1;
  segmentArrives(layer, seg, rx);
  // Whoever took the text has cleared this.
  if (seg.pbuf !== undefined) {
    seg.pbuf.release();
    seg.pbuf = undefined;
  }
}

/** What the link has merged into one (GRO). */
function mergedSegments(seg: Segment): number {
  const { gsoSize } = seg.pbuf!;
  return gsoSize > 0 && seg.textLength > gsoSize ? Math.ceil(seg.textLength / gsoSize) : 1;
}

/** To its connection, to a listener, or to nobody. */
function segmentArrives(layer: TcpLayer, seg: Segment, rx: IpRxInfo): void {
  const tcb = layer.find(rx.destination, seg.destinationPort, rx.source, seg.sourcePort);
  if (layer.authentication !== undefined && !layer.authentication.accepts(tcb, seg, rx)) return;
  if (tcb !== undefined && (tcb.tx.boundNetif === undefined || tcb.tx.boundNetif === rx.netif)) {
    if (!passesHook(layer, tcb.connection, seg, rx)) return;
    tcb.segmentsIn += mergedSegments(seg);
    tcb.trace?.received(seg);
    if (!mayReplace(tcb, seg)) {
      if (tcb.state === "SYN-SENT") {
        if (arrivesSynSent(tcb, seg, rx)) processRest(tcb, seg, rx);
        layer.touch(tcb);
      } else {
        arrivesSynchronized(tcb, seg, rx);
      }
      return;
    }
  }
  const listener = layer.listeners.lookup(rx.destination, seg.destinationPort, rx.netif);
  if (listener !== undefined) {
    if (passesHook(layer, listener, seg, rx)) arrivesListen(layer, listener, seg, rx, tcb);
  } else if (tcb !== undefined && tcb.state === "TIME-WAIT") {
    arrivesSynchronized(tcb, seg, rx);
  } else {
    arrivesClosed(layer, seg, rx);
  }
}

/** A SYN that may begin a new connection in place of one in TIME-WAIT. */
function mayReplace(tcb: Tcb, seg: Segment): boolean {
  return tcb.state === "TIME-WAIT" && (seg.ctl & (SYN | ACK | RST)) === SYN && mayReuseTimeWait(tcb, seg);
}

function passesHook(layer: TcpLayer, to: TcpConnection | TcpListener, seg: Segment, rx: IpRxInfo): boolean {
  const hook = layer.hooks.tcpInpacket;
  if (hook === undefined || hook(to, seg, rx)) return true;
  layer.counters.hookDrops++;
  return false;
}
