/** {@linkcode AddressBook}: gives interfaces their addresses and takes them away.
 *
 * @module
 */
import {
  type MacAddress,
  type Netif,
  NETIF_IPV4_ADDRESS_CHANGED,
  NETIF_IPV4_GATEWAY_CHANGED,
  NETIF_IPV4_NETMASK_CHANGED,
  NETIF_IPV4_SETTINGS_CHANGED,
  type Timer,
} from "@lightwire/netif";
import type { IpAddress } from "./address.ts";
import { InterfaceAddress, type IpInterface } from "./ip_interface.ts";
import type { IpLayer } from "./ip_layer.ts";
import type { Route } from "./route_table.ts";
import type { AddressClaim, ConflictPolicy } from "./v4/address_conflict.ts";

/** Options of {@linkcode IpLayer.addAddress}. */
export interface AddAddressOptions {
  /** Look for somebody else with the address first (RFC 5227 §2.1); it cannot be used meanwhile, some 4 to 7 seconds.
   * Default false. */
  readonly detectConflict?: boolean;
  /** What to do if somebody uses the address later. Default "keep". */
  readonly conflictPolicy?: ConflictPolicy;
  /** Somebody else has the address, whose station address is `by`. `isLost`: it has been taken away. */
  readonly onConflict?: (address: IpAddress, by: MacAddress, isLost: boolean) => void;
  /** The address has passed the check, and may be used. Not called without {@linkcode detectConflict}. */
  readonly onReady?: (address: IpAddress) => void;
}

/** What listeners of `Netif.onChange` get with the address reasons. */
export interface AddressChangeDetails {
  /** The address that came or went. */
  readonly address: IpAddress;
  /** Bits of its network. */
  readonly prefixLength: number;
  /** It came. */
  readonly isPresent: boolean;
}

/** The addresses of all interfaces. */
export class AddressBook {
  readonly #ip: IpLayer;
  readonly #changed: () => void;
  readonly #intervalMs: number;
  #timer: Timer | undefined = undefined;

  /** A book without addresses.
   *
   * @param changed what depends on addresses has to be resolved again.
   * @param intervalMs between unasked announcements, 0 for none.
   */
  constructor(ip: IpLayer, changed: () => void, intervalMs: number) {
    this.#ip = ip;
    this.#changed = changed;
    this.#intervalMs = intervalMs;
  }

  /** See {@linkcode IpLayer.addAddress}. */
  add(netif: Netif, address: IpAddress, prefixLength: number, o: AddAddressOptions): void {
    const ip = this.#ip;
    const iface = ip.interfaces.of(netif);
    if (iface === undefined) {
      throw new TypeError(`Cannot add an address to ${netif.name}: add the interface first`);
    }
    if (iface.find(address) !== undefined) {
      throw new TypeError(`Cannot add ${address} to ${netif.name} twice`);
    }
    if (address.isUnspecified || address.isMulticast || address.isLimitedBroadcast) {
      throw new TypeError(`Cannot add ${address} to ${netif.name}: not the address of a host`);
    }
    const hasArp = iface.hasNeighbors && address.family === 4;
    const isTentative = hasArp && o.detectConflict === true;
    const entry = new InterfaceAddress(iface, address, prefixLength, isTentative);
    ip.interfaces.addAddress(entry);
    if (hasArp) entry.claim = this.#claim(entry, o);
    if (isTentative) entry.claim!.probe();
    else this.#activate(entry);
  }

  /** See {@linkcode IpLayer.removeAddress}. */
  remove(netif: Netif, address: IpAddress): boolean {
    const ip = this.#ip;
    const iface = ip.interfaces.of(netif);
    const entry = iface?.find(address);
    if (iface === undefined || entry === undefined) return false;
    entry.claim?.close();
    ip.interfaces.removeAddress(entry);
    if (entry.isTentative) return true;
    const isShared = iface.addresses.some((a) => !a.isTentative && samePrefix(a, entry));
    if (!isShared) {
      ip.routes.remove((r) =>
        r.origin === "connected" && r.netif === netif && r.destination.length === entry.prefix.length &&
        r.destination.address.equals(entry.prefix.address)
      );
    }
    this.#tell(entry, false);
    return true;
  }

  /** A route was added or removed; see {@linkcode RouteTableOwner}. Listeners of its interface hear of default routes. */
  routeChanged(route: Route | undefined): void {
    this.#changed();
    if (route?.destination.length !== 0 || route.destination.address.family !== 4) return;
    route.netif?.notifyChange(NETIF_IPV4_GATEWAY_CHANGED | NETIF_IPV4_SETTINGS_CHANGED, route);
  }

  /** An interface came up. */
  netifUp(iface: IpInterface): void {
    if (!this.#ip.options.announceAddresses) return;
    this.#ip.claims.netifUp(iface.netif);
  }

  #claim(entry: InterfaceAddress, o: AddAddressOptions): AddressClaim {
    const { address, owner } = entry;
    return this.#ip.claims.claim(owner.netif, address, o.conflictPolicy ?? "keep", {
      free: () => {
        entry.isTentative = false;
        this.#activate(entry);
        o.onReady?.(address);
      },
      conflict: (by, isLost) => {
        if (isLost) this.remove(owner.netif, address);
        o.onConflict?.(address, by, isLost);
      },
    });
  }

  #activate(entry: InterfaceAddress): void {
    const ip = this.#ip;
    const { owner, address } = entry;
    ip.routes.add({ destination: entry.prefix, netif: owner.netif, origin: "connected" });
    ip.neighbors.remove(owner.netif, address);
    this.#tell(entry, true);
    if (entry.claim === undefined) return;
    if (ip.options.announceAddresses && owner.netif.isUp) entry.claim.announce();
    else entry.claim.watch();
    if (this.#intervalMs > 0) {
      this.#timer ??= ip.host.timers.create(() => this.#announceAll());
      if (!this.#timer.isArmed) this.#timer.start(this.#intervalMs);
    }
  }

  #tell(entry: InterfaceAddress, isPresent: boolean): void {
    const { address, owner, prefix } = entry;
    this.#changed();
    this.#ip.protocols.addressChanged(address, owner.netif, isPresent);
    if (address.family !== 4) return;
    const reasons = NETIF_IPV4_ADDRESS_CHANGED | NETIF_IPV4_NETMASK_CHANGED | NETIF_IPV4_SETTINGS_CHANGED;
    const details: AddressChangeDetails = { address, prefixLength: prefix.length, isPresent };
    owner.netif.notifyChange(reasons, details);
  }

  /** Some switches and access points forget a station that is silent (ESP-IDF's periodic gratuitous ARP). */
  #announceAll(): void {
    const ip = this.#ip;
    let isAny = false;
    for (const iface of ip.interfaces) {
      for (const a of iface.addresses) {
        if (a.claim === undefined || a.isTentative) continue;
        isAny = true;
        ip.arp.announce(iface.netif, a.address.w3);
      }
    }
    if (isAny) this.#timer!.start(this.#intervalMs);
    ip.flush();
  }
}

function samePrefix(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.prefix.length === b.prefix.length && a.prefix.address.equals(b.prefix.address);
}
