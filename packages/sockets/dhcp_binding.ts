/** {@linkcode DhcpBinding}: applies the leases of one interface.
 *
 * @module
 */
import { formatMac, type Netif } from "@lightwire/netif";
import type { Random } from "@lightwire/netif/random";
import type { TimerQueue } from "@lightwire/netif/timers";
import { type IpAddress, ipv4 } from "@lightwire/ip/address";
import { type IpLayer, prefixOf } from "@lightwire/ip";
import { DhcpClient, type DhcpClientOptions, type DhcpEvent, type Lease } from "@lightwire/dhcp";
import type { UdpLayer } from "@lightwire/udp";

/** Smallest MTU that a lease may set: every host must take datagrams of 576 bytes (RFC 1122 §3.3.2). */
const MIN_LEASED_MTU = 576;

/** What a {@linkcode DhcpBinding} works on. */
export interface DhcpBindingHost {
  /** Where addresses and routes live. */
  readonly ip: IpLayer;
  /** The transport. */
  readonly udp: UdpLayer;
  /** The stack's timers. */
  readonly timers: TimerQueue;
  /** The stack's entropy. */
  readonly random: Random;
}

/** What a lease brings along besides address and routes. */
export interface LeasedNames {
  /** Name servers, best first. */
  readonly nameServers: readonly string[];
  /** Domains for names without a dot. */
  readonly searchDomains: readonly string[];
  /** The name that the server gave us. */
  readonly hostname: string | undefined;
}

/** How a {@linkcode DhcpBinding} reports. */
export interface DhcpBindingEvents {
  /** Each event of the client, after it was applied. */
  event(event: DhcpEvent): void;
  /** Names came, changed or went (`undefined`). */
  names(names: LeasedNames | undefined): void;
  /** Somebody else uses the address. */
  conflict(address: IpAddress, by: string, isLost: boolean): void;
}

/** A DHCP client whose leases become an address, routes, an MTU and name servers of its interface (RFC 2131 §4.4.1;
 * RFC 3442 for option 121). */
export class DhcpBinding {
  /** The client. */
  readonly client: DhcpClient;
  readonly #host: DhcpBindingHost;
  readonly #netif: Netif;
  readonly #metric: number;
  readonly #events: DhcpBindingEvents;
  readonly #ownMtu: number;
  #applied: Lease | undefined = undefined;

  /** Does not start the client. */
  constructor(
    host: DhcpBindingHost,
    netif: Netif,
    metric: number,
    options: DhcpClientOptions,
    events: DhcpBindingEvents,
  ) {
    this.#host = host;
    this.#netif = netif;
    this.#metric = metric;
    this.#events = events;
    this.#ownMtu = netif.mtu;
    this.client = new DhcpClient({
      udp: host.udp,
      ip: host.ip,
      netif,
      host,
      options: {
        ...options,
        onEvent: (event) => {
          this.#arrives(event);
          options.onEvent?.(event);
        },
      },
    });
  }

  #arrives(event: DhcpEvent): void {
    if (event.type === "bound" || event.type === "renewed") this.#apply(event.lease);
    else if ("lease" in event && event.lease !== undefined) this.#withdraw();
    this.#events.event(event);
  }

  #apply(lease: Lease): void {
    const { ip } = this.#host;
    const netif = this.#netif;
    if (this.#applied !== undefined && !this.#applied.address.equals(lease.address)) this.#withdraw();
    const hasAddress = ip.interfaces.of(netif)?.find(lease.address) !== undefined;
    this.#setMtu(lease.mtu);
    if (!hasAddress) {
      ip.addAddress(netif, lease.address, lease.prefixLength, {
        conflictPolicy: "defend",
        onConflict: (address, by, isLost) => {
          this.#events.conflict(address, formatMac(by), isLost);
          if (isLost) this.client.addressInUse(by);
        },
      });
    }
    this.#removeRoutes();
    let metric = this.#metric;
    for (const gateway of lease.routers) {
      ip.routes.add({ destination: prefixOf(ipv4(0), 0), gateway, netif, metric: metric++, origin: "dhcp" });
    }
    for (const { destination, gateway } of lease.staticRoutes) {
      const via = gateway === undefined ? {} : { gateway };
      ip.routes.add({ destination, ...via, netif, metric: this.#metric, origin: "dhcp" });
    }
    this.#applied = lease;
    this.#events.names({
      nameServers: lease.dnsServers.map((server) => server.toString()),
      searchDomains: lease.searchDomains,
      hostname: lease.hostname,
    });
  }

  #withdraw(): void {
    const lease = this.#applied;
    if (lease === undefined) return;
    this.#applied = undefined;
    this.#removeRoutes();
    this.#host.ip.removeAddress(this.#netif, lease.address);
    this.#setMtu(undefined);
    this.#events.names(undefined);
  }

  #removeRoutes(): void {
    this.#host.ip.routes.remove((route) => route.origin === "dhcp" && route.netif === this.#netif);
  }

  #setMtu(mtu: number | undefined): void {
    const isUsable = mtu !== undefined && mtu >= MIN_LEASED_MTU && mtu <= this.#netif.driver.mtu;
    this.#netif.setMtu(isUsable ? mtu : this.#ownMtu);
  }
}
