/** Data plane. {@linkcode Tcb}: the Transmission Control Block (RFC 9293 §3.3.1).
 *
 * ```text
 *   send            1                2                 3               4
 *              ----------|------------------|------------------|----------
 *                      SND.UNA            SND.NXT            SND.UNA+SND.WND
 *   1 acknowledged   2 sent, not acknowledged   3 may be sent now   4 may not be sent yet
 *
 *   buffer               |<-- sendBuffer.length octets -->| FIN, once isFinQueued
 *                     sndHead (= SND.UNA, or the octet after it while the SYN is unacknowledged)
 *
 *   receive             1                2                 3
 *              ----------|------------------------------|----------
 *                      RCV.NXT                     RCV.NXT+RCV.WND
 *   1 received in order   2 acceptable; the reassembly queue's place   3 not acceptable yet
 *
 *   buffer     |<-- receiveQueue: unread -->|
 *                                        RCV.NXT
 * ```
 *
 * SND.NXT is always the highest octet sent plus one: retransmissions do not move it back. RCV.WND is what is left
 * of the window that the peer was told of: it shrinks as text arrives, and grows only when announced.
 *
 * @module
 */
// tidy: allow file-length one field, one line of doc and one assignment per variable of the RFCs
import { type IpAddress, IpTx, IPV4_ANY } from "@lightwire/ip";
import type { NetError, NetErrorCode, Timer } from "@lightwire/netif";
import type { CongestionControl } from "./congestion.ts";
import type { TcpConnection, TcpHandlers } from "./connection.ts";
import type { Cork } from "./cork.ts";
import type { TcpListener } from "./listener.ts";
import type { MtuSearch } from "./mtu_search.ts";
import type { ReassemblyQueue } from "./reassembly_queue.ts";
import type { ReceiveTuning } from "./receive_tuning.ts";
import { ReceiveQueue } from "./receive_queue.ts";
import { RtoEstimator } from "./rto.ts";
import type { Reordering } from "./reordering.ts";
import type { Prr } from "./prr.ts";
import type { DeliveryRate } from "./delivery_rate.ts";
import type { SentSegments } from "./sent_segments.ts";
import type { Undo } from "./undo.ts";
import { SendBuffer } from "./send_buffer.ts";
import { canTransit, type TcpState } from "./state.ts";
import type { TcpConnectionConfig } from "./tcp_config.ts";
import type { TcpTrace } from "./trace.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** What the sender is repairing: nothing; losses told by duplicate acknowledgments or SACK; a timeout. */
export type RecoveryPhase = "NONE" | "FAST" | "TIMEOUT";

/** `events` bit: the connection reached ESTABLISHED. */
export const EVENT_CONNECTED = 0x01;
/** `events` bit: text, or the peer's FIN, has come. */
export const EVENT_READABLE = 0x02;
/** `events` bit: text was acknowledged. */
export const EVENT_WRITABLE = 0x04;
/** `events` bit: the urgent pointer moved. */
export const EVENT_URGENT = 0x08;
/** `events` bit: the connection is over. */
export const EVENT_CLOSED = 0x10;
/** `events` bit: an ICMP error was noted, or R1 is exceeded. */
export const EVENT_SOFT_ERROR = 0x20;

/** MSS of a peer that announces none (RFC 9293 §3.7.1, MUST-15), IPv4. */
export const DEFAULT_MSS_V4 = 536;
/** MSS of a peer that announces none, IPv6. */
export const DEFAULT_MSS_V6 = 1220;

/** All variables of one connection. The functions of this package work on it; none of it is a user's business. */
export class Tcb {
  /** The layer it belongs to. */
  readonly layer: TcpLayer;
  /** What the user holds. */
  connection!: TcpConnection;
  /** The user's callbacks. */
  handlers: TcpHandlers;
  /** The listener it came by, or `undefined` after an active OPEN; cleared once the user has accepted it. */
  listener: TcpListener | undefined;
  /** The user keeps it in a queue of his: it counts against the backlog. */
  isBacklogHeld: boolean;
  /** How it was opened: by a SYN of the peer's to a listener. */
  isPassive: boolean;
  /** State (RFC 9293 §3.3.2). */
  state: TcpState;
  /** Our address. */
  localAddress: IpAddress;
  /** Our port. */
  localPort: number;
  /** The peer's address. */
  remoteAddress: IpAddress;
  /** The peer's port. */
  remotePort: number;
  /** How its packets are sent. */
  readonly tx: IpTx;
  /** What the user chose; replaced as a whole, since connections of one listener share it. */
  config: TcpConnectionConfig;

