/** {@linkcode RouteTable}: longest prefix match, for both families.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import { formatPrefix, maskAddress, type Prefix, prefixContains, prefixOf } from "./prefix.ts";

/** Where a route came from. */
export type RouteOrigin = "connected" | "static" | "dhcp" | "redirect" | "router-advertisement";

/** What {@linkcode RouteTable.add} is told. */
export interface RouteOptions {
  /** The network it leads to; 0.0.0.0/0 for a default route. */
  readonly destination: Prefix;
  /** The router; `undefined`: the network is on the link itself. */
  readonly gateway?: IpAddress;
  /** The interface; `undefined`: the one on whose link the gateway is, found at each lookup. */
  readonly netif?: Netif;
  /** Among routes to the same network the smallest wins. Default 0. */
  readonly metric?: number;
  /** Source address for packets which have none yet. */
  readonly source?: IpAddress;
  /** Default "static". */
  readonly origin?: RouteOrigin;
}

/** One route. */
export class Route {
  /** The network it leads to. */
  readonly destination: Prefix;
  /** The router, `undefined` if the network is on the link. */
  readonly gateway: IpAddress | undefined;
  /** The interface, `undefined` if the gateway decides. */
  readonly netif: Netif | undefined;
  /** Among routes to the same network the smallest wins. */
  readonly metric: number;
  /** Source address for packets which have none yet. */
  readonly source: IpAddress | undefined;
  /** Where it came from. */
  readonly origin: RouteOrigin;

  /** Use {@linkcode RouteTable.add}. */
  constructor(o: RouteOptions) {
    this.destination = prefixOf(o.destination.address, o.destination.length);
    this.gateway = o.gateway;
    this.netif = o.netif;
    this.metric = o.metric ?? 0;
    this.source = o.source;
    this.origin = o.origin ?? "static";
  }

  /** "10.0.0.0/8 via 192.168.1.1 dev en0 metric 100". */
  toString(): string {
    const via = this.gateway === undefined ? "" : ` via ${this.gateway}`;
    const dev = this.netif === undefined ? "" : ` dev ${this.netif.name}`;
    return `${formatPrefix(this.destination)}${via}${dev}${
      this.metric === 0 ? "" : ` metric ${this.metric}`
    }`;
  }
}

/** What {@linkcode RouteTable.lookup} may be told besides the destination. */
export interface RouteQuery {
  /** Our source address, if already chosen: routes through the interface that owns it are preferred. */
  readonly source?: IpAddress;
  /** Only routes through this interface. */
  readonly boundNetif?: Netif | undefined;
}

/** The next hop of a packet. */
export interface RouteResult {
  /** The route that was chosen; `undefined` when a hook decided. */
  readonly route: Route | undefined;
  /** Where to send the packet out. */
  readonly netif: Netif;
  /** To whom: the router, or the destination itself. */
  readonly nextHop: IpAddress;
}

/** What a {@linkcode RouteTable} asks its owner. */
export interface RouteTableOwner {
  /** The interface that holds an address of ours. */
  ownerOf(address: IpAddress): Netif | undefined;
  /** Routes have changed: what was resolved has to be resolved again.
   *
   * @param route what was added or removed; `undefined`: only which gateways answer. */
  routesChanged(route: Route | undefined): void;
}

/** Options of a {@linkcode RouteTable}. */
export interface RouteTableOptions {
  /** Most routes. Default 65,536. */
  readonly routesMax?: number;
  /** How much the source address counts. "interface" (default): routes through the interface that owns it are looked at
   * alone, and the others only if there is none, so that replies leave where the address lives (esp-lwip).
   * "prefix": it only decides between routes to equally long prefixes. "strict": as "interface", with no others
   * (the strong host model of RFC 1122 §3.3.4.2). */
  readonly sourceRouting?: "interface" | "prefix" | "strict";
  /** How long a gateway that does not answer is passed over if another one is there. Default 60,000 ms. */
  readonly deadGatewayMs?: number;
}

