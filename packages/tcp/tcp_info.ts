/** {@linkcode TcpInfo}: STATUS (RFC 9293 §3.10.6), in the terms of Linux's `tcp_info`.
 *
 * @module
 */
import { ECN_ACTIVE } from "./ecn.ts";
import { pipe } from "./recovery.ts";
import { seqDiff } from "./seq.ts";
import type { TcpState } from "./state.ts";
import type { RecoveryPhase, Tcb } from "./tcb.ts";

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
  /** Octets that wait for the user. */
  readonly unreadBytes: number;
  /** Octets that wait for transmission or acknowledgment. */
  readonly queuedBytes: number;
  /** Octets held out of order. */
  readonly outOfOrderBytes: number;
}

/** A snapshot. */
export function tcpInfo(tcb: Tcb): TcpInfo {
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
  };
}
