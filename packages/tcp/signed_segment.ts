/** Data plane. What the signature of a segment is computed over: the pseudo header, the header with a checksum of 0, the text
 * (RFC 2385 §2.0, RFC 5925 §5.1).
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { IP_PROTOCOL_TCP, type IpAddress } from "@lightwire/ip";
import { TCP_CHECKSUM_OFFSET, TCP_HEADER_LENGTH } from "./tcp_header.ts";
import { MAX_OPTIONS_LENGTH } from "./tcp_options.ts";

/** Kind of TCP's MD5 option. */
export const KIND_MD5 = 19;
/** Kind of TCP-AO. */
export const KIND_AO = 29;

/** How the segments of one connection, or the answers to one segment, are signed. */
export interface SegmentSignature {
  /** Bytes of the option, padding included: a multiple of 4. It is the last one of the header. */
  readonly optionLength: number;
  /** SYNs of ours offer timestamps. */
  readonly allowsTimestamps: boolean;
  /** Writes the option into the segment `p`, whose header is complete save for it.
   *
   * @param length bytes of header and text.
   */
  sign(p: Pbuf, source: IpAddress, destination: IpAddress, length: number): void;
}

/** A keyed or unkeyed digest in the making. */
export interface SegmentMac {
  /** Begins a message. */
  reset(): void;
  /** Takes octets in. */
  update(bytes: Uint8Array, start: number, end: number): void;
  /** Ends the message: writes the digest at `at` of `out`. */
  digestInto(out: Uint8Array, at: number): void;
}

const MAX_PSEUDO_HEADER = 4 + 40;
const scratch = new Uint8Array(MAX_PSEUDO_HEADER + TCP_HEADER_LENGTH + MAX_OPTIONS_LENGTH);
const scratchView = new DataView(scratch.buffer);

/** Where the option of a signed segment of ours is to be written: it is the last one. */
export function optionOffset(p: Pbuf, optionLength: number): number {
  return p.start + headerLength(p) - optionLength;
}

function headerLength(p: Pbuf): number {
  return (p.bytes[p.start + 12]! >> 4) * 4;
}

/** Feeds pseudo header and header of a segment to `mac`.
 *
 * @param prefix a number of 32 bits which goes before everything, −1 for none.
 * @param bytes where the header is.
 * @param at where it begins there.
 * @param length bytes of header and text.
 * @param from where the options to be covered begin.
 * @param to where they end; equal to `from` for none.
 * @param blank where {@linkcode MAC_LENGTH} octets count as 0; −1 for nowhere.
 */
export function macHeader(
  mac: SegmentMac,
  prefix: number,
  source: IpAddress,
  destination: IpAddress,
  bytes: Uint8Array,
  at: number,
  length: number,
  from: number,
  to: number,
  blank: number,
): void {
  let end = 0;
  if (prefix >= 0) {
    scratchView.setUint32(0, prefix);
    end = 4;
  }
  end = putPseudoHeader(end, source, destination, length);
  const header = end;
  for (let i = 0; i < TCP_HEADER_LENGTH; i++) scratch[end++] = bytes[at + i]!;
  scratch[header + TCP_CHECKSUM_OFFSET] = 0;
  scratch[header + TCP_CHECKSUM_OFFSET + 1] = 0;
  for (let i = from; i < to; i++) {
    scratch[end++] = blank >= 0 && i >= blank && i < blank + MAC_LENGTH ? 0 : bytes[i]!;
  }
  mac.update(scratch, 0, end);
}

/** Octets of a MAC of TCP-AO (RFC 5926 §3.2). */
export const MAC_LENGTH = 12;

/** Feeds the text of a segment to `mac`.
 *
 * @param from where it begins in the first node.
 */
export function macText(mac: SegmentMac, p: Pbuf, from: number): void {
  mac.update(p.bytes, from, p.end);
  for (let node = p.next; node !== undefined; node = node.next) mac.update(node.bytes, node.start, node.end);
}

/** Octets which say who speaks to whom: IPv4 §3.1 of RFC 9293, IPv6 §8.1 of RFC 8200. */
function putPseudoHeader(at: number, source: IpAddress, destination: IpAddress, length: number): number {
  at = putAddress(scratchView, at, source);
  at = putAddress(scratchView, at, destination);
  if (source.family === 4) {
    scratchView.setUint32(at, (IP_PROTOCOL_TCP << 16) | length);
    return at + 4;
  }
  scratchView.setUint32(at, length);
  scratchView.setUint32(at + 4, IP_PROTOCOL_TCP);
  return at + 8;
}

/** Writes an address, 4 or 16 octets.
 *
 * @returns the offset behind it.
 */
export function putAddress(view: DataView, at: number, address: IpAddress): number {
  if (address.family === 6) {
    view.setUint32(at, address.w0);
    view.setUint32(at + 4, address.w1);
    view.setUint32(at + 8, address.w2);
    at += 12;
  }
  view.setUint32(at, address.w3);
  return at + 4;
}

/** Where an option of `kind` lies between `from` and `to`; −1 when there is none. */
export function findOption(bytes: Uint8Array, from: number, to: number, kind: number): number {
  let at = from;
  while (at < to) {
    const found = bytes[at]!;
    if (found === 0) return -1;
    if (found === 1) {
      at++;
      continue;
    }
    const length = at + 1 < to ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > to) return -1;
    if (found === kind) return at;
    at += length;
  }
  return -1;
}

/** Whether `count` octets are equal, in a time that does not depend on where they differ. */
export function isSameMac(a: Uint8Array, atA: number, b: Uint8Array, atB: number, count: number): boolean {
  let difference = 0;
  for (let i = 0; i < count; i++) difference |= a[atA + i]! ^ b[atB + i]!;
  return difference === 0;
}
