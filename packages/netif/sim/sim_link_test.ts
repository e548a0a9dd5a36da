import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { type Pbuf, PBUF_CHECKSUM_VERIFIED } from "@lightwire/pbuf";
import { FrameRecorder } from "./frame_recorder.ts";
import type { LinkFaults } from "./link_faults.ts";
import { createLink, type SimDriver, type SimLinkOptions } from "./sim_link.ts";
import { Simulation } from "./simulation.ts";

function frame(sim: Simulation, length: number, mark: number = 0): Pbuf {
  const p = sim.pool.acquire(length)!;
  p.bytes.fill(0, p.start, p.end);
  if (length >= 4) p.view.setUint32(p.start, mark);
  else if (length > 0) p.view.setUint8(p.start, mark);
  return p;
}

function mark(bytes: Uint8Array): number {
  return bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0);
}

/** Sends `count` frames of `length` bytes, one per `gapMs`, and returns what arrived. */
function run(
  faults: LinkFaults,
  { count = 1, length = 100, gapMs = 0, seed = 1 as number | string, options = {} as SimLinkOptions } = {},
): { a: SimDriver; marks: number[]; received: FrameRecorder; sim: Simulation } {
  const sim = new Simulation({ seed });
  const [a, b] = createLink(sim, { ...options, aToB: faults });
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  for (let i = 0; i < count; i++) {
    assert(a.transmit(frame(sim, length, i)));
    if (gapMs > 0) sim.advance(gapMs);
  }
  assert(sim.runUntilIdle(1_000_000));
  assertEquals(sim.pool.inUse, 0);
  return { a, marks: received.frames.map((f) => mark(f.bytes)), received, sim };
}

Deno.test("createLink() delivers unharmed, in order, later than the call", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim);
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  a.transmit(frame(sim, 100, 1));
  a.transmit(frame(sim, 60, 2));
  assertEquals(received.frames.length, 0);
  sim.advance(0);
  assertEquals(received.frames.map((f) => [f.at, f.bytes.length, mark(f.bytes)]), [[0, 100, 1], [0, 60, 2]]);
  assertEquals(received.batches, [2]);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("createLink() works both ways and keeps the directions apart", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { delayMs: 5 }, bToA: { delayMs: 7 } });
  const atA = new FrameRecorder(sim.clock);
  const atB = new FrameRecorder(sim.clock);
  a.attach(atA);
  b.attach(atB);
  a.transmit(frame(sim, 10, 1));
  b.transmit(frame(sim, 10, 2));
  sim.advance(100);
  assertEquals(atA.frames.map((f) => [f.at, mark(f.bytes)]), [[7, 2]]);
  assertEquals(atB.frames.map((f) => [f.at, mark(f.bytes)]), [[5, 1]]);
});

Deno.test("transmit() never hands over from within a call of the receiver", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim);
  let depth = 0;
  let count = 0;
  const echo = (driver: SimDriver) => ({
    linkInput(p: Pbuf): void {
      assertEquals(++depth, 1);
      if (++count < 100) driver.transmit(p);
      else p.release();
      depth--;
    },
    inputBatchEnd(): void {},
    linkStateChanged(): void {},
    linkWritable(): void {},
  });
  a.attach(echo(a));
  b.attach(echo(b));
  a.transmit(frame(sim, 10));
  sim.advance(0);
  assertEquals(count, 100);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("a batch ends after at most 64 frames, and always", () => {
  const { received } = run({}, { count: 150 });
  assertEquals(received.batches, [64, 64, 22]);
});

