/** {@linkcode IpLayer}: the network layer of one stack.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  LoopbackLink,
  type MacAddress,
  type NetErrorCode,
  type Netif,
  type NetworkLayer,
} from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "./address.ts";
import {
  type IcmpCounters,
  type IpCounters,
  type IpDropReason,
  newIcmpCounters,
  newIpCounters,
} from "./counters.ts";
import { type AddAddressOptions, AddressBook } from "./address_book.ts";
import { InterfaceTable, IpInterface } from "./ip_interface.ts";
import {
  type IpHooks,
  type IpHost,
  type IpOptions,
  type ResolvedIpOptions,
  resolveIpOptions,
} from "./ip_options.ts";
import { ErrorDelivery } from "./error_delivery.ts";
import type { IpTx } from "./ip_tx.ts";
import { EXCLUDE_NONE, type GroupMembership, MulticastMembership } from "./multicast_membership.ts";
import { NeighborCache } from "./neighbor_cache.ts";
import type { NeighborEntry } from "./neighbor_entry.ts";
import { PathMtuCache } from "./path_mtu.ts";
import { type PingHandlers, type PingOptions, PingSession } from "./ping.ts";
import type { IpErrorInfo, IpProtocolHandler } from "./protocol.ts";
import { ProtocolTable } from "./protocol_table.ts";
import { ETHER_TYPE_ARP, ETHER_TYPE_IPV4 } from "./protocol_number.ts";
import { RawEndpoint, RawEndpoints, type RawHandler } from "./raw_endpoint.ts";
import { RouteTable } from "./route_table.ts";
import { SelfDelivery } from "./self_delivery.ts";
import { AddressClaims } from "./v4/address_conflict.ts";
import { TransmitBatch } from "./transmit_batch.ts";
import { Arp } from "./v4/arp.ts";
import { Icmpv4 } from "./v4/icmpv4.ts";
import { Icmpv4Errors } from "./v4/icmpv4_error.ts";
import { ALL_SYSTEMS, Igmp } from "./v4/igmp.ts";
import { Ipv4Forwarder } from "./v4/ipv4_forward.ts";
import { Ipv4Input } from "./v4/ipv4_input.ts";
import { Ipv4Output } from "./v4/ipv4_output.ts";
import { Ipv4Reassembly } from "./v4/ipv4_reassembly.ts";
import { resolveIpv4Path, selectIpv4Source } from "./v4/ipv4_path.ts";

/** IPv4 with ICMP, ARP and IGMP, over any number of interfaces. Transports register with {@linkcode registerProtocol};
 * the composition root ends each batch of calls with {@linkcode flush}.
 *
 * Members that the documentation leaves out are for the other files of this package. */
export class IpLayer implements NetworkLayer {
  /** Time, timers, entropy, memory. */
  readonly host: IpHost;
  /** Hooks; all unset at first. */
  readonly hooks: IpHooks = {};
  /** The options in force. */
  readonly options: ResolvedIpOptions;
  /** What happened so far. */
  readonly counters: IpCounters = newIpCounters();
  /** What happened so far with ICMP. */
  readonly icmpCounters: IcmpCounters = newIcmpCounters();
  /** All interfaces and addresses. */
  readonly interfaces: InterfaceTable = new InterfaceTable();
  /** The routing table. */
  readonly routes: RouteTable;
  /** Who is where on the links. */
  readonly neighbors: NeighborCache;
  /** Reported path MTUs. */
  readonly pathMtu: PathMtuCache;
  /** Groups that somebody here listens to. */
  readonly multicast: MulticastMembership;
  /** Raw endpoints. */
  readonly raw: RawEndpoints = new RawEndpoints();
  /** ARP. */
  readonly arp: Arp;
  /** Input of ICMP. */
  readonly icmp: Icmpv4;
  /** Output of ICMP errors.
   * @internal */
  readonly icmpErrors: Icmpv4Errors;
  /** Where multicast goes that nothing else decides about (lwIP's default multicast netif). */
  defaultMulticastNetif: Netif | undefined = undefined;
  /** Changes whenever something changes that a prepared {@linkcode IpTx} depends on. */
  generation: number = 0;
  /** Registered protocols.
   * @internal */
  readonly protocols: ProtocolTable = new ProtocolTable();
  /** Output of IPv4.
   * @internal */
  readonly output4: Ipv4Output;
  /** Forwarding of IPv4.
   * @internal */
  readonly forwarder: Ipv4Forwarder;
  /** Reassembly of IPv4.
   * @internal */
  readonly reassembly4: Ipv4Reassembly;
  /** What errors that arrive lead to.
   * @internal */
  readonly errors: ErrorDelivery = new ErrorDelivery(this);
  /** Interfaces to flush.
   * @internal */
  readonly batch: TransmitBatch = new TransmitBatch();
  /** Packets to ourselves.
   * @internal */
  readonly selfDelivery: SelfDelivery;
  /** Claims of IPv4 addresses. */
  readonly claims: AddressClaims;
  /** IGMP. */
  readonly igmp: Igmp;
  readonly #input4: Ipv4Input;
  readonly #addresses: AddressBook;

