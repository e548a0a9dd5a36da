/** TCP (RFC 9293) of a user-space stack, as a raw callback API.
 *
 * @module
 */
export * from "./acceptability.ts";
export * from "./challenge_ack.ts";
export * from "./congestion.ts";
export * from "./connection.ts";
export * from "./control_bits.ts";
export * from "./counters.ts";
export * from "./listener.ts";
export * from "./reno.ts";
export * from "./rto.ts";
export * from "./segment.ts";
export * from "./seq.ts";
export * from "./state.ts";
export * from "./tcp_config.ts";
export * from "./tcp_header.ts";
export * from "./tcp_info.ts";
export * from "./tcp_layer.ts";
export type { TcpConnectOptions } from "./tcp_open.ts";
