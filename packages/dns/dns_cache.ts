/** {@linkcode DnsCache}: answers, and the lack of them, for as long as they hold.
 *
 * @module
 */
import type { Clock } from "@lightwire/netif";
import { dnsNameKey, sameDnsName } from "./dns_name.ts";
import { type DnsAnswer, type DnsFailure, dnsFailure, type DnsResult } from "./dns_result.ts";
import type { DnsRecord } from "./resource_record.ts";

/** Bounds of a {@linkcode DnsCache}. */
export interface DnsCacheOptions {
  /** Most entries; default 512. The one that was not used for longest gives way. */
  readonly entriesMax?: number;
  /** Longest time to keep an answer, in seconds; default 604,800 (a week, as lwIP). */
  readonly ttlMax?: number;
  /** Longest time to keep the lack of one; default 900 (RFC 2308 §5 allows up to three hours). */
  readonly negativeTtlMax?: number;
}

/** Counters of a {@linkcode DnsCache}. */
export interface DnsCacheCounters {
  /** Questions answered from here. */
  hits: number;
  /** Of these, with the lack of an answer. */
  negativeHits: number;
  /** Questions that were not. */
  misses: number;
  /** Entries that gave way to others. */
  evicted: number;
}

interface Entry {
  readonly result: DnsResult;
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** A bounded cache by name and type. That a name does not exist is known for all its types (RFC 2308 §5). */
export class DnsCache {
  /** What happened so far. */
  readonly counters: DnsCacheCounters = { hits: 0, negativeHits: 0, misses: 0, evicted: 0 };
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #ttlMax: number;
  readonly #negativeTtlMax: number;
  /** In the order of use: a Map keeps the order of insertion. */
  readonly #entries = new Map<string, Entry>();

  /** An empty cache. */
  constructor(clock: Clock, options: DnsCacheOptions = {}) {
    this.#clock = clock;
    this.#entriesMax = options.entriesMax ?? 512;
    this.#ttlMax = options.ttlMax ?? 604_800;
    this.#negativeTtlMax = options.negativeTtlMax ?? 900;
  }

  /** Number of entries, those out of date included. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is known; times are what is left of them.
   *
   * @param type type number.
   */
  get(name: string, type: number): DnsResult | undefined {
    const key = dnsNameKey(name);
    const entry = this.#use(`${key} ${type}`) ?? this.#use(key);
    if (entry === undefined) {
      this.counters.misses++;
      return undefined;
    }
    this.counters.hits++;
    const age = Math.floor((this.#clock.now() - entry.storedAt) / 1000);
    const { result } = entry;
    if (!result.isOk) {
      this.counters.negativeHits++;
      return dnsFailure(result.reason, result.name, Math.max(0, result.ttl - age), result.server);
    }
    const aged = (record: DnsRecord): DnsRecord => ({
      ...record,
      ttl: Math.max(0, Math.min(record.ttl, this.#ttlMax) - age),
    });
    return {
      ...result,
      records: result.records.map(aged),
      aliases: result.aliases.map(aged),
      ttl: Math.max(0, Math.min(result.ttl, this.#ttlMax) - age),
      origin: "cache",
    };
  }

  /** Keeps what a server said. Answers of TTL 0, and failures other than NXDOMAIN and NODATA with a known time, are
   * not kept. */
  put(name: string, type: number, result: DnsAnswer | DnsFailure): void {
    const isNegative = !result.isOk;
    if (isNegative && result.reason !== "NXDOMAIN" && result.reason !== "NODATA") return;
    const ttl = Math.min(result.ttl, isNegative ? this.#negativeTtlMax : this.#ttlMax);
    if (ttl <= 0) return;
    // An alias exists, even if what it leads to does not.
    const isWholeName = isNegative && result.reason === "NXDOMAIN" && sameDnsName(result.name, name);
    const key = isWholeName ? dnsNameKey(name) : `${dnsNameKey(name)} ${type}`;
    const now = this.#clock.now();
    this.#entries.delete(key);
    if (this.#entries.size >= this.#entriesMax) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
      this.counters.evicted++;
    }
    this.#entries.set(key, { result, storedAt: now, expiresAt: now + ttl * 1000 });
  }

  /** Forgets everything, or what is known of one name. */
  clear(name?: string): void {
    if (name === undefined) return this.#entries.clear();
    const key = dnsNameKey(name);
    for (const k of this.#entries.keys()) if (k === key || k.startsWith(`${key} `)) this.#entries.delete(k);
  }

  /** An entry that holds, which thereby becomes the latest used. */
  #use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#clock.now() >= entry.expiresAt) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }
}
