/** {@linkcode NetifGroup}: the interfaces of a stack.
 *
 * @module
 */
import type { LinkDriver } from "./link.ts";
import { ListenerSet } from "./listener_set.ts";
import { Netif } from "./netif.ts";
import { NETIF_ADDED, NETIF_REMOVED, type NetifChangeListener } from "./netif_change.ts";
import type { NetifOptions } from "./netif_options.ts";

/** Interfaces which a group holds at most (RFC 2863 leaves it open; lwIP's numbers are 8 bits too). */
export const MAX_NETIFS = 255;

/** What {@linkcode NetifGroup.add} takes: `name` may be a prefix without a number, to which the first free one is added. */
export interface NetifGroupOptions extends Omit<NetifOptions, "index"> {
  /** Number ≥ 1; default: the lowest that is free. */
  readonly index?: number;
}

/** Names, numbers and listeners of all interfaces of a stack, in the order in which they were added.
 *
 * @example Names are given out in order
 * ```ts
 * import { LoopbackLink, NetifGroup, TimerQueue } from "@lightwire/netif";
 * import assert from "node:assert/strict";
 *
 * const timers = new TimerQueue({ now: () => 0 });
 * const group = new NetifGroup();
 * const lo = group.add(new LoopbackLink(timers), { name: "lo" });
 * assert.equal(lo.name, "lo0");
 * assert.equal(group.find("lo0"), lo);
 * assert.equal(group.byIndex(1), lo);
 * ```
 */
export class NetifGroup implements Iterable<Netif> {
  readonly #netifs: Netif[] = [];
  readonly #stops = new Map<Netif, () => void>();
  readonly #changes = new ListenerSet<Parameters<NetifChangeListener>>();

  /** Number of interfaces. */
  get size(): number {
    return this.#netifs.length;
  }

  /** The interfaces, in the order in which they were added. */
  [Symbol.iterator](): IterableIterator<Netif> {
    return [...this.#netifs].values();
  }

  /** Makes an interface on a driver, down at first.
   *
   * @throws {RangeError} if its name or number is taken, or the group is full.
   */
  add(driver: LinkDriver, options: NetifGroupOptions): Netif {
    if (this.#netifs.length >= MAX_NETIFS) {
      throw new RangeError(`Cannot add an interface: ${MAX_NETIFS} exist`);
    }
    const name = /\d$/.test(options.name) ? options.name : this.#freeName(options.name);
    const index = options.index ?? this.#freeIndex();
    if (this.find(name) !== undefined) {
      throw new RangeError(`Cannot add interface ${name}: the name is taken`);
    }
    if (!Number.isInteger(index) || index < 1 || this.byIndex(index) !== undefined) {
      throw new RangeError(`Cannot add interface ${name}: number ${index} is taken or none`);
    }
    const netif = new Netif(driver, { ...options, name, index });
    this.#netifs.push(netif);
    this.#stops.set(netif, netif.onChange((...change) => this.#changes.notify(...change)));
    netif.notifyChange(NETIF_ADDED);
    return netif;
  }

  /** Announces the removal, sets the interface down, closes its driver and forgets it. Harmless when it is not in the group. */
  remove(netif: Netif): void {
    const position = this.#netifs.indexOf(netif);
    if (position < 0) return;
    netif.notifyChange(NETIF_REMOVED);
    netif.close();
    this.#stops.get(netif)?.();
    this.#stops.delete(netif);
    this.#netifs.splice(position, 1);
  }

  /** The interface of that name, like "en0", or `undefined`. */
  find(name: string): Netif | undefined {
    return this.#netifs.find((netif) => netif.name === name);
  }

  /** The interface of that number, or `undefined`. */
  byIndex(index: number): Netif | undefined {
    return this.#netifs.find((netif) => netif.index === index);
  }

  /** Calls back after changes of any interface, additions and removals included. @returns what ends that. */
  onChange(listener: NetifChangeListener): () => void {
    return this.#changes.add(listener);
  }

  #freeName(prefix: string): string {
    let number = 0;
    while (this.find(`${prefix}${number}`) !== undefined) number++;
    return `${prefix}${number}`;
  }

  #freeIndex(): number {
    let index = 1;
    while (this.byIndex(index) !== undefined) index++;
    return index;
  }
}
