/** {@linkcode TcpTraceEvent}: what happens to one connection, event by event, under qlog's names (draft-ietf-quic-qlog-main-schema,
 * draft-ietf-quic-qlog-quic-events §5 to §7, where TCP has the same thing). Nothing of this runs, or is allocated, for a
 * connection to which nobody listens.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { formatControlBits } from "./control_bits.ts";
import { pipe } from "./flight.ts";
import type { Segment } from "./segment.ts";
import type { TcpState } from "./state.ts";
import type { Tcb } from "./tcb.ts";

/** A segment, sent or received. Sequence numbers count from the initial ones. */
export interface TcpTracePacket {
  /** Control bits as tcpdump prints them, like `"P."`. */
  readonly flags: string;
  /** SEG.SEQ − ISS of its sender. */
  readonly seq: number;
  /** SEG.ACK − ISS of the other side; 0 without ACK. */
  readonly ack: number;
  /** Window field, not scaled. */
  readonly window: number;
  /** Octets of text. */
  readonly length: number;
  /** Octets of text per segment on the wire when this one was, or will be, cut; 0 for one segment. */
  readonly segment_length: number;
}

/** What may change with any event; only what has changed is there. Octets and milliseconds. */
export interface TcpTraceMetrics {
  /** Shortest round trip. */
  min_rtt?: number;
  /** SRTT. */
  smoothed_rtt?: number;
  /** The last sample. */
  latest_rtt?: number;
  /** RTTVAR. */
  rtt_variance?: number;
  /** Retransmission timeout (TCP's own). */
  rto?: number;
  /** Congestion window. */
  congestion_window?: number;
  /** Octets thought to be in the network. */
  bytes_in_flight?: number;
  /** Slow start threshold; left out while it is infinite. */
  ssthresh?: number;
  /** Bits per second. */
  pacing_rate?: number;
}

/** States of qlog's recovery:congestion_state_updated. */
export type TcpCongestionState = "slow_start" | "congestion_avoidance" | "recovery" | "loss";

/** An event, `time` in milliseconds of the layer's clock. */
export type TcpTraceEvent = {
  readonly time: number;
  readonly name: "transport:packet_sent";
  readonly data: TcpTracePacket & { readonly is_retransmission: boolean };
} | {
  readonly time: number;
  readonly name: "transport:packet_received";
  readonly data: TcpTracePacket;
} | {
  readonly time: number;
  readonly name: "recovery:metrics_updated";
  readonly data: TcpTraceMetrics;
} | {
  readonly time: number;
  readonly name: "recovery:congestion_state_updated";
  readonly data: { readonly old: TcpCongestionState; readonly new: TcpCongestionState };
} | {
  readonly time: number;
  readonly name: "recovery:loss_timer_updated";
  readonly data: {
    readonly timer_type: "rto" | "probe" | "reordering";
    readonly event_type: "set" | "expired" | "cancelled";
    /** Until it expires, for `"set"`. */
    readonly delta?: number;
  };
} | {
  readonly time: number;
  readonly name: "recovery:packet_lost";
  readonly data: {
    /** First octet of a piece that counts as lost from now on, from the ISS: each piece has an event of its own. */
    readonly seq: number;
    /** Its octets. */
    readonly length: number;
    readonly trigger: TcpLossTrigger;
  };
} | {
  readonly time: number;
  readonly name: "connectivity:connection_state_updated";
  readonly data: { readonly old: TcpState; readonly new: TcpState };
} | {
  readonly time: number;
  readonly name: "connectivity:mtu_updated";
  readonly data: { readonly old: number; readonly new: number };
};

/** What shows that a piece is lost: qlog's words, and a router's that it was too big. */
export type TcpLossTrigger = "time_threshold" | "reordering_threshold" | "pto_expired" | "packet_too_big";

/** Gets events of one connection. It runs within the stack: it must not throw, and must not call the connection. */
export type TcpTraceListener = (event: TcpTraceEvent) => void;

const TIMER_TYPES = ["rto", "probe", "reordering"] as const;

/** The trace of a connection to which somebody listens. */
export class TcpTrace {
  /** Pieces found lost and not told yet, see {@linkcode SentSegments.losses}. */
  readonly losses: number[] = [];
  readonly #tcb: Tcb;
  readonly #listener: TcpTraceListener;
  readonly #last: Record<string, number> = {};
  #congestionState: TcpCongestionState = "slow_start";
  #mtu: number;

  /** Listens to a connection from now on. */
  constructor(tcb: Tcb, listener: TcpTraceListener) {
    this.#tcb = tcb;
    this.#listener = listener;
    this.#mtu = tcb.tx.pathMtu;
  }

