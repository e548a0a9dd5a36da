/** {@linkcode Simulation}: the world that simulated hosts and links share.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import type { PbufClass } from "@lightwire/pbuf";
import type { MacAddress } from "../link.ts";
import { deriveRandom, type Random } from "../random.ts";
import { type Timer, TimerQueue } from "../timers.ts";
import { EventLog } from "./event_log.ts";
import { PacketHash } from "./packet_hash.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** Size classes of a {@linkcode Simulation}'s own pool: acknowledgements, frames, jumbo frames, super-segments. */
export const SIMULATION_CLASSES: readonly PbufClass[] = [
  { slotBytes: 256, slots: 4096 },
  { slotBytes: 2048, slots: 8192 },
  { slotBytes: 10240, slots: 1024 },
  { slotBytes: 67584, slots: 128 },
];

/** Timers that may run at one instant before a {@linkcode Simulation} calls it a livelock. */
export const DEFAULT_STEP_LIMIT = 1_000_000;

/** Options of a {@linkcode Simulation}. */
export interface SimulationOptions {
  /** Every random stream is derived from it; the same seed gives the same run. */
  readonly seed: number | string;
  /** What the clock shows first, in milliseconds; default 0. */
  readonly startMs?: number;
  /** The packet pool of all hosts; default: an own one with {@linkcode SIMULATION_CLASSES}. */
  readonly pool?: PbufPool;
  /** Link events to remember; default 50. */
  readonly logEvents?: number;
  /** Timers that may run at one instant; default {@linkcode DEFAULT_STEP_LIMIT}. */
  readonly stepLimit?: number;
}

/** What a protocol stack needs from its host; made by {@linkcode Simulation.host}. */
export interface SimulatedHost {
  /** The simulation's clock. */
  readonly clock: VirtualClock;
  /** The simulation's timers. */
  readonly timers: TimerQueue;
  /** A random stream of this host alone. */
  readonly random: Random;
  /** The simulation's pool. */
  readonly pool: PbufPool;
}

/** Something that a {@linkcode Simulation} closes with itself. */
export interface SimulationPart {
  /** Releases every frame that is under way. */
  close(): void;
}

/** A world with its own time and its own chance: one clock, one timer queue, one packet pool, random streams derived
 * from one seed by name. Time moves only by jumps from one timer to the next, so that an hour takes as long as its events.
 *
 * Nothing here knows what travels over the links: a user's own protocol is tested the same way as TCP.
 *
 * @example An hour passes at once, and at the right moments
 * ```ts
 * import { Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const ticks: number[] = [];
 * const timer = sim.timers.create(() => {
 *   ticks.push(sim.clock.now());
 *   timer.start(1_200_000);
 * });
 * timer.start(1_200_000);
 * sim.advance(3_600_000);
 * assert.deepEqual(ticks, [1_200_000, 2_400_000, 3_600_000]);
 * ```
 */
export class Simulation {
  /** Where all randomness comes from. */
  readonly seed: number | string;
  /** The time of all hosts. */
  readonly clock: VirtualClock;
  /** The timers of all hosts and links. */
  readonly timers: TimerQueue;
  /** The packets of all hosts and links. */
  readonly pool: PbufPool;
  /** The last things that happened on the links. */
  readonly events: EventLog;
  /** Fingerprint of all frames delivered so far, with their times and directions. Internal to the links; read {@linkcode packetHash}. */
  readonly hash: PacketHash = new PacketHash();
  readonly #stepLimit: number;
  readonly #streams = new Map<string, Random>();
  readonly #parts: SimulationPart[] = [];
  #linkCount = 0;
  #macCount = 0;

  /** A world in which nothing has happened yet. Only the seed is required. */
  constructor(options: SimulationOptions) {
    this.seed = options.seed;
    this.clock = new VirtualClock(options.startMs);
    this.timers = new TimerQueue(this.clock);
    this.pool = options.pool ?? new PbufPool(SIMULATION_CLASSES);
    this.events = new EventLog(options.logEvents);
    this.#stepLimit = options.stepLimit ?? DEFAULT_STEP_LIMIT;
  }

