/** Data plane. From a segment to its connection: {@linkcode ConnectionTable} by the four numbers of a
 * connection, {@linkcode ListenerTable} by port.
 *
 * @module
 */
import type { IpAddress } from "@lightwire/ip";
import type { Netif } from "@lightwire/netif";

/** What a {@linkcode ConnectionTable} wants to know of its entries; it must not change while they are in it. */
export interface ConnectionKey {
  /** Our address. */
  readonly localAddress: IpAddress;
  /** Our port. */
  readonly localPort: number;
  /** The peer's address. */
  readonly remoteAddress: IpAddress;
  /** The peer's port. */
  readonly remotePort: number;
}

const INITIAL_SLOTS = 64;

/** A hash table with open addressing (linear probing, at most half full), keyed by numbers, seeded so that
 * a peer cannot aim at one bucket. */
export class ConnectionTable<T extends ConnectionKey> {
  #hashes: Uint32Array;
  #items: (T | undefined)[];
  #size: number;
  readonly #seed: number;

  /** An empty table.
   *
   * @param seed a secret random number.
   */
  constructor(seed: number) {
    this.#hashes = new Uint32Array(INITIAL_SLOTS);
    this.#items = new Array(INITIAL_SLOTS).fill(undefined);
    this.#size = 0;
    this.#seed = seed | 0;
  }

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Enters `item`.
   *
   * @returns false, with nothing changed, when the table has an entry of the same four numbers.
   */
  add(item: T): boolean {
    if (this.#size * 2 >= this.#items.length) this.#resize(this.#items.length * 2);
    const hash = this.#hash(item.localAddress, item.localPort, item.remoteAddress, item.remotePort);
    const mask = this.#items.length - 1;
    let i = hash & mask;
    for (;;) {
      const other = this.#items[i];
      if (other === undefined) break;
      if (
        this.#hashes[i] === hash &&
        isSame(other, item.localAddress, item.localPort, item.remoteAddress, item.remotePort)
      ) return false;
      i = (i + 1) & mask;
    }
    this.#items[i] = item;
    this.#hashes[i] = hash;
    this.#size++;
    return true;
  }

  /** The entry of these numbers, or `undefined`. */
  lookup(
    localAddress: IpAddress,
    localPort: number,
    remoteAddress: IpAddress,
    remotePort: number,
  ): T | undefined {
    const hash = this.#hash(localAddress, localPort, remoteAddress, remotePort);
    const mask = this.#items.length - 1;
    for (let i = hash & mask;; i = (i + 1) & mask) {
      const item = this.#items[i];
      if (item === undefined) return undefined;
      if (this.#hashes[i] === hash && isSame(item, localAddress, localPort, remoteAddress, remotePort)) {
        return item;
      }
    }
  }

  /** Takes `item` out.
   *
   * @returns false when it was not in the table (another entry of the same numbers stays).
   */
  remove(item: T): boolean {
    const hash = this.#hash(item.localAddress, item.localPort, item.remoteAddress, item.remotePort);
    const items = this.#items;
    const hashes = this.#hashes;
    const mask = items.length - 1;
    let hole = hash & mask;
    while (items[hole] !== item) {
      if (items[hole] === undefined) return false;
      hole = (hole + 1) & mask;
    }
    // Close the gap: an entry moves back unless its own bucket lies behind the hole.
    for (let i = (hole + 1) & mask; items[i] !== undefined; i = (i + 1) & mask) {
      const home = hashes[i]! & mask;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        items[hole] = items[i];
        hashes[hole] = hashes[i]!;
        hole = i;
      }
    }
    items[hole] = undefined;
    this.#size--;
    if (this.#size * 8 < items.length && items.length > INITIAL_SLOTS) this.#resize(items.length / 2);
    return true;
  }

  /** All entries, in no order; the table must not change meanwhile. */
  *values(): IterableIterator<T> {
    for (const item of this.#items) {
      if (item !== undefined) yield item;
    }
  }

  #resize(slots: number): void {
    const oldItems = this.#items;
    const oldHashes = this.#hashes;
    const items: (T | undefined)[] = new Array(slots).fill(undefined);
    const hashes = new Uint32Array(slots);
    const mask = slots - 1;
    for (let j = 0; j < oldItems.length; j++) {
      const item = oldItems[j];
      if (item === undefined) continue;
      let i = oldHashes[j]! & mask;
      while (items[i] !== undefined) i = (i + 1) & mask;
      items[i] = item;
      hashes[i] = oldHashes[j]!;
    }
    this.#items = items;
    this.#hashes = hashes;
  }

