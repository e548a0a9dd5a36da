/** A user-space TCP/IP stack in one object, with connections, listeners and datagrams shaped like those of Deno.
 *
 * @example A host that talks to itself
 * ```ts
 * import { Stack } from "@lightwire/sockets";
 * import assert from "node:assert/strict";
 *
 * using stack = new Stack();
 * using server = stack.listenDatagram({ port: 7 });
 * using client = stack.listenDatagram();
 * await client.send(new Uint8Array([1, 2, 3]), { transport: "udp", hostname: "127.0.0.1", port: 7 });
 * const [data, from] = await server.receive();
 * assert.deepEqual([...data], [1, 2, 3]);
 * assert.equal(from.hostname, "127.0.0.1");
 * ```
 *
 * @module
 */
export * from "./datagram_conn.ts";
export type { GroupHost, MulticastV4Membership, MulticastV6Membership } from "./datagram_groups.ts";
export type { MxRecord, ResolvableType, ResolvedRecords, SoaRecord, SrvRecord } from "./dns_records.ts";
export * from "./errors.ts";
export * from "./net_addr.ts";
export * from "./peak_memory.ts";
export type {
  PingAnswer,
  PingFailure,
  PingOptions,
  PingOutcome,
  PingTimeout,
  TracerouteHop,
  TracerouteOptions,
  TracerouteReply,
} from "./ping.ts";
export { DEFAULT_SLICE_MS, type Pump, type PumpCounters } from "./pump.ts";
export * from "./stack.ts";
export { type InterfaceEvent, StackInterface } from "./stack_interface.ts";
export * from "./stack_options.ts";
export type { DnsQueryAnswer, DnsQueryRecord, QueryDnsOptions, ResolveDnsOptions } from "./stack_resolver.ts";
export type { InterfaceStatus, RouteStatus, StackStats, StackStatus } from "./stack_status.ts";
export { TcpConn, type TcpEndpoint } from "./tcp_conn.ts";
export { TcpListener } from "./tcp_listener.ts";
export type { SntpOptions, SntpResult } from "./time_query.ts";
export type { AbortOptions } from "./waiter.ts";
