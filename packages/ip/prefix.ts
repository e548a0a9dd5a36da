/** {@linkcode Prefix}: a network, like 10.0.0.0/8.
 *
 * @module
 */
import { formatIpAddress, IpAddress, ipv4, parseIpAddress } from "./address.ts";

/** A network: all addresses whose first {@linkcode length} bits are those of {@linkcode address}. */
export interface Prefix {
  /** The lowest address of the network; bits behind {@linkcode length} are 0. */
  readonly address: IpAddress;
  /** Number of significant bits: 0 … 32 for IPv4, 0 … 128 for IPv6. */
  readonly length: number;
}

/** The network of `length` bits that `address` lies in.
 *
 * @throws {RangeError} when `length` is not an integer of 0 … 32 (IPv4) or 0 … 128 (IPv6).
 */
export function prefixOf(address: IpAddress, length: number): Prefix {
  const bits = address.family === 4 ? 32 : 128;
  if (!Number.isInteger(length) || length < 0 || length > bits) {
    throw new RangeError(`Cannot use ${length} as a prefix length: must be an integer from 0 to ${bits}`);
  }
  return { address: maskAddress(address, length), length };
}

/** `address` with every bit behind the first `length` cleared. */
export function maskAddress(address: IpAddress, length: number): IpAddress {
  if (address.family === 4) {
    const bits = (address.w3 & maskWord(length)) >>> 0;
    return bits === address.w3 ? address : ipv4(bits);
  }
  return new IpAddress(
    6,
    (address.w0 & maskWord(length)) >>> 0,
    (address.w1 & maskWord(length - 32)) >>> 0,
    (address.w2 & maskWord(length - 64)) >>> 0,
    (address.w3 & maskWord(length - 96)) >>> 0,
    address.zone,
  );
}

/** A 32-bit mask whose first `length` bits are set, signed; 0 for `length` ≤ 0, all ones from 32 on. */
export function maskWord(length: number): number {
  if (length <= 0) return 0;
  return length >= 32 ? -1 : -1 << (32 - length);
}

/** Whether `address` lies in `prefix` (same family, same leading bits; zones are not compared). */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  const base = prefix.address;
  if (base.family !== address.family) return false;
  const length = prefix.length;
  if (base.family === 4) return ((base.w3 ^ address.w3) & maskWord(length)) === 0;
  return ((base.w0 ^ address.w0) & maskWord(length)) === 0 &&
    ((base.w1 ^ address.w1) & maskWord(length - 32)) === 0 &&
    ((base.w2 ^ address.w2) & maskWord(length - 64)) === 0 &&
    ((base.w3 ^ address.w3) & maskWord(length - 96)) === 0;
}

/** Reads "address/length"; an address alone is a network of one host. Bits behind the length must be 0 or are cleared.
 *
 * @returns `undefined` when `text` is not a prefix.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const parsed = parseAddressAndLength(text);
  return parsed === undefined ? undefined : prefixOf(parsed.address, parsed.length);
}

/** Reads "10.0.0.2/24" as an interface's address and its prefix length, keeping the host bits.
 *
 * @returns `undefined` when `text` is not that.
 */
export function parseAddressAndLength(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, length: bits };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  return length > bits ? undefined : { address, length };
}

/** Writes "10.0.0.0/8". */
export function formatPrefix(prefix: Prefix): string {
  return `${formatIpAddress(prefix.address)}/${prefix.length}`;
}

/** The prefix length of an IPv4 netmask: 24 for 255.255.255.0.
 *
 * @returns `undefined` when the one-bits of `mask` are not contiguous (RFC 4632 §5.1).
 */
export function netmaskToLength(mask: number): number | undefined {
  const length = Math.clz32(~mask);
  return (mask | 0) === maskWord(length) ? length : undefined;
}

/** The IPv4 netmask of a prefix length, unsigned: `0xffffff00` for 24. */
export function lengthToNetmask(length: number): number {
  return maskWord(length) >>> 0;
}

/** The directed broadcast address of an IPv4 network (RFC 1122 §3.2.1.3).
 *
 * @returns `undefined` for IPv6, and for /31 and /32, which have none (RFC 3021 §2.1).
 */
export function broadcastOf(prefix: Prefix): IpAddress | undefined {
  if (prefix.address.family !== 4 || prefix.length > 30) return undefined;
  return ipv4(prefix.address.w3 | ~maskWord(prefix.length));
}
