/** {@linkcode PathMtuCache}: path MTUs that routers reported (RFC 1191; RFC 8201).
 *
 * @module
 */
import { AddressMap } from "./address_map.ts";
import type { IpAddress } from "./address.ts";
import type { IpTx } from "./ip_tx.ts";

/** Options of a {@linkcode PathMtuCache}. */
export interface PathMtuOptions {
  /** Most destinations. Default 1024; the oldest report gives way. */
  readonly entriesMax?: number;
  /** How long a report holds before a larger MTU is tried again (RFC 1191 §6.3). Default 600,000 ms. */
  readonly maxAgeMs?: number;
  /** Smallest MTU that is believed for IPv4. Default 552: every host takes datagrams of 576 bytes (RFC 1122 §3.3.2),
   * so a true report below is as good as never seen, while a forged one of 68 would multiply our packets by
   * thirty; 552 rather than 576 leaves room for one more header of a tunnel, and is what Linux uses. Packets to paths that
   * are said to be narrower are sent without DF, so that routers can fragment them. */
  readonly ipv4Min?: number;
}

/** Counters of a {@linkcode PathMtuCache}. */
export interface PathMtuCounters {
  /** Reports that lowered a path MTU. */
  lowered: number;
  /** Path MTUs that a sender found out itself. */
  learned: number;
  /** Reports that were not believed: too small, or not smaller than what was known. */
  ignored: number;
  /** Entries that gave way to others. */
  evicted: number;
  /** Entries that grew old. */
  expired: number;
}

interface Entry {
  readonly destination: IpAddress;
  readonly mtu: number;
  readonly isNarrow: boolean;
  readonly expiresAt: number;
}

/** MTUs of common links, for reports that come without one (RFC 1191 §7, table 7-1). */
const PLATEAUS = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

/** What every IPv6 link takes (RFC 8200 §5). */
const IPV6_LEAST_MTU = 1280;

/** The next smaller MTU that a path is likely to have (RFC 1191 §7.1). */
export function nextPlateau(length: number): number {
  for (const plateau of PLATEAUS) if (plateau < length) return plateau;
  return 68;
}

/** A bounded map from destination to path MTU, for both families. Entries grow old when they are looked at. */
export class PathMtuCache {
  /** What happened so far. */
  readonly counters: PathMtuCounters = { lowered: 0, learned: 0, ignored: 0, evicted: 0, expired: 0 };
  readonly #entries = new AddressMap<Entry>();
  readonly #now: () => number;
  readonly #changed: () => void;
  readonly #options: Required<PathMtuOptions>;

  /** An empty cache.
   *
   * @param now clock milliseconds.
   * @param changed is called when an entry was added or removed by a report or by hand.
   */
  constructor(now: () => number, changed: () => void, options: PathMtuOptions = {}) {
    this.#now = now;
    this.#changed = changed;
    this.#options = {
      entriesMax: options.entriesMax ?? 1024,
      maxAgeMs: options.maxAgeMs ?? 600_000,
      ipv4Min: options.ipv4Min ?? 552,
    };
  }

  /** Number of destinations. */
  get size(): number {
    return this.#entries.size;
  }

  /** The path MTU that was reported for `destination`, `undefined` when nothing (recent) is known. */
  get(destination: IpAddress): number | undefined {
    return this.#fresh(destination)?.mtu;
  }

  /** Lowers {@linkcode IpTx.pathMtu} to what is known about its destination, and notes until when that holds. */
  apply(tx: IpTx): void {
    const entry = this.#entries.size === 0 ? undefined : this.#fresh(tx.destination);
    if (entry === undefined || entry.mtu > tx.pathMtu) return;
    tx.pathMtu = entry.mtu;
    tx.isPathNarrow = entry.isNarrow;
    tx.validUntil = entry.expiresAt;
  }

  /** A router says that a packet to `destination` was too big.
   *
   * @param mtu next-hop MTU of the report, 0 from routers older than RFC 1191.
   * @param quotedLength total length of the packet that was too big, 0 if unknown.
   * @param linkMtu MTU of our own interface.
   * @returns the path MTU from now on, or `undefined` when the report was not believed.
   */
  report(destination: IpAddress, mtu: number, quotedLength: number, linkMtu: number): number | undefined {
    // Each IPv6 link takes that much: a report of less is to be discarded (RFC 8201 §4).
    if (destination.family === 6 && mtu < IPV6_LEAST_MTU) {
      this.counters.ignored++;
      return undefined;
    }
    const present = this.get(destination) ?? linkMtu;
    let reported = mtu;
    if (reported === 0) {
      const length = quotedLength > 0 && quotedLength <= present ? quotedLength : present;
      reported = nextPlateau(length);
    } else if (quotedLength > 0 && reported >= quotedLength) {
      // It claims that a packet which fits did not fit.
      this.counters.ignored++;
      return undefined;
    }
    const floor = destination.family === 4 ? this.#options.ipv4Min : IPV6_LEAST_MTU;
    if (destination.family === 4 && reported < 68) {
      this.counters.ignored++;
      return undefined;
    }
    const isNarrow = reported < floor;
    if (isNarrow) reported = floor;
    if (reported > present || (reported === present && !isNarrow)) {
      this.counters.ignored++;
      return undefined;
    }
    this.counters.lowered++;
    this.#set(destination, reported, isNarrow);
    return reported;
  }

  /** A sender has found out by itself what passes (RFC 4821 §7): replaces what is known.
   *
   * @param mtu of the path, at least 68.
   * @param linkMtu MTU of our own interface: a path that takes as much needs no entry.
   */
  learn(destination: IpAddress, mtu: number, linkMtu: number): void {
    if (mtu < linkMtu) {
      this.counters.learned++;
      this.#set(destination, mtu, false);
    } else if (this.#entries.get(destination) !== undefined) {
      this.clear(destination);
    }
  }

  /** Forgets a destination, or all. */
  clear(destination?: IpAddress): void {
    if (destination === undefined) this.#entries.clear();
    else this.#entries.delete(destination);
    this.#changed();
  }

  /** All that is known, for display. */
  *entries(): IterableIterator<
    { readonly destination: IpAddress; readonly mtu: number; readonly expiresAt: number }
  > {
    yield* this.#entries.values();
  }

  #fresh(destination: IpAddress): Entry | undefined {
    const entry = this.#entries.get(destination);
    if (entry === undefined) return undefined;
    if (this.#now() < entry.expiresAt) return entry;
    this.#entries.delete(destination);
    this.counters.expired++;
    return undefined;
  }

  #set(destination: IpAddress, mtu: number, isNarrow: boolean): void {
    if (this.#entries.get(destination) === undefined && this.#entries.size >= this.#options.entriesMax) {
      let oldest: Entry | undefined;
      for (const e of this.#entries.values()) {
        if (oldest === undefined || e.expiresAt < oldest.expiresAt) oldest = e;
      }
      this.#entries.delete(oldest!.destination);
      this.counters.evicted++;
    }
    this.#entries.set(destination, {
      destination,
      mtu,
      isNarrow,
      expiresAt: this.#now() + this.#options.maxAgeMs,
    });
    this.#changed();
  }
}
