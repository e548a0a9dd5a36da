/** {@linkcode Arp}: address resolution for IPv4 on Ethernet (RFC 826, RFC 1122 §2.3.2, RFC 5227).
 *
 * What is believed, and why: a request for an address of ours makes or refreshes an entry (its sender is about to talk with
 * us); a reply counts as an answer only while we wait for one; everything else updates an entry that is
 * there, as `STALE`, and never makes one. So nobody can fill the cache, or own an address nobody asked about,
 * by talking alone.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress, Netif } from "@lightwire/netif";
import { ipv4 } from "../address.ts";
import { TokenBucket } from "../token_bucket.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import type { NeighborSolicitor } from "../neighbor_cache.ts";
import type { NeighborEntry } from "../neighbor_entry.ts";
import { ETHER_TYPE_ARP } from "../protocol_number.ts";
import {
  ARP_PACKET_LENGTH,
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  emitArpPacket,
  parseArpPacket,
} from "./arp_packet.ts";
import { ETHERNET_BROADCAST, selectIpv4Source } from "./ipv4_path.ts";

/** Counters of {@linkcode Arp}. */
export interface ArpCounters {
  /** Requests that arrived. */
  inRequests: number;
  /** Replies that arrived. */
  inReplies: number;
  /** Packets that could not be read. */
  inErrors: number;
  /** Packets not believed: replies nobody asked for, impossible senders. */
  inIgnored: number;
  /** Packets whose sender uses an address of ours. */
  inConflicts: number;
  /** Requests sent. */
  outRequests: number;
  /** Replies sent. */
  outReplies: number;
  /** Announcements sent (gratuitous ARP). */
  outAnnouncements: number;
  /** Probes sent (RFC 5227 §2.1.1). */
  outProbes: number;
  /** Replies not sent because of the rate limit. */
  outRateLimited: number;
  /** Packets not sent for want of memory or of room in the interface's queue. */
  outErrors: number;
}

/** Sees every good ARP packet of an interface before it is used; see `address_conflict.ts`. */
export type ArpObserver = (iface: IpInterface, packet: ArpPacket) => void;

/** ARP. */
export class Arp implements NeighborSolicitor {
  /** What happened so far. */
  readonly counters: ArpCounters = {
    inRequests: 0,
    inReplies: 0,
    inErrors: 0,
    inIgnored: 0,
    inConflicts: 0,
    outRequests: 0,
    outReplies: 0,
    outAnnouncements: 0,
    outProbes: 0,
    outRateLimited: 0,
    outErrors: 0,
  };
  readonly #ip: IpLayer;
  readonly #observer: ArpObserver;
  readonly #bucket: TokenBucket;

  /** The ARP of one IP layer.
   *
   * @param observer looks for conflicts. */
  constructor(ip: IpLayer, observer: ArpObserver) {
    this.#ip = ip;
    this.#observer = observer;
    this.#bucket = new TokenBucket(ip.host.clock, ip.options.arpReplyRate);
  }

  /** One packet, `p.start` at its first byte. Takes ownership. */
  input(netif: Netif, p: Pbuf): void {
    const ip = this.#ip;
    const filter = ip.hooks.arpFilter;
    const target = filter === undefined ? netif : filter(p, netif);
    const iface = target === undefined ? undefined : ip.interfaces.of(target);
    const packet = parseArpPacket(p.view, p.start, p.end - p.start);
    if (typeof packet === "string") this.counters.inErrors++;
    else if (iface !== undefined && iface.hasNeighbors) this.#arrives(iface, packet);
    p.release();
  }

