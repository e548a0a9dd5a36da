/** Data plane. {@linkcode TransmitQueue}: what stands between an interface and a driver that may be full.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { LinkDriver } from "./link.ts";
import type { NetifCounters } from "./netif_counters.ts";
import { PbufRing } from "./pbuf_ring.ts";

/** Hands frames to a driver, and keeps those which it does not take, in order, up to a bound in frames and in bytes.
 *
 * At half of a bound it is *congested*, which asks bulk senders to pause, until it has drained to a quarter. */
export class TransmitQueue {
  /** Whether the driver is being called: it must not deliver now. */
  isTransmitting: boolean;
  /** Whether bulk senders should pause. */
  isCongested: boolean;
  readonly #driver: LinkDriver;
  readonly #counters: NetifCounters;
  readonly #ring: PbufRing;
  readonly #bytesLimit: number;
  #bytes: number;

  /** Makes an empty queue.
   *
   * @param counters gets `ifOutOctets`, `ifOutDiscards` and `outQueued`.
   */
  constructor(driver: LinkDriver, counters: NetifCounters, framesLimit: number, bytesLimit: number) {
    this.isTransmitting = false;
    this.isCongested = false;
    this.#driver = driver;
    this.#counters = counters;
    this.#ring = new PbufRing(framesLimit);
    this.#bytesLimit = bytesLimit;
    this.#bytes = 0;
  }

  /** Frames waiting. */
  get length(): number {
    return this.#ring.length;
  }

  /** Transmits or queues a frame of `length` bytes, and takes ownership in any case.
   *
   * @returns false when it was dropped and counted, because a bound is reached.
   */
  transmit(p: Pbuf, length: number): boolean {
    const ring = this.#ring;
    if (ring.length === 0 && this.#handOver(p)) {
      this.#counters.ifOutOctets += length;
      return true;
    }
    if (this.#bytes >= this.#bytesLimit || !ring.push(p)) {
      this.#counters.ifOutDiscards++;
      p.release();
      return false;
    }
    this.#bytes += length;
    this.#counters.outQueued++;
    if (ring.length * 2 >= ring.limit || this.#bytes * 2 >= this.#bytesLimit) this.isCongested = true;
    return true;
  }

  /** Hands over what waits, as far as the driver takes it. @returns whether congestion is over by that. */
  drain(): boolean {
    const ring = this.#ring;
    if (ring.length > 0) {
      for (let p = ring.peek(); p !== undefined; p = ring.peek()) {
        const length = p.totalLength;
        if (!this.#handOver(p)) break;
        ring.shift();
        this.#bytes -= length;
        this.#counters.ifOutOctets += length;
      }
      this.flush();
    }
    if (!this.isCongested || ring.length * 4 > ring.limit || this.#bytes * 4 > this.#bytesLimit) return false;
    this.isCongested = false;
    return true;
  }

  /** Lets the driver write out what it batched. */
  flush(): void {
    this.isTransmitting = true;
    this.#driver.flush();
    this.isTransmitting = false;
  }

  /** Drops and counts what waits. @returns whether congestion is over by that. */
  clear(): boolean {
    this.#counters.ifOutDiscards += this.#ring.clear();
    this.#bytes = 0;
    const wasCongested = this.isCongested;
    this.isCongested = false;
    return wasCongested;
  }

  #handOver(p: Pbuf): boolean {
    this.isTransmitting = true;
    const isTaken = this.#driver.transmit(p);
    this.isTransmitting = false;
    return isTaken;
  }
}