  /** A segment is handed to `ip`, `p.start` at its header. */
  sent(p: Pbuf, length: number): void {
    const tcb = this.#tcb;
    const { view, start } = p;
    const bits = view.getUint16(start + 12);
    const seq = view.getUint32(start + 4);
    const textLength = length - (bits >>> 12) * 4;
    const data = {
      flags: formatControlBits(bits & 0xff),
      seq: (seq - tcb.iss) >>> 0,
      ack: (bits & 0x10) === 0 ? 0 : (view.getUint32(start + 8) - tcb.irs) >>> 0,
      window: view.getUint16(start + 14),
      length: textLength,
      segment_length: p.gsoSize,
      is_retransmission: textLength > 0 && ((tcb.sndNxt - seq) | 0) > 0,
    };
    this.#listener({ time: this.#now(), name: "transport:packet_sent", data });
  }

  /** A segment has come for the connection. */
  received(seg: Segment): void {
    const tcb = this.#tcb;
    const irs = tcb.state === "SYN-SENT" ? seg.seq : tcb.irs;
    const data = {
      flags: formatControlBits(seg.ctl),
      seq: (seg.seq - irs) >>> 0,
      ack: (seg.ctl & 0x10) === 0 ? 0 : (seg.ack - tcb.iss) >>> 0,
      window: seg.wnd,
      length: seg.textLength,
      segment_length: seg.pbuf === undefined ? 0 : seg.pbuf.gsoSize,
    };
    this.#listener({ time: this.#now(), name: "transport:packet_received", data });
  }

  /** The state changes. */
  state(before: TcpState, after: TcpState): void {
    this.#listener({
      time: this.#now(),
      name: "connectivity:connection_state_updated",
      data: { old: before, new: after },
    });
  }

  /** The timer of what is outstanding was set, has expired, or was stopped.
   *
   * @param atMs when it will expire.
   */
  timer(event: "set" | "expired" | "cancelled", atMs: number): void {
    const type = TIMER_TYPES[this.#tcb.timerKind]!;
    const time = this.#now();
    const data = event === "set"
      ? { timer_type: type, event_type: event, delta: atMs - time }
      : { timer_type: type, event_type: event };
    this.#listener({ time, name: "recovery:loss_timer_updated", data });
  }

  /** What {@linkcode losses} holds counts as lost: one event for each piece, those that lie side by side together. */
  lost(trigger: TcpLossTrigger): void {
    const { losses } = this;
    const time = this.#now();
    for (let i = 0; i < losses.length;) {
      const seq = losses[i]!;
      let end = losses[i + 1]!;
      for (i += 2; losses[i] === end; i += 2) end = losses[i + 1]!;
      const data = { seq: (seq - this.#tcb.iss) >>> 0, length: (end - seq) >>> 0, trigger };
      this.#listener({ time, name: "recovery:packet_lost", data });
    }
    losses.length = 0;
  }

  /** Whatever happened is over: tells what has changed by it. */
  settled(): void {
    const tcb = this.#tcb;
    const { rto, congestion } = tcb;
    const time = this.#now();
    // What duplicate acknowledgments show without SACK.
    if (this.losses.length > 0) this.lost("reordering_threshold");
    const metrics: TcpTraceMetrics = {};
    let isChanged = false;
    const note = (key: keyof TcpTraceMetrics, value: number): void => {
      if (!Number.isFinite(value) || this.#last[key] === value) return;
      this.#last[key] = value;
      metrics[key] = value;
      isChanged = true;
    };
    if (rto.hasSample) {
      note("min_rtt", rto.minRttMs);
      note("smoothed_rtt", rto.srttMs);
      note("latest_rtt", rto.latestRttMs);
      note("rtt_variance", rto.rttvarMs);
    }
    note("rto", rto.rtoMs);
    note("congestion_window", congestion.cwnd);
    note("bytes_in_flight", pipe(tcb));
    note("ssthresh", congestion.ssthresh);
    note("pacing_rate", congestion.pacingRateBps * 8);
    const { pathMtu } = tcb.tx;
    const mtu = tcb.mtuSearch === undefined ? pathMtu : Math.min(pathMtu, tcb.mtuSearch.low);
    if (mtu !== this.#mtu && mtu > 0) {
      this.#listener({ time, name: "connectivity:mtu_updated", data: { old: this.#mtu, new: mtu } });
      this.#mtu = mtu;
    }
    if (isChanged) this.#listener({ time, name: "recovery:metrics_updated", data: metrics });
    const state = congestionState(tcb);
    if (state === this.#congestionState) return;
    const data = { old: this.#congestionState, new: state };
    this.#congestionState = state;
    this.#listener({ time, name: "recovery:congestion_state_updated", data });
  }

  #now(): number {
    return this.#tcb.layer.clock.now();
  }
}

/** Lets `listener` hear of what happens to a connection from now on; `undefined`: nobody any more. */
export function traceConnection(tcb: Tcb, listener: TcpTraceListener | undefined): void {
  tcb.trace = listener === undefined ? undefined : new TcpTrace(tcb, listener);
  if (tcb.sent !== undefined) tcb.sent.losses = tcb.trace?.losses;
}

function congestionState(tcb: Tcb): TcpCongestionState {
  if (tcb.phase === "FAST") return "recovery";
  if (tcb.phase === "TIMEOUT") return "loss";
  return tcb.congestion.cwnd < tcb.congestion.ssthresh ? "slow_start" : "congestion_avoidance";
}
