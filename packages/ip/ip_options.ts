/** What an {@linkcode IpLayer} is made from: its host, its options and its hooks.
 *
 * @module
 */
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import type { Clock, Netif, Random, TimerQueue, WallClock } from "@lightwire/netif";
import type { IpAddress } from "./address.ts";
import type { IpDropReason } from "./counters.ts";
import type { MembershipReporterOptions } from "./membership_reporter.ts";
import type { MulticastOptions } from "./multicast_membership.ts";
import type { NeighborCacheOptions } from "./neighbor_options.ts";
import type { PathMtuOptions } from "./path_mtu.ts";
import type { ReassemblyOptions } from "./reassembly.ts";
import type { RouteTableOptions } from "./route_table.ts";

/** The environment that the host supplies: the only sources of time, entropy and memory. */
export interface IpHost {
  /** Monotonic time. */
  readonly clock: Clock;
  /** Timers on that clock. */
  readonly timers: TimerQueue;
  /** Entropy. */
  readonly random: Random;
  /** Packet memory. */
  readonly pool: PbufPool;
}

/** Where a hook wants a packet to go. */
export interface HookedRoute {
  /** Interface to send out. */
  readonly netif: Netif;
  /** Router; `undefined`: the destination is on the link. */
  readonly gateway?: IpAddress;
}

/** Hooks of the IP layer: lwIP's `LWIP_HOOK_…` as typed functions. They run to completion, must not throw and
 * must not call back into the stack. */
export interface IpHooks {
  /** `LWIP_HOOK_IP4_INPUT`: sees every IPv4 packet before anyone else, `p.start` at its header.
   * @returns true when it ate the packet (and took ownership of it). */
  ip4Input?: ((p: Pbuf, netif: Netif) => boolean) | undefined;
  /** `LWIP_HOOK_IP4_ROUTE` and `…_ROUTE_SRC`: asked for packets which no route leads anywhere.
   * @param source our address, unspecified if not yet chosen.
   * @returns `undefined`: no route. */
  ip4Route?: ((destination: IpAddress, source: IpAddress) => HookedRoute | undefined) | undefined;
  /** `LWIP_HOOK_IP4_CANFORWARD`: asked about each packet to be forwarded.
   * @returns true forward, false drop, `undefined` apply the usual rules. */
  ip4CanForward?: ((p: Pbuf, destination: IpAddress) => boolean | undefined) | undefined;
  /** `LWIP_HOOK_ETHARP_GET_GW`: chooses another router for a packet that leaves the link.
   * @returns `undefined`: keep the one of the route. */
  arpGetGateway?: ((netif: Netif, destination: IpAddress) => IpAddress | undefined) | undefined;
  /** `LWIP_IP_ACCEPT_UDP_PORT`: further UDP ports that an interface without an address takes packets for. 68 (DHCP)
   * always is one. */
  acceptUdpPort?: ((port: number) => boolean) | undefined;
  /** `LWIP_ARP_FILTER_NETIF_FN`: which interface an ARP packet belongs to.
   * @returns the interface, or `undefined` to drop the packet. */
  arpFilter?: ((p: Pbuf, netif: Netif) => Netif | undefined) | undefined;
  /** Called for each packet that is dropped, with the reason it is counted under; `p` is borrowed. */
  dropped?: ((reason: IpDropReason, p: Pbuf, netif: Netif | undefined) => void) | undefined;
}

/** A limit on packets per second that tolerates bursts. */
export interface RateLimit {
  /** Long-term average; `Infinity` for no limit. */
  readonly perSecond: number;
  /** Packets that may go at once after a pause. */
  readonly burst: number;
}

