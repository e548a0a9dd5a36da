/** Simulated drivers are link drivers like any other. */
import { assert } from "@std/assert";
import { type LinkCapabilities, NO_OFFLOAD } from "../link.ts";
import { LINK_CONFORMANCE, type LinkHarness } from "../link_conformance.ts";
import { FrameRecorder } from "./frame_recorder.ts";
import { createLink, type SimDriver } from "./sim_link.ts";
import { createSwitch } from "./sim_switch.ts";
import { Simulation } from "./simulation.ts";

const FULL: LinkCapabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true };

function harness(sim: Simulation, driver: SimDriver, far: SimDriver): LinkHarness {
  const recorder = new FrameRecorder(sim.clock);
  far.attach(recorder);
  return {
    driver,
    pool: sim.pool,
    settle: () => sim.advance(10),
    takeSent: () => recorder.frames.splice(0).map((frame) => frame.bytes),
    receive(frame) {
      const p = sim.pool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      assert(far.transmit(p));
    },
  };
}

function link(
  medium: "ethernet" | "ip",
  capabilities: LinkCapabilities,
  whenFull: "drop" | "wait",
): LinkHarness {
  const sim = new Simulation({ seed: 1 });
  const aToB = whenFull === "wait" ? { bandwidthBps: 1e9, queueBytes: 20_000 } : {};
  const [a, b] = createLink(sim, { medium, capabilities, whenFull, aToB });
  return harness(sim, a, b);
}

function segment(): LinkHarness {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createSwitch(sim, 2).drivers;
  return harness(sim, a!, b!);
}

const SETUPS: readonly (readonly [string, () => LinkHarness])[] = [
  ["a simulated Ethernet link", () => link("ethernet", NO_OFFLOAD, "drop")],
  ["a simulated link with every offload", () => link("ip", FULL, "drop")],
  ["a simulated link that pushes back", () => link("ip", NO_OFFLOAD, "wait")],
  ["a port of a simulated switch", segment],
];

for (const [name, make] of SETUPS) {
  for (const { name: promise, steps } of LINK_CONFORMANCE) {
    Deno.test(`${name}: ${promise}`, () => {
      const h = make();
      for (const _ of steps(h)) h.settle();
    });
  }
}
