/** Data plane. {@linkcode Ipv4Forwarder}: packets that only pass through (RFC 1812 §5.2, §5.3).
 *
 * @module
 */
import { type Pbuf, PBUF_LINK_BROADCAST, PBUF_LINK_MULTICAST, updateChecksum16 } from "@lightwire/pbuf";
import { type IpAddress, ipv4 } from "../address.ts";
import type { IpDropReason } from "../counters.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import type { NeighborEntry } from "../neighbor_entry.ts";
import type { RouteResult } from "../route_table.ts";
import { writablePbuf } from "../writable_pbuf.ts";
import { IPV4_DONT_FRAGMENT, IPV4_HEADER_LENGTH, IPV4_OFFSET, writeIpv4Checksum } from "./ipv4_header.ts";
import { clampTcpMss } from "./mss_clamp.ts";
import { newIpv4Options, recordInIpv4Options, scanIpv4Options } from "./ipv4_options.ts";

/** Forwarding of IPv4. */
export class Ipv4Forwarder {
  readonly #ip: IpLayer;
  // Where the last packet went; holds while destination and generation are the same.
  #generation = -1;
  #destination: IpAddress = ipv4(0);
  #found: RouteResult | undefined = undefined;
  #out: IpInterface | undefined = undefined;
  #neighbor: NeighborEntry | undefined = undefined;

  /** @param ip whose part this is. */
  constructor(ip: IpLayer) {
    this.#ip = ip;
  }

