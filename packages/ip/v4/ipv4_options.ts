/** IPv4 options (RFC 791 §3.1, RFC 2113).
 *
 * ```text
 *   0            end of the list
 *   1            no operation
 *   7  len ptr   record route        slots of 4 bytes, the next free one at ptr (counted from 1, from 4 on)
 *  68  len ptr   timestamp           | overflow:4 | flag:4 | slots of 4 or 8 bytes
 * 131  len ptr   loose source route
 * 137  len ptr   strict source route
 * 148  4         router alert (RFC 2113 §2.1)
 *   …  len       anything else: skipped
 * ```
 *
 * @module
 */
import { IPV4_HEADER_LENGTH } from "./ipv4_header.ts";

/** Option type: end of the list. */
export const IPV4_OPTION_END = 0;
/** Option type: no operation. */
export const IPV4_OPTION_NOP = 1;
/** Option type: record route. */
export const IPV4_OPTION_RECORD_ROUTE = 7;
/** Option type: timestamp. */
export const IPV4_OPTION_TIMESTAMP = 68;
/** Option type: loose source and record route. */
export const IPV4_OPTION_LOOSE_SOURCE_ROUTE = 131;
/** Option type: strict source and record route. */
export const IPV4_OPTION_STRICT_SOURCE_ROUTE = 137;
/** Option type: router alert. */
export const IPV4_OPTION_ROUTER_ALERT = 148;

/** The router alert option with value 0, as IGMP sends it (RFC 3376 §4). */
export const ROUTER_ALERT_OPTION: Uint8Array = Uint8Array.of(IPV4_OPTION_ROUTER_ALERT, 4, 0, 0);

/** What {@linkcode scanIpv4Options} found. Offsets count from the start of the IP header, 0 means "not there". */
export interface Ipv4Options {
  /** Offset of the record route option. */
  recordRouteAt: number;
  /** Offset of the timestamp option. */
  timestampAt: number;
  /** Offset of the source route option. */
  sourceRouteAt: number;
  /** The source route is a strict one. */
  isStrict: boolean;
  /** The source route has been followed to its end. */
  isSourceRouteDone: boolean;
  /** A router alert is there. */
  hasRouterAlert: boolean;
  /** Offset of the byte that is wrong, for an ICMP parameter problem. */
  errorAt: number;
}

/** A record for {@linkcode scanIpv4Options} to fill; reusable. */
export function newIpv4Options(): Ipv4Options {
  return {
    recordRouteAt: 0,
    timestampAt: 0,
    sourceRouteAt: 0,
    isStrict: false,
    isSourceRouteDone: false,
    hasRouterAlert: false,
    errorAt: 0,
  };
}

/** Walks over the options of the header at `start`. Ends after at most 40 steps whatever the bytes are.
 *
 * @returns false when an option is malformed or appears twice where it must not; {@linkcode Ipv4Options.errorAt} says where.
 */
export function scanIpv4Options(
  bytes: Uint8Array,
  start: number,
  headerLength: number,
  into: Ipv4Options,
): boolean {
  into.recordRouteAt = 0;
  into.timestampAt = 0;
  into.sourceRouteAt = 0;
  into.isStrict = false;
  into.isSourceRouteDone = false;
  into.hasRouterAlert = false;
  into.errorAt = 0;
  let at = IPV4_HEADER_LENGTH;
  while (at < headerLength) {
    const type = bytes[start + at]!;
    if (type === IPV4_OPTION_END) return true;
    if (type === IPV4_OPTION_NOP) {
      at++;
      continue;
    }
    into.errorAt = at;
    if (at + 2 > headerLength) return false;
    const length = bytes[start + at + 1]!;
    into.errorAt = at + 1;
    if (length < 2 || at + length > headerLength) return false;
    if (!noteOption(bytes, start, at, type, length, into)) return false;
    at += length;
  }
  return true;
}

