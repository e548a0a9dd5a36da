/** Data plane. The Ethernet II header (RFC 894, IEEE 802.3) and the IEEE 802.1Q tag.
 *
 * ```text
 *    0             6            12     14
 *   +-------------+-------------+------+---------
 *   | destination |   source    | type | payload
 *   +-------------+-------------+------+---------
 *    0             6            12     14    16     18
 *   +-------------+-------------+------+-----+------+---------
 *   | destination |   source    | 8100 | TCI | type | payload
 *   +-------------+-------------+------+-----+------+---------
 * ```
 *
 * A type below 0x600 is a length (IEEE 802.3 framing); it is parsed all the same, and no layer takes it.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress } from "./link.ts";
import { formatMac } from "./mac_address.ts";

/** Bytes of an Ethernet II header. */
export const ETHERNET_HEADER_LENGTH = 14;
/** Bytes of an 802.1Q tag. */
export const VLAN_TAG_LENGTH = 4;

/** EtherType of IPv4 (RFC 894). */
export const ETHER_TYPE_IPV4 = 0x0800;
/** EtherType of ARP (RFC 826). */
export const ETHER_TYPE_ARP = 0x0806;
/** EtherType of an 802.1Q tag. */
export const ETHER_TYPE_VLAN = 0x8100;
/** EtherType of IPv6 (RFC 2464). */
export const ETHER_TYPE_IPV6 = 0x86dd;
/** EtherType of the PPPoE discovery stage (RFC 2516). */
export const ETHER_TYPE_PPPOE_DISCOVERY = 0x8863;
/** EtherType of the PPPoE session stage (RFC 2516). */
export const ETHER_TYPE_PPPOE_SESSION = 0x8864;
/** Smallest number that is a type and not a length (IEEE 802.3 §3.2.6). */
export const ETHER_TYPE_MIN = 0x0600;

const OFFSET = { destination: 0, source: 6, type: 12 } as const;

/** A parsed Ethernet header. */
export interface EthernetHeader {
  /** Receiver. */
  readonly destination: MacAddress;
  /** Sender. */
  readonly source: MacAddress;
  /** What the payload is, as it stands after the addresses: 0x8100 if a tag follows. */
  readonly etherType: number;
}

/** Reads a 48-bit address at `offset`. */
export function readMac(view: DataView, offset: number): MacAddress {
  return view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2);
}

/** Writes a 48-bit address at `offset`. */
export function writeMac(view: DataView, offset: number, mac: MacAddress): void {
  view.setUint16(offset, mac / 0x1_0000_0000);
  view.setUint32(offset + 2, mac);
}

/** Reads the header at the front of a frame, which stays as it is.
 *
 * @returns `undefined` when the first node is shorter than a header.
 */
export function parseEthernetHeader(p: Pbuf): EthernetHeader | undefined {
  if (p.end - p.start < ETHERNET_HEADER_LENGTH) return undefined;
  return {
    destination: readMac(p.view, p.start + OFFSET.destination),
    source: readMac(p.view, p.start + OFFSET.source),
    etherType: p.view.getUint16(p.start + OFFSET.type),
  };
}

/** Prepends a header.
 *
 * @returns false, with nothing changed, when the headroom is too small.
 */
export function emitEthernetHeader(p: Pbuf, header: EthernetHeader): boolean {
  if (!p.prepend(ETHERNET_HEADER_LENGTH)) return false;
  writeMac(p.view, p.start + OFFSET.destination, header.destination);
  writeMac(p.view, p.start + OFFSET.source, header.source);
  p.view.setUint16(p.start + OFFSET.type, header.etherType);
  return true;
}

/** The header as one line, like tcpdump's `-e`. */
export function formatEthernetHeader(header: EthernetHeader): string {
  const type = header.etherType.toString(16).padStart(4, "0");
  return `${formatMac(header.source)} > ${formatMac(header.destination)}, ethertype 0x${type}`;
}

/** Takes the 802.1Q tag out of a frame and puts its TCI into `p.vlanTci`: the addresses move 4 bytes up, so that an
 * untagged header stands in front of the payload.
 *
 * @returns false, with nothing changed, when there is no tag, or the frame is too short for one.
 */
export function stripVlanTag(p: Pbuf): boolean {
  const { view, start } = p;
  if (p.end - start < ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH) return false;
  if (view.getUint16(start + OFFSET.type) !== ETHER_TYPE_VLAN) return false;
  p.vlanTci = view.getUint16(start + OFFSET.type + 2);
  p.bytes.copyWithin(start + VLAN_TAG_LENGTH, start, start + OFFSET.type);
  p.start = start + VLAN_TAG_LENGTH;
  return true;
}

/** Puts the TCI which travelled beside a frame back into it: the reverse of {@linkcode stripVlanTag}, and what a frame
 * needs which a device took its tag from.
 *
 * @returns false, with nothing changed, when no TCI travelled along, or the headroom is too small.
 */
export function restoreVlanTag(p: Pbuf): boolean {
  if (p.vlanTci < 0 || !p.prepend(VLAN_TAG_LENGTH)) return false;
  const { view, start } = p;
  p.bytes.copyWithin(start, start + VLAN_TAG_LENGTH, start + VLAN_TAG_LENGTH + OFFSET.type);
  view.setUint16(start + OFFSET.type, ETHER_TYPE_VLAN);
  view.setUint16(start + OFFSET.type + 2, p.vlanTci);
  p.vlanTci = -1;
  return true;
}
