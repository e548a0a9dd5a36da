/** {@linkcode Accounts}: every frame that goes in must come out in a counter.
 *
 * @module
 */
import type { FuzzHost, FuzzWorld } from "./fuzz_world.ts";
import type { NetifCounters } from "@lightwire/netif";

/** What a host has counted at one moment, layer by layer. */
interface Balance {
  /** Frames that the interface dropped. */
  frameDrops: number;
  /** Packets that the interface handed up. */
  frameDelivers: number;
  /** Packets that arrived at IP or ARP. */
  packets: number;
  /** IPv4 packets that IP disposed of: dropped, handed up, kept as fragments. */
  packetDisposals: number;
  /** Packets handed up by IP. */
  packetDelivers: number;
  /** What the protocols above disposed of. */
  segments: number;
}

/** Compares the counters of a host before and after a frame. */
export class Accounts {
  readonly #world: FuzzWorld;
  readonly #host: FuzzHost;
  #before: Balance;

  /** Accounts of the target of a world. */
  constructor(world: FuzzWorld) {
    this.#world = world;
    this.#host = world.target;
    this.#before = balance(this.#host);
  }

  /** Notes the counters before a frame. */
  open(): void {
    this.#before = balance(this.#host);
  }

  /** What is not accounted for after that frame, or `undefined`. */
  settle(): string | undefined {
    const b = this.#before;
    const a = balance(this.#host);
    const frames = a.frameDrops - b.frameDrops + a.frameDelivers - b.frameDelivers;
    if (frames !== 1) return `the interface counted one frame ${frames} times`;
    const delivered = a.frameDelivers - b.frameDelivers;
    const packets = a.packets - b.packets;
    if (packets < delivered) return "a packet handed up by the interface arrived nowhere";
    if (a.packetDisposals - b.packetDisposals < packets) return "a packet was neither dropped nor handed up";
    if (a.segments - b.segments < a.packetDelivers - b.packetDelivers) {
      return "a packet handed up by IP was not counted";
    }
    return undefined;
  }

  /** Adds all counters to totals by name. */
  addTo(totals: Map<string, number>): void {
    addCounters(totals, this.#host);
    add(totals, "dhcp", this.#world.dhcp.counters);
    add(totals, "dhcp.received", this.#world.dhcp.counters.received);
    add(totals, "dns", this.#world.dns.counters);
  }
}

/** Adds the counters of a host's layers to totals by name, like "ip.drops.bad-checksum"; zeros are left out. */
export function addCounters(totals: Map<string, number>, { netif, ip, udp, tcp }: FuzzHost): void {
  add(totals, "netif", netif.counters);
  add(totals, "ip", ip.counters);
  add(totals, "ip.drops", ip.counters.drops);
  add(totals, "arp", ip.arp.counters);
  add(totals, "icmp", ip.icmpCounters);
  add(totals, "udp", udp.counters);
  add(totals, "tcp", tcp.counters);
  add(totals, "igmp", ip.igmp.counters);
}

function balance({ netif, ip, udp, tcp }: FuzzHost): Balance {
  const n: NetifCounters = netif.counters;
  const i = ip.counters;
  const u = udp.counters;
  const arp = ip.arp.counters;
  const arpPackets = arp.inErrors + arp.inRequests + arp.inReplies;
  let drops = 0;
  for (const reason in i.drops) drops += i.drops[reason as keyof typeof i.drops];
  return {
    frameDrops: n.ifInDiscards + n.ifInErrors + n.ifInUnknownProtos + n.inFiltered,
    frameDelivers: n.ifInUcastPkts + n.ifInMulticastPkts + n.ifInBroadcastPkts,
    packets: i.inReceives + arpPackets + i.drops["unknown-ether-type"],
    packetDisposals: drops + i.inDelivers + i.reasmReqds + i.outForwDatagrams + arpPackets,
    packetDelivers: i.inDelivers,
    segments: ip.icmpCounters.inMsgs + ip.igmp.counters.inMsgs + u.udpInDatagrams + u.udpNoPorts +
      u.udpInErrors + u.inFiltered +
      tcp.counters.inSegs,
  };
}

function add(totals: Map<string, number>, prefix: string, counters: object): void {
  for (const [name, value] of Object.entries(counters)) {
    if (typeof value !== "number" || value === 0) continue;
    const key = `${prefix}.${name}`;
    totals.set(key, (totals.get(key) ?? 0) + value);
  }
}