/** Options of an {@linkcode IpLayer}. */
export interface IpOptions {
  /** Forward packets that are not for us. Default false. */
  readonly forwarding?: boolean;
  /** Forward out of the interface a packet came in by. Default false (lwIP's `IP_FORWARD_ALLOW_TX_ON_RX_NETIF`). */
  readonly forwardBackOut?: boolean;
  /** Lower the MSS option of forwarded SYNs to what fits into the MTU of both interfaces they pass (MSS clamping). Default false. */
  readonly clampMss?: boolean;
  /** TTL of packets that the stack itself originates (ICMP, raw). Default 64 (RFC 1700, and ESP-IDF). */
  readonly defaultTtl?: number;
  /** Take packets only on the interface that owns their destination, and send only from the interface that owns the
   * source (strong host model, RFC 1122 §3.3.4.2). Default false: weak. */
  readonly strongHost?: boolean;
  /** Options in received packets: "accept" (default): tolerated, record route and timestamp filled in if
   * {@linkcode recordRoute}; "drop": such packets are dropped (lwIP's `IP_OPTIONS_ALLOWED 0`). */
  readonly ipOptions?: "accept" | "drop";
  /** Fill in record route and timestamp options (RFC 1122 §3.2.2.6, RFC 1812 §5.3.13). Default false: they tell strangers
   * about the network (RFC 7126 §4.6). */
  readonly recordRoute?: boolean;
  /** Source-routed packets: "refuse" (default, RFC 7126 §4.3); "accept-final": taken when we are the last hop. */
  readonly sourceRoute?: "refuse" | "accept-final";
  /** ICMP errors that we send. Default 1000 per second, bursts of 50. */
  readonly icmpErrorRate?: RateLimit;
  /** ICMP replies that we send. Default: no limit, since a reply is never longer than its request. */
  readonly icmpEchoRate?: RateLimit;
  /** ARP replies that we send. Default 1000 per second, bursts of 200. */
  readonly arpReplyRate?: RateLimit;
  /** Bytes of the offending packet that an ICMP error quotes at most; 28 quotes the least that is allowed. Default 548, which
   * makes errors of 576 bytes (RFC 1812 §4.3.2.3). */
  readonly icmpQuoteBytes?: number;
  /** Answer echo requests to a broadcast address. Default false (RFC 1122 §3.2.2.6 allows silence). */
  readonly broadcastPing?: boolean;
  /** Answer echo requests to a group. Default false. */
  readonly multicastPing?: boolean;
  /** Answer timestamp requests. Default false. */
  readonly timestampReply?: boolean;
  /** Obey redirects. Default false: anybody on the link can forge them. */
  readonly acceptRedirects?: boolean;
  /** Send redirects when forwarding back out of the same interface. Default false. */
  readonly sendRedirects?: boolean;
  /** Send a gratuitous ARP for each address when it is added and when its interface comes up. Default true. */
  readonly announceAddresses?: boolean;
  /** Announce every address again after this time, unasked (ESP-IDF: 60,000). Default 0: never, which keeps an idle stack
   * without timers. */
  readonly announceIntervalMs?: number;
  /** The neighbour cache. */
  readonly neighbors?: NeighborCacheOptions;
  /** The cache of path MTUs. */
  readonly pathMtu?: PathMtuOptions;
  /** Reassembly. */
  readonly reassembly?: ReassemblyOptions;
  /** Group membership. */
  readonly multicast?: MulticastOptions;
  /** Reports of group membership. */
  readonly igmp?: MembershipReporterOptions;
  /** The routing table. */
  readonly routes?: RouteTableOptions;
  /** Packets to ourselves that may wait for their turn when there is no loopback interface. Default 64. */
  readonly loopQueueMax?: number;
  /** Tells the date, for ICMP timestamp replies. */
  readonly wallClock?: WallClock;
}

/** Options with their defaults filled in. */
export interface ResolvedIpOptions {
  /** {@inheritDoc IpOptions.forwarding} */
  forwarding: boolean;
  /** {@inheritDoc IpOptions.forwardBackOut} */
  readonly forwardBackOut: boolean;
  /** {@inheritDoc IpOptions.clampMss} */
  readonly clampMss: boolean;
  /** {@inheritDoc IpOptions.defaultTtl} */
  readonly defaultTtl: number;
  /** {@inheritDoc IpOptions.strongHost} */
  readonly strongHost: boolean;
  /** {@inheritDoc IpOptions.ipOptions} */
  readonly ipOptions: "accept" | "drop";
  /** {@inheritDoc IpOptions.recordRoute} */
  readonly recordRoute: boolean;
  /** {@inheritDoc IpOptions.sourceRoute} */
  readonly sourceRoute: "refuse" | "accept-final";
  /** {@inheritDoc IpOptions.icmpErrorRate} */
  readonly icmpErrorRate: RateLimit;
  /** {@inheritDoc IpOptions.icmpEchoRate} */
  readonly icmpEchoRate: RateLimit;
  /** {@inheritDoc IpOptions.arpReplyRate} */
  readonly arpReplyRate: RateLimit;
  /** {@inheritDoc IpOptions.icmpQuoteBytes} */
  readonly icmpQuoteBytes: number;
  /** {@inheritDoc IpOptions.broadcastPing} */
  readonly broadcastPing: boolean;
  /** {@inheritDoc IpOptions.multicastPing} */
  readonly multicastPing: boolean;
  /** {@inheritDoc IpOptions.timestampReply} */
  readonly timestampReply: boolean;
  /** {@inheritDoc IpOptions.acceptRedirects} */
  readonly acceptRedirects: boolean;
  /** {@inheritDoc IpOptions.sendRedirects} */
  readonly sendRedirects: boolean;
  /** {@inheritDoc IpOptions.announceAddresses} */
  readonly announceAddresses: boolean;
  /** {@inheritDoc IpOptions.wallClock} */
  readonly wallClock: WallClock | undefined;
}

/** Fills in the defaults. */
export function resolveIpOptions(o: IpOptions): ResolvedIpOptions {
  return {
    forwarding: o.forwarding ?? false,
    forwardBackOut: o.forwardBackOut ?? false,
    clampMss: o.clampMss ?? false,
    defaultTtl: o.defaultTtl ?? 64,
    strongHost: o.strongHost ?? false,
    ipOptions: o.ipOptions ?? "accept",
    recordRoute: o.recordRoute ?? false,
    sourceRoute: o.sourceRoute ?? "refuse",
    icmpErrorRate: o.icmpErrorRate ?? { perSecond: 1000, burst: 50 },
    icmpEchoRate: o.icmpEchoRate ?? { perSecond: Infinity, burst: Infinity },
    arpReplyRate: o.arpReplyRate ?? { perSecond: 1000, burst: 200 },
    icmpQuoteBytes: o.icmpQuoteBytes ?? 548,
    broadcastPing: o.broadcastPing ?? false,
    multicastPing: o.multicastPing ?? false,
    timestampReply: o.timestampReply ?? false,
    acceptRedirects: o.acceptRedirects ?? false,
    sendRedirects: o.sendRedirects ?? false,
    announceAddresses: o.announceAddresses ?? true,
    wallClock: o.wallClock,
  };
}