  /** A network layer without interfaces.
   *
   * @param host what the host supplies.
   * @param options defaults are at each option.
   */
  constructor(host: IpHost, options: IpOptions = {}) {
    this.host = host;
    this.options = resolveIpOptions(options);
    const now = () => host.clock.now();
    const changed = () => this.#changed();
    this.routes = new RouteTable(
      {
        ownerOf: (a) => this.interfaces.local(a)?.owner.netif,
        routesChanged: (route) => this.#addresses.routeChanged(route),
      },
      now,
      { sourceRouting: this.options.strongHost ? "strict" : "interface", ...options.routes },
    );
    this.pathMtu = new PathMtuCache(now, changed, options.pathMtu);
    this.neighbors = new NeighborCache(host, {
      transmit: (entry, p) => this.output4.transmitToNeighbor(entry, p),
      unresolved: (_entry, p) => this.errors.neighborFailed(p),
      reachabilityChanged: (entry, isReachable) => this.routes.gatewayChanged(entry.address, isReachable),
    }, options.neighbors);
    this.multicast = new MulticastMembership(
      (netif, group, before, after) => this.igmp.groupChanged(netif, group, before, after),
      options.multicast,
    );
    this.claims = new AddressClaims(this);
    this.#addresses = new AddressBook(this, changed, options.announceIntervalMs ?? 0);
    this.selfDelivery = new SelfDelivery(
      host.timers,
      options.loopQueueMax ?? 64,
      (netif, p) => this.#input4.inputFromSelf(netif, p),
      () => this.inputBatchEnd(),
    );
    this.arp = new Arp(this, (iface, packet) => this.claims.observe(iface, packet));
    this.neighbors.registerSolicitor(4, this.arp);
    this.icmp = new Icmpv4(this);
    this.icmpErrors = new Icmpv4Errors(this);
    this.reassembly4 = new Ipv4Reassembly(this, options.reassembly);
    this.forwarder = new Ipv4Forwarder(this);
    this.#input4 = new Ipv4Input(this);
    this.output4 = new Ipv4Output(this);
    this.igmp = new Igmp(this, options.igmp);
    this.registerProtocol(this.icmp);
    this.registerProtocol(this.igmp);
  }

  /** Adds an interface, without addresses, and attaches to it.
   *
   * @param o.isLoopback default: whether the driver is a {@linkcode LoopbackLink}.
   * @throws {TypeError} when it was added already.
   */
  addNetif(netif: Netif, o: { readonly isLoopback?: boolean } = {}): IpInterface {
    if (this.interfaces.of(netif) !== undefined) throw new TypeError(`Cannot add ${netif.name} twice`);
    const iface = new IpInterface(netif, o.isLoopback ?? netif.driver instanceof LoopbackLink, IPV4_ANY);
    this.interfaces.add(iface);
    netif.attach(this);
    this.#changed();
    if (!iface.isLoopback) this.multicast.join(netif, ALL_SYSTEMS, EXCLUDE_NONE);
    return iface;
  }

