/** {@linkcode TcpLayer}: TCP of one stack: its connections, its listeners, and who of them has something to do.
 *
 * ```text
 *   ipInput ──▶ segment_input.ts ──▶ arrives_*.ts ──▶ TCB ◀── user_calls.ts ◀── TcpConnection
 *                                                      │
 *                                         touch() ─────┤           (timers: timeouts.ts)
 *                                                      ▼
 *   flush(): upcalls.ts, then output.ts, for each connection on the list, until it is empty
 * ```
 *
 * @module
 */
// tidy: allow file-length what all connections of a stack share, each with its doc
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import {
  EphemeralPorts,
  IP_PROTOCOL_TCP,
  type IpAddress,
  type IpDisposition,
  type IpErrorInfo,
  type IpHost,
  type IpLayer,
  type IpProtocolHandler,
  type IpRxInfo,
  IpTx,
} from "@lightwire/ip";
import type { Clock, Netif, Random, TimerQueue } from "@lightwire/netif";
import type { Authentication } from "./authentication.ts";
import { BlockedConnections } from "./blocked_connections.ts";
import { ChallengeAckLimiter } from "./challenge_ack.ts";
import type { TcpConnection, TcpHandlers } from "./connection.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { newTcpCounters, type TcpCounters } from "./counters.ts";
import { ConnectionTable, ListenerTable } from "./demux.ts";
import { Handshakes } from "./handshakes.ts";
import { icmpErrorArrives, isCredible, QUOTED_OCTETS } from "./icmp_errors.ts";
import { IsnGenerator } from "./isn.ts";
import { type TcpAcceptHandler, TcpListener, type TcpListenOptions } from "./listener.ts";
import { AckSummary } from "./ack_summary.ts";
import { RateSample } from "./delivery_rate.ts";
import { ReassemblyMemory } from "./reassembly_memory.ts";
import { Polls } from "./poll.ts";
import { SentPool } from "./sent_pool.ts";
import type { RtoOptions } from "./rto.ts";
import { Segment } from "./segment.ts";
import { inputSegment } from "./segment_input.ts";
import { RingPool } from "./send_buffer.ts";
import { ServedConnections } from "./served_connections.ts";
import type { Tcb } from "./tcb.ts";
import {
  resolveConnectionOptions,
  resolveTcpOptions,
  type TcpConfig,
  type TcpHooks,
  type TcpOptions,
} from "./tcp_config.ts";
import { chooseListenPort, openConnection, type TcpConnectOptions } from "./tcp_open.ts";
import { TcpKeys } from "./tcp_keys.ts";
import { newSynOptions, SackBlocks, type SynOptions } from "./tcp_options.ts";
import { deleteTcb, resetConnection } from "./teardown.ts";
import { giveUpTime, timerExpires } from "./timeouts.ts";
import type { TcpTimerName } from "./timer_set.ts";

/** What TCP needs of the IP layer. */
export type TcpIp = Pick<
  IpLayer,
  "prepare" | "output" | "flush" | "isLocalAddress" | "confirmReachability" | "pathMtu"
>;

/** TCP of one stack. */
export class TcpLayer implements IpProtocolHandler {
  /** 6. */
  readonly protocol: number;
  /** The layer below. */
  readonly ip: TcpIp;
  /** Time. */
  readonly clock: Clock;
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy. */
  readonly random: Random;
  /** Buffers. */
  readonly pool: PbufPool;
  /** The options in force. */
  readonly config: TcpConfig;
  /** Hooks; all unset at first. */
  readonly hooks: TcpHooks;
  /** What happened so far. */
  readonly counters: TcpCounters;
  /** Keys that segments are signed with; none at first. */
  readonly keys: TcpKeys;
  /** Signatures, once there are keys.
   *
   * @internal */
  authentication: Authentication | undefined;
  /** Called when something waits for {@linkcode flush}, which the composition root then calls soon. */
  onFlushNeeded: (() => void) | undefined;
  /** Listeners by port. */
  readonly listeners: ListenerTable<TcpListener>;
  /** Where ports of active OPENs come from. */
  readonly ephemeralPorts: EphemeralPorts;
  /** Memory of send buffers.
   *
   * @internal */
  readonly rings: RingPool;
  /** Initial sequence numbers.
   *
   * @internal */
  readonly isns: IsnGenerator;
  /** Fast Open, SYN cookies.
   *
   * @internal */
  readonly handshakes: Handshakes;
  /** Throttle of RFC 5961 §7.
   *
   * @internal */
  readonly challengeAcks: ChallengeAckLimiter;
  /** Options of each connection's RTO.
   *
   * @internal */
  readonly rtoOptions: RtoOptions;
  /** R2: how long text may stay unacknowledged.
   *
   * @internal */
  readonly r2Ms: number;
  /** The same once the user has closed.
   *
   * @internal */
  readonly orphanR2Ms: number;
  /** For resets that belong to no connection.
   *
   * @internal */
  readonly replyTx: IpTx;
  /** Scratch: options of the SYN that is being built.
   *
   * @internal */
  readonly synOptions: SynOptions;
  /** Scratch: SACK blocks of the segments that are being built.
   *
   * @internal */
  readonly sackBlocks: SackBlocks;
  /** Text out of order of all connections.
   *
   * @internal */
  readonly reassembly: ReassemblyMemory;
  /** What is outstanding, of whom something is.
   *
   * @internal */
  readonly sentPool: SentPool;
  /** What the present acknowledgment says.
   *
   * @internal */
  readonly ackSummary: AckSummary;
  /** Who wants to be asked from time to time.
   *
   * @internal */
  readonly polls: Polls;
  /** What it says about the path.
   *
   * @internal */
  readonly rateSample: RateSample;
  /** Who goes when there are too many.
   *
   * @internal */
  readonly limits: ConnectionLimits;
  readonly #connections: ConnectionTable<Tcb>;
  readonly #blocked: BlockedConnections;
  readonly #segment: Segment;
  readonly #served: ServedConnections;
  #isFlushing: boolean;
  #isInput: boolean;