  /** ISS. */
  iss: number;
  /** SND.UNA. */
  sndUna: number;
  /** SND.NXT. */
  sndNxt: number;
  /** SND.WND, scaled: octets from SND.UNA. */
  sndWnd: number;
  /** SND.UP: the octet after the last urgent one; urgent mode lasts while it lies beyond SND.UNA. */
  sndUp: number;
  /** SND.WL1. */
  sndWl1: number;
  /** SND.WL2. */
  sndWl2: number;
  /** MAX.SND.WND: the largest window the peer has announced. */
  maxSndWnd: number;
  /** Snd.Wind.Shift: how the peer's window field is scaled. */
  sndWindShift: number;
  /** Holds segments back that are not full; there once the user has asked for it. */
  cork: Cork | undefined;
  /** Sequence number of the first octet in `sendBuffer`. */
  sndHead: number;
  /** Octet after the last segment sent that was smaller than SMSS (Minshall's Snd.Sml). */
  sndSml: number;
  /** Text from `sndHead` on. */
  readonly sendBuffer: SendBuffer;
  /** The user has closed his direction: a FIN follows the text. */
  isFinQueued: boolean;
  /** That FIN was sent at least once. */
  isFinSent: boolean;
  /** The peer's MSS option, or the default. */
  peerMss: number;
  /** Octets of text in a full segment: the peer's MSS and the path MTU, less options we always send. */
  smss: number;
  /** The search for a larger path MTU; there after a black hole, and when it is asked for. */
  mtuSearch: MtuSearch | undefined;
  /** `tx.pathMtu` that `smss` was computed for. */
  smssPathMtu: number;

  /** IRS. */
  irs: number;
  /** RCV.NXT. */
  rcvNxt: number;
  /** RCV.WND. */
  rcvWnd: number;
  /** RCV.UP: the octet after the last urgent one, while `isUrgent`. */
  rcvUp: number;
  /** Urgent data is pending. */
  isUrgent: boolean;
  /** Rcv.Wind.Shift: how our window field is scaled; in SYN-SENT, what we offer. */
  rcvWindShift: number;
  /** Both sides have sent the Window Scale option. */
  hasWindowScaling: boolean;
  /** Last.ACK.sent. */
  lastAckSent: number;
  /** Octets that may wait for the user at the moment; grows to `config.receiveBufferBytes`. */
  receiveBufferBytes: number;
  /** Octets handed to the user's side and not taken, or taken and not yet given back with `recved`. */
  unreadBytes: number;
  /** Largest segment the peer has sent lately: what "full-sized" means for acknowledgments. */
  rcvMss: number;
  /** The peer's FIN was processed. */
  isFinReceived: boolean;
  /** The user does not want to receive any more: what comes is acknowledged and dropped. */
  isReceiveShut: boolean;
  /** The user has called CLOSE: nobody will read. */
  isOrphan: boolean;
  /** Text in order, for the user. */
  readonly receiveQueue: ReceiveQueue;
  /** Text out of order; made when there is some. */
  reassembly: ReassemblyQueue | undefined;

  /** Timestamps are in use (Snd.TS.OK). */
  hasTimestamps: boolean;
  /** What is added to the clock for TSval. */
  tsOffset: number;
  /** TS.Recent. */
  tsRecent: number;
  /** When TS.Recent was updated. */
  tsRecentAtMs: number;
  /** SACK is in use. */
  hasSack: boolean;
  /** What is outstanding, piece by piece; there while something is. */
  sent: SentSegments | undefined;
  /** How fast the path delivers; made with the first text. */
  delivery: DeliveryRate | undefined;
  /** What the path has shown of its reordering; there once it has. */
  reordering: Reordering | undefined;
  /** What the retransmission timer runs for, `TIMER_…`. */
  timerKind: number;
  /** Where F-RTO stands, `FRTO_…`. */
  frto: number;
  /** What would show that the last recovery was for nothing. */
  undo: Undo | undefined;
  /** How much a recovery with SACK may send; `undefined` outside of one. */
  prr: Prr | undefined;

