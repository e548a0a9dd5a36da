/** {@linkcode FaultLink}: a bad network in front of a good driver.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { type FaultCounters, type FaultKind, FaultLane } from "./fault_lane.ts";
import type { LinkDriver } from "./link.ts";
import { LinkMiddleware } from "./link_middleware.ts";
import { deriveRandom } from "./random.ts";
import type { LinkFaults } from "./sim/link_faults.ts";
import type { TimerQueue } from "./timers.ts";
import type { FrameDirection } from "./tracer_link.ts";

export type { FaultCounters, FaultKind } from "./fault_lane.ts";
export type { BurstLoss, LinkFaults, LinkRule, LinkVerdict } from "./sim/link_faults.ts";

/** Options of a {@linkcode FaultLink}. */
export interface FaultLinkOptions {
  /** For delays. */
  readonly timers: TimerQueue;
  /** The same seed gives the same faults; default 0. */
  readonly seed?: number | string;
  /** What befalls the frames that the stack sends; default nothing. */
  readonly outbound?: LinkFaults;
  /** What befalls the frames that the stack receives; default nothing. */
  readonly inbound?: LinkFaults;
  /** Hears of every fault; borrows the frame. For a capture with remarks: {@linkcode PcapLink.writeAside}. */
  readonly onFault?: (direction: FrameDirection, kind: FaultKind, p: Pbuf) => void;
}

/** A driver that loses, delays, reorders, duplicates and damages frames on purpose, in both directions. It offers no GSO, so
 * that faults hit segments and not super-segments.
 *
 * @example Every frame is lost
 * ```ts
 * import { createMemoryLinkPair, FaultLink, TimerQueue } from "@lightwire/netif";
 * import { PbufPool } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const timers = new TimerQueue({ now: () => 0 });
 * const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
 * const [driver, far] = createMemoryLinkPair({ timersA: timers, timersB: timers });
 * const link = new FaultLink(driver, { timers, outbound: { lossRate: 1 } });
 * link.transmit(pool.acquire(60)!);
 * timers.runDue();
 * assert.equal(far.delivered, 0);
 * assert.equal(link.outbound.dropped, 1);
 * ```
 */
export class FaultLink extends LinkMiddleware {
  readonly #outbound: FaultLane;
  readonly #inbound: FaultLane;

  /** Wraps a driver.
   *
   * @throws {RangeError} if the faults make no sense.
   */
  constructor(driver: LinkDriver, options: FaultLinkOptions) {
    super(driver, { ...driver.capabilities, gsoMaxBytes: 0 });
    const { timers, onFault } = options;
    const seed = options.seed ?? 0;
    this.#outbound = new FaultLane(options.outbound ?? {}, {
      timers,
      random: (purpose) => deriveRandom(seed, `outbound ${purpose}`),
      deliver: (p) => driver.transmit(p),
      onBatchEnd: () => driver.flush(),
      onFault: onFault && ((kind, p) => onFault("outbound", kind, p)),
    });
    this.#inbound = new FaultLane(options.inbound ?? {}, {
      timers,
      random: (purpose) => deriveRandom(seed, `inbound ${purpose}`),
      deliver: (p) => this.#deliverInbound(p),
      onBatchEnd: () => this.sink?.inputBatchEnd(),
      onFault: onFault && ((kind, p) => onFault("inbound", kind, p)),
    });
  }

  /** What befell the frames that the stack sent. */
  get outbound(): Readonly<FaultCounters> {
    return this.#outbound.counters;
  }

  /** What befell the frames for the stack. */
  get inbound(): Readonly<FaultCounters> {
    return this.#inbound.counters;
  }

  /** Replaces the faults of one direction, or of both, for the frames to come; what is left out stays.
   *
   * @throws {RangeError} if they make no sense.
   */
  setFaults(faults: { readonly outbound?: LinkFaults; readonly inbound?: LinkFaults }): void {
    if (faults.outbound !== undefined) this.#outbound.setFaults(faults.outbound);
    if (faults.inbound !== undefined) this.#inbound.setFaults(faults.inbound);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  override transmit(p: Pbuf): boolean {
    if (this.#outbound.isBlocked) return false;
    this.#outbound.offer(p);
    return true;
  }

  /** {@inheritDoc LinkSink.linkInput} */
  override linkInput(p: Pbuf): void {
    this.#inbound.offer(p);
  }

  /** {@inheritDoc LinkSink.linkWritable} */
  override linkWritable(): void {
    if (this.#outbound.isBlocked) {
      this.#outbound.resume();
      this.driver.flush();
    }
    if (!this.#outbound.isBlocked) super.linkWritable();
  }

  /** {@inheritDoc LinkDriver.close} */
  override close(): void {
    this.#outbound.clear();
    this.#inbound.clear();
    super.close();
  }

  #deliverInbound(p: Pbuf): boolean {
    if (this.sink === undefined) p.release();
    else this.sink.linkInput(p);
    return true;
  }
}
