/** {@linkcode Stack}: a TCP/IP stack in one object.
 *
 * @module
 */
// tidy: allow file-length the composition root names every part of the stack, each in a line or two
import { PbufPool } from "@lightwire/pbuf";
import { LoopbackLink, Netif, parseMac, randomMac } from "@lightwire/netif";
import type { Clock, WallClock } from "@lightwire/netif/clock";
import type { Random } from "@lightwire/netif/random";
import { TimerQueue } from "@lightwire/netif/timers";
import type { StubResolver } from "@lightwire/dns";
import { IpLayer } from "@lightwire/ip";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import { TcpLayer } from "@lightwire/tcp";
import { UdpLayer } from "@lightwire/udp";
import type { DatagramConn } from "./datagram_conn.ts";
import type { ResolvableType, ResolvedRecords } from "./dns_records.ts";
import { netError } from "./errors.ts";
import { HostClock, hostLoop, HostRandom, HostWallClock } from "./host_environment.ts";
import { NetworkLayerGate } from "./network_layer_gate.ts";
import {
  ping,
  type PingOptions,
  type PingOutcome,
  traceroute,
  type TracerouteHop,
  type TracerouteOptions,
} from "./ping.ts";
import { Pump } from "./pump.ts";
import { StackInterface } from "./stack_interface.ts";
import type {
  ConnectOptions,
  InterfaceOptions,
  ListenDatagramOptions,
  ListenOptions,
  StackOptions,
} from "./stack_options.ts";
import {
  type DnsQueryAnswer,
  type QueryDnsOptions,
  type ResolveDnsOptions,
  StackResolver,
} from "./stack_resolver.ts";
import { drainConnections, openConnection, openDatagram, openListener } from "./stack_sockets.ts";
import { type StackStats, stackStats, type StackStatus, stackStatus } from "./stack_status.ts";
import type { TcpConn } from "./tcp_conn.ts";
import type { TcpListener } from "./tcp_listener.ts";
import { queryTime, type SntpOptions, type SntpResult } from "./time_query.ts";
import type { AbortOptions } from "./waiter.ts";

/** A TCP/IP stack: wires the layers together, drives them, and offers connections, listeners and datagrams shaped
 * like those of Deno. */
export class Stack {
  /** Monotonic time. */
  readonly clock: Clock;
  /** The date. */
  readonly wallClock: WallClock;
  /** Timers on {@linkcode clock}. */
  readonly timers: TimerQueue;
  /** Entropy. */
  readonly random: Random;
  /** Packet memory. */
  readonly pool: PbufPool;
  /** What drives the layers. */
  readonly pump: Pump;
  /** The network layer. */
  readonly ip: IpLayer;
  /** UDP and UDP-Lite, with a callback API. */
  readonly udp: UdpLayer;
  /** TCP, with a callback API. */
  readonly tcp: TcpLayer;
  /** DNS, with a callback API: its servers and search domains are those of the interfaces. */
  readonly resolver: StubResolver;
  /** Name of the host, told to DHCP servers. */
  hostname: string | undefined;
  readonly #interfaces: StackInterface[] = [];
  readonly #gate: NetworkLayerGate;
  readonly #names: StackResolver;
  readonly #open: Set<{ close(): void }> = new Set();
  #nextIndex = 1;
  #isClosed = false;
  #isGone = false;

