/** Data plane. {@linkcode Ipv4Identification}: identifications of packets that may be fragmented.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";

const COUNTERS = 1024;

/** Draws identifications that do not repeat soon for one pair of addresses and protocol (RFC 6864 §4.2), and that do
 * not tell one peer how much is sent to another: a table of counters with random starts, chosen by a keyed hash
 * (RFC 7739 §5.3, which says it for IPv6). */
export class Ipv4Identification {
  readonly #counters = new Uint16Array(COUNTERS);
  readonly #secret: number;

  /** @param random draws the secret and the starts, once. */
  constructor(random: Random) {
    this.#secret = random.uint32();
    for (let i = 0; i < COUNTERS; i++) this.#counters[i] = random.uint32();
  }

  /** The identification of the next packet between two addresses, 0 … 65535. */
  next(source: number, destination: number, protocol: number): number {
    let x = source ^ Math.imul(destination, 0x9e3779b1) ^ protocol ^ this.#secret;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    return this.#counters[(x ^ (x >>> 13)) & (COUNTERS - 1)]!++;
  }
}
