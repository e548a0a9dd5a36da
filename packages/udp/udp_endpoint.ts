/** Data plane. {@linkcode UdpEndpoint}: one bound port, with callbacks.
 *
 * @module
 */
import { copyBytes, type Pbuf } from "@lightwire/pbuf";
import { NetError, type NetErrorCode, type Netif } from "@lightwire/netif";
import { type IpAddress, IpTx, IPV4_ANY, IPV6_ANY } from "@lightwire/ip";
import type { UdpErrorInfo } from "./udp_error.ts";
import type { UdpLayer } from "./udp_layer.ts";
import { UdpBinding } from "./udp_table.ts";
import { MulticastMemberships } from "./multicast_memberships.ts";

/** Longest payload of a datagram over IPv4: 65535 less the headers of IP and UDP. */
export const UDP_MAX_PAYLOAD_V4 = 65507;
/** Longest payload of a datagram over IPv6. */
export const UDP_MAX_PAYLOAD_V6 = 65527;

/** How to open an endpoint. */
export interface UdpOpenOptions {
  /** Address to bind: one of ours, a group, a broadcast address, or (default) 0.0.0.0 for any. */
  readonly localAddress?: IpAddress;
  /** Port to bind; 0 (default): an ephemeral one (RFC 6056). */
  readonly localPort?: number;
  /** Share address and port with others that say so too (SO_REUSEADDR); default false. */
  readonly reuseAddress?: boolean;
  /** Bound to `::`, take no IPv4 (IPV6_V6ONLY); default false. */
  readonly ipv6Only?: boolean;
  /** May send to broadcast addresses (SO_BROADCAST); default false. */
  readonly allowBroadcast?: boolean;
  /** Send and receive through this interface alone (SO_BINDTODEVICE). */
  readonly boundNetif?: Netif;
  /** TTL or hop limit of unicast; default 64. */
  readonly ttl?: number;
  /** Type of service or traffic class octet; default 0. */
  readonly tos?: number;
  /** Send with DF and refuse what exceeds the path MTU; default false. */
  readonly dontFragment?: boolean;
  /** Send without a checksum (SO_NO_CHECK), over IPv4 only; default false. */
  readonly noChecksum?: boolean;
  /** Speak UDP-Lite (RFC 3828) instead of UDP; its ports are apart. Default false. */
  readonly lite?: boolean;
  /** UDP-Lite: bytes of a sent datagram under the checksum, header included: 0 (default) everything, else ≥ 8. */
  readonly sendCoverage?: number;
  /** UDP-Lite: least coverage of a received datagram: 0 everything, else ≥ 8 (default). RFC 3828 §3.3. */
  readonly receiveCoverage?: number;
  /** The source address may be 0.0.0.0 on the wire, for DHCP; default false. */
  readonly allowUnspecifiedSource?: boolean;
  /** See {@linkcode UdpEndpoint.onReceive}. */
  readonly onReceive?: (p: Pbuf, info: UdpRxInfo) => void;
  /** See {@linkcode UdpEndpoint.onError}. */
  readonly onError?: (error: UdpErrorInfo) => void;
}

/** What is known of a received datagram. One object is reused for all: borrowed until the callback returns. */
export interface UdpRxInfo {
  /** Sender. */
  readonly source: IpAddress;
  /** Sender's port; 0: no answer is expected. */
  readonly sourcePort: number;
  /** Where it was sent to: an address of ours, a broadcast address or a group (IP_PKTINFO). */
  readonly destination: IpAddress;
  /** The port it was sent to. */
  readonly destinationPort: number;
  /** The interface it came in by (IP_PKTINFO). */
  readonly netif: Netif;
  /** TTL or hop limit as received. */
  readonly ttl: number;
  /** Type of service octet as received, ECN bits included. */
  readonly tos: number;
  /** Whether it was sent to a broadcast address. */
  readonly isBroadcast: boolean;
  /** Whether it was sent to a group. */
  readonly isMulticast: boolean;
}

