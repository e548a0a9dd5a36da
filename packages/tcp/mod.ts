/** TCP (RFC 9293) of a user-space stack, as a raw callback API: {@linkcode TcpLayer} sits on an `IpLayer`, opens and
 * accepts {@linkcode TcpConnection}s, and tells their users by {@linkcode TcpHandlers} what happens.
 *
 * Nothing here waits: input is synchronous, calls of users take effect with {@linkcode TcpLayer.flush}, which also runs the
 * callbacks. Time, timers, entropy and buffers come in through the constructor.
 *
 * @example Two hosts on a simulated link: one greets, the other reads until the end
 * ```ts
 * import { IpLayer, ipv4 } from "@lightwire/ip";
 * import { Netif } from "@lightwire/netif";
 * import { createLink, Simulation } from "@lightwire/netif/sim";
 * import { TcpLayer } from "@lightwire/tcp";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const [a, b] = createLink(sim, { aToB: { delayMs: 20, lossRate: 0.1 }, bToA: { delayMs: 20 } });
 * function host(driver: typeof a, bits: number): TcpLayer {
 *   const host = sim.host(String(bits));
 *   const netif = new Netif(driver, { name: "en0", index: 1 });
 *   const ip = new IpLayer(host);
 *   ip.addNetif(netif);
 *   netif.setUp();
 *   ip.addAddress(netif, ipv4(bits), 24);
 *   const tcp = new TcpLayer(ip, host);
 *   ip.registerProtocol(tcp);
 *   return tcp;
 * }
 * const client = host(a, 0x0a000001);
 * const server = host(b, 0x0a000002);
 *
 * let text = "";
 * server.listen({ port: 7 }, () => ({
 *   readable: (c) => {
 *     const bytes = new Uint8Array(c.readableBytes);
 *     c.read(bytes);
 *     text += new TextDecoder().decode(bytes);
 *     if (c.isReadEof) c.close();
 *   },
 * }));
 * let isOver = false;
 * client.connect({ remoteAddress: ipv4(0x0a000002), remotePort: 7 }, {
 *   connected: (c) => {
 *     c.send(new TextEncoder().encode("hello, world"));
 *     c.close();
 *   },
 *   closed: () => isOver = true,
 * });
 * client.flush();
 * assert.ok(sim.runUntil(() => isOver, 10_000));
 * assert.equal(text, "hello, world");
 * ```
 *
 * @module
 */
export * from "./acceptability.ts";
export * from "./ack_summary.ts";
export * from "./bbr.ts";
export * from "./bbr_parameters.ts";
export * from "./challenge_ack.ts";
export * from "./congestion.ts";
export * from "./congestion_controls.ts";
export * from "./connection.ts";
export * from "./control_bits.ts";
export * from "./counters.ts";
export * from "./cubic.ts";
export * from "./delivery_rate.ts";
export type { FastOpenFailure } from "./fast_open.ts";
export type { CookieOrigin, FastOpenCookies, FastOpenKeys } from "./fast_open_cookies.ts";
export * from "./hystart.ts";
export * from "./listener.ts";
export * from "./qlog.ts";
export * from "./reno.ts";
export * from "./rto.ts";
export * from "./segment.ts";
export * from "./seq.ts";
export type { SourceRoute } from "./source_route.ts";
export * from "./state.ts";
export * from "./tcp_config.ts";
export * from "./tcp_presets.ts";
export * from "./tcp_header.ts";
export type { TcpAoAlgorithm } from "./tcp_ao_key.ts";
export {
  MAX_MD5_KEY_LENGTH,
  type TcpAoKey,
  type TcpKeys,
  type TcpKeyScope,
  type TcpMd5Key,
} from "./tcp_keys.ts";
export type { TcpInfo } from "./tcp_info.ts";
export * from "./tcp_layer.ts";
export type { TcpConnectOptions } from "./tcp_open.ts";
export { SendTimes } from "./send_times.ts";
export type {
  TcpCongestionState,
  TcpLossTrigger,
  TcpTraceEvent,
  TcpTraceListener,
  TcpTraceMetrics,
  TcpTracePacket,
} from "./trace.ts";
export type { MtuProbing } from "./plpmtud.ts";
export type { RecoveryPhase } from "./tcb.ts";
export { type ListenerKey, ListenerTable } from "./demux.ts";
export { assertTcp } from "./assert_tcb.ts";