Deno.test("a chain arrives as one node of its own memory", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim);
  const received: Pbuf[] = [];
  b.attach({
    linkInput: (p) => received.push(p),
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable() {},
  });
  const head = frame(sim, 4, 0x01020304);
  head.next = frame(sim, 3, 5);
  head.retain();
  a.transmit(head);
  sim.advance(0);
  const p = received[0]!;
  assert(p !== head && p.next === undefined);
  assertEquals(Array.from(p.bytes.subarray(p.start, p.end)), [1, 2, 3, 4, 5, 0, 0]);
  head.release();
  p.release();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("lossRate: the measured rate is the wanted one", () => {
  for (const lossRate of [0.001, 0.01, 0.1, 0.5]) {
    const count = 20_000;
    const { a, marks } = run({ lossRate }, { count, gapMs: 1 });
    assertEquals(a.outbound.counters.lost, count - marks.length);
    const sigma = Math.sqrt(count * lossRate * (1 - lossRate));
    assertLess(Math.abs(a.outbound.counters.lost - count * lossRate), 4 * sigma);
  }
});

Deno.test("lossRate: 0 loses nothing, 1 everything", () => {
  assertEquals(run({ lossRate: 0 }, { count: 1000 }).marks.length, 1000);
  assertEquals(run({ lossRate: 1 }, { count: 1000 }).marks.length, 0);
});

Deno.test("lossRate: which frames are lost is a matter of the seed", () => {
  const lost = (seed: number | string) => run({ lossRate: 0.2 }, { count: 200, seed }).marks;
  assertEquals(lost(5), lost(5));
  assert(lost(5).join() !== lost(6).join());
  assertEquals(lost("five"), lost("five"));
});

Deno.test("burstLoss: rate and mean length are those of the Gilbert-Elliott chain", () => {
  const count = 50_000;
  const { a, marks } = run({ burstLoss: { enter: 0.01, leave: 0.2 } }, { count, gapMs: 1 });
  // Stationary share of the bad state: enter / (enter + leave).
  const rate = a.outbound.counters.burstLost / count;
  assertLess(Math.abs(rate - 0.01 / 0.21), 0.006);
  let bursts = 0;
  for (let i = 1; i < marks.length; i++) if (marks[i]! - marks[i - 1]! > 1) bursts++;
  assertLess(Math.abs(a.outbound.counters.burstLost / bursts - 5), 0.5);
});

Deno.test("burstLoss: lossRate is that of the bad state only", () => {
  const { a } = run({ burstLoss: { enter: 1, leave: 0, lossRate: 0.25 } }, { count: 20_000, gapMs: 1 });
  assertLess(Math.abs(a.outbound.counters.burstLost - 5000), 4 * Math.sqrt(20_000 * 0.25 * 0.75));
});

Deno.test("the fate of a frame under one fault does not depend on the other faults", () => {
  const alone = run({ lossRate: 0.1 }, { count: 500 }).marks;
  const together = run({
    lossRate: 0.1,
    corruptRate: 0.3,
    jitterMs: 5,
    duplicateByMs: 1,
    reorderRate: 0.2,
    truncateRate: 0.1,
  }, { count: 500, length: 200 });
  assertEquals(together.received.frames.length, alone.length);
  const dropped = run({ corruptRate: 0.1 }, { count: 500 }).received.frames;
  const both = run({ corruptRate: 0.1, duplicateRate: 1 }, { count: 500 }).received.frames;
  assertEquals(both.filter((_, i) => i % 2 === 0).map((f) => f.bytes), dropped.map((f) => f.bytes));
});

Deno.test("delayMs: each frame arrives exactly that much later", () => {
  const { received } = run({ delayMs: 12.5 }, { count: 3, gapMs: 10 });
  assertEquals(received.frames.map((f) => f.at), [12.5, 22.5, 32.5]);
});

Deno.test("jitterMs: delays are spread over the interval, and nothing is overtaken", () => {
  const { received, marks } = run({ delayMs: 100, jitterMs: 50 }, { count: 1000, gapMs: 100 });
  const delays = received.frames.map((f, i) => f.at - 100 * i);
  assertGreater(Math.min(...delays), 99.999);
  assertLess(Math.min(...delays), 102);
  assertLess(Math.max(...delays), 150);
  assertGreater(Math.max(...delays), 148);
  assertEquals(marks, marks.toSorted((x, y) => x - y));
  const dense = run({ jitterMs: 50 }, { count: 1000, gapMs: 1 });
  assertEquals(dense.marks, dense.marks.toSorted((x, y) => x - y));
});

