/** {@linkcode TcpOptions}: what a user may choose, and the defaults, which are Linux's where the RFCs leave a choice.
 *
 * @module
 */
// tidy: allow file-length all options, each with its doc and its default
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import type { CongestionControlFactory } from "./congestion.ts";
import { congestionControlFactory, type CongestionControlName } from "./congestion_controls.ts";
import type { FastOpenKeys } from "./fast_open_cookies.ts";
import { TCP_PRESETS, type TcpDefaults } from "./tcp_presets.ts";
import type { TcpConnection } from "./connection.ts";
import type { TcpListener } from "./listener.ts";
import type { MtuProbing } from "./plpmtud.ts";
import type { TcpTraceListener } from "./trace.ts";
import type { Segment } from "./segment.ts";

/** When and how often to probe an idle peer (RFC 9293 §3.8.4). */
export interface KeepAlive {
  /** Idle time before the first probe (TCP_KEEPIDLE). */
  readonly idleMs: number;
  /** Time between probes (TCP_KEEPINTVL). */
  readonly intervalMs: number;
  /** Probes without an answer that end the connection (TCP_KEEPCNT). */
  readonly count: number;
}

/** Two hours, 75 seconds, 9 probes: RFC 9293 §3.8.4 (MUST-28), Linux and lwIP. */
export const DEFAULT_KEEP_ALIVE: KeepAlive = { idleMs: 7_200_000, intervalMs: 75_000, count: 9 };

/** Lowest priority, lwIP's TCP_PRIO_MIN. */
export const PRIORITY_MIN = 1;
/** Priority of a connection that asks for none, lwIP's TCP_PRIO_NORMAL. */
export const PRIORITY_NORMAL = 64;
/** Highest priority, lwIP's TCP_PRIO_MAX. */
export const PRIORITY_MAX = 127;

/** What is chosen per connection; a listener's choice is inherited by the connections it accepts. */
export interface TcpConnectionOptions {
  /** Send small segments at once: no Nagle algorithm (RFC 9293 §3.7.4, MUST-17). Default false. */
  readonly noDelay?: boolean;
  /** Probe an idle peer (MUST-24, MUST-25: off by default). `true` takes {@linkcode DEFAULT_KEEP_ALIVE}. */
  readonly keepAlive?: KeepAlive | boolean;
  /** Give up when text stays unacknowledged, or a window closed, this long (RFC 5482, TCP_USER_TIMEOUT); 0: R2 decides. Default 0. */
  readonly userTimeoutMs?: number;
  /** SO_LINGER: −1 off (default); 0: `close()` resets; more: `close()` resets what is not acknowledged after this time. */
  readonly lingerMs?: number;
  /** Let segments leave at a rate that follows from window and round trip, not a window at once. A congestion control with a
   * rate of its own (BBR) paces in any case. Default false. */
  readonly pacing?: boolean;
  /** Type of service octet of outgoing packets. Default 0. */
  readonly tos?: number;
  /** TTL or hop limit of outgoing packets. Default 64. */
  readonly ttl?: number;
  /** 1 … 127: who may be dropped for whom when there are too many connections (TC-12). Default {@linkcode PRIORITY_NORMAL}. */
  readonly priority?: number;
  /** Most octets that wait for transmission or acknowledgment (SO_SNDBUF; lwIP: TCP_SND_BUF). Left out, the buffer begins with 1 MiB and
   * grows to two congestion windows, up to 4 MiB; a size that is given holds from the beginning. */
  readonly sendBufferBytes?: number;
  /** Size of a send buffer that grows, at the start of a connection. Default 1,048,576, or `sendBufferBytes` where that is given. Memory
   * is taken as text is written, and given back when all of it is acknowledged. */
  readonly initialSendBufferBytes?: number;
  /** Most octets that wait for their first transmission (TCP_NOTSENT_LOWAT): what is sent can still be decided late, when the path
   * has room. 0: the send buffer decides. Default 0. */
  readonly notSentLowWaterBytes?: number;
  /** Most octets that wait for the user to read: what the receive window may grow to, from
   * `initialReceiveWindowBytes`, as far as the user keeps up. Default 6 MiB, as on Linux: 80 Mbit/s over 600 ms. */
  readonly receiveBufferBytes?: number;
  /** Upper bound of segment size in both directions (TCP_MAXSEG); 0: MTU and peer decide. Default 0. */
  readonly maxSegmentBytes?: number;
  /** Congestion control: "cubic" (RFC 9438), "reno" (RFC 5681), or one of your own. Default "cubic". */
  readonly congestionControl?: CongestionControlName | CongestionControlFactory;
}

