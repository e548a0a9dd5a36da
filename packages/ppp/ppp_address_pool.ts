/** {@linkcode PppAddressPool}: the addresses that a server gives to its peers.
 *
 * @module
 */
import { formatIpAddress, type IpAddress, ipv4 } from "@lightwire/ip/address";

/** Addresses in a pool at most. */
export const MAX_POOL_ADDRESSES = 65_536;

/** A range of IPv4 addresses, each of which one peer has at a time. A peer that comes again gets the one it had before, if it is
 * free; others get the one that has been free for longest, so that packets for the last owner have died out. */
export class PppAddressPool {
  /** How often there was none left. */
  exhausted: number = 0;
  readonly #free = new Set<number>();
  readonly #all = new Set<number>();
  readonly #lastOf = new Map<string, number>();
  readonly #size: number;

  /** Makes a pool of `count` addresses.
   *
   * @throws {RangeError} if `first` is not an IPv4 address, or the range is empty, too large or runs over the end.
   */
  constructor(first: IpAddress, count: number) {
    const isRange = first.family === 4 && Number.isInteger(count) && count > 0 && count <= MAX_POOL_ADDRESSES;
    if (!isRange || (first.w3 >>> 0) + count > 0x1_0000_0000) {
      throw new RangeError(`Cannot make a pool of ${count} addresses from ${formatIpAddress(first)}`);
    }
    this.#size = count;
    for (let i = 0; i < count; i++) {
      this.#free.add((first.w3 >>> 0) + i);
      this.#all.add((first.w3 >>> 0) + i);
    }
  }

  /** Addresses that nobody has. */
  get available(): number {
    return this.#free.size;
  }

  /** An address for a peer.
   *
   * @param name Who it is; "" for nobody in particular.
   * @returns `undefined` if there is none left.
   */
  acquire(name: string = ""): IpAddress | undefined {
    const last = name === "" ? undefined : this.#lastOf.get(name);
    const bits = last !== undefined && this.#free.has(last) ? last : this.#free.values().next().value;
    if (bits === undefined) {
      this.exhausted++;
      return undefined;
    }
    this.#free.delete(bits);
    if (name !== "") this.#remember(name, bits);
    return ipv4(bits);
  }

  /** Takes a certain address out, as for a peer that always has the same.
   *
   * @returns false if a peer has it already; true for an address that is not of this pool.
   */
  take(address: IpAddress): boolean {
    return this.#free.delete(address.w3 >>> 0) || !this.#all.has(address.w3 >>> 0);
  }

  /** Gives an address back; harmless for one that is free, or not of this pool. */
  release(address: IpAddress): void {
    const bits = address.w3 >>> 0;
    if (this.#all.has(bits)) this.#free.add(bits);
  }

  #remember(name: string, bits: number): void {
    this.#lastOf.delete(name);
    this.#lastOf.set(name, bits);
    if (this.#lastOf.size <= this.#size) return;
    for (const oldest of this.#lastOf.keys()) {
      this.#lastOf.delete(oldest);
      return;
    }
  }
}
