/** Data plane. {@linkcode Ipv4Input}: packets on their way up (RFC 1122 §3.2.1, RFC 1812 §5.2).
 *
 * @module
 */
import {
  type Pbuf,
  PBUF_LINK_BROADCAST,
  PBUF_LINK_MULTICAST,
  PBUF_LINK_OTHER_HOST,
  shrink,
} from "@lightwire/pbuf";
import type { Netif } from "@lightwire/netif";
import { ipv4 } from "../address.ts";
import type { IpCounters, IpDropReason } from "../counters.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import { IpRx } from "../ip_rx.ts";
import { IP_PROTOCOL_IGMP, IP_PROTOCOL_UDP } from "../protocol_number.ts";
import { ipv4HeaderSum } from "./ipv4_header.ts";
import { type Ipv4Options, newIpv4Options, scanIpv4Options } from "./ipv4_options.ts";

/** What a destination address means on the interface it came in by. */
const OTHER = 0;
const LOCAL = 1;
const BROADCAST = 2;
const GROUP = 3;
const INVALID = 4;

/** UDP port that an interface without an address takes packets for (RFC 2131 §4.1). */
const DHCP_CLIENT_PORT = 68;

/** Input of IPv4. */
export class Ipv4Input {
  readonly #ip: IpLayer;
  readonly #counters: IpCounters;
  readonly #rx: IpRx = new IpRx();
  readonly #options: Ipv4Options = newIpv4Options();
  // What the last packet's addresses meant; holds while interface and generation are the same.
  #iface: IpInterface | undefined = undefined;
  #generation = -1;
  #destination = 0;
  #kind = INVALID;
  #isSourceGood = false;
  #isFromSelf = false;

  /** @param ip whose part this is. */
  constructor(ip: IpLayer) {
    this.#ip = ip;
    this.#counters = ip.counters;
  }