/** Hooks, lwIP's `LWIP_HOOK_TCP_…`. They run synchronously for each segment concerned: keep them short. */
export interface TcpHooks {
  /** An initial sequence number of the user's making, or `undefined` for RFC 6528's (LWIP_HOOK_TCP_ISN). */
  tcpIsn:
    | ((local: IpAddress, localPort: number, remote: IpAddress, remotePort: number) => number | undefined)
    | undefined;
  /** Sees each segment after its connection or listener was found; false drops it (LWIP_HOOK_TCP_INPACKET_PCB).
   * Borrows `seg`, whose text lies in `seg.pbuf`, right behind the header. */
  tcpInpacket: ((to: TcpConnection | TcpListener, seg: Segment, rx: IpRxInfo) => boolean) | undefined;
  /** Adds options of the user's to outgoing segments (LWIP_HOOK_TCP_OUT_TCPOPT_LENGTH, …_OUT_ADD_TCPOPTS). */
  tcpOutOptions: TcpOutOptionsHook | undefined;
  /** Asked for each new connection, when its first segment is about to be sent or is there: who wants to hear of all that
   * happens to it. Read by {@linkcode QlogWriter}, for example. */
  trace: ((connection: TcpConnection) => TcpTraceListener | undefined) | undefined;
}

/** See {@linkcode TcpHooks.tcpOutOptions}. */
export interface TcpOutOptionsHook {
  /** Bytes to add behind `internalLength` bytes of our own: a multiple of 4, 40 in all at most. */
  length(connection: TcpConnection, internalLength: number): number;
  /** Writes exactly that many bytes at `offset`. The header's checksum is computed afterwards. */
  write(connection: TcpConnection, view: DataView, offset: number): void;
}

