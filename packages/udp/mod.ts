/** UDP and UDP-Lite of the lightwire TCP/IP stack, as a callback API.
 *
 * @module
 */
export * from "./udp_counters.ts";
export * from "./udp_endpoint.ts";
export * from "./udp_error.ts";
export * from "./udp_header.ts";
export * from "./udp_layer.ts";
export * from "./multicast_memberships.ts";
export { UdpBinding } from "./udp_table.ts";
export type { UdpInterface, UdpInterfaces, UdpIp, UdpOutput } from "./udp_output.ts";