  /** One packet, `p.start` at its header. Takes ownership of `p`. */
  input(iface: IpInterface, p: Pbuf): void {
    const counters = this.#counters;
    const view = p.view;
    const start = p.start;
    counters.inReceives++;
    const available = p.next === undefined ? p.end - start : p.totalLength;
    if (p.end - start < 20) return this.#malformed(p, iface, "truncated");
    const word0 = view.getUint32(start);
    const length = word0 & 0xffff;
    counters.inOctets += length;
    const word1 = view.getUint32(start + 4);
    const word2 = view.getUint32(start + 8);
    const source = view.getUint32(start + 12);
    const destination = view.getUint32(start + 16);
    let headerLength = 20;
    if (word0 >>> 24 === 0x45) {
      let sum = (word0 >>> 16) + (word0 & 0xffff) + (word1 >>> 16) + (word1 & 0xffff) + (word2 >>> 16) +
        (word2 & 0xffff) + (source >>> 16) + (source & 0xffff) + (destination >>> 16) +
        (destination & 0xffff);
      sum = (sum & 0xffff) + (sum >>> 16);
      if (((sum + (sum >>> 16)) & 0xffff) !== 0xffff) return this.#malformed(p, iface, "bad-checksum");
    } else {
      headerLength = (word0 >>> 22) & 0x3c;
      if (word0 >>> 28 !== 4) return this.#malformed(p, iface, "bad-version");
      if (headerLength < 20 || headerLength > p.end - start) {
        return this.#malformed(p, iface, "bad-header-length");
      }
      if (ipv4HeaderSum(view, start, headerLength) !== 0xffff) {
        return this.#malformed(p, iface, "bad-checksum");
      }
    }
    if (length < headerLength || length > available) return this.#truncated(p, iface);
    if (length < available) {
      if (p.next === undefined) p.end = start + length;
      else shrink(p, length);
    }
    const hook = this.#ip.hooks.ip4Input;
    if (hook !== undefined && hook(p, iface.netif)) return;
    this.#classify(iface, source, destination);
    const kind = this.#kind;
    if (
      (!this.#isSourceGood && !this.#isFromSelf) || (source === 0 && kind !== BROADCAST && kind !== GROUP)
    ) {
      return this.#misaddressed(p, iface, "bad-source");
    }
    if (kind === LOCAL) {
      if ((p.flags & (PBUF_LINK_BROADCAST | PBUF_LINK_MULTICAST | PBUF_LINK_OTHER_HOST)) !== 0) {
        return this.#drop(p, iface, "link-layer-mismatch");
      }
    } else if (!this.#isTaken(p, iface, kind, word2, headerLength)) {
      return;
    }
    if (headerLength > 20 && !this.#areOptionsGood(p, iface, headerLength)) return;
    const rx = this.#rx;
    rx.netif = iface.netif;
    rx.protocol = (word2 >>> 16) & 0xff;
    rx.hopLimit = word2 >>> 24;
    rx.tos = (word0 >>> 16) & 0xff;
    rx.headerLength = headerLength;
    rx.isBroadcast = kind === BROADCAST;
    rx.isMulticast = kind === GROUP;
    if ((word1 & 0x3fff) !== 0) return this.#fragment(p, iface);
    p.start = start + headerLength;
    this.#deliver(p, iface, start);
  }

  /** One packet which we sent ourselves; takes ownership. */
  inputFromSelf(netif: Netif, p: Pbuf): void {
    const iface = this.#ip.interfaces.of(netif);
    if (iface === undefined) return this.#ip.countDrop(p, "no-interface", netif);
    this.#isFromSelf = true;
    this.input(iface, p);
    this.#isFromSelf = false;
  }

  /** Hands a whole packet to raw endpoints, then to its protocol. `start` is where its header lies. */
  #deliver(p: Pbuf, iface: IpInterface, start: number): void {
    const ip = this.#ip;
    const rx = this.#rx;
    let wasSeen = false;
    if (ip.raw.count > 0) {
      const outcome = ip.raw.input(p, rx);
      wasSeen = outcome !== "none";
      if (wasSeen) this.#counters.inDelivers++;
      if (outcome === "eaten") return;
    }
    const handler = ip.protocols.byNumber[rx.protocol];
    if (handler === undefined) {
      if (wasSeen) {
        p.release();
        return;
      }
      this.#counters.inUnknownProtos++;
      p.start = start;
      if (!rx.isBroadcast && !rx.isMulticast) ip.icmpErrors.sendUnreachable(p, iface, "protocol-unreachable");
      return this.#count(p, iface, "unknown-protocol");
    }
    this.#counters.inDelivers++;
    const disposition = handler.ipInput(p, rx);
    if (disposition === "delivered") return;
    p.start = start;
    if (!rx.isBroadcast && !rx.isMulticast) ip.icmpErrors.sendUnreachable(p, iface, disposition);
    p.release();
  }

  /** Finds out what the two addresses mean, unless they are those of the packet before. */
  #classify(iface: IpInterface, source: number, destination: number): void {
    const ip = this.#ip;
    const isStale = iface !== this.#iface || ip.generation !== this.#generation;
    if (isStale || destination !== this.#destination) {
      this.#kind = this.#kindOf(iface, destination);
      this.#destination = destination;
      this.#rx.destination = ipv4(destination);
    }
    if (isStale || source !== this.#rx.source.w3) {
      this.#isSourceGood = this.#isGoodSource(iface, source);
      this.#rx.source = ipv4(source);
      this.#iface = iface;
      this.#generation = ip.generation;
    }
  }