  /** Explicit Congestion Notification, `ECN_…` bits. */
  ecn: number;
  /** SND.NXT when a mark was last answered. */
  ecnEnd: number;
  /** Congestion control. */
  congestion: CongestionControl;
  /** Retransmission timeout. */
  readonly rto: RtoEstimator;
  /** What is being repaired. */
  phase: RecoveryPhase;
  /** `recover` (RFC 6582), RecoveryPoint (RFC 6675): SND.NXT when the last repair began. */
  recover: number;
  /** Duplicate acknowledgments in a row. */
  dupAcks: number;
  /** Sequence number whose acknowledgment ends a round-trip measurement. */
  rttSeq: number;
  /** When it was sent, −1 while nothing is measured. */
  rttAtMs: number;
  /** Expiries of the retransmission timer in a row. */
  retransmitCount: number;
  /** When the oldest unacknowledged octet was first sent, as far as retransmissions are concerned; −1 without them. */
  stalledSinceMs: number;
  /** When text was last sent. */
  lastSentAtMs: number;

  /** Octets received since the last acknowledgment was sent. */
  ackPendingBytes: number;
  /** An acknowledgment is due with the next output. */
  isAckNow: boolean;
  /** Acknowledgments to send at once before delaying begins. */
  quickAcks: number;
  /** The connection is a dialogue: our text will carry the acknowledgments. */
  isPingPong: boolean;
  /** Delay of the next delayed acknowledgment. */
  atoMs: number;
  /** When something acceptable was last received. */
  lastReceivedAtMs: number;
  /** When text was last received, −1 before that. */
  lastTextAtMs: number;
  /** Receive auto-tuning; made with the first text that comes. */
  tuning: ReceiveTuning | undefined;

  /** Retransmission timer. */
  retransmissionTimer: Timer | undefined;
  /** Zero-window probe timer; never armed together with the retransmission timer. */
  persistTimer: Timer | undefined;
  /** Delayed acknowledgment timer. */
  delayedAckTimer: Timer | undefined;
  /** Keep-alive timer. */
  keepAliveTimer: Timer | undefined;
  /** TIME-WAIT timer; limit of FIN-WAIT-2 and of lingering before. */
  closeTimer: Timer | undefined;
  /** Pacing timer. */
  pacingTimer: Timer | undefined;
  /** Until when the rate is used up. */
  pacedUntilMs: number;
  /** Zero-window probes without an answer. */
  probeCount: number;
  /** Back-off of zero-window probes. */
  probeBackOff: number;
  /** When the window closed, −1 while open. */
  probingSinceMs: number;
  /** The octet at SND.UNA was sent as a probe and not accepted: new text starts with it again. */
  isProbeOutstanding: boolean;
  /** Keep-alive probes without an answer. */
  keepAliveProbes: number;
  /** When a segment outside of the window was last answered. */
  lastInvalidAckAtMs: number;

  /** What the user is to be told, `EVENT_…` bits. */
  events: number;
  /** It is in the layer's list of connections to serve. */
  isTouched: boolean;
  /** It is in the layer's list of connections that want buffers or queue space. */
  isBlocked: boolean;
  /** An ICMP error that was noted (RFC 9293 §3.9.2.2). */
  softError: NetErrorCode | undefined;
  /** Why the connection ended, `undefined` for orderly. */
  error: NetError | undefined;
  /** Who is told of each event; there while somebody listens. */
  trace: TcpTrace | undefined;
  /** EVENT_CLOSED was raised: it is raised once. */
  isEnded: boolean;
  /** Segments retransmitted, in all. */
  retransmittedSegments: number;
  /** Segments received. */
  segmentsIn: number;
  /** Segments sent. */
  segmentsOut: number;
  /** Of those, segments with text. */
  textSegmentsOut: number;
  /** Octets of text sent, retransmissions excluded. */
  bytesSent: number;
  /** Octets of text received in order. */
  bytesReceived: number;

