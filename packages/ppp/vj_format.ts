/** Data plane. What both sides of Van Jacobson's TCP/IP header compression share (RFC 1144 §3.2.2, RFC 1332 §4).
 *
 * ```text
 *   compressed (protocol 002d):
 *   +---------------+------------+----------+---------------------------------------------+---------
 *   | 0 C I P S A W U | slot, if C | checksum | urgent, window, ack, seq, id, as the mask says | data …
 *   +---------------+------------+----------+---------------------------------------------+---------
 *   a number: 1 … 255 in one octet; 0 and 256 … 65535 as 00 hi lo
 *
 *   uncompressed (protocol 002f): the packet as it was, with the slot in the place of IP's protocol number
 * ```
 *
 * @module
 */

/** Mask bit C: a slot follows. */
export const VJ_NEW_SLOT = 0x40;
/** Mask bit I: the increment of the IP identification follows; it is 1 otherwise. */
export const VJ_NEW_ID = 0x20;
/** Mask bit P: TCP's PSH. */
export const VJ_PUSH = 0x10;
/** Mask bit S: the increment of the sequence number follows. */
export const VJ_NEW_SEQUENCE = 0x08;
/** Mask bit A: the increment of the acknowledgment follows. */
export const VJ_NEW_ACK = 0x04;
/** Mask bit W: the increment of the window follows. */
export const VJ_NEW_WINDOW = 0x02;
/** Mask bit U: URG is set, and the urgent pointer follows. */
export const VJ_URGENT = 0x01;
/** Bits that say which numbers follow, but for I. */
export const VJ_SPECIALS = 0x0f;
/** SWU, in place of a case that cannot be: echoed interactive traffic, sequence and acknowledgment both advance by the data of
 * the packet before (RFC 1144 §3.2.3). */
export const VJ_ECHOED_INTERACTIVE = 0x0b;
/** SAWU: data one way, the sequence advances by the data of the packet before (RFC 1144 §3.2.3). */
export const VJ_UNIDIRECTIONAL = 0x0f;

/** Octets of memory for the headers of a slot: two of 60 at most. */
export const VJ_SLOT_BYTES = 128;
/** Slots that both sides have by default (RFC 1332 §4.1: max-slot-id is one less). */
export const DEFAULT_VJ_SLOTS = 16;
/** Slots at most: their number has one octet. */
export const MAX_VJ_SLOTS = 256;
/** Slots at least, by RFC 1144 §3.2.2. */
export const MIN_VJ_SLOTS = 1;
/** Longest compressed header: mask, slot, checksum, five numbers of three octets. */
export const MAX_VJ_COMPRESSED_BYTES = 19;

/** TCP flag FIN. */
export const TCP_FIN = 0x01;
/** TCP flag SYN. */
export const TCP_SYN = 0x02;
/** TCP flag RST. */
export const TCP_RST = 0x04;
/** TCP flag PSH. */
export const TCP_PSH = 0x08;
/** TCP flag ACK. */
export const TCP_ACK = 0x10;
/** TCP flag URG. */
export const TCP_URG = 0x20;

/** Length of the TCP/IPv4 headers at `bytes[start … end]`, options included, or 0 if they are not both there and sound, or
 * belong to a fragment, or the protocol number is not `protocol`. */
export function tcpIpHeaderLength(bytes: Uint8Array, start: number, end: number, protocol: number): number {
  if (end - start < 40 || bytes[start]! >>> 4 !== 4 || bytes[start + 9] !== protocol) return 0;
  if (((bytes[start + 6]! & 0x3f) | bytes[start + 7]!) !== 0) return 0; // MF or an offset
  const ipLength = (bytes[start]! & 15) << 2;
  if (ipLength < 20 || end - start < ipLength + 20) return 0;
  const tcpLength = (bytes[start + ipLength + 12]! >>> 4) << 2;
  if (tcpLength < 20 || end - start < ipLength + tcpLength) return 0;
  return ipLength + tcpLength;
}

/** A big-endian number of 16 bits. */
export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** A big-endian number of 32 bits, signed. */
export function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Writes a big-endian number of 16 bits. */
export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/** Writes a big-endian number of 32 bits. */
export function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}
