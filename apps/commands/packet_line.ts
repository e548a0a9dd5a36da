/** {@linkcode formatPacket}: a packet as one line, like tcpdump's.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { ETHER_TYPE_ARP, ETHER_TYPE_IPV4, ETHERNET_HEADER_LENGTH, formatFrame } from "@lightwire/netif";
import type { FrameDirection } from "@lightwire/netif";
import {
  formatArpPacket,
  formatIcmpMessage,
  formatIpv4Header,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
  parseArpPacket,
  parseIpv4Header,
} from "@lightwire/ip";
import { formatSegment, parseTcpSegment, Segment } from "@lightwire/tcp";
import { formatUdpHeader, parseUdpHeader, UdpHeader } from "@lightwire/udp";

const segment = new Segment();
const udpHeader = new UdpHeader();

/** One line: direction, network header, transport header. Borrows `p` and leaves it as it is. */
export function formatPacket(medium: "ethernet" | "ip", direction: FrameDirection, p: Pbuf): string {
  const arrow = direction === "inbound" ? "<" : ">";
  const etherType = medium === "ip"
    ? ETHER_TYPE_IPV4
    : p.end - p.start < ETHERNET_HEADER_LENGTH
    ? 0
    : p.view.getUint16(p.start + 12);
  const offset = p.start + (medium === "ip" ? 0 : ETHERNET_HEADER_LENGTH);
  if (etherType === ETHER_TYPE_ARP) {
    const arp = parseArpPacket(p.view, offset, p.end - offset);
    if (typeof arp !== "string") return `${arrow} ${formatArpPacket(arp)}`;
  }
  if (etherType === ETHER_TYPE_IPV4) {
    const header = parseIpv4Header(p.view, offset, p.totalLength - (offset - p.start));
    if (typeof header !== "string") {
      return `${arrow} ${formatIpv4Header(header)} ${transport(p, offset, header)}`.trimEnd();
    }
  }
  return `${arrow} ${formatFrame(medium, direction, p)}`;
}

function transport(
  p: Pbuf,
  offset: number,
  header: { headerLength: number; totalLength: number; protocol: number; fragmentOffset: number },
): string {
  if (header.fragmentOffset > 0) return "(fragment)";
  const at = offset + header.headerLength;
  const { start, end } = p;
  p.start = at;
  if (p.next === undefined) p.end = Math.min(end, offset + header.totalLength);
  try {
    switch (header.protocol) {
      case IP_PROTOCOL_ICMP:
        return formatIcmpMessage(p.view, at, p.end - at);
      case IP_PROTOCOL_UDP:
        return parseUdpHeader(p, false, udpHeader) === undefined
          ? formatUdpHeader(udpHeader)
          : "UDP (malformed)";
      case IP_PROTOCOL_TCP:
        return parseTcpSegment(p, segment) === undefined ? formatSegment(segment) : "TCP (malformed)";
      default:
        return "";
    }
  } finally {
    p.start = start;
    p.end = end;
  }
}
