/** What a stack says about itself: {@linkcode stackStatus} for people, {@linkcode stackStats} for measuring.
 *
 * @module
 */
import type { PbufPool, PbufPoolCounters } from "@lightwire/pbuf";
import type { NetifCounters } from "@lightwire/netif";
import { formatPrefix, type IcmpCounters, type IpCounters, type IpLayer } from "@lightwire/ip";
import type { TcpCounters, TcpLayer } from "@lightwire/tcp";
import type { UdpCounters, UdpLayer } from "@lightwire/udp";
import type { Pump, PumpCounters } from "./pump.ts";
import type { StackInterface } from "./stack_interface.ts";

/** One interface of a {@linkcode StackStatus}. */
export interface InterfaceStatus {
  /** Name, like "en0". */
  readonly name: string;
  /** Whether traffic flows. */
  readonly isUp: boolean;
  /** Largest packet in bytes. */
  readonly mtu: number;
  /** Station address, `undefined` where the link has none. */
  readonly mac: string | undefined;
  /** Our addresses, like "10.0.0.2/24". */
  readonly addresses: readonly string[];
  /** RFC 2863 counters. */
  readonly counters: Readonly<NetifCounters>;
}

/** One route of a {@linkcode StackStatus}. */
export interface RouteStatus {
  /** The network, like "10.0.0.0/8". */
  readonly destination: string;
  /** The router; `undefined`: the network is on the link. */
  readonly gateway: string | undefined;
  /** Name of the interface. */
  readonly interface: string;
  /** Among routes to the same network the smallest wins. */
  readonly metric: number;
}

/** The state of a stack, for people. */
export interface StackStatus {
  /** All interfaces. */
  readonly interfaces: readonly InterfaceStatus[];
  /** All routes, longest prefixes first. */
  readonly routes: readonly RouteStatus[];
  /** Name servers in order of preference. */
  readonly nameServers: readonly string[];
}

/** All counters of a stack at one moment. */
export interface StackStats {
  /** IP: RFC 4293 names. */
  readonly ip: Readonly<IpCounters>;
  /** ICMP. */
  readonly icmp: Readonly<IcmpCounters>;
  /** UDP: RFC 4113 names. */
  readonly udp: Readonly<UdpCounters>;
  /** TCP: RFC 4022 names. */
  readonly tcp: Readonly<TcpCounters>;
  /** TCP connections, TIME-WAIT included. */
  readonly tcpConnections: number;
  /** Packet memory. */
  readonly pool: Readonly<PbufPoolCounters>;
  /** Armed timers. */
  readonly timers: number;
  /** The pump. */
  readonly pump: Readonly<PumpCounters>;
  /** RFC 2863 counters of each interface by its name. */
  readonly interfaces: Readonly<Record<string, Readonly<NetifCounters>>>;
}

/** What is reported on. */
export interface StatusSource {
  /** All interfaces. */
  readonly interfaces: readonly StackInterface[];
  /** The network layer. */
  readonly ip: IpLayer;
  /** UDP. */
  readonly udp: UdpLayer;
  /** TCP. */
  readonly tcp: TcpLayer;
  /** Packet memory. */
  readonly pool: PbufPool;
  /** Timers. */
  readonly timers: { readonly size: number };
  /** The pump. */
  readonly pump: Pump;
  /** Name servers in order of preference. */
  readonly nameServers: readonly string[];
}

/** Interfaces, routes and name servers. */
export function stackStatus(stack: StatusSource): StackStatus {
  return {
    interfaces: stack.interfaces.map((i) => ({
      name: i.name,
      isUp: i.isUp,
      mtu: i.mtu,
      mac: i.mac,
      addresses: i.addresses,
      counters: { ...i.netif.counters },
    })),
    routes: [...stack.ip.routes].map((route) => ({
      destination: formatPrefix(route.destination),
      gateway: route.gateway?.toString(),
      interface: (route.netif ?? stack.ip.routes.lookup(route.destination.address)?.netif)?.name ?? "",
      metric: route.metric,
    })),
    nameServers: stack.nameServers,
  };
}

/** Copies of all counters. */
export function stackStats(stack: StatusSource): StackStats {
  return {
    ip: structuredClone(stack.ip.counters),
    icmp: structuredClone(stack.ip.icmpCounters),
    udp: structuredClone(stack.udp.counters),
    tcp: structuredClone(stack.tcp.counters),
    tcpConnections: stack.tcp.connectionCount,
    pool: { ...stack.pool.counters },
    timers: stack.timers.size,
    pump: { ...stack.pump.counters },
    interfaces: Object.fromEntries(stack.interfaces.map((i) => [i.name, { ...i.netif.counters }])),
  };
}
