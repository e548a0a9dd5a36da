/** {@linkcode DatagramGroups}: the multicast half of a `DatagramConn`.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { type IpAddress, parseIpAddress } from "@lightwire/ip/address";
import type { UdpEndpoint } from "@lightwire/udp";
import { netError, withDenoName } from "./errors.ts";
import type { Pump } from "./pump.ts";

/** Membership of an IPv4 group, assignable to `Deno.MulticastV4Membership`. */
export interface MulticastV4Membership {
  /** Leaves the group. */
  leave: () => Promise<void>;
  /** Whether what we send to groups comes back to members on this host. */
  setLoopback: (loopback: boolean) => Promise<void>;
  /** TTL of what we send to groups. */
  setTTL: (ttl: number) => Promise<void>;
}

/** Membership of an IPv6 group, assignable to `Deno.MulticastV6Membership`. */
export interface MulticastV6Membership {
  /** Leaves the group. */
  leave: () => Promise<void>;
  /** Whether what we send to groups comes back to members on this host. */
  setLoopback: (loopback: boolean) => Promise<void>;
}

/** What {@linkcode DatagramGroups} asks of its stack. */
export interface GroupHost {
  /** Flushes what joining and leaving cause to be sent. */
  readonly pump: Pump;
  /** The interface with this address, name or index. */
  findNetif(which: string | number): Netif | undefined;
}

/** Joins and leaves groups for one endpoint. */
export class DatagramGroups {
  readonly #endpoint: UdpEndpoint;
  readonly #host: GroupHost;

  /** No member of any group yet. */
  constructor(endpoint: UdpEndpoint, host: GroupHost) {
    this.#endpoint = endpoint;
    this.#host = host;
  }

  /** Joins a group.
   *
   * @param which interface; `undefined` leaves the choice to routing.
   */
  // deno-lint-ignore require-await -- what it throws is to be a rejection
  async join(group: string, which: string | number | undefined): Promise<MulticastV4Membership> {
    const address = parseIpAddress(group);
    if (address === undefined) throw new TypeError(`Cannot join "${group}": not an IP address`);
    const netif = which === undefined ? undefined : this.#host.findNetif(which);
    if (which !== undefined && netif === undefined) {
      throw netError("ADDRESS_NOT_AVAILABLE", `Cannot join ${group}: no interface is called or has ${which}`);
    }
    try {
      this.#endpoint.joinGroup(address, netif);
    } catch (error) {
      throw withDenoName(error);
    }
    this.#host.pump.requestFlush();
    return {
      leave: () => this.#leave(address, netif),
      setLoopback: (loopback) => {
        this.#endpoint.multicastLoop = loopback;
        return Promise.resolve();
      },
      setTTL: (ttl) => {
        this.#endpoint.multicastTtl = ttl;
        return Promise.resolve();
      },
    };
  }

  // deno-lint-ignore require-await -- what it throws is to be a rejection
  async #leave(group: IpAddress, netif: Netif | undefined): Promise<void> {
    try {
      if (!this.#endpoint.isClosed) this.#endpoint.leaveGroup(group, netif);
    } catch (error) {
      throw withDenoName(error);
    }
    this.#host.pump.requestFlush();
  }
}
