import { assertEquals, assertThrows } from "@std/assert";
import { createLink } from "./sim_link.ts";
import { FrameRecorder } from "./frame_recorder.ts";
import { markCongestion } from "./congestion_mark.ts";
import type { LinkFaults } from "./link_faults.ts";
import { Policer } from "./policer.ts";
import { Simulation } from "./simulation.ts";

/** RFC 1071 over whole words; 0 when a checksum among them is right. */
function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 2) sum += bytes[i]! << 8 | bytes[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An IPv4 packet of 1,000 bytes with that ECN field. */
function packet(sim: Simulation, ecn: number) {
  const p = sim.pool.acquire(1000)!;
  for (let i = 0; i < 20; i++) p.view.setUint8(p.start + i, 0);
  p.view.setUint8(p.start, 0x45);
  p.view.setUint8(p.start + 1, ecn);
  p.view.setUint16(p.start + 2, 1000);
  p.view.setUint16(p.start + 10, checksum(p.bytes, p.start, p.start + 20));
  return p;
}

function transmitMany(faults: LinkFaults, fields: readonly number[]) {
  const sim = new Simulation({ seed: 1 });
  const [a, b, link] = createLink(sim, { aToB: faults });
  const recorder = new FrameRecorder(sim.clock);
  b.attach(recorder);
  for (const ecn of fields) {
    const p = packet(sim, ecn);
    a.transmit(p);
  }
  sim.runUntilIdle(60_000);
  sim.close();
  assertEquals(sim.pool.inUse, 0);
  return { got: recorder.frames.map(({ bytes }) => bytes[1]! & 3), frames: recorder.frames, link };
}

Deno.test("LinkFaults.markAboveBytes marks what finds a longer queue, if its transport understands it (RFC 3168 §5)", () => {
  const faults = { bandwidthBps: 1_000_000, markAboveBytes: 1500 };
  const { got, frames, link } = transmitMany(faults, [2, 2, 2, 1, 0, 3]);
  // The first waits behind nothing, the second behind 1,000 bytes, the third behind 2,000.
  assertEquals(got, [2, 2, 3, 3, 0, 3]);
  assertEquals(link.a.outbound.counters.marked, 3);
  for (const { bytes } of frames) assertEquals(checksum(bytes, 0, 20), 0, "the header checksum is right");
});

Deno.test("LinkFaults.markAboveBytes finds the IP header behind that of Ethernet, and IPv6 as well", () => {
  const sim = new Simulation({ seed: 1 });
  const p = sim.pool.acquire(60)!;
  for (let i = 0; i < 60; i++) p.view.setUint8(p.start + i, 0);
  p.view.setUint16(p.start + 12, 0x86dd);
  p.view.setUint16(p.start + 14, 0x6020);
  assertEquals(markCongestion(p, 14), true);
  assertEquals(p.view.getUint16(p.start + 14), 0x6030);
  p.view.setUint16(p.start + 14, 0x6000);
  assertEquals(markCongestion(p, 14), false);
  p.view.setUint16(p.start + 12, 0x0806);
  assertEquals(markCongestion(p, 14), false);
  p.release();
  sim.close();
});

Deno.test("Policer lets a burst pass, then its rate", () => {
  const policer = new Policer(1, 2500);
  assertEquals([0, 0, 0, 499, 500, 1500].map((at) => policer.take(1000, at)), [
    true,
    true,
    false,
    false,
    true,
    true,
  ]);
});

Deno.test("LinkFaults.policer drops what exceeds the rate, and counts it", () => {
  const { got, link } = transmitMany({ policer: { rateBps: 8000, burstBytes: 2000 } }, [0, 0, 0]);
  assertEquals([got.length, link.a.outbound.counters.policed], [2, 1]);
  assertThrows(() => transmitMany({ policer: { rateBps: 0, burstBytes: 1 } }, []), RangeError, "police");
});
