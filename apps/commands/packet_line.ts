/** {@linkcode formatPacket}: a packet as one line, like tcpdump's.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
  ETHERNET_HEADER_LENGTH,
  formatFrame,
} from "@lightwire/netif";
import type { FrameDirection } from "@lightwire/netif";
import {
  formatArpPacket,
  formatIcmpMessage,
  formatIpv4Header,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_ICMPV6,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
  parseArpPacket,
  parseIpv4Header,
} from "@lightwire/ip";
import { formatIcmpv6, readIpv6Packet } from "./ipv6_line.ts";
import { formatSegment, parseTcpSegment, Segment } from "@lightwire/tcp";
import { formatUdpHeader, parseUdpHeader, UdpHeader } from "@lightwire/udp";

const segment = new Segment();
const udpHeader = new UdpHeader();

/** One line: direction, network header, transport header. Borrows `p` and leaves it as it is. */
export function formatPacket(medium: "ethernet" | "ip", direction: FrameDirection, p: Pbuf): string {
  const arrow = direction === "inbound" ? "<" : ">";
  const offset = p.start + (medium === "ip" ? 0 : ETHERNET_HEADER_LENGTH);
  const length = p.totalLength - (offset - p.start);
  switch (etherTypeOf(medium, p)) {
    case ETHER_TYPE_ARP: {
      const arp = parseArpPacket(p.view, offset, p.end - offset);
      if (typeof arp !== "string") return `${arrow} ${formatArpPacket(arp)}`;
      break;
    }
    case ETHER_TYPE_IPV4: {
      const header = parseIpv4Header(p.view, offset, length);
      if (typeof header === "string") break;
      const text = header.fragmentOffset > 0
        ? "(fragment)"
        : formatTransport(p, offset + header.headerLength, offset + header.totalLength, header.protocol);
      return `${arrow} ${formatIpv4Header(header)} ${text}`.trimEnd();
    }
    case ETHER_TYPE_IPV6: {
      const packet = readIpv6Packet(p, offset);
      if (packet === undefined) break;
      const { protocol, at, end } = packet;
      const text = packet.isLaterFragment ? "(fragment)" : formatTransport(p, at, end, protocol);
      return `${arrow} ${packet.text} ${text}`.trimEnd();
    }
  }
  return `${arrow} ${formatFrame(medium, direction, p)}`;
}

/** What the packet claims to be; without an Ethernet header by its version. */
function etherTypeOf(medium: "ethernet" | "ip", p: Pbuf): number {
  const length = p.end - p.start;
  if (medium === "ethernet") return length < ETHERNET_HEADER_LENGTH ? 0 : p.view.getUint16(p.start + 12);
  return length > 0 && p.view.getUint8(p.start) >>> 4 === 6 ? ETHER_TYPE_IPV6 : ETHER_TYPE_IPV4;
}

/** The transport header, which begins at `at` of a packet that ends at `packetEnd`. */
function formatTransport(p: Pbuf, at: number, packetEnd: number, protocol: number): string {
  const { start, end } = p;
  if (at > end) return "";
  p.start = at;
  if (p.next === undefined) p.end = Math.min(end, packetEnd);
  try {
    switch (protocol) {
      case IP_PROTOCOL_ICMP:
        return formatIcmpMessage(p.view, at, p.end - at);
      case IP_PROTOCOL_ICMPV6:
        return formatIcmpv6(p.view, at, p.end - at);
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