  /** Fingerprint of all frames delivered so far (bytes, times, directions): 16 hexadecimal digits. Two runs of the same
   * program with the same seed have the same one. */
  get packetHash(): string {
    return this.hash.toString();
  }

  /** The random stream of that name: the same object each time, independent of all other names. */
  random(name: string): Random {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = deriveRandom(this.seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** What a protocol stack needs from its host, with a random stream of its own.
   *
   * @param name names the random stream; the hosts of one simulation have different ones.
   */
  host(name: string): SimulatedHost {
    return { clock: this.clock, timers: this.timers, random: this.random(`host ${name}`), pool: this.pool };
  }

  /** Runs `callback` once, `delayMs` from now.
   *
   * @returns the timer, to stop it.
   */
  after(delayMs: number, callback: () => void): Timer {
    const timer = this.timers.create(callback);
    timer.start(delayMs);
    return timer;
  }

  /** Lets `ms` milliseconds pass: runs every timer due meanwhile, each at its instant.
   *
   * @throws {RangeError} if `ms` is negative or not finite.
   * @throws {Error} on a livelock: {@linkcode SimulationOptions.stepLimit} timers ran at one instant.
   */
  advance(ms: number): void {
    const target = this.clock.now() + ms;
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`Cannot advance a simulation by ${ms} ms`);
    while (this.#step(target));
    this.clock.advanceTo(target);
  }

  /** Lets time pass until `predicate` holds. It is asked first, and again whenever all timers of one instant have run.
   *
   * @param limitMs at most this long; when it holds never, all of it passes.
   * @returns whether it holds.
   * @throws {RangeError} if `limitMs` is negative or not finite.
   * @throws {Error} on a livelock: {@linkcode SimulationOptions.stepLimit} timers ran at one instant.
   */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    if (!(limitMs >= 0 && limitMs < Infinity)) {
      throw new RangeError(`Cannot run a simulation for ${limitMs} ms`);
    }
    const target = this.clock.now() + limitMs;
    while (!predicate()) {
      if (this.#step(target)) continue;
      this.clock.advanceTo(target);
      return predicate();
    }
    return true;
  }

  /** Lets time pass until no timer is armed and so nothing can happen any more.
   *
   * @param limitMs at most this long.
   * @returns whether it is idle; the clock then shows when the last timer ran.
   * @throws {RangeError} if `limitMs` is negative or not finite.
   * @throws {Error} on a livelock: {@linkcode SimulationOptions.stepLimit} timers ran at one instant.
   */
  runUntilIdle(limitMs: number): boolean {
    return this.runUntil(() => this.timers.size === 0, limitMs);
  }

  /** Adds something to be closed with the simulation. Called by the links themselves. */
  adopt(part: SimulationPart): void {
    this.#parts.push(part);
  }

  /** A name for a link that was given none: "link1", "link2", …. */
  nextLinkName(): string {
    return `link${++this.#linkCount}`;
  }

  /** A locally administered station address nobody else in this simulation has: 02:00:00:00:00:01, …. */
  nextMacAddress(): MacAddress {
    return 0x02_00_00_00_00_00 + ++this.#macCount;
  }

  /** Closes all links: frames under way are released. The hosts' own packets stay theirs to release. */
  close(): void {
    for (const part of this.#parts) part.close();
  }

  /** {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Jumps to the next instant at which a timer is due, if that is not after `target`, and runs it. */
  #step(target: number): boolean {
    const deadline = this.timers.nextDeadline();
    if (deadline > target) return false;
    if (deadline > this.clock.now()) this.clock.advanceTo(deadline);
    if (this.timers.runDue(this.#stepLimit) >= this.#stepLimit) {
      throw new Error(
        `Cannot go on: ${this.#stepLimit} timers ran at ${this.clock.now()} ms, time stands still`,
      );
    }
    return true;
  }
}
