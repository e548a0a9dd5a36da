/** Data plane. From the TCB to a packet: builds one segment and hands it to `ip`.
 *
 * @module
 */
import { DEFAULT_HEADROOM, type Pbuf } from "@lightwire/pbuf";
import { IP_PROTOCOL_TCP, type IpAddress, type IpRxInfo, type IpTx } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";
import { ACK, ECE, FIN, PSH, RST, SYN, URG } from "./control_bits.ts";
import { isPushDue } from "./cork.ts";
import { ecnBits, ecnSynBits } from "./ecn.ts";
import type { TcpListener } from "./listener.ts";
import { extraLength, updateSmss, writeUserOptions } from "./path_mtu.ts";
import { selectWindow, wholeSegments } from "./receive_window.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff, seqGeq, seqGt } from "./seq.ts";
import { type Tcb, textEnd } from "./tcb.ts";
import type { TcpConnectionConfig } from "./tcp_config.ts";
import { emitTcpHeader, finishTcpChecksum, TCP_HEADER_LENGTH } from "./tcp_header.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import {
  emitFastOpen,
  emitSackBlocks,
  emitSynOptions,
  emitTimestamps,
  fastOpenLength,
  MAX_OPTIONS_LENGTH,
  maxSackBlocks,
  sackOptionLength,
  type SynOptions,
  synOptionsLength,
  TIMESTAMPS_LENGTH,
} from "./tcp_options.ts";
import { timestampAt } from "./timestamps.ts";

/** Copies what packets of a connection need from its TCB to its IpTx.
 *
 * @param boundNetif use this interface only.
 */
export function setUpRoute(tcb: Tcb, boundNetif: Netif | undefined): void {
  const tx = tcb.tx;
  tx.source = tcb.localAddress;
  tx.destination = tcb.remoteAddress;
  tx.protocol = IP_PROTOCOL_TCP;
  tx.hopLimit = tcb.config.ttl;
  tx.tos = tcb.config.tos;
  tx.dontFragment = tcb.layer.config.pathMtuDiscovery;
  tx.allowBroadcast = false;
  tx.boundNetif = boundNetif;
  tx.generation = -1;
}

/** Whether the interface of a connection takes more packets. */
export function hasQueueSpace(tcb: Tcb): boolean {
  const netif = tcb.tx.netif;
  return netif === undefined || netif.hasQueueSpace;
}

/** Resolves the route, and what follows from it, if that has changed.
 *
 * @returns false when there is no way to the peer at the moment; the reason is noted.
 */
export function prepareRoute(tcb: Tcb): boolean {
  const code = tcb.layer.ip.prepare(tcb.tx);
  if (code !== undefined) {
    tcb.softError = code;
    return false;
  }
  if (tcb.tx.pathMtu !== tcb.smssPathMtu) updateSmss(tcb);
  return true;
}

/** Decides which SACK blocks the segments sent next carry, into `layer.sackBlocks`.
 *
 * @returns bytes of the option, 0 for none.
 */
export function loadSackBlocks(tcb: Tcb): number {
  const blocks = tcb.layer.sackBlocks;
  blocks.count = 0;
  const reassembly = tcb.reassembly;
  if (!tcb.hasSack || reassembly === undefined || !reassembly.hasBlocks) return 0;
  const room = MAX_OPTIONS_LENGTH - (tcb.hasTimestamps ? TIMESTAMPS_LENGTH : 0) - extraLength(tcb, 0);
  reassembly.blocks(maxSackBlocks(room), blocks);
  // It was there for a duplicate alone.
  if (reassembly.isEmpty) tcb.layer.reassembly.drop(tcb);
  return sackOptionLength(blocks.count);
}

/** Sends `octets` of sequence space from `seq`: text, and the FIN if the range reaches it. Text longer than
 * `segmentBytes` makes a super-segment, which the link cuts.
 *
 * @param segmentBytes octets of text per segment on the wire.
 * @param sackLength what {@linkcode loadSackBlocks} said.
 * @param isPushed the receiver should not wait for more. Always so at the end of what the user has written.
 * @returns false when there were no buffers or the queue was full: nothing was sent.
 */
