/** {@linkcode Icmpv4Errors}: errors that we send (RFC 1122 §3.2.2, RFC 1812 §4.3.2).
 *
 * @module
 */
import {
  copyTo,
  DEFAULT_HEADROOM,
  finishSum,
  type Pbuf,
  PBUF_LINK_BROADCAST,
  PBUF_LINK_MULTICAST,
  sumPbuf,
} from "@lightwire/pbuf";
import { ipv4 } from "../address.ts";
import { TokenBucket } from "../token_bucket.ts";
import type { IpInterface } from "../ip_interface.ts";
import type { IpLayer } from "../ip_layer.ts";
import { IpTx } from "../ip_tx.ts";
import { IP_PROTOCOL_ICMP } from "../protocol_number.ts";
import { IPV4_HEADER_LENGTH, IPV4_OFFSET, IPV4_OFFSET_MASK } from "./ipv4_header.ts";
import {
  ICMP_HEADER_LENGTH,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  isIcmpError,
  UNREACHABLE_CODE,
  type UnreachableKind,
} from "./icmpv4_message.ts";

/** Sends ICMP errors about packets which we received, as often as the rate limits let it. */
export class Icmpv4Errors {
  readonly #ip: IpLayer;
  readonly #tx = new IpTx();
  readonly #bucket: TokenBucket;

  /** @param ip whose part this is. */
  constructor(ip: IpLayer) {
    this.#ip = ip;
    this.#bucket = new TokenBucket(ip.host.clock, ip.options.icmpErrorRate, ip.host.random);
    this.#tx.protocol = IP_PROTOCOL_ICMP;
  }

  /** Destination unreachable, if the rules allow it. Borrows `p`, whose first byte is its IP header's.
   *
   * @param mtu next-hop MTU for "fragmentation-needed" (RFC 1191 §4).
   */
  sendUnreachable(p: Pbuf, iface: IpInterface, kind: UnreachableKind, mtu: number = 0): void {
    this.#send(p, iface, ICMP_UNREACHABLE, UNREACHABLE_CODE[kind], mtu);
  }

  /** Time exceeded: in transit (code 0) or during reassembly (code 1). Borrows `p`. */
  sendTimeExceeded(p: Pbuf, iface: IpInterface, code: 0 | 1): void {
    this.#send(p, iface, ICMP_TIME_EXCEEDED, code, 0);
  }

  /** Parameter problem. Borrows `p`.
   *
   * @param pointer offset of the wrong byte in the IP header.
   */
  sendParameterProblem(p: Pbuf, iface: IpInterface, pointer: number): void {
    this.#send(p, iface, ICMP_PARAMETER_PROBLEM, 0, pointer * 0x100_0000);
  }

  /** Redirect for one host (RFC 1812 §5.2.7.2): there is a better router. Borrows `p`. */
  sendRedirect(p: Pbuf, iface: IpInterface, gateway: number): void {
    this.#send(p, iface, ICMP_REDIRECT, 1, gateway);
  }

  /** Whether an error about `p` may be sent at all (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7). */
  mayAnswer(p: Pbuf, iface: IpInterface): boolean {
    if ((p.flags & (PBUF_LINK_BROADCAST | PBUF_LINK_MULTICAST)) !== 0) return false;
    const { view, start } = p;
    if (p.end - start < IPV4_HEADER_LENGTH) return false;
    const headerLength = (view.getUint8(start) & 0x0f) * 4;
    if ((view.getUint16(start + IPV4_OFFSET.flagsFragment) & IPV4_OFFSET_MASK) !== 0) return false;
    const source = view.getUint32(start + IPV4_OFFSET.source);
    const destination = view.getUint32(start + IPV4_OFFSET.destination);
    if (destination >>> 28 >= 0xe || iface.isBroadcast(destination)) return false;
    if (source >>> 24 === 0 || source >>> 28 >= 0xe || iface.isBroadcast(source)) return false;
    if (source >>> 24 === 127 && !iface.isLoopback) return false;
    if (view.getUint8(start + IPV4_OFFSET.protocol) !== IP_PROTOCOL_ICMP) return true;
    const at = start + headerLength;
    return at < p.end && !isIcmpError(view.getUint8(at));
  }

  #send(p: Pbuf, iface: IpInterface, type: number, code: number, rest: number): void {
    const ip = this.#ip;
    const counters = ip.icmpCounters;
    if (!this.mayAnswer(p, iface)) return;
    if (!this.#bucket.take()) {
      counters.outRateLimited++;
      return;
    }
    const room = ip.options.icmpQuoteBytes;
    const headerLength = (p.view.getUint8(p.start) & 0x0f) * 4;
    // RFC 1812 §4.3.2.3: as much as fits into 576 bytes; RFC 792: at least 8 bytes of the payload.
    const quoted = Math.min(p.totalLength, Math.max(headerLength + 8, room));
    const message = ip.host.pool.acquire(ICMP_HEADER_LENGTH + quoted, DEFAULT_HEADROOM);
    if (message === undefined) {
      counters.outErrors++;
      return;
    }
    const { view, start } = message;
    view.setUint16(start, (type << 8) | code);
    view.setUint16(start + 2, 0);
    view.setUint32(start + 4, rest);
    copyTo(p, message.bytes, 0, quoted, start + ICMP_HEADER_LENGTH);
    view.setUint16(start + 2, finishSum(sumPbuf(message, 0)));
    this.#transmit(message, p, iface, type);
  }

  #transmit(message: Pbuf, about: Pbuf, iface: IpInterface, type: number): void {
    const ip = this.#ip;
    const tx = this.#tx;
    const destination = about.view.getUint32(about.start + IPV4_OFFSET.destination);
    const own = ip.interfaces.localIpv4(destination);
    tx.destination = ipv4(about.view.getUint32(about.start + IPV4_OFFSET.source));
    // RFC 1812 §4.3.2.4: the address it was sent to, or one of the interface it came in by.
    tx.source = own !== undefined && !own.isTentative ? own.address : ip.sourceOn(iface, tx.destination);
    tx.hopLimit = ip.options.defaultTtl;
    // RFC 1812 §4.3.2.5: precedence 6, internetwork control.
    tx.tos = 0xc0;
    tx.generation = -1;
    ip.icmpCounters.outMsgs++;
    ip.icmpCounters.outTypes[type]!++;
    if (ip.prepare(tx) !== undefined) {
      ip.icmpCounters.outErrors++;
      message.release();
      return;
    }
    ip.output(message, tx);
  }
}
