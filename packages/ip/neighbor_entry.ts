/** Data plane. {@linkcode NeighborEntry}: what is known about one station on one link.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress, Netif, Timer } from "@lightwire/netif";
import type { IpAddress } from "./address.ts";

/** State of a neighbour, in the words of RFC 4861 §7.3.2, used for ARP and ND alike.
 *
 * | state | link address | what happens to a packet |
 * |---|---|---|
 * | `INCOMPLETE` | unknown, being asked for | waits |
 * | `REACHABLE` | confirmed lately | goes |
 * | `STALE` | known, not confirmed lately | goes, and starts `DELAY` |
 * | `DELAY` | as before; an upper layer may still confirm it | goes |
 * | `PROBE` | as before; being asked directly | goes |
 * | `FAILED` | this entry left the cache (nobody answered, or evicted) | its holder looks the neighbour up again |
 * | `STATIC` | set by hand, or computed from the address (groups, broadcast, point-to-point) | goes |
 */
export type NeighborState = "INCOMPLETE" | "REACHABLE" | "STALE" | "DELAY" | "PROBE" | "FAILED" | "STATIC";

/** One neighbour. Entries of {@linkcode NeighborCache} are read-only for everyone else. */
export class NeighborEntry {
  /** The link it is on. */
  readonly netif: Netif;
  /** Its network-layer address. */
  readonly address: IpAddress;
  /** Where it stands. */
  state: NeighborState;
  /** Its station address; meaningless in `INCOMPLETE` and `FAILED`. */
  linkAddress: MacAddress;
  /** Packets may go without a further look until then (clock milliseconds): a real instant in `REACHABLE`,
   * `Infinity` in `STATIC`, `-Infinity` in all other states. */
  reachableUntil: number;
  /** When a packet was last sent to it, or something learned about it. */
  usedAt: number;
  /** Solicitations sent in this state. */
  solicitations: number;
  /** ND: it is a router (RFC 4861 §5.1). */
  isRouter: boolean;
  /** Packets that wait for its station address, oldest first. */
  readonly pending: Pbuf[];
  /** Drives the present state; made when first needed. Internal. */
  timer: Timer | undefined;
  /** Neighbour in the list of least recently used ones. Internal. */
  previous: NeighborEntry | undefined;
  /** Neighbour in the list of least recently used ones. Internal. */
  following: NeighborEntry | undefined;
  /** `usedAt` when it was put where it is in that list. Internal. */
  listedAt: number;

  /** For {@linkcode NeighborCache} and {@linkcode staticNeighbor}. */
  constructor(netif: Netif, address: IpAddress, state: NeighborState, linkAddress: MacAddress) {
    this.netif = netif;
    this.address = address;
    this.state = state;
    this.linkAddress = linkAddress;
    this.reachableUntil = state === "STATIC" ? Infinity : -Infinity;
    this.usedAt = 0;
    this.solicitations = 0;
    this.isRouter = false;
    this.pending = [];
    this.timer = undefined;
    this.previous = undefined;
    this.following = undefined;
    this.listedAt = 0;
  }
}

/** An entry outside of the cache for a station address that needs no resolution: a group, the broadcast address, or the
 * other end of a point-to-point link. */
export function staticNeighbor(netif: Netif, address: IpAddress, linkAddress: MacAddress): NeighborEntry {
  return new NeighborEntry(netif, address, "STATIC", linkAddress);
}
