/** {@linkcode IpAddress}: an IPv4 or IPv6 address as one immutable value.
 *
 * @module
 */

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
}

/** The IPv4 address whose 32 bits are `bits` (unsigned, first octet most significant). */
export function ipv4(bits: number): IpAddress {
  return new IpAddress(4, 0, 0, 0xffff, bits >>> 0, 0);
}

/** 0.0.0.0. */
export const IPV4_ANY: IpAddress = ipv4(0);
