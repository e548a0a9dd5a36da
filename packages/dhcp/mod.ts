/** DHCPv4 of the lightwire TCP/IP stack: messages for both sides, and the client (RFC 2131).
 *
 * The client gets an address, makes sure that nobody else has it, and keeps it. It tells so by events and applies nothing: its
 * host gives the address to the interface, and takes it away.
 *
 * @example A client without a server says so
 * ```ts
 * import { DhcpClient } from "@lightwire/dhcp";
 * import { IpLayer } from "@lightwire/ip";
 * import { Netif } from "@lightwire/netif";
 * import { createSwitch, Simulation } from "@lightwire/netif/sim";
 * import { UdpLayer } from "@lightwire/udp";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const host = sim.host("a");
 * const ip = new IpLayer(host);
 * const udp = new UdpLayer(ip, host);
 * ip.registerProtocol(udp);
 * const netif = new Netif(createSwitch(sim, 1).drivers[0]!, { name: "en0", index: 1 });
 * ip.addNetif(netif);
 * netif.setUp();
 *
 * const client = new DhcpClient({ udp, ip, netif, host, options: { hostname: "wire" } });
 * client.onEvent = (event) => {
 *   if (event.type === "bound" || event.type === "renewed") {
 *     const { address, prefixLength } = event.lease; // give them to the interface, with routers and name servers
 *     console.log(`${address}/${prefixLength}`);
 *   } else if ("lease" in event && event.lease !== undefined) {
 *     console.log(`${event.lease.address} is ours no more: ${event.type}`);
 *   } else if (event.type === "unanswered" && event.attempts === 2) {
 *     client.stop();
 *   }
 * };
 * client.start();
 * sim.runUntilIdle(60_000);
 * assert.equal(client.counters.sent.DISCOVER, 2 + 1); // the third was under way when the event was told
 * assert.equal(client.isRunning, false);
 * ```
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
