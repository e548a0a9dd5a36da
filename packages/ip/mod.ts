/** Addresses, IPv4 and its companions.
 *
 * @module
 */
export * from "./address.ts";
export * from "./protocol.ts";
export * from "./ip_tx.ts";