/** Routes of one prefix length. */
interface Level {
  readonly length: number;
  /** Keyed by network address; each list in ascending order of metric. */
  readonly networks: AddressMap<Route[]>;
}

/** A routing table for IPv4 and IPv6. Each prefix length has its own hash table; a lookup goes through the lengths
 * in use from the longest, so it costs as many probes as there are different lengths. */
export class RouteTable {
  readonly #owner: RouteTableOwner;
  readonly #options: Required<RouteTableOptions>;
  readonly #levels4: Level[] = [];
  readonly #levels6: Level[] = [];
  readonly #deadGateways = new AddressMap<number>();
  readonly #now: () => number;
  #size = 0;

  /** An empty table.
   *
   * @param now clock milliseconds. */
  constructor(owner: RouteTableOwner, now: () => number, options: RouteTableOptions = {}) {
    this.#owner = owner;
    this.#now = now;
    this.#options = {
      routesMax: options.routesMax ?? 65_536,
      sourceRouting: options.sourceRouting ?? "interface",
      deadGatewayMs: options.deadGatewayMs ?? 60_000,
    };
  }

  /** Number of routes. */
  get size(): number {
    return this.#size;
  }

  /** Adds a route. One with the same network, gateway and interface is replaced.
   *
   * @throws {TypeError} when there is neither gateway nor interface, or the gateway is of the other family.
   * @throws {RangeError} when the prefix length is impossible, or the table is full.
   */
  add(options: RouteOptions): Route {
    const route = new Route(options);
    const { destination, gateway, netif } = route;
    if (gateway === undefined && netif === undefined) {
      throw new TypeError("Cannot add a route without gateway and interface");
    }
    if (gateway !== undefined && gateway.family !== destination.address.family) {
      throw new TypeError(`Cannot reach ${formatPrefix(destination)} via ${gateway}: the families differ`);
    }
    const present = this.#levelAt(destination)?.networks.get(destination.address);
    const same = present?.findIndex((r) => r.netif === netif && sameAddress(r.gateway, gateway)) ?? -1;
    if (same >= 0) {
      present!.splice(same, 1);
      this.#size--;
    } else if (this.#size >= this.#options.routesMax) {
      throw new RangeError(`Cannot add a route: the table holds ${this.#size} already`);
    }
    const { networks } = this.#levelOf(destination);
    const list = present ?? [];
    if (present === undefined) networks.set(destination.address, list);
    let at = list.length;
    while (at > 0 && list[at - 1]!.metric > route.metric) at--;
    list.splice(at, 0, route);
    this.#size++;
    this.#owner.routesChanged(route);
    return route;
  }

  /** Removes a route, or every route that `matches` says true for.
   *
   * @returns how many were removed.
   */
  remove(which: Route | ((route: Route) => boolean)): number {
    const matches = which instanceof Route ? (route: Route) => route === which : which;
    const removed: Route[] = [];
    for (const levels of [this.#levels4, this.#levels6]) {
      for (const level of levels) {
        for (const list of [...level.networks.values()]) {
          const network = list[0]!.destination.address;
          for (let i = list.length - 1; i >= 0; i--) {
            if (matches(list[i]!)) removed.push(...list.splice(i, 1));
          }
          if (list.length === 0) level.networks.delete(network);
        }
      }
      for (let i = levels.length - 1; i >= 0; i--) {
        if (levels[i]!.networks.size === 0) levels.splice(i, 1);
      }
    }
    this.#size -= removed.length;
    for (const route of removed) this.#owner.routesChanged(route);
    return removed.length;
  }

  /** The way to `destination`: the longest prefix among the routes whose interface is up; among equals a gateway
   * that answers before one that does not, then the smaller metric, then the older route.
   *
   * @returns `undefined` when there is none.
   */
  lookup(destination: IpAddress, query: RouteQuery = {}): RouteResult | undefined {
    if (query.boundNetif !== undefined) return this.#find(destination, query.boundNetif, undefined);
    const source = query.source;
    const owner = source === undefined || source.isUnspecified ? undefined : this.#owner.ownerOf(source);
    if (owner === undefined) return this.#find(destination, undefined, undefined);
    if (this.#options.sourceRouting === "prefix") return this.#find(destination, undefined, owner);
    const own = this.#find(destination, owner, undefined);
    if (own !== undefined || this.#options.sourceRouting === "strict") return own;
    return this.#find(destination, undefined, undefined);
  }

  /** The neighbour behind a gateway stopped answering, or answers again (RFC 1122 §3.3.1.5). A route that was learned from a
   * redirect goes with its gateway: the one it was better than is still there. */
  gatewayChanged(gateway: IpAddress, isReachable: boolean): void {
    if (isReachable) {
      if (this.#deadGateways.delete(gateway)) this.#owner.routesChanged(undefined);
      return;
    }
    this.remove((route) => route.origin === "redirect" && sameAddress(route.gateway, gateway));
    for (const route of this) {
      if (route.gateway === undefined || !route.gateway.equals(gateway)) continue;
      if (this.#deadGateways.size >= 64) this.#deadGateways.clear();
      this.#deadGateways.set(gateway, this.#now() + this.#options.deadGatewayMs);
      this.#owner.routesChanged(undefined);
      return;
    }
  }

  /** All routes, the longest prefixes first, IPv4 before IPv6. */
  *[Symbol.iterator](): IterableIterator<Route> {
    for (const levels of [this.#levels4, this.#levels6]) {
      for (const level of levels) {
        for (const list of level.networks.values()) yield* list;
      }
    }
  }

  #levelAt(prefix: Prefix): Level | undefined {
    const levels = prefix.address.family === 4 ? this.#levels4 : this.#levels6;
    return levels.find((level) => level.length === prefix.length);
  }

  #levelOf(prefix: Prefix): Level {
    const levels = prefix.address.family === 4 ? this.#levels4 : this.#levels6;
    let i = 0;
    while (i < levels.length && levels[i]!.length > prefix.length) i++;
    const present = levels[i];
    if (present !== undefined && present.length === prefix.length) return present;
    const level = { length: prefix.length, networks: new AddressMap<Route[]>() };
    levels.splice(i, 0, level);
    return level;
  }

  #find(
    destination: IpAddress,
    only: Netif | undefined,
    preferred: Netif | undefined,
  ): RouteResult | undefined {
    for (const level of destination.family === 4 ? this.#levels4 : this.#levels6) {
      const list = level.networks.get(maskAddress(destination, level.length));
      if (list === undefined) continue;
      const best = this.#best(list, destination, only, preferred);
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #best(
    list: Route[],
    destination: IpAddress,
    only: Netif | undefined,
    preferred: Netif | undefined,
  ): RouteResult | undefined {
    let best: RouteResult | undefined;
    let bestScore = -1;
    for (const route of list) {
      const netif = route.netif ?? this.#linkOf(route.gateway!);
      if (netif === undefined || !netif.isUp || (only !== undefined && netif !== only)) continue;
      const score = (netif === preferred ? 2 : 0) + (this.#isDead(route.gateway) ? 0 : 1);
      if (score <= bestScore) continue;
      bestScore = score;
      best = { route, netif, nextHop: route.gateway ?? destination };
    }
    return best;
  }

  /** The interface on whose link a gateway is: only on-link routes count, so this ends. */
  #linkOf(gateway: IpAddress): Netif | undefined {
    for (const level of gateway.family === 4 ? this.#levels4 : this.#levels6) {
      const list = level.networks.get(maskAddress(gateway, level.length));
      if (list === undefined) continue;
      for (const route of list) {
        if (route.gateway === undefined && route.netif!.isUp && prefixContains(route.destination, gateway)) {
          return route.netif;
        }
      }
    }
    return undefined;
  }

  #isDead(gateway: IpAddress | undefined): boolean {
    if (gateway === undefined || this.#deadGateways.size === 0) return false;
    const until = this.#deadGateways.get(gateway);
    if (until === undefined) return false;
    if (this.#now() < until) return true;
    this.#deadGateways.delete(gateway);
    return false;
  }
}

function sameAddress(a: IpAddress | undefined, b: IpAddress | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