  #kindOf(iface: IpInterface, destination: number): number {
    const ip = this.#ip;
    if (destination >>> 28 === 0xe) return GROUP;
    if (destination === 0xffffffff || iface.isBroadcast(destination)) return BROADCAST;
    const local = ip.interfaces.localIpv4(destination);
    if (destination >>> 24 === 127 && !iface.isLoopback) return INVALID;
    if (local !== undefined && !local.isTentative) {
      if (!ip.options.strongHost || local.owner === iface || iface.isLoopback) return LOCAL;
      return OTHER;
    }
    return destination === 0 || destination >>> 28 === 0xf ? INVALID : OTHER;
  }

  /** RFC 1122 §3.2.1.3: the source is one host, which is not us. */
  #isGoodSource(iface: IpInterface, source: number): boolean {
    if (source >>> 28 >= 0xe) return false;
    if (iface.isLoopback) return true;
    if (source >>> 24 === 127 || iface.isBroadcast(source)) return false;
    const own = this.#ip.interfaces.localIpv4(source);
    return own === undefined || own.isTentative;
  }

  /** Whether a packet that is not for one of our addresses is for us. If not, it has been dealt with. */
  #isTaken(p: Pbuf, iface: IpInterface, kind: number, word2: number, headerLength: number): boolean {
    const ip = this.#ip;
    switch (kind) {
      case BROADCAST:
        this.#counters.inBcastPkts++;
        return true;
      case GROUP:
        if (!this.#isWantedGroup(iface, (word2 >>> 16) & 0xff)) {
          this.#drop(p, iface, "not-a-member");
          return false;
        }
        this.#counters.inMcastPkts++;
        return true;
      case INVALID:
        this.#misaddressed(p, iface, "bad-destination");
        return false;
      default:
        break;
    }
    if ((p.flags & PBUF_LINK_OTHER_HOST) !== 0) {
      this.#drop(p, iface, "link-layer-mismatch");
      return false;
    }
    if (((word2 >>> 16) & 0xff) === IP_PROTOCOL_UDP && !iface.hasAddress(4)) {
      if (this.#isForUnconfigured(p, headerLength)) return true;
    }
    if (!ip.options.forwarding || iface.isLoopback) this.#misaddressed(p, iface, "not-for-us");
    else if (headerLength === 20 || this.#areOptionsGood(p, iface, headerLength)) {
      ip.forwarder.forward(p, iface);
    }
    return false;
  }

  /** Source filters are for data: a querier is heard in every group that is joined at all (RFC 3376 §5.2). */
  #isWantedGroup(iface: IpInterface, protocol: number): boolean {
    const { multicast } = this.#ip;
    const { destination, source } = this.#rx;
    if (protocol === IP_PROTOCOL_IGMP) return multicast.isMember(iface.netif, destination);
    return multicast.accepts(iface.netif, destination, source);
  }

  /** A DHCP server may send to the address which it is about to give us (RFC 2131 §4.1). */
  #isForUnconfigured(p: Pbuf, headerLength: number): boolean {
    const at = p.start + headerLength;
    if (at + 4 > p.end || (p.view.getUint16(p.start + 6) & 0x1fff) !== 0) return false;
    const port = p.view.getUint16(at + 2);
    return port === DHCP_CLIENT_PORT || this.#ip.hooks.acceptUdpPort?.(port) === true;
  }

  #areOptionsGood(p: Pbuf, iface: IpInterface, headerLength: number): boolean {
    const ip = this.#ip;
    const options = this.#options;
    if (ip.options.ipOptions === "drop" || !scanIpv4Options(p.bytes, p.start, headerLength, options)) {
      this.#counters.inHdrErrors++;
      if (ip.options.ipOptions !== "drop") ip.icmpErrors.sendParameterProblem(p, iface, options.errorAt);
      this.#count(p, iface, "bad-options");
      return false;
    }
    if (options.sourceRouteAt === 0) return true;
    if (ip.options.sourceRoute === "accept-final" && options.isSourceRouteDone) return true;
    this.#drop(p, iface, "source-route");
    return false;
  }

  #fragment(p: Pbuf, iface: IpInterface): void {
    const rx = this.#rx;
    const whole = this.#ip.reassembly4.input(p, iface, rx);
    if (whole === undefined) return;
    const start = whole.start;
    rx.headerLength = (whole.view.getUint8(start) & 0x0f) * 4;
    rx.tos = whole.view.getUint8(start + 1);
    whole.start += rx.headerLength;
    this.#deliver(whole, iface, start);
  }

  #malformed(p: Pbuf, iface: IpInterface, reason: IpDropReason): void {
    this.#counters.inHdrErrors++;
    this.#count(p, iface, reason);
  }

  #truncated(p: Pbuf, iface: IpInterface): void {
    this.#counters.inTruncatedPkts++;
    this.#count(p, iface, "truncated");
  }

  #misaddressed(p: Pbuf, iface: IpInterface, reason: IpDropReason): void {
    this.#counters.inAddrErrors++;
    this.#count(p, iface, reason);
  }

  #drop(p: Pbuf, iface: IpInterface, reason: IpDropReason): void {
    this.#counters.inDiscards++;
    this.#count(p, iface, reason);
  }

  #count(p: Pbuf, iface: IpInterface, reason: IpDropReason): void {
    this.#ip.countDrop(p, reason, iface.netif);
  }
}