  /** A layer without connections.
   *
   * @param ip the layer below; the composition root registers this object with it.
   * @param host what the host supplies.
   * @param options defaults are at each option.
   * @throws {RangeError} if an option is out of its range.
   */
  constructor(ip: TcpIp, host: IpHost, options: TcpOptions = {}) {
    this.protocol = IP_PROTOCOL_TCP;
    this.ip = ip;
    this.clock = host.clock;
    this.timers = host.timers;
    this.random = host.random;
    this.pool = host.pool;
    this.config = resolveTcpOptions(options);
    this.hooks = { tcpIsn: undefined, tcpInpacket: undefined, tcpOutOptions: undefined, trace: undefined };
    this.counters = newTcpCounters();
    this.keys = new TcpKeys(this);
    this.authentication = undefined;
    this.onFlushNeeded = undefined;
    this.listeners = new ListenerTable();
    this.ephemeralPorts = new EphemeralPorts(host.random);
    this.rings = new RingPool();
    this.isns = new IsnGenerator(host.random);
    this.handshakes = new Handshakes(this, host.random);
    this.challengeAcks = new ChallengeAckLimiter(host.random, this.config.challengeAcksPerSecond);
    const { initialRtoMs, minRtoMs, maxRtoMs, dataRetries } = this.config;
    this.rtoOptions = { initialMs: initialRtoMs, minMs: minRtoMs, maxMs: maxRtoMs };
    this.r2Ms = giveUpTime(dataRetries, minRtoMs, maxRtoMs);
    this.orphanR2Ms = giveUpTime(this.config.orphanRetries, minRtoMs, maxRtoMs);
    this.replyTx = new IpTx();
    this.replyTx.protocol = IP_PROTOCOL_TCP;
    this.synOptions = newSynOptions();
    this.sackBlocks = new SackBlocks();
    this.reassembly = new ReassemblyMemory(this);
    this.sentPool = new SentPool();
    this.polls = new Polls();
    this.ackSummary = new AckSummary();
    this.rateSample = new RateSample();
    this.#connections = new ConnectionTable(host.random.uint32());
    this.limits = new ConnectionLimits(this);
    this.#blocked = new BlockedConnections(this);
    this.#segment = new Segment();
    this.#served = new ServedConnections();
    this.#isFlushing = false;
    this.#isInput = false;
  }

  /** OPEN, active: SYN-SENT. The SYN goes out with the next {@linkcode flush}.
   *
   * @throws {RangeError} if a port or an option is out of its range.
   * @throws {NetError} NETWORK_UNREACHABLE, HOST_UNREACHABLE, NETWORK_DOWN, ADDRESS_NOT_AVAILABLE, ADDRESS_IN_USE,
   * NO_BUFFERS: what keeps the SYN from being sent at all.
   */
  connect(options: TcpConnectOptions, handlers: TcpHandlers): TcpConnection {
    return openConnection(this, options, handlers);
  }

  /** OPEN, passive: LISTEN.
   *
   * @param onAccept gets each connection that reaches ESTABLISHED.
   * @throws {RangeError} if the port or an option is out of its range.
   * @throws {NetError} ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE.
   */
  listen(options: TcpListenOptions, onAccept: TcpAcceptHandler): TcpListener {
    const config = resolveConnectionOptions(options, this.config);
    const port = chooseListenPort(this, options);
    const listener = new TcpListener(options, port, config, onAccept, (closed) => {
      this.listeners.remove(closed);
      for (const tcb of this.#select((t) => t.listener === closed && t.state === "SYN-RECEIVED")) {
        // Who has no connection yet learns it when he says something, as with Linux.
        if (this.handshakes.fastOpen.isEarly(tcb)) resetConnection(tcb, undefined);
        else deleteTcb(tcb, undefined);
      }
    });
    this.listeners.add(listener);
    return listener;
  }