export function transmitText(
  tcb: Tcb,
  seq: number,
  octets: number,
  segmentBytes: number,
  sackLength: number,
  isPushed: boolean = false,
): boolean {
  const layer = tcb.layer;
  const end = textEnd(tcb);
  const untilEnd = seqDiff(end, seq);
  let textLength = octets;
  let ctl = ACK;
  if (octets > untilEnd) {
    textLength = untilEnd;
    ctl = ACK | FIN;
  }
  if (isPushed || textLength === untilEnd && textLength > 0 && isPushDue(tcb)) ctl |= PSH;
  const p = layer.pool.acquire(textLength, DEFAULT_HEADROOM);
  if (p === undefined) {
    layer.outOfBuffers(tcb);
    return false;
  }
  tcb.sendBuffer.copyTo(seqDiff(seq, tcb.sndHead), textLength, p.bytes, p.start);
  if (textLength > segmentBytes) p.gsoSize = segmentBytes;
  if (tcb.ecn !== 0) ctl |= ecnBits(tcb, textLength > 0 && seqGeq(seq, tcb.sndNxt));
  return emit(tcb, p, seq, ctl, textLength, sackLength);
}

/** Sends a segment without text, `<SEQ=seq><ACK=RCV.NXT><CTL=ctl>`: an acknowledgment, a probe.
 *
 * @returns false when it could not be sent now.
 */
export function transmitControl(tcb: Tcb, seq: number, ctl: number): boolean {
  const p = tcb.layer.pool.acquire(0, DEFAULT_HEADROOM);
  if (p === undefined) {
    tcb.layer.outOfBuffers(tcb);
    return false;
  }
  if (tcb.ecn !== 0) ctl |= ecnBits(tcb, false);
  return emit(tcb, p, seq, ctl, 0, loadSackBlocks(tcb));
}

/** Sends the acknowledgment `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`. */
export function transmitAck(tcb: Tcb): boolean {
  if (!prepareRoute(tcb)) return false;
  if (!transmitControl(tcb, tcb.sndNxt, ACK)) return false;
  if (tcb.quickAcks > 0) tcb.quickAcks--;
  return true;
}

/** Sends our SYN, or SYN-ACK in SYN-RECEIVED; with Fast Open a SYN takes text along, and moves SND.NXT. */
export function transmitSyn(tcb: Tcb): boolean {
  const layer = tcb.layer;
  if (!prepareRoute(tcb)) return false;
  const isReply = tcb.state === "SYN-RECEIVED";
  const options = loadSynOptions(tcb, isReply);
  const length = synOptionsLength(options);
  const extra = extraLength(tcb, length);
  const { fastOpen } = layer.handshakes;
  const fastOpenOption = fastOpen.optionOf(tcb, MAX_OPTIONS_LENGTH - length - extra);
  const optionsLength = length + fastOpenLength(fastOpenOption) + extra;
  const textLength = isReply || fastOpenOption === undefined
    ? 0
    : fastOpen.limitText(tcb, options.mss, optionsLength);
  const p = layer.pool.acquire(textLength, DEFAULT_HEADROOM);
  if (p === undefined) {
    layer.outOfBuffers(tcb);
    return false;
  }
  if (textLength > 0) {
    tcb.sendBuffer.copyTo(0, textLength, p.bytes, p.start);
    tcb.sndNxt = seqAdd(tcb.sndHead, textLength);
    tcb.textSegmentsOut++;
    tcb.lastSentAtMs = layer.clock.now();
  }
  p.prepend(TCP_HEADER_LENGTH + optionsLength);
  let at = p.start + TCP_HEADER_LENGTH;
  at += emitSynOptions(p.view, at, options);
  if (fastOpenOption?.cookie !== undefined) at += emitFastOpen(p.view, at, fastOpenOption);
  if (extra > 0) writeUserOptions(tcb, p, at);
  const wnd = firstWindow(tcb, options.mss);
  const ack = isReply ? tcb.rcvNxt : 0;
  const ctl = (isReply ? SYN | ACK : SYN) | ecnSynBits(tcb, isReply);
  emitTcpHeader(p, tcb.localPort, tcb.remotePort, tcb.iss, ack, ctl, wnd, 0, optionsLength);
  if (isReply) noteAckSent(tcb);
  return handDown(tcb, p, TCP_HEADER_LENGTH + optionsLength + textLength, 1);
}

/** The window of a SYN. When two SYNs cross, the SYN-ACK takes nothing back that the SYN has promised. */
function firstWindow(tcb: Tcb, mss: number): number {
  const { receiveBufferBytes: bytes, rcvWnd } = tcb;
  const whole = bytes < tcb.config.receiveBufferBytes
    ? bytes
    : wholeSegments(bytes, mss, tcb.isPassive && tcb.hasTimestamps);
  return Math.min(whole, rcvWnd, 65535);
}

