/** DHCPv4 of the lightwire TCP/IP stack: messages for both sides, and the client.
 *
 * @module
 */
export * from "./classless_routes.ts";
export * from "./client_id.ts";
export * from "./dhcp_backoff.ts";
export * from "./dhcp_client.ts";
export * from "./dhcp_client_options.ts";
export * from "./dhcp_event.ts";
export * from "./dhcp_message.ts";
export * from "./dhcp_options.ts";
export * from "./domain_search.ts";
export * from "./lease.ts";