/** What is chosen per stack. */
export interface TcpOptions extends TcpConnectionOptions {
  /** Whose defaults the other options have: `"linux"`; `"lwip"`, `"esp-idf"`: see {@linkcode TCP_PRESETS}. Default `"linux"`. */
  readonly defaults?: TcpDefaults;
  /** Retransmission timeout before the first round-trip sample (RFC 6298 §2.1). Default 1,000. */
  readonly initialRtoMs?: number;
  /** Least retransmission timeout. Default 200. */
  readonly minRtoMs?: number;
  /** Most retransmission timeout. Default 120,000. */
  readonly maxRtoMs?: number;
  /** Retransmissions of a SYN before giving up (lwIP: TCP_SYNMAXRTX). Default 6: 127 s. Deviation: RFC 9293 §3.8.3 (MUST-23)
   * asks for 3 minutes; 7 gives 255 s. */
  readonly synRetries?: number;
  /** Retransmissions of a SYN-ACK before giving up. Default 5: 63 s. */
  readonly synAckRetries?: number;
  /** Answer SYNs without remembering them (RFC 4987 §3.6): `"auto"` when a listener has too many half-open connections,
   * as Linux; `"never"`: then the oldest unanswered one goes; `"always"`. Default `"auto"`. */
  readonly synCookies?: "auto" | "never" | "always";
  /** Reset a connection which is established while its listener's backlog is full. By default its acknowledgment is
   * dropped, as in Linux: the peer's text, or our SYN-ACK, will be sent again. Default false. */
  readonly abortOnOverflow?: boolean;
  /** R1: retransmissions after which the route is looked up afresh (RFC 9293 §3.8.3, MUST-20). Default 3. */
  readonly r1Retries?: number;
  /** R2, as Linux's tcp_retries2: the time this many doublings from the least RTO take. Default 15: 924.6 s. */
  readonly dataRetries?: number;
  /** Least delay of a delayed acknowledgment. Default 40. */
  readonly delayedAckMs?: number;
  /** Most delay of a delayed acknowledgment (RFC 9293 §3.8.6.3, MUST-40: under 500). Default 200. */
  readonly delayedAckMaxMs?: number;
  /** Delay the acknowledgment of a FIN, too, when text has come before it and we have not ended ourselves, so that one segment
   * may do for that and our FIN (RFC 9293 §3.8.6.3). Default true, as on Linux. */
  readonly delayFinAck?: boolean;
  /** Segments acknowledged at once at the start of a connection. Default 16. */
  readonly quickAckCount?: number;
  /** MSL: TIME-WAIT lasts twice as long (MUST-13; lwIP: TCP_MSL 60 s). Default 30,000. Deviation: RFC 9293 §3.4.2 says 2 minutes. */
  readonly mslMs?: number;
  /** How long FIN-WAIT-2 may last once the user has closed (TCP_LINGER2). Default 60,000. */
  readonly finWait2Ms?: number;
  /** Offer the Window Scale option. Default true. */
  readonly windowScaling?: boolean;
  /** Offer timestamps. Default true. */
  readonly timestamps?: boolean;
  /** Drop segments without timestamps on a connection that has agreed on them. Default false, as Linux. Deviation: RFC 7323 §3.2
   * says SHOULD; there are middleboxes that take options away, and the connection would hang. */
  readonly requireTimestamps?: boolean;
  /** Offer SACK. Default true. */
  readonly sack?: boolean;
  /** Least shift to announce when the receive buffer exceeds 64 KiB, so that it can still grow. Default 7. */
  readonly windowShift?: number;
  /** Receive window at the start of a connection, of which the SYN announces the whole segments: 64,240 octets on Ethernet. Default
   * 65,536. */
  readonly initialReceiveWindowBytes?: number;
  /** Restart slow start after an idle RTO (RFC 5681 §4.1). Default true, as Linux; false keeps the window for five minutes, and
   * halves it for each five more (RFC 7661 §4.4.3). */
  readonly idleRestart?: boolean;
  /** Minshall's form of Nagle: a small segment waits only while an earlier small one is in flight. Default true. */
  readonly minshall?: boolean;
  /** What asks a peer whose window is closed (RFC 9293 §3.8.6.1): `"empty"`, a segment without text that was acknowledged before, as
   * Linux; `"octet"`, one octet of new text, as the RFC has it. Default `"empty"`. */
  readonly zeroWindowProbe?: "empty" | "octet";
  /** Keys of Fast Open's cookies (RFC 7413 §4.1.2), 16 octets each: the first makes them, a second is of the past: a cookie of its
   * counts, and is replaced (Linux: tcp_fastopen_key). Default, none: one is drawn every day. */
  readonly fastOpenKeys?: FastOpenKeys;
  /** Explicit Congestion Notification (RFC 3168): `"on"` asks for it, `"passive"` uses it when the peer asks, as Linux.
   * Default `"passive"`. */
  readonly ecn?: "off" | "passive" | "on";
  /** ECN+ (RFC 5562, RFC 8311 §4.3): SYN-ACKs of connections that agree on ECN say that they are ECN-capable, so that a congested router
   * marks them instead of dropping them. Default false. */
  readonly ecnPlus?: boolean;
  /** ABE (RFC 8511): a mark takes less of the congestion window than a loss does: CUBIC keeps 0.85 of it, Reno 0.8; BBR has a way of
   * its own. Worth it where queues mark early. Default false. */
  readonly ecnAlternativeBackoff?: boolean;
  /** Probe for a loss at the end of a flight before the retransmission timeout (RFC 8985 §7). Default true. */
  readonly tailLossProbe?: boolean;
  /** Discover the path MTU: set DF (RFC 1191). Default true. */
  readonly pathMtuDiscovery?: boolean;
  /** What to do where large packets vanish without a word of a router (RFC 4821): `"blackhole"`: segments become smaller after two
   * timeouts, and larger again as probes show what passes; `"always"`: each connection begins with small segments and probes for
   * more; `"off"` (Linux: tcp_mtu_probing 0, 1, 2). Default `"blackhole"`. Deviation: Linux's default is off. */
  readonly mtuProbing?: MtuProbing;
  /** Least MSS to send with, however small the peer's option. Default 48, against segment floods. */
  readonly minSegmentBytes?: number;
  /** While a connection is being opened, an ICMP error ends it, as in Linux (RFC 5461 §4.1). Default true.
   * Deviation: RFC 9293 §3.9.2.2 (MUST-56) wants soft errors noted only, which false does. */
  readonly abortConnectOnIcmp?: boolean;
  /** Most connections, TIME-WAIT included (lwIP: MEMP_NUM_TCP_PCB). Default 262,144. */
  readonly maxConnections?: number;
  /** Most connections in TIME-WAIT; the oldest goes. Default 65,536. */
  readonly maxTimeWait?: number;
  /** Most connections that the user has closed and that are not over, TIME-WAIT aside; one more is reset when it is closed
   * (Linux: tcp_max_orphans). Default 65,536. */
  readonly maxOrphans?: number;
  /** Most octets that such connections hold; those whose peer keeps its window shut are reset first. Default 64 MiB. */
  readonly maxOrphanBytes?: number;
  /** As `dataRetries`, for a connection that the user has closed, but not before one retransmission more than that was made; and probes
   * of a closed window after which it is given up once they are `maxRtoMs` apart (Linux: tcp_orphan_retries). Default 8: 102.2 s
   * at least. */
  readonly orphanRetries?: number;
  /** Most octets held out of order per connection. Default: the receive buffer. */
  readonly reassemblyBytes?: number;
  /** Most pbufs held out of order per connection (lwIP: TCP_OOSEQ_MAX_PBUFS). Default, 0: one for each 1,024
   * octets of the receive buffer, 4,096 at least, so that memory is at most twice the buffer. */
  readonly reassemblyNodes?: number;
  /** Most octets that all connections together hold for their users, in order or not (Linux: tcp_mem). Beyond, text out of order
   * is given up first, then windows open no further than 16 KiB; a quarter beyond that, text of connections whose user reads
   * nothing is dropped. Default 1 GiB. */
  readonly maxBufferedBytes?: number;
  /** Most octets of memory that the send buffers of all connections together take (Linux: tcp_mem). Beyond, each connection takes
   * 16 KiB at most from its user, so that many peers who keep their windows shut cannot take all there is (sockstress). What is sent
   * by reference is the user's memory, and does not count. Default 1 GiB. */
  readonly maxSendBytes?: number;
  /** Challenge ACKs per second on average, all connections together (RFC 5961 §7). Default 1,000. */
  readonly challengeAcksPerSecond?: number;
  /** Least time between two answers of one connection to segments outside the window. Default 500; 0: answer all. */
  readonly invalidAckIntervalMs?: number;
}

