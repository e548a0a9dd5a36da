import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { seededRandom } from "@lightwire/netif";
import { FaultPort, type FaultPortOptions } from "./fault_port.ts";
import type { SerialPort, SerialSink } from "./serial_port.ts";

/** A port that takes at most `room` octets at a time, and the sink it was given. */
function createFarEnd(room = Infinity) {
  const far = { written: [] as number[], room, sink: undefined as SerialSink | undefined, isClosed: false };
  const port: SerialPort = {
    name: "far end",
    inputLines: { dcd: true, cts: true, dsr: true, ri: false },
    attach: (sink) => void (far.sink = sink),
    write(bytes, start = 0, end = bytes.length) {
      const taken = Math.min(end - start, far.room);
      far.room -= taken;
      far.written.push(...bytes.subarray(start, start + taken));
      return taken;
    },
    setBaudRate: () => {},
    setOutputLines: () => {},
    discardOutput: () => {},
    close: () => void (far.isClosed = true),
  };
  return { far, port };
}

function spoil(octets: Uint8Array, options: Omit<FaultPortOptions, "random">) {
  const { far, port } = createFarEnd();
  const bad = new FaultPort(port, { random: seededRandom("fault port"), ...options });
  assertEquals(bad.write(octets), octets.length);
  return { out: far.written, counters: bad.outbound };
}

const OCTETS = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);

Deno.test("fault port: without faults nothing is changed, in either direction", () => {
  const { far, port } = createFarEnd();
  const clean = new FaultPort(port, { random: seededRandom(1) });
  const got: number[] = [];
  const sink: SerialSink = {
    serialInput: (bytes) => void got.push(...bytes),
    serialWritable: () => {},
    serialLinesChanged: () => {},
    serialClosed: () => {},
  };
  clean.attach(sink);
  clean.write(OCTETS, 10, 20_000);
  far.sink!.serialInput(OCTETS.subarray(0, 9000));
  assertEquals(far.written, [...OCTETS.subarray(10, 20_000)]);
  assertEquals(got, [...OCTETS.subarray(0, 9000)]);
  assertEquals(clean.inputLines?.dcd, true);
  clean.close();
  assert(far.isClosed);
});

Deno.test("fault port: each fault comes at its rate, and is counted", () => {
  for (const rate of [1e-3, 1e-2, 0.5]) {
    const expected = OCTETS.length * rate;
    const spread = 5 * Math.sqrt(expected);
    const flipped = spoil(OCTETS, { outbound: { bitFlipRate: rate } });
    assertEquals(flipped.out.length, OCTETS.length);
    const different = flipped.out.filter((octet, i) => octet !== OCTETS[i]).length;
    assertEquals(different, flipped.counters.flipped);
    assertAlmostEquals(different, expected, spread);
    const dropped = spoil(OCTETS, { outbound: { dropRate: rate } });
    assertEquals(dropped.out.length, OCTETS.length - dropped.counters.dropped);
    assertAlmostEquals(dropped.counters.dropped, expected, spread);
    const inserted = spoil(OCTETS, { outbound: { insertRate: rate } });
    assertEquals(inserted.out.length, OCTETS.length + inserted.counters.inserted);
    assertAlmostEquals(inserted.counters.inserted, expected, spread);
  }
});

Deno.test("fault port: a line of seven bits clears bit 7, one with software flow control eats two characters", () => {
  const seven = spoil(OCTETS, { outbound: { isSevenBit: true } });
  assert(seven.out.every((octet, i) => octet === (OCTETS[i]! & 0x7f)));
  const eaten = spoil(OCTETS, { outbound: { eatenControls: 0x000a_0000 } });
  assertEquals(eaten.out, [...OCTETS].filter((octet) => octet !== 0x11 && octet !== 0x13));
  assertEquals(eaten.counters.eaten, OCTETS.length - eaten.out.length);
});

Deno.test("fault port: a receiver that cannot keep up loses octets of long busy times only", () => {
  let now = 0;
  const { far, port } = createFarEnd();
  const bad = new FaultPort(port, {
    random: seededRandom(1),
    clock: { now: () => now },
    outbound: { overrunAfterOctets: 200 },
  });
  for (let i = 0; i < 50; i++, now += 20) bad.write(OCTETS, 0, 200);
  assertEquals([far.written.length, bad.outbound.overrun], [10_000, 0]);
  for (let i = 0; i < 50; i++, now += 1) bad.write(OCTETS, 0, 200);
  assertGreater(bad.outbound.overrun, 100);
});

Deno.test("fault port: a full port pushes back, no octet is lost or given twice, and room is told", () => {
  const { far, port } = createFarEnd(1000);
  const bad = new FaultPort(port, { random: seededRandom(1), outbound: { insertRate: 0.1 } });
  let writable = 0;
  bad.attach({
    serialInput: () => {},
    serialWritable: () => void writable++,
    serialLinesChanged: () => {},
    serialClosed: () => {},
  });
  let at = 0;
  while (at < OCTETS.length) {
    const taken = bad.write(OCTETS, at);
    at += taken;
    if (at === OCTETS.length) break;
    const before = writable;
    while (writable === before) {
      far.room = 1000;
      far.sink!.serialWritable();
    }
  }
  far.room = Infinity;
  far.sink!.serialWritable();
  assertEquals(far.written.length, OCTETS.length + bad.outbound.inserted);
});