  /** Removes an interface with all its addresses, routes, neighbours and memberships. */
  removeNetif(netif: Netif): void {
    const iface = this.interfaces.of(netif);
    if (iface === undefined) return;
    for (const a of [...iface.addresses]) this.removeAddress(netif, a.address);
    this.routes.remove((route) => route.netif === netif);
    this.neighbors.clear(netif, true);
    this.igmp.reporter.netifDown(netif);
    this.multicast.clear(netif);
    this.claims.clear(netif);
    this.selfDelivery.clear(netif);
    this.reassembly4.datagrams.clear(netif);
    if (this.defaultMulticastNetif === netif) this.defaultMulticastNetif = undefined;
    this.interfaces.remove(iface);
    this.#changed();
  }

  /** Gives an interface an address, and a route to the network it lies in. Unless told to check it first, it can be used
   * at once.
   *
   * @throws {TypeError} when the interface was not added, or has the address already, or it is no host's address.
   * @throws {RangeError} when the prefix length is impossible.
   */
  addAddress(netif: Netif, address: IpAddress, prefixLength: number, o: AddAddressOptions = {}): void {
    this.#addresses.add(netif, address, prefixLength, o);
  }

  /** Takes an address away; transports hear of it.
   *
   * @returns whether it was there.
   */
  removeAddress(netif: Netif, address: IpAddress): boolean {
    return this.#addresses.remove(netif, address);
  }

  /** Finds out whether somebody else on the link has an IPv4 address (RFC 5227 §2.1.1); takes 4 to 7 s. For DHCP, which
   * asks before it accepts a lease. On links without ARP every address is free.
   *
   * @param callback is called once, from a timer or while a packet is handled.
   * @returns what ends it early, without a call back.
   */
  probeConflict(
    netif: Netif,
    address: IpAddress,
    callback: (result: "free" | "conflict", by: MacAddress | undefined) => void,
  ): { cancel(): void } {
    return this.claims.probe(netif, address, callback);
  }

  /** Whether packets to `address` are for us, by unicast. */
  isLocalAddress(address: IpAddress): boolean {
    const entry = this.interfaces.local(address);
    return entry !== undefined && !entry.isTentative;
  }

  /** Names who gets the packets of a protocol.
   *
   * @throws {TypeError} when somebody does already.
   */
  registerProtocol(handler: IpProtocolHandler): void {
    this.protocols.register(handler);
  }

  /** Resolves where packets of a flow go. Costs two comparisons while nothing has changed.
   *
   * @returns why they cannot go, or `undefined`.
   */
  prepare(tx: IpTx): NetErrorCode | undefined {
    if (tx.generation === this.generation) {
      if (tx.validUntil === Infinity || this.host.clock.now() < tx.validUntil) return undefined;
    }
    const error = resolveIpv4Path(this, tx);
    tx.generation = error === undefined ? this.generation : -1;
    return error;
  }

  /** Sends one packet, `p.start` at the transport header: prepends the IP header, fragments if the packet is too long and
   * `tx` allows it, finds the neighbour, and hands it down; packets to ourselves come back by a timer. A packet
   * with `gsoSize` set goes down whole. Takes ownership of `p` always.
   *
   * @returns false when it was dropped at once: no route, no memory, a queue is full, too long.
   */
  output(p: Pbuf, tx: IpTx): boolean {
    if (tx.generation !== this.generation) {
      const error = this.prepare(tx);
      if (error !== undefined) {
        const isNoRoute = error !== "ADDRESS_NOT_AVAILABLE" && error !== "ACCESS_DENIED";
        if (isNoRoute) this.counters.outNoRoutes++;
        return this.output4.drop(p, isNoRoute ? "no-route" : "no-source-address", undefined);
      }
    }
    return this.output4.output(p, tx);
  }

  /** Sends a packet that begins with an IPv4 header of the user's; see {@linkcode RawEndpoint.isHeaderIncluded}. Takes
   * ownership of `p`.
   *
   * @returns why it was not sent, or `undefined`.
   */
  outputWithHeader(p: Pbuf, boundNetif?: Netif): NetErrorCode | undefined {
    return this.output4.outputWithHeader(p, boundNetif);
  }

