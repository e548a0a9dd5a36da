/** Data plane. {@linkcode MemoryLink}: a cable between two stacks of one process.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  DEFAULT_DELIVERY_BATCH_FRAMES,
  DEFAULT_DELIVERY_QUEUE_FRAMES,
  DeliveryQueue,
} from "./delivery_queue.ts";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  type MacAddress,
  NO_OFFLOAD,
} from "./link.ts";
import type { Timer, TimerQueue } from "./timers.ts";

/** Options of {@linkcode createMemoryLinkPair}. */
export interface MemoryLinkOptions {
  /** Timers of the stack at the first end. */
  readonly timersA: TimerQueue;
  /** Timers of the stack at the second end; may be the same. */
  readonly timersB: TimerQueue;
  /** Default "ethernet". */
  readonly medium?: "ethernet" | "ip";
  /** Default 1500. */
  readonly mtu?: number;
  /** What both ends offer; default nothing. `txChecksum` costs nothing here: the memory is trusted, and a packet with a
   * checksum pending arrives as verified. `gsoMaxBytes` hands super-segments over whole. */
  readonly capabilities?: LinkCapabilities;
  /** Frames under way in each direction at most; default 1024. Beyond, `transmit` returns false. */
  readonly queueFrames?: number;
  /** Frames delivered in one batch at most; default 64. */
  readonly batchFrames?: number;
  /** Station address of the first end; default 02:00:00:00:00:0a. */
  readonly macA?: MacAddress;
  /** Station address of the second end; default 02:00:00:00:00:0b. */
  readonly macB?: MacAddress;
}

/** Makes a cable. Frames are handed over without being copied, in batches, from a timer of the receiver.
 *
 * @returns its two ends.
 */
export function createMemoryLinkPair(options: MemoryLinkOptions): [MemoryLink, MemoryLink] {
  const a = new MemoryLink(options, options.timersA, options.macA ?? 0x02_00_00_00_00_0a);
  const b = new MemoryLink(options, options.timersB, options.macB ?? 0x02_00_00_00_00_0b);
  a.connect(b);
  b.connect(a);
  return [a, b];
}

/** One end of a cable; see {@linkcode createMemoryLinkPair}. */
export class MemoryLink implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress | undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  readonly #incoming: DeliveryQueue;
  readonly #stateTimer: Timer;
  #peer: MemoryLink | undefined;
  #isWritable: boolean;
  #hasCarrier: boolean;
  #isClosed: boolean;

  /** For {@linkcode createMemoryLinkPair} only. */
  constructor(options: MemoryLinkOptions, timers: TimerQueue, macAddress: MacAddress) {
    this.medium = options.medium ?? "ethernet";
    this.mtu = options.mtu ?? 1500;
    this.maxHeaderLength = 0;
    this.macAddress = this.medium === "ethernet" ? macAddress : undefined;
    this.capabilities = options.capabilities ?? NO_OFFLOAD;
    this.#incoming = new DeliveryQueue(
      timers,
      options.queueFrames ?? DEFAULT_DELIVERY_QUEUE_FRAMES,
      options.batchFrames ?? DEFAULT_DELIVERY_BATCH_FRAMES,
      this.capabilities.rxChecksum,
      () => this.#peer?.becomeWritable(),
    );
    this.#stateTimer = timers.create(() => this.#reportState());
    this.#peer = undefined;
    this.#isWritable = true;
    this.#hasCarrier = true;
    this.#isClosed = false;
  }

  /** Frames handed to this end's interface so far. */
  get delivered(): number {
    return this.#incoming.delivered;
  }

  /** Frames for this end that had to be copied: chains, and those of which the sender keeps a share. */
  get copies(): number {
    return this.#incoming.copies;
  }

  /** Frames for this end that were lost because no memory was free for such a copy. */
  get copyFailures(): number {
    return this.#incoming.copyFailures;
  }

  /** Names the other end. For {@linkcode createMemoryLinkPair} only. */
  connect(peer: MemoryLink): void {
    this.#peer = peer;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.#incoming.sink = sink;
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    const peer = this.#peer;
    if (this.#isClosed || peer === undefined || !this.#hasCarrier) {
      p.release();
      return true;
    }
    if (peer.#incoming.push(p)) return true;
    this.#isWritable = false;
    return false;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {}

  /** Pulls the plug, or puts it back: both ends hear of it from their timers. */
  setCarrier(isUp: boolean): void {
    this.#noteCarrier(isUp);
    if (this.#peer !== undefined) this.#peer.#noteCarrier(isUp);
  }

  /** {@inheritDoc LinkDriver.close} The other end loses its carrier. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#incoming.clear();
    this.#stateTimer.stop();
    if (this.#peer !== undefined) this.#peer.#noteCarrier(false);
  }

  /** The other end's queue has room again. For the other end only. */
  becomeWritable(): void {
    if (!this.#isClosed) this.#stateTimer.start(0);
  }

  #noteCarrier(isUp: boolean): void {
    if (this.#isClosed || isUp === this.#hasCarrier) return;
    this.#hasCarrier = isUp;
    this.#stateTimer.start(0);
  }

  #reportState(): void {
    const sink = this.#incoming.sink;
    if (sink === undefined) return;
    sink.linkStateChanged(this.#hasCarrier);
    if (!this.#isWritable) {
      this.#isWritable = true;
      sink.linkWritable();
    }
  }
}
