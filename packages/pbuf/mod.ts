/** Packet buffers of the lightwire TCP/IP stack.
 *
 * @module
 */
export * from "./pbuf.ts";
export * from "./pool.ts";
