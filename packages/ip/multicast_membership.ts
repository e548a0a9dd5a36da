/** {@linkcode MulticastMembership}: who listens to which group on which interface, for IGMP and MLD alike
 * (RFC 3376 §3, RFC 3810 §4).
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";

/** Whether the sources of a filter are the wanted or the unwanted ones. */
export type FilterMode = "INCLUDE" | "EXCLUDE";

/** Which senders to a group are wanted. `EXCLUDE` of nobody is everybody; `INCLUDE` of nobody is no membership. */
export interface SourceFilter {
  /** What {@linkcode sources} are. */
  readonly mode: FilterMode;
  /** The listed senders. */
  readonly sources: readonly IpAddress[];
}

/** Nobody is listened to. */
export const INCLUDE_NONE: SourceFilter = { mode: "INCLUDE", sources: [] };
/** Everybody is listened to. */
export const EXCLUDE_NONE: SourceFilter = { mode: "EXCLUDE", sources: [] };

/** Bounds of a {@linkcode MulticastMembership}. */
export interface MulticastOptions {
  /** Most groups of all interfaces together. Default 1024. */
  readonly groupsMax?: number;
  /** Most sources of one filter. Default 64. */
  readonly sourcesMax?: number;
}

/** One user of one group on one interface: a socket. Several may use the same group. */
export class GroupMembership {
  /** The interface. */
  readonly netif: Netif;
  /** The group. */
  readonly group: IpAddress;
  #filter: SourceFilter;
  readonly #table: MulticastMembership;
  #isOpen = true;

  /** Use {@linkcode MulticastMembership.join}. */
  constructor(table: MulticastMembership, netif: Netif, group: IpAddress, filter: SourceFilter) {
    this.#table = table;
    this.netif = netif;
    this.group = group;
    this.#filter = filter;
  }

  /** Which senders this user wants. */
  get filter(): SourceFilter {
    return this.#filter;
  }