Deno.test("reorderRate: a held frame is overtaken by those of the next reorderByMs", () => {
  const { marks, received, a } = run({ reorderRate: 0.1, reorderByMs: 25 }, { count: 1000, gapMs: 10 });
  assertEquals(marks.length, 1000);
  assertEquals(
    a.outbound.counters.reordered,
    received.frames.filter((f, i) => f.at !== 10 * marks[i]!).length,
  );
  assertLess(Math.abs(a.outbound.counters.reordered - 100), 40);
  for (let i = 0; i < 1000; i++) {
    const late = received.frames[i]!.at - 10 * marks[i]!;
    assert(late === 0 || late === 25);
    // Two later frames at most have passed it by.
    if (late === 25) assertEquals(marks.slice(0, i).filter((m) => m > marks[i]!).length <= 2, true);
  }
  assert(marks.some((m, i) => i > 0 && m < marks[i - 1]!));
});

Deno.test("duplicateRate: the second copy follows at once, or up to duplicateByMs later", () => {
  const all = run({ duplicateRate: 1 }, { count: 3 });
  assertEquals(all.marks, [0, 0, 1, 1, 2, 2]);
  const { received, a } = run({ duplicateRate: 0.3, duplicateByMs: 40 }, { count: 1000, gapMs: 100 });
  const { duplicated } = a.outbound.counters;
  assertEquals(received.frames.length, 1000 + duplicated);
  assertLess(Math.abs(duplicated - 300), 60);
  const late = received.frames.map((f) => f.at - 100 * mark(f.bytes)).filter((ms) => ms > 0);
  assertGreater(Math.max(...late), 35);
  assertLess(Math.max(...late), 40);
});

