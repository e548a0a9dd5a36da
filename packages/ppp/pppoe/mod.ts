/** PPP over Ethernet (RFC 2516), both sides, and payloads of 1500 octets (RFC 4638).
 *
 * A {@linkcode PppoeStation} takes the two EtherTypes of an interface; on it a {@linkcode PppoeLink} looks for an access
 * concentrator and is a link driver like `PppLink`, and a {@linkcode PppoeServer} is an access concentrator.
 *
 * @example A host and an access concentrator on one wire
 * ```ts
 * import { Netif } from "@lightwire/netif";
 * import { createLink, Simulation } from "@lightwire/netif/sim";
 * import { PppoeLink, PppoeServer, PppoeStation } from "@lightwire/ppp/pppoe";
 * import { parseIpAddressOrThrow } from "@lightwire/ip/address";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const [a, b] = createLink(sim, { medium: "ethernet" });
 * const station = (driver: typeof a, name: string, macAddress: number) => {
 *   const netif = new Netif(driver, { name, index: 1, macAddress });
 *   netif.setUp();
 *   return new PppoeStation(netif, sim.pool);
 * };
 * new PppoeServer(sim.host("ac"), station(b, "en1", 0x02_00_00_00_00_02), () => ({
 *   options: {
 *     ipcp: {
 *       localAddress: parseIpAddressOrThrow("10.0.0.1"),
 *       peerAddress: parseIpAddressOrThrow("10.0.0.2"),
 *     },
 *   },
 * }));
 * let address = "";
 * const link = new PppoeLink(sim.host("host"), station(a, "en0", 0x02_00_00_00_00_01), {}, {
 *   up: ({ ipv4 }) => address = String(ipv4?.localAddress),
 * });
 * link.start();
 * sim.advance(100);
 * assert.deepEqual([address, link.mtu], ["10.0.0.2", 1492]);
 * ```
 *
 * @module
 */
export * from "./pppoe_concentrator.ts";
export * from "./pppoe_discovery.ts";
export * from "./pppoe_link.ts";
export * from "./pppoe_packet.ts";
export * from "./pppoe_server.ts";
export * from "./pppoe_session_link.ts";
export * from "./pppoe_station.ts";
