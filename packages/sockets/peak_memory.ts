/** {@linkcode peakBufferBytes}: how much memory connections can hold at most, before they do.
 *
 * @module
 */
import { DEFAULT_RECEIVE_QUEUE_BYTES } from "./datagram_conn.ts";

/** Default of `TcpConnectionOptions.sendBufferBytes`. */
const DEFAULT_SEND_BUFFER_BYTES = 4 * 1024 * 1024;
/** Default of `TcpConnectionOptions.receiveBufferBytes`. */
const DEFAULT_RECEIVE_BUFFER_BYTES = 6 * 1024 * 1024;
/** Heap of an idle TCP connection and of a socket, measured; see the README of `tcp`. */
const CONNECTION_BYTES = 2048;
const SOCKET_BYTES = 2048;

/** Slot bytes that one byte of received text pins at worst: a text that fills less than a quarter of its slot is moved. */
const SLOT_FACTOR = 4;

/** What a program is going to open. */
export interface MemoryPlan {
  /** TCP connections at a time. */
  readonly tcpConnections: number;
  /** Send buffer of each; default 4 MiB. */
  readonly sendBufferBytes?: number;
  /** Receive window of each; default 6 MiB. */
  readonly receiveBufferBytes?: number;
  /** UDP sockets at a time; default 0. */
  readonly udpSockets?: number;
  /** Receive queue of each; default 1 MiB. */
  readonly receiveQueueBytes?: number;
}

/** The theoretical peak of what connections and sockets hold, in bytes, with all windows and queues full:
 * the formula of the reference document, with this stack's figures. Packets on their way come on top; the pool
 * bounds them.
 *
 * @example
 * ```ts
 * import { peakBufferBytes } from "@lightwire/sockets";
 * import assert from "node:assert/strict";
 *
 * const plan = { tcpConnections: 10, sendBufferBytes: 65_536, receiveBufferBytes: 65_536 };
 * assert.equal(peakBufferBytes(plan), 10 * (131_072 + 4 * 65_536 + 2048));
 * ```
 */
export function peakBufferBytes(plan: MemoryPlan): number {
  const send = ringBytes(plan.sendBufferBytes ?? DEFAULT_SEND_BUFFER_BYTES);
  const receive = plan.receiveBufferBytes ?? DEFAULT_RECEIVE_BUFFER_BYTES;
  const queue = plan.receiveQueueBytes ?? DEFAULT_RECEIVE_QUEUE_BYTES;
  return plan.tcpConnections * (send + SLOT_FACTOR * receive + CONNECTION_BYTES) +
    (plan.udpSockets ?? 0) * (queue + SOCKET_BYTES);
}

/** The send buffer is a ring of a power of two which is copied when it grows: for a moment there are two. */
function ringBytes(maxBytes: number): number {
  const ring = 2 ** Math.ceil(Math.log2(Math.max(4096, maxBytes)));
  return ring * 2;
}
