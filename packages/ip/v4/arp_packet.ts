/** The ARP packet for IPv4 over Ethernet (RFC 826).
 *
 * ```text
 * +---------------+---------------+
 * | hardware type | protocol type |   1, 0x0800
 * +-------+-------+---------------+
 * | hlen  | plen  |   operation   |   6, 4, 1 request or 2 reply
 * +-------+-------+---------------+
 * |   sender hardware address     |   6 bytes
 * |   sender protocol address     |   4 bytes
 * |   target hardware address     |   6 bytes
 * |   target protocol address     |   4 bytes
 * +-------------------------------+
 * ```
 *
 * Refused: fewer than 28 bytes, other hardware or protocol, other lengths, other operations. Bytes behind the 28 are
 * padding of the frame.
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import { formatIpv4Bits } from "../address_text.ts";

/** Bytes of the packet. */
export const ARP_PACKET_LENGTH = 28;
/** Operation: who has the target protocol address? */
export const ARP_REQUEST = 1;
/** Operation: the sender's protocol address is at the sender's hardware address. */
export const ARP_REPLY = 2;

const OFFSET = {
  hardwareType: 0,
  protocolType: 2,
  lengths: 4,
  operation: 6,
  senderHardware: 8,
  senderProtocol: 14,
  targetHardware: 18,
  targetProtocol: 24,
} as const;

/** An ARP packet as a value. */
export interface ArpPacket {
  /** {@linkcode ARP_REQUEST} or {@linkcode ARP_REPLY}. */
  readonly operation: number;
  /** Station address of the sender. */
  readonly senderHardware: MacAddress;
  /** IPv4 address of the sender, 32 bits; 0 in a probe (RFC 5227 §2.1.1). */
  readonly senderProtocol: number;
  /** Station address of the target; means nothing in a request. */
  readonly targetHardware: MacAddress;
  /** IPv4 address of the target, 32 bits. */
  readonly targetProtocol: number;
}

/** Why {@linkcode parseArpPacket} refused. */
export type ArpParseFailure = "truncated" | "bad-hardware" | "bad-protocol" | "bad-operation";

/** Reads a packet of `available` bytes at `offset` of `view`. */
export function parseArpPacket(
  view: DataView,
  offset: number,
  available: number,
): ArpPacket | ArpParseFailure {
  if (available < ARP_PACKET_LENGTH) return "truncated";
  const lengths = view.getUint16(offset + OFFSET.lengths);
  if (view.getUint16(offset + OFFSET.hardwareType) !== 1 || lengths >>> 8 !== 6) return "bad-hardware";
  if (view.getUint16(offset + OFFSET.protocolType) !== 0x0800 || (lengths & 0xff) !== 4) {
    return "bad-protocol";
  }
  const operation = view.getUint16(offset + OFFSET.operation);
  if (operation !== ARP_REQUEST && operation !== ARP_REPLY) return "bad-operation";
  return {
    operation,
    senderHardware: readMac(view, offset + OFFSET.senderHardware),
    senderProtocol: view.getUint32(offset + OFFSET.senderProtocol),
    targetHardware: readMac(view, offset + OFFSET.targetHardware),
    targetProtocol: view.getUint32(offset + OFFSET.targetProtocol),
  };
}

/** Writes the 28 bytes of a packet at `offset` of `view`. */
export function emitArpPacket(view: DataView, offset: number, packet: ArpPacket): void {
  view.setUint16(offset + OFFSET.hardwareType, 1);
  view.setUint16(offset + OFFSET.protocolType, 0x0800);
  view.setUint16(offset + OFFSET.lengths, 0x0604);
  view.setUint16(offset + OFFSET.operation, packet.operation);
  writeMac(view, offset + OFFSET.senderHardware, packet.senderHardware);
  view.setUint32(offset + OFFSET.senderProtocol, packet.senderProtocol);
  writeMac(view, offset + OFFSET.targetHardware, packet.targetHardware);
  view.setUint32(offset + OFFSET.targetProtocol, packet.targetProtocol);
}

/** A line like tcpdump's: "ARP, Request who-has 10.0.0.2 tell 10.0.0.1". */
export function formatArpPacket(packet: ArpPacket): string {
  const sender = formatIpv4Bits(packet.senderProtocol);
  if (packet.operation === ARP_REQUEST) {
    return `ARP, Request who-has ${formatIpv4Bits(packet.targetProtocol)} tell ${sender}`;
  }
  return `ARP, Reply ${sender} is-at ${
    packet.senderHardware.toString(16).padStart(12, "0").replace(/..(?=.)/g, "$&:")
  }`;
}

function readMac(view: DataView, offset: number): MacAddress {
  return view.getUint16(offset) * 0x1_0000_0000 + view.getUint32(offset + 2);
}

function writeMac(view: DataView, offset: number, mac: MacAddress): void {
  view.setUint16(offset, Math.floor(mac / 0x1_0000_0000));
  view.setUint32(offset + 2, mac % 0x1_0000_0000);
}