  /** Changes which senders this user wants (RFC 3376 §2, `IPMulticastListen`).
   *
   * @throws {RangeError} when there are more sources than the bound.
   */
  setFilter(filter: SourceFilter): void {
    this.#table.checkFilter(filter);
    this.#filter = filter;
    if (this.#isOpen) this.#table.update(this.netif, this.group);
  }

  /** Whether this user wants packets from `source`. */
  allows(source: IpAddress): boolean {
    return filterAllows(this.#filter, source);
  }

  /** Ends this use. Harmless when repeated. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#table.leave(this);
  }
}

/** A group on an interface, with the filters of all its users merged. */
class GroupState {
  readonly users: GroupMembership[] = [];
  filter: SourceFilter = INCLUDE_NONE;
}

/** The table of all groups of all interfaces. */
export class MulticastMembership {
  /** Joins refused because of the bound. */
  refused = 0;
  readonly #groups = new Map<Netif, AddressMap<GroupState>>();
  readonly #changed: (netif: Netif, group: IpAddress, before: SourceFilter, after: SourceFilter) => void;
  readonly #groupsMax: number;
  readonly #sourcesMax: number;
  #count = 0;

  /** An empty table.
   *
   * @param changed hears of each change of what an interface wants, after it was made. */
  constructor(
    changed: (netif: Netif, group: IpAddress, before: SourceFilter, after: SourceFilter) => void,
    options: MulticastOptions = {},
  ) {
    this.#changed = changed;
    this.#groupsMax = options.groupsMax ?? 1024;
    this.#sourcesMax = options.sourcesMax ?? 64;
  }

  /** Joins a group.
   *
   * @returns `undefined` when there are too many groups.
   * @throws {TypeError} when `group` is no group.
   * @throws {RangeError} when there are more sources than the bound.
   */
  join(netif: Netif, group: IpAddress, filter: SourceFilter): GroupMembership | undefined {
    if (!group.isMulticast) throw new TypeError(`Cannot join ${group}: not a multicast address`);
    this.checkFilter(filter);
    let groups = this.#groups.get(netif);
    let state = groups?.get(group);
    if (state === undefined) {
      if (this.#count >= this.#groupsMax) {
        this.refused++;
        return undefined;
      }
      if (groups === undefined) this.#groups.set(netif, groups = new AddressMap());
      groups.set(group, state = new GroupState());
      this.#count++;
    }
    const membership = new GroupMembership(this, netif, group, filter);
    state.users.push(membership);
    this.update(netif, group);
    return membership;
  }

  /** Ends one use. Use {@linkcode GroupMembership.leave}. */
  leave(membership: GroupMembership): void {
    const state = this.#groups.get(membership.netif)?.get(membership.group);
    const at = state?.users.indexOf(membership) ?? -1;
    if (at < 0) return;
    state!.users.splice(at, 1);
    this.update(membership.netif, membership.group);
  }

  /** The oldest use of a group that wants every sender. */
  find(netif: Netif, group: IpAddress): GroupMembership | undefined {
    return this.#groups.get(netif)?.get(group)?.users.find((user) => user.filter.mode === "EXCLUDE") ??
      this.#groups.get(netif)?.get(group)?.users[0];
  }

  /** Whether somebody here wants what `source` sends to `group`. */
  accepts(netif: Netif, group: IpAddress, source: IpAddress): boolean {
    const state = this.#groups.get(netif)?.get(group);
    return state !== undefined && filterAllows(state.filter, source);
  }

  /** Whether somebody here uses `group`. */
  isMember(netif: Netif, group: IpAddress): boolean {
    return this.#groups.get(netif)?.get(group) !== undefined;
  }

  /** What an interface wants of a group. */
  filterOf(netif: Netif, group: IpAddress): SourceFilter {
    return this.#groups.get(netif)?.get(group)?.filter ?? INCLUDE_NONE;
  }

  /** The groups of an interface. */
  *groupsOf(netif: Netif): IterableIterator<IpAddress> {
    const groups = this.#groups.get(netif);
    if (groups === undefined) return;
    for (const state of groups.values()) yield state.users[0]!.group;
  }

  /** Forgets an interface; its users' memberships end without a word on the wire. */
  clear(netif: Netif): void {
    this.#count -= this.#groups.get(netif)?.size ?? 0;
    this.#groups.delete(netif);
  }

  /** Merges the filters of all users anew and tells about the difference. Internal. */
  update(netif: Netif, group: IpAddress): void {
    const groups = this.#groups.get(netif);
    const state = groups?.get(group);
    if (state === undefined) return;
    const before = state.filter;
    state.filter = mergeFilters(state.users.map((user) => user.filter));
    if (state.users.length === 0) {
      groups!.delete(group);
      this.#count--;
    }
    if (!equalFilters(before, state.filter)) this.#changed(netif, group, before, state.filter);
  }

  /** Applies the bound on sources. Internal.
   *
   * @throws {RangeError} when there are too many.
   */
  checkFilter(filter: SourceFilter): void {
    if (filter.sources.length <= this.#sourcesMax) return;
    throw new RangeError(`Cannot filter ${filter.sources.length} sources: the bound is ${this.#sourcesMax}`);
  }
}

/** What an interface has to listen to so that every user gets what it wants (RFC 3376 §3.2). */
export function mergeFilters(filters: readonly SourceFilter[]): SourceFilter {
  const excludes = filters.filter((f) => f.mode === "EXCLUDE");
  const included = union(filters.filter((f) => f.mode === "INCLUDE").map((f) => f.sources));
  if (excludes.length === 0) return { mode: "INCLUDE", sources: included };
  const [first, ...others] = excludes;
  const excluded = first!.sources.filter((s) => others.every((f) => hasAddress(f.sources, s)));
  return { mode: "EXCLUDE", sources: excluded.filter((s) => !hasAddress(included, s)) };
}

/** Whether a filter lets packets from `source` through. */
export function filterAllows(filter: SourceFilter, source: IpAddress): boolean {
  if (filter.sources.length === 0) return filter.mode === "EXCLUDE";
  return hasAddress(filter.sources, source) === (filter.mode === "INCLUDE");
}

/** Whether a list holds an address. */
export function hasAddress(list: readonly IpAddress[], address: IpAddress): boolean {
  for (const item of list) if (item.equals(address)) return true;
  return false;
}

function union(lists: readonly (readonly IpAddress[])[]): IpAddress[] {
  const all: IpAddress[] = [];
  for (const list of lists) for (const item of list) if (!hasAddress(all, item)) all.push(item);
  return all;
}

function equalFilters(a: SourceFilter, b: SourceFilter): boolean {
  return a.mode === b.mode && a.sources.length === b.sources.length &&
    a.sources.every((s) => hasAddress(b.sources, s));
}
