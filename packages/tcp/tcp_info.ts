/** {@linkcode TcpInfo}: STATUS (RFC 9293 §3.10.6), in the terms of Linux's `tcp_info`.
 *
 * @module
 */
import { ECN_ACTIVE } from "./ecn.ts";
import type { FastOpenFailure } from "./fast_open.ts";
import { pipe } from "./flight.ts";
import { USUAL_DEGREE } from "./reordering.ts";
import { unsentBytes } from "./send_space.ts";
import { seqDiff } from "./seq.ts";
import type { TcpState } from "./state.ts";
import type { RecoveryPhase, Tcb } from "./tcb.ts";
import { announcedMss } from "./transmit.ts";

/** What is known of a connection at one moment. */
export interface TcpInfo {
  /** State. */
  readonly state: TcpState;
  /** Congestion control in use. */
  readonly congestionControl: string;
  /** What is being repaired. */
  readonly phase: RecoveryPhase;
  /** Retransmission timeout. */
  readonly rtoMs: number;
  /** Smoothed round-trip time. */
  readonly rttMs: number;
  /** Its variation. */
  readonly rttVarMs: number;
  /** Smallest round trip seen; `Infinity` before the first sample. */
  readonly minRttMs: number;
  /** Delay of the next delayed acknowledgment. */
  readonly atoMs: number;
  /** Effective send MSS: octets of text per segment. */
  readonly sndMss: number;
  /** Largest segment the peer has sent. */
  readonly rcvMss: number;
  /** MSS the peer has announced. */
  readonly peerMss: number;
  /** MSS that we announce (tcpi_advmss). */
  readonly announcedMss: number;
  /** Path MTU. */
  readonly pathMtu: number;
  /** Congestion window in octets. */
  readonly cwnd: number;
  /** Slow start threshold in octets. */
  readonly ssthresh: number;
  /** Octets outstanding. */
  readonly flight: number;
  /** Octets thought to be in the network. */
  readonly pipe: number;
  /** Octets SACKed. */
  readonly sackedBytes: number;
  /** Window the peer offers. */
  readonly sndWnd: number;
  /** Window we offer. */
  readonly rcvWnd: number;
  /** Octets that may wait for the user at the moment. */
  readonly receiveBufferBytes: number;
  /** Shift of the peer's window field. */
  readonly sndWindShift: number;
  /** Shift of our window field. */
  readonly rcvWindShift: number;
  /** Timestamps in use. */
  readonly hasTimestamps: boolean;
  /** ECN in use. */
  readonly hasEcn: boolean;
  /** SACK in use. */
  readonly hasSack: boolean;
  /** Expiries of the retransmission timer in a row. */
  readonly retransmits: number;
  /** Segments retransmitted in all. */
  readonly totalRetransmits: number;
  /** Octets sent for the first time. */
  readonly bytesSent: number;
  /** Octets received in order. */
  readonly bytesReceived: number;
  /** The last rate at which the path delivered, in bytes per second; 0 before it is known (tcpi_delivery_rate). */
  readonly deliveryRateBps: number;
  /** Whether that rate was the user's rather than the path's (tcpi_delivery_rate_app_limited). */
  readonly isDeliveryRateAppLimited: boolean;
  /** Bytes per second at which segments leave, `Infinity` for no pacing (tcpi_pacing_rate). */
  readonly pacingRateBps: number;
  /** Octets outstanding that count as lost (tcpi_lost). */
  readonly lostBytes: number;
  /** Octets of retransmissions in flight (tcpi_retrans). */
  readonly retransmittedInFlightBytes: number;
  /** The path has shown that it reorders. */
  readonly isReorderingSeen: boolean;
  /** Acknowledgments that have shown it (tcpi_reord_seen). */
  readonly reorderingEvents: number;
  /** RACK's reordering window, in quarters of the shortest round trip. */
  readonly reorderingQuarters: number;
  /** Most segments by which one was late, 3 at least (tcpi_reordering). */
  readonly reorderingSegments: number;
  /** Octets delivered so far, SACKed ones included (tcpi_delivered). */
  readonly deliveredBytes: number;
  /** Of those, octets whose acknowledgment echoed a mark (tcpi_delivered_ce). */
  readonly deliveredMarkedBytes: number;
  /** Octets acknowledged (tcpi_bytes_acked). */
  readonly bytesAcked: number;
  /** Octets sent again (tcpi_bytes_retrans). */
  readonly bytesRetransmitted: number;
  /** Octets found lost so far. */
  readonly totalLostBytes: number;
  /** Segments that the peer got twice (tcpi_dsack_dups). */
  readonly dsackDups: number;
  /** Expiries of the retransmission timer in all (tcpi_total_rto). */
  readonly timeouts: number;
  /** Sequences of such expiries (tcpi_total_rto_recoveries). */
  readonly timeoutRecoveries: number;
  /** Time that they took (tcpi_total_rto_time). */
  readonly timeoutRecoveryMs: number;
  /** Doublings of the timeout (tcpi_backoff). */
  readonly rtoBackOff: number;
  /** Zero-window probes without an answer (tcpi_probes). */
  readonly probes: number;
  /** Segments received, segments with text (tcpi_segs_in, tcpi_data_segs_in); of merged ones each. */
  readonly segmentsIn: number;
  /** Segments with text received in order. */
  readonly textSegmentsIn: number;
  /** Segments with text that came ahead of a gap (tcpi_rcv_ooopack). */
  readonly outOfOrderSegments: number;
  /** Segments sent (tcpi_segs_out). */
  readonly segmentsOut: number;
  /** Segments with text sent (tcpi_data_segs_out). */
  readonly textSegmentsOut: number;
  /** Segments with text that a router had marked (RFC 3168). */
  readonly markedSegmentsIn: number;
  /** Round trip as the receiver sees it, 0 before it is known (tcpi_rcv_rtt). */
  readonly receiveRttMs: number;
  /** Octets of the receive buffer that are free (tcpi_rcv_space). */
  readonly receiveSpaceBytes: number;
  /** Octets that were never sent (tcpi_notsent_bytes). */
  readonly unsentBytes: number;
  /** Time with something to send or outstanding (tcpi_busy_time). */
  readonly busyMs: number;
  /** Of that, held up by the congestion window or pacing. */
  readonly cwndLimitedMs: number;
  /** Of that, held up by the peer's window (tcpi_rwnd_limited). */
  readonly rwndLimitedMs: number;
  /** Of that, held up by the size of the send buffer (tcpi_sndbuf_limited). */
  readonly sendBufferLimitedMs: number;
  /** Of that, with all that the user has written in flight. */
  readonly appLimitedMs: number;
  /** Since text was last sent, for the first time or again; −1 before that (tcpi_last_data_sent). */
  readonly lastTextSentMs: number;
  /** Since text last came; −1 before that (tcpi_last_data_recv). */
  readonly lastTextReceivedMs: number;
  /** Since something acceptable last came (tcpi_last_ack_recv). */
  readonly lastReceivedMs: number;
  /** Octets that wait for the user. */
  readonly unreadBytes: number;
  /** Octets that wait for transmission or acknowledgment. */
  readonly queuedBytes: number;
  /** Octets held out of order. */
  readonly outOfOrderBytes: number;
  /** Text of the SYN, ours or the peer's, was taken by Fast Open (TCPI_OPT_SYN_DATA). */
  readonly isSynTextTaken: boolean;
  /** Why Fast Open, which the user had asked for, took no text along (tcpi_fastopen_client_fail). */
  readonly fastOpenFailure: FastOpenFailure;
}

