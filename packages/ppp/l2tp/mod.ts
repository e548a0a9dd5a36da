/** PPP in tunnels over UDP: L2TP, version 2 (RFC 2661), both ends.
 *
 * {@linkcode L2tpLink} is the access concentrator's end (LAC): it opens a tunnel, places one call and is a link driver.
 * {@linkcode L2tpServer} is the network server's (LNS). Neither knows UDP: an {@linkcode L2tpTransport} says how a datagram
 * leaves, and what arrives is handed in.
 *
 * @example Both ends, with a path of 5 ms between them
 * ```ts
 * import type { Pbuf } from "@lightwire/pbuf";
 * import { Simulation } from "@lightwire/netif/sim";
 * import { L2tpLink, L2tpServer, type L2tpTransport } from "@lightwire/ppp/l2tp";
 * import { parseIpAddressOrThrow } from "@lightwire/ip/address";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const path = (deliver: (bytes: Uint8Array) => void): L2tpTransport => ({
 *   send(p: Pbuf) {
 *     const bytes = p.bytes.slice(p.start, p.end);
 *     p.release();
 *     sim.after(5, () => deliver(bytes));
 *   },
 *   flush() {},
 * });
 * const server = new L2tpServer(sim.host("lns"), () => ({
 *   options: {
 *     ipcp: {
 *       localAddress: parseIpAddressOrThrow("10.0.0.1"),
 *       peerAddress: parseIpAddressOrThrow("10.0.0.2"),
 *     },
 *   },
 * }));
 * const toLac = path((bytes) => link.datagramInput(bytes, 0, bytes.length));
 * const toLns = path((bytes) => server.datagramInput("192.0.2.1:1701", toLac, bytes, 0, bytes.length));
 * let address = "";
 * const link: L2tpLink = new L2tpLink(sim.host("lac"), toLns, {}, {
 *   up: ({ ipv4 }) => address = String(ipv4?.localAddress),
 * });
 * link.start();
 * sim.advance(500);
 * assert.deepEqual([address, link.mtu], ["10.0.0.2", 1450]);
 * ```
 *
 * @module
 */
export type * from "./l2tp_call.ts";
export * from "./l2tp_control_channel.ts";
export * from "./l2tp_link.ts";
export * from "./l2tp_message.ts";
export * from "./l2tp_server.ts";
export * from "./l2tp_session_link.ts";
export * from "./l2tp_tunnel.ts";
