/** Data plane. {@linkcode Ipv4Output}: packets on their way down (RFC 1122 §3.3.1, RFC 791).
 *
 * @module
 */
import { clone, concatenate, DEFAULT_HEADROOM, type Pbuf, PBUF_MULTICAST_LOOP } from "@lightwire/pbuf";
import type { Clock, NetErrorCode, Netif } from "@lightwire/netif";
import { ipv4, IPV4_ANY } from "../address.ts";
import type { IpCounters, IpDropReason } from "../counters.ts";
import type { IpLayer } from "../ip_layer.ts";
import { IpTx } from "../ip_tx.ts";
import type { NeighborEntry } from "../neighbor_entry.ts";
import { ETHER_TYPE_IPV4 } from "../protocol_number.ts";
import {
  emitIpv4Header,
  IPV4_DONT_FRAGMENT,
  IPV4_HEADER_LENGTH,
  IPV4_HEADER_LENGTH_MAX,
  IPV4_OFFSET,
  writeIpv4Checksum,
} from "./ipv4_header.ts";
import { fragmentIpv4 } from "./ipv4_fragment.ts";
import { Ipv4Identification } from "./ipv4_identification.ts";

/** Output of IPv4. */
export class Ipv4Output {
  readonly #ip: IpLayer;
  readonly #clock: Clock;
  readonly #counters: IpCounters;
  readonly #identification: Ipv4Identification;
  readonly #rawTx: IpTx = new IpTx();

  /** @param ip whose part this is. */
  constructor(ip: IpLayer) {
    this.#ip = ip;
    this.#clock = ip.host.clock;
    this.#counters = ip.counters;
    this.#identification = new Ipv4Identification(ip.host.random);
  }

  /** Sends one packet; see {@linkcode IpLayer.output}. `tx` has been prepared. */
  output(p: Pbuf, tx: IpTx): boolean {
    this.#counters.outRequests++;
    const length = (p.next === undefined ? p.end - p.start : p.totalLength) + IPV4_HEADER_LENGTH;
    const isWhole = length <= tx.pathMtu || p.gsoSize > 0;
    if (!isWhole || !tx.isPlain || length > 0xffff || !p.prepend(IPV4_HEADER_LENGTH)) {
      return this.#outputSlowly(p, tx, length);
    }
    let id: number;
    let flags: number;
    if (tx.dontFragment && !tx.isPathNarrow) {
      id = this.#nextWithDf(p, tx, length);
      flags = IPV4_DONT_FRAGMENT;
    } else {
      id = this.#identification.next(tx.source.w3, tx.destination.w3, tx.protocol);
      flags = 0;
    }
    emitIpv4Header(
      p.view,
      p.start,
      tx.tos,
      length,
      id,
      flags,
      tx.hopLimit,
      tx.protocol,
      tx.source.w3,
      tx.destination.w3,
    );
    p.netifIndex = 0;
    const neighbor = tx.neighbor as NeighborEntry | undefined;
    const now = this.#clock.now();
    if (neighbor === undefined || now >= neighbor.reachableUntil) return this.#toNeighbor(p, tx);
    neighbor.usedAt = now;
    return this.transmit(neighbor.netif, p, neighbor.linkAddress);
  }

  /** Hands one finished packet to an interface; takes ownership. */
  transmit(netif: Netif, p: Pbuf, linkAddress: number): boolean {
    this.#ip.batch.markUsed(netif);
    this.#counters.outTransmits++;
    if (netif.output(p, ETHER_TYPE_IPV4, linkAddress)) return true;
    this.#counters.outDiscards++;
    this.#counters.drops["link-full"]++;
    return false;
  }

  /** Hands a packet to a neighbour that the cache knows; one that waited may have to be cut yet. Takes ownership. */
  transmitToNeighbor(neighbor: NeighborEntry, p: Pbuf): boolean {
    const { netif } = neighbor;
    const { view, start } = p;
    const canCut = p.gsoSize === 0 &&
      (view.getUint16(start + IPV4_OFFSET.flagsFragment) & IPV4_DONT_FRAGMENT) === 0;
    if (canCut) {
      let { mtu } = netif;
      if (this.#ip.pathMtu.size > 0) {
        const known = this.#ip.pathMtu.get(ipv4(view.getUint32(start + IPV4_OFFSET.destination)));
        if (known !== undefined && known < mtu) mtu = known;
      }
      if (view.getUint16(start + IPV4_OFFSET.totalLength) > mtu) return this.#fragments(p, neighbor, mtu);
    }
    return this.transmit(netif, p, neighbor.linkAddress);
  }