  // tidy: allow function-length one assignment per field, in order: one hidden class
  /** A TCB in state CLOSED. The caller fills in addresses and sequence numbers. */
  constructor(layer: TcpLayer, config: TcpConnectionConfig, handlers: TcpHandlers) {
    const limits = layer.config;
    this.layer = layer;
    this.handlers = handlers;
    this.listener = undefined;
    this.isBacklogHeld = false;
    this.isPassive = false;
    this.state = "CLOSED";
    this.localAddress = IPV4_ANY;
    this.localPort = 0;
    this.remoteAddress = IPV4_ANY;
    this.remotePort = 0;
    this.tx = new IpTx();
    this.config = config;
    this.iss = 0;
    this.sndUna = 0;
    this.sndNxt = 0;
    this.sndWnd = 0;
    this.sndUp = 0;
    this.sndWl1 = 0;
    this.sndWl2 = 0;
    this.maxSndWnd = 0;
    this.sndWindShift = 0;
    this.cork = undefined;
    this.sndHead = 0;
    this.sndSml = 0;
    this.sendBuffer = new SendBuffer(
      Math.min(config.sendBufferBytes, config.initialSendBufferBytes),
      layer.rings,
    );
    this.isFinQueued = false;
    this.isFinSent = false;
    this.peerMss = DEFAULT_MSS_V4;
    this.smss = DEFAULT_MSS_V4;
    this.mtuSearch = undefined;
    this.smssPathMtu = 0;
    this.irs = 0;
    this.rcvNxt = 0;
    this.rcvWnd = 0;
    this.rcvUp = 0;
    this.isUrgent = false;
    this.rcvWindShift = 0;
    this.hasWindowScaling = false;
    this.lastAckSent = 0;
    this.receiveBufferBytes = Math.min(config.receiveBufferBytes, limits.initialReceiveWindowBytes);
    this.unreadBytes = 0;
    this.rcvMss = DEFAULT_MSS_V4;
    this.isFinReceived = false;
    this.isReceiveShut = false;
    this.isOrphan = false;
    this.receiveQueue = new ReceiveQueue();
    this.reassembly = undefined;
    this.hasTimestamps = false;
    this.tsOffset = 0;
    this.tsRecent = 0;
    this.tsRecentAtMs = 0;
    this.hasSack = false;
    this.sent = undefined;
    this.delivery = undefined;
    this.reordering = undefined;
    this.timerKind = 0;
    this.frto = 0;
    this.undo = undefined;
    this.prr = undefined;
    this.ecn = 0;
    this.ecnEnd = 0;
    this.congestion = config.congestionControl(DEFAULT_MSS_V4, layer.random);
    this.rto = new RtoEstimator(layer.rtoOptions);
    this.phase = "NONE";
    this.recover = 0;
    this.dupAcks = 0;
    this.rttSeq = 0;
    this.rttAtMs = -1;
    this.retransmitCount = 0;
    this.stalledSinceMs = -1;
    this.lastSentAtMs = 0;
    this.ackPendingBytes = 0;
    this.isAckNow = false;
    this.quickAcks = limits.quickAckCount;
    this.isPingPong = false;
    this.atoMs = limits.delayedAckMs;
    this.lastReceivedAtMs = 0;
    this.lastTextAtMs = -1;
    this.tuning = undefined;
    this.retransmissionTimer = undefined;
    this.persistTimer = undefined;
    this.delayedAckTimer = undefined;
    this.keepAliveTimer = undefined;
    this.closeTimer = undefined;
    this.pacingTimer = undefined;
    this.pacedUntilMs = 0;
    this.probeCount = 0;
    this.probeBackOff = 0;
    this.probingSinceMs = -1;
    this.isProbeOutstanding = false;
    this.keepAliveProbes = 0;
    this.lastInvalidAckAtMs = -Infinity;
    this.events = 0;
    this.isTouched = false;
    this.isBlocked = false;
    this.softError = undefined;
    this.error = undefined;
    this.trace = undefined;
    this.isEnded = false;
    this.retransmittedSegments = 0;
    this.segmentsIn = 0;
    this.segmentsOut = 0;
    this.textSegmentsOut = 0;
    this.bytesSent = 0;
    this.bytesReceived = 0;
  }
}

/** Moves a connection to another state.
 *
 * @throws {Error} if RFC 9293 figure 5 has no such arrow: a defect of this package.
 */
export function setState(tcb: Tcb, state: TcpState): void {
  const before = tcb.state;
  if (!canTransit(before, state)) throw new Error(`Cannot go from ${before} to ${state}`);
  tcb.state = state;
  tcb.trace?.state(before, state);
  const counters = tcb.layer.counters;
  if (before === "ESTABLISHED" || before === "CLOSE-WAIT") counters.currEstab--;
  if (state === "ESTABLISHED" || state === "CLOSE-WAIT") counters.currEstab++;
}

/** The octet after the last one of text that the user has handed over; a queued FIN has this number. */
export function textEnd(tcb: Tcb): number {
  return (tcb.sndHead + tcb.sendBuffer.length) >>> 0;
}
