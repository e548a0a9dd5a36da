/** Who is a member of which group: {@linkcode MulticastMemberships} for one endpoint, {@linkcode GroupReferences}
 * for all of them towards IP.
 *
 * @module
 */
import { NetError, type Netif } from "@lightwire/netif";
import type { IpAddress } from "@lightwire/ip";

/** Most groups one endpoint may join (Linux: `igmp_max_memberships`, 20 as well). */
export const MAX_MEMBERSHIPS = 20;

/** One group on one interface. */
export interface MulticastMembership {
  /** The interface. */
  readonly netif: Netif;
  /** The group. */
  readonly group: IpAddress;
  /** The only senders wanted, or `undefined` for any. */
  readonly sources: readonly IpAddress[] | undefined;
}

/** The groups of one endpoint. */
export class MulticastMemberships {
  readonly #all: MulticastMembership[] = [];

  /** How many there are. */
  get size(): number {
    return this.#all.length;
  }

  /** Enters a membership.
   *
   * @throws {NetError} ADDRESS_IN_USE when it is there, NO_BUFFERS past {@linkcode MAX_MEMBERSHIPS}.
   */
  join(netif: Netif, group: IpAddress, sources: readonly IpAddress[] | undefined): void {
    if (this.#all.some((m) => m.netif === netif && m.group.equals(group))) {
      throw new NetError("ADDRESS_IN_USE", `Cannot join ${group} on ${netif.name}: joined already`);
    }
    if (this.#all.length >= MAX_MEMBERSHIPS) {
      throw new NetError("NO_BUFFERS", `Cannot join ${group}: ${MAX_MEMBERSHIPS} groups are joined already`);
    }
    this.#all.push({ netif, group, sources });
  }

  /** Removes a membership and returns it.
   *
   * @param netif `undefined`: the first interface found.
   * @throws {NetError} ADDRESS_NOT_AVAILABLE when there is none.
   */
  leave(group: IpAddress, netif: Netif | undefined): MulticastMembership {
    const i = this.#all.findIndex((m) => m.group.equals(group) && (netif === undefined || m.netif === netif));
    if (i < 0) throw new NetError("ADDRESS_NOT_AVAILABLE", `Cannot leave ${group}: it was not joined`);
    return this.#all.splice(i, 1)[0]!;
  }

  /** Removes all and returns them. */
  clear(): MulticastMembership[] {
    return this.#all.splice(0);
  }

  /** Whether a multicast datagram is wanted: a membership that names senders refuses others; without a membership
   * `acceptsOthers` decides. */
  accepts(netif: Netif, group: IpAddress, source: IpAddress, acceptsOthers: boolean): boolean {
    for (let i = 0; i < this.#all.length; i++) {
      const m = this.#all[i]!;
      if (m.netif !== netif || !m.group.equals(group)) continue;
      if (m.sources === undefined) return true;
      for (let j = 0; j < m.sources.length; j++) if (m.sources[j]!.equals(source)) return true;
      return false;
    }
    return acceptsOthers;
  }
}

/** What IP offers for groups. */
export interface GroupMembership {
  /** Receives a group on an interface; a repeated call replaces the senders wanted. */
  joinGroup(netif: Netif, group: IpAddress, sources?: readonly IpAddress[]): void;
  /** Receives it no longer. */
  leaveGroup(netif: Netif, group: IpAddress): void;
}

interface GroupReference {
  readonly netif: Netif;
  readonly group: IpAddress;
  /** One entry per member: the senders it wants, `undefined` for any. */
  readonly wants: (readonly IpAddress[] | undefined)[];
}

/** Counts members over all endpoints, so that IP hears of the first and of the last only, and of the union of the
 * senders wanted (RFC 3376 §3.2). */
export class GroupReferences {
  readonly #ip: GroupMembership;
  readonly #all: GroupReference[] = [];

  /** Nobody is a member yet.
   *
   * @param ip hears of what changes.
   */
  constructor(ip: GroupMembership) {
    this.#ip = ip;
  }

  /** One more member. */
  join(netif: Netif, group: IpAddress, sources: readonly IpAddress[] | undefined): void {
    let reference = this.#find(netif, group);
    if (reference === undefined) {
      reference = { netif, group, wants: [] };
      this.#all.push(reference);
    }
    reference.wants.push(sources);
    this.#ip.joinGroup(netif, group, unionOf(reference.wants));
  }

  /** One member less. */
  leave(netif: Netif, group: IpAddress, sources: readonly IpAddress[] | undefined): void {
    const reference = this.#find(netif, group);
    if (reference === undefined) return;
    const i = reference.wants.indexOf(sources);
    if (i >= 0) reference.wants.splice(i, 1);
    if (reference.wants.length > 0) {
      this.#ip.joinGroup(netif, group, unionOf(reference.wants));
      return;
    }
    this.#all.splice(this.#all.indexOf(reference), 1);
    this.#ip.leaveGroup(netif, group);
  }

  #find(netif: Netif, group: IpAddress): GroupReference | undefined {
    return this.#all.find((r) => r.netif === netif && r.group.equals(group));
  }
}

/** The senders that any member wants; `undefined` when one wants all. */
function unionOf(wants: readonly (readonly IpAddress[] | undefined)[]): readonly IpAddress[] | undefined {
  const union: IpAddress[] = [];
  for (const sources of wants) {
    if (sources === undefined) return undefined;
    for (const s of sources) if (!union.some((u) => u.equals(s))) union.push(s);
  }
  return union;
}
