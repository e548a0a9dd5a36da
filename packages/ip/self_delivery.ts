/** {@linkcode SelfDelivery}: packets of ours that come back to us, later.
 *
 * @module
 */
import { type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import type { Netif, Timer, TimerQueue } from "@lightwire/netif";

/** A bounded queue between output and input, so that a packet to ourselves is never delivered from inside the call that
 * sends it. Copies of our own multicast go this way, and packets to our own addresses when there is no
 * loopback interface. */
export class SelfDelivery {
  readonly #queue: { readonly netif: Netif; readonly p: Pbuf }[] = [];
  readonly #timer: Timer;
  readonly #max: number;

  /** @param deliver takes ownership of each packet.
   * @param batchEnd is called after the last one of a run.
   */
  constructor(
    timers: TimerQueue,
    max: number,
    deliver: (netif: Netif, p: Pbuf) => void,
    batchEnd: () => void,
  ) {
    this.#max = max;
    this.#timer = timers.create(() => {
      for (let n = this.#queue.length; n > 0; n--) {
        const { netif, p } = this.#queue.shift()!;
        deliver(netif, p);
      }
      if (this.#queue.length > 0) this.#timer.start(0);
      batchEnd();
    });
  }

  /** Queues a packet whose first byte is its IP header's, as if `netif` had received it. Takes ownership if true.
   *
   * @returns false when the queue is full: the caller keeps `p`.
   */
  add(netif: Netif, p: Pbuf): boolean {
    if (this.#queue.length >= this.#max) return false;
    if (p.checksumStart >= 0) p.flags |= PBUF_CHECKSUM_VERIFIED;
    this.#queue.push({ netif, p });
    if (this.#queue.length === 1) this.#timer.start(0);
    return true;
  }

  /** Releases what is queued for an interface that goes away, or for all. */
  clear(netif?: Netif): void {
    for (let i = this.#queue.length - 1; i >= 0; i--) {
      const item = this.#queue[i]!;
      if (netif !== undefined && item.netif !== netif) continue;
      this.#queue.splice(i, 1);
      item.p.release();
    }
  }
}
