/** Data plane. {@linkcode FaultLane}: one direction of a {@linkcode FaultLink}.
 *
 * @module
 */
import {
  clone,
  completeChecksum,
  concatenate,
  type Pbuf,
  PBUF_CHECKSUM_VERIFIED,
  shrink,
} from "@lightwire/pbuf";
import { FaultDice } from "./fault_dice.ts";
import type { Random } from "./random.ts";
import { ArrivalQueue } from "./sim/arrival_queue.ts";
import { type LinkFaults, ResolvedFaults } from "./sim/link_faults.ts";
import type { Timer, TimerQueue } from "./timers.ts";

/** Frames under way in one direction at most. */
export const MAX_FAULT_FRAMES = 10_000;

/** What befell a frame. */
export type FaultKind =
  | "rule"
  | "oversize"
  | "queue-full"
  | "outage"
  | "loss"
  | "burst-loss"
  | "no-buffer"
  | "truncated"
  | "trailing"
  | "corrupted"
  | "reordered"
  | "duplicated";

/** Counters of one direction. */
export interface FaultCounters {
  /** Frames that came in. */
  offered: number;
  /** Frames that went on, second copies included. */
  delivered: number;
  /** Frames that did not: lost for whatever reason. */
  dropped: number;
  /** Of those, frames dropped because too many wait ({@linkcode LinkFaults.queueBytes}, {@linkcode MAX_FAULT_FRAMES}). */
  queueDropped: number;
  /** Frames with a flipped bit, cut short, or lengthened. */
  damaged: number;
  /** Frames held back. */
  reordered: number;
  /** Second copies. */
  duplicated: number;
}

/** How a {@linkcode FaultLane} is connected. */
export interface FaultLaneOptions {
  /** For delays. */
  readonly timers: TimerQueue;
  /** Random streams, one for each purpose. */
  readonly random: (purpose: string) => Random;
  /** Passes a frame on; takes ownership unless it returns false, which means: not now. */
  readonly deliver: (p: Pbuf) => boolean;
  /** Called after frames were delivered from a timer. */
  readonly onBatchEnd: () => void;
  /** Hears of every fault; borrows the frame. */
  readonly onFault: ((kind: FaultKind, p: Pbuf) => void) | undefined;
}

/** Applies faults to the frames of one direction, in the order that {@linkcode LinkFaults} documents. A frame without delay goes
 * on at once, inside of {@linkcode offer}. */
export class FaultLane {
  /** What happened so far. */
  readonly counters: FaultCounters;
  readonly #options: FaultLaneOptions;
  readonly #dice: FaultDice;
  readonly #underWay: ArrivalQueue;
  readonly #timer: Timer;
  #faults: ResolvedFaults;
  #blocked: Pbuf | undefined;
  #busyUntil: number;
  #lastArrival: number;

  /** Makes a lane.
   *
   * @throws {RangeError} if the faults make no sense.
   */
  constructor(faults: LinkFaults, options: FaultLaneOptions) {
    this.counters = {
      offered: 0,
      delivered: 0,
      dropped: 0,
      queueDropped: 0,
      damaged: 0,
      reordered: 0,
      duplicated: 0,
    };
    this.#options = options;
    this.#dice = new FaultDice(options.random);
    this.#underWay = new ArrivalQueue();
    this.#timer = options.timers.create(() => this.#deliverDue());
    this.#faults = new ResolvedFaults(faults);
    this.#blocked = undefined;
    this.#busyUntil = -Infinity;
    this.#lastArrival = -Infinity;
  }

  /** Whether a frame waits for {@linkcode resume}, so that no other should be offered. */
  get isBlocked(): boolean {
    return this.#blocked !== undefined;
  }

  /** Replaces the faults for the frames to come. @throws {RangeError} if they make no sense. */
  setFaults(faults: LinkFaults): void {
    this.#faults = new ResolvedFaults(faults);
  }