  /** Sends a packet which has its IP header already (raw endpoints with a header of their own; forwarded packets):
   * fragments it if it has to, which DF forbids. Takes ownership.
   *
   * @param mtu of the path.
   */
  outputFinished(p: Pbuf, neighbor: NeighborEntry, mtu: number): boolean {
    const length = p.totalLength;
    if (length <= mtu || p.gsoSize > 0) return this.#resolved(p, neighbor);
    if ((p.view.getUint16(p.start + 6) & IPV4_DONT_FRAGMENT) !== 0) {
      this.#counters.outFragFails++;
      return this.drop(p, "too-big", neighbor.netif);
    }
    return this.#fragments(p, neighbor, mtu);
  }

  /** Sends a packet whose IP header the user wrote (`IP_HDRINCL`). As elsewhere, the total length and the checksum are
   * filled in always, source and identification where they are 0. Takes ownership.
   *
   * @returns why it was not sent.
   */
  outputWithHeader(p: Pbuf, boundNetif: Netif | undefined): NetErrorCode | undefined {
    const { view, start } = p;
    const length = p.totalLength;
    const headerLength = p.end - start < IPV4_HEADER_LENGTH ? 0 : (view.getUint8(start) & 0x0f) * 4;
    if (
      headerLength < IPV4_HEADER_LENGTH || headerLength > p.end - start || view.getUint8(start) >>> 4 !== 4
    ) {
      this.drop(p, "bad-header-length", boundNetif);
      return "INVALID_STATE";
    }
    const ip = this.#ip;
    const tx = this.#rawTx;
    tx.destination = ipv4(view.getUint32(start + IPV4_OFFSET.destination));
    tx.source = IPV4_ANY;
    tx.boundNetif = boundNetif;
    tx.allowUnspecifiedSource = true;
    tx.generation = -1;
    const error = length > 0xffff ? "MESSAGE_TOO_LONG" : ip.prepare(tx);
    if (error !== undefined) {
      this.drop(p, error === "MESSAGE_TOO_LONG" ? "too-big" : "no-route", boundNetif);
      return error;
    }
    const iface = ip.interfaces.of(tx.netif!)!;
    if (view.getUint32(start + IPV4_OFFSET.source) === 0) {
      view.setUint32(start + IPV4_OFFSET.source, ip.sourceOn(iface, tx.nextHop).w3);
    }
    if (view.getUint16(start + IPV4_OFFSET.identification) === 0) {
      const id = this.#identification.next(view.getUint32(start + IPV4_OFFSET.source), tx.destination.w3, 0);
      view.setUint16(start + IPV4_OFFSET.identification, id);
    }
    view.setUint16(start + IPV4_OFFSET.totalLength, length);
    writeIpv4Checksum(view, start, headerLength);
    this.#counters.outRequests++;
    p.netifIndex = 0;
    if (tx.neighbor === iface.self) return this.#toSelf(p, tx) ? undefined : "NO_BUFFERS";
    const neighbor = (tx.neighbor as NeighborEntry | undefined) ??
      ip.neighbors.obtain(iface.netif, tx.nextHop);
    return this.outputFinished(p, neighbor, tx.pathMtu) ? undefined : "NO_BUFFERS";
  }

  /** Counts, tells and releases a packet that will not be sent. */
  drop(p: Pbuf, reason: IpDropReason, netif: Netif | undefined): false {
    this.#counters.outDiscards++;
    this.#counters.drops[reason]++;
    this.#ip.hooks.dropped?.(reason, p, netif);
    p.release();
    return false;
  }

