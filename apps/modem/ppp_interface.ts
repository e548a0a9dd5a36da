/** {@linkcode PppInterface}: an interface of the stack with what the peer of a PPP link gave, as often as it gives.
 *
 * @module
 */
import type { Addressing, LinkHost } from "@lightwire/app-commands";
import type { LinkDriver } from "@lightwire/netif";
import type { PppUp } from "@lightwire/ppp";
import type { StackInterface } from "@lightwire/sockets";

/** What the interface is called. */
export const PPP_INTERFACE = "ppp0";
/** Our address before the peer has given one, when packets are awaited to dial for: in the network of addresses that gear of
 * operators uses when it has none. */
export const WAITING_ADDRESS = "10.64.64.65";

/** Our address as a host of its own, everything else behind the peer, name servers of the peer unless the command line has
 * others. */
export class PppInterface {
  readonly #host: LinkHost;
  readonly #addressing: Addressing;
  readonly #isServer: boolean;
  #added: StackInterface | undefined = undefined;
  #routes: readonly string[] = [];

  /** Adds nothing yet.
   *
   * @param isServer The peer is a caller, not the way to the world.
   */
  constructor(host: LinkHost, addressing: Addressing, isServer: boolean) {
    this.#host = host;
    this.#addressing = addressing;
    this.#isServer = isServer;
  }

  /** Adds the interface before there is a session.
   *
   * @param driver brings the link up when there is something to send.
   * @param address of ours, until the peer gives one.
   */
  awaits(driver: LinkDriver, address: string = WAITING_ADDRESS): StackInterface {
    const added = this.#add(driver);
    added.addAddress(`${address}/32`);
    this.#setRoutes(added, ["0.0.0.0/0"]);
    return added;
  }

  /** A session has begun: adds the interface, or gives it what is new. */
  comesUp(driver: LinkDriver, { ipv4, mtu }: PppUp): StackInterface {
    const added = this.#added ?? this.#add(driver);
    added.netif.setMtu(Math.min(mtu, added.driver.mtu, this.#addressing.mtu ?? mtu));
    if (ipv4 === undefined) return added;
    const address = `${ipv4.localAddress}/32`;
    // Connections live on if the address is the same again.
    for (const old of added.addresses) if (old !== address) added.removeAddress(old);
    if (!added.addresses.includes(address)) added.addAddress(address);
    this.#setRoutes(added, [`${ipv4.peerAddress}/32`, ...(this.#isServer ? [] : ["0.0.0.0/0"])]);
    if (this.#addressing.dns.length === 0) added.nameServers = ipv4.dnsServers.map(String);
    return added;
  }

  #add(driver: LinkDriver): StackInterface {
    const added = this.#host.attach(driver, { name: PPP_INTERFACE, captureName: PPP_INTERFACE });
    for (const route of this.#addressing.routes) added.addRoute(route);
    this.#added = added;
    return added;
  }

  #setRoutes(added: StackInterface, destinations: readonly string[]): void {
    for (const old of this.#routes) if (!destinations.includes(old)) added.removeRoute(old);
    for (const destination of destinations) {
      if (!this.#routes.includes(destination)) added.addRoute({ destination });
    }
    this.#routes = destinations;
  }
}

/** Adds an interface for one session.
 *
 * @param isServer The peer is a caller, not the way to the world.
 */
export function attachPpp(
  host: LinkHost,
  driver: LinkDriver,
  up: PppUp,
  addressing: Addressing,
  isServer: boolean,
): StackInterface {
  return new PppInterface(host, addressing, isServer).comesUp(driver, up);
}