/** All options of a layer, defaults filled in. */
export type TcpConfig = Required<Omit<TcpOptions, "keepAlive" | "congestionControl">> & {
  /** Makes the congestion control of a connection. */
  readonly congestionControl: CongestionControlFactory;
  /** `undefined`: off. */
  readonly keepAlive: KeepAlive | undefined;
};

/** The options of a connection, defaults filled in. */
export interface TcpConnectionConfig
  extends Required<Omit<TcpConnectionOptions, "keepAlive" | "congestionControl">> {
  /** Makes the congestion control. */
  readonly congestionControl: CongestionControlFactory;
  /** `undefined`: off. */
  readonly keepAlive: KeepAlive | undefined;
}

const DEFAULT_CONFIG: TcpConfig = {
  defaults: "linux",
  noDelay: false,
  keepAlive: undefined,
  userTimeoutMs: 0,
  lingerMs: -1,
  pacing: false,
  tos: 0,
  ttl: 64,
  priority: PRIORITY_NORMAL,
  sendBufferBytes: 4 * 1024 * 1024,
  initialSendBufferBytes: 1024 * 1024,
  notSentLowWaterBytes: 0,
  receiveBufferBytes: 6 * 1024 * 1024,
  maxSegmentBytes: 0,
  congestionControl: congestionControlFactory("cubic"),
  initialRtoMs: 1000,
  minRtoMs: 200,
  maxRtoMs: 120_000,
  synRetries: 6,
  synAckRetries: 5,
  synCookies: "auto",
  abortOnOverflow: false,
  r1Retries: 3,
  dataRetries: 15,
  delayedAckMs: 40,
  delayedAckMaxMs: 200,
  delayFinAck: true,
  quickAckCount: 16,
  mslMs: 30_000,
  finWait2Ms: 60_000,
  windowScaling: true,
  timestamps: true,
  requireTimestamps: false,
  sack: true,
  windowShift: 7,
  initialReceiveWindowBytes: 65_536,
  idleRestart: true,
  minshall: true,
  zeroWindowProbe: "empty",
  fastOpenKeys: [],
  ecn: "passive",
  ecnPlus: false,
  ecnAlternativeBackoff: false,
  tailLossProbe: true,
  pathMtuDiscovery: true,
  mtuProbing: "blackhole",
  minSegmentBytes: 48,
  abortConnectOnIcmp: true,
  maxConnections: 262_144,
  maxTimeWait: 65_536,
  maxOrphans: 65_536,
  maxOrphanBytes: 64 * 1024 * 1024,
  orphanRetries: 8,
  reassemblyBytes: 0,
  reassemblyNodes: 0,
  maxBufferedBytes: 1024 ** 3,
  maxSendBytes: 1024 ** 3,
  challengeAcksPerSecond: 1000,
  invalidAckIntervalMs: 500,
};

