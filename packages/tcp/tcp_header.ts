/** Data plane. The TCP header on the wire (RFC 9293 §3.1).
 *
 * ```text
 *    0                   1                   2                   3
 *   +-------------------------------+-------------------------------+
 *   |          Source Port          |       Destination Port        |  0
 *   +-------------------------------+-------------------------------+
 *   |                        Sequence Number                        |  4
 *   +---------------------------------------------------------------+
 *   |                    Acknowledgment Number                      |  8
 *   +-------+-------+---------------+-------------------------------+
 *   |Offset | Rsrvd |CEUAPRSF       |            Window             | 12
 *   +-------+-------+---------------+-------------------------------+
 *   |           Checksum            |         Urgent Pointer        | 16
 *   +-------------------------------+-------------------------------+
 *   |                   Options, 0 … 40 bytes                       | 20
 * ```
 *
 * {@linkcode parseTcpSegment} refuses a header cut short and a data offset below 5 or beyond the packet. It
 * lets every combination of control bits, reserved bits, any port and any option list through.
 *
 * @module
 */
import { finishSum, foldSum, type Pbuf, PBUF_CHECKSUM_VERIFIED, sumPbuf } from "@lightwire/pbuf";
import { IP_PROTOCOL_TCP, type IpAddress, pseudoHeaderSum } from "@lightwire/ip";
import { ACK, FIN, formatControlBits, SYN, URG } from "./control_bits.ts";
import type { Segment } from "./segment.ts";
import { parseTcpOptions } from "./tcp_options.ts";

/** Bytes of a header without options. */
export const TCP_HEADER_LENGTH = 20;
/** Offset of the checksum field, for partial checksums. */
export const TCP_CHECKSUM_OFFSET = 16;

/** Why a packet is no TCP segment. */
export type TcpParseFailure = "TRUNCATED" | "BAD_DATA_OFFSET";

/** Reads the header at the start of `p` into `into` and, on success only, consumes it: `p.start` is then at
 * the text. Borrows `p`; `into.pbuf` refers to it. The checksum is not looked at.
 *
 * The header must lie in the first node of a chain.
 *
 * @returns `undefined` when `into` is valid, else the reason with nothing consumed.
 */
export function parseTcpSegment(p: Pbuf, into: Segment): TcpParseFailure | undefined {
  const view = p.view;
  const start = p.start;
  const available = p.end - start;
  if (available < TCP_HEADER_LENGTH) return "TRUNCATED";
  const word = view.getUint32(start + 12);
  const dataOffset = (word >>> 28) * 4;
  if (dataOffset < TCP_HEADER_LENGTH) return "BAD_DATA_OFFSET";
  if (dataOffset > available) return p.next === undefined ? "BAD_DATA_OFFSET" : "TRUNCATED";
  const ctl = (word >>> 16) & 0xff;
  into.sourcePort = view.getUint16(start);
  into.destinationPort = view.getUint16(start + 2);
  into.seq = view.getUint32(start + 4);
  into.ack = view.getUint32(start + 8);
  into.ctl = ctl;
  into.wnd = word & 0xffff;
  into.up = view.getUint16(start + 18);
  into.dataOffset = dataOffset;
  parseTcpOptions(view, start + TCP_HEADER_LENGTH, start + dataOffset, into);
  p.start = start + dataOffset;
  let textLength = p.end - p.start;
  for (let node = p.next; node !== undefined; node = node.next) textLength += node.end - node.start;
  into.textLength = textLength;
  into.len = textLength + ((ctl & SYN) >> 1) + (ctl & FIN);
  into.pbuf = p;
  return undefined;
}

/** Writes a header at `p.start`, all 20 bytes of it, the checksum as 0. The caller has made room
 * (`p.prepend(TCP_HEADER_LENGTH + optionsLength)`) and writes the options at `p.start + TCP_HEADER_LENGTH`,
 * before or after; then it calls {@linkcode finishTcpChecksum}.
 *
 * @param optionsLength bytes of options, a multiple of 4, at most 40.
 */