/** What a SYN or SYN-ACK of ours offers, in `layer.synOptions`. */
function loadSynOptions(tcb: Tcb, isReply: boolean): SynOptions {
  const { config, synOptions: options, clock } = tcb.layer;
  options.mss = announcedMss(tcb.tx, tcb.remoteAddress, tcb.config);
  // An answer offers only what the peer has offered (RFC 7323 §2.2, §3.2; RFC 2018 §2).
  options.windowShift = (isReply ? tcb.hasWindowScaling : config.windowScaling) ? tcb.rcvWindShift : -1;
  options.sackPermitted = isReply ? tcb.hasSack : config.sack;
  options.hasTimestamps = isReply ? tcb.hasTimestamps : config.timestamps && allowsTimestamps(tcb);
  options.tsVal = timestampAt(clock.now(), tcb.tsOffset);
  options.tsEcr = isReply ? tcb.tsRecent : 0;
  return options;
}

/** Sends `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>`: our side gives the connection up (RFC 9293 §3.5.3). */
export function transmitReset(tcb: Tcb): void {
  if (!prepareRoute(tcb)) return;
  const p = tcb.layer.pool.acquire(0, DEFAULT_HEADROOM);
  if (p === undefined) return;
  tcb.layer.sackBlocks.count = 0;
  tcb.layer.counters.outRsts++;
  emit(tcb, p, tcb.sndNxt, RST | ACK, 0, 0);
}

/** Answers a segment that belongs to no connection, or is none of its business, with a reset
 * (RFC 9293 §3.10.7.1): never to a reset, never to a broadcast or a group. */
export function replyReset(layer: TcpLayer, seg: Segment, rx: IpRxInfo): void {
  if ((seg.ctl & RST) !== 0 || rx.isBroadcast || rx.isMulticast) return;
  const tx = layer.replyTx;
  tx.source = rx.destination;
  tx.destination = rx.source;
  tx.boundNetif = undefined;
  tx.generation = -1;
  const p = layer.pool.acquire(0, DEFAULT_HEADROOM);
  if (p === undefined || layer.ip.prepare(tx) !== undefined) {
    p?.release();
    return;
  }
  const hasAck = (seg.ctl & ACK) !== 0;
  const signature = layer.authentication?.forReply(seg, rx);
  const optionsLength = signature === undefined ? 0 : signature.optionLength;
  p.prepend(TCP_HEADER_LENGTH + optionsLength);
  emitTcpHeader(
    p,
    seg.destinationPort,
    seg.sourcePort,
    hasAck ? seg.ack : 0,
    hasAck ? 0 : seqAdd(seg.seq, seg.len),
    hasAck ? RST : RST | ACK,
    0,
    0,
    optionsLength,
  );
  const length = TCP_HEADER_LENGTH + optionsLength;
  signature?.sign(p, tx.source, tx.destination, length);
  finishTcpChecksum(p, tx.source, tx.destination, length, tx.canOffloadChecksum);
  layer.counters.outRsts++;
  layer.counters.outSegs++;
  layer.ip.output(p, tx);
}

/** Answers a SYN without remembering it; `layer.synOptions` holds the options, save for the MSS.
 *
 * @param iss our initial sequence number.
 * @param hasEcn agree to Explicit Congestion Notification.
 */
export function replySynAck(
  layer: TcpLayer,
  listener: TcpListener,
  seg: Segment,
  rx: IpRxInfo,
  iss: number,
  hasEcn: boolean,
): void {
  const tx = layer.replyTx;
  tx.source = rx.destination;
  tx.destination = rx.source;
  tx.boundNetif = listener.boundNetif;
  tx.generation = -1;
  const p = layer.pool.acquire(0, DEFAULT_HEADROOM);
  if (p === undefined || layer.ip.prepare(tx) !== undefined) {
    p?.release();
    return;
  }
  const options = layer.synOptions;
  options.mss = announcedMss(tx, rx.source, listener.config);
  const signature = layer.authentication?.forReply(seg, rx);
  const length = synOptionsLength(options) + (signature === undefined ? 0 : signature.optionLength);
  p.prepend(TCP_HEADER_LENGTH + length);
  emitSynOptions(p.view, p.start + TCP_HEADER_LENGTH, options);
  const buffer = listener.config.receiveBufferBytes;
  const initial = layer.config.initialReceiveWindowBytes;
  const whole = wholeSegments(Math.min(buffer, initial), options.mss, options.hasTimestamps);
  const wnd = whole < 65535 ? whole : 65535;
  const ctl = SYN | ACK | (hasEcn ? ECE : 0);
  emitTcpHeader(p, seg.destinationPort, seg.sourcePort, iss, seqAdd(seg.seq, 1), ctl, wnd, 0, length);
  signature?.sign(p, tx.source, tx.destination, TCP_HEADER_LENGTH + length);
  finishTcpChecksum(p, tx.source, tx.destination, TCP_HEADER_LENGTH + length, tx.canOffloadChecksum);
  layer.counters.outSegs++;
  layer.ip.output(p, tx);
}

