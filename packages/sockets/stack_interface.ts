/** {@linkcode StackInterface}: one interface of a stack with everything that belongs to it.
 *
 * @module
 */
import {
  formatMac,
  type LinkDriver,
  type Netif,
  NETIF_IPV4_ADDRESS_CHANGED,
  NETIF_LINK_CHANGED,
  NETIF_STATUS_CHANGED,
} from "@lightwire/netif";
import {
  type AddressChangeDetails,
  formatPrefix,
  parseAddressAndLength,
  parsePrefix,
  type Prefix,
} from "@lightwire/ip";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import type { DhcpClient, DhcpClientOptions, DhcpEvent, Lease } from "@lightwire/dhcp";
import { DhcpBinding, type DhcpBindingHost, type LeasedNames } from "./dhcp_binding.ts";
import { netError } from "./errors.ts";
import type { Pump } from "./pump.ts";
import type { RouteSpecification } from "./stack_options.ts";
import { type AbortOptions, Waiter, WaiterQueue } from "./waiter.ts";

/** Something happened to an interface. */
export type InterfaceEvent =
  /** Traffic flows from now on, or not any more. */
  | { readonly type: "state"; readonly isUp: boolean }
  /** An address like "10.0.0.2/24" came or went. */
  | { readonly type: "address"; readonly address: string; readonly isPresent: boolean }
  /** Another station, `by`, uses an address of ours; `isLost`: it was given up (RFC 5227 §2.4). */
  | { readonly type: "conflict"; readonly address: string; readonly by: string; readonly isLost: boolean }
  /** The DHCP client reports; a lease has been applied, or withdrawn, already. */
  | { readonly type: "dhcp"; readonly event: DhcpEvent };

/** What a {@linkcode StackInterface} needs of its stack. */
export interface InterfaceHost extends DhcpBindingHost {
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
  #leased: LeasedNames | undefined = undefined;
  #dhcp: DhcpBinding | undefined = undefined;
  #wasUp = false;
  #isClosed = false;
  readonly #host: InterfaceHost;
  readonly #listeners: Set<(event: InterfaceEvent) => void> = new Set();
  readonly #waiters: WaiterQueue<void> = new WaiterQueue();
  readonly #unsubscribe: () => void;