Deno.test("corruptRate: exactly one bit, in a private copy, everywhere in the frame", () => {
  const sim = new Simulation({ seed: 3 });
  const [a, b] = createLink(sim, { aToB: { corruptRate: 1 } });
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  const p = frame(sim, 8);
  for (let i = 0; i < 2000; i++) a.transmit(p.retain());
  sim.advance(0);
  assertEquals(Array.from(p.bytes.subarray(p.start, p.end)), [0, 0, 0, 0, 0, 0, 0, 0]);
  p.release();
  const hits = new Map<string, number>();
  for (const { bytes } of received.frames) {
    const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
    assertEquals(bits.replaceAll("0", ""), "1");
    hits.set(bits, (hits.get(bits) ?? 0) + 1);
  }
  assertEquals(hits.size, 64);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("truncateRate: lengths from 1 to one less than the frame's", () => {
  const { received } = run({ truncateRate: 1 }, { count: 500, length: 10 });
  const lengths = new Set(received.frames.map((f) => f.bytes.length));
  assertEquals([...lengths].toSorted((x, y) => x - y), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(run({ truncateRate: 1 }, { length: 1, count: 3 }).received.frames.map((f) => f.bytes.length), [
    1,
    1,
    1,
  ]);
});

Deno.test("trailingBytes: rubbish behind an intact frame", () => {
  const { received, marks } = run({ trailingBytes: 18 }, { count: 2, length: 46 });
  assertEquals(marks, [0, 1]);
  assertEquals(received.frames.map((f) => f.bytes.length), [64, 64]);
  assert(received.frames[0]!.bytes.subarray(46).some((b) => b !== 0));
});

Deno.test("maxFrameBytes: longer frames vanish", () => {
  assertEquals(run({ maxFrameBytes: 100 }, { length: 100 }).received.frames.length, 1);
  const { a, received } = run({ maxFrameBytes: 99 }, { length: 100 });
  assertEquals(received.frames.length, 0);
  assertEquals(a.outbound.counters.oversizeDropped, 1);
});

Deno.test("mtu: a frame beyond it is dropped and counted", () => {
  const cases = [["ip", 1500, 1], ["ip", 1501, 0], ["ethernet", 1518, 1], ["ethernet", 1519, 0]] as const;
  for (const [medium, length, arrive] of cases) {
    const { a, received } = run({}, { length, options: { medium } });
    assertEquals(received.frames.length, arrive);
    assertEquals(a.outbound.counters.oversizeDropped, 1 - arrive);
  }
});

Deno.test("bandwidthBps: frames leave back to back at the rate of the line", () => {
  const { received } = run({ bandwidthBps: 1_000_000, delayMs: 3 }, { count: 4, length: 1250 });
  assertEquals(received.frames.map((f) => f.at), [13, 23, 33, 43]);
});

Deno.test("bandwidthBps: an idle line starts at once", () => {
  const { received } = run({ bandwidthBps: 1_000_000 }, { count: 3, length: 125, gapMs: 5 });
  assertEquals(received.frames.map((f) => f.at), [1, 6, 11]);
});

Deno.test("queueBytes: drop tail, by bytes that have not left yet", () => {
  // At 1000 bytes a second: three frames fit, the fourth meets 300 bytes waiting.
  const full = run({ bandwidthBps: 8000, queueBytes: 300 }, { count: 5, length: 100 });
  assertEquals(full.marks, [0, 1, 2]);
  assertEquals(full.a.outbound.counters.queueDropped, 2);
  // At twice the rate of the line, every other frame has left when the next ones come.
  const paced = run({ bandwidthBps: 8000, queueBytes: 300 }, { count: 6, length: 100, gapMs: 50 });
  assertEquals(paced.marks, [0, 1, 2, 3, 4]);
  const slow = run({ bandwidthBps: 8000, queueBytes: 200 }, { count: 6, length: 100, gapMs: 50 });
  assertEquals(slow.marks, [0, 1, 2, 4]);
});

Deno.test("queueBytes: an idle line takes even a frame that is longer", () => {
  assertEquals(run({ bandwidthBps: 8000, queueBytes: 10 }, { count: 2, length: 100 }).marks, [0]);
});

Deno.test('whenFull "wait": transmit() returns false, and linkWritable() comes when the queue is half empty', () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { bandwidthBps: 8000, queueBytes: 400 }, whenFull: "wait" });
  const sender = new FrameRecorder(sim.clock);
  a.attach(sender);
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  for (let i = 0; i < 4; i++) assert(a.transmit(frame(sim, 100)));
  const fifth = frame(sim, 100);
  assertEquals(a.transmit(fifth), false);
  sim.advance(199.9);
  assertEquals(sender.writableCount, 0);
  sim.advance(0.1);
  assertEquals(sender.writableCount, 1);
  assert(a.transmit(fifth));
  sim.runUntilIdle(1000);
  assertEquals(received.frames.map((f) => f.at), [100, 200, 300, 400, 500]);
  assertEquals(a.outbound.counters.queueDropped, 0);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test('whenFull "wait": a frame longer than the queue waits until the line is idle', () => {
  for (const startMs of [0, 2 ** 32 + 1 / 3]) {
    const sim = new Simulation({ seed: 1, startMs });
    const [a, b] = createLink(sim, { aToB: { bandwidthBps: 1e9, queueBytes: 400 }, whenFull: "wait" });
    const received = new FrameRecorder(sim.clock);
    b.attach(received);
    const waiting = Array.from({ length: 50 }, () => frame(sim, 1000));
    let attempts = 0;
    const go = () => {
      attempts++;
      while (waiting.length > 0 && a.transmit(waiting[0]!)) waiting.shift();
    };
    a.attach({ linkInput: (p) => p.release(), inputBatchEnd() {}, linkStateChanged() {}, linkWritable: go });
    go();
    assert(sim.runUntilIdle(1000));
    assertEquals(received.frames.length, 50);
    assertLess(attempts, 200);
    assertEquals(sim.pool.inUse, 0);
  }
});

Deno.test("outages: what leaves in an interval is lost, its end excluded", () => {
  const { marks, a } = run({ outages: [[20, 40], [60, 70]], delayMs: 100 }, { count: 8, gapMs: 10 });
  assertEquals(marks, [0, 1, 4, 5, 7]);
  assertEquals(a.outbound.counters.outageDropped, 3);
});

Deno.test("rule: the verdict goes before every fault", () => {
  const rule = (p: Pbuf, at: number) => {
    assertEquals(at, 0);
    const m = p.view.getUint32(p.start);
    return m === 1 ? "drop" : m === 2 ? { deliverAfterMs: 42 } : "pass";
  };
  const { received, a, marks } = run({ rule, lossRate: 1, delayMs: 7 }, { count: 4 });
  assertEquals(marks, [2]);
  assertEquals(received.frames[0]!.at, 42);
  assertEquals(a.outbound.counters.ruleDropped, 1);
  assertEquals(a.outbound.counters.lost, 2);
});

Deno.test("partition() loses what is under way and what comes, heal() ends that", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b, link] = createLink(sim, { aToB: { delayMs: 10 }, bToA: { delayMs: 10 } });
  const atA = new FrameRecorder(sim.clock);
  const atB = new FrameRecorder(sim.clock);
  a.attach(atA);
  b.attach(atB);
  const both = (m: number) => {
    a.transmit(frame(sim, 10, m));
    b.transmit(frame(sim, 10, m));
  };
  both(1);
  sim.advance(5);
  link.partition();
  both(2);
  sim.advance(20);
  link.heal();
  both(3);
  sim.advance(20);
  link.partition("aToB");
  both(4);
  sim.advance(20);
  assertEquals(atA.frames.map((f) => mark(f.bytes)), [3, 4]);
  assertEquals(atB.frames.map((f) => mark(f.bytes)), [3]);
  assertEquals(a.outbound.counters.partitionDropped, 3);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("setFaults() changes the faults of the frames to come", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { delayMs: 50 } });
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  a.transmit(frame(sim, 10, 1));
  a.outbound.setFaults({ delayMs: 10 });
  a.transmit(frame(sim, 10, 2));
  sim.advance(100);
  // The second is faster, but does not overtake: that would be reordering.
  assertEquals(received.frames.map((f) => [f.at, mark(f.bytes)]), [[50, 1], [50, 2]]);
});

