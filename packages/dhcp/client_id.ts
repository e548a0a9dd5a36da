/** Client identifiers (RFC 2132 §9.14) and the DUIDs inside of them (RFC 4361, RFC 8415 §11).
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";

/** The six bytes of an Ethernet address. */
export function macBytes(mac: MacAddress): Uint8Array {
  const high = Math.floor(mac / 0x1_0000_0000);
  const low = mac % 0x1_0000_0000;
  return Uint8Array.of(high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low);
}

/** The usual identifier: hardware type 1 and the address (RFC 2132 §9.14). */
export function hardwareClientId(mac: MacAddress): Uint8Array {
  return Uint8Array.of(1, ...macBytes(mac));
}

/** An identifier that stays the same over both DHCPs: type 255, IAID, DUID (RFC 4361 §6.1).
 *
 * @param iaid tells the interfaces of one host apart, 32 bits.
 */
export function duidClientId(iaid: number, duid: Uint8Array): Uint8Array {
  return Uint8Array.of(255, iaid >>> 24, iaid >>> 16, iaid >>> 8, iaid, ...duid);
}

/** A DUID made from a link-layer address (DUID-LL, RFC 8415 §11.4). */
export function linkLayerDuid(mac: MacAddress): Uint8Array {
  return Uint8Array.of(0, 3, 0, 1, ...macBytes(mac));
}
