/** Data plane. The 10-byte virtio-net header (VIRTIO 1.2 §5.1.6) which Linux puts in front of packets of a TAP, a TUN or a packet
 * socket: what is still to be computed, and how a super-segment is to be cut.
 *
 * ```text
 *  0 flags u8 | 1 gso_type u8 | 2 hdr_len u16 | 4 gso_size u16 | 6 csum_start u16 | 8 csum_offset u16
 * ```
 *
 * @module
 */
import { type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";

/** Bytes of the header. */
export const VNET_HEADER_LENGTH = 10;

const F_NEEDS_CSUM = 1;
const F_DATA_VALID = 2;
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_ECN = 0x80;

/** Consumes the header in front of a received packet and notes its facts in the pbuf.
 *
 * An unfinished checksum of a local sender (`NEEDS_CSUM`) is as good as a verified one: the bytes never crossed a wire.
 *
 * @returns false when the pbuf is shorter than the header or asks for a segmentation that we did not offer.
 */
export function readVnetHeader(p: Pbuf): boolean {
  if (p.end - p.start < VNET_HEADER_LENGTH) return false;
  const { view, start } = p;
  const flags = view.getUint8(start);
  const gsoType = view.getUint8(start + 1) & ~GSO_ECN;
  p.start = start + VNET_HEADER_LENGTH;
  if ((flags & F_NEEDS_CSUM) !== 0) {
    p.flags |= PBUF_CHECKSUM_VERIFIED;
    p.checksumStart = p.start + view.getUint16(start + 6, true);
    p.checksumOffset = view.getUint16(start + 8, true);
    if (p.checksumStart + p.checksumOffset + 2 > p.end) return false;
  } else if ((flags & F_DATA_VALID) !== 0) {
    p.flags |= PBUF_CHECKSUM_VERIFIED;
  }
  if (gsoType === GSO_NONE) return true;
  if (gsoType !== GSO_TCPV4 && gsoType !== GSO_TCPV6) return false;
  p.gsoSize = view.getUint16(start + 4, true);
  return true;
}

/** Prepends the header that describes `p`'s pending checksum and segmentation.
 *
 * @param linkHeaderLength bytes in front of the IP header: 14 on Ethernet, 18 with a tag, 0 on medium "ip".
 * @returns false when there is no headroom.
 */
export function prependVnetHeader(p: Pbuf, linkHeaderLength: number): boolean {
  const packetStart = p.start;
  if (!p.prepend(VNET_HEADER_LENGTH)) return false;
  const { view, start } = p;
  if (p.checksumStart < 0) {
    view.setUint32(start, 0);
    view.setUint32(start + 4, 0);
    view.setUint16(start + 8, 0);
    return true;
  }
  view.setUint8(start, F_NEEDS_CSUM);
  if (p.gsoSize > 0) {
    const isV4 = view.getUint8(packetStart + linkHeaderLength) >>> 4 === 4;
    view.setUint8(start + 1, isV4 ? GSO_TCPV4 : GSO_TCPV6);
    const tcpHeaderLength = (view.getUint8(p.checksumStart + 12) >>> 4) * 4;
    view.setUint16(start + 2, p.checksumStart - packetStart + tcpHeaderLength, true);
    view.setUint16(start + 4, p.gsoSize, true);
  } else {
    view.setUint8(start + 1, GSO_NONE);
    view.setUint32(start + 2, 0);
  }
  view.setUint16(start + 6, p.checksumStart - packetStart, true);
  view.setUint16(start + 8, p.checksumOffset, true);
  return true;
}
