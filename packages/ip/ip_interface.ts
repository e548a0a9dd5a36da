/** {@linkcode IpInterface}: what the IP layer knows about one interface, and {@linkcode InterfaceTable}: all of them.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import { broadcastOf, type Prefix, prefixContains, prefixOf } from "./prefix.ts";
import type { AddressClaim } from "./v4/address_conflict.ts";
import { type NeighborEntry, staticNeighbor } from "./neighbor_entry.ts";

/** One address of one interface. */
export class InterfaceAddress {
  /** The address. */
  readonly address: IpAddress;
  /** The network on the link that it belongs to. */
  readonly prefix: Prefix;
  /** The directed broadcast address of that network, if it has one. */
  readonly broadcast: IpAddress | undefined;
  /** Whose it is. */
  readonly owner: IpInterface;
  /** It is still being checked for conflicts (RFC 5227 §2.1): it must neither be used nor answered for. */
  isTentative: boolean;
  /** Watches over it, where stations could quarrel about it. */
  claim: AddressClaim | undefined = undefined;

  /** Use {@linkcode IpLayer.addAddress}. */
  constructor(owner: IpInterface, address: IpAddress, prefixLength: number, isTentative: boolean) {
    this.owner = owner;
    this.address = address;
    this.prefix = prefixOf(address, prefixLength);
    this.broadcast = owner.isLoopback ? undefined : broadcastOf(this.prefix);
    this.isTentative = isTentative;
  }
}

/** An interface, seen from IP. */
export class IpInterface {
  /** The interface below. */
  readonly netif: Netif;
  /** Packets come back to ourselves; 127/8 lives here and nowhere else. */
  readonly isLoopback: boolean;
  /** Stations on this link have addresses to be resolved. */
  readonly hasNeighbors: boolean;
  /** Addresses of both families, in the order of adding: the first of a kind is the preferred source. */
  readonly addresses: InterfaceAddress[] = [];
  /** Where packets go on a link without station addresses. */
  readonly pointToPoint: NeighborEntry | undefined;
  /** Whether the interface was up when it was last looked at. */
  wasUp: boolean;
  /** Stands for ourselves as a neighbour, where there is no loopback interface. */
  readonly self: NeighborEntry;

  /** Use {@linkcode IpLayer.addNetif}. */
  constructor(netif: Netif, isLoopback: boolean, anyAddress: IpAddress) {
    this.netif = netif;
    this.isLoopback = isLoopback;
    this.wasUp = netif.isUp;
    this.hasNeighbors = netif.driver.medium === "ethernet";
    this.pointToPoint = this.hasNeighbors ? undefined : staticNeighbor(netif, anyAddress, 0);
    this.self = staticNeighbor(netif, anyAddress, 0);
  }

  /** The entry of one of its addresses. */
  find(address: IpAddress): InterfaceAddress | undefined {
    return this.addresses.find((a) => a.address.equals(address));
  }

  /** Whether it has a usable address of a family. */
  hasAddress(family: 4 | 6): boolean {
    for (const a of this.addresses) if (a.address.family === family && !a.isTentative) return true;
    return false;
  }

  /** Whether `bits` is the directed broadcast address of one of its IPv4 networks. */
  isBroadcast(bits: number): boolean {
    for (const a of this.addresses) if (a.broadcast !== undefined && a.broadcast.w3 === bits) return true;
    return false;
  }

  /** The usable address whose network holds `neighbor`. */
  addressToward(neighbor: IpAddress): InterfaceAddress | undefined {
    for (const a of this.addresses) if (!a.isTentative && prefixContains(a.prefix, neighbor)) return a;
    return undefined;
  }
}

/** All interfaces and all addresses of a stack. */
export class InterfaceTable {
  readonly #byNetif = new Map<Netif, IpInterface>();
  readonly #local = new AddressMap<InterfaceAddress>();
  #lastNetif: Netif | undefined = undefined;
  #last: IpInterface | undefined = undefined;

  /** The loopback interface, if there is one. */
  loopback: IpInterface | undefined = undefined;

  /** Number of interfaces. */
  get size(): number {
    return this.#byNetif.size;
  }

  /** All interfaces in the order of adding. */
  [Symbol.iterator](): IterableIterator<IpInterface> {
    return this.#byNetif.values();
  }

  /** The IP side of an interface. */
  of(netif: Netif): IpInterface | undefined {
    if (netif === this.#lastNetif) return this.#last;
    const found = this.#byNetif.get(netif);
    if (found !== undefined) {
      this.#lastNetif = netif;
      this.#last = found;
    }
    return found;
  }

  /** Adds an interface. */
  add(iface: IpInterface): void {
    this.#byNetif.set(iface.netif, iface);
    if (iface.isLoopback && this.loopback === undefined) this.loopback = iface;
  }

  /** Takes an interface out, which must have no addresses any more. */
  remove(iface: IpInterface): void {
    this.#byNetif.delete(iface.netif);
    this.#lastNetif = undefined;
    this.#last = undefined;
    if (this.loopback === iface) {
      this.loopback = [...this.#byNetif.values()].find((other) => other.isLoopback);
    }
  }

  /** Adds an address to its interface. */
  addAddress(a: InterfaceAddress): void {
    a.owner.addresses.push(a);
    if (this.#local.get(a.address) === undefined) this.#local.set(a.address, a);
  }

  /** Takes an address away from its interface. */
  removeAddress(a: InterfaceAddress): void {
    const { addresses } = a.owner;
    addresses.splice(addresses.indexOf(a), 1);
    if (this.#local.get(a.address) !== a) return;
    this.#local.delete(a.address);
    for (const iface of this) {
      const other = iface.find(a.address);
      if (other !== undefined) this.#local.set(other.address, other);
    }
  }

  /** The entry of an address of ours, tentative or not. */
  local(address: IpAddress): InterfaceAddress | undefined {
    const found = this.#local.get(address);
    if (found !== undefined || address.family === 6 || address.w3 >>> 24 !== 127) return found;
    return this.#loopbackNet(address.w3);
  }

  /** As {@linkcode local}, for the bits of an IPv4 address. */
  localIpv4(bits: number): InterfaceAddress | undefined {
    const found = this.#local.getIpv4(bits);
    if (found !== undefined || bits >>> 24 !== 127) return found;
    return this.#loopbackNet(bits);
  }

  /** All of 127/8 is ours, once the loopback interface has an address in it (RFC 1122 §3.2.1.3). */
  #loopbackNet(bits: number): InterfaceAddress | undefined {
    return this.loopback?.addresses.find((a) =>
      a.address.family === 4 && (a.address.w3 ^ bits) >>> (32 - a.prefix.length) === 0
    );
  }
}
