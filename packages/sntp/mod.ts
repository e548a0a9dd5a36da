/** Time from the network: an SNTP client, NTP messages and timestamps.
 *
 * {@linkcode SntpQuery} asks once, {@linkcode SntpClient} again and again. Both tell how far the host's clock is off, and set
 * nothing. There is no server and no listening to broadcasts yet.
 *
 * @example One query in a simulation: the server answers 90 s after 2036-02-07T06:28:16Z, in the next era
 * ```ts
 * import { emitNtpMessage, ntpFromUnixMs, ntpRequest, parseNtpMessage, SntpQuery } from "@lightwire/sntp";
 * import { Netif } from "@lightwire/netif";
 * import { createLink, Simulation } from "@lightwire/netif/sim";
 * import { IpLayer, parseIpAddressOrThrow } from "@lightwire/ip";
 * import { UdpLayer } from "@lightwire/udp";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const [linkA, linkB] = createLink(sim, { aToB: { delayMs: 20 }, bToA: { delayMs: 20 } });
 * const [a, b] = [linkA, linkB].map((driver, i) => {
 *   const host = sim.host(`h${i}`);
 *   const ip = new IpLayer(host);
 *   const udp = new UdpLayer(ip, host);
 *   ip.registerProtocol(udp);
 *   const netif = new Netif(driver, { name: "en0", index: 1 });
 *   ip.addNetif(netif);
 *   netif.setUp();
 *   ip.addAddress(netif, parseIpAddressOrThrow(`10.0.0.${i + 1}`), 24);
 *   return { host, udp };
 * });
 *
 * const now = Date.UTC(2036, 1, 7, 6, 29, 46);
 * const server = b!.udp.open({ localPort: 123 });
 * server.onReceive = (p, { source, sourcePort }) => {
 *   const request = parseNtpMessage(p.view, p.start, p.totalLength);
 *   p.release();
 *   if (typeof request === "string") return;
 *   const time = ntpFromUnixMs(now);
 *   const reply = { ...ntpRequest(time), mode: 4, stratum: 1, receive: time, originate: request.transmit };
 *   server.sendTo(emitNtpMessage(reply), source, sourcePort);
 * };
 *
 * const wallClock = { unixMillis: () => 0 }; // this host believes it is 1970
 * let text = "";
 * new SntpQuery({
 *   udp: a!.udp,
 *   host: { ...a!.host, wallClock },
 *   servers: [parseIpAddressOrThrow("10.0.0.2")],
 *   onDone: (r) => text = r.isOk ? new Date(r.unixMs).toISOString() : r.reason,
 * }).start();
 * sim.advance(1000);
 * assert.equal(text, "2036-02-07T06:29:46.020Z"); // as it was when the reply arrived
 * ```
 *
 * @module
 */
export * from "./ntp_message.ts";
export * from "./ntp_timestamp.ts";
export * from "./reply_check.ts";
export * from "./sntp_client.ts";
export * from "./sntp_options.ts";
export * from "./sntp_query.ts";
