/** {@linkcode ErrorDelivery}: what ICMP errors that arrive lead to, for both families.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { IpAddress } from "./address.ts";
import type { IpErrorRecord } from "./ip_error.ts";
import type { IpLayer } from "./ip_layer.ts";
import { prefixOf } from "./prefix.ts";
import type { IpErrorInfo, IpRxInfo } from "./protocol.ts";

/** Routes learned from redirects at most; the oldest gives way. */
const REDIRECTS_MAX = 64;

/** Hands errors to transports, and lets path MTUs and routes learn from them. */
export class ErrorDelivery {
  readonly #ip: IpLayer;
  readonly #listeners: ((error: IpErrorInfo) => void)[] = [];

  /** Nobody listens yet.
   *
   * @param ip whose part this is.
   */
  constructor(ip: IpLayer) {
    this.#ip = ip;
  }

  /** See {@linkcode IpLayer.onError}. */
  onError(listener: (error: IpErrorInfo) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }

  /** Hands an error to the protocol of the quoted packet and to everyone who asked for all. */
  deliver(error: IpErrorInfo): void {
    this.#ip.protocols.byNumber[error.protocol]?.ipError(error);
    for (const listener of [...this.#listeners]) listener(error);
  }

  /** A router says a packet of ours was too big (RFC 1191 §3). The protocol whose packet it was may object, so that a
   * stranger who guesses addresses alone cannot narrow our paths (RFC 5927 §7.2).
   *
   * @returns whether it is believed: `error.mtu` is the path MTU from now on.
   */
  tooBigArrives(error: IpErrorRecord, mtu: number, quotedLength: number): boolean {
    const ip = this.#ip;
    const handler = ip.protocols.byNumber[error.protocol];
    if (handler?.ownsPacket !== undefined && !handler.ownsPacket(error)) return false;
    const netif = ip.routes.lookup(error.remoteAddress, { source: error.localAddress })?.netif;
    if (netif === undefined) return false;
    const known = ip.pathMtu.report(error.remoteAddress, mtu, quotedLength, netif.mtu);
    if (known === undefined) return false;
    error.mtu = known;
    return true;
  }

  /** The neighbour that a packet waited for does not answer: its transport hears of it (RFC 1122 §2.3.2.2), or, if we were
   * to forward it, its sender (RFC 1812 §5.2.7.1). Takes ownership of `p`, whose first byte is its IP header's. */
  neighborFailed(p: Pbuf): void {
    const ip = this.#ip;
    ip.counters.outDiscards++;
    ip.counters.drops["neighbor-unresolved"]++;
    if (p.netifIndex === 0) {
      ip.icmp.reportLocally(p, "host-unreachable", 1);
    } else {
      for (const iface of ip.interfaces) {
        if (iface.netif.index === p.netifIndex) ip.icmpErrors.sendUnreachable(p, iface, "host-unreachable");
      }
    }
    p.release();
    ip.inputBatchEnd();
  }

  /** A router on the link knows a better one (RFC 1122 §3.2.2.2): believed from the router in use, about another one on
   * the same link. A neighbour is reached without a router, whatever it says itself. */
  redirectArrives(rx: IpRxInfo, destination: IpAddress, gateway: IpAddress): void {
    const ip = this.#ip;
    const iface = ip.interfaces.of(rx.netif);
    const found = ip.routes.lookup(destination);
    if (found === undefined || found.nextHop.equals(destination)) return;
    const isOnLink = iface?.addressToward(gateway) !== undefined && !ip.isLocalAddress(gateway);
    if (found.netif !== rx.netif || !found.nextHop.equals(rx.source) || !isOnLink) {
      return;
    }
    const redirected = [...ip.routes].filter((route) => route.origin === "redirect");
    const present = redirected.find((route) => route.destination.address.equals(destination));
    if (present !== undefined) ip.routes.remove(present);
    else if (redirected.length >= REDIRECTS_MAX) ip.routes.remove(redirected[0]!);
    const prefix = prefixOf(destination, destination.family === 4 ? 32 : 128);
    ip.routes.add({ destination: prefix, gateway, netif: rx.netif, origin: "redirect" });
  }
}
