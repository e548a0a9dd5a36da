/** Options of a {@linkcode Stack} and of its interfaces.
 *
 * @module
 */
import type { PbufPool } from "@lightwire/pbuf";
import type { LinkDriver, MacAddress, NetifOptions, VlanMembership } from "@lightwire/netif";
import type { Clock, WallClock } from "@lightwire/netif/clock";
import type { Random } from "@lightwire/netif/random";
import type { TimerQueue } from "@lightwire/netif/timers";
import type { IpOptions } from "@lightwire/ip";
import type { TcpConnectionOptions, TcpOptions } from "@lightwire/tcp";
import type { UdpOptions } from "@lightwire/udp";
import type { DhcpClientOptions } from "@lightwire/dhcp";
import type { StubResolverOptions } from "@lightwire/dns";
import type { AbortOptions } from "./waiter.ts";

/** Options of a {@linkcode Stack}. */
export interface StackOptions {
  /** "host" (default): the event loop of the host drives the stack. "manual": whoever moves `clock` and runs `timers`
   * does, a simulation for instance; the stack itself only uses microtasks. */
  readonly pump?: "host" | "manual";
  /** Monotonic time; default: the host's. To be given with {@linkcode pump} "manual". */
  readonly clock?: Clock;
  /** Timers on that clock; default: an own queue. To be given with {@linkcode pump} "manual". */
  readonly timers?: TimerQueue;
  /** The date; default: the host's. */
  readonly wallClock?: WallClock;
  /** Entropy; default: the host's cryptographic generator. */
  readonly random?: Random;
  /** Packet memory; default: an own pool with the default size classes. */
  readonly pool?: PbufPool;
  /** Longest run without a turn of the event loop, in milliseconds; default 2. */
  readonly sliceMs?: number;
  /** Name of the host, told to DHCP servers. */
  readonly hostname?: string;
  /** Options of IP. */
  readonly ip?: IpOptions;
  /** Options of UDP. */
  readonly udp?: UdpOptions;
  /** Options of TCP, and defaults of connections. */
  readonly tcp?: TcpOptions;
  /** Options of the resolver; servers and search domains are those of the interfaces. */
  readonly dns?: Omit<StubResolverOptions, "servers" | "search">;
  /** Whether there is an interface "lo0" with 127.0.0.1/8; default true. */
  readonly loopback?: boolean;
}

/** One route that an interface brings along. */
export interface RouteSpecification {
  /** The network, like "10.0.0.0/8". */
  readonly destination: string;
  /** The router; default: the network is on the link. */
  readonly gateway?: string;
  /** Among routes to the same network the smallest wins; default 0. */
  readonly metric?: number;
}

/** Options of `Stack.addInterface`. */
export interface InterfaceOptions {
  /** The device. */
  readonly driver: LinkDriver;
  /** Name; default "en0", "en1", … for Ethernet, "ip0", … for others. */
  readonly name?: string;
  /** Our addresses, like "10.0.0.2/24". */
  readonly addresses?: readonly string[];
  /** Default router. */
  readonly gateway?: string;
  /** Further routes. */
  readonly routes?: readonly RouteSpecification[];
  /** Name servers. */
  readonly dns?: readonly string[];
  /** Ask a DHCP server for all of that; default false. */
  readonly dhcp?: boolean | DhcpClientOptions;
  /** Look for other stations with our {@linkcode addresses} before using them (RFC 5227 §2.1), some 4 to 7 s; default false. */
  readonly detectConflicts?: boolean;
  /** Largest packet; default: the driver's. */
  readonly mtu?: number;
  /** Station address, as number or like "02:00:00:00:00:01"; default: the driver's, else a random one of our own. */
  readonly mac?: MacAddress | string;
  /** Name told to the DHCP server; default: the stack's. */
  readonly hostname?: string;
  /** Be a host of one 802.1Q VLAN. */
  readonly vlan?: VlanMembership;
  /** Priority of its default route among those of other interfaces: the smallest wins. Default 0. */
  readonly metric?: number;
  /** Start up; default true. */
  readonly isUp?: boolean;
  /** Further options of the interface. */
  readonly netif?: Omit<NetifOptions, "name" | "index" | "macAddress" | "mtu" | "hostname" | "vlan">;
}

/** Options of `Stack.connect`; a superset of `Deno.ConnectOptions`. */
export interface ConnectOptions extends AbortOptions {
  /** Address or name; default "127.0.0.1". */
  readonly hostname?: string;
  /** Port, 1 … 65535. */
  readonly port: number;
  /** Only "tcp". */
  readonly transport?: "tcp";
  /** Our address; default: routing decides. */
  readonly localHostname?: string;
  /** Our port; default: an ephemeral one. */
  readonly localPort?: number;
  /** Name of the interface to use. */
  readonly networkInterface?: string;
  /** Milliseconds after which `TIMED_OUT` is the answer; default: when TCP gives up (two minutes). */
  readonly timeoutMs?: number;
  /** Head start of one address of a name before the next one is tried beside it; default 250 ms. */
  readonly autoSelectFamilyAttemptDelay?: number;
  /** Sent first, in the SYN if the server allows it (TCP Fast Open, RFC 7413), which saves a round trip. The server may get it twice:
   * only for requests that bear it. */
  readonly fastOpen?: Uint8Array;
  /** Options of the connection. */
  readonly tcp?: TcpConnectionOptions;
}

/** Options of `Stack.listen`; a superset of `Deno.TcpListenOptions`. */
export interface ListenOptions {
  /** Our address; default "0.0.0.0": all. */
  readonly hostname?: string;
  /** Port; 0 (default): an ephemeral one. */
  readonly port?: number;
  /** Only "tcp". */
  readonly transport?: "tcp";
  /** Connections that wait for `accept()`, at most; default 511. */
  readonly tcpBacklog?: number;
  /** Accept text in the SYNs of clients that were here before (TCP Fast Open, RFC 7413), of so many at a time; default 0: of none. */
  readonly fastOpen?: number;
  /** Name of the interface to use. */
  readonly networkInterface?: string;
  /** Options that the connections inherit. */
  readonly tcp?: TcpConnectionOptions;
}

/** Options of `Stack.listenDatagram`; a superset of `Deno.UdpListenOptions`. */
export interface ListenDatagramOptions {
  /** Our address, or a group; default "0.0.0.0": all. */
  readonly hostname?: string;
  /** Port; 0 (default): an ephemeral one. */
  readonly port?: number;
  /** "udp", or UDP-Lite (RFC 3828). */
  readonly transport?: "udp" | "udplite";
  /** Share the port with others that say so too; default false. */
  readonly reuseAddress?: boolean;
  /** Hear our own multicast; default false, as Deno has it. */
  readonly loopback?: boolean;
  /** May send to broadcast addresses; default true. */
  readonly broadcast?: boolean;
  /** Name of the interface to use. */
  readonly networkInterface?: string;
  /** TTL of what is sent; default 64. */
  readonly ttl?: number;
  /** Send with DF, refuse what exceeds the path MTU; default false. */
  readonly dontFragment?: boolean;
  /** Datagrams that may wait to be received; default 1,024. */
  readonly receiveQueueDatagrams?: number;
  /** Bytes that may wait to be received; default 1 MiB. */
  readonly receiveQueueBytes?: number;
}
