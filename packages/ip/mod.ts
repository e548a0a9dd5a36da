/** Addresses, IPv4 and its companions.
 *
 * @module
 */
export * from "./address.ts";
export * from "./prefix.ts";
export * from "./protocol.ts";
export * from "./protocol_number.ts";
export * from "./ip_tx.ts";
export * from "./ip_options.ts";
export * from "./ip_layer.ts";
export * from "./ip_interface.ts";
export * from "./counters.ts";
export * from "./ephemeral_ports.ts";
export * from "./multicast_membership.ts";
export * from "./neighbor_cache.ts";
export * from "./neighbor_entry.ts";
export * from "./neighbor_options.ts";
export * from "./path_mtu.ts";
export * from "./ping.ts";
export * from "./address_book.ts";
export * from "./reassembly.ts";
export * from "./membership_reporter.ts";
export * from "./raw_endpoint.ts";
export * from "./route_table.ts";
export * from "./v4/ipv4_header.ts";
export * from "./v4/address_conflict.ts";
export * from "./v4/arp.ts";
export * from "./v4/arp_packet.ts";
export * from "./v4/icmpv4.ts";
export * from "./v4/icmpv4_message.ts";
export * from "./v4/igmp.ts";
export * from "./v4/ipv4_options.ts";