/** The MSS option: what the interface takes, less the fixed headers (RFC 6691), within the user's limit. */
export function announcedMss(tx: IpTx, remoteAddress: IpAddress, config: TcpConnectionConfig): number {
  const headers = TCP_HEADER_LENGTH + (remoteAddress.family === 4 ? 20 : 40);
  const mtu = tx.netif === undefined ? tx.pathMtu : tx.netif.mtu;
  let mss = mtu - headers;
  const limit = config.maxSegmentBytes;
  if (limit > 0 && mss > limit) mss = limit;
  return mss > 65535 ? 65535 : mss < 1 ? 1 : mss;
}

/** Completes a segment whose text lies in `p`, and sends it. */
function emit(tcb: Tcb, p: Pbuf, seq: number, ctl: number, textLength: number, sackLength: number): boolean {
  const layer = tcb.layer;
  let optionsLength = sackLength;
  if (tcb.hasTimestamps) optionsLength += TIMESTAMPS_LENGTH;
  const extra = extraLength(tcb, optionsLength, p);
  const headerLength = TCP_HEADER_LENGTH + optionsLength + extra;
  p.prepend(headerLength);
  const view = p.view;
  let at = p.start + TCP_HEADER_LENGTH;
  if (tcb.hasTimestamps) {
    emitTimestamps(view, at, timestampAt(layer.clock.now(), tcb.tsOffset), tcb.tsRecent);
    at += TIMESTAMPS_LENGTH;
  }
  if (sackLength > 0) at += emitSackBlocks(view, at, layer.sackBlocks, layer.sackBlocks.count);
  if (extra > 0) writeUserOptions(tcb, p, at);
  let up = 0;
  if (tcb.sndUp !== tcb.sndUna && seqGt(tcb.sndUp, seq)) {
    ctl |= URG;
    const distance = seqDiff(tcb.sndUp, seq);
    up = distance > 65535 ? 65535 : distance;
  }
  const wnd = selectWindow(tcb);
  emitTcpHeader(
    p,
    tcb.localPort,
    tcb.remotePort,
    seq,
    tcb.rcvNxt,
    ctl,
    wnd,
    up,
    optionsLength + extra,
  );
  noteAckSent(tcb);
  const segments = p.gsoSize > 0 ? Math.ceil(textLength / p.gsoSize) : 1;
  if (textLength > 0) tcb.textSegmentsOut += segments;
  return handDown(tcb, p, headerLength + textLength, segments);
}

/** Signs a segment if that is wanted, counts it, and gives it to `ip`.
 *
 * @param segments what the link will make of it.
 */
function handDown(tcb: Tcb, p: Pbuf, length: number, segments: number): boolean {
  const layer = tcb.layer;
  const tx = tcb.tx;
  if (layer.authentication !== undefined) layer.authentication.sign(tcb, p, length);
  finishTcpChecksum(p, tcb.localAddress, tcb.remoteAddress, length, tx.canOffloadChecksum);
  layer.counters.outSegs += segments;
  tcb.segmentsOut += segments;
  tcb.trace?.sent(p, length);
  if (layer.ip.output(p, tx)) return true;
  layer.counters.outDiscards++;
  tcb.isAckNow = true;
  layer.block(tcb);
  return false;
}

/** Every segment with an ACK brings the peer up to date. */
function noteAckSent(tcb: Tcb): void {
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.isAckNow = false;
  if (tcb.ackPendingBytes > 0) {
    tcb.ackPendingBytes = 0;
    if (tcb.delayedAckTimer !== undefined) tcb.delayedAckTimer.stop();
  }
}

/** Whether SYNs of a connection may offer timestamps: an MD5 signature leaves no room for SACK beside them. */
export function allowsTimestamps(tcb: Tcb): boolean {
  const { authentication } = tcb.layer;
  return authentication === undefined || (authentication.of(tcb)?.allowsTimestamps ?? true);
}