  /** An acknowledgement arrived for data that went by way of `tx`: its neighbour is reachable (RFC 4861 §7.3.1). */
  confirmReachability(tx: IpTx): void {
    if (tx.neighbor !== undefined) this.neighbors.confirm(tx.neighbor as NeighborEntry);
  }

  /** Ends a batch of {@linkcode output}: the drivers that were used write out. */
  flush(): void {
    this.batch.flush();
  }

  /** {@inheritDoc NetworkLayer.networkInput} */
  networkInput(netif: Netif, etherType: number, p: Pbuf): void {
    const iface = this.interfaces.of(netif);
    if (iface === undefined) return this.countDrop(p, "no-interface", netif);
    if (etherType === ETHER_TYPE_IPV4) this.#input4.input(iface, p);
    else if (etherType === ETHER_TYPE_ARP) this.arp.input(netif, p);
    else this.countDrop(p, "unknown-ether-type", netif);
  }

  /** {@inheritDoc NetworkLayer.inputBatchEnd} */
  inputBatchEnd(): void {
    this.protocols.inputBatchEnd();
    this.flush();
  }

  /** {@inheritDoc NetworkLayer.netifChanged} */
  netifChanged(netif: Netif): void {
    const iface = this.interfaces.of(netif);
    this.#changed();
    if (iface === undefined) return;
    if (netif.isUp === iface.wasUp) return;
    iface.wasUp = netif.isUp;
    if (!netif.isUp) {
      this.neighbors.clear(netif);
      this.igmp.reporter.netifDown(netif);
      return;
    }
    this.#addresses.netifUp(iface);
    if (!iface.isLoopback) this.igmp.reporter.netifUp(netif);
    this.flush();
  }

  /** Listens to a group on an interface.
   *
   * @param sources only packets of these (RFC 4607); `undefined`: of everybody.
   * @throws {TypeError} when `group` is no group, or the interface was not added.
   */
  joinGroup(netif: Netif, group: IpAddress, sources?: readonly IpAddress[]): GroupMembership | undefined {
    if (this.interfaces.of(netif) === undefined) {
      throw new TypeError(`Cannot join on ${netif.name}: add it first`);
    }
    return this.multicast.join(
      netif,
      group,
      sources === undefined ? EXCLUDE_NONE : { mode: "INCLUDE", sources },
    );
  }

  /** Ends the oldest {@linkcode joinGroup} of a group.
   *
   * @returns whether there was one.
   */
  leaveGroup(netif: Netif, group: IpAddress): boolean {
    const membership = this.multicast.find(netif, group);
    membership?.leave();
    return membership !== undefined;
  }

  /** Whether somebody here listens to a group on an interface. */
  isMember(netif: Netif, group: IpAddress): boolean {
    return this.multicast.isMember(netif, group);
  }

  /** Opens a raw endpoint; see {@linkcode RawEndpoint}. The newest endpoint is asked first. */
  openRaw(protocol: number, handler: RawHandler): RawEndpoint {
    return this.raw.add(new RawEndpoint(this, protocol, handler));
  }

  /** Begins a series of echo requests; see {@linkcode PingSession}.
   *
   * @throws {RangeError} when an option is out of range.
   * @throws {TypeError} when the destination is not an IPv4 address.
   */
  openPing(options: PingOptions, handlers: PingHandlers): PingSession {
    return new PingSession(this, options, handlers);
  }

  /** Calls back for each error about a packet of ours, whatever its protocol.
   *
   * @returns what ends that.
   */
  onError(listener: (error: IpErrorInfo) => void): () => void {
    return this.errors.onError(listener);
  }

  /** Our address for packets to `destination` out of an interface, or 0.0.0.0.
   * @internal */
  sourceOn(iface: IpInterface, destination: IpAddress): IpAddress {
    return selectIpv4Source(this, iface, destination) ?? IPV4_ANY;
  }

  /** Counts, tells and releases.
   * @internal */
  countDrop(p: Pbuf, reason: IpDropReason, netif: Netif | undefined): void {
    this.counters.drops[reason]++;
    this.hooks.dropped?.(reason, p, netif);
    p.release();
  }

  #changed(): void {
    this.generation = (this.generation + 1) & 0x3fff_ffff;
  }
}
