/** {@linkcode IpAddress}: an IPv4 or IPv6 address as one immutable value, its text and its byte form.
 *
 * @example An address to and from text
 * ```ts
 * import { formatIpAddress, parseIpAddress } from "@lightwire/ip/address";
 * import { strict as assert } from "node:assert";
 *
 * const a = parseIpAddress("10.0.0.1");
 * assert.equal(a?.w3, 0x0a000001);
 * assert.equal(parseIpAddress("10.0.0.256"), undefined);
 * assert.equal(formatIpAddress(parseIpAddress("2001:DB8:0:0:0::1")!), "2001:db8::1");
 * ```
 *
 * @module
 */
import {
  formatIpv4Bits,
  formatIpv6Words,
  parseIpv4Bits,
  parseIpv4BitsLenient,
  parseIpv6Text,
} from "./address_text.ts";

/** An IPv4 or IPv6 address. Both families share one shape of four 32-bit words, IPv4 in its mapped
 * form (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2), so that comparing and hashing never branch on the family. */
export class IpAddress {
  /** 4 or 6. */
  readonly family: 4 | 6;
  /** Bits 127–96, unsigned; 0 for IPv4. */
  readonly w0: number;
  /** Bits 95–64, unsigned; 0 for IPv4. */
  readonly w1: number;
  /** Bits 63–32, unsigned; 0xffff for IPv4. */
  readonly w2: number;
  /** Bits 31–0, unsigned; the whole IPv4 address. */
  readonly w3: number;
  /** Index of the interface a scoped IPv6 address belongs to (RFC 4007), else 0. */
  readonly zone: number;

  /** Use {@linkcode ipv4}, {@linkcode ipv6} or {@linkcode parseIpAddress}. */
  constructor(family: 4 | 6, w0: number, w1: number, w2: number, w3: number, zone: number) {
    this.family = family;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    this.zone = zone;
  }

  /** Whether both are the same address of the same family and zone. */
  equals(other: IpAddress): boolean {
    return this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 &&
      this.w0 === other.w0 && this.family === other.family && this.zone === other.zone;
  }

  /** 0.0.0.0 or ::. */
  get isUnspecified(): boolean {
    return this.w3 === 0 && this.w1 === 0 && this.w0 === 0 &&
      (this.family === 4 || this.w2 === 0);
  }

  /** 224.0.0.0/4 or ff00::/8. */
  get isMulticast(): boolean {
    return this.family === 4 ? this.w3 >>> 28 === 0xe : this.w0 >>> 24 === 0xff;
  }

  /** 255.255.255.255. */
  get isLimitedBroadcast(): boolean {
    return this.family === 4 && this.w3 === 0xffffffff;
  }

  /** 127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1 (RFC 4291 §2.5.3). */
  get isLoopback(): boolean {
    return this.family === 4
      ? this.w3 >>> 24 === 127
      : this.w0 === 0 && this.w1 === 0 && this.w2 === 0 && this.w3 === 1;
  }

  /** 169.254.0.0/16 (RFC 3927 §2.1) or fe80::/10 (RFC 4291 §2.5.6). */
  get isLinkLocal(): boolean {
    return this.family === 4 ? this.w3 >>> 16 === 0xa9fe : this.w0 >>> 22 === 0x3fa;
  }

  /** 10/8, 172.16/12, 192.168/16 (RFC 1918 §3) or fc00::/7 (RFC 4193 §3). */
  get isPrivate(): boolean {
    if (this.family === 6) return this.w0 >>> 25 === 0x7e;
    return this.w3 >>> 24 === 10 || this.w3 >>> 20 === 0xac1 || this.w3 >>> 16 === 0xc0a8;
  }

  /** An IPv6 address of the form ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). IPv4 values say false. */
  get isIpv4Mapped(): boolean {
    return this.family === 6 && this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff;
  }

  /** {@linkcode formatIpAddress}. */
  toString(): string {
    return formatIpAddress(this);
  }
}

/** The IPv4 address whose 32 bits are `bits` (unsigned, first octet most significant). */
export function ipv4(bits: number): IpAddress {
  return new IpAddress(4, 0, 0, 0xffff, bits >>> 0, 0);
}