export function emitTcpHeader(
  p: Pbuf,
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  ctl: number,
  wnd: number,
  up: number,
  optionsLength: number,
): void {
  const view = p.view;
  const at = p.start;
  view.setUint16(at, sourcePort);
  view.setUint16(at + 2, destinationPort);
  view.setUint32(at + 4, seq);
  view.setUint32(at + 8, ack);
  view.setUint16(at + 12, (((TCP_HEADER_LENGTH + optionsLength) >> 2) << 12) | ctl);
  view.setUint16(at + 14, wnd);
  view.setUint32(at + 16, up);
}

/** Completes the checksum of the segment `p`, `p.start` at its header, checksum field 0.
 *
 * @param length bytes of the whole chain from `p.start`.
 * @param canOffload leave the sum over the segment to the link: the field gets the pseudo header's sum, and
 * `p.checksumStart` says so.
 */
export function finishTcpChecksum(
  p: Pbuf,
  source: IpAddress,
  destination: IpAddress,
  length: number,
  canOffload: boolean,
): void {
  const pseudoSum = pseudoHeaderSum(source, destination, IP_PROTOCOL_TCP, length);
  if (canOffload) {
    p.view.setUint16(p.start + TCP_CHECKSUM_OFFSET, foldSum(pseudoSum));
    p.checksumStart = p.start;
    p.checksumOffset = TCP_CHECKSUM_OFFSET;
  } else {
    p.view.setUint16(p.start + TCP_CHECKSUM_OFFSET, finishSum(sumPbuf(p, pseudoSum)));
  }
}

/** Whether the checksum of the segment `p`, `p.start` at its header, is right, or vouched for by the driver
 * (RFC 9293 §3.1, MUST-3).
 *
 * @param length bytes of the whole chain from `p.start`.
 */
export function verifyTcpChecksum(
  p: Pbuf,
  source: IpAddress,
  destination: IpAddress,
  length: number,
): boolean {
  if ((p.flags & PBUF_CHECKSUM_VERIFIED) !== 0) return true;
  return foldSum(sumPbuf(p, pseudoHeaderSum(source, destination, IP_PROTOCOL_TCP, length))) === 0xffff;
}

/** One line in tcpdump's manner: `49152 > 80: Flags [S], seq 4294967295, win 65535, options […], length 0`.
 *
 * @param seqBase number to show sequence numbers relative to.
 * @param ackBase number to show acknowledgments and SACK blocks relative to.
 */
export function formatSegment(seg: Segment, seqBase: number = 0, ackBase: number = 0): string {
  const seq = (seg.seq - seqBase) >>> 0;
  let text = `${seg.sourcePort} > ${seg.destinationPort}: Flags [${formatControlBits(seg.ctl)}], seq ${seq}`;
  if (seg.textLength > 0) text += `:${(seq + seg.textLength) >>> 0}`;
  if ((seg.ctl & ACK) !== 0) text += `, ack ${(seg.ack - ackBase) >>> 0}`;
  text += `, win ${seg.wnd}`;
  if ((seg.ctl & URG) !== 0) text += `, urg ${seg.up}`;
  const options: string[] = [];
  if (seg.mss > 0) options.push(`mss ${seg.mss}`);
  if (seg.sackPermitted) options.push("sackOK");
  if (seg.hasTimestamps) options.push(`TS val ${seg.tsVal} ecr ${seg.tsEcr}`);
  if (seg.windowShift >= 0) options.push(`wscale ${seg.windowShift}`);
  if (seg.fastOpenLength >= 0) options.push(`tfo ${seg.fastOpenLength}`);
  if (seg.sackCount > 0) {
    let blocks = `sack ${seg.sackCount}`;
    for (let i = 0; i < seg.sackCount; i++) {
      blocks += ` {${(seg.sackLeft[i]! - ackBase) >>> 0}:${(seg.sackRight[i]! - ackBase) >>> 0}}`;
    }
    options.push(blocks);
  }
  if (options.length > 0) text += `, options [${options.join(",")}]`;
  return `${text}, length ${seg.textLength}`;
}