  /** Forwards one packet with a good header, or drops it with an ICMP error where one is due. Takes ownership. */
  forward(p: Pbuf, iface: IpInterface): void {
    const ip = this.#ip;
    const { view, start } = p;
    const destination = view.getUint32(start + IPV4_OFFSET.destination);
    if ((p.flags & (PBUF_LINK_BROADCAST | PBUF_LINK_MULTICAST)) !== 0) {
      return this.#drop(p, iface, "link-layer-mismatch");
    }
    this.#lookup(destination);
    const verdict = ip.hooks.ip4CanForward?.(p, this.#destination);
    const source = view.getUint32(start + IPV4_OFFSET.source);
    if (verdict === false || (verdict === undefined && !isForwardable(source, destination))) {
      return this.#drop(p, iface, "forbidden");
    }
    if (view.getUint8(start + IPV4_OFFSET.ttl) <= 1) {
      ip.icmpErrors.sendTimeExceeded(p, iface, 0);
      return this.#drop(p, iface, "hop-limit");
    }
    const found = this.#found;
    const out = this.#out;
    if (found === undefined || out === undefined) {
      ip.counters.outNoRoutes++;
      ip.icmpErrors.sendUnreachable(p, iface, "net-unreachable");
      return this.#drop(p, iface, "no-route");
    }
    const isBackOut = out === iface && !ip.options.forwardBackOut;
    // A directed broadcast is for the stations of that link to send (RFC 2644 §2).
    if (out.isBroadcast(destination) || (verdict === undefined && isBackOut)) {
      return this.#drop(p, iface, "forbidden");
    }
    if (out === iface && ip.options.sendRedirects && iface.addressToward(ipv4(source)) !== undefined) {
      ip.icmpErrors.sendRedirect(p, iface, found.nextHop.w3);
    }
    this.#send(p, iface, out);
  }

  #send(p: Pbuf, iface: IpInterface, out: IpInterface): void {
    const ip = this.#ip;
    const { mtu } = out.netif;
    const isSuper = p.gsoSize > 0 && p.totalLength > mtu;
    const isTooBig = (isSuper ? segmentLength(p) : p.totalLength) > mtu;
    const hasDf = (p.view.getUint16(p.start + IPV4_OFFSET.flagsFragment) & IPV4_DONT_FRAGMENT) !== 0;
    if (isTooBig && (hasDf || isSuper)) {
      ip.counters.outFragFails++;
      ip.icmpErrors.sendUnreachable(p, iface, "fragmentation-needed", mtu);
      return this.#drop(p, iface, "too-big");
    }
    const packet = writablePbuf(p);
    if (packet === undefined) {
      ip.counters.drops["no-buffers"]++;
      ip.counters.inDiscards++;
      return;
    }
    this.#decrementTtl(packet, out);
    if (ip.options.clampMss) clampTcpMss(packet, mtu < iface.netif.mtu ? mtu : iface.netif.mtu);
    packet.flags = 0;
    ip.counters.outForwDatagrams++;
    let neighbor = this.#neighbor;
    if (neighbor === undefined || neighbor.state === "FAILED") {
      neighbor = out.pointToPoint ?? ip.neighbors.obtain(out.netif, this.#found!.nextHop);
      this.#neighbor = neighbor;
    }
    ip.output4.outputFinished(packet, neighbor, mtu);
  }

  #decrementTtl(p: Pbuf, out: IpInterface): void {
    const ip = this.#ip;
    const { view, start } = p;
    const headerLength = (view.getUint8(start) & 0x0f) * 4;
    if (headerLength > IPV4_HEADER_LENGTH && ip.options.recordRoute) {
      const options = newIpv4Options();
      scanIpv4Options(p.bytes, start, headerLength, options);
      const own = ip.sourceOn(out, this.#found!.nextHop).w3;
      recordInIpv4Options(view, start, options, own, ip.icmp.timestamp());
      view.setUint8(start + IPV4_OFFSET.ttl, view.getUint8(start + IPV4_OFFSET.ttl) - 1);
      return writeIpv4Checksum(view, start, headerLength);
    }
    const before = view.getUint16(start + IPV4_OFFSET.ttl);
    const checksum = view.getUint16(start + IPV4_OFFSET.checksum);
    view.setUint16(start + IPV4_OFFSET.ttl, before - 0x100);
    view.setUint16(start + IPV4_OFFSET.checksum, updateChecksum16(checksum, before, before - 0x100));
  }

  #lookup(bits: number): void {
    const ip = this.#ip;
    if (bits === this.#destination.w3 && ip.generation === this.#generation) return;
    this.#destination = ipv4(bits);
    this.#generation = ip.generation;
    this.#found = ip.routes.lookup(this.#destination) ?? this.#hookedRoute();
    this.#out = this.#found === undefined ? undefined : ip.interfaces.of(this.#found.netif);
    this.#neighbor = undefined;
  }

  #hookedRoute(): RouteResult | undefined {
    const ip = this.#ip;
    const hooked = ip.hooks.ip4Route?.(this.#destination, ipv4(0));
    if (hooked === undefined || !hooked.netif.isUp) return undefined;
    return { route: undefined, netif: hooked.netif, nextHop: hooked.gateway ?? this.#destination };
  }

  #drop(p: Pbuf, iface: IpInterface, reason: IpDropReason): void {
    this.#ip.counters.inDiscards++;
    this.#ip.countDrop(p, reason, iface.netif);
  }
}

/** RFC 1812 §5.3.7, RFC 3927 §2.7: what never leaves its link. */
function isForwardable(source: number, destination: number): boolean {
  if (source >>> 24 === 0 || source >>> 24 === 127 || source >>> 16 === 0xa9fe) return false;
  return destination >>> 24 !== 0 && destination >>> 24 !== 127 && destination >>> 28 < 0xe &&
    destination >>> 16 !== 0xa9fe;
}

/** Bytes of the packets that a super-segment will be cut into. */
function segmentLength(p: Pbuf): number {
  const headerLength = (p.view.getUint8(p.start) & 0x0f) * 4;
  const dataOffsetAt = p.start + headerLength + 12;
  if (dataOffsetAt >= p.end) return 0xffff;
  return headerLength + (p.view.getUint8(dataOffsetAt) >>> 4) * 4 + p.gsoSize;
}