  /** Use `Stack.addInterface`. */
  constructor(host: InterfaceHost, netif: Netif, metric: number) {
    this.#host = host;
    this.netif = netif;
    this.metric = metric;
    this.#unsubscribe = netif.onChange((_netif, reasons, details) => this.#changed(reasons, details));
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

  /** Name servers in order of preference: those set here, then those of the lease. Setting replaces the former.
   *
   * @throws {TypeError} when one is not an IP address.
   */
  get nameServers(): readonly string[] {
    return [...new Set([...this.#nameServers, ...(this.#leased?.nameServers ?? [])])];
  }

  set nameServers(servers: readonly string[]) {
    for (const server of servers) toAddress(server, "name server");
    this.#nameServers = servers;
    this.#host.nameServersChanged();
  }

  /** Domains that names without a dot are looked up in: those set here, then those of the lease. */
  get searchDomains(): readonly string[] {
    return [...new Set([...this.#searchDomains, ...(this.#leased?.searchDomains ?? [])])];
  }

  set searchDomains(domains: readonly string[]) {
    this.#searchDomains = domains;
    this.#host.nameServersChanged();
  }

  /** The name that the DHCP server gave us. */
  get leasedHostname(): string | undefined {
    return this.#leased?.hostname;
  }

  /** The DHCP client, once {@linkcode startDhcp} was called. */
  get dhcp(): DhcpClient | undefined {
    return this.#dhcp?.client;
  }

  /** The lease in force. */
  get lease(): Lease | undefined {
    return this.#dhcp?.client.lease;
  }

  /** Whether it has an address that can be used. */
  get isReady(): boolean {
    const entry = this.#host.ip.interfaces.of(this.netif);
    return entry !== undefined && (entry.hasAddress(4) || entry.hasAddress(6));
  }

  /** Waits for an address that can be used: of DHCP, or one that is still being checked for conflicts.
   *
   * @param options.timeoutMs after which it is rejected with `TIMED_OUT`; default: never.
   * @throws {NetError} `TIMED_OUT`, `CLOSED`.
   */
  whenReady(options: AbortOptions & { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (this.#isClosed) return Promise.reject(this.#error("CLOSED", "it was removed"));
    const { pump, timers } = this.#host;
    const waiter = new Waiter<void>();
    const { timeoutMs } = options;
    const timer = timers.create(() => waiter.reject(this.#error("TIMED_OUT", this.#whyNotReady(timeoutMs!))));
    if (timeoutMs !== undefined) timer.start(timeoutMs);
    pump.hold();
    return this.#waiters.add(waiter, options.signal).finally(() => {
      timer.stop();
      pump.release();
    });
  }

  /** Calls back after each event.
   *
   * @returns what ends that.
   */
  subscribe(listener: (event: InterfaceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Asks a DHCP server for an address, and applies its leases until {@linkcode stopDhcp}.
   *
   * @throws {NetError} `ADDRESS_IN_USE` when another client serves this interface, `INVALID_STATE` when it has no station
   * address.
   */
  startDhcp(options: DhcpClientOptions = {}): void {
    this.#dhcp ??= new DhcpBinding(this.#host, this.netif, this.metric, options, {
      event: (event) => this.#tell({ type: "dhcp", event }),
      names: (names) => {
        this.#leased = names;
        this.#host.nameServersChanged();
      },
      conflict: (address, by, isLost) => this.#tell({ type: "conflict", address: `${address}`, by, isLost }),
    });
    this.#dhcp.client.start();
    this.#host.pump.requestFlush();
  }

  /** Gives the lease back to the server and stops asking. */
  stopDhcp(): void {
    this.#dhcp?.client.release();
    this.#dhcp = undefined;
    this.#host.pump.requestFlush();
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
   * @param options.detectConflict look for another station with it first (RFC 5227 §2.1), which takes 4 to 7 s; see
   * {@linkcode whenReady}. Default false.
   * @throws {TypeError} when it is none, or is there already.
   */
  addAddress(text: string, options: { readonly detectConflict?: boolean } = {}): void {
    const { address, length } = toPrefix(text, "address", parseAddressAndLength);
    this.#host.ip.addAddress(this.netif, address, length, {
      detectConflict: options.detectConflict ?? false,
      conflictPolicy: options.detectConflict ? "defend" : "keep",
      onConflict: (conflicting, by, isLost) =>
        this.#tell({ type: "conflict", address: `${conflicting}`, by: formatMac(by), isLost }),
    });
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

  /** For the stack: the interface is about to be removed. The lease is given back. */
  close(): void {
    this.#isClosed = true;
    this.stopDhcp();
    this.#waiters.rejectAll(this.#error("CLOSED", "it was removed"));
  }

  /** For the stack: the interface was removed. */
  closed(): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #changed(reasons: number, details: unknown): void {
    if ((reasons & (NETIF_LINK_CHANGED | NETIF_STATUS_CHANGED)) !== 0 && this.netif.isUp !== this.#wasUp) {
      this.#wasUp = this.netif.isUp;
      if (this.#wasUp) this.#dhcp?.client.linkUp();
      this.#tell({ type: "state", isUp: this.#wasUp });
    }
    if ((reasons & NETIF_IPV4_ADDRESS_CHANGED) !== 0) {
      const { address, prefixLength, isPresent } = details as AddressChangeDetails;
      if (this.isReady) {
        for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
          waiter.resolve();
        }
      }
      this.#tell({ type: "address", address: `${address}/${prefixLength}`, isPresent });
    }
    this.#host.pump.requestFlush();
  }

  #tell(event: InterfaceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #whyNotReady(timeoutMs: number): string {
    if (!this.netif.hasCarrier) return `no carrier for ${timeoutMs} ms`;
    if (this.#dhcp === undefined) return `no address within ${timeoutMs} ms`;
    const { state, counters } = this.#dhcp.client;
    const isSilent = counters.received.OFFER + counters.received.ACK === 0;
    return `${isSilent ? "no DHCP server answered" : `DHCP is in ${state}`} after ${timeoutMs} ms`;
  }

  #error(code: "TIMED_OUT" | "CLOSED", why: string): Error {
    return netError(code, `Cannot use ${this.name}: ${why}`);
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