Deno.test("setCarrier() tells both interfaces", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b, link] = createLink(sim);
  const sinks = [a, b].map((driver) => {
    const recorder = new FrameRecorder(sim.clock);
    driver.attach(recorder);
    return recorder;
  });
  link.setCarrier(false);
  link.setCarrier(true);
  assertEquals(sinks.map((s) => s.carrier), [[false, true], [false, true]]);
});

Deno.test("nobody at the far end: counted and released", () => {
  const sim = new Simulation({ seed: 1 });
  const [a] = createLink(sim);
  a.transmit(frame(sim, 10));
  sim.advance(0);
  assertEquals(a.outbound.counters.noReceiverDropped, 1);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("close() releases what is under way to it, and takes nothing more", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { delayMs: 10 }, bToA: { delayMs: 10 } });
  const received = new FrameRecorder(sim.clock);
  a.attach(new FrameRecorder(sim.clock));
  b.attach(received);
  a.transmit(frame(sim, 10, 1));
  b.transmit(frame(sim, 10, 2));
  a.close();
  assertEquals(sim.pool.inUse, 1);
  assert(a.transmit(frame(sim, 10, 3)));
  sim.advance(100);
  assertEquals(received.frames.map((f) => mark(f.bytes)), [1]);
  b.close();
  assertEquals(sim.pool.inUse, 0);
  assertEquals(sim.timers.size, 0);
});