  /** All connections, TIME-WAIT included, in no order. */
  connections(): Iterable<TcpConnection> {
    return [...this.#connections.values()].map((tcb) => tcb.connection);
  }

  /** Number of connections, TIME-WAIT included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Number of connections that the user has closed and that are not over, TIME-WAIT excluded. */
  get orphanCount(): number {
    return this.limits.orphanCount;
  }

  /** {@inheritDoc IpProtocolHandler.ipInput} */
  ipInput(p: Pbuf, rx: IpRxInfo): IpDisposition {
    this.#isInput = true;
    inputSegment(this, p, this.#segment, rx);
    this.#isInput = false;
    return "delivered";
  }

  /** {@inheritDoc IpProtocolHandler.ipError} */
  ipError(error: IpErrorInfo): void {
    const tcb = this.#senderOf(error);
    if (tcb === undefined || !icmpErrorArrives(tcb, error)) this.counters.icmpIgnored++;
  }

  /** {@inheritDoc IpProtocolHandler.ownsPacket} True when a connection has the quoted packet in flight. */
  ownsPacket(error: IpErrorInfo): boolean {
    const tcb = this.#senderOf(error);
    if (tcb !== undefined && isCredible(tcb, error)) return true;
    this.counters.icmpIgnored++;
    return false;
  }

  /** {@inheritDoc IpProtocolHandler.inputBatchEnd} */
  inputBatchEnd(): void {
    this.#serve();
  }

  /** {@inheritDoc IpProtocolHandler.addressChanged} Connections of an address that is gone are aborted (TC-67). */
  addressChanged(address: IpAddress, _netif: Netif, isPresent: boolean): void {
    if (isPresent || this.ip.isLocalAddress(address)) return;
    for (const tcb of this.#select((t) => t.localAddress.equals(address))) {
      deleteTcb(tcb, "ADDRESS_NOT_AVAILABLE");
    }
  }

  /** Lets every connection on the list tell its user and send, until none is left. Called at the end of a batch of
   * input, after timers, and by the composition root after calls of users. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#serve();
    this.ip.flush();
  }

  #serve(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      this.#served.serve();
    } finally {
      this.#isFlushing = false;
      // After a callback has thrown.
      if (this.#served.size > 0) this.onFlushNeeded?.();
    }
  }

  /** Puts a connection on the list of those to be served.
   *
   * @internal */
  touch(tcb: Tcb): void {
    if (this.#served.add(tcb) && !this.#isFlushing && !this.#isInput) this.onFlushNeeded?.();
  }

  /** A timer of a connection expired.
   *
   * @internal */
  timerExpires(tcb: Tcb, name: TcpTimerName): void {
    timerExpires(tcb, name);
    this.touch(tcb);
    this.flush();
  }

  /** Puts a connection on the list of those that wait for buffers or queue space.
   *
   * @internal */
  block(tcb: Tcb): void {
    this.#blocked.add(tcb);
  }

  /** The pool had nothing for a segment: the connection waits.
   *
   * @internal */
  outOfBuffers(tcb: Tcb): void {
    this.counters.noBuffers++;
    this.reassembly.yieldSoon();
    this.#blocked.add(tcb);
  }

  /** Enters a connection, making room for it if there are too many.
   *
   * @internal
   *
   * @returns false when there is no room, or the four numbers are taken.
   */
  addConnection(tcb: Tcb): boolean {
    if (!this.limits.makeRoom(this.#connections.size, tcb.config.priority) || !this.#connections.add(tcb)) {
      return false;
    }
    if (this.hooks.trace !== undefined) tcb.connection.trace(this.hooks.trace(tcb.connection));
    return true;
  }

  /** Takes a connection out, before its state becomes CLOSED.
   *
   * @internal */
  removeConnection(tcb: Tcb): void {
    this.#connections.remove(tcb);
    this.limits.forget(tcb);
    this.authentication?.forget(tcb);
    this.reassembly.drop(tcb);
    this.handshakes.fastOpen.forget(tcb, false);
    this.polls.stop(tcb);
    const { state, listener } = tcb;
    if (state === "SYN-SENT" || state === "SYN-RECEIVED") this.counters.attemptFails++;
    else if (state === "ESTABLISHED" || state === "CLOSE-WAIT") this.counters.estabResets++;
    listener?.noteEnd(tcb);
  }

  /** A connection entered TIME-WAIT.
   *
   * @internal */
  noteTimeWait(tcb: Tcb): void {
    this.limits.noteTimeWait(tcb);
  }

  /** The connection of four numbers.
   *
   * @internal */
  find(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): Tcb | undefined {
    return this.#connections.lookup(localAddress, localPort, remoteAddress, remotePort);
  }

  /** All TCBs; the table must not change meanwhile.
   *
   * @internal */
  tcbs(): IterableIterator<Tcb> {
    return this.#connections.values();
  }

  /** The connection with the addresses and ports of the quoted packet. */
  #senderOf(error: IpErrorInfo): Tcb | undefined {
    if (error.quotedLength < QUOTED_OCTETS) return undefined;
    const localPort = error.quoted.getUint16(error.quotedOffset);
    const remotePort = error.quoted.getUint16(error.quotedOffset + 2);
    return this.#connections.lookup(error.localAddress, localPort, error.remoteAddress, remotePort);
  }

  #select(predicate: (tcb: Tcb) => boolean): Tcb[] {
    return [...this.#connections.values()].filter(predicate);
  }
}
