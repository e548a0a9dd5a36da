/** {@linkcode IpLayer}: the network layer of one stack.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { LoopbackLink, type NetErrorCode, type Netif, type NetworkLayer } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "./address.ts";
import {
  type IcmpCounters,
  type IpCounters,
  type IpDropReason,
  newIcmpCounters,
  newIpCounters,
} from "./counters.ts";
import { InterfaceAddress, InterfaceTable, IpInterface } from "./ip_interface.ts";
import {
  type IpHooks,
  type IpHost,
  type IpOptions,
  type ResolvedIpOptions,
  resolveIpOptions,
} from "./ip_options.ts";
import type { IpErrorRecord } from "./ip_error.ts";
import type { IpTx } from "./ip_tx.ts";
import { EXCLUDE_NONE, type GroupMembership, MulticastMembership } from "./multicast_membership.ts";
import { NeighborCache } from "./neighbor_cache.ts";
import type { NeighborEntry } from "./neighbor_entry.ts";
import { PathMtuCache } from "./path_mtu.ts";
import type { IpErrorInfo, IpProtocolHandler, IpRxInfo } from "./protocol.ts";
import { ETHER_TYPE_ARP, ETHER_TYPE_IPV4 } from "./protocol_number.ts";
import { RawEndpoint, RawEndpoints, type RawHandler } from "./raw_endpoint.ts";
import { prefixOf } from "./prefix.ts";
import { RouteTable } from "./route_table.ts";
import { SelfDelivery } from "./self_delivery.ts";
import { Arp } from "./v4/arp.ts";
import { Icmpv4 } from "./v4/icmpv4.ts";
import { Icmpv4Errors } from "./v4/icmpv4_error.ts";
import { Ipv4Input } from "./v4/ipv4_input.ts";
import { Ipv4Output } from "./v4/ipv4_output.ts";
import { resolveIpv4Path, selectIpv4Source } from "./v4/ipv4_path.ts";

/** IPv4 with ICMP, ARP and IGMP, over any number of interfaces. Transports register with {@linkcode registerProtocol};
 * the composition root ends each batch of calls with {@linkcode flush}.
 *
 * Members marked "internal" are for the other files of this package. */
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
  /** Output of ICMP errors. */
  readonly icmpErrors: Icmpv4Errors;
  /** Where multicast goes that nothing else decides about (lwIP's default multicast netif). */
  defaultMulticastNetif: Netif | undefined = undefined;
  /** Changes whenever something changes that a prepared {@linkcode IpTx} depends on. */
  generation: number = 0;
  /** Protocol handlers by number. Internal. */
  readonly handlers: (IpProtocolHandler | undefined)[] = new Array<IpProtocolHandler | undefined>(256).fill(
    undefined,
  );
  /** Packets to ourselves. Internal. */
  readonly selfDelivery: SelfDelivery;
  readonly #input4: Ipv4Input;
  readonly #output4: Ipv4Output;
  readonly #protocols: IpProtocolHandler[] = [];
  readonly #used: Netif[] = [];
  #lastUsed: Netif | undefined = undefined;
  readonly #errorListeners: ((error: IpErrorInfo) => void)[] = [];

  /** @param host what the host supplies.
   * @param options defaults are at each option.
   */
  constructor(host: IpHost, options: IpOptions = {}) {
    this.host = host;
    this.options = resolveIpOptions(options);
    const now = () => host.clock.now();
    const changed = () => this.#changed();
    const routing = options.strongHost === true ? "strict" : "interface";
    this.routes = new RouteTable(
      { ownerOf: (a) => this.interfaces.local(a)?.owner.netif, routesChanged: changed },
      now,
      { sourceRouting: routing, ...options.routes },
    );
    this.pathMtu = new PathMtuCache(now, changed, options.pathMtu);
    this.neighbors = new NeighborCache(host, {
      transmit: (entry, p) => this.#output4.transmit(entry.netif, p, entry.linkAddress),
      unresolved: (entry, p) => this.#unresolved(entry, p),
      reachabilityChanged: (entry, isReachable) => this.routes.gatewayChanged(entry.address, isReachable),
    }, options.neighbors);
    this.multicast = new MulticastMembership(() => {}, options.multicast);
    this.selfDelivery = new SelfDelivery(
      host.timers,
      options.loopQueueMax ?? 64,
      (netif, p) => this.#inputFromSelf(netif, p),
      () => this.inputBatchEnd(),
    );
    this.arp = new Arp(this, () => {});
    this.neighbors.registerSolicitor(4, this.arp);
    this.icmp = new Icmpv4(this);
    this.icmpErrors = new Icmpv4Errors(this);
    this.#input4 = new Ipv4Input(this);
    this.#output4 = new Ipv4Output(this);
    this.registerProtocol(this.icmp);
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
    return iface;
  }

  /** Removes an interface with all its addresses, routes, neighbours and memberships. */
  removeNetif(netif: Netif): void {
    const iface = this.interfaces.of(netif);
    if (iface === undefined) return;
    for (const a of [...iface.addresses]) this.removeAddress(netif, a.address);
    this.routes.remove((route) => route.netif === netif);
    this.neighbors.clear(netif, true);
    this.multicast.clear(netif);
    this.selfDelivery.clear(netif);
    if (this.defaultMulticastNetif === netif) this.defaultMulticastNetif = undefined;
    this.interfaces.remove(iface);
    this.#changed();
  }

  /** Gives an interface an address, and a route to the network it lies in.
   *
   * @throws {TypeError} when the interface was not added, or has the address already.
   * @throws {RangeError} when the prefix length is impossible.
   */
  addAddress(netif: Netif, address: IpAddress, prefixLength: number): void {
    const iface = this.interfaces.of(netif);
    if (iface === undefined) {
      throw new TypeError(`Cannot add an address to ${netif.name}: add the interface first`);
    }
    if (iface.find(address) !== undefined) {
      throw new TypeError(`Cannot add ${address} to ${netif.name} twice`);
    }
    const entry = new InterfaceAddress(iface, address, prefixLength, false);
    this.interfaces.addAddress(entry);
    this.routes.add({ destination: entry.prefix, netif, origin: "connected" });
    this.neighbors.remove(netif, address);
    this.#changed();
    if (iface.hasNeighbors && this.options.announceAddresses && address.family === 4) {
      this.arp.announce(netif, address.w3);
      this.flush();
    }
    for (const handler of this.#protocols) handler.addressChanged(address, netif, true);
  }

  /** Takes an address away; transports hear of it.
   *
   * @returns whether it was there.
   */
  removeAddress(netif: Netif, address: IpAddress): boolean {
    const iface = this.interfaces.of(netif);
    const entry = iface?.find(address);
    if (iface === undefined || entry === undefined) return false;
    this.interfaces.removeAddress(entry);
    const isShared = iface.addresses.some((a) =>
      a.prefix.length === entry.prefix.length &&
      a.prefix.address.equals(entry.prefix.address)
    );
    if (!isShared) {
      this.routes.remove((r) =>
        r.origin === "connected" && r.netif === netif && r.destination.length === entry.prefix.length &&
        r.destination.address.equals(entry.prefix.address)
      );
    }
    this.#changed();
    for (const handler of this.#protocols) handler.addressChanged(address, netif, false);
    return true;
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
    if (this.handlers[handler.protocol] !== undefined) {
      throw new TypeError(`Cannot register protocol ${handler.protocol} twice`);
    }
    this.handlers[handler.protocol] = handler;
    this.#protocols.push(handler);
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
        return this.#output4.drop(p, isNoRoute ? "no-route" : "no-source-address", undefined);
      }
    }
    return this.#output4.output(p, tx);
  }

  /** Sends a packet that begins with an IPv4 header of the user's; see {@linkcode RawEndpoint.isHeaderIncluded}. Takes
   * ownership of `p`.
   *
   * @returns why it was not sent, or `undefined`.
   */
  outputWithHeader(p: Pbuf, boundNetif?: Netif): NetErrorCode | undefined {
    return this.#output4.outputWithHeader(p, boundNetif);
  }

  /** An acknowledgement arrived for data that went by way of `tx`: its neighbour is reachable (RFC 4861 §7.3.1). */
  confirmReachability(tx: IpTx): void {
    if (tx.neighbor !== undefined) this.neighbors.confirm(tx.neighbor as NeighborEntry);
  }

  /** Ends a batch of {@linkcode output}: the drivers that were used write out. */
  flush(): void {
    const used = this.#used;
    if (used.length === 0) return;
    this.#lastUsed = undefined;
    for (let i = 0; i < used.length; i++) used[i]!.flush();
    used.length = 0;
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
    for (let i = 0; i < this.#protocols.length; i++) this.#protocols[i]!.inputBatchEnd();
    this.flush();
  }

  /** {@inheritDoc NetworkLayer.netifChanged} */
  netifChanged(netif: Netif): void {
    const iface = this.interfaces.of(netif);
    this.#changed();
    if (iface === undefined) return;
    if (!netif.isUp) {
      this.neighbors.clear(netif);
      return;
    }
    if (!iface.hasNeighbors || !this.options.announceAddresses) return;
    for (const a of iface.addresses) {
      if (a.address.family === 4 && !a.isTentative) this.arp.announce(netif, a.address.w3);
    }
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
    const endpoint = new RawEndpoint(this, protocol, handler);
    this.raw.add(endpoint);
    return endpoint;
  }

  /** Calls back for each error about a packet of ours, whatever its protocol.
   *
   * @returns what ends that.
   */
  onError(listener: (error: IpErrorInfo) => void): () => void {
    this.#errorListeners.push(listener);
    return () => {
      const at = this.#errorListeners.indexOf(listener);
      if (at >= 0) this.#errorListeners.splice(at, 1);
    };
  }

  /** Our address for packets to `destination` out of an interface, or 0.0.0.0. Internal. */
  sourceOn(iface: IpInterface, destination: IpAddress): IpAddress {
    return selectIpv4Source(this, iface, destination) ?? IPV4_ANY;
  }

  /** Remembers to flush an interface. Internal. */
  markUsed(netif: Netif): void {
    if (netif === this.#lastUsed) return;
    this.#lastUsed = netif;
    if (!this.#used.includes(netif)) this.#used.push(netif);
  }

  /** Counts, tells and releases. Internal. */
  countDrop(p: Pbuf, reason: IpDropReason, netif: Netif | undefined): void {
    this.counters.drops[reason]++;
    this.hooks.dropped?.(reason, p, netif);
    p.release();
  }

  /** Hands an error to the protocol of the quoted packet and to everyone who asked for it. Internal. */
  deliverError(error: IpErrorInfo): void {
    this.handlers[error.protocol]?.ipError(error);
    for (const listener of this.#errorListeners) listener(error);
  }

  /** A router says a packet of ours was too big (RFC 1191 §3). Internal.
   *
   * @returns whether it is believed: `error.mtu` is the path MTU from now on.
   */
  tooBigArrives(error: IpErrorRecord, mtu: number, quotedLength: number): boolean {
    const handler = this.handlers[error.protocol];
    if (handler?.ownsPacket !== undefined && !handler.ownsPacket(error)) return false;
    const netif = this.routes.lookup(error.remoteAddress)?.netif;
    if (netif === undefined) return false;
    const known = this.pathMtu.report(error.remoteAddress, mtu, quotedLength, netif.mtu);
    if (known === undefined) return false;
    error.mtu = known;
    return true;
  }

  /** A router on the link knows a better one (RFC 1122 §3.2.2.2). Internal. */
  redirectArrives(rx: IpRxInfo, destination: IpAddress, gateway: IpAddress): void {
    const iface = this.interfaces.of(rx.netif);
    const found = this.routes.lookup(destination);
    const isOnLink = iface?.addressToward(gateway) !== undefined && !this.isLocalAddress(gateway);
    if (found === undefined || found.netif !== rx.netif || !found.nextHop.equals(rx.source) || !isOnLink) {
      return;
    }
    const redirected = [...this.routes].filter((route) => route.origin === "redirect");
    if (redirected.length >= 64) this.routes.remove(redirected[0]!);
    const prefix = prefixOf(destination, destination.family === 4 ? 32 : 128);
    this.routes.add({ destination: prefix, gateway, netif: rx.netif, origin: "redirect" });
  }

  #changed(): void {
    this.generation = (this.generation + 1) & 0x3fff_ffff;
  }

  #inputFromSelf(netif: Netif, p: Pbuf): void {
    const iface = this.interfaces.of(netif);
    if (iface === undefined) p.release();
    else this.#input4.inputFromSelf(iface, p);
  }

  /** A packet whose neighbour does not answer: RFC 1122 §2.3.2.2 for ours, RFC 1812 §5.2.7.1 for others'. */
  #unresolved(_entry: NeighborEntry, p: Pbuf): void {
    this.counters.outDiscards++;
    this.counters.drops["neighbor-unresolved"]++;
    if (p.netifIndex === 0) {
      this.icmp.reportLocally(p, "host-unreachable", 1);
    } else {
      for (const iface of this.interfaces) {
        if (iface.netif.index === p.netifIndex) this.icmpErrors.sendUnreachable(p, iface, "host-unreachable");
      }
    }
    p.release();
    this.inputBatchEnd();
  }
}
