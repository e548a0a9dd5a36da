/** {@linkcode StackInterface}: one interface of a stack with everything that belongs to it.
 *
 * @module
 */
import { formatMac, type LinkDriver, type Netif } from "@lightwire/netif";
import { formatPrefix, type IpLayer, type Prefix } from "@lightwire/ip";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import { parseAddressAndLength, parsePrefix } from "@lightwire/ip";
import type { Pump } from "./pump.ts";
import type { RouteSpecification } from "./stack_options.ts";

/** What a {@linkcode StackInterface} needs of its stack. */
export interface InterfaceHost {
  /** Where addresses and routes live. */
  readonly ip: IpLayer;
  /** Flushes what changes cause to be sent. */
  readonly pump: Pump;
  /** The name servers or search domains of an interface changed. */
  nameServersChanged(): void;
}

/** One interface of a stack: its device, addresses, routes and name servers. Made by `Stack.addInterface`. */
export class StackInterface {
  /** The interface of the `netif` layer below. */
  readonly netif: Netif;
  /** Among default routes of several interfaces the one with the smallest wins. */
  readonly metric: number;
  #nameServers: readonly string[] = [];
  #searchDomains: readonly string[] = [];
  readonly #host: InterfaceHost;

  /** Use `Stack.addInterface`. */
  constructor(host: InterfaceHost, netif: Netif, metric: number) {
    this.#host = host;
    this.netif = netif;
    this.metric = metric;
  }

  /** Name, like "en0". */
  get name(): string {
    return this.netif.name;
  }

  /** Number, unique in the stack. */
  get index(): number {
    return this.netif.index;
  }

  /** The device. */
  get driver(): LinkDriver {
    return this.netif.driver;
  }

  /** Largest packet in bytes. */
  get mtu(): number {
    return this.netif.mtu;
  }

  /** Station address, like "02:00:00:00:00:01"; `undefined` for links without. */
  get mac(): string | undefined {
    return this.netif.driver.medium === "ethernet" ? formatMac(this.netif.macAddress) : undefined;
  }

  /** Whether traffic flows: set up, and a carrier present. */
  get isUp(): boolean {
    return this.netif.isUp;
  }

  /** Our addresses with their prefix lengths, like "10.0.0.2/24". */
  get addresses(): string[] {
    const entries = this.#host.ip.interfaces.of(this.netif)?.addresses ?? [];
    return entries.map((entry) => `${entry.address}/${entry.prefix.length}`);
  }

  /** Name servers that came with it, in order of preference. */
  get nameServers(): readonly string[] {
    return this.#nameServers;
  }

  set nameServers(servers: readonly string[]) {
    for (const server of servers) toAddress(server, "name server");
    this.#nameServers = servers;
    this.#host.nameServersChanged();
  }

  /** Domains that names without a dot are looked up in. */
  get searchDomains(): readonly string[] {
    return this.#searchDomains;
  }

  set searchDomains(domains: readonly string[]) {
    this.#searchDomains = domains;
    this.#host.nameServersChanged();
  }

  /** Lets traffic flow. */
  setUp(): void {
    this.netif.setUp();
    this.#host.pump.requestFlush();
  }

  /** Stops traffic. */
  setDown(): void {
    this.netif.setDown();
  }

  /** Adds an address like "10.0.0.2/24", and the route to its network.
   *
   * @throws {TypeError} when it is none, or is there already.
   */
  addAddress(text: string): void {
    const { address, length } = toPrefix(text, "address", parseAddressAndLength);
    this.#host.ip.addAddress(this.netif, address, length);
    this.#host.pump.requestFlush();
  }

  /** Takes an address away, like "10.0.0.2" or "10.0.0.2/24"; connections that use it are aborted.
   *
   * @returns whether it was there.
   */
  removeAddress(text: string): boolean {
    const { address } = toPrefix(text, "address", parseAddressAndLength);
    const isRemoved = this.#host.ip.removeAddress(this.netif, address);
    this.#host.pump.requestFlush();
    return isRemoved;
  }

  /** Adds a route out of this interface.
   *
   * @throws {TypeError} when destination or gateway are none.
   */
  addRoute(route: RouteSpecification): void {
    const gateway = route.gateway === undefined ? undefined : toAddress(route.gateway, "gateway");
    this.#host.ip.routes.add({
      destination: toPrefix(route.destination, "network", parsePrefix),
      ...(gateway === undefined ? {} : { gateway }),
      netif: this.netif,
      metric: route.metric ?? this.metric,
    });
    this.#host.pump.requestFlush();
  }

  /** Removes the routes to a network out of this interface; returns how many. */
  removeRoute(destination: string): number {
    const text = formatPrefix(toPrefix(destination, "network", parsePrefix));
    const count = this.#host.ip.routes.remove((route) =>
      route.netif === this.netif && formatPrefix(route.destination) === text
    );
    this.#host.pump.requestFlush();
    return count;
  }

  /** Sets the default router of this interface; `undefined`: none. */
  setGateway(gateway: string | undefined): void {
    this.removeRoute("0.0.0.0/0");
    if (gateway !== undefined) this.addRoute({ destination: "0.0.0.0/0", gateway });
  }
}

function toAddress(text: string, what: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new TypeError(`Cannot use "${text}" as ${what}: not an IP address`);
  return address;
}

function toPrefix(text: string, what: string, parse: (text: string) => Prefix | undefined): Prefix {
  const prefix = parse(text);
  if (prefix === undefined) {
    throw new TypeError(`Cannot use "${text}" as ${what}: expected something like 10.0.0.0/8`);
  }
  return prefix;
}
