/** Data plane. {@linkcode SimChannel}: one direction of a simulated link, with its faults, its queue and its counters.
 *
 * @module
 */
import { completeChecksum, DEFAULT_HEADROOM, type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import type { LinkCapabilities, LinkSink } from "../link.ts";
import { type Random, randomUnit } from "../random.ts";
import type { Timer } from "../timers.ts";
import { ArrivalQueue } from "./arrival_queue.ts";
import { newChannelCounters, type SimChannelCounters } from "./channel_counters.ts";
import { markCongestion } from "./congestion_mark.ts";
import type { LinkEventKind } from "./event_log.ts";
import { type LinkFaults, ResolvedFaults } from "./link_faults.ts";
import type { Simulation } from "./simulation.ts";

export type { SimChannelCounters } from "./channel_counters.ts";

/** Most frames handed over before the receiver hears {@linkcode LinkSink.inputBatchEnd}. */
const BATCH_FRAMES = 64;

/** Looks at every frame at the moment its sender transmits it, whatever becomes of it; borrows `p`. */
export type FrameObserver = (p: Pbuf, at: number, channel: string) => void;

/** What the two directions of a link have in common. Internal. */
export interface SimChannelOptions {
  /** Name, like "link1.aToB". */
  readonly name: string;
  /** Longest frame that the medium takes. */
  readonly maxFrameBytes: number;
  /** Bytes in front of the IP packet. */
  readonly linkHeaderBytes: number;
  /** What the receiving driver offers. */
  readonly capabilities: LinkCapabilities;
  /** What happens to the frames at first. */
  readonly faults: LinkFaults;
  /** Sees every frame offered. */
  readonly observer: FrameObserver | undefined;
}

/** One direction of a simulated link. What travels is a private copy in one node, as after a real wire: faults never
 * touch the sender's memory, and the receiver may write to what it gets. */
export class SimChannel {
  /** Name, like "link1.aToB". */
  readonly name: string;
  /** What happened so far. */
  readonly counters: SimChannelCounters;
  /** Who receives. */
  sink: LinkSink | undefined;
  /** Whether everything is lost at present, frames under way included. */
  isPartitioned: boolean;
  readonly #nameHash: number;
  readonly #sim: Simulation;
  readonly #capabilities: LinkCapabilities;
  readonly #linkMaxFrameBytes: number;
  readonly #linkHeaderBytes: number;
  readonly #observer: FrameObserver | undefined;
  readonly #timer: Timer;
  readonly #underWay: ArrivalQueue;
  readonly #lossRandom: Random;
  readonly #burstRandom: Random;
  readonly #truncateRandom: Random;
  readonly #corruptRandom: Random;
  readonly #jitterRandom: Random;
  readonly #reorderRandom: Random;
  readonly #duplicateRandom: Random;
  readonly #trailingRandom: Random;
  #faults: ResolvedFaults;
  #isBurst: boolean;
  #busyUntil: number;
  #lastArrival: number;

  /** For {@linkcode createLink} and {@linkcode createSwitch}. */
  constructor(sim: Simulation, options: SimChannelOptions) {
    this.name = options.name;
    this.counters = newChannelCounters();
    this.sink = undefined;
    this.isPartitioned = false;
    this.#nameHash = Array.from(options.name).reduce((h, c) => Math.imul(h, 31) + c.codePointAt(0)!, 7);
    this.#sim = sim;
    this.#capabilities = options.capabilities;
    this.#linkMaxFrameBytes = options.maxFrameBytes;
    this.#linkHeaderBytes = options.linkHeaderBytes;
    this.#observer = options.observer;
    this.#timer = sim.timers.create(() => this.#deliverDue());
    this.#underWay = new ArrivalQueue();
    this.#lossRandom = sim.random(`${this.name} loss`);
    this.#burstRandom = sim.random(`${this.name} burst loss`);
    this.#truncateRandom = sim.random(`${this.name} truncate`);
    this.#corruptRandom = sim.random(`${this.name} corrupt`);
    this.#jitterRandom = sim.random(`${this.name} jitter`);
    this.#reorderRandom = sim.random(`${this.name} reorder`);
    this.#duplicateRandom = sim.random(`${this.name} duplicate`);
    this.#trailingRandom = sim.random(`${this.name} trailing`);
    this.#faults = new ResolvedFaults(options.faults);
    this.#isBurst = false;
    this.#busyUntil = -Infinity;
    this.#lastArrival = -Infinity;
  }

  /** Frames under way. */
  get inFlight(): number {
    return this.#underWay.length;
  }

  /** Bytes that wait for the line, the unsent rest of the frame on it included. */
  get backlogBytes(): number {
    const { msPerByte } = this.#faults;
    return msPerByte === 0 ? 0 : Math.max(0, (this.#busyUntil - this.#sim.clock.now()) / msPerByte);
  }

  /** Replaces the faults for the frames to come; the line stays as busy as it is.
   *
   * @throws {RangeError} if a rate is not in 0 … 1, or a time, a size or a bandwidth makes no sense.
   */
  setFaults(faults: LinkFaults): void {
    this.#faults = new ResolvedFaults(faults);
  }

  /** Whether {@linkcode LinkFaults.queueBytes} leave room for a frame of `length` bytes. */
  hasQueueSpace(length: number): boolean {
    const backlog = this.backlogBytes;
    // The backlog is a time, divided: at a clock of 2^32 ms it is known to a fraction of a byte only.
    return backlog === 0 || backlog + length < this.#faults.queueBytes + 1;
  }

  /** When at most half of {@linkcode LinkFaults.queueBytes} wait, and there is room for a frame of `length` bytes. */
  writableAt(length: number): number {
    const { queueBytes, msPerByte } = this.#faults;
    return this.#busyUntil - Math.max(0, Math.min(queueBytes / 2, queueBytes - length)) * msPerByte;
  }

  /** Sends one frame on its way; borrows `p`. */
  offer(p: Pbuf): void {
    const now = this.#sim.clock.now();
    const length = p.totalLength;
    this.counters.offered++;
    this.counters.offeredBytes += length;
    if (this.#observer !== undefined) this.#observer(p, now, this.name);
    const faults = this.#faults;
    if (faults.rule !== undefined) {
      const verdict = faults.rule(p, now);
      if (verdict === "drop") {
        this.counters.ruleDropped++;
        return this.#log(now, "rule-dropped", p);
      }
      if (verdict !== "pass") return this.#sendUnharmed(p, now, verdict.deliverAfterMs);
    }
    this.#sendWithFaults(p, now, length);
  }

  /** Releases every frame under way. */
  clear(): void {
    this.#underWay.clear();
    this.#timer.stop();
  }

  #sendUnharmed(p: Pbuf, now: number, delayMs: number): void {
    if (!(delayMs >= 0 && delayMs < Infinity)) {
      throw new RangeError(`Cannot deliver a frame after ${delayMs} ms`);
    }
    if (this.isPartitioned) {
      this.counters.partitionDropped++;
      return this.#log(now, "partitioned", p);
    }
    const copy = this.#copy(p, now);
    if (copy !== undefined) this.#launch(copy, now, now + delayMs);
  }

  // tidy: allow function-length one fault after the other, in the order that LinkFaults promises
  #sendWithFaults(p: Pbuf, now: number, length: number): void {
    const faults = this.#faults;
    // Everything is drawn before anything is decided: the fate of the n-th frame under one fault never
    // depends on the other faults.
    const isLost = faults.lossRate > 0 && randomUnit(this.#lossRandom) < faults.lossRate;
    const isBurstLost = faults.burstEnter > 0 && this.#stepBurst();
    const isTruncated = faults.truncateRate > 0 && randomUnit(this.#truncateRandom) < faults.truncateRate;
    const truncateTo = faults.truncateRate > 0 ? randomUnit(this.#truncateRandom) : 0;
    const isCorrupted = faults.corruptRate > 0 && randomUnit(this.#corruptRandom) < faults.corruptRate;
    const corruptAt = faults.corruptRate > 0 ? randomUnit(this.#corruptRandom) : 0;
    const jitterMs = faults.jitterMs > 0 ? randomUnit(this.#jitterRandom) * faults.jitterMs : 0;
    const isReordered = faults.reorderRate > 0 && randomUnit(this.#reorderRandom) < faults.reorderRate;
    const isDuplicated = faults.duplicateRate > 0 && randomUnit(this.#duplicateRandom) < faults.duplicateRate;
    const duplicateMs = faults.duplicateRate > 0
      ? randomUnit(this.#duplicateRandom) * faults.duplicateByMs
      : 0;

    if (length > faults.maxFrameBytes || (length > this.#linkMaxFrameBytes && p.gsoSize === 0)) {
      this.counters.oversizeDropped++;
      return this.#log(now, "oversize", p);
    }
    if (faults.policer !== undefined && !faults.policer.take(length, now)) {
      this.counters.policed++;
      return this.#log(now, "policed", p);
    }
    if (!this.hasQueueSpace(length)) {
      this.counters.queueDropped++;
      return this.#log(now, "queue-full", p);
    }
    const isMarked = faults.markAboveBytes < Infinity && this.backlogBytes > faults.markAboveBytes;
    const departsAt = Math.max(now, this.#busyUntil) + length * faults.msPerByte;
    this.#busyUntil = departsAt;
    if (faults.isOutage(departsAt)) {
      this.counters.outageDropped++;
      return this.#log(now, "outage", p);
    }
    if (this.isPartitioned) {
      this.counters.partitionDropped++;
      return this.#log(now, "partitioned", p);
    }
    if (isLost) {
      this.counters.lost++;
      return this.#log(now, "lost", p);
    }
    if (isBurstLost) {
      this.counters.burstLost++;
      return this.#log(now, "burst-lost", p);
    }
    const copy = this.#copy(p, now);
    if (copy === undefined) return;
    if (isMarked && markCongestion(copy, this.#linkHeaderBytes)) this.counters.marked++;
    if (isTruncated) this.#truncate(copy, now, truncateTo);
    if (faults.trailingBytes > 0) this.#pad(copy, faults.trailingBytes);
    if (isCorrupted) this.#corrupt(copy, now, corruptAt);

    let arrivesAt = Math.max(departsAt + faults.delayMs + jitterMs, this.#lastArrival);
    if (isReordered) {
      this.counters.reordered++;
      this.#log(now, "reordered", copy);
      arrivesAt += faults.reorderByMs;
    } else {
      this.#lastArrival = arrivesAt;
    }
    this.#launch(copy, now, arrivesAt);
    if (isDuplicated) {
      const second = this.#copy(copy, now);
      if (second === undefined) return;
      this.counters.duplicated++;
      this.#log(now, "duplicated", second);
      this.#launch(second, now, arrivesAt + duplicateMs);
    }
  }

  /** One step of the Gilbert–Elliott chain; true when it takes the frame. */
  #stepBurst(): boolean {
    const faults = this.#faults;
    const step = randomUnit(this.#burstRandom);
    const loss = randomUnit(this.#burstRandom);
    this.#isBurst = this.#isBurst ? step >= faults.burstLeave : step < faults.burstEnter;
    return this.#isBurst && loss < faults.burstLossRate;
  }

  /** A copy in one node with nothing of the sender's but the bytes and the offloads that the receiver understands. */
  #copy(p: Pbuf, now: number): Pbuf | undefined {
    const copy = this.#sim.pool.acquire(p.totalLength + this.#faults.trailingBytes, DEFAULT_HEADROOM);
    if (copy === undefined) {
      this.counters.noBufferDropped++;
      this.#log(now, "no-buffer", p);
      return undefined;
    }
    copy.end -= this.#faults.trailingBytes;
    let at = copy.start;
    for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
      copy.bytes.set(node.bytes.subarray(node.start, node.end), at);
      at += node.end - node.start;
    }
    copy.flags = p.flags & PBUF_CHECKSUM_VERIFIED;
    copy.gsoSize = p.gsoSize;
    if (p.checksumStart >= 0) {
      copy.checksumStart = copy.start + p.checksumStart - p.start;
      copy.checksumOffset = p.checksumOffset;
      if (this.#capabilities.rxChecksum) copy.flags |= PBUF_CHECKSUM_VERIFIED;
      else completeChecksum(copy);
    }
    return copy;
  }

  #truncate(p: Pbuf, now: number, fraction: number): void {
    if (p.length < 2) return;
    bareChecksum(p);
    p.end = p.start + 1 + Math.floor(fraction * (p.length - 1));
    this.counters.truncated++;
    this.#log(now, "truncated", p);
  }

  #pad(p: Pbuf, trailingBytes: number): void {
    bareChecksum(p);
    for (let i = 0; i < trailingBytes; i++) p.bytes[p.end++] = this.#trailingRandom.uint32() & 0xff;
  }

  #corrupt(p: Pbuf, now: number, fraction: number): void {
    if (p.length === 0) return;
    bareChecksum(p);
    const bit = Math.floor(fraction * p.length * 8);
    const offset = p.start + (bit >>> 3);
    p.bytes[offset] = p.bytes[offset]! ^ (0x80 >>> (bit & 7));
    this.counters.corrupted++;
    this.#log(now, "corrupted", p);
  }

  /** Takes ownership of `p`. */
  #launch(p: Pbuf, now: number, arrivesAt: number): void {
    this.#sim.events.record(now, this.name, "sent", arrivesAt, p);
    if (this.#underWay.insert(p, arrivesAt)) this.#timer.startAt(arrivesAt);
  }

  #deliverDue(): void {
    const now = this.#sim.clock.now();
    let count = 0;
    while (count < BATCH_FRAMES) {
      const p = this.#underWay.takeDue(now);
      if (p === undefined) break;
      if (this.#deliver(p, now)) count++;
    }
    const nextAt = this.#underWay.nextAt;
    if (nextAt !== Infinity) this.#timer.startAt(Math.max(now, nextAt));
    if (count > 0) this.sink?.inputBatchEnd();
  }

  #deliver(p: Pbuf, now: number): boolean {
    const sink = this.sink;
    if (this.isPartitioned || sink === undefined) {
      if (this.isPartitioned) this.counters.partitionDropped++;
      else this.counters.noReceiverDropped++;
      this.#log(now, this.isPartitioned ? "partitioned" : "no-receiver", p);
      p.release();
      return false;
    }
    this.counters.delivered++;
    this.counters.deliveredBytes += p.length;
    this.#log(now, "delivered", p);
    const hash = this.#sim.hash;
    hash.addNumber(now);
    hash.addWord(this.#nameHash);
    hash.addFrame(p);
    sink.linkInput(p);
    return true;
  }

  #log(now: number, kind: LinkEventKind, p: Pbuf): void {
    this.#sim.events.record(now, this.name, kind, now, p);
  }
}

/** A frame that is about to be damaged loses what vouches for it: its checksum is completed and no longer called verified. */
function bareChecksum(p: Pbuf): void {
  completeChecksum(p);
  p.flags &= ~PBUF_CHECKSUM_VERIFIED;
}