type PathKey =
  | "deliveryRateBps"
  | "isDeliveryRateAppLimited"
  | "pacingRateBps"
  | "lostBytes"
  | "retransmittedInFlightBytes"
  | "isReorderingSeen"
  | "reorderingEvents"
  | "reorderingQuarters"
  | "reorderingSegments"
  | "deliveredBytes"
  | "totalLostBytes"
  | "bytesRetransmitted"
  | "deliveredMarkedBytes"
  | "dsackDups"
  | "timeouts"
  | "timeoutRecoveries"
  | "timeoutRecoveryMs"
  | "rtoBackOff"
  | "probes"
  | "busyMs"
  | "cwndLimitedMs"
  | "rwndLimitedMs"
  | "sendBufferLimitedMs"
  | "appLimitedMs";

type TrafficKey =
  | "bytesAcked"
  | "segmentsIn"
  | "textSegmentsIn"
  | "outOfOrderSegments"
  | "segmentsOut"
  | "textSegmentsOut"
  | "markedSegmentsIn"
  | "receiveRttMs"
  | "receiveSpaceBytes"
  | "unsentBytes"
  | "lastTextSentMs"
  | "lastTextReceivedMs"
  | "lastReceivedMs";

const NO_TIMES = { cwndMs: 0, rwndMs: 0, bufferMs: 0, appMs: 0 };

/** A snapshot. */
export function tcpInfo(tcb: Tcb): TcpInfo {
  return { ...stateInfo(tcb), ...pathInfo(tcb), ...trafficInfo(tcb) };
}

