/** Data plane. {@linkcode ForwardingDatabase}: which station is behind which port of a bridge.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { MacAddress } from "./link.ts";
import { isGroupMac } from "./mac_address.ts";

/** All ports: what an unknown station and a group without an entry get. */
export const FLOOD: number = -1;

class FdbEntry {
  ports: number;
  expiresAt: number;

  constructor(ports: number, expiresAt: number) {
    this.ports = ports;
    this.expiresAt = expiresAt;
  }
}

/** Learned addresses, which age, and static ones, which do not. */
export class ForwardingDatabase {
  /** Learned addresses that made room for newer ones. */
  evicted: number;
  readonly #clock: Clock;
  readonly #ageingMs: number;
  readonly #limit: number;
  readonly #entries: Map<MacAddress, FdbEntry>;
  readonly #fixed: Map<MacAddress, number>;

  /** Makes an empty database.
   *
   * @param limit learned addresses at most; the oldest makes room.
   */
  constructor(clock: Clock, ageingMs: number, limit: number) {
    this.evicted = 0;
    this.#clock = clock;
    this.#ageingMs = ageingMs;
    this.#limit = limit;
    this.#entries = new Map();
    this.#fixed = new Map();
  }

  /** Learned addresses, aged ones included as far as nobody asked for them since. */
  get size(): number {
    return this.#entries.size;
  }

  /** Fixes an address to a set of ports (bit n for port n; 0 drops, {@linkcode FLOOD} all), a group as well as a station. */
  addStatic(mac: MacAddress, ports: number): void {
    this.#fixed.set(mac, ports);
    this.#entries.delete(mac);
  }

  /** Forgets an address, static or learned. @returns whether it was there. */
  remove(mac: MacAddress): boolean {
    return this.#fixed.delete(mac) || this.#entries.delete(mac);
  }

  /** The ports of an address, bit n for port n; {@linkcode FLOOD} when unknown. */
  lookup(mac: MacAddress): number {
    if (this.#fixed.size > 0) {
      const ports = this.#fixed.get(mac);
      if (ports !== undefined) return ports;
    }
    const entry = isGroupMac(mac) ? undefined : this.#entries.get(mac);
    if (entry === undefined) return FLOOD;
    if (this.#clock.now() < entry.expiresAt) return entry.ports;
    this.#entries.delete(mac);
    return FLOOD;
  }

  /** A station was heard on a port. */
  learn(mac: MacAddress, port: number): void {
    if (this.#fixed.size > 0 && this.#fixed.has(mac)) return;
    const expiresAt = this.#clock.now() + this.#ageingMs;
    const entry = this.#entries.get(mac);
    if (entry !== undefined) {
      entry.ports = 1 << port;
      entry.expiresAt = expiresAt;
      return;
    }
    if (this.#entries.size >= this.#limit) this.#evict();
    this.#entries.set(mac, new FdbEntry(1 << port, expiresAt));
  }

  /** Forgets what was learned on a port. */
  forgetPort(port: number): void {
    for (const [mac, entry] of this.#entries) if (entry.ports === 1 << port) this.#entries.delete(mac);
  }

  #evict(): void {
    let oldest: MacAddress = 0;
    let expiresAt = Infinity;
    for (const [mac, entry] of this.#entries) {
      if (entry.expiresAt < expiresAt) {
        expiresAt = entry.expiresAt;
        oldest = mac;
      }
    }
    this.#entries.delete(oldest);
    this.evicted++;
  }
}