  /** Identification for a packet with DF, which no router splits: any will do (RFC 6864 §4.1). It counts up per flow, as
   * receivers that merge segments expect; a super-segment uses up one for each of its parts. */
  #nextWithDf(p: Pbuf, tx: IpTx, length: number): number {
    const id = tx.identification;
    tx.identification = (id + (p.gsoSize > 0 ? Math.ceil(length / p.gsoSize) : 1)) & 0xffff;
    return id;
  }

  /** Everything that is not one plain packet. */
  #outputSlowly(p: Pbuf, tx: IpTx, length: number): boolean {
    const netif = tx.netif!;
    const options = tx.options;
    let headerLength = IPV4_HEADER_LENGTH;
    if (options !== undefined) headerLength += (options.length + 3) & ~3;
    const total = length + headerLength - IPV4_HEADER_LENGTH;
    if (headerLength > IPV4_HEADER_LENGTH_MAX || total > 0xffff) return this.drop(p, "too-big", netif);
    const isTooBig = total > tx.pathMtu && p.gsoSize === 0;
    if (isTooBig && tx.dontFragment && !tx.isPathNarrow) {
      this.#counters.outFragFails++;
      return this.drop(p, "too-big", netif);
    }
    const packet = this.#withRoom(p, headerLength);
    if (packet === undefined) return this.drop(p, "no-buffers", netif);
    const id = this.#identification.next(tx.source.w3, tx.destination.w3, tx.protocol);
    const flags = tx.dontFragment && !tx.isPathNarrow ? IPV4_DONT_FRAGMENT : 0;
    emitIpv4Header(
      packet.view,
      packet.start,
      tx.tos,
      total,
      id,
      flags,
      tx.hopLimit,
      tx.protocol,
      tx.source.w3,
      tx.destination.w3,
    );
    if (options !== undefined) writeOptions(packet, options, headerLength);
    packet.netifIndex = 0;
    return this.#sendSlowly(packet, tx, isTooBig);
  }

  #sendSlowly(p: Pbuf, tx: IpTx, isTooBig: boolean): boolean {
    const neighbor = tx.neighbor as NeighborEntry | undefined;
    if (neighbor !== undefined && neighbor === this.#ip.interfaces.of(tx.netif!)?.self) {
      return this.#toSelf(p, tx);
    }
    if (tx.destination.isMulticast) {
      this.#counters.outMcastPkts++;
      if (tx.multicastLoop) this.#loopCopy(p, tx);
      if (tx.hopLimit === 0) {
        p.release();
        return true;
      }
    } else if (neighbor?.linkAddress === 0xffff_ffff_ffff) {
      this.#counters.outBcastPkts++;
    }
    if (!isTooBig) return neighbor === undefined ? this.#toNeighbor(p, tx) : this.#resolved(p, neighbor);
    return this.#fragments(p, neighbor ?? this.#ip.neighbors.obtain(tx.netif!, tx.nextHop), tx.pathMtu);
  }

  #toSelf(p: Pbuf, tx: IpTx): boolean {
    return this.#ip.selfDelivery.add(tx.netif!, p) || this.drop(p, "loop-queue-full", tx.netif);
  }

  /** Cuts a packet and sends the pieces. While the neighbour is being asked for, the packet waits in one piece: a queue of
   * three would not hold the fragments of a large one. */
  #fragments(p: Pbuf, neighbor: NeighborEntry, mtu: number): boolean {
    if (neighbor.state === "INCOMPLETE" || neighbor.state === "FAILED") {
      return this.#ip.neighbors.output(neighbor, p);
    }
    this.#counters.outFragReqds++;
    const fragments = fragmentIpv4(p, mtu);
    if (fragments === undefined) {
      this.#counters.outFragFails++;
      return this.drop(p, "no-buffers", neighbor.netif);
    }
    this.#counters.outFragOKs++;
    this.#counters.outFragCreates += fragments.length;
    let isSent = true;
    for (const fragment of fragments) if (!this.#resolved(fragment, neighbor)) isSent = false;
    return isSent;
  }

  /** The neighbour is not (any more) known to be reachable, or not known at all. */
  #toNeighbor(p: Pbuf, tx: IpTx): boolean {
    let neighbor = tx.neighbor as NeighborEntry | undefined;
    if (neighbor === undefined || neighbor.state === "FAILED") {
      neighbor = this.#ip.neighbors.obtain(tx.netif!, tx.nextHop);
      tx.neighbor = neighbor;
    }
    return this.#resolved(p, neighbor);
  }

  #resolved(p: Pbuf, neighbor: NeighborEntry): boolean {
    if (neighbor.state === "STATIC") return this.transmit(neighbor.netif, p, neighbor.linkAddress);
    return this.#ip.neighbors.output(neighbor, p);
  }

  /** Makes room for the header in front of `p`, in a node of its own if need be. */
  #withRoom(p: Pbuf, headerLength: number): Pbuf | undefined {
    if (p.prepend(headerLength)) return p;
    const head = this.#ip.host.pool.acquire(headerLength, DEFAULT_HEADROOM);
    if (head === undefined) return undefined;
    head.gsoSize = p.gsoSize;
    head.flags = p.flags;
    concatenate(head, p);
    return head;
  }

  /** RFC 1112 §6.1: a member gets its own packets too. */
  #loopCopy(p: Pbuf, tx: IpTx): void {
    if (!this.#ip.isMember(tx.netif!, tx.destination)) return;
    const copy = clone(p);
    if (copy === undefined) {
      this.#counters.drops["no-buffers"]++;
      return;
    }
    copy.flags |= PBUF_MULTICAST_LOOP;
    if (!this.#ip.selfDelivery.add(tx.netif!, copy)) {
      this.#counters.drops["loop-queue-full"]++;
      copy.release();
    }
  }
}

function writeOptions(p: Pbuf, options: Uint8Array, headerLength: number): void {
  const at = p.start + IPV4_HEADER_LENGTH;
  p.bytes.fill(0, at, p.start + headerLength);
  p.bytes.set(options, at);
  p.view.setUint8(p.start, 0x40 | (headerLength >> 2));
  writeIpv4Checksum(p.view, p.start, headerLength);
}