/** Fills in the defaults of a layer.
 *
 * @throws {RangeError} if a number is out of its range.
 */
export function resolveTcpOptions(options: TcpOptions = {}): TcpConfig {
  const preset = TCP_PRESETS[options.defaults ?? "linux"];
  if (preset === undefined) {
    throw new RangeError(
      `Option defaults must be one of ${Object.keys(TCP_PRESETS)}: got ${options.defaults}`,
    );
  }
  options = { ...preset, ...withoutUndefined(options) };
  const config: TcpConfig = {
    ...DEFAULT_CONFIG,
    ...options,
    initialSendBufferBytes: initialSendBuffer(options, DEFAULT_CONFIG),
    keepAlive: resolveKeepAlive(options.keepAlive, undefined),
    congestionControl: congestionControlFactory(
      options.congestionControl ?? DEFAULT_CONFIG.congestionControl,
    ),
  };
  checkConfig(config);
  return config;
}

/** Fills in what a connection does not choose itself from what its layer, or its listener, chose.
 *
 * @throws {RangeError} if a number is out of its range.
 */
export function resolveConnectionOptions(
  options: TcpConnectionOptions,
  base: TcpConnectionConfig,
): TcpConnectionConfig {
  const config: TcpConnectionConfig = {
    noDelay: options.noDelay ?? base.noDelay,
    keepAlive: resolveKeepAlive(options.keepAlive, base.keepAlive),
    userTimeoutMs: options.userTimeoutMs ?? base.userTimeoutMs,
    lingerMs: options.lingerMs ?? base.lingerMs,
    pacing: options.pacing ?? base.pacing,
    tos: options.tos ?? base.tos,
    ttl: options.ttl ?? base.ttl,
    priority: options.priority ?? base.priority,
    sendBufferBytes: options.sendBufferBytes ?? base.sendBufferBytes,
    initialSendBufferBytes: initialSendBuffer(options, base),
    notSentLowWaterBytes: options.notSentLowWaterBytes ?? base.notSentLowWaterBytes,
    receiveBufferBytes: options.receiveBufferBytes ?? base.receiveBufferBytes,
    maxSegmentBytes: options.maxSegmentBytes ?? base.maxSegmentBytes,
    congestionControl: congestionControlFactory(options.congestionControl ?? base.congestionControl),
  };
  checkConnectionConfig(config);
  return config;
}

