/** Data plane. The header of UDP (RFC 768) and of UDP-Lite (RFC 3828).
 *
 * ```text
 *    0               1               2               3
 *   +---------------+---------------+---------------+---------------+
 *   |          source port          |       destination port        |
 *   +---------------+---------------+---------------+---------------+
 *   | length / checksum coverage    |           checksum            |
 *   +---------------+---------------+---------------+---------------+
 * ```
 *
 * Parsing refuses a datagram that is shorter than the header, a `length` below 8 or beyond the packet, and a
 * coverage of 1 … 7 or beyond the packet. It lets through port 0 and bytes behind `length` (the layer cuts them off).
 * The checksum is looked at separately, because whether it counts depends on who sums it: {@linkcode isUdpChecksumGood}.
 *
 * @module
 */
import { copyTo, finishSum, type Pbuf, sumPbuf, sumPbufRange } from "@lightwire/pbuf";
import { type IpAddress, pseudoHeaderSum } from "@lightwire/ip";

/** Bytes of the header, of UDP and of UDP-Lite. */
export const UDP_HEADER_LENGTH = 8;

/** Offsets in bytes from the start of the header. */
const OFFSET = { sourcePort: 0, destinationPort: 2, length: 4, checksum: 6 } as const;

/** Where the checksum field lies, in bytes from the start of the header. */
export const UDP_CHECKSUM_OFFSET: number = OFFSET.checksum;

/** Why a datagram was refused. */
export type UdpParseFailure = "truncated" | "bad-length" | "bad-coverage" | "bad-checksum";

/** A parsed header, in wire order; one instance is reused for all input. */
export class UdpHeader {
  /** Sender's port, 0 when no answer is expected. */
  sourcePort: number;
  /** Receiver's port. */
  destinationPort: number;
  /** Bytes of header and payload: the field of UDP; the packet's length for UDP-Lite. */
  length: number;
  /** Bytes under the checksum, header included: {@linkcode length} for UDP, 8 … `length` for UDP-Lite. */
  coverage: number;
  /** The field as received; 0: none was computed (UDP over IPv4 only). */
  checksum: number;

  /** All fields 0. */
  constructor() {
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.length = 0;
    this.coverage = 0;
    this.checksum = 0;
  }
}

const scratch = new Uint8Array(UDP_HEADER_LENGTH);
const scratchView = new DataView(scratch.buffer);

/** Reads the header at the start of a packet, which may be a chain and is not changed.
 *
 * @param isLite whether the third field is a checksum coverage.
 * @param into overwritten; rubbish after a failure.
 * @returns the reason of a refusal, or `undefined`.
 */
export function parseUdpHeader(p: Pbuf, isLite: boolean, into: UdpHeader): UdpParseFailure | undefined {
  let view = p.view;
  let at = p.start;
  const total = p.next === undefined ? p.end - p.start : p.totalLength;
  if (p.end - p.start < UDP_HEADER_LENGTH) {
    if (copyTo(p, scratch, 0, UDP_HEADER_LENGTH) < UDP_HEADER_LENGTH) return "truncated";
    view = scratchView;
    at = 0;
  }
  into.sourcePort = view.getUint16(at + OFFSET.sourcePort);
  into.destinationPort = view.getUint16(at + OFFSET.destinationPort);
  const third = view.getUint16(at + OFFSET.length);
  into.checksum = view.getUint16(at + OFFSET.checksum);
  if (isLite) {
    into.length = total;
    into.coverage = third === 0 ? total : third;
    if (into.coverage < UDP_HEADER_LENGTH || into.coverage > total) return "bad-coverage"; // RFC 3828 §3.1
    return undefined;
  }
  into.length = third;
  into.coverage = third;
  if (third < UDP_HEADER_LENGTH || third > total) return "bad-length";
  return undefined;
}

/** Whether the checksum over the pseudo header and the covered bytes is right. A field of 0 is good for UDP over
 * IPv4 alone: RFC 8200 §8.1 and RFC 3828 §3.1 forbid it elsewhere. */
export function isUdpChecksumGood(
  p: Pbuf,
  header: UdpHeader,
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  isLite: boolean,
): boolean {
  if (header.checksum === 0) return !isLite && source.family === 4;
  const pseudo = pseudoHeaderSum(source, destination, protocol, header.length);
  return sumPbufRange(p, 0, header.coverage, pseudo) === 0xffff;
}

/** Writes all 8 bytes at the start of the first node; the checksum field is left 0.
 *
 * @param third the length, or for UDP-Lite the coverage as it stands on the wire (0: everything).
 */
export function emitUdpHeader(p: Pbuf, sourcePort: number, destinationPort: number, third: number): void {
  const view = p.view;
  const at = p.start;
  view.setUint16(at + OFFSET.sourcePort, sourcePort);
  view.setUint16(at + OFFSET.destinationPort, destinationPort);
  view.setUint16(at + OFFSET.length, third);
  view.setUint16(at + OFFSET.checksum, 0);
}

/** Computes and stores the checksum of the packet; a result of 0 is sent as 0xffff (RFC 768).
 *
 * @param length bytes of header and payload.
 * @param coverage bytes under the checksum, from `p.start`.
 */
export function fillUdpChecksum(
  p: Pbuf,
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
  coverage: number,
): void {
  const pseudo = pseudoHeaderSum(source, destination, protocol, length);
  const sum = coverage === length ? sumPbuf(p, pseudo) : sumPbufRange(p, 0, coverage, pseudo);
  const checksum = finishSum(sum);
  p.view.setUint16(p.start + OFFSET.checksum, checksum === 0 ? 0xffff : checksum);
}

/** Leaves the checksum to the interface: the field gets the pseudo header's sum, the packet the mark. */
export function deferUdpChecksum(
  p: Pbuf,
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
): void {
  p.view.setUint16(p.start + OFFSET.checksum, pseudoHeaderSum(source, destination, protocol, length));
  p.checksumStart = p.start;
  p.checksumOffset = OFFSET.checksum;
}

/** One line for traces: `68 > 67: UDP, length 300`. */
export function formatUdpHeader(header: UdpHeader, isLite: boolean = false): string {
  const name = isLite ? "UDP-Lite" : "UDP";
  const covered = isLite && header.coverage !== header.length ? `, coverage ${header.coverage}` : "";
  return `${header.sourcePort} > ${header.destinationPort}: ${name}, length ${
    header.length - UDP_HEADER_LENGTH
  }${covered}`;
}
