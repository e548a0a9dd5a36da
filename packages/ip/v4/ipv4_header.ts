/** Data plane. The IPv4 header (RFC 791 §3.1).
 *
 * ```text
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+---------------+-------------------------------+
 * |version|  IHL  |      TOS      |         total length          |
 * +-------+-------+---------------+-----+-------------------------+
 * |        identification         |flags|    fragment offset      |
 * +---------------+---------------+-----+-------------------------+
 * |      TTL      |   protocol    |        header checksum        |
 * +---------------+---------------+-------------------------------+
 * |                            source                             |
 * +---------------------------------------------------------------+
 * |                          destination                          |
 * +---------------------------------------------------------------+
 * |                 options, 0 to 40 bytes                        |
 * ```
 *
 * Refused: fewer than 20 bytes, a version other than 4, a header length below 20 or beyond the bytes there are, a total
 * length below the header length or beyond the bytes there are, a wrong checksum. Let through, for others to judge:
 * options, the reserved flag, addresses.
 *
 * @module
 */
import { formatIpv4Bits } from "../address_text.ts";

/** Bytes of a header without options. */
export const IPV4_HEADER_LENGTH = 20;
/** Bytes of the longest header. */
export const IPV4_HEADER_LENGTH_MAX = 60;
/** Flag in the flags-and-offset word: do not fragment. */
export const IPV4_DONT_FRAGMENT = 0x4000;
/** Flag in the flags-and-offset word: more fragments follow. */
export const IPV4_MORE_FRAGMENTS = 0x2000;
/** The offset in the flags-and-offset word, in units of 8 bytes. */
export const IPV4_OFFSET_MASK = 0x1fff;

/** Byte offsets of the fields, from the start of the header. */
export const IPV4_OFFSET = {
  versionIhl: 0,
  tos: 1,
  totalLength: 2,
  identification: 4,
  flagsFragment: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
  options: 20,
} as const;

/** An IPv4 header as a value. */
export interface Ipv4Header {
  /** Bytes of the header with its options: 20 … 60, a multiple of 4. */
  readonly headerLength: number;
  /** Type of service: DSCP in the upper six bits, ECN in the lower two. */
  readonly tos: number;
  /** Bytes of header and payload. */
  readonly totalLength: number;
  /** Groups the fragments of one datagram. */
  readonly identification: number;
  /** DF. */
  readonly dontFragment: boolean;
  /** MF. */
  readonly moreFragments: boolean;
  /** Where this fragment's payload lies in the datagram's, in bytes. */
  readonly fragmentOffset: number;
  /** Hops it may still take. */
  readonly ttl: number;
  /** Protocol of the payload. */
  readonly protocol: number;
  /** Sender, 32 bits. */
  readonly source: number;
  /** Receiver, 32 bits. */
  readonly destination: number;
}

/** Why {@linkcode parseIpv4Header} refused. */
export type Ipv4ParseFailure = "truncated" | "bad-version" | "bad-header-length" | "bad-checksum";

/** Reads and checks the header at `offset` of `view`.
 *
 * @param available bytes from `offset` on that belong to the packet; more than the total length is padding.
 */
export function parseIpv4Header(
  view: DataView,
  offset: number,
  available: number,
): Ipv4Header | Ipv4ParseFailure {
  if (available < IPV4_HEADER_LENGTH) return "truncated";
  const first = view.getUint16(offset);
  if (first >>> 12 !== 4) return "bad-version";
  const headerLength = (first >>> 6) & 0x3c;
  if (headerLength < IPV4_HEADER_LENGTH || headerLength > available) return "bad-header-length";
  const totalLength = view.getUint16(offset + IPV4_OFFSET.totalLength);
  if (totalLength < headerLength || totalLength > available) return "truncated";
  if (ipv4HeaderSum(view, offset, headerLength) !== 0xffff) return "bad-checksum";
  const word = view.getUint16(offset + IPV4_OFFSET.flagsFragment);
  return {
    headerLength,
    tos: first & 0xff,
    totalLength,
    identification: view.getUint16(offset + IPV4_OFFSET.identification),
    dontFragment: (word & IPV4_DONT_FRAGMENT) !== 0,
    moreFragments: (word & IPV4_MORE_FRAGMENTS) !== 0,
    fragmentOffset: (word & IPV4_OFFSET_MASK) * 8,
    ttl: view.getUint8(offset + IPV4_OFFSET.ttl),
    protocol: view.getUint8(offset + IPV4_OFFSET.protocol),
    source: view.getUint32(offset + IPV4_OFFSET.source),
    destination: view.getUint32(offset + IPV4_OFFSET.destination),
  };
}

/** Writes a header of 20 bytes at `offset` of `view`, every byte of it, its checksum included.
 *
 * @param flagsFragment the flags and the fragment offset as one word, see {@linkcode IPV4_DONT_FRAGMENT}.
 */
export function emitIpv4Header(
  view: DataView,
  offset: number,
  tos: number,
  totalLength: number,
  identification: number,
  flagsFragment: number,
  ttl: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  const ttlProtocol = (ttl << 8) | protocol;
  let sum = (0x4500 | tos) + totalLength + identification + flagsFragment + ttlProtocol + (source >>> 16) +
    (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum += sum >>> 16;
  view.setUint32(offset, 0x4500_0000 | (tos << 16) | totalLength);
  view.setUint32(offset + IPV4_OFFSET.identification, (identification << 16) | flagsFragment);
  view.setUint32(offset + IPV4_OFFSET.ttl, (ttlProtocol << 16) | (~sum & 0xffff));
  view.setUint32(offset + IPV4_OFFSET.source, source);
  view.setUint32(offset + IPV4_OFFSET.destination, destination);
}

/** The folded one's-complement sum of a header, its checksum field included: 0xffff when it is intact (RFC 1071 §1).
 *
 * @param length bytes, a multiple of 4.
 */
export function ipv4HeaderSum(view: DataView, offset: number, length: number): number {
  let sum = 0;
  for (const end = offset + length; offset < end; offset += 4) {
    const word = view.getUint32(offset);
    sum += (word >>> 16) + (word & 0xffff);
  }
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum + (sum >>> 16)) & 0xffff;
}

/** Computes the checksum of a header of any length and writes it into its field. */
export function writeIpv4Checksum(view: DataView, offset: number, headerLength: number): void {
  view.setUint16(offset + IPV4_OFFSET.checksum, 0);
  view.setUint16(offset + IPV4_OFFSET.checksum, ~ipv4HeaderSum(view, offset, headerLength) & 0xffff);
}

/** A line like tcpdump's: "IP 10.0.0.1 > 10.0.0.2: proto 17, ttl 64, id 7, length 36". */
export function formatIpv4Header(header: Ipv4Header): string {
  const fragment = header.moreFragments || header.fragmentOffset > 0
    ? `, frag ${header.fragmentOffset}${header.moreFragments ? "+" : ""}`
    : "";
  return `IP ${formatIpv4Bits(header.source)} > ${
    formatIpv4Bits(header.destination)
  }: proto ${header.protocol}` +
    `, ttl ${header.ttl}, id ${header.identification}${header.dontFragment ? " DF" : ""}${fragment}` +
    `, length ${header.totalLength}`;
}