/** The IPv6 address of four 32-bit words, the first holding bits 127–96.
 *
 * @param zone index of the interface a scoped address belongs to, 0 for none.
 */
export function ipv6(w0: number, w1: number, w2: number, w3: number, zone: number = 0): IpAddress {
  return new IpAddress(6, w0 >>> 0, w1 >>> 0, w2 >>> 0, w3 >>> 0, zone);
}

/** 0.0.0.0. */
export const IPV4_ANY: IpAddress = ipv4(0);
/** 255.255.255.255 (RFC 919 §7). */
export const IPV4_BROADCAST: IpAddress = ipv4(0xffffffff);
/** 127.0.0.1. */
export const IPV4_LOOPBACK: IpAddress = ipv4(0x7f000001);
/** ::. */
export const IPV6_ANY: IpAddress = ipv6(0, 0, 0, 0);
/** ::1. */
export const IPV6_LOOPBACK: IpAddress = ipv6(0, 0, 0, 1);

/** Reads an address of either family; IPv4 strictly (see {@linkcode parseIpv4Lenient} for the BSD forms).
 *
 * @param zoneIndex turns an interface name behind "%" into its index; without it only numbers are understood.
 * @returns `undefined` when `text` is not an address.
 */
export function parseIpAddress(
  text: string,
  zoneIndex?: (name: string) => number | undefined,
): IpAddress | undefined {
  if (!text.includes(":")) {
    const bits = parseIpv4Bits(text);
    return bits === undefined ? undefined : ipv4(bits);
  }
  const parsed = parseIpv6Text(text);
  if (parsed === undefined) return undefined;
  let zone = 0;
  if (parsed.zone !== "") {
    zone = /^[0-9]{1,9}$/.test(parsed.zone) ? Number(parsed.zone) : zoneIndex?.(parsed.zone) ?? -1;
    if (zone < 0) return undefined;
  }
  return ipv6(parsed.w0, parsed.w1, parsed.w2, parsed.w3, zone);
}

/** As {@linkcode parseIpAddress}, for text that a program wrote.
 *
 * @throws {TypeError} when `text` is not an address.
 */
export function parseIpAddressOrThrow(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) {
    throw new TypeError(`Cannot parse "${text}": neither an IPv4 nor an IPv6 address`);
  }
  return address;
}

/** Reads an IPv4 address in any form that BSD's `inet_aton` takes: "10.1", "0x7f.1", "0177.0.0.1", "2130706433".
 *
 * @returns `undefined` when `text` is no such form.
 */
export function parseIpv4Lenient(text: string): IpAddress | undefined {
  const bits = parseIpv4BitsLenient(text);
  return bits === undefined ? undefined : ipv4(bits);
}

/** Writes an address: a dotted quad, or the canonical form of RFC 5952 §4 with "%zone" as a number. */
export function formatIpAddress(address: IpAddress): string {
  if (address.family === 4) return formatIpv4Bits(address.w3);
  const text = formatIpv6Words(address.w0, address.w1, address.w2, address.w3);
  return address.zone === 0 ? text : `${text}%${address.zone}`;
}

/** The address in network byte order: a new array of 4 or 16 bytes. */
export function addressToBytes(address: IpAddress): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(address.family === 4 ? 4 : 16);
  const view = new DataView(bytes.buffer);
  if (address.family === 4) {
    view.setUint32(0, address.w3);
  } else {
    view.setUint32(0, address.w0);
    view.setUint32(4, address.w1);
    view.setUint32(8, address.w2);
    view.setUint32(12, address.w3);
  }
  return bytes;
}

/** The address whose bytes in network order are `bytes`.
 *
 * @returns `undefined` unless there are 4 or 16 of them.
 */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return ipv4(view.getUint32(0));
  if (bytes.length !== 16) return undefined;
  return ipv6(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12));
}

/** The IPv4 address inside an IPv4-mapped IPv6 one; any other address unchanged. */
export function unmapAddress(address: IpAddress): IpAddress {
  return address.isIpv4Mapped ? ipv4(address.w3) : address;
}

/** The IPv4-mapped IPv6 form of an IPv4 address; an IPv6 address unchanged. */
export function mapAddress(address: IpAddress): IpAddress {
  return address.family === 4 ? ipv6(0, 0, 0xffff, address.w3) : address;
}