  #hash(localAddress: IpAddress, localPort: number, remoteAddress: IpAddress, remotePort: number): number {
    let h = this.#seed;
    h = mix(h, remoteAddress.w3);
    h = mix(h, (remotePort << 16) | localPort);
    h = mix(h, localAddress.w3);
    if (remoteAddress.family === 6) {
      h = mix(h, remoteAddress.w2);
      h = mix(h, remoteAddress.w1);
      h = mix(h, remoteAddress.w0);
    }
    // The finalizer of MurmurHash3: every input bit reaches the low bits that pick the bucket.
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
    return h >>> 0;
  }
}

function mix(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  h ^= Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

function isSame(
  item: ConnectionKey,
  localAddress: IpAddress,
  localPort: number,
  remoteAddress: IpAddress,
  remotePort: number,
): boolean {
  return item.remotePort === remotePort && item.localPort === localPort &&
    item.remoteAddress.equals(remoteAddress) && item.localAddress.equals(localAddress);
}

/** What a {@linkcode ListenerTable} wants to know of its entries. */
export interface ListenerKey {
  /** Address listened on; unspecified: all. */
  readonly localAddress: IpAddress;
  /** Port listened on. */
  readonly localPort: number;
  /** Only this interface; `undefined`: all. */
  readonly boundNetif: Netif | undefined;
  /** A wildcard of one family that takes connections of the other too. */
  readonly isDualStack: boolean;
}

/** Listeners by port. An exact address is found before a wildcard of the same family, and that before a
 * dual-stack one (TC-02); among equals, a listener bound to the interface comes first. */
export class ListenerTable<T extends ListenerKey> {
  readonly #byPort: Map<number, T[]> = new Map();
  #size = 0;

  /** Number of listeners. */
  get size(): number {
    return this.#size;
  }

  /** Enters `item`; whether it may share the port is the caller's decision, see {@linkcode onPort}. */
  add(item: T): void {
    const list = this.#byPort.get(item.localPort);
    if (list === undefined) this.#byPort.set(item.localPort, [item]);
    else list.push(item);
    this.#size++;
  }

  /** Takes `item` out.
   *
   * @returns false when it was not in the table.
   */
  remove(item: T): boolean {
    const list = this.#byPort.get(item.localPort);
    const index = list === undefined ? -1 : list.indexOf(item);
    if (index < 0) return false;
    list!.splice(index, 1);
    if (list!.length === 0) this.#byPort.delete(item.localPort);
    this.#size--;
    return true;
  }

  /** The listener for a connection request to `address`:`port` that came in by `netif`, or `undefined`. */
  lookup(address: IpAddress, port: number, netif: Netif | undefined): T | undefined {
    const list = this.#byPort.get(port);
    if (list === undefined) return undefined;
    let best: T | undefined = undefined;
    let bestRank = 0;
    for (let i = 0; i < list.length; i++) {
      const item = list[i]!;
      if (item.boundNetif !== undefined && item.boundNetif !== netif) continue;
      let rank = 0;
      if (item.localAddress.isUnspecified) {
        if (item.localAddress.family === address.family) rank = 4;
        else if (item.isDualStack) rank = 2;
      } else if (item.localAddress.equals(address)) {
        rank = 6;
      }
      if (rank > 0 && item.boundNetif !== undefined) rank++;
      if (rank > bestRank) {
        best = item;
        bestRank = rank;
      }
    }
    return best;
  }

  /** The listeners on `port`; borrowed until the table changes. */
  onPort(port: number): readonly T[] {
    return this.#byPort.get(port) ?? NO_LISTENERS;
  }

  /** All listeners, in the order of their ports' first use. */
  *values(): IterableIterator<T> {
    for (const list of this.#byPort.values()) yield* list;
  }
}

const NO_LISTENERS: never[] = [];
