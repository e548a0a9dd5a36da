/** IPv4 packets with TCP segments, written and read without the stack's own code, so that a script checks it.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import { Segment } from "../segment.ts";
import { parseTcpOptions } from "../tcp_options.ts";
import { FIN, SYN } from "../control_bits.ts";

/** What {@linkcode encodePacket} writes. */
export interface PacketFields {
  /** Source address. */
  readonly source: IpAddress;
  /** Destination address. */
  readonly destination: IpAddress;
  /** Source port. */
  readonly sourcePort: number;
  /** Destination port. */
  readonly destinationPort: number;
  /** Sequence number. */
  readonly seq: number;
  /** Acknowledgment number. Default 0. */
  readonly ack?: number;
  /** Control bits. */
  readonly ctl: number;
  /** Window field. Default 65,535. */
  readonly wnd?: number;
  /** Urgent pointer. Default 0. */
  readonly up?: number;
  /** Options, a multiple of 4 bytes. Default none. */
  readonly options?: readonly number[];
  /** Text. Default none. */
  readonly text?: Uint8Array;
  /** Type of service octet, ECN field included. Default 0. */
  readonly tos?: number;
  /** Time to live. Default 64. */
  readonly ttl?: number;
  /** Added to the right checksum, to make it wrong. */
  readonly checksumError?: number;
  /** IP options, a multiple of 4 bytes. */
  readonly ipOptions?: readonly number[];
  /** Data offset to write instead of the right one, in words. */
  readonly dataOffset?: number;
}

const NO_TEXT = new Uint8Array(0);

