/** Data plane. {@linkcode markCongestion}: the mark of a queue that is filling up (RFC 3168 §5).
 *
 * @module
 */
import { type Pbuf, updateChecksum16 } from "@lightwire/pbuf";

const ECN_MASK = 3;
const CONGESTION_EXPERIENCED = 3;

/** Sets "congestion experienced" in an IP packet whose sender understands it; corrects the header checksum of IPv4.
 *
 * @param p the frame in one node; is written to.
 * @param at bytes in front of the IP header.
 * @returns false when there is nothing to mark: no IP packet, or not of an ECN-capable transport.
 */
export function markCongestion(p: Pbuf, at: number): boolean {
  const start = p.start + at;
  if (p.end - start < 20 || (at > 0 && !isIp(p.view.getUint16(start - 2)))) return false;
  const { view } = p;
  const version = view.getUint8(start) >> 4;
  if (version === 4) {
    const before = view.getUint16(start);
    if ((before & ECN_MASK) === 0) return false;
    const after = before | CONGESTION_EXPERIENCED;
    view.setUint16(start, after);
    view.setUint16(start + 10, updateChecksum16(view.getUint16(start + 10), before, after));
    return true;
  }
  if (version !== 6 || (view.getUint8(start + 1) & 0x30) === 0) return false;
  view.setUint8(start + 1, view.getUint8(start + 1) | 0x30);
  return true;
}

function isIp(etherType: number): boolean {
  return etherType === 0x0800 || etherType === 0x86dd;
}
