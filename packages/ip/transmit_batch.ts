/** Data plane. {@linkcode TransmitBatch}: the interfaces that have something to write out.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";

/** Remembers interfaces from their first packet to the end of the batch. */
export class TransmitBatch {
  readonly #used: Netif[];
  #last: Netif | undefined;

  /** Nothing used yet. */
  constructor() {
    this.#used = [];
    this.#last = undefined;
  }

  /** A packet was handed to an interface. */
  markUsed(netif: Netif): void {
    if (netif === this.#last) return;
    this.#last = netif;
    if (!this.#used.includes(netif)) this.#used.push(netif);
  }

  /** Lets every interface that was used write out. */
  flush(): void {
    const used = this.#used;
    if (used.length === 0) return;
    this.#last = undefined;
    for (let i = 0; i < used.length; i++) used[i]!.flush();
    used.length = 0;
  }
}
