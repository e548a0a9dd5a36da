/** Data plane (output) and control plane (learning). {@linkcode NeighborCache}: neighbour unreachability detection of
 * RFC 4861 §7.3, shared by ARP and ND.
 *
 * ```text
 *            output                answer                 30 s            output
 *   (none) ---------> INCOMPLETE ---------> REACHABLE -----------> STALE --------> DELAY
 *                        |  3 x 1 s             ^                    ^               | 5 s
 *                        v                      |    answer, TCP     |               v
 *                      FAILED <--------------- (any) <---------------+------------ PROBE
 *                                  3 x 1 s in PROBE
 * ```
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { Clock, MacAddress, Netif, Random, TimerQueue } from "@lightwire/netif";
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import { NeighborEntry } from "./neighbor_entry.ts";
import { NeighborList } from "./neighbor_list.ts";
import {
  type NeighborCacheOptions,
  type NeighborCounters,
  resolveNeighborOptions,
} from "./neighbor_options.ts";

/** Asks the link for a neighbour's station address: ARP or ND. */
export interface NeighborSolicitor {
  /** Sends one solicitation: to the station itself if `isUnicast` (`PROBE`), else to all. */
  solicit(entry: NeighborEntry, isUnicast: boolean): void;
}

/** What a {@linkcode NeighborCache} needs of its owner. */
export interface NeighborCacheOwner {
  /** Sends a packet to a resolved neighbour; takes ownership. False: dropped. */
  transmit(entry: NeighborEntry, p: Pbuf): boolean;
  /** A packet could not be sent, since its neighbour does not answer; takes ownership. */
  unresolved(entry: NeighborEntry, p: Pbuf): void;
  /** A neighbour stopped answering, or answers again: routes through it may have to change. */
  reachabilityChanged(entry: NeighborEntry, isReachable: boolean): void;
}

/** How a station address became known, which decides what it is worth (RFC 4861 §7.2.5, Appendix C). */
export type NeighborEvidence =
  | "solicited" // it answered us: reachable
  | "unsolicited" // it told us, or asked us something: STALE, for that proves only one direction
  | "hint"; // as unsolicited, but never changes a different address which is known

/** The cache. All of one stack's links and both families share it and its bounds. */
export class NeighborCache {
  /** What happened so far. */
  readonly counters: NeighborCounters = {
    solicitations: 0,
    resolved: 0,
    failed: 0,
    evicted: 0,
    queueDropped: 0,
    unresolvedDropped: 0,
  };
  readonly #clock: Clock;
  readonly #timers: TimerQueue;
  readonly #random: Random;
  readonly #owner: NeighborCacheOwner;
  readonly #options: Required<NeighborCacheOptions>;
  readonly #tables = new Map<Netif, AddressMap<NeighborEntry>>();
  readonly #incomplete = new NeighborList();
  readonly #complete = new NeighborList();
  readonly #solicitors: (NeighborSolicitor | undefined)[] = [];
  #queued = 0;

  /** An empty cache.
   *
   * @param owner sends the packets and hears of failures. */
  constructor(
    host: { readonly clock: Clock; readonly timers: TimerQueue; readonly random: Random },
    owner: NeighborCacheOwner,
    options: NeighborCacheOptions = {},
  ) {
    this.#clock = host.clock;
    this.#timers = host.timers;
    this.#random = host.random;
    this.#owner = owner;
    this.#options = resolveNeighborOptions(options);
  }

  /** Names who asks for neighbours of a family. */
  registerSolicitor(family: 4 | 6, solicitor: NeighborSolicitor): void {
    this.#solicitors[family] = solicitor;
  }

  /** The entry of a neighbour, if there is one. */
  lookup(netif: Netif, address: IpAddress): NeighborEntry | undefined {
    return this.#tables.get(netif)?.get(address);
  }

  /** The entry of a neighbour; a new one is `INCOMPLETE`, and nobody has been asked yet. */
  obtain(netif: Netif, address: IpAddress): NeighborEntry {
    const found = this.lookup(netif, address);
    if (found !== undefined) return found;
    return this.#create(netif, address, "INCOMPLETE", 0);
  }

