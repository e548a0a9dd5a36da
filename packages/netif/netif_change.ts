/** Why a listener of an interface is called: bits of a reason, which may come together (the eleven of lwIP's extended
 * status callback, and two of our own). The address bits are reported by the IP layer through
 * `Netif.notifyChange`.
 *
 * @module
 */
import type { Netif } from "./netif.ts";

/** The interface joined a group of interfaces. */
export const NETIF_ADDED = 0x0001;
/** The interface is about to leave. */
export const NETIF_REMOVED = 0x0002;
/** The carrier came or went. */
export const NETIF_LINK_CHANGED = 0x0004;
/** It was set up or down. */
export const NETIF_STATUS_CHANGED = 0x0008;
/** Its IPv4 address is another. */
export const NETIF_IPV4_ADDRESS_CHANGED = 0x0010;
/** Its IPv4 gateway is another. */
export const NETIF_IPV4_GATEWAY_CHANGED = 0x0020;
/** Its IPv4 prefix length is another. */
export const NETIF_IPV4_NETMASK_CHANGED = 0x0040;
/** One or several of address, gateway and prefix length were set together. */
export const NETIF_IPV4_SETTINGS_CHANGED = 0x0080;
/** An IPv6 address was set. */
export const NETIF_IPV6_SET = 0x0100;
/** An IPv6 address went from one state to another. */
export const NETIF_IPV6_ADDR_STATE_CHANGED = 0x0200;
/** An IPv4 address was set again, without change. */
export const NETIF_IPV4_ADDR_VALID = 0x0400;
/** Its MTU is another. */
export const NETIF_MTU_CHANGED = 0x0800;
/** Its station address is another. */
export const NETIF_MAC_CHANGED = 0x1000;

/** Called after the change. `details` is what the reporter adds, like the old address; `undefined` for the reasons that
 * {@linkcode Netif} reports itself. */
export type NetifChangeListener = (netif: Netif, reasons: number, details: unknown) => void;