function noteOption(
  bytes: Uint8Array,
  start: number,
  at: number,
  type: number,
  length: number,
  into: Ipv4Options,
): boolean {
  switch (type) {
    case IPV4_OPTION_RECORD_ROUTE:
      if (into.recordRouteAt !== 0 || !isSlotOption(bytes, start, at, length, 3, into)) return false;
      into.recordRouteAt = at;
      return true;
    case IPV4_OPTION_TIMESTAMP:
      if (into.timestampAt !== 0 || length < 4 || !isPointer(bytes, start, at, 5, into)) return false;
      into.timestampAt = at;
      return true;
    case IPV4_OPTION_LOOSE_SOURCE_ROUTE:
    case IPV4_OPTION_STRICT_SOURCE_ROUTE:
      // One source route at most (RFC 1122 §3.2.1.8).
      if (into.sourceRouteAt !== 0 || !isSlotOption(bytes, start, at, length, 3, into)) return false;
      into.sourceRouteAt = at;
      into.isStrict = type === IPV4_OPTION_STRICT_SOURCE_ROUTE;
      into.isSourceRouteDone = bytes[start + at + 2]! > length;
      return true;
    case IPV4_OPTION_ROUTER_ALERT:
      into.hasRouterAlert = length === 4;
      return length === 4;
    default:
      return true;
  }
}

function isSlotOption(
  bytes: Uint8Array,
  start: number,
  at: number,
  length: number,
  fixed: number,
  into: Ipv4Options,
): boolean {
  if (length < fixed) return false;
  return isPointer(bytes, start, at, fixed + 1, into);
}

function isPointer(bytes: Uint8Array, start: number, at: number, least: number, into: Ipv4Options): boolean {
  if (bytes[start + at + 2]! >= least) return true;
  into.errorAt = at + 2;
  return false;
}

/** Enters our address in the record route option and address and time in the timestamp option, where there are such and
 * they have room (RFC 791 §3.1). The header's checksum is left to the caller.
 *
 * @param options what {@linkcode scanIpv4Options} found.
 * @param address our address on the way out.
 * @param timestamp milliseconds since midnight UT, or anything with the highest bit set.
 * @returns whether the header changed.
 */
export function recordInIpv4Options(
  view: DataView,
  start: number,
  options: Ipv4Options,
  address: number,
  timestamp: number,
): boolean {
  let isChanged = false;
  if (options.recordRouteAt !== 0) {
    const at = start + options.recordRouteAt;
    const pointer = view.getUint8(at + 2);
    if (pointer + 3 <= view.getUint8(at + 1)) {
      view.setUint32(at + pointer - 1, address);
      view.setUint8(at + 2, pointer + 4);
      isChanged = true;
    }
  }
  if (options.timestampAt === 0) return isChanged;
  return recordTimestamp(view, start + options.timestampAt, address, timestamp) || isChanged;
}

function recordTimestamp(view: DataView, at: number, address: number, timestamp: number): boolean {
  const length = view.getUint8(at + 1);
  const pointer = view.getUint8(at + 2);
  const overflowFlag = view.getUint8(at + 3);
  const flag = overflowFlag & 0x0f;
  const slot = flag === 0 ? 4 : 8;
  if (flag !== 0 && flag !== 1 && flag !== 3) return false;
  if (pointer - 1 + slot > length) {
    if (overflowFlag >>> 4 === 15) return false;
    view.setUint8(at + 3, overflowFlag + 0x10);
    return true;
  }
  const where = at + pointer - 1;
  if (flag === 3 && view.getUint32(where) !== address) return false;
  if (flag === 1) view.setUint32(where, address);
  view.setUint32(where + slot - 4, timestamp);
  view.setUint8(at + 2, pointer + slot);
  return true;
}

/** The options of a header that every fragment must carry: those with the copied flag (RFC 791 §3.1), padded to 4 bytes.
 *
 * @returns a new array, or `undefined` when there are none.
 */
export function copiedOptions(
  bytes: Uint8Array,
  start: number,
  headerLength: number,
): Uint8Array | undefined {
  const copied: number[] = [];
  let at = IPV4_HEADER_LENGTH;
  while (at < headerLength) {
    const type = bytes[start + at]!;
    if (type === IPV4_OPTION_END) break;
    if (type === IPV4_OPTION_NOP) {
      at++;
      continue;
    }
    const length = at + 1 < headerLength ? bytes[start + at + 1]! : 0;
    if (length < 2 || at + length > headerLength) break;
    if ((type & 0x80) !== 0) { for (let i = 0; i < length; i++) copied.push(bytes[start + at + i]!); }
    at += length;
  }
  if (copied.length === 0) return undefined;
  while (copied.length % 4 !== 0) copied.push(IPV4_OPTION_END);
  return Uint8Array.from(copied);
}
