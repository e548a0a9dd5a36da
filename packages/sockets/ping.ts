/** Ping and traceroute as async iterables over the echo requests of `ip`.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip/address";
import { type IpErrorInfo, type IpLayer, PingSession } from "@lightwire/ip";
import type { NetErrorCode } from "@lightwire/netif/error";
import type { TimerQueue } from "@lightwire/netif/timers";
import { netError } from "./errors.ts";
import { EventStream } from "./event_stream.ts";
import type { Pump } from "./pump.ts";
import type { AbortOptions } from "./waiter.ts";

/** Options of `Stack.ping`. */
export interface PingOptions extends AbortOptions {
  /** Requests to send; default: until the iteration is left. */
  readonly count?: number | undefined;
  /** Bytes of data in each, 0 … 65,507; default 56. */
  readonly size?: number | undefined;
  /** Milliseconds between requests; default 1,000. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds to wait for each answer; default 2,000. */
  readonly timeoutMs?: number | undefined;
  /** TTL of the requests; default 64. */
  readonly ttl?: number | undefined;
  /** Set DF; default false. */
  readonly dontFragment?: boolean | undefined;
}

/** What became of one echo request. */
export type PingOutcome = PingAnswer | PingTimeout | PingFailure;

/** An echo request was answered. */
export interface PingAnswer {
  /** Tells it from the other outcomes. */
  readonly type: "reply";
  /** Number of the request, from 1. */
  readonly sequence: number;
  /** Who answered. */
  readonly from: string;
  /** Bytes of data that came back. */
  readonly size: number;
  /** TTL of the answer as it arrived. */
  readonly ttl: number;
  /** Milliseconds from the request to the answer. */
  readonly rttMs: number;
}

/** An echo request was not answered in time. */
export interface PingTimeout {
  /** Tells it from the other outcomes. */
  readonly type: "timeout";
  /** Number of the request, from 1. */
  readonly sequence: number;
}

/** An echo request was answered with an ICMP error, or could not be sent. */
export interface PingFailure {
  /** Tells it from the other outcomes. */
  readonly type: "error";
  /** Number of the request, from 1. */
  readonly sequence: number;
  /** Who reported it; our own address when nobody answered our ARP, "" when it could not be sent. */
  readonly from: string;
  /** In words: "host unreachable", "TTL exceeded", …. */
  readonly reason: string;
  /** Milliseconds from the request to the error. */
  readonly rttMs: number;
}

/** Options of `Stack.traceroute`. */
export interface TracerouteOptions extends AbortOptions {
  /** First TTL; default 1. */
  readonly firstHop?: number | undefined;
  /** Last TTL; default 30. */
  readonly maxHops?: number | undefined;
  /** Requests for each hop; default 3. */
  readonly probes?: number | undefined;
  /** Milliseconds to wait for each answer; default 2,000. */
  readonly timeoutMs?: number | undefined;
  /** Bytes of data in each request; default 32. */
  readonly size?: number | undefined;
}

/** Answers from one distance. */
export interface TracerouteHop {
  /** The distance: TTL of the requests. */
  readonly ttl: number;
  /** Whether the destination itself answered, or somebody says that it cannot be reached. */
  readonly isDestination: boolean;
  /** One for each request. */
  readonly replies: readonly TracerouteReply[];
}

/** The answer to one request of a traceroute. */
export interface TracerouteReply {
  /** Who answered; `undefined`: nobody in time. */
  readonly from: string | undefined;
  /** Milliseconds to the answer; `undefined`: none in time. */
  readonly rttMs: number | undefined;
  /** In words, if it is an error other than "TTL exceeded". */
  readonly reason: string | undefined;
}

/** What pings need of a stack. */
export interface PingHost {
  /** The network layer. */
  readonly ip: IpLayer;
  /** The stack's timers. */
  readonly timers: TimerQueue;
  /** Flushes; keeps the process alive. */
  readonly pump: Pump;
}

/** Sends echo requests at a steady pace and tells what becomes of each, in the order in which that is known. */
export async function* ping(
  host: PingHost,
  destination: IpAddress,
  options: PingOptions,
): AsyncGenerator<PingOutcome, void, unknown> {
  const { signal, count = Infinity, intervalMs = 1000, size = 56, timeoutMs = 2000, ttl, dontFragment } =
    options;
  const events = new EventStream<PingOutcome>();
  const session = openSession(host, destination, events, { size, timeoutMs, ttl, dontFragment });
  let sent = 0;
  const send = (): void => {
    const code = session.send();
    sent++;
    if (typeof code === "string") {
      // Without a way to anywhere there is nothing to wait for; a full queue passes.
      events.push({ type: "error", sequence: sent, from: "", reason: CODE_TEXTS[code] ?? code, rttMs: 0 });
    }
    host.pump.requestFlush();
    if (sent < count) timer.start(intervalMs);
  };
  const timer = host.timers.create(send);
  host.pump.hold();
  try {
    signal?.throwIfAborted();
    if (count > 0) send();
    for (let known = 0; known < count; known++) yield (await events.next({ signal }))!;
  } finally {
    timer.stop();
    session.close();
    host.pump.release();
  }
}

