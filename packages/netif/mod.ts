/** Network interfaces and what the host supplies.
 *
 * @module
 */
export * from "./link.ts";
export * from "./netif.ts";
export * from "./clock.ts";
export * from "./timers.ts";
export * from "./random.ts";
export * from "./net_error.ts";
