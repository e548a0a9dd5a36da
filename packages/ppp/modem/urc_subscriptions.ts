/** {@linkcode UrcSubscriptions}: who wants which of the lines that a modem sends unasked.
 *
 * @module
 */
import type { AtEngine } from "./at_engine.ts";
import { linePrefix } from "./urc_table.ts";

/** Most subscriptions at a time. */
const MAX_SUBSCRIPTIONS = 64;

/** Hands out unsolicited lines. Takes the engine's `onUnsolicited` for itself, and calls what was there before, too. */
export class UrcSubscriptions {
  /** Lines that nobody wanted. */
  unwanted: number = 0;
  readonly #listeners = new Map<
    number,
    { readonly prefix: string | undefined; readonly listener: (line: string) => void }
  >();
  #next = 0;

  /** Begins to hand out the lines of `engine`. */
  constructor(engine: AtEngine) {
    const before = engine.onUnsolicited;
    engine.onUnsolicited = (line) => {
      before?.(line);
      this.#hand(line);
    };
  }

  /** Calls `listener` for each line with a prefix.
   *
   * @param prefix `+CMTI`, or a whole line such as `RING`; `undefined` for all lines.
   * @returns what ends it.
   * @throws {RangeError} If there are 64 already.
   */
  subscribe(prefix: string | undefined, listener: (line: string) => void): () => void {
    if (this.#listeners.size >= MAX_SUBSCRIPTIONS) {
      throw new RangeError(
        `Cannot subscribe to ${prefix ?? "all lines"}: there are ${MAX_SUBSCRIPTIONS} already`,
      );
    }
    const key = this.#next++;
    this.#listeners.set(key, { prefix: prefix?.toUpperCase(), listener });
    return () => void this.#listeners.delete(key);
  }

  #hand(line: string): void {
    const prefix = linePrefix(line) || line.toUpperCase();
    let isWanted = false;
    // A copy: a listener may end its own subscription.
    for (const entry of [...this.#listeners.values()]) {
      if (entry.prefix !== undefined && entry.prefix !== prefix) continue;
      isWanted = true;
      entry.listener(line);
    }
    if (!isWanted) this.unwanted++;
  }
}