  /** Sends a packet to a neighbour that is not known to be reachable right now: resolves, waits, or sends and
   * watches, as its state demands. Takes ownership of `p`.
   *
   * @returns false when `p` was dropped because a queue is full.
   */
  output(entry: NeighborEntry, p: Pbuf): boolean {
    const now = this.#clock.now();
    entry.usedAt = now;
    switch (entry.state) {
      case "INCOMPLETE":
        return this.#enqueue(entry, p);
      case "REACHABLE":
        if (now < entry.reachableUntil) break;
        entry.state = "STALE";
        entry.reachableUntil = -Infinity;
        this.#enterDelay(entry);
        break;
      case "STALE":
        this.#enterDelay(entry);
        break;
      case "FAILED":
        return this.output(this.obtain(entry.netif, entry.address), p);
      case "DELAY":
      case "PROBE":
      case "STATIC":
        break;
    }
    return this.#owner.transmit(entry, p);
  }

  /** An upper layer got through to the neighbour: an acknowledgement arrived for data that went through it
   * (RFC 4861 §7.3.1). Does nothing while its station address is unknown. */
  confirm(entry: NeighborEntry): void {
    if (entry.state === "REACHABLE") {
      // Prolongs without drawing anew: this runs once per acknowledgement.
      entry.reachableUntil = this.#clock.now() + this.#options.baseReachableTimeMs;
      return;
    }
    if (entry.state === "STALE" || entry.state === "DELAY" || entry.state === "PROBE") {
      this.#enterReachable(entry);
    }
  }

  /** Takes note of a station address that was heard.
   *
   * @param mayCreate make an entry if there is none: only when the neighbour is about to talk with us.
   * @returns the entry, or `undefined` when there is none.
   */
  learn(
    netif: Netif,
    address: IpAddress,
    linkAddress: MacAddress,
    evidence: NeighborEvidence,
    mayCreate: boolean,
  ): NeighborEntry | undefined {
    const entry = this.lookup(netif, address);
    if (entry === undefined) {
      if (!mayCreate) return undefined;
      return this.#create(netif, address, "STALE", linkAddress);
    }
    if (entry.state === "STATIC") return entry;
    const isSame = entry.state !== "INCOMPLETE" && entry.linkAddress === linkAddress;
    if (evidence === "hint" && !isSame && entry.state !== "INCOMPLETE") return entry;
    const isNew = entry.state === "INCOMPLETE";
    entry.linkAddress = linkAddress;
    if (isNew) {
      this.#incomplete.remove(entry);
      this.#complete.addNewest(entry, this.#clock.now());
    }
    if (evidence === "solicited") this.#enterReachable(entry);
    else if (!isSame) this.#enterStale(entry);
    if (isNew) {
      this.counters.resolved++;
      this.#owner.reachabilityChanged(entry, true);
      this.#drain(entry);
    }
    return entry;
  }

  /** Whether we have asked for this neighbour and wait for its answer. */
  isSolicited(entry: NeighborEntry): boolean {
    return entry.solicitations > 0 && (entry.state === "INCOMPLETE" || entry.state === "PROBE");
  }

  /** Sets an entry by hand; it stays until {@linkcode remove} or {@linkcode clear}. */
  addStatic(netif: Netif, address: IpAddress, linkAddress: MacAddress): NeighborEntry {
    const present = this.lookup(netif, address);
    const waiting = present?.pending.splice(0) ?? [];
    if (present !== undefined) this.#discard(present);
    const entry = new NeighborEntry(netif, address, "STATIC", linkAddress);
    this.#tableOf(netif).set(address, entry);
    this.#queued -= waiting.length;
    for (const p of waiting) this.#owner.transmit(entry, p);
    return entry;
  }

  /** Forgets a neighbour; packets that wait for it are released.
   *
   * @returns whether it was known.
   */
  remove(netif: Netif, address: IpAddress): boolean {
    const entry = this.lookup(netif, address);
    if (entry === undefined) return false;
    this.#discard(entry);
    return true;
  }

  /** Forgets all neighbours of a link, static ones only if `includeStatic`. */
  clear(netif: Netif, includeStatic: boolean = false): void {
    const table = this.#tables.get(netif);
    if (table === undefined) return;
    for (const entry of [...table.values()]) {
      if (includeStatic || entry.state !== "STATIC") this.#discard(entry);
    }
    if (includeStatic) this.#tables.delete(netif);
  }