/** The keep-alive setting that a user's value means. */
export function resolveKeepAlive(
  value: KeepAlive | boolean | undefined,
  base: KeepAlive | undefined,
): KeepAlive | undefined {
  if (value === undefined) return base;
  if (value === true) return base ?? DEFAULT_KEEP_ALIVE;
  if (value === false) return undefined;
  checkRange("keepAlive.idleMs", value.idleMs, 1, 2 ** 31);
  checkRange("keepAlive.intervalMs", value.intervalMs, 1, 2 ** 31);
  checkRange("keepAlive.count", value.count, 1, 127);
  return value;
}

/** A size that the user has chosen does not have to be grown into. */
function initialSendBuffer(options: TcpConnectionOptions, base: TcpConnectionConfig): number {
  return options.initialSendBufferBytes ?? options.sendBufferBytes ?? base.initialSendBufferBytes;
}

function withoutUndefined(options: TcpOptions): TcpOptions {
  return Object.fromEntries(Object.entries(options).filter(([_, value]) => value !== undefined));
}

function checkConnectionConfig(config: TcpConnectionConfig): void {
  checkRange("userTimeoutMs", config.userTimeoutMs, 0, 2 ** 31);
  checkRange("lingerMs", config.lingerMs, -1, 2 ** 31);
  checkRange("tos", config.tos, 0, 255);
  checkRange("ttl", config.ttl, 1, 255);
  checkRange("priority", config.priority, PRIORITY_MIN, PRIORITY_MAX);
  checkRange("sendBufferBytes", config.sendBufferBytes, 1, 2 ** 30);
  checkRange("initialSendBufferBytes", config.initialSendBufferBytes, 1, 2 ** 30);
  checkRange("notSentLowWaterBytes", config.notSentLowWaterBytes, 0, 2 ** 30);
  checkRange("receiveBufferBytes", config.receiveBufferBytes, 1, 2 ** 30);
  checkRange("maxSegmentBytes", config.maxSegmentBytes, 0, 65535);
}

/** Options that are numbers of things, and may be 0. */
const NATURALS = [
  "maxTimeWait",
  "maxOrphans",
  "quickAckCount",
  "reassemblyBytes",
  "reassemblyNodes",
  "challengeAcksPerSecond",
] as const;

function checkConfig(config: TcpConfig): void {
  checkConnectionConfig(config);
  checkRange("initialRtoMs", config.initialRtoMs, 1, config.maxRtoMs);
  checkRange("minRtoMs", config.minRtoMs, 1, config.maxRtoMs);
  checkRange("delayedAckMs", config.delayedAckMs, 0, config.delayedAckMaxMs);
  checkRange("delayedAckMaxMs", config.delayedAckMaxMs, 0, 499);
  checkRange("windowShift", config.windowShift, 0, 14);
  checkRange("minSegmentBytes", config.minSegmentBytes, 1, 536);
  checkRange("maxConnections", config.maxConnections, 1, 2 ** 24);
  for (const name of ["maxBufferedBytes", "maxSendBytes", "maxOrphanBytes"] as const) {
    checkRange(name, config[name], 1, Infinity);
  }
  for (const name of ["synRetries", "synAckRetries", "r1Retries", "dataRetries", "orphanRetries"] as const) {
    checkRange(name, config[name], 0, 255);
  }
  for (const name of ["mslMs", "finWait2Ms", "invalidAckIntervalMs"] as const) {
    checkRange(name, config[name], 0, 2 ** 31);
  }
  for (const name of NATURALS) checkRange(name, config[name], 0, 2 ** 31);
  checkRange("initialReceiveWindowBytes", config.initialReceiveWindowBytes, 1, 2 ** 30);
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new RangeError(`Option ${name} must be in the range ${low} … ${high}: got ${value}`);
  }
}
