/** {@linkcode IpErrorRecord}: the one record that describes an ICMP error on its way up.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { type IpAddress, ipv4, IPV4_ANY } from "./address.ts";
import type { IpErrorInfo } from "./protocol.ts";
import { IPV4_OFFSET } from "./v4/ipv4_header.ts";

const NOTHING = new DataView(new ArrayBuffer(0));

/** {@linkcode IpErrorInfo}, from the side that fills it. */
export class IpErrorRecord implements IpErrorInfo {
  /** {@inheritDoc IpErrorInfo.kind} */
  kind: IpErrorInfo["kind"] = "host-unreachable";
  /** {@inheritDoc IpErrorInfo.icmpType} */
  icmpType = 0;
  /** {@inheritDoc IpErrorInfo.icmpCode} */
  icmpCode = 0;
  /** {@inheritDoc IpErrorInfo.reporter} */
  reporter: IpAddress = IPV4_ANY;
  /** {@inheritDoc IpErrorInfo.localAddress} */
  localAddress: IpAddress = IPV4_ANY;
  /** {@inheritDoc IpErrorInfo.remoteAddress} */
  remoteAddress: IpAddress = IPV4_ANY;
  /** {@inheritDoc IpErrorInfo.protocol} */
  protocol = 0;
  /** {@inheritDoc IpErrorInfo.mtu} */
  mtu = 0;
  /** {@inheritDoc IpErrorInfo.quoted} */
  quoted: DataView = NOTHING;
  /** {@inheritDoc IpErrorInfo.quotedOffset} */
  quotedOffset = 0;
  /** {@inheritDoc IpErrorInfo.quotedLength} */
  quotedLength = 0;

  /** Fills in what the quoted IPv4 packet says, which begins `offset` bytes behind `p.start`. Borrows `p` for as long as
   * the record is in use.
   *
   * @returns false when it is not an IPv4 packet with at least 8 bytes behind its header, or a later fragment.
   */
  quoteIpv4(p: Pbuf, offset: number): boolean {
    const { view } = p;
    const at = p.start + offset;
    if (at + 20 > p.end) return false;
    const first = view.getUint8(at);
    const headerLength = (first & 0x0f) * 4;
    if (first >>> 4 !== 4 || headerLength < 20) return false;
    if ((view.getUint16(at + IPV4_OFFSET.flagsFragment) & 0x1fff) !== 0) return false;
    let node: Pbuf = p;
    let where = at + headerLength;
    while (where >= node.end && node.next !== undefined) {
      where = node.next.start + (where - node.end);
      node = node.next;
    }
    if (where + 8 > node.end) return false;
    this.protocol = view.getUint8(at + IPV4_OFFSET.protocol);
    this.localAddress = ipv4(view.getUint32(at + IPV4_OFFSET.source));
    this.remoteAddress = ipv4(view.getUint32(at + IPV4_OFFSET.destination));
    this.quoted = node.view;
    this.quotedOffset = where;
    this.quotedLength = node.end - where;
    return true;
  }
}