Deno.test("an exhausted pool drops on the wire and is counted", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { duplicateRate: 1 } });
  b.attach(new FrameRecorder(sim.clock));
  const p = frame(sim, 10);
  const q = frame(sim, 10);
  sim.pool.failAfter(1);
  a.transmit(p); // the copy has a slot, its duplicate none
  a.transmit(q);
  sim.pool.failAfter(-1);
  sim.advance(0);
  assertEquals(a.outbound.counters.noBufferDropped, 2);
  assertEquals(a.outbound.counters.delivered, 1);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("checksum offload: verified on arrival, completed when the receiver wants it or the frame is damaged", () => {
  const offer = (rxChecksum: boolean, faults: LinkFaults) => {
    const sim = new Simulation({ seed: 1 });
    const capabilities = { txChecksum: true, rxChecksum, gsoMaxBytes: 0, gro: false };
    const [a, b] = createLink(sim, { aToB: faults, capabilities });
    const received = new FrameRecorder(sim.clock);
    b.attach(received);
    const p = frame(sim, 12, 0x12345678);
    p.checksumStart = p.start + 4; // sum over bytes 4 … 11, field at 6, holding a pseudo header's sum of 0x1111
    p.checksumOffset = 2;
    p.view.setUint16(p.start + 6, 0x1111);
    p.view.setUint32(p.start + 8, 0x20003000);
    a.transmit(p);
    sim.advance(0);
    assertEquals(sim.pool.inUse, 0);
    return received.frames[0]!;
  };
  const verified = offer(true, {});
  assertEquals(verified.flags & PBUF_CHECKSUM_VERIFIED, PBUF_CHECKSUM_VERIFIED);
  assertEquals(new DataView(verified.bytes.buffer).getUint16(6), 0x1111);
  const completed = offer(false, {});
  assertEquals(completed.flags, 0);
  assertEquals(new DataView(completed.bytes.buffer).getUint16(6), ~0x6111 & 0xffff);
  const padded = offer(true, { trailingBytes: 2 });
  assertEquals(padded.flags, 0);
  assertEquals(new DataView(padded.bytes.buffer).getUint16(6), ~0x6111 & 0xffff);
});

Deno.test("createLink() refuses senseless faults", () => {
  const bad: LinkFaults[] = [
    { lossRate: 1.1 },
    { lossRate: -0.1 },
    { corruptRate: NaN },
    { burstLoss: { enter: 2, leave: 0 } },
    { delayMs: -1 },
    { jitterMs: Infinity },
    { bandwidthBps: 0 },
    { queueBytes: -1 },
    { outages: [[5, 4]] },
  ];
  for (const faults of bad) {
    assertThrows(() => createLink(new Simulation({ seed: 1 }), { aToB: faults }), RangeError);
  }
  assertThrows(() => createLink(new Simulation({ seed: 1 }), { mtu: 60 }), RangeError);
});

Deno.test("a super-segment crosses whole, keeping gsoSize, if the link can receive such", () => {
  const capabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65535, gro: true };
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { capabilities });
  const received = new FrameRecorder(sim.clock);
  b.attach(received);
  const p = frame(sim, 60_000);
  p.gsoSize = 1460;
  a.transmit(p);
  sim.advance(0);
  assertEquals(received.frames.map((f) => [f.bytes.length, f.gsoSize]), [[60_000, 1460]]);
  assertEquals(sim.pool.inUse, 0);
  assertThrows(() => createLink(sim, { capabilities: { ...capabilities, gro: false } }), RangeError);
});

Deno.test("onTransmit sees every frame, lost ones too", () => {
  const seen: [number, number, string][] = [];
  run({ lossRate: 1 }, {
    count: 2,
    gapMs: 3,
    options: {
      name: "wan",
      onTransmit: (p, at, channel) => seen.push([p.view.getUint32(p.start), at, channel]),
    },
  });
  assertEquals(seen, [[0, 0, "wan.aToB"], [1, 3, "wan.aToB"]]);
});
