/** {@linkcode NeighborList}: entries from the least to the most recently used.
 *
 * @module
 */
import type { NeighborEntry } from "./neighbor_entry.ts";

/** A doubly linked list through the entries themselves. A use does not move an entry (that would cost every packet);
 * instead, an entry which was used since it was put in its place gets a second chance when its turn comes. */
export class NeighborList {
  #oldest: NeighborEntry | undefined = undefined;
  #newest: NeighborEntry | undefined = undefined;
  #size = 0;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Adds an entry as the most recently used one. */
  addNewest(entry: NeighborEntry, now: number): void {
    entry.listedAt = now;
    entry.previous = this.#newest;
    entry.following = undefined;
    if (this.#newest !== undefined) this.#newest.following = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#size++;
  }

  /** Takes an entry out, which must be in this list. */
  remove(entry: NeighborEntry): void {
    if (entry.previous !== undefined) entry.previous.following = entry.following;
    else this.#oldest = entry.following;
    if (entry.following !== undefined) entry.following.previous = entry.previous;
    else this.#newest = entry.previous;
    entry.previous = undefined;
    entry.following = undefined;
    this.#size--;
  }

  /** The entry to give up first; it stays in the list. */
  pickVictim(): NeighborEntry | undefined {
    for (let chances = this.#size; chances > 0; chances--) {
      const entry = this.#oldest!;
      if (entry.usedAt <= entry.listedAt) return entry;
      this.remove(entry);
      this.addNewest(entry, entry.usedAt);
    }
    return this.#oldest;
  }
}