  #arrives(iface: IpInterface, packet: ArpPacket): void {
    const { netif } = iface;
    const { counters } = this;
    if (packet.operation === ARP_REQUEST) counters.inRequests++;
    else counters.inReplies++;
    // RFC 1812 §3.3.2: a station address is one station's; and what we sent ourselves teaches nothing.
    if (
      isGroupMac(packet.senderHardware) || packet.senderHardware === netif.macAddress ||
      packet.senderHardware === 0
    ) {
      counters.inIgnored++;
      return;
    }
    this.#observer(iface, packet);
    const target = this.#ip.interfaces.localIpv4(packet.targetProtocol);
    const isForUs = target !== undefined && !target.isTentative && target.owner === iface;
    this.#learn(iface, packet, isForUs);
    // A sender that claims the very address is dealt with above, and not with an answer to every packet.
    if (isForUs && packet.operation === ARP_REQUEST && packet.senderProtocol !== packet.targetProtocol) {
      if (!this.#bucket.take()) {
        counters.outRateLimited++;
        return;
      }
      this.send(netif, ARP_REPLY, packet.targetProtocol, packet.senderHardware, packet.senderProtocol);
    }
  }

  #learn(iface: IpInterface, packet: ArpPacket, isForUs: boolean): void {
    const ip = this.#ip;
    const sender = packet.senderProtocol;
    if (sender === 0) return; // a probe: its sender has no address yet (RFC 5227 §1.1)
    const isHost = sender >>> 24 !== 0 && sender >>> 24 !== 127 && sender >>> 28 < 0xe &&
      !iface.isBroadcast(sender);
    if (!isHost || ip.interfaces.localIpv4(sender) !== undefined) {
      this.counters.inIgnored++;
      return;
    }
    const address = ipv4(sender);
    const entry = ip.neighbors.lookup(iface.netif, address);
    const isAnswer = entry !== undefined && packet.operation === ARP_REPLY && isForUs &&
      ip.neighbors.isSolicited(entry);
    if (entry === undefined && !(isForUs && packet.operation === ARP_REQUEST)) {
      this.counters.inIgnored++;
      return;
    }
    ip.neighbors.learn(
      iface.netif,
      address,
      packet.senderHardware,
      isAnswer ? "solicited" : "unsolicited",
      isForUs,
    );
  }

  /** {@inheritDoc NeighborSolicitor.solicit} */
  solicit(entry: NeighborEntry, isUnicast: boolean): void {
    const iface = this.#ip.interfaces.of(entry.netif);
    const source = iface === undefined ? undefined : selectIpv4Source(this.#ip, iface, entry.address);
    if (source === undefined) return;
    this.request(
      entry.netif,
      source.w3,
      entry.address.w3,
      isUnicast ? entry.linkAddress : ETHERNET_BROADCAST,
    );
    this.#ip.flush();
  }

  /** Asks who has `target`.
   *
   * @param sender our address, 0 for a probe.
   * @param destination station asked, or the broadcast address.
   */
  request(netif: Netif, sender: number, target: number, destination: MacAddress = ETHERNET_BROADCAST): void {
    if (sender === 0) this.counters.outProbes++;
    else if (sender === target) this.counters.outAnnouncements++;
    else this.counters.outRequests++;
    this.#transmit(netif, ARP_REQUEST, sender, 0, target, destination);
  }

  /** Tells everybody that `address` is ours (gratuitous ARP; RFC 5227 §2.3 wants a request). */
  announce(netif: Netif, address: number): void {
    this.request(netif, address, address);
  }

  /** Sends a packet of ours.
   *
   * @param sender our address.
   */
  send(netif: Netif, operation: number, sender: number, targetHardware: MacAddress, target: number): void {
    if (operation === ARP_REPLY) this.counters.outReplies++;
    this.#transmit(netif, operation, sender, targetHardware, target, targetHardware);
  }

  #transmit(
    netif: Netif,
    operation: number,
    senderProtocol: number,
    targetHardware: MacAddress,
    targetProtocol: number,
    destination: MacAddress,
  ): void {
    if (!netif.isUp) return;
    const p = this.#ip.host.pool.acquire(ARP_PACKET_LENGTH);
    if (p === undefined) {
      this.counters.outErrors++;
      return;
    }
    emitArpPacket(p.view, p.start, {
      operation,
      senderHardware: netif.macAddress,
      senderProtocol,
      targetHardware,
      targetProtocol,
    });
    this.#ip.batch.markUsed(netif);
    if (!netif.output(p, ETHER_TYPE_ARP, destination)) this.counters.outErrors++;
  }
}

function isGroupMac(mac: MacAddress): boolean {
  return Math.floor(mac / 0x100_0000_0000) % 2 === 1;
}
