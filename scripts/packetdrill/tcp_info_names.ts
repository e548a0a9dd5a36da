/** TCP_INFO by the names of Linux's `struct tcp_info`, in its units: packets, microseconds.
 *
 * @module
 */
import type { TcpInfo, TcpState } from "@lightwire/tcp";

/** Linux's numbers of the states. */
const STATES: Readonly<Record<TcpState, number>> = {
  "ESTABLISHED": 1,
  "SYN-SENT": 2,
  "SYN-RECEIVED": 3,
  "FIN-WAIT-1": 4,
  "FIN-WAIT-2": 5,
  "TIME-WAIT": 6,
  "CLOSED": 7,
  "CLOSE-WAIT": 8,
  "LAST-ACK": 9,
  "LISTEN": 10,
  "CLOSING": 11,
};

const CONSTANTS: Readonly<Record<string, number>> = {
  TCP_ESTABLISHED: 1,
  TCP_SYN_SENT: 2,
  TCP_SYN_RECV: 3,
  TCP_FIN_WAIT1: 4,
  TCP_FIN_WAIT2: 5,
  TCP_TIME_WAIT: 6,
  TCP_CLOSE: 7,
  TCP_CLOSE_WAIT: 8,
  TCP_LAST_ACK: 9,
  TCP_LISTEN: 10,
  TCP_CLOSING: 11,
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
  TCP_INFINITE_SSTHRESH: 0x7fffffff,
};

const packets = (bytes: number, mss: number) => Math.ceil(bytes / mss);

const READERS: Readonly<Record<string, (i: TcpInfo) => number>> = {
  tcpi_state: (i) => STATES[i.state],
  tcpi_ca_state: (i) => i.phase === "TIMEOUT" ? 4 : i.phase === "FAST" ? 3 : i.sackedBytes > 0 ? 1 : 0,
  tcpi_retransmits: (i) => i.retransmits,
  tcpi_options: (i) =>
    (i.hasTimestamps ? 1 : 0) | (i.hasSack ? 2 : 0) | (i.sndWindShift > 0 || i.rcvWindShift > 0 ? 4 : 0) |
    (i.hasEcn ? 8 : 0) | (i.markedSegmentsIn > 0 ? 16 : 0) | (i.isSynTextTaken ? 32 : 0),
  tcpi_snd_wscale: (i) => i.sndWindShift,
  tcpi_rcv_wscale: (i) => i.rcvWindShift,
  tcpi_rto: (i) => Math.round(i.rtoMs * 1000),
  tcpi_ato: (i) => Math.round(i.atoMs * 1000),
  tcpi_snd_mss: (i) => i.sndMss,
  tcpi_rcv_mss: (i) => i.rcvMss,
  tcpi_unacked: (i) => packets(i.flight, i.sndMss),
  tcpi_sacked: (i) => packets(i.sackedBytes, i.sndMss),
  tcpi_pmtu: (i) => i.pathMtu,
  tcpi_rtt: (i) => Math.round(i.rttMs * 1000),
  tcpi_rttvar: (i) => Math.round(i.rttVarMs * 1000),
  tcpi_min_rtt: (i) => i.minRttMs === Infinity ? 0xffff_ffff : Math.round(i.minRttMs * 1000),
  tcpi_snd_ssthresh: (i) =>
    i.ssthresh >= 0x7fffffff ? 0x7fffffff : Math.max(1, Math.round(i.ssthresh / i.sndMss)),
  tcpi_snd_cwnd: (i) => Math.floor(i.cwnd / i.sndMss),
  tcpi_total_retrans: (i) => i.totalRetransmits,
  tcpi_bytes_received: (i) => i.bytesReceived,
  tcpi_bytes_sent: (i) => i.bytesSent,
  tcpi_snd_wnd: (i) => i.sndWnd,
  tcpi_rcv_wnd: (i) => i.rcvWnd,
  tcpi_rcv_space: (i) => i.receiveBufferBytes,
  tcpi_advmss: (i) => i.announcedMss,
  tcpi_lost: (i) => packets(i.lostBytes, i.sndMss),
  tcpi_retrans: (i) => packets(i.retransmittedInFlightBytes, i.sndMss),
  tcpi_reordering: (i) => i.reorderingSegments,
  tcpi_reord_seen: (i) => i.reorderingEvents,
  // The SYN counts, with its text.
  tcpi_delivered: (i) => packets(i.deliveredBytes, i.sndMss) + (/^SYN|CLOSED|LISTEN/.test(i.state) ? 0 : 1),
  tcpi_bytes_acked: (i) => i.bytesAcked,
  tcpi_bytes_retrans: (i) => i.bytesRetransmitted,
  tcpi_dsack_dups: (i) => i.dsackDups,
  tcpi_total_rto: (i) => i.timeouts,
  tcpi_backoff: (i) => i.rtoBackOff,
  tcpi_probes: (i) => i.probes,
  tcpi_segs_in: (i) => i.segmentsIn,
  tcpi_segs_out: (i) => i.segmentsOut,
  tcpi_data_segs_in: (i) => i.textSegmentsIn,
  tcpi_data_segs_out: (i) => i.textSegmentsOut,
  tcpi_notsent_bytes: (i) => i.unsentBytes,
  tcpi_rcv_rtt: (i) => Math.round(i.receiveRttMs * 1000),
  tcpi_delivery_rate: (i) => Math.round(i.deliveryRateBps),
  tcpi_delivery_rate_app_limited: (i) => i.isDeliveryRateAppLimited ? 1 : 0,
  tcpi_busy_time: (i) => Math.round(i.busyMs * 1000),
  tcpi_rwnd_limited: (i) => Math.round(i.rwndLimitedMs * 1000),
  tcpi_sndbuf_limited: (i) => Math.round(i.sendBufferLimitedMs * 1000),
  tcpi_last_data_sent: (i) => Math.round(i.lastTextSentMs),
  // Before the first text it counts from the handshake.
  tcpi_last_data_recv: (i) => Math.round(i.lastTextReceivedMs < 0 ? i.lastReceivedMs : i.lastTextReceivedMs),
  tcpi_last_ack_recv: (i) => Math.round(i.lastReceivedMs),
};

/** The value of a name in a `%{ }%` block; `undefined` when there is none. */
export function tcpInfoValue(name: string, info: TcpInfo | undefined): number | undefined {
  if (info === undefined && name === "tcpi_state") return STATES.CLOSED;
  return CONSTANTS[name] ?? (info === undefined ? undefined : READERS[name]?.(info));
}
