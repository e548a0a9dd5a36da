/** {@linkcode Ipv4Reassembly}: what {@linkcode Reassembly} does not know about IPv4.
 *
 * @module
 */
import { type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import { IPV4_ANY } from "../address.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import type { IpRxInfo } from "../protocol.ts";
import { combineEcn, Fragment, Reassembly, type ReassemblyOptions } from "../reassembly.ts";
import { IPV4_MORE_FRAGMENTS, IPV4_OFFSET, IPV4_OFFSET_MASK, writeIpv4Checksum } from "./ipv4_header.ts";

/** Reassembly of IPv4. */
export class Ipv4Reassembly {
  /** The packets in work. */
  readonly datagrams: Reassembly;
  readonly #ip: IpLayer;
  #fragment: Fragment | undefined = undefined;

  /** @param ip whose part this is. */
  constructor(ip: IpLayer, options: ReassemblyOptions | undefined) {
    this.#ip = ip;
    this.datagrams = new Reassembly(ip.host, {
      fragmentDropped: (p, reason) => {
        ip.counters.drops[reason]++;
        ip.hooks.dropped?.(reason, p, this.#fragment?.netif);
      },
      datagramFailed: (first, netif, isTimeout) => {
        ip.counters.reasmFails++;
        if (!isTimeout) return;
        ip.counters.drops["reassembly-timeout"]++;
        const iface = ip.interfaces.of(netif);
        if (first === undefined || iface === undefined) return;
        ip.icmpErrors.sendTimeExceeded(first, iface, 1);
        ip.flush();
      },
    }, options);
  }

  /** Takes one fragment, `p.start` at its header. Takes ownership.
   *
   * @returns the whole packet, header first, when it is complete: a header without traces of fragmentation.
   */
  input(p: Pbuf, iface: IpInterface, rx: IpRxInfo): Pbuf | undefined {
    const { view, start } = p;
    const word = view.getUint16(start + IPV4_OFFSET.flagsFragment);
    const fragment = this.#fragment ??= new Fragment(iface.netif, IPV4_ANY);
    fragment.netif = iface.netif;
    fragment.source = rx.source;
    fragment.destination = rx.destination;
    fragment.identification = view.getUint16(start + IPV4_OFFSET.identification);
    fragment.protocol = rx.protocol;
    fragment.offset = (word & IPV4_OFFSET_MASK) * 8;
    fragment.moreFragments = (word & IPV4_MORE_FRAGMENTS) !== 0;
    fragment.headerLength = rx.headerLength;
    fragment.ecn = rx.tos & 3;
    p.checksumStart = -1;
    p.gsoSize = 0;
    const { counters } = this.#ip;
    counters.reasmReqds++;
    const whole = this.datagrams.input(p, fragment);
    if (whole === undefined) return undefined;
    const length = whole.totalLength;
    const ecn = length > 0xffff
      ? -1
      : combineEcn(fragment.ecnSeen, whole.view.getUint8(whole.start + IPV4_OFFSET.tos) & 3);
    if (ecn < 0) {
      counters.reasmFails++;
      this.#ip.countDrop(whole, "bad-fragment", iface.netif);
      return undefined;
    }
    counters.reasmOKs++;
    this.#restoreHeader(whole, length, ecn);
    return whole;
  }

  #restoreHeader(whole: Pbuf, length: number, ecn: number): void {
    const { view, start } = whole;
    whole.flags &= ~PBUF_CHECKSUM_VERIFIED;
    view.setUint8(start + IPV4_OFFSET.tos, (view.getUint8(start + IPV4_OFFSET.tos) & 0xfc) | ecn);
    view.setUint16(start + IPV4_OFFSET.totalLength, length);
    view.setUint16(start + IPV4_OFFSET.flagsFragment, 0);
    writeIpv4Checksum(view, start, (view.getUint8(start) & 0x0f) * 4);
  }
}
