/** IANA numbers of the protocols that travel in IP packets, and the EtherTypes of IP itself.
 *
 * @module
 */

/** ICMP (RFC 792). */
export const IP_PROTOCOL_ICMP = 1;
/** IGMP (RFC 3376). */
export const IP_PROTOCOL_IGMP = 2;
/** TCP (RFC 9293). */
export const IP_PROTOCOL_TCP = 6;
/** UDP (RFC 768). */
export const IP_PROTOCOL_UDP = 17;
/** ICMPv6 (RFC 4443). */
export const IP_PROTOCOL_ICMPV6 = 58;
/** UDP-Lite (RFC 3828). */
export const IP_PROTOCOL_UDPLITE = 136;

/** EtherType of IPv4. */
export const ETHER_TYPE_IPV4 = 0x0800;
/** EtherType of ARP (RFC 826). */
export const ETHER_TYPE_ARP = 0x0806;
/** EtherType of IPv6. */
export const ETHER_TYPE_IPV6 = 0x86dd;
