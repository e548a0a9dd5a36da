/** The internet layer of the lightwire TCP/IP stack: addresses, IPv4 input, output, forwarding, fragments and reassembly,
 * routes, ARP over a neighbour cache, address conflict detection, ICMP, IGMP, path MTUs, raw endpoints, ping.
 *
 * {@linkcode IpLayer} is the layer; {@linkcode IpProtocolHandler} is what lives above it, {@linkcode IpTx} how it sends.
 *
 * @example Two hosts on an Ethernet, one pings the other
 * ```ts
 * import { IpLayer, parseIpAddressOrThrow, parsePrefix } from "@lightwire/ip";
 * import { Netif } from "@lightwire/netif";
 * import { createLink, Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const [driverA, driverB] = createLink(sim, { medium: "ethernet", aToB: { delayMs: 5 }, bToA: { delayMs: 5 } });
 * const [alice] = [driverA, driverB].map((driver, i) => {
 *   const ip = new IpLayer(sim.host(`host${i}`), { announceAddresses: false });
 *   const netif = new Netif(driver, { name: "en0", index: 1 });
 *   ip.addNetif(netif);
 *   netif.setUp();
 *   ip.addAddress(netif, parseIpAddressOrThrow(`10.0.0.${i + 1}`), 24);
 *   ip.routes.add({ destination: parsePrefix("0.0.0.0/0")!, gateway: parseIpAddressOrThrow("10.0.0.254") });
 *   return ip;
 * });
 *
 * const lines: string[] = [];
 * const ping = alice!.openPing({ destination: parseIpAddressOrThrow("10.0.0.2") }, {
 *   reply: (r) => lines.push(`${r.size} bytes from ${r.from}: ttl ${r.ttl}, ${r.roundTripMs} ms`),
 * });
 * ping.send(); // asks by ARP first
 * alice!.flush(); // the end of a batch of calls
 * sim.runUntilIdle(10_000);
 * ping.close();
 * assert.deepEqual(lines, ["56 bytes from 10.0.0.2: ttl 64, 20 ms"]);
 * ```
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
export * from "./pseudo_header.ts";
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