/** Finds the routers on the way to a host, by echo requests with a growing TTL. */
export async function* traceroute(
  host: PingHost,
  destination: IpAddress,
  options: TracerouteOptions,
): AsyncGenerator<TracerouteHop, void, unknown> {
  const { signal, firstHop = 1, maxHops = 30, probes = 3, timeoutMs = 2000, size = 32 } = options;
  const events = new EventStream<PingOutcome>();
  const session = openSession(host, destination, events, {
    size,
    timeoutMs,
    ttl: firstHop,
    dontFragment: false,
  });
  host.pump.hold();
  try {
    signal?.throwIfAborted();
    for (let ttl = firstHop; ttl <= maxHops; ttl++) {
      session.ttl = ttl;
      for (let i = 0; i < probes; i++) {
        const code = session.send();
        if (typeof code === "string") {
          throw netError(code, `Cannot trace the route to ${destination}: ${CODE_TEXTS[code] ?? code}`);
        }
      }
      host.pump.requestFlush();
      const outcomes: PingOutcome[] = [];
      while (outcomes.length < probes) outcomes.push((await events.next({ signal }))!);
      outcomes.sort((a, b) => a.sequence - b.sequence);
      const isDestination = outcomes.some((o) =>
        o.type === "reply" || (o.type === "error" && isFinal(o.reason))
      );
      yield { ttl, isDestination, replies: outcomes.map(toReply) };
      if (isDestination) return;
    }
  } finally {
    session.close();
    host.pump.release();
  }
}

interface SessionOptions {
  readonly size: number;
  readonly timeoutMs: number;
  readonly ttl: number | undefined;
  readonly dontFragment: boolean | undefined;
}

function openSession(
  host: PingHost,
  destination: IpAddress,
  events: EventStream<PingOutcome>,
  { size, timeoutMs, ttl, dontFragment = false }: SessionOptions,
): PingSession {
  return new PingSession(
    host.ip,
    { destination, size, timeoutMs, dontFragment, ...(ttl === undefined ? {} : { ttl }) },
    {
      reply: (r) => {
        // The request was told about already: an answer that comes late, or twice.
        if (r.isLate) return;
        events.push({
          type: "reply",
          sequence: r.sequence + 1,
          from: r.from.toString(),
          size: r.size,
          ttl: r.ttl,
          rttMs: r.roundTripMs,
        });
      },
      timeout: (sequence) => events.push({ type: "timeout", sequence: sequence + 1 }),
      error: (e) =>
        events.push({
          type: "error",
          sequence: e.sequence + 1,
          from: e.from.toString(),
          reason: e.kind === "fragmentation-needed"
            ? `${KIND_TEXTS[e.kind]}, MTU ${e.mtu}`
            : KIND_TEXTS[e.kind],
          rttMs: e.roundTripMs,
        }),
    },
  );
}

function toReply(outcome: PingOutcome): TracerouteReply {
  if (outcome.type === "timeout") return { from: undefined, rttMs: undefined, reason: undefined };
  const { from, rttMs } = outcome;
  const isError = outcome.type === "error" && isFinal(outcome.reason);
  return { from, rttMs, reason: isError ? outcome.reason : undefined };
}

function isFinal(reason: string): boolean {
  return reason !== KIND_TEXTS["ttl-exceeded"];
}

const KIND_TEXTS: Readonly<Record<IpErrorInfo["kind"], string>> = {
  "net-unreachable": "network unreachable",
  "host-unreachable": "host unreachable",
  "protocol-unreachable": "protocol unreachable",
  "port-unreachable": "port unreachable",
  "fragmentation-needed": "too long to pass unfragmented",
  "source-route-failed": "source route failed",
  "prohibited": "prohibited by a filter",
  "ttl-exceeded": "TTL exceeded",
  "reassembly-timeout": "fragments were lost",
  "parameter-problem": "header refused",
  "source-quench": "source quench",
};

const CODE_TEXTS: Partial<Record<NetErrorCode, string>> = {
  NETWORK_UNREACHABLE: "no route leads there",
  HOST_UNREACHABLE: "host unreachable",
  NETWORK_DOWN: "the interface is down",
  ADDRESS_NOT_AVAILABLE: "no address of ours is fit to send from",
  ACCESS_DENIED: "broadcast was not allowed",
  MESSAGE_TOO_LONG: "too long to pass unfragmented",
  NO_BUFFERS: "the interface's queue is full",
  CLOSED: "closed",
};
