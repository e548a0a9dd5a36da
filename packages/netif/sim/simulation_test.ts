import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { FrameRecorder } from "./frame_recorder.ts";
import { createLink } from "./sim_link.ts";
import { Simulation } from "./simulation.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("VirtualClock moves forward only", () => {
  const clock = new VirtualClock(1000);
  clock.advance(0);
  clock.advance(0.25);
  assertEquals(clock.now(), 1000.25);
  clock.advanceTo(1001);
  assertEquals(clock.now(), 1001);
  for (const ms of [-1, NaN, Infinity]) assertThrows(() => clock.advance(ms), RangeError);
  for (const at of [1000, NaN, Infinity]) assertThrows(() => clock.advanceTo(at), RangeError);
  assertThrows(() => new VirtualClock(NaN), RangeError);
});

Deno.test("advance() runs each timer at its instant, in order of deadline and arming", () => {
  const sim = new Simulation({ seed: 1, startMs: 100 });
  const log: string[] = [];
  const note = (name: string) => () => log.push(`${name}@${sim.clock.now()}`);
  sim.after(20, note("c"));
  sim.after(10, note("a"));
  sim.after(10, () => {
    note("b")();
    sim.after(0, note("b2"));
  });
  sim.after(10, note("b1"));
  sim.after(50.5, note("d"));
  sim.advance(50);
  assertEquals(log, ["a@110", "b@110", "b1@110", "b2@110", "c@120"]);
  assertEquals(sim.clock.now(), 150);
  sim.advance(0.5);
  assertEquals(log.at(-1), "d@150.5");
});

Deno.test("advance() and runUntil() refuse a time that is negative or endless", () => {
  const sim = new Simulation({ seed: 1 });
  for (const ms of [-1, NaN, Infinity]) {
    assertThrows(() => sim.advance(ms), RangeError);
    assertThrows(() => sim.runUntil(() => false, ms), RangeError);
  }
});

Deno.test("runUntil() stops at the instant at which the predicate holds", () => {
  const sim = new Simulation({ seed: 1 });
  let count = 0;
  const timer = sim.timers.create(() => {
    count++;
    timer.start(10);
  });
  timer.start(10);
  assert(sim.runUntil(() => count === 3, 1000));
  assertEquals(sim.clock.now(), 30);
  assertEquals(sim.runUntil(() => count === 100, 65), false);
  assertEquals(sim.clock.now(), 95);
  assertEquals(count, 9);
  assert(sim.runUntil(() => true, 0));
});

Deno.test("runUntilIdle() ends with the last timer, or says that there are more", () => {
  const sim = new Simulation({ seed: 1 });
  sim.after(5, () => {});
  sim.after(30, () => {});
  assertEquals(sim.runUntilIdle(10), false);
  assertEquals(sim.clock.now(), 10);
  assert(sim.runUntilIdle(1000));
  assertEquals(sim.clock.now(), 30);
});

Deno.test("a livelock is a failure, not a hang", () => {
  const sim = new Simulation({ seed: 1, stepLimit: 1000 });
  const timer = sim.timers.create(() => timer.start(0));
  timer.start(5);
  assertThrows(() => sim.advance(10), Error, "1000 timers ran at 5 ms");
});

Deno.test("random() gives the same stream for the same name, and independent ones for others", () => {
  const take = (seed: number, name: string) => {
    const random = new Simulation({ seed }).random(name);
    return [random.uint32(), random.uint32(), random.uint32()].join();
  };
  assertEquals(take(1, "x"), take(1, "x"));
  assertNotEquals(take(1, "x"), take(1, "y"));
  assertNotEquals(take(1, "x"), take(2, "x"));
  const sim = new Simulation({ seed: 1 });
  assertEquals(
    [sim.random("x").uint32(), sim.random("x").uint32(), sim.random("x").uint32()].join(),
    take(1, "x"),
  );
});

Deno.test("host() shares time and pool, not chance", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const sim = new Simulation({ seed: 1, pool });
  const [a, b] = [sim.host("a"), sim.host("b")];
  assert(a.clock === sim.clock && b.timers === sim.timers && a.pool === pool);
  assertNotEquals(a.random.uint32(), b.random.uint32());
});

