/** Simulated links and networks with virtual time: to test a protocol, or a whole stack, against loss, bursts of loss, delay,
 * jitter, reordering, duplication, corruption, truncation, narrow lines, outages and partitions, reproducibly by a seed.
 *
 * - {@linkcode Simulation} is the world: a clock, timers, a packet pool, random streams. Time moves by jumps.
 * - {@linkcode createLink} gives two link drivers with a wire between them, {@linkcode createSwitch} a segment of many.
 *   A driver made here is a `LinkDriver` like any other: a `Netif` and a stack go on top, or a `LinkSink` of your own.
 * - {@linkcode LinkFaults} says what a direction does to frames; {@linkcode SimChannel.setFaults} changes it on the way;
 *   the presets are bad networks by name.
 * - {@linkcode Simulation.packetHash} tells whether two runs were the same; {@linkcode Simulation.events} what happened last.
 *
 * @example Stop-and-wait: a protocol of thirty lines survives a line that loses a third of all frames
 * ```ts
 * import { createLink, FrameRecorder, Simulation } from "@lightwire/netif/sim";
 * import assert from "node:assert/strict";
 *
 * function run(seed: number): { received: number[]; hash: string; tookMs: number } {
 *   using sim = new Simulation({ seed });
 *   const [alice, bob] = createLink(sim, {
 *     aToB: { lossRate: 0.33, delayMs: 20 },
 *     bToA: { lossRate: 0.33, delayMs: 20 },
 *   });
 *   const send = (driver: typeof alice, byte: number) => {
 *     const p = sim.pool.acquire(1)!;
 *     p.view.setUint8(p.start, byte);
 *     driver.transmit(p);
 *   };
 *
 *   // Bob acknowledges every number, and takes each once.
 *   const received: number[] = [];
 *   bob.attach(
 *     new class extends FrameRecorder {
 *       override inputBatchEnd(): void {
 *         for (const { bytes } of this.frames.splice(0)) {
 *           if (bytes[0] === received.length) received.push(bytes[0]!);
 *           send(bob, bytes[0]!);
 *         }
 *       }
 *     }(sim.clock),
 *   );
 *
 *   // Alice repeats a number until it is acknowledged.
 *   let next = 0;
 *   const retry = sim.timers.create(() => {
 *     send(alice, next);
 *     retry.start(100);
 *   });
 *   alice.attach(
 *     new class extends FrameRecorder {
 *       override inputBatchEnd(): void {
 *         for (const { bytes } of this.frames.splice(0)) {
 *           if (bytes[0] === next) next++;
 *         }
 *         if (next < 20) retry.start(0);
 *         else retry.stop();
 *       }
 *     }(sim.clock),
 *   );
 *
 *   retry.start(0);
 *   assert.ok(sim.runUntil(() => next === 20, 60_000), sim.events.format());
 *   sim.close();
 *   assert.equal(sim.pool.inUse, 0);
 *   return { received, hash: sim.packetHash, tookMs: sim.clock.now() };
 * }
 *
 * const first = run(42);
 * assert.deepEqual(first.received, Array.from({ length: 20 }, (_, i) => i));
 * assert.deepEqual(run(42), first); // the same seed is the same run, byte for byte
 * assert.notEqual(run(43).hash, first.hash);
 * ```
 *
 * @module
 */
export * from "./virtual_clock.ts";
export * from "./simulation.ts";
export {
  type BurstLoss,
  firstVerdict,
  type LinkFaults,
  type LinkRule,
  type LinkVerdict,
  type PolicerOptions,
} from "./link_faults.ts";
export * from "./presets.ts";
export * from "./sim_channel.ts";
export * from "./sim_link.ts";
export * from "./sim_switch.ts";
export * from "./event_log.ts";
export * from "./packet_hash.ts";
export * from "./frame_recorder.ts";