/** How one datagram leaves, other than the endpoint says (`in_pktinfo` and control messages of `sendmsg`). */
export interface UdpSendVia {
  /** Source address: one of ours. */
  readonly source?: IpAddress;
  /** Interface. */
  readonly netif?: Netif;
  /** TTL or hop limit. */
  readonly ttl?: number;
  /** Type of service octet. */
  readonly tos?: number;
}

/** A bound port: sends datagrams, and hands up what arrives for it. Made by {@linkcode UdpLayer.open}.
 *
 * Callbacks may send, and may close any endpoint: IP never delivers from within a send.
 */
export class UdpEndpoint extends UdpBinding {
  /** Called with each datagram: `p` is the payload alone, perhaps empty, perhaps a chain; the callee owns it. While
   * `undefined`, what arrives is dropped and counted. */
  onReceive: ((p: Pbuf, info: UdpRxInfo) => void) | undefined;
  /** Called with each ICMP error about a datagram sent from here, also when not connected: a POSIX socket ignores
   * those about other peers than its own. */
  onError: ((error: UdpErrorInfo) => void) | undefined;
  /** TTL or hop limit of unicast and broadcast, 1 … 255. */
  ttl: number;
  /** Type of service or traffic class octet. */
  tos: number;
  /** TTL of multicast, 0 … 255; 1 stays on the link (RFC 1112 §6.1). */
  multicastTtl: number;
  /** Multicast comes back to our own members (IP_MULTICAST_LOOP). */
  multicastLoop: boolean;
  /** Interface that multicast leaves by; `undefined`: routing decides (IP_MULTICAST_IF). */
  multicastNetif: Netif | undefined;
  /** May send to broadcast addresses (SO_BROADCAST). */
  allowBroadcast: boolean;
  /** Send with DF, refuse what exceeds the path MTU. */
  dontFragment: boolean;
  /** Send without a checksum, over IPv4. */
  noChecksum: boolean;
  /** Groups are delivered whether or not this endpoint joined them, as long as the host did (IP_MULTICAST_ALL). */
  multicastAll: boolean;
  /** An unspecified source may go on the wire. */
  readonly allowUnspecifiedSource: boolean;
  /** Whether it speaks UDP-Lite. */
  readonly isLite: boolean;
  /** UDP-Lite: bytes under the checksum of what is sent; 0: all. */
  readonly sendCoverage: number;
  /** UDP-Lite: least coverage of what is received; 0: all. */
  readonly receiveCoverage: number;
  /** Groups it joined. */
  readonly memberships: MulticastMemberships;
  /** The interface whose address it was bound to and lost, for endpoints that follow; internal. */
  lostNetif: Netif | undefined;
  #isClosed: boolean;
  #tx: IpTx | undefined;
  #wantedSource: IpAddress;
  readonly #layer: UdpLayer;

  /** For {@linkcode UdpLayer.open} only. */
  constructor(layer: UdpLayer, options: UdpOpenOptions, localPort: number) {
    super(options.localAddress ?? IPV4_ANY, localPort);
    this.boundNetif = options.boundNetif;
    this.reuseAddress = options.reuseAddress ?? false;
    this.ipv6Only = options.ipv6Only ?? false;
    this.onReceive = options.onReceive;
    this.onError = options.onError;
    this.ttl = options.ttl ?? 64;
    this.tos = options.tos ?? 0;
    this.multicastTtl = 1;
    this.multicastLoop = true;
    this.multicastNetif = undefined;
    this.allowBroadcast = options.allowBroadcast ?? false;
    this.dontFragment = options.dontFragment ?? false;
    this.noChecksum = options.noChecksum ?? false;
    this.multicastAll = true;
    this.allowUnspecifiedSource = options.allowUnspecifiedSource ?? false;
    this.isLite = options.lite ?? false;
    this.sendCoverage = options.sendCoverage ?? 0;
    this.receiveCoverage = options.receiveCoverage ?? 8;
    this.memberships = new MulticastMemberships();
    this.lostNetif = undefined;
    this.#isClosed = false;
    this.#tx = undefined;
    this.#wantedSource = IPV4_ANY;
    this.#layer = layer;
  }

  /** Whether {@linkcode close} was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether it has one peer. */
  get isConnected(): boolean {
    return this.remoteAddress !== undefined;
  }