  /** Sends one frame on its way, and takes ownership. */
  offer(p: Pbuf): void {
    const now = this.#options.timers.clock.now();
    const faults = this.#faults;
    this.counters.offered++;
    if (faults.rule !== undefined) {
      const verdict = faults.rule(p, now);
      if (verdict === "drop") return this.#drop("rule", p);
      if (verdict !== "pass") return this.#launch(p, now, now + verdict.deliverAfterMs);
    }
    const dice = this.#dice;
    dice.roll(faults);
    const length = p.totalLength;
    if (length > faults.maxFrameBytes) return this.#drop("oversize", p);
    const backlogBytes = faults.msPerByte === 0 ? 0 : Math.max(0, this.#busyUntil - now) / faults.msPerByte;
    if (
      this.#underWay.length >= MAX_FAULT_FRAMES ||
      (backlogBytes > 0 && backlogBytes + length >= faults.queueBytes + 1)
    ) {
      this.counters.queueDropped++;
      return this.#drop("queue-full", p);
    }
    const departsAt = Math.max(now, this.#busyUntil) + length * faults.msPerByte;
    this.#busyUntil = departsAt;
    if (faults.isOutage(departsAt)) return this.#drop("outage", p);
    if (dice.isLost) return this.#drop("loss", p);
    if (dice.isBurstLost) return this.#drop("burst-loss", p);
    if (dice.isTruncated || faults.trailingBytes > 0 || dice.isCorrupted) {
      const damaged = this.#damage(p);
      if (damaged === undefined) return this.#drop("no-buffer", p);
      p = damaged;
    }
    this.#sendOn(p, now, departsAt);
  }

  /** The receiver of {@linkcode FaultLaneOptions.deliver} has room again. */
  resume(): void {
    const p = this.#blocked;
    if (p === undefined) return;
    this.#blocked = undefined;
    this.#deliver(p);
    if (this.#blocked === undefined && this.#underWay.length > 0) this.#deliverDue();
  }

  /** Releases every frame under way. */
  clear(): void {
    this.#underWay.clear();
    this.#blocked?.release();
    this.#blocked = undefined;
    this.#timer.stop();
  }

  #sendOn(p: Pbuf, now: number, departsAt: number): void {
    const faults = this.#faults;
    const { jitterMs, isReordered, isDuplicated, duplicateMs } = this.#dice;
    let arrivesAt = Math.max(departsAt + faults.delayMs + jitterMs, this.#lastArrival);
    if (isReordered) {
      this.counters.reordered++;
      this.#options.onFault?.("reordered", p);
      arrivesAt += faults.reorderByMs;
    } else {
      this.#lastArrival = arrivesAt;
    }
    const second = isDuplicated ? clone(p) : undefined;
    this.#launch(p, now, arrivesAt);
    if (second !== undefined) {
      this.counters.duplicated++;
      this.#options.onFault?.("duplicated", second);
      this.#launch(second, now, arrivesAt + duplicateMs);
    }
  }

  #launch(p: Pbuf, now: number, arrivesAt: number): void {
    if (arrivesAt <= now && this.#underWay.length === 0 && this.#blocked === undefined) {
      this.#deliver(p);
    } else if (this.#underWay.insert(p, arrivesAt) && this.#blocked === undefined) {
      this.#timer.startAt(arrivesAt);
    }
  }

  #deliver(p: Pbuf): void {
    if (this.#options.deliver(p)) this.counters.delivered++;
    else this.#blocked = p;
  }

  #deliverDue(): void {
    const now = this.#options.timers.clock.now();
    let count = 0;
    while (this.#blocked === undefined) {
      const p = this.#underWay.takeDue(now);
      if (p === undefined) break;
      this.#deliver(p);
      count++;
    }
    if (this.#blocked === undefined && this.#underWay.nextAt !== Infinity) {
      this.#timer.startAt(this.#underWay.nextAt);
    }
    if (count > 0) this.#options.onBatchEnd();
  }

  /** Damages a frame, in memory of its own: nobody else's bytes change. */
  #damage(p: Pbuf): Pbuf | undefined {
    const dice = this.#dice;
    const copy = clone(p);
    if (copy === undefined) return undefined;
    // What vouches for the bytes must not vouch for the damage.
    completeChecksum(copy);
    copy.flags &= ~PBUF_CHECKSUM_VERIFIED;
    copy.gsoSize = 0;
    if (dice.isTruncated && copy.totalLength > 1) {
      shrink(copy, 1 + Math.floor(dice.truncateAt * (copy.totalLength - 1)));
      this.#options.onFault?.("truncated", copy);
    }
    if (this.#faults.trailingBytes > 0) {
      const trailer = copy.pool.acquire(this.#faults.trailingBytes, 0);
      if (trailer === undefined) {
        copy.release();
        return undefined;
      }
      trailer.bytes.fill(0xa5, trailer.start, trailer.end);
      concatenate(copy, trailer);
      this.#options.onFault?.("trailing", copy);
    }
    if (dice.isCorrupted && copy.length > 0) {
      const bit = Math.floor(dice.corruptAt * copy.length * 8);
      const at = copy.start + (bit >>> 3);
      copy.bytes[at] = copy.bytes[at]! ^ (0x80 >>> (bit & 7));
      this.#options.onFault?.("corrupted", copy);
    }
    this.counters.damaged++;
    p.release();
    return copy;
  }

  #drop(kind: FaultKind, p: Pbuf): void {
    this.counters.dropped++;
    this.#options.onFault?.(kind, p);
    p.release();
  }
}
