/** UDP (RFC 768) and UDP-Lite (RFC 3828) of the lightwire TCP/IP stack, as a callback API.
 *
 * Nothing here waits: sending returns at once with a reason when it cannot, and what arrives is handed to a callback. Promises
 * and sockets are in `@lightwire/sockets`.
 *
 * @example A host talks to itself
 * ```ts
 * import { UdpLayer } from "@lightwire/udp";
 * import { IpLayer, parseIpAddressOrThrow } from "@lightwire/ip";
 * import { LoopbackLink, Netif } from "@lightwire/netif";
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const host = sim.host("a");
 * const ip = new IpLayer(host);
 * const udp = new UdpLayer(ip, host);
 * ip.registerProtocol(udp);
 * const lo = new Netif(new LoopbackLink(sim.timers), { name: "lo", index: 1 });
 * ip.addNetif(lo);
 * lo.setUp();
 * const here = parseIpAddressOrThrow("127.0.0.1");
 * ip.addAddress(lo, here, 8);
 *
 * const heard: number[] = [];
 * udp.open({
 *   localPort: 7,
 *   onReceive: (p, info) => {
 *     heard.push(p.totalLength, info.destinationPort);
 *     p.release(); // the packet is ours
 *   },
 * });
 * assert.equal(udp.open().sendTo(new Uint8Array(100), here, 7), undefined);
 * sim.runUntilIdle(10);
 * assert.deepEqual(heard, [100, 7]);
 * assert.equal(sim.pool.inUse, 0);
 * ```
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
