/** {@linkcode DhcpOptions}: the options of a DHCP message (RFC 2132), by code.
 *
 * @module
 */
import { type IpAddress, ipv4 } from "@lightwire/ip";

/** Option codes that this package knows, by the names of RFC 2132 and its successors. */
export const DHCP_OPTION = {
  /** One byte of nothing (§3.1). */
  PAD: 0,
  /** Subnet mask (§3.3). */
  SUBNET_MASK: 1,
  /** Routers, best first (§3.5). */
  ROUTER: 3,
  /** Name servers, best first (§3.8). */
  DOMAIN_NAME_SERVER: 6,
  /** Name of the client (§3.14). */
  HOST_NAME: 12,
  /** Domain for names of one label (§3.17). */
  DOMAIN_NAME: 15,
  /** MTU of the interface (§5.1). */
  INTERFACE_MTU: 26,
  /** Directed broadcast address (§5.3). */
  BROADCAST_ADDRESS: 28,
  /** NTP servers, best first (§8.3). */
  NTP_SERVERS: 42,
  /** Vendor specific information (§8.4). */
  VENDOR_SPECIFIC: 43,
  /** The address that the client would like (§9.1). */
  REQUESTED_IP_ADDRESS: 50,
  /** Seconds of the lease, 0xffffffff for ever (§9.2). */
  LEASE_TIME: 51,
  /** 1, 2 or 3: the file and name fields hold options (§9.3). */
  OVERLOAD: 52,
  /** Which message this is (§9.6). */
  MESSAGE_TYPE: 53,
  /** Address that tells servers apart (§9.7). */
  SERVER_ID: 54,
  /** Codes that the client wants (§9.8). */
  PARAMETER_REQUEST_LIST: 55,
  /** Why a NAK or a DECLINE (§9.9). */
  MESSAGE: 56,
  /** Longest message that the sender takes, IP and UDP headers included (§9.10). */
  MAX_MESSAGE_SIZE: 57,
  /** T1 in seconds (§9.11). */
  RENEWAL_TIME: 58,
  /** T2 in seconds (§9.12). */
  REBINDING_TIME: 59,
  /** Kind of client (§9.13). */
  VENDOR_CLASS: 60,
  /** What the server knows the client by (§9.14, RFC 4361). */
  CLIENT_ID: 61,
  /** Domain search list (RFC 3397). */
  DOMAIN_SEARCH: 119,
  /** Classless static routes (RFC 3442). */
  CLASSLESS_ROUTES: 121,
  /** The end of the options (§3.2). */
  END: 255,
} as const;

/** The options of one message. Several occurrences of a code are one value, concatenated (RFC 3396 §7); they go out in
 * the order in which they were first set. Typed readers return `undefined` for what is absent or of a wrong length. */
export class DhcpOptions {
  readonly #values = new Map<number, Uint8Array>();

  /** How many different codes there are. */
  get size(): number {
    return this.#values.size;
  }

  /** Codes and values in order; values are borrowed. */
  [Symbol.iterator](): IterableIterator<[number, Uint8Array]> {
    return this.#values.entries();
  }

  /** Whether there is a value, perhaps an empty one. */
  has(code: number): boolean {
    return this.#values.has(code);
  }

  /** The bytes of an option; borrowed. */
  get(code: number): Uint8Array | undefined {
    return this.#values.get(code);
  }

  /** Sets the bytes of an option; keeps `bytes`.
   *
   * @throws {RangeError} when `code` is not 1 … 254.
   */
  set(code: number, bytes: Uint8Array): this {
    if (!Number.isInteger(code) || code < 1 || code > 254) {
      throw new RangeError(`Cannot set option ${code}: it must be 1 to 254`);
    }
    this.#values.set(code, bytes);
    return this;
  }

  /** Appends to an option, for what comes in pieces (RFC 3396 §7). */
  append(code: number, bytes: Uint8Array): void {
    const before = this.#values.get(code);
    if (before === undefined) {
      this.set(code, bytes.slice());
      return;
    }
    const both = new Uint8Array(before.length + bytes.length);
    both.set(before);
    both.set(bytes, before.length);
    this.set(code, both);
  }

  /** Takes an option out. */
  delete(code: number): void {
    this.#values.delete(code);
  }

  /** One octet. */
  uint8(code: number): number | undefined {
    const bytes = this.#values.get(code);
    return bytes?.length === 1 ? bytes[0] : undefined;
  }

  /** A 16-bit number. */
  uint16(code: number): number | undefined {
    const bytes = this.#values.get(code);
    return bytes?.length === 2 ? (bytes[0]! << 8) | bytes[1]! : undefined;
  }

  /** A 32-bit number, unsigned. */
  uint32(code: number): number | undefined {
    const bytes = this.#values.get(code);
    return bytes?.length === 4 ? readUint32(bytes, 0) : undefined;
  }

  /** One address: the first, where there are several. */
  address(code: number): IpAddress | undefined {
    return this.addresses(code)[0];
  }

  /** All addresses; none when absent, or when the length is not a multiple of four. */
  addresses(code: number): IpAddress[] {
    const bytes = this.#values.get(code);
    if (bytes === undefined || bytes.length % 4 !== 0) return [];
    const addresses: IpAddress[] = [];
    for (let i = 0; i < bytes.length; i += 4) addresses.push(ipv4(readUint32(bytes, i)));
    return addresses;
  }

  /** A text, without NULs and control characters, which a server could use against a terminal. */
  text(code: number): string | undefined {
    const bytes = this.#values.get(code);
    return bytes === undefined ? undefined : cleanText(bytes);
  }

  /** Sets one octet. */
  setUint8(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value));
  }

  /** Sets a 16-bit number. */
  setUint16(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value >>> 8, value));
  }

  /** Sets a 32-bit number. */
  setUint32(code: number, value: number): this {
    return this.set(code, Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
  }

  /** Sets IPv4 addresses. */
  setAddresses(code: number, ...addresses: readonly IpAddress[]): this {
    const bytes = new Uint8Array(addresses.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, address] of addresses.entries()) view.setUint32(i * 4, address.w3);
    return this.set(code, bytes);
  }

  /** Sets a text, as UTF-8. */
  setText(code: number, text: string): this {
    return this.set(code, new TextEncoder().encode(text));
  }
}

/** A text of the wire: up to its NUL padding, as UTF-8, control characters left out. */
export function cleanText(bytes: Uint8Array): string {
  // deno-lint-ignore no-control-regex -- these are the characters meant
  return new TextDecoder().decode(bytes).replace(/\0.*$/s, "").replace(/[\x00-\x1f\x7f-\x9f\ufffd]/g, "");
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
