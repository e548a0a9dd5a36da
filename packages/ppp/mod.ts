/** PPP over a serial line, in user space: a link driver of `@lightwire/netif` over a {@linkcode SerialPort}.
 *
 * {@linkcode PppLink} frames as HDLC does and negotiates LCP; both sides prove who they are as far as they are asked (EAP,
 * MS-CHAPv2, CHAP, PAP); IPCP and IPV6CP agree on addresses and name servers. TCP/IP headers are compressed, and packets
 * encrypted by MPPE, if both sides want it. Both roles, calling and being called, are the same class with other options.
 *
 * {@linkcode PppServer} answers several peers, {@linkcode DialSupervisor} dials when there is something to send and again after
 * accidents, {@linkcode SlipLink} does without a protocol. The modem below is the entry `@lightwire/ppp/modem`; other carriers
 * are `@lightwire/ppp/pppoe` and `@lightwire/ppp/l2tp`; `@lightwire/ppp/sim` has a modem and an operator to test against.
 *
 * MS-CHAP and MPPE are **insecure** and here for peers that insist on them. Multilink, ECP, callback, link quality reports and
 * the compressions of CCP are not spoken: a peer that proposes them gets a Configure-Reject or a Protocol-Reject and goes on
 * without.
 *
 * @example Two sides over a pair of buffers
 * ```ts
 * import { PppLink, type SerialPort, type SerialSink } from "@lightwire/ppp";
 * import { parseIpAddressOrThrow } from "@lightwire/ip/address";
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const sinks: SerialSink[] = [];
 * const port = (index: number): SerialPort => ({
 *   name: `end ${index}`,
 *   inputLines: undefined,
 *   attach: (sink) => void (sinks[index] = sink),
 *   write(bytes, start = 0, end = bytes.length) {
 *     const copy = bytes.slice(start, end);
 *     sim.after(1, () => sinks[1 - index]?.serialInput(copy));
 *     return copy.length;
 *   },
 *   setBaudRate: () => {},
 *   setOutputLines: () => {},
 *   discardOutput: () => {},
 *   close: () => {},
 * });
 *
 * const server = new PppLink(sim.host("server"), port(0), {
 *   peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
 *   ipcp: {
 *     localAddress: parseIpAddressOrThrow("10.0.0.1"),
 *     peerAddress: parseIpAddressOrThrow("10.0.0.2"),
 *     isPeerAddressFixed: true,
 *     dnsServers: [parseIpAddressOrThrow("10.0.0.53")],
 *   },
 * });
 * const told: string[] = [];
 * const client = new PppLink(sim.host("client"), port(1), {
 *   credentials: { name: "alice", secret: "wonderland" },
 * }, {
 *   phaseChanged: (phase) => told.push(phase),
 *   up: ({ ipv4 }) => told.push(`${ipv4!.localAddress} dns ${ipv4!.dnsServers.join()}`),
 *   ended: (end) => told.push(end),
 * });
 * server.start();
 * client.start();
 * sim.advance(100);
 * client.stop();
 * sim.advance(100);
 * assert.deepEqual(told, [
 *   "Establish",
 *   "Authenticate",
 *   "Network",
 *   "10.0.0.2 dns 10.0.0.53",
 *   "Terminate",
 *   "Dead",
 *   "closed",
 * ]);
 * ```
 *
 * @module
 */
export * from "./serial_port.ts";
export * from "./authentication.ts";
export * from "./authentication_phase.ts";
export * from "./authentication_side.ts";
export * from "./ccp.ts";
export * from "./chap.ts";
export * from "./chap_algorithm.ts";
export * from "./chap_exchange.ts";
export * from "./control_protocol.ts";
export * from "./cp_packet.ts";
export * from "./dial_call.ts";
export * from "./dial_supervisor.ts";
export * from "./fault_port.ts";
export * from "./eap_client.ts";
export * from "./eap_packet.ts";
export * from "./eap_server.ts";
export * from "./forwarding_port.ts";
export * from "./hdlc.ts";
export * from "./hdlc_decoder.ts";
export * from "./hdlc_line_profile.ts";
export * from "./ipcp.ts";
export * from "./ipv6cp.ts";
export * from "./lcp.ts";
export * from "./lcp_echo.ts";
export * from "./lcp_options.ts";
export * from "./mppe_keys.ts";
export * from "./mschap.ts";
export * from "./mschap_crypto.ts";
export * from "./mschap_failure.ts";
export * from "./mschapv2.ts";
export * from "./mppe.ts";
export * from "./negotiation_automaton.ts";
export * from "./negotiation_state.ts";
export * from "./network_phase.ts";
export * from "./packet_codec.ts";
export * from "./pap.ts";
export * from "./ppp_address_pool.ts";
export * from "./ppp_datagram_link.ts";
export * from "./ppp_header.ts";
export * from "./ppp_link.ts";
export * from "./ppp_network_link.ts";
export * from "./ppp_option_text.ts";
export * from "./ppp_packet_text.ts";
export * from "./ppp_protocol_number.ts";
export * from "./ppp_server.ts";
export * from "./ppp_session.ts";
export * from "./redial_policy.ts";
export * from "./session_clock.ts";
export * from "./slip_framing.ts";
export * from "./slip_link.ts";
export * from "./vj_compressor.ts";
export * from "./vj_decompressor.ts";
export { DEFAULT_VJ_SLOTS } from "./vj_format.ts";
