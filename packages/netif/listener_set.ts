/** {@linkcode ListenerSet}: who wants to hear of an event.
 *
 * @module
 */

/** A set of callbacks; one that is added twice is called twice. A callback may remove itself and others, and add more,
 * while the set is being notified: those added hear of the next event. */
export class ListenerSet<Arguments extends unknown[]> {
  #entries: readonly { readonly callback: (...args: Arguments) => void }[] = [];

  /** Whether nobody listens. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Adds a callback. @returns what takes it away again; harmless when called twice. */
  add(callback: (...args: Arguments) => void): () => void {
    const entry = { callback };
    this.#entries = [...this.#entries, entry];
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** Calls all of them, in the order in which they were added. */
  notify(...args: Arguments): void {
    const entries = this.#entries;
    for (const entry of entries) {
      if (this.#entries === entries || this.#entries.includes(entry)) entry.callback(...args);
    }
  }
}