/** One's complement sum of 16-bit words, octet by octet (RFC 1071). */
function sum(bytes: Uint8Array, from: number, to: number, initial: number): number {
  let total = initial;
  for (let i = from; i < to; i++) {
    total += (i - from) % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

function pseudoSum(bytes: Uint8Array, length: number): number {
  let total = sum(bytes, 12, 20, 0) + 6 + length;
  while (total > 0xffff) total -= 0xffff;
  return total;
}

/** An IPv4 packet, checksums included.
 *
 * @throws {RangeError} if options are no multiple of 4 bytes, or the packet is too long.
 */
export function encodePacket(fields: PacketFields): Uint8Array {
  const { ipOptions = [], options = [], text = NO_TEXT } = fields;
  if (
    options.length % 4 !== 0 || options.length > 40 || ipOptions.length % 4 !== 0 || ipOptions.length > 40
  ) {
    throw new RangeError(
      `Options are a multiple of 4 bytes, 40 at most: got ${options.length} of TCP, ${ipOptions.length} of IP`,
    );
  }
  const ipLength = 20 + ipOptions.length;
  const headerLength = 20 + options.length;
  const totalLength = ipLength + headerLength + text.length;
  if (totalLength > 65_535) throw new RangeError(`An IP packet has at most 65535 octets: got ${totalLength}`);
  const bytes = new Uint8Array(totalLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x40 | ipLength / 4);
  view.setUint8(1, fields.tos ?? 0);
  view.setUint16(2, bytes.length);
  view.setUint8(8, fields.ttl ?? 64);
  view.setUint8(9, 6);
  view.setUint32(12, fields.source.w3);
  view.setUint32(16, fields.destination.w3);
  bytes.set(ipOptions, 20);
  view.setUint16(10, 0xffff - sum(bytes, 0, ipLength, 0));
  view.setUint16(ipLength, fields.sourcePort);
  view.setUint16(ipLength + 2, fields.destinationPort);
  view.setUint32(ipLength + 4, fields.seq);
  view.setUint32(ipLength + 8, fields.ack ?? 0);
  view.setUint8(ipLength + 12, (fields.dataOffset ?? headerLength / 4) << 4);
  view.setUint8(ipLength + 13, fields.ctl);
  view.setUint16(ipLength + 14, fields.wnd ?? 65_535);
  view.setUint16(ipLength + 18, fields.up ?? 0);
  bytes.set(options, ipLength + 20);
  bytes.set(text, ipLength + headerLength);
  const length = bytes.length - ipLength;
  const checksum = 0xffff - sum(bytes, ipLength, bytes.length, pseudoSum(bytes, length));
  view.setUint16(ipLength + 16, checksum + (fields.checksumError ?? 0));
  return bytes;
}

/** A packet of ours, taken apart. */
export interface ReceivedSegment {
  /** The segment; `pbuf` is unset. */
  readonly seg: Segment;
  /** Its text. */
  readonly text: Uint8Array;
  /** What its Fast Open option holds, `undefined` without one; empty for a request (RFC 7413 §4.1.1). */
  readonly fastOpenCookie: Uint8Array | undefined;
  /** That option has the form of an experiment (RFC 6994). */
  readonly isFastOpenExperimental: boolean;
  /** Identification, flags and fragment offset of the IP header. */
  readonly dontFragment: boolean;
  /** Type of service octet. */
  readonly tos: number;
  /** Time to live. */
  readonly ttl: number;
}

/** Takes an IPv4 packet with a TCP segment apart and checks all lengths and checksums.
 *
 * @returns what was wrong, as text, or the segment.
 */
export function decodePacket(bytes: Uint8Array): ReceivedSegment | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 40) return `packet of ${bytes.length} bytes`;
  if (bytes[0] !== 0x45) return `IP header begins with ${bytes[0]}`;
  if (view.getUint16(2) !== bytes.length) {
    return `IP total length ${view.getUint16(2)} of ${bytes.length} bytes`;
  }
  if (sum(bytes, 0, 20, 0) !== 0xffff) return "bad IP header checksum";
  if (bytes[9] !== 6) return `IP protocol ${bytes[9]}`;
  if ((view.getUint16(6) & 0x3fff) !== 0) return "a fragment";
  if (sum(bytes, 20, bytes.length, pseudoSum(bytes, bytes.length - 20)) !== 0xffff) return "bad TCP checksum";
  const dataOffset = (bytes[32]! >> 4) * 4;
  if (dataOffset < 20 || 20 + dataOffset > bytes.length) return `data offset ${dataOffset}`;
  if ((bytes[32]! & 0x0f) !== 0) return "reserved bits are set";
  const seg = new Segment();
  seg.sourcePort = view.getUint16(20);
  seg.destinationPort = view.getUint16(22);
  seg.seq = view.getUint32(24);
  seg.ack = view.getUint32(28);
  seg.ctl = bytes[33]!;
  seg.wnd = view.getUint16(34);
  seg.up = view.getUint16(38);
  seg.dataOffset = dataOffset;
  seg.textLength = bytes.length - 20 - dataOffset;
  seg.len = seg.textLength + ((seg.ctl & SYN) === 0 ? 0 : 1) + ((seg.ctl & FIN) === 0 ? 0 : 1);
  parseTcpOptions(view, 40, 20 + dataOffset, seg);
  if (seg.hasMalformedOption) return "malformed options";
  return {
    seg,
    text: bytes.subarray(20 + dataOffset),
    fastOpenCookie: seg.fastOpenLength < 0
      ? undefined
      : bytes.slice(seg.fastOpenOffset, seg.fastOpenOffset + seg.fastOpenLength),
    isFastOpenExperimental: seg.isFastOpenExperimental,
    dontFragment: (view.getUint16(6) & 0x4000) !== 0,
    tos: bytes[1]!,
    ttl: bytes[8]!,
  };
}

/** An ICMP error of the script's about a packet of ours, which it quotes (RFC 792: header and 8 bytes).
 *
 * @param mtu next-hop MTU for type 3 code 4.
 */
export function encodeIcmpError(
  type: number,
  code: number,
  reporter: IpAddress,
  quoted: Uint8Array,
  mtu: number = 0,
): Uint8Array {
  const quote = quoted.subarray(0, 28);
  const bytes = new Uint8Array(28 + quote.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint8(8, 64);
  view.setUint8(9, 1);
  view.setUint32(12, reporter.w3);
  bytes.set(quoted.subarray(12, 16), 16);
  view.setUint16(10, 0xffff - sum(bytes, 0, 20, 0));
  view.setUint8(20, type);
  view.setUint8(21, code);
  view.setUint16(26, mtu);
  bytes.set(quote, 28);
  view.setUint16(22, 0xffff - sum(bytes, 20, bytes.length, 0));
  return bytes;
}
