/** Stacks in a simulation: virtual time for code that awaits.
 *
 * @example A connection over a slow link takes no time at all
 * ```ts
 * import { Stack } from "@lightwire/sockets";
 * import { runSimulation } from "@lightwire/sockets/sim";
 * import { createLink, Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * const sim = new Simulation({ seed: 1 });
 * const [linkA, linkB] = createLink(sim, { aToB: { delayMs: 300 }, bToA: { delayMs: 300 } });
 * const a = new Stack({ pump: "manual", ...sim.host("a") });
 * const b = new Stack({ pump: "manual", ...sim.host("b") });
 * a.addInterface({ driver: linkA, addresses: ["10.0.0.1/24"] });
 * b.addInterface({ driver: linkB, addresses: ["10.0.0.2/24"] });
 *
 * b.listen({ port: 7 });
 * const startedAt = sim.clock.now();
 * await runSimulation(sim, a.connect({ hostname: "10.0.0.2", port: 7 }));
 * assert.equal(sim.clock.now() - startedAt, 600); // SYN and its answer
 * a.close();
 * b.close();
 * sim.close();
 * ```
 *
 * @module
 */
import type { Clock } from "@lightwire/netif/clock";
import type { TimerQueue } from "@lightwire/netif/timers";
import { nextTurn } from "./host_environment.ts";

/** What {@linkcode runSimulation} needs of a `Simulation`. */
export interface SimulatedTime {
  /** Virtual time. */
  readonly clock: Clock;
  /** The timers of everything in the simulation. */
  readonly timers: TimerQueue;
  /** Lets time pass. */
  advance(ms: number): void;
}

/** Options of {@linkcode runSimulation}. */
export interface RunSimulationOptions {
  /** Most virtual milliseconds to let pass; default one hour. */
  readonly limitMs?: number;
}

/** Lets virtual time pass until `work` is settled: jumps from one timer to the next, and in between lets everything run
 * that awaits nothing but the stacks of the simulation.
 *
 * @returns what `work` resolves to; rejected as `work` is.
 * @throws {Error} when the limit is reached, or nothing is left to happen, while `work` is pending.
 */
export async function runSimulation<T>(
  simulation: SimulatedTime,
  work: Promise<T>,
  options: RunSimulationOptions = {},
): Promise<T> {
  const { clock, timers } = simulation;
  const limitMs = options.limitMs ?? 3_600_000;
  const endAt = clock.now() + limitMs;
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  work.then(settle, settle);
  for (;;) {
    await nextTurn();
    if (isSettled) return await work;
    const deadline = timers.nextDeadline();
    if (deadline === Infinity) {
      throw new Error("Cannot go on: nothing is left to happen, and the work is not done");
    }
    if (deadline > endAt) {
      throw new Error(`Cannot go on: the work is not done after ${limitMs} ms of virtual time`);
    }
    simulation.advance(Math.max(0, deadline - clock.now()));
  }
}
