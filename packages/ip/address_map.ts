/** Data plane. {@linkcode AddressMap}: a table keyed by address, without strings.
 *
 * @module
 */
import type { IpAddress } from "./address.ts";

/** One cell of an {@linkcode AddressMap}; cells whose addresses hash alike form a list. */
class Cell<V> {
  readonly address: IpAddress;
  value: V;
  next: Cell<V> | undefined;

  constructor(address: IpAddress, value: V, next: Cell<V> | undefined) {
    this.address = address;
    this.value = value;
    this.next = next;
  }
}

/** A number that is equal for equal addresses, and different for different IPv4 addresses. */
export function addressKey(address: IpAddress): number {
  return (address.w3 ^ Math.imul(address.w2 ^ 0xffff, 0x9e3779b1) ^ Math.imul(address.w1, 0x85ebca77) ^
    Math.imul(address.w0, 0xc2b2ae3d)) | 0;
}

/** A map from address (zone included) to value. Not bounded: its owner bounds it. */
export class AddressMap<V> {
  readonly #cells = new Map<number, Cell<V>>();
  #size = 0;

  /** Number of addresses in it. */
  get size(): number {
    return this.#size;
  }

  /** What is stored for `address`. */
  get(address: IpAddress): V | undefined {
    let cell = this.#cells.get(addressKey(address));
    while (cell !== undefined) {
      if (cell.address.equals(address)) return cell.value;
      cell = cell.next;
    }
    return undefined;
  }

  /** What is stored for the IPv4 address of these bits; spares the caller an {@linkcode IpAddress}. */
  getIpv4(bits: number): V | undefined {
    let cell = this.#cells.get(bits | 0);
    while (cell !== undefined) {
      if (cell.address.family === 4 && cell.address.w3 === bits) return cell.value;
      cell = cell.next;
    }
    return undefined;
  }

  /** Stores `value` for `address`, in place of what was there. */
  set(address: IpAddress, value: V): void {
    const key = addressKey(address);
    const first = this.#cells.get(key);
    for (let cell = first; cell !== undefined; cell = cell.next) {
      if (cell.address.equals(address)) {
        cell.value = value;
        return;
      }
    }
    this.#cells.set(key, new Cell(address, value, first));
    this.#size++;
  }

  /** Forgets `address`.
   *
   * @returns whether it was there.
   */
  delete(address: IpAddress): boolean {
    const key = addressKey(address);
    const first = this.#cells.get(key);
    let previous: Cell<V> | undefined;
    for (let cell = first; cell !== undefined; previous = cell, cell = cell.next) {
      if (!cell.address.equals(address)) continue;
      if (previous !== undefined) previous.next = cell.next;
      else if (cell.next !== undefined) this.#cells.set(key, cell.next);
      else this.#cells.delete(key);
      this.#size--;
      return true;
    }
    return false;
  }

  /** Forgets everything. */
  clear(): void {
    this.#cells.clear();
    this.#size = 0;
  }

  /** All values. */
  *values(): IterableIterator<V> {
    for (const first of this.#cells.values()) {
      for (let cell: Cell<V> | undefined = first; cell !== undefined; cell = cell.next) yield cell.value;
    }
  }
}