  /** All entries, for display. */
  *entries(): IterableIterator<NeighborEntry> {
    for (const table of this.#tables.values()) yield* table.values();
  }

  /** Packets that wait for a neighbour at present. */
  get queued(): number {
    return this.#queued;
  }

  #create(
    netif: Netif,
    address: IpAddress,
    state: "INCOMPLETE" | "STALE",
    linkAddress: MacAddress,
  ): NeighborEntry {
    const { entriesMax, incompleteMax } = this.#options;
    if (state === "INCOMPLETE" && this.#incomplete.size >= incompleteMax) this.#evict(this.#incomplete);
    if (this.#incomplete.size + this.#complete.size >= entriesMax) {
      this.#evict(this.#complete.size > 0 ? this.#complete : this.#incomplete);
    }
    const entry = new NeighborEntry(netif, address, state, linkAddress);
    entry.usedAt = this.#clock.now();
    this.#tableOf(netif).set(address, entry);
    (state === "INCOMPLETE" ? this.#incomplete : this.#complete).addNewest(entry, entry.usedAt);
    return entry;
  }

  #tableOf(netif: Netif): AddressMap<NeighborEntry> {
    let table = this.#tables.get(netif);
    if (table === undefined) this.#tables.set(netif, table = new AddressMap());
    return table;
  }

  #evict(list: NeighborList): void {
    const victim = list.pickVictim();
    if (victim === undefined) return;
    this.counters.evicted++;
    this.#discard(victim);
  }

  /** Takes an entry out of the cache; whoever still holds it sees `FAILED`. */
  #discard(entry: NeighborEntry): void {
    if (entry.state === "INCOMPLETE") this.#incomplete.remove(entry);
    else if (entry.state !== "STATIC") this.#complete.remove(entry);
    this.#tables.get(entry.netif)?.delete(entry.address);
    entry.state = "FAILED";
    entry.reachableUntil = -Infinity;
    entry.timer?.stop();
    this.#queued -= entry.pending.length;
    this.counters.queueDropped += entry.pending.length;
    for (const p of entry.pending.splice(0)) p.release();
  }

  #enqueue(entry: NeighborEntry, p: Pbuf): boolean {
    const { queuePerNeighbor, queueTotal, queueDrop } = this.#options;
    const isFull = entry.pending.length >= queuePerNeighbor;
    if ((isFull && queueDrop === "newest") || (!isFull && this.#queued >= queueTotal)) {
      this.counters.queueDropped++;
      p.release();
      return false;
    }
    if (isFull) {
      this.counters.queueDropped++;
      entry.pending.shift()!.release();
      this.#queued--;
    }
    entry.pending.push(p);
    this.#queued++;
    if (entry.solicitations === 0) this.#solicit(entry, false);
    return true;
  }

  #solicit(entry: NeighborEntry, isUnicast: boolean): void {
    entry.solicitations++;
    this.counters.solicitations++;
    this.#timerOf(entry).start(this.#options.retransTimerMs);
    this.#solicitors[entry.address.family]?.solicit(entry, isUnicast);
  }

  #timerOf(entry: NeighborEntry): NonNullable<NeighborEntry["timer"]> {
    return entry.timer ??= this.#timers.create(() => this.#expires(entry));
  }

  #expires(entry: NeighborEntry): void {
    switch (entry.state) {
      case "INCOMPLETE":
        if (entry.solicitations < this.#options.maxMulticastSolicit) this.#solicit(entry, false);
        else this.#fail(entry);
        break;
      case "DELAY":
        entry.state = "PROBE";
        entry.solicitations = 0;
        this.#solicit(entry, true);
        break;
      case "PROBE":
        if (entry.solicitations < this.#options.maxUnicastSolicit) this.#solicit(entry, true);
        else this.#fail(entry);
        break;
      default:
        break;
    }
  }

  #fail(entry: NeighborEntry): void {
    this.counters.failed++;
    const waiting = entry.pending.splice(0);
    this.#queued -= waiting.length;
    this.counters.unresolvedDropped += waiting.length;
    this.#discard(entry);
    this.#owner.reachabilityChanged(entry, false);
    for (const p of waiting) this.#owner.unresolved(entry, p);
  }

  #enterReachable(entry: NeighborEntry): void {
    entry.state = "REACHABLE";
    entry.solicitations = 0;
    entry.timer?.stop();
    const fraction = 0.5 + this.#random.uint32() / 0x1_0000_0000;
    entry.reachableUntil = this.#clock.now() + this.#options.baseReachableTimeMs * fraction;
  }

  #enterStale(entry: NeighborEntry): void {
    entry.state = "STALE";
    entry.solicitations = 0;
    entry.timer?.stop();
    entry.reachableUntil = -Infinity;
  }

  #enterDelay(entry: NeighborEntry): void {
    entry.state = "DELAY";
    this.#timerOf(entry).start(this.#options.delayFirstProbeTimeMs);
  }

  #drain(entry: NeighborEntry): void {
    const waiting = entry.pending.splice(0);
    this.#queued -= waiting.length;
    for (const p of waiting) this.output(entry, p);
  }
}