/** What came of what was sent. */
function pathInfo(tcb: Tcb): Pick<TcpInfo, PathKey> {
  const { delivery, sent } = tcb;
  const times = delivery?.times;
  if (times !== undefined) times.change(times.reason, tcb.layer.clock.now());
  const { cwndMs, rwndMs, bufferMs, appMs } = times ?? NO_TIMES;
  return {
    deliveryRateBps: delivery?.rateBps ?? 0,
    isDeliveryRateAppLimited: delivery?.isRateAppLimited ?? false,
    pacingRateBps: tcb.congestion.pacingRateBps,
    lostBytes: sent?.lostBytes ?? 0,
    retransmittedInFlightBytes: sent?.retransmittedBytes ?? 0,
    isReorderingSeen: tcb.reordering?.isSeen ?? false,
    reorderingEvents: tcb.reordering?.timesSeen ?? 0,
    reorderingQuarters: tcb.reordering?.quarters ?? 1,
    reorderingSegments: tcb.reordering?.degree ?? USUAL_DEGREE,
    deliveredBytes: delivery?.delivered ?? 0,
    totalLostBytes: delivery?.lost ?? 0,
    bytesRetransmitted: delivery?.retransmitted ?? 0,
    dsackDups: delivery?.dsacks ?? 0,
    deliveredMarkedBytes: delivery?.deliveredMarked ?? 0,
    timeouts: delivery?.timeouts ?? 0,
    timeoutRecoveries: delivery?.timeoutRecoveries ?? 0,
    timeoutRecoveryMs: delivery?.timeoutRecoveryMs ?? 0,
    rtoBackOff: tcb.rto.backOffCount,
    probes: tcb.probeCount,
    busyMs: cwndMs + rwndMs + bufferMs + appMs,
    cwndLimitedMs: cwndMs,
    rwndLimitedMs: rwndMs,
    sendBufferLimitedMs: bufferMs,
    appLimitedMs: appMs,
  };
}

/** What was sent and received. */
function trafficInfo(tcb: Tcb): Pick<TcpInfo, TrafficKey> {
  const { tuning } = tcb;
  const nowMs = tcb.layer.clock.now();
  const unsent = unsentBytes(tcb);
  const outstanding = tcb.sendBuffer.length - unsent;
  return {
    bytesAcked: tcb.bytesSent > outstanding ? tcb.bytesSent - outstanding : 0,
    segmentsIn: tcb.segmentsIn,
    textSegmentsIn: tuning?.segments ?? 0,
    outOfOrderSegments: tuning?.outOfOrder ?? 0,
    segmentsOut: tcb.segmentsOut,
    textSegmentsOut: tcb.textSegmentsOut,
    markedSegmentsIn: tuning?.marked ?? 0,
    receiveRttMs: tuning?.rttMs ?? 0,
    receiveSpaceBytes: Math.max(tcb.receiveBufferBytes - tcb.unreadBytes, 0),
    unsentBytes: unsent,
    lastTextSentMs: tcb.bytesSent === 0 ? -1 : nowMs - tcb.lastSentAtMs,
    lastTextReceivedMs: tcb.lastTextAtMs < 0 ? -1 : nowMs - tcb.lastTextAtMs,
    lastReceivedMs: nowMs - tcb.lastReceivedAtMs,
  };
}

function stateInfo(tcb: Tcb): Omit<TcpInfo, PathKey | TrafficKey> {
  const fastOpen = tcb.layer.handshakes.fastOpen.outcome(tcb);
  return {
    state: tcb.state,
    congestionControl: tcb.congestion.name,
    phase: tcb.phase,
    rtoMs: tcb.rto.rtoMs,
    rttMs: tcb.rto.srttMs,
    rttVarMs: tcb.rto.rttvarMs,
    minRttMs: tcb.rto.minRttMs,
    atoMs: tcb.atoMs,
    sndMss: tcb.smss,
    rcvMss: tcb.rcvMss,
    peerMss: tcb.peerMss,
    announcedMss: announcedMss(tcb.tx, tcb.remoteAddress, tcb.config),
    pathMtu: tcb.tx.pathMtu,
    cwnd: tcb.congestion.cwnd,
    ssthresh: tcb.congestion.ssthresh,
    flight: seqDiff(tcb.sndNxt, tcb.sndUna),
    pipe: pipe(tcb),
    sackedBytes: tcb.sent === undefined ? 0 : tcb.sent.sackedBytes,
    sndWnd: tcb.sndWnd,
    rcvWnd: tcb.rcvWnd,
    receiveBufferBytes: tcb.receiveBufferBytes,
    sndWindShift: tcb.sndWindShift,
    rcvWindShift: tcb.rcvWindShift,
    hasTimestamps: tcb.hasTimestamps,
    hasEcn: (tcb.ecn & ECN_ACTIVE) !== 0,
    hasSack: tcb.hasSack,
    retransmits: tcb.retransmitCount,
    totalRetransmits: tcb.retransmittedSegments,
    bytesSent: tcb.bytesSent,
    bytesReceived: tcb.bytesReceived,
    unreadBytes: tcb.unreadBytes,
    queuedBytes: tcb.sendBuffer.length,
    outOfOrderBytes: tcb.reassembly === undefined ? 0 : tcb.reassembly.byteCount,
    isSynTextTaken: fastOpen?.isTextTaken ?? false,
    fastOpenFailure: fastOpen?.failure ?? "NONE",
  };
}
