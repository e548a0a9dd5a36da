/** {@linkcode FastOpenCookies}: cookies of Fast Open (RFC 7413 §4.1.2): what a key makes of the two addresses.
 *
 * As Linux makes them (SipHash-2-4 of source and destination as they stand in the packet, its 8 octets in little-endian order), so
 * that servers of both kinds behind one address take each other's.
 *
 * @module
 */
import type { IpAddress, IpRxInfo } from "@lightwire/ip";
import type { Segment } from "./segment.ts";
import { SipHash } from "./siphash.ts";

/** Octets of the cookies that we give. */
const COOKIE_BYTES = 8;
/** Octets of a key. */
const KEY_BYTES = 16;

/** Keys of Fast Open, 16 octets each: the first makes cookies, the second is of the past: a cookie of its counts, and is replaced. */
export type FastOpenKeys = readonly Uint8Array[];

/** Who made a cookie: nobody here, the current key, the former one. */
export type CookieOrigin = "unknown" | "current" | "former";

/** Makes cookies, and knows its own. */
export class FastOpenCookies {
  readonly #current: SipHash;
  readonly #former: SipHash | undefined;
  readonly #words = new Uint32Array(8);

  /** Keeps keys, which are secrets.
   *
   * @param keys one or two; others are not looked at.
   * @throws {RangeError} if there is none, or one is not of 16 octets.
   */
  constructor(keys: FastOpenKeys) {
    const [current, former] = keys;
    if (current === undefined) throw new RangeError("Fast Open needs a key");
    this.#current = hashWith(current);
    this.#former = former === undefined ? undefined : hashWith(former);
  }

  /** The cookie for the sender of a packet. */
  make(rx: IpRxInfo): Uint8Array {
    this.#digest(this.#current, rx);
    const cookie = new Uint8Array(COOKIE_BYTES);
    const view = new DataView(cookie.buffer);
    view.setUint32(0, this.#current.low, true);
    view.setUint32(4, this.#current.high, true);
    return cookie;
  }

  /** Who made the cookie in a SYN. */
  check(seg: Segment, rx: IpRxInfo): CookieOrigin {
    if (seg.fastOpenLength !== COOKIE_BYTES) return "unknown";
    if (this.#isOf(this.#current, seg, rx)) return "current";
    return this.#former !== undefined && this.#isOf(this.#former, seg, rx) ? "former" : "unknown";
  }

  #isOf(hash: SipHash, seg: Segment, rx: IpRxInfo): boolean {
    this.#digest(hash, rx);
    const { view } = seg.pbuf!;
    const low = view.getUint32(seg.fastOpenOffset, true) ^ hash.low;
    return (low | (view.getUint32(seg.fastOpenOffset + 4, true) ^ hash.high)) === 0;
  }

  #digest(hash: SipHash, { source, destination }: IpRxInfo): void {
    let count = this.#push(source, 0);
    count = this.#push(destination, count);
    hash.hash(this.#words, count);
  }

  /** The words of an address, its octets in network order, from word `at` on. */
  #push(address: IpAddress, at: number): number {
    const words = this.#words;
    if (address.family === 6) {
      words[at++] = swapped(address.w0);
      words[at++] = swapped(address.w1);
      words[at++] = swapped(address.w2);
    }
    words[at++] = swapped(address.w3);
    return at;
  }
}

/** SipHash takes words as little-endian octets. */
function swapped(word: number): number {
  return word << 24 | (word & 0xff00) << 8 | (word >>> 8) & 0xff00 | word >>> 24;
}

function hashWith(key: Uint8Array): SipHash {
  if (key.length !== KEY_BYTES) throw new RangeError(`A key of Fast Open has 16 bytes: got ${key.length}`);
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return new SipHash([
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  ]);
}