  /** Binds to another address and port; 0: an ephemeral one. The connection, if any, is kept.
   *
   * @throws {NetError} ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE, CLOSED; nothing has changed then.
   */
  bind(localAddress: IpAddress, localPort: number): void {
    this.#assertOpen("bind");
    this.#layer.rebind(this, localAddress, localPort);
  }

  /** Restricts it to one peer: only its datagrams and the errors about it come up, and {@linkcode send} goes there.
   *
   * @throws {NetError} NETWORK_UNREACHABLE and the like when no route leads there, ACCESS_DENIED for a broadcast
   * address without {@linkcode allowBroadcast}, CLOSED.
   * @throws {RangeError} when `port` is not 1 … 65535.
   */
  connect(address: IpAddress, port: number): void {
    this.#assertOpen("connect");
    assertPort(port);
    const code = this.#layer.output.prepare(this.#aim(address, undefined));
    if (code !== undefined) {
      throw new NetError(code, `Cannot connect to ${address} port ${port}: ${code}`, {
        remoteAddress: address.toString(),
        remotePort: port,
        localPort: this.localPort,
      });
    }
    this.#layer.reconnect(this, address, port);
  }

  /** Forgets the peer; harmless when there is none. */
  disconnect(): void {
    if (this.remoteAddress !== undefined && !this.#isClosed) this.#layer.reconnect(this, undefined, 0);
  }

  /** The source address that datagrams to the connected peer carry now: the bound one, or the one routing chose. */
  get sourceAddress(): IpAddress {
    return this.remoteAddress === undefined || this.#tx === undefined ? this.localAddress : this.#tx.source;
  }

  /** Largest payload that goes to the connected peer unfragmented, in bytes; 0 when not connected. */
  get pathPayloadBytes(): number {
    if (this.remoteAddress === undefined) return 0;
    const tx = this.#aim(this.remoteAddress, undefined);
    if (this.#layer.output.prepare(tx) !== undefined) return 0;
    return tx.pathMtu - (this.remoteAddress.family === 4 ? 20 : 40) - 8;
  }

  /** Sends a datagram to the connected peer; copies `data`.
   *
   * @returns as {@linkcode sendTo}, or NOT_CONNECTED.
   */
  send(data: Uint8Array): NetErrorCode | undefined {
    const remote = this.remoteAddress;
    if (remote === undefined) return this.#isClosed ? "CLOSED" : "NOT_CONNECTED";
    return this.sendTo(data, remote, this.remotePort);
  }

  /** Sends a datagram; copies `data`.
   *
   * @param via deviations for this one datagram.
   * @returns `undefined` when it went out or waits for a neighbour; MESSAGE_TOO_LONG; NO_BUFFERS when the pool or the
   * interface's queue is full (ENOMEM: try again a little later); ACCESS_DENIED for a broadcast address without
   * {@linkcode allowBroadcast}; NETWORK_UNREACHABLE, NETWORK_DOWN, ADDRESS_NOT_AVAILABLE; CLOSED.
   * @throws {RangeError} when `port` is not 1 … 65535.
   */
  sendTo(data: Uint8Array, address: IpAddress, port: number, via?: UdpSendVia): NetErrorCode | undefined {
    if (data.length > (address.family === 4 ? UDP_MAX_PAYLOAD_V4 : UDP_MAX_PAYLOAD_V6)) {
      return "MESSAGE_TOO_LONG";
    }
    if (this.#isClosed) return "CLOSED";
    const p = this.#layer.output.acquire(data.length);
    if (p === undefined) return "NO_BUFFERS";
    copyBytes(data, 0, data.length, p.bytes, p.start);
    return this.sendPbufTo(p, address, port, via);
  }

  /** Sends a packet as the payload of a datagram, without copying. Takes ownership of `p` in any case.
   *
   * @returns as {@linkcode sendTo}.
   * @throws {RangeError} when `port` is not 1 … 65535; `p` is released then.
   */
  sendPbufTo(p: Pbuf, address: IpAddress, port: number, via?: UdpSendVia): NetErrorCode | undefined {
    if (this.#isClosed) {
      p.release();
      return "CLOSED";
    }
    if (!(port >= 1 && port <= 65535)) {
      p.release();
      assertPort(port);
    }
    return this.#layer.output.send(this, p, this.#aim(address, via), port);
  }

  /** Joins a group on an interface, by default the bound one or the one that routing chooses for the group.
   *
   * @param sources accept these senders alone (RFC 4607); default: any.
   * @throws {NetError} NETWORK_UNREACHABLE when no interface is found, ADDRESS_IN_USE when it is a member already,
   * NO_BUFFERS past the bound of 20 groups, CLOSED.
   * @throws {RangeError} when `group` is not a multicast address.
   */
  joinGroup(group: IpAddress, netif?: Netif, sources?: readonly IpAddress[]): void {
    this.#assertOpen("join a group");
    const via = this.#groupNetif(group, netif);
    this.memberships.join(this.#layer.output.ip, via, group, sources);
  }

  /** Leaves a group which it joined.
   *
   * @throws {NetError} ADDRESS_NOT_AVAILABLE when it is no member.
   */
  leaveGroup(group: IpAddress, netif?: Netif): void {
    this.memberships.leave(group, netif);
  }

  /** Gives the port back and leaves all groups. Nothing is called afterwards; harmless when done already. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#layer.forget(this);
    this.memberships.clear();
    this.onReceive = undefined;
    this.onError = undefined;
  }

  /** Fills the transmit parameters for one destination; what routing found out is kept while the aim stays. */
  #aim(address: IpAddress, via: UdpSendVia | undefined): IpTx {
    let tx = this.#tx;
    if (tx === undefined) {
      tx = new IpTx();
      tx.protocol = this.isLite ? 136 : 17;
      tx.allowUnspecifiedSource = this.allowUnspecifiedSource;
      this.#tx = tx;
    }
    const isMulticast = address.isMulticast;
    let netif = isMulticast && this.multicastNetif !== undefined ? this.multicastNetif : this.boundNetif;
    let source = this.localAddress;
    tx.hopLimit = isMulticast ? this.multicastTtl : this.ttl;
    tx.tos = this.tos;
    if (via !== undefined) {
      if (via.netif !== undefined) netif = via.netif;
      if (via.source !== undefined) source = via.source;
      if (via.ttl !== undefined) tx.hopLimit = via.ttl;
      if (via.tos !== undefined) tx.tos = via.tos;
    }
    if (source.family !== address.family || source.isMulticast || source.isLimitedBroadcast) {
      source = address.family === 4 ? IPV4_ANY : IPV6_ANY;
    }
    tx.dontFragment = this.dontFragment;
    const allowBroadcast = this.allowBroadcast || !this.#layer.enforceBroadcast;
    if (
      tx.generation !== this.#layer.output.ip.generation || tx.boundNetif !== netif ||
      tx.allowBroadcast !== allowBroadcast || tx.multicastLoop !== this.multicastLoop ||
      !tx.destination.equals(address) || !this.#wantedSource.equals(source)
    ) {
      // Also after a change of routes: the source that was chosen then need not be the best one now.
      tx.boundNetif = netif;
      tx.allowBroadcast = allowBroadcast;
      tx.multicastLoop = this.multicastLoop;
      tx.destination = address;
      tx.source = source;
      tx.generation = -1;
      this.#wantedSource = source;
    }
    return tx;
  }

  #groupNetif(group: IpAddress, netif: Netif | undefined): Netif {
    if (!group.isMulticast) throw new RangeError(`Cannot join ${group}: not a multicast address`);
    if (netif !== undefined) return netif;
    const tx = this.#aim(group, undefined);
    const code = this.#layer.output.prepare(tx);
    if (code !== undefined || tx.netif === undefined) {
      throw new NetError(code ?? "NETWORK_UNREACHABLE", `Cannot join ${group}: no interface leads there`);
    }
    return tx.netif;
  }

  #assertOpen(what: string): void {
    if (this.#isClosed) throw new NetError("CLOSED", `Cannot ${what}: the endpoint is closed`);
  }
}

/** Refuses what is not a port that one can send to. */
function assertPort(port: number): void {
  if (!(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    throw new RangeError(`Cannot use port ${port}: it must be an integer from 1 to 65535`);
  }
}