  /** A stack with a loopback interface and nothing else.
   *
   * @throws {TypeError} when only one of `clock` and `timers` is given, or they are given for a host pump.
   */
  constructor(options: StackOptions = {}) {
    const isManual = options.pump === "manual";
    const hostClock = isManual ? undefined : new HostClock(hostLoop.now);
    if (isManual !== (options.clock !== undefined) || isManual !== (options.timers !== undefined)) {
      throw new TypeError(
        'Cannot make a stack: `clock` and `timers` belong to pump "manual", and it needs both',
      );
    }
    this.clock = options.clock ?? hostClock!;
    this.timers = options.timers ?? new TimerQueue(this.clock);
    this.wallClock = options.wallClock ?? new HostWallClock();
    this.random = options.random ?? new HostRandom();
    this.pool = options.pool ?? new PbufPool();
    this.hostname = options.hostname;
    this.ip = new IpLayer(this, { wallClock: this.wallClock, ...options.ip });
    this.udp = new UdpLayer(this.ip, this, options.udp);
    this.tcp = new TcpLayer(this.ip, this, options.tcp);
    this.ip.registerProtocol(this.udp);
    this.ip.registerProtocol(this.udp.lite);
    this.ip.registerProtocol(this.tcp);
    this.pump = new Pump({
      timers: this.timers,
      loop: hostLoop,
      clock: hostClock,
      isManual,
      flush: () => this.flush(),
      ...(options.sliceMs === undefined ? {} : { sliceMs: options.sliceMs }),
    });
    this.#names = new StackResolver(this, options.dns);
    this.resolver = this.#names.stub;
    const requestFlush = (): void => this.pump.requestFlush();
    this.tcp.onFlushNeeded = requestFlush;
    this.udp.onFlushNeeded = requestFlush;
    this.#gate = new NetworkLayerGate(this.ip, this.pump);
    if (options.loopback ?? true) this.#addLoopback();
  }

  /** All interfaces in the order of adding, the loopback one first. */
  get interfaces(): readonly StackInterface[] {
    return this.#interfaces;
  }

  /** Drains the outboxes of all layers now; the pump does so by itself. */
  flush(): void {
    this.tcp.flush();
    this.ip.flush();
  }

