/** {@linkcode skewedHost}: a host of a simulation whose clock is wrong, as every real one is.
 *
 * @module
 */
import { type Clock, type Random, TimerQueue } from "@lightwire/netif";
import type { Simulation } from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";

/** How a clock differs from the time of the simulation. */
export interface ClockSkew {
  /** How fast it runs: 1.0001 gains 100 ppm. */
  readonly rate: number;
  /** What it shows when the simulation begins, in milliseconds. */
  readonly offsetMs: number;
}

/** What a stack needs from its host. */
export interface SkewedHost {
  /** The wrong clock. */
  readonly clock: Clock;
  /** Timers on it. */
  readonly timers: TimerQueue;
  /** A random stream of its own. */
  readonly random: Random;
  /** The simulation's pool. */
  readonly pool: PbufPool;
}

/** Least time until the pump looks again when a deadline was missed by a rounding error. */
const ROUNDING_MS = 1e-3;

/** A host with a clock and a timer queue of its own. */
export function skewedHost(sim: Simulation, name: string, skew: ClockSkew): SkewedHost {
  const clock: Clock = { now: () => skew.offsetMs + sim.clock.now() * skew.rate };
  const timers = new TimerQueue(clock);
  const arm = (earliest: number): void => {
    const deadline = timers.nextDeadline();
    if (deadline === Infinity) return pump.stop();
    pump.startAt(Math.max(earliest, (deadline - skew.offsetMs) / skew.rate));
  };
  const pump = sim.timers.create(() => {
    const ran = timers.runDue();
    // None: it was put off, or a rounding error came too early.
    arm(sim.clock.now() + (ran === 0 ? ROUNDING_MS : 0));
  });
  timers.onEarlier = () => arm(sim.clock.now());
  return { clock, timers, random: sim.random(`host ${name}`), pool: sim.pool };
}