/** A thousand frames through everything that can go wrong, with answers. */
function busyRun(seed: number, events = 50): { hash: string; log: string; frames: number } {
  using sim = new Simulation({ seed, logEvents: events });
  const faults = {
    lossRate: 0.1,
    burstLoss: { enter: 0.02, leave: 0.3 },
    delayMs: 10,
    jitterMs: 7,
    reorderRate: 0.1,
    duplicateRate: 0.1,
    duplicateByMs: 30,
    corruptRate: 0.1,
    truncateRate: 0.05,
    trailingBytes: 3,
    bandwidthBps: 1_000_000,
    queueBytes: 20_000,
    outages: [[300, 400]] as const,
  };
  const [a, b] = createLink(sim, { aToB: faults, bToA: faults });
  const atA = new FrameRecorder(sim.clock);
  a.attach(atA);
  const random = sim.random("echo");
  b.attach({
    linkInput(p) {
      if (random.uint32() & 1) b.transmit(p);
      else p.release();
    },
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable() {},
  });
  for (let i = 0; i < 1000; i++) {
    const p = sim.pool.acquire(1 + random.uint32() % 1400)!;
    p.bytes.fill(i, p.start, p.end);
    a.transmit(p);
    sim.advance((random.uint32() % 100) / 10);
  }
  assert(sim.runUntilIdle(10_000));
  assertEquals(sim.pool.inUse, 0);
  return { hash: sim.packetHash, log: sim.events.format(), frames: atA.frames.length };
}

Deno.test("determinism: the same seed gives the same packet hash and the same log, another seed another", () => {
  const first = busyRun(1);
  assertEquals(busyRun(1), first);
  assertEquals(busyRun(1, 0).hash, first.hash);
  assertMatch(first.hash, /^[0-9a-f]{16}$/);
  assertEquals(new Set([2, 3, 4, 5].map((seed) => busyRun(seed).hash)).add(first.hash).size, 5);
});

Deno.test("packetHash tells bytes, length, time and direction apart", () => {
  const hash = (bytes: number[], delayMs: number, backwards: boolean) => {
    const sim = new Simulation({ seed: 1 });
    const [a, b] = createLink(sim, { aToB: { delayMs }, bToA: { delayMs } });
    a.attach(new FrameRecorder(sim.clock));
    b.attach(new FrameRecorder(sim.clock));
    const p = sim.pool.acquire(bytes.length)!;
    p.bytes.set(bytes, p.start);
    (backwards ? b : a).transmit(p);
    sim.runUntilIdle(1000);
    return sim.packetHash;
  };
  const all = [
    hash([1, 2, 3, 4, 5], 0, false),
    hash([1, 2, 3, 4, 6], 0, false),
    hash([1, 2, 3, 5, 5], 0, false),
    hash([1, 2, 3, 4, 5, 0], 0, false),
    hash([1, 2, 3, 4, 5], 1e-6, false),
    hash([1, 2, 3, 4, 5], 0, true),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("the event log keeps the last events, with words for the frames if somebody has them", () => {
  const sim = new Simulation({ seed: 1, logEvents: 3 });
  const [a, b] = createLink(sim, { name: "wan", aToB: { delayMs: 10 } });
  b.attach(new FrameRecorder(sim.clock));
  for (let i = 0; i < 3; i++) {
    const p = sim.pool.acquire(2)!;
    p.view.setUint16(p.start, 0xab00 + i);
    a.transmit(p);
    sim.advance(100);
  }
  const events = [...sim.events];
  assertEquals(sim.events.total, 6);
  assertEquals(events.map((e) => [e.at, e.channel, e.kind, e.arrivesAt, e.length, Array.from(e.bytes)]), [
    [110, "wan.aToB", "delivered", 110, 2, [0xab, 1]],
    [200, "wan.aToB", "sent", 210, 2, [0xab, 2]],
    [210, "wan.aToB", "delivered", 210, 2, [0xab, 2]],
  ]);
  const lines = sim.events.format((bytes, length) => `frame ${bytes[1]} of ${length}`).split("\n");
  assertEquals(lines.length, 3);
  assertMatch(lines[1]!, /200\.000 ms {2}wan\.aToB +sent, arrives 210\.000 +2 bytes {2}frame 2 of 2/);
  assertMatch(sim.events.format(), /ab 02/);
});

Deno.test("close() releases every frame under way", () => {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, { aToB: { delayMs: 10, duplicateRate: 1 } });
  b.attach(new FrameRecorder(sim.clock));
  a.transmit(sim.pool.acquire(10)!);
  assertEquals(sim.pool.inUse, 2);
  sim.close();
  assertEquals(sim.pool.inUse, 0);
  assert(sim.runUntilIdle(0));
});