  /** Adds an interface, and starts it unless told not to.
   *
   * @throws {TypeError} when an address, a gateway, a MAC address or the name makes no sense.
   * @throws {RangeError} when the MTU is out of range.
   */
  addInterface(options: InterfaceOptions): StackInterface {
    const { driver } = options;
    const name = options.name ?? this.#freeName(driver.medium === "ethernet" ? "en" : "ip");
    if (this.#findInterface(name) !== undefined) {
      throw new TypeError(`Cannot add ${name}: there is one already`);
    }
    const mac = typeof options.mac === "string" ? parseMac(options.mac) : options.mac;
    if (options.mac !== undefined && mac === undefined) {
      throw new TypeError(`Cannot use "${options.mac}" as station address`);
    }
    const hostname = options.hostname ?? this.hostname;
    const netif = new Netif(driver, {
      ...options.netif,
      name,
      index: this.#nextIndex++,
      ...(driver.medium === "ethernet"
        ? { macAddress: mac ?? driver.macAddress ?? randomMac(this.random) }
        : {}),
      ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(options.vlan === undefined ? {} : { vlan: options.vlan }),
    });
    this.ip.addNetif(netif);
    netif.attach(this.#gate);
    const added = this.#adopt(netif, options.metric ?? 0);
    const detectConflict = options.detectConflicts ?? false;
    for (const address of options.addresses ?? []) added.addAddress(address, { detectConflict });
    for (const route of options.routes ?? []) added.addRoute(route);
    if (options.gateway !== undefined) added.setGateway(options.gateway);
    if (options.dns !== undefined) added.nameServers = options.dns;
    if (options.isUp ?? true) added.setUp();
    if (options.dhcp) {
      const own = options.dhcp === true ? {} : options.dhcp;
      added.startDhcp(hostname === undefined ? own : { hostname, ...own });
    }
    return added;
  }

  /** Stops an interface, closes its driver and forgets its addresses and routes; connections over it are aborted. */
  removeInterface(which: StackInterface): void {
    const index = this.#interfaces.indexOf(which);
    if (index < 0) return;
    which.close();
    this.#interfaces.splice(index, 1);
    this.flush();
    this.ip.removeNetif(which.netif);
    this.flush();
    which.netif.close();
    which.closed();
    this.nameServersChanged();
  }

  /** Connects by TCP. Of a name's addresses the first that answers is taken.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`, `CONNECTION_REFUSED`, `TIMED_OUT`,
   * `HOST_UNREACHABLE`, `NETWORK_UNREACHABLE`, `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, `CLOSED`.
   * @throws {RangeError} when the port is not 1 … 65535.
   */
  async connect(options: ConnectOptions): Promise<TcpConn> {
    this.#assertOpen("connect");
    const hostname = options.hostname ?? "127.0.0.1";
    return await openConnection(this, hostname, await this.#resolve(hostname, options), options);
  }

  /** Listens for TCP connections.
   *
   * @throws {NetError} `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, `CLOSED`.
   * @throws {TypeError} when `hostname` is not an address.
   * @throws {RangeError} when the port is not 0 … 65535.
   */
  listen(options: ListenOptions): TcpListener {
    this.#assertOpen("listen");
    const listener = openListener(this, options);
    this.#open.add(listener);
    return listener;
  }

  /** Opens a UDP (or UDP-Lite) socket.
   *
   * @throws {NetError} `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, `CLOSED`.
   * @throws {TypeError} when `hostname` is not an address.
   * @throws {RangeError} when the port is not 0 … 65535.
   */
  listenDatagram(options: ListenDatagramOptions = {}): DatagramConn {
    this.#assertOpen("open a socket");
    const conn = openDatagram(this, options);
    this.#open.add(conn);
    return conn;
  }

  /** The first address of a host, as text; an address is its own.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`.
   */
  async lookup(hostname: string, options?: AbortOptions): Promise<string> {
    return (await this.#resolveFirst(hostname, options)).toString();
  }

  /** The records of a name, in the shapes of `Deno.resolveDns`. For PTR, an address stands for its name in in-addr.arpa.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, also when the name has no such record; `NAME_SERVER_FAILED`.
   */
  async resolveDns<T extends ResolvableType>(
    name: string,
    type: T,
    options: ResolveDnsOptions = {},
  ): Promise<ResolvedRecords[T]> {
    this.#assertOpen("resolve a name");
    return await this.#names.resolve(name, type, options);
  }

  /** Asks a name server, and tells what it said: that a name does not exist is an answer like others. Nothing that is known here
   * counts.
   *
   * @throws {NetError} `NAME_SERVER_FAILED` when no server answered; `NAME_NOT_FOUND` when `name` is no domain name.
   */
  async queryDns(name: string, type: string, options: QueryDnsOptions = {}): Promise<DnsQueryAnswer> {
    this.#assertOpen("ask a name server");
    return await this.#names.query(name, type, options);
  }

  /** Sends echo requests to a host, and tells what becomes of each.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`.
   * @throws {RangeError} when an option is out of range.
   */
  async *ping(hostname: string, options: PingOptions = {}): AsyncGenerator<PingOutcome, void, unknown> {
    this.#assertOpen("ping");
    yield* ping(this, await this.#resolveFirst(hostname, options), options);
  }

  /** Finds the routers on the way to a host.
   *
   * @throws {NetError} `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`, `NETWORK_UNREACHABLE`, ….
   */
  async *traceroute(
    hostname: string,
    options: TracerouteOptions = {},
  ): AsyncGenerator<TracerouteHop, void, unknown> {
    this.#assertOpen("trace a route");
    yield* traceroute(this, await this.#resolveFirst(hostname, options), options);
  }

  /** Asks time servers, one after the other until one answers, how far {@linkcode wallClock} is off. Sets nothing.
   *
   * @param servers address or name of one, or several, best first.
   * @throws {NetError} `TIMED_OUT`, `HOST_UNREACHABLE`; `ACCESS_DENIED` (kiss-o'-death), `INVALID_STATE` (not synchronized, or
   * its reply makes no sense); `NAME_NOT_FOUND`, `NAME_SERVER_FAILED`, `CLOSED`.
   * @throws {RangeError} when an option is out of range.
   */
  async sntp(servers: string | readonly string[], options: SntpOptions = {}): Promise<SntpResult> {
    this.#assertOpen("ask for the time");
    return await queryTime(this, servers, options, (name) => this.#resolve(name, options), this.#open);
  }

  /** Name servers in order of preference, of all interfaces. */
  get nameServers(): readonly string[] {
    return [...new Set(this.#interfaces.flatMap((i) => [...i.nameServers]))];
  }

  /** Interfaces with their addresses and counters, routes, name servers: for people. */
  status(): StackStatus {
    return stackStatus(this);
  }

  /** All counters, copied. */
  stats(): StackStats {
    return stackStats(this);
  }

  /** The interface with this name, index or address. */
  findNetif(which: string | number): Netif | undefined {
    const found = this.#findInterface(which);
    if (found !== undefined || typeof which === "number") return found?.netif;
    const address = parseIpAddress(which);
    return address === undefined ? undefined : this.ip.interfaces.local(address)?.owner.netif;
  }

  /** For the parts of the stack: a socket was closed. */
  closed(socket: TcpListener | DatagramConn): void {
    this.#open.delete(socket);
  }

  /** For the parts of the stack: name servers of an interface changed. */
  nameServersChanged(): void {
    const servers = this.nameServers.map((server) => parseIpAddress(server)!);
    const isSame = servers.length === this.resolver.servers.length &&
      servers.every((server, i) => server.equals(this.resolver.servers[i]!));
    if (!isSame) this.resolver.servers = servers;
    this.resolver.search = [...new Set(this.#interfaces.flatMap((i) => [...i.searchDomains]))];
  }

  /** Ends everything: listeners and sockets are closed, leases given back, connections reset, interfaces stopped,
   * drivers closed.
   *
   * @param options.graceMs up to so many milliseconds connections may take to deliver what was written, and to end in
   * an orderly way; default 0: everything happens before this returns.
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    const { graceMs = 0 } = options;
    if (this.#isClosed || graceMs <= 0) {
      this.#closeNow();
      return Promise.resolve();
    }
    this.#isClosed = true;
    for (const socket of [...this.#open]) socket.close();
    return drainConnections(this, graceMs).then(() => this.#closeNow());
  }

  /** {@linkcode close}. */
  [Symbol.dispose](): void {
    this.#closeNow();
  }

  /** {@linkcode close}, for `await using`: connections get two seconds to end in an orderly way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ graceMs: 2000 });
  }

  #closeNow(): void {
    this.#isClosed = true;
    if (this.#isGone) return;
    this.#isGone = true;
    this.resolver.close();
    for (const socket of [...this.#open]) socket.close();
    for (const connection of [...this.tcp.connections()]) connection.abort();
    this.flush();
    for (const which of [...this.#interfaces]) this.removeInterface(which);
    this.pump.close();
  }

  #addLoopback(): void {
    const netif = new Netif(new LoopbackLink(this.timers), { name: "lo0", index: this.#nextIndex++ });
    this.ip.addNetif(netif);
    const added = this.#adopt(netif, 0);
    added.addAddress("127.0.0.1/8");
    added.setUp();
  }

  #adopt(netif: Netif, metric: number): StackInterface {
    const added = new StackInterface(this, netif, metric);
    this.#interfaces.push(added);
    return added;
  }

  #freeName(prefix: string): string {
    for (let i = 0;; i++) if (this.#findInterface(`${prefix}${i}`) === undefined) return `${prefix}${i}`;
  }

  #findInterface(which: string | number): StackInterface | undefined {
    return this.#interfaces.find((i) => typeof which === "number" ? i.index === which : i.name === which);
  }

  async #resolveFirst(hostname: string, options?: AbortOptions): Promise<IpAddress> {
    return (await this.#resolve(hostname, options))[0]!;
  }

  #resolve(hostname: string, options?: AbortOptions): Promise<readonly IpAddress[]> {
    const address = parseIpAddress(hostname);
    return address === undefined ? this.#names.addresses(hostname, options) : Promise.resolve([address]);
  }

  #assertOpen(what: string): void {
    if (this.#isClosed) throw netError("CLOSED", `Cannot ${what}: the stack was closed`);
  }
}
