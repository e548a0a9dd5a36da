/** Data plane. {@linkcode LoopbackLink}: what is sent comes back.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  DEFAULT_DELIVERY_BATCH_FRAMES,
  DEFAULT_DELIVERY_QUEUE_FRAMES,
  DeliveryQueue,
} from "./delivery_queue.ts";
import type { LinkCapabilities, LinkDriver, LinkSink } from "./link.ts";
import type { TimerQueue } from "./timers.ts";

/** MTU of a loopback interface, by default: the longest IPv4 packet. */
export const DEFAULT_LOOPBACK_MTU = 65535;

/** Options of a {@linkcode LoopbackLink}. */
export interface LoopbackLinkOptions {
  /** Default {@linkcode DEFAULT_LOOPBACK_MTU}. */
  readonly mtu?: number;
  /** Packets under way at most; default 1024 (lwIP's `LWIP_LOOPBACK_MAX_PBUFS`). Beyond, `transmit` returns false. */
  readonly queueFrames?: number;
}

/** The link of 127.0.0.0/8 and ::1 (RFC 1122 §3.2.1.3 g): packets come back from a timer that is due at once, never inside
 * of the sender's call; checksums are neither completed nor checked. */
export class LoopbackLink implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium = "ip" as const;
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  readonly #queue: DeliveryQueue;
  #isClosed: boolean;

  /** Makes a link.
   *
   * @param timers of the stack.
   */
  constructor(timers: TimerQueue, options: LoopbackLinkOptions = {}) {
    this.mtu = options.mtu ?? DEFAULT_LOOPBACK_MTU;
    this.maxHeaderLength = 0;
    this.macAddress = undefined;
    this.capabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65535, gro: true };
    const limit = options.queueFrames ?? DEFAULT_DELIVERY_QUEUE_FRAMES;
    this.#queue = new DeliveryQueue(
      timers,
      limit,
      DEFAULT_DELIVERY_BATCH_FRAMES,
      true,
      () => this.#queue.sink?.linkWritable(),
    );
    this.#isClosed = false;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.#queue.sink = sink;
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    if (!this.#isClosed) return this.#queue.push(p);
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {}

  /** {@inheritDoc LinkDriver.close} */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
  }
}
