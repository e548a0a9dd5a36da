/** EUI-48 addresses as integers: text form, broadcast and group tests.
 *
 * @module
 */
import type { MacAddress } from "./link.ts";
import type { Random } from "./random.ts";

/** ff:ff:ff:ff:ff:ff: every station of the segment. */
export const BROADCAST_MAC: MacAddress = 0xffff_ffff_ffff;

const OCTET = 0x1_00_00_00_00_00; // 2^40: what the first octet counts

/** The address written as six pairs of hexadecimal digits with colons, hyphens or nothing between them, or in three
 * groups of four with dots.
 *
 * @returns `undefined` for anything else.
 *
 * @example All of these are the same station
 * ```ts
 * import { formatMac, parseMac } from "@lightwire/netif";
 * import assert from "node:assert/strict";
 *
 * for (const text of ["02:00:5e:10:00:01", "02-00-5E-10-00-01", "0200.5e10.0001", "02005e100001"]) {
 *   assert.equal(parseMac(text), 0x02_00_5e_10_00_01);
 * }
 * assert.equal(formatMac(0x02_00_5e_10_00_01), "02:00:5e:10:00:01");
 * assert.equal(parseMac("02:00:5e:10:00"), undefined);
 * ```
 */
export function parseMac(text: string): MacAddress | undefined {
  const isMac = /^[0-9a-f]{2}(?:(?<s>[:-]?)[0-9a-f]{2})(?:\k<s>[0-9a-f]{2}){4}$/i.test(text) ||
    /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$/i.test(text);
  return isMac ? parseInt(text.replace(/[:.-]/g, ""), 16) : undefined;
}

/** The address as six pairs of lower-case hexadecimal digits with colons between them. */
export function formatMac(mac: MacAddress): string {
  return mac.toString(16).padStart(12, "0").match(/../g)!.join(":");
}

/** Whether it names a group of stations, the broadcast address included (IEEE 802: the I/G bit). */
export function isGroupMac(mac: MacAddress): boolean {
  return (Math.floor(mac / OCTET) & 1) === 1;
}

/** A station address of our own making: random, locally administered, not a group (IEEE 802: bits U/L = 1, I/G = 0). */
export function randomMac(random: Random): MacAddress {
  const firstOctet = (random.uint32() & 0xfc) | 0x02;
  return firstOctet * OCTET + (random.uint32() & 0xff) * 0x1_0000_0000 + random.uint32();
}

/** Whether `mac` can be a station's address: 48 bits, neither zero nor a group. */
export function isStationMac(mac: MacAddress): boolean {
  return Number.isInteger(mac) && mac > 0 && mac <= BROADCAST_MAC && !isGroupMac(mac);
}
