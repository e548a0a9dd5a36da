/** {@linkcode MulticastMemberships}: the groups of one endpoint.
 *
 * @module
 */
import { NetError, type Netif } from "@lightwire/netif";
import type { GroupMembership, IpAddress } from "@lightwire/ip";

/** Most groups one endpoint may join (Linux: `igmp_max_memberships`, 20 as well). */
export const MAX_MEMBERSHIPS = 20;

/** Joins a group for one user; `IpLayer` has it. */
export interface GroupJoiner {
  /** Joins on an interface.
   *
   * @returns the membership, or `undefined` when the stack has too many groups.
   */
  joinGroup(netif: Netif, group: IpAddress, sources?: readonly IpAddress[]): GroupMembership | undefined;
}

/** The groups of one endpoint, each a user of its own towards IP, which merges the filters (RFC 3376 §3.2). */
export class MulticastMemberships {
  readonly #all: GroupMembership[] = [];

  /** How many there are. */
  get size(): number {
    return this.#all.length;
  }

  /** Joins a group.
   *
   * @throws {NetError} ADDRESS_IN_USE when it is joined, NO_BUFFERS past {@linkcode MAX_MEMBERSHIPS} or the stack's bound.
   */
  join(ip: GroupJoiner, netif: Netif, group: IpAddress, sources: readonly IpAddress[] | undefined): void {
    if (this.find(group, netif) !== undefined) {
      throw new NetError("ADDRESS_IN_USE", `Cannot join ${group} on ${netif.name}: joined already`);
    }
    if (this.#all.length >= MAX_MEMBERSHIPS) {
      throw new NetError("NO_BUFFERS", `Cannot join ${group}: ${MAX_MEMBERSHIPS} groups are joined already`);
    }
    const membership = ip.joinGroup(netif, group, sources);
    if (membership === undefined) {
      throw new NetError("NO_BUFFERS", `Cannot join ${group}: the stack is in too many groups`);
    }
    this.#all.push(membership);
  }

  /** A membership, whose filter may be changed (IP_BLOCK_SOURCE and its kin).
   *
   * @param netif `undefined`: the first interface found.
   */
  find(group: IpAddress, netif?: Netif): GroupMembership | undefined {
    return this.#all.find((m) => m.group.equals(group) && (netif === undefined || m.netif === netif));
  }

  /** Leaves a group.
   *
   * @throws {NetError} ADDRESS_NOT_AVAILABLE when it was not joined.
   */
  leave(group: IpAddress, netif: Netif | undefined): void {
    const membership = this.find(group, netif);
    if (membership === undefined) {
      throw new NetError("ADDRESS_NOT_AVAILABLE", `Cannot leave ${group}: it was not joined`);
    }
    this.#all.splice(this.#all.indexOf(membership), 1);
    membership.leave();
  }

  /** Leaves all. */
  clear(): void {
    for (const membership of this.#all.splice(0)) membership.leave();
  }

  /** Whether a multicast datagram is wanted: a membership asks its filter; without one `acceptsOthers` decides. */
  accepts(netif: Netif, group: IpAddress, source: IpAddress, acceptsOthers: boolean): boolean {
    for (let i = 0; i < this.#all.length; i++) {
      const m = this.#all[i]!;
      if (m.netif === netif && m.group.equals(group)) return m.allows(source);
    }
    return acceptsOthers;
  }
}
