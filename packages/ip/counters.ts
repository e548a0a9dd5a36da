/** Counters of the IP layer; names follow RFC 4293 where it has one.
 *
 * @module
 */

/** Why a packet was dropped on its way in or out. Each drop counts under exactly one reason. */
export type IpDropReason =
  | "truncated" // shorter than its header, or than the header says
  | "bad-version"
  | "bad-header-length"
  | "bad-checksum"
  | "bad-options"
  | "source-route" // refused: RFC 7126 §4.3
  | "bad-source" // a broadcast, group, loopback or own address as source
  | "bad-destination" // 0.0.0.0, class E, 127/8 from outside
  | "link-layer-mismatch" // unicast in a link-layer broadcast (RFC 1122 §3.3.6), or for another station
  | "not-for-us"
  | "not-a-member" // a group nobody here has joined
  | "unknown-ether-type"
  | "unknown-protocol"
  | "no-interface"
  | "interface-down"
  | "no-route"
  | "no-source-address"
  | "hop-limit" // ran out on the way
  | "forbidden" // by a hook or a rule of forwarding
  | "too-big" // and not to be fragmented
  | "no-buffers"
  | "link-full" // the interface's transmit queue
  | "neighbor-unresolved"
  | "neighbor-queue-full"
  | "loop-queue-full"
  | "bad-fragment" // impossible offset or length
  | "fragment-overlap" // RFC 5722
  | "fragment-duplicate"
  | "reassembly-limit"
  | "reassembly-timeout";

/** Number of drops for each reason. */
export type IpDropCounters = Record<IpDropReason, number>;

/** Counters of {@linkcode IpLayer}, of all interfaces together. */
export interface IpCounters {
  /** Packets that arrived, in error or not. */
  inReceives: number;
  /** Bytes of them. */
  inOctets: number;
  /** Packets handed to a protocol or a raw endpoint. */
  inDelivers: number;
  /** Packets with an unreadable header. */
  inHdrErrors: number;
  /** Packets whose destination is not valid here. */
  inAddrErrors: number;
  /** Packets for a protocol nobody registered. */
  inUnknownProtos: number;
  /** Packets shorter than their length field. */
  inTruncatedPkts: number;
  /** Good packets dropped for want of memory or by a rule. */
  inDiscards: number;
  /** Multicast packets that arrived for a joined group. */
  inMcastPkts: number;
  /** Broadcast packets that arrived. */
  inBcastPkts: number;
  /** Packets forwarded to another interface. */
  outForwDatagrams: number;
  /** Packets to be forwarded or sent for which there was no route. */
  outNoRoutes: number;
  /** Packets that upper layers asked to send. */
  outRequests: number;
  /** Packets (fragments counted one by one) handed to an interface. */
  outTransmits: number;
  /** Packets dropped on their way out. */
  outDiscards: number;
  /** Packets sent to a group. */
  outMcastPkts: number;
  /** Packets sent to a broadcast address. */
  outBcastPkts: number;
  /** Packets that needed fragmentation. */
  outFragReqds: number;
  /** Packets fragmented. */
  outFragOKs: number;
  /** Packets that needed fragmentation and could not get it. */
  outFragFails: number;
  /** Fragments made. */
  outFragCreates: number;
  /** Fragments that arrived. */
  reasmReqds: number;
  /** Packets put together. */
  reasmOKs: number;
  /** Packets given up. */
  reasmFails: number;
  /** Drops by reason. */
  readonly drops: IpDropCounters;
}

/** A new set of counters, all 0. */
export function newIpCounters(): IpCounters {
  return {
    inReceives: 0,
    inOctets: 0,
    inDelivers: 0,
    inHdrErrors: 0,
    inAddrErrors: 0,
    inUnknownProtos: 0,
    inTruncatedPkts: 0,
    inDiscards: 0,
    inMcastPkts: 0,
    inBcastPkts: 0,
    outForwDatagrams: 0,
    outNoRoutes: 0,
    outRequests: 0,
    outTransmits: 0,
    outDiscards: 0,
    outMcastPkts: 0,
    outBcastPkts: 0,
    outFragReqds: 0,
    outFragOKs: 0,
    outFragFails: 0,
    outFragCreates: 0,
    reasmReqds: 0,
    reasmOKs: 0,
    reasmFails: 0,
    drops: {
      "truncated": 0,
      "bad-version": 0,
      "bad-header-length": 0,
      "bad-checksum": 0,
      "bad-options": 0,
      "source-route": 0,
      "bad-source": 0,
      "bad-destination": 0,
      "link-layer-mismatch": 0,
      "not-for-us": 0,
      "not-a-member": 0,
      "unknown-ether-type": 0,
      "unknown-protocol": 0,
      "no-interface": 0,
      "interface-down": 0,
      "no-route": 0,
      "no-source-address": 0,
      "hop-limit": 0,
      "forbidden": 0,
      "too-big": 0,
      "no-buffers": 0,
      "link-full": 0,
      "neighbor-unresolved": 0,
      "neighbor-queue-full": 0,
      "loop-queue-full": 0,
      "bad-fragment": 0,
      "fragment-overlap": 0,
      "fragment-duplicate": 0,
      "reassembly-limit": 0,
      "reassembly-timeout": 0,
    },
  };
}

/** Counters of ICMP (RFC 4293's `icmpStatsTable` and `icmpMsgStatsTable`). */
export interface IcmpCounters {
  /** Messages that arrived, in error or not. */
  inMsgs: number;
  /** Messages with a wrong checksum or length, or about packets we never sent. */
  inErrors: number;
  /** Messages sent or tried to send. */
  outMsgs: number;
  /** Messages not sent for want of memory or a route. */
  outErrors: number;
  /** Messages not sent because of a rate limit. */
  outRateLimited: number;
  /** Messages that arrived, by type. */
  readonly inTypes: number[];
  /** Messages sent, by type. */
  readonly outTypes: number[];
}

/** A new set of counters, all 0. */
export function newIcmpCounters(): IcmpCounters {
  return {
    inMsgs: 0,
    inErrors: 0,
    outMsgs: 0,
    outErrors: 0,
    outRateLimited: 0,
    inTypes: new Array<number>(256).fill(0),
    outTypes: new Array<number>(256).fill(0),
  };
}
