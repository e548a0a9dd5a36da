import { assertEquals } from "@std/assert";
import { FrameRecorder } from "./frame_recorder.ts";
import { firstVerdict, type LinkFaults } from "./link_faults.ts";
import * as presets from "./presets.ts";
import { createLink } from "./sim_link.ts";
import { Simulation } from "./simulation.ts";

/** Sends frames of these lengths, one a millisecond; returns the lengths that arrived. */
function survivors(faults: LinkFaults, lengths: readonly number[]): number[] {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: faults });
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  for (const length of lengths) {
    a.transmit(sim.pool.acquire(length)!);
    sim.advance(1);
  }
  sim.runUntilIdle(1_000_000);
  assertEquals(sim.pool.inUse, 0);
  return received.frames.map((f) => f.bytes.length);
}

Deno.test("noPayloadPacketLoss() loses each n-th short frame only", () => {
  assertEquals(survivors(presets.noPayloadPacketLoss(1), [60, 78, 79, 1500]), [79, 1500]);
  assertEquals(survivors(presets.noPayloadPacketLoss(2, 50), [40, 1000, 41, 42, 43]), [40, 1000, 42]);
});

Deno.test("frameSizeEnforced() and trailingBytes()", () => {
  assertEquals(survivors(presets.frameSizeEnforced(576), [576, 577]), [576]);
  assertEquals(survivors(presets.trailingBytes(10), [50]), [60]);
});

Deno.test("drop1SecondAfter1Megabyte() is silent for a second, then not", () => {
  const lengths = Array.from({ length: 2500 }, () => 1000);
  assertEquals(survivors(presets.drop1SecondAfter1Megabyte(), lengths).length, 1500 + 1);
});

Deno.test("uniformPacketLoss() and the lines by name are accepted faults", () => {
  assertEquals(survivors(presets.uniformPacketLoss(1), [100]), []);
  for (const faults of [presets.modemLine(), presets.satellite(), presets.mobileEdge()]) {
    assertEquals(survivors(faults, [100]), [100]);
  }
});

Deno.test("firstVerdict() takes the first verdict that is not pass", () => {
  const isLong = (bytes: number) => (p: { totalLength: number }) => p.totalLength > bytes ? "drop" : "pass";
  assertEquals(survivors({ rule: firstVerdict(isLong(100), isLong(50)) }, [40, 60, 120]), [40]);
  assertEquals(survivors({ rule: firstVerdict() }, [40]), [40]);
});
