/** DNS: a stub resolver with a cache, and the message codec, for resolvers and servers.
 *
 * - {@linkcode StubResolver} asks servers, and remembers what they say.
 * - {@linkcode parseDnsMessage} and {@linkcode emitDnsMessage} read and write messages of either side.
 * - {@linkcode LocalHosts} is a list of names that need no server.
 *
 * @example A server answers a query
 * ```ts
 * import {
 *   DNS_TYPE,
 *   dnsRecord,
 *   dnsResponse,
 *   emitDnsMessage,
 *   emitDnsQuery,
 *   formatDnsRecord,
 *   parseDnsMessage,
 * } from "@lightwire/dns";
 * import { parseIpAddressOrThrow } from "@lightwire/ip";
 * import assert from "node:assert/strict";
 *
 * const query = parseDnsMessage(emitDnsQuery({ id: 1, name: "example.test", type: DNS_TYPE.A }));
 * assert(typeof query !== "string"); // else it says what is wrong
 * const data = parseIpAddressOrThrow("203.0.113.80");
 * const answers = [dnsRecord("example.test", 300, { type: "A", data })];
 * const response = parseDnsMessage(emitDnsMessage(dnsResponse(query, { answers })));
 * assert(typeof response !== "string");
 * assert.equal(formatDnsRecord(response.answers[0]!), "example.test. 300 IN A 203.0.113.80");
 * ```
 *
 * @example A resolver that knows a host by itself
 * ```ts
 * import { StubResolver } from "@lightwire/dns";
 * import { IpLayer, parseIpAddressOrThrow } from "@lightwire/ip";
 * import { Simulation } from "@lightwire/netif/sim";
 * import { UdpLayer } from "@lightwire/udp";
 * import assert from "node:assert/strict";
 *
 * using sim = new Simulation({ seed: 1 });
 * const host = sim.host("a");
 * const udp = new UdpLayer(new IpLayer(host), host);
 * const resolver = new StubResolver({ udp, host });
 * resolver.hosts.add("printer", parseIpAddressOrThrow("10.0.0.99"));
 *
 * const found: string[] = [];
 * resolver.lookup("printer", 4, (result) => found.push(result.isOk ? result.addresses.join() : result.reason));
 * resolver.lookup("example.test", 4, (result) => found.push(result.isOk ? "?" : result.reason));
 * sim.advance(1);
 * assert.deepEqual(found, ["10.0.0.99", "NO_SERVERS"]);
 * ```
 *
 * @module
 */
export * from "./dns_answer.ts";
export * from "./dns_cache.ts";
export * from "./dns_message.ts";
export * from "./dns_name.ts";
export * from "./dns_result.ts";
export * from "./dns_writer.ts";
export * from "./local_hosts.ts";
export * from "./record_type.ts";
export * from "./resolver_options.ts";
export * from "./resource_record.ts";
export * from "./reverse_name.ts";
export * from "./search_list.ts";
export * from "./server_list.ts";
export * from "./special_names.ts";
export * from "./stub_resolver.ts";
