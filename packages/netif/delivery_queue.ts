/** Data plane. {@linkcode DeliveryQueue}: frames on their way to an interface in the same process.
 *
 * @module
 */
import { clone, type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import type { LinkSink } from "./link.ts";
import { PbufRing } from "./pbuf_ring.ts";
import type { Timer, TimerQueue } from "./timers.ts";

/** Frames which a queue holds at most, by default. */
export const DEFAULT_DELIVERY_QUEUE_FRAMES = 1024;
/** Frames delivered in one batch at most, by default. */
export const DEFAULT_DELIVERY_BATCH_FRAMES = 64;

/** A bounded queue which delivers in batches, from a timer that is due at once: never inside of the sender's call. */
export class DeliveryQueue {
  /** Who gets the frames; without one they are dropped. */
  sink: LinkSink | undefined;
  /** Frames lost because no memory was free for a copy of their own. */
  copyFailures: number;
  /** Frames that had to be copied, because the sender keeps a share of their memory, or they were chains. */
  copies: number;
  /** Frames handed to the sink. */
  delivered: number;
  readonly #ring: PbufRing;
  readonly #timer: Timer;
  readonly #batchFrames: number;
  readonly #isVerified: boolean;
  readonly #onDrained: () => void;
  #isDrainWanted: boolean;

  /** Makes an empty queue.
   *
   * @param timers of the receiver.
   * @param isVerified mark everything as having a good transport checksum.
   * @param onDrained called when {@linkcode push} has returned false and the queue is at most half full again.
   */
  constructor(
    timers: TimerQueue,
    limitFrames: number,
    batchFrames: number,
    isVerified: boolean,
    onDrained: () => void,
  ) {
    this.sink = undefined;
    this.copyFailures = 0;
    this.copies = 0;
    this.delivered = 0;
    this.#ring = new PbufRing(limitFrames);
    this.#timer = timers.create(() => this.#deliver());
    this.#batchFrames = batchFrames;
    this.#isVerified = isVerified;
    this.#onDrained = onDrained;
    this.#isDrainWanted = false;
  }

  /** Frames waiting. */
  get length(): number {
    return this.#ring.length;
  }

  /** Takes a frame over, without copying it if it is one node of one owner in the arena.
   *
   * @returns false, with the ownership kept by the caller, when full.
   */
  push(p: Pbuf): boolean {
    const ring = this.#ring;
    if (ring.length >= ring.limit) {
      this.#isDrainWanted = true;
      return false;
    }
    if (p.next !== undefined || p.refCount > 1 || p.arenaOffset < 0 || p.parent !== undefined) {
      const copy = clone(p);
      p.release();
      if (copy === undefined) {
        this.copyFailures++;
        return true;
      }
      this.copies++;
      p = copy;
    }
    ring.push(p);
    if (!this.#timer.isArmed) this.#timer.start(0);
    return true;
  }

  /** Releases everything that waits. */
  clear(): void {
    this.#ring.clear();
    this.#timer.stop();
  }

  #deliver(): void {
    const ring = this.#ring;
    const sink = this.sink;
    for (let i = 0; i < this.#batchFrames; i++) {
      const p = ring.shift();
      if (p === undefined) break;
      p.flags = this.#isVerified || p.checksumStart >= 0 ? PBUF_CHECKSUM_VERIFIED : 0;
      p.netifIndex = 0;
      this.delivered++;
      if (sink === undefined) p.release();
      else sink.linkInput(p);
    }
    if (ring.length > 0 && !this.#timer.isArmed) this.#timer.start(0);
    if (sink !== undefined) sink.inputBatchEnd();
    if (this.#isDrainWanted && ring.length * 2 <= ring.limit) {
      this.#isDrainWanted = false;
      this.#onDrained();
    }
  }
}
