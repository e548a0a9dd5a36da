import { assert, assertEquals } from "@std/assert";
import { TimerQueue } from "@lightwire/netif/timers";
import { HostClock, type HostLoop, type HostTimer } from "./host_environment.ts";
import { Pump } from "./pump.ts";

/** An event loop under the test's control. */
class FakeLoop implements HostLoop {
  nowMs = 1000;
  readonly microtasks: (() => void)[] = [];
  readonly macrotasks: (() => void)[] = [];
  readonly timers: { at: number; callback: () => void; isStopped: boolean; isRef: boolean }[] = [];

  now(): number {
    return this.nowMs;
  }
  microtask(callback: () => void): void {
    this.microtasks.push(callback);
  }
  macrotask(callback: () => void): void {
    this.macrotasks.push(callback);
  }
  startTimer(delayMs: number, callback: () => void): HostTimer {
    const timer = { at: this.nowMs + delayMs, callback, isStopped: false, isRef: true };
    this.timers.push(timer);
    return {
      stop: () => void (timer.isStopped = true),
      setRef: (isRef) => void (timer.isRef = isRef),
    };
  }
  get armed(): { at: number; callback: () => void; isStopped: boolean; isRef: boolean }[] {
    return this.timers.filter((t) => !t.isStopped);
  }
  runMicrotasks(): number {
    let count = 0;
    for (let callback = this.microtasks.shift(); callback !== undefined; callback = this.microtasks.shift()) {
      callback();
      count++;
    }
    return count;
  }
  fire(): void {
    const timer = this.armed[0]!;
    this.nowMs = Math.max(this.nowMs, timer.at);
    timer.isStopped = true;
    timer.callback();
  }
}

function fixture(options: { isManual?: boolean } = {}) {
  const loop = new FakeLoop();
  const clock = new HostClock(() => loop.now());
  const timers = new TimerQueue(clock);
  const log: string[] = [];
  const pump = new Pump({ timers, loop, clock, flush: () => void log.push("flush"), ...options });
  return { loop, clock, timers, log, pump };
}

Deno.test("Pump: ten requests before the microtask cause one run", () => {
  const { loop, log, pump } = fixture();
  for (let i = 0; i < 10; i++) pump.requestFlush();
  assertEquals(log, []);
  assertEquals(loop.runMicrotasks(), 1);
  assertEquals(log, ["flush"]);
  assertEquals(pump.counters.runs, 1);
});

Deno.test("Pump: idle stack holds no host timer", () => {
  const { loop, timers, pump } = fixture();
  pump.requestFlush();
  loop.runMicrotasks();
  assertEquals(loop.armed.length, 0);
  const timer = timers.create(() => {});
  timer.start(60_000);
  loop.runMicrotasks();
  assertEquals(loop.armed.map((t) => t.at), [61_000]);
  assert(pump.isHostTimerArmed);
  timer.stop();
  pump.requestFlush();
  loop.runMicrotasks();
  assertEquals(loop.armed.length, 0, "a far timer is cleared at once");
  assert(!pump.isHostTimerArmed);
});

Deno.test("Pump: one host timer, for the earliest deadline, and none is set again for a later one", () => {
  const { loop, timers, log, pump } = fixture();
  const early = timers.create(() => void log.push("early"));
  const late = timers.create(() => void log.push("late"));
  late.start(500);
  loop.runMicrotasks();
  early.start(200);
  loop.runMicrotasks();
  assertEquals(loop.armed.map((t) => t.at), [1200]);
  early.start(300); // An RTO moves back with every acknowledgement.
  pump.requestFlush();
  loop.runMicrotasks();
  assertEquals(loop.armed.map((t) => t.at), [1200]);
  loop.fire();
  assertEquals(loop.armed.map((t) => t.at), [1300], "came early, armed for the rest");
  loop.fire();
  loop.fire();
  assertEquals(log.filter((entry) => entry !== "flush"), ["early", "late"]);
  assertEquals(loop.nowMs, 1500);
  assertEquals(loop.armed.length, 0);
  assertEquals(pump.counters.hostTimersStarted, 4);
});

Deno.test("Pump: a near timer that became needless expires by itself and does not keep the process", () => {
  const { loop, timers, pump } = fixture();
  pump.hold();
  const timer = timers.create(() => {});
  for (let i = 0; i < 100; i++) {
    timer.start(200);
    loop.runMicrotasks();
    timer.stop();
    pump.requestFlush();
    loop.runMicrotasks();
  }
  assertEquals(pump.counters.hostTimersStarted, 1);
  assertEquals(loop.armed.map((t) => t.isRef), [false]);
  loop.fire();
  assertEquals(loop.armed.length, 0);
});

Deno.test("Pump: the host timer keeps the process alive only while somebody holds", () => {
  const { loop, timers, pump } = fixture();
  timers.create(() => {}).start(200);
  loop.runMicrotasks();
  assertEquals(loop.armed.map((t) => t.isRef), [false]);
  pump.hold();
  pump.hold();
  assertEquals(loop.armed.map((t) => t.isRef), [true]);
  assert(pump.isHoldingProcess);
  pump.release();
  assertEquals(loop.armed.map((t) => t.isRef), [true]);
  pump.release();
  assertEquals(loop.armed.map((t) => t.isRef), [false]);
});

Deno.test("Pump: a timer due now runs in the microtask, also one armed by a timer", () => {
  const { loop, timers, log } = fixture();
  const second = timers.create(() => void log.push("second"));
  const first = timers.create(() => {
    log.push("first");
    second.start(0);
  });
  first.start(0);
  loop.runMicrotasks();
  assertEquals(log, ["flush", "first", "second", "flush"]);
  assertEquals(loop.armed.length, 0);
});

Deno.test("Pump: continuous work steps aside after its slice and goes on in a macrotask", () => {
  const { loop, timers, pump } = fixture();
  let rounds = 0;
  const busy = timers.create(() => {
    rounds++;
    loop.nowMs += 0.5;
    if (rounds < 100) busy.start(0);
  });
  busy.start(0);
  loop.runMicrotasks();
  assert(rounds < 100, `stopped after ${rounds}`);
  assertEquals(loop.macrotasks.length, 1);
  assertEquals(pump.counters.yields, 1);
  assertEquals(loop.armed.length, 0, "no host timer beside the macrotask");
  const before = rounds;
  pump.requestFlush();
  loop.runMicrotasks();
  assertEquals(rounds, before, "microtasks do not go on with it");
  while (loop.macrotasks.length > 0) loop.macrotasks.shift()!();
  assertEquals(rounds, 100);
});

Deno.test("Pump: stepAside() calls back after a turn of the event loop, and only when the slice is over", () => {
  const { loop, log, pump } = fixture();
  assert(!pump.stepAside(() => log.push("no")));
  loop.nowMs += 5;
  assert(pump.stepAside(() => log.push("yes")));
  assertEquals(log, []);
  loop.macrotasks.shift()!();
  assertEquals(log, ["yes", "flush"]);
});

Deno.test("Pump: a clock that was read before there was a pump moves all the same", () => {
  const loop = new FakeLoop();
  const clock = new HostClock(() => loop.now());
  const before = clock.now();
  const timers = new TimerQueue(clock);
  const pump = new Pump({ timers, loop, clock, flush: () => {} });
  loop.nowMs += 5000;
  assertEquals(clock.now() - before, 5000);
  pump.close();
});

Deno.test("Pump: the clock stands still within a run and moves between runs", () => {
  const { loop, clock, timers } = fixture();
  const seen: number[] = [];
  timers.create(() => {
    seen.push(clock.now());
    loop.nowMs += 0.25;
    seen.push(clock.now());
  }).start(0);
  loop.runMicrotasks();
  assertEquals(seen, [1000, 1000]);
  assertEquals(clock.now(), 1000.25);
  loop.nowMs += 3;
  assertEquals(clock.now(), 1000.25, "the same job");
  loop.runMicrotasks();
  loop.macrotasks.splice(0).forEach((callback) => callback());
  assertEquals(clock.now(), 1003.25);
});

Deno.test("Pump: endInput() ends the instant, for drivers which drain their device in a loop", () => {
  const { loop, clock, pump } = fixture();
  assertEquals(clock.now(), 1000);
  loop.nowMs += 1;
  pump.endInput();
  assertEquals(clock.now(), 1001);
});

Deno.test("Pump: a flush wanted during a run causes another run", () => {
  const loop = new FakeLoop();
  const timers = new TimerQueue(loop);
  let runs = 0;
  const pump: Pump = new Pump({
    timers,
    loop,
    clock: undefined,
    flush: () => {
      if (++runs < 3) pump.requestFlush();
    },
  });
  pump.requestFlush();
  loop.runMicrotasks();
  assertEquals(runs, 3);
});

Deno.test("Pump: runNow() serves a driver loop that waits in a system call", () => {
  const { loop, timers, log, pump } = fixture();
  timers.create(() => void log.push("timer")).start(50);
  assertEquals(pump.runNow(), 1050);
  loop.nowMs = 1050;
  assertEquals(pump.runNow(), Infinity);
  assertEquals(log, ["flush", "flush", "timer", "flush"]);
});

Deno.test("Pump: manual: flushes in a microtask and leaves timers to whoever moves the time", () => {
  const { loop, timers, log, pump } = fixture({ isManual: true });
  timers.create(() => void log.push("timer")).start(0);
  pump.requestFlush();
  loop.nowMs += 100;
  loop.runMicrotasks();
  assertEquals(log, ["flush"]);
  assertEquals(loop.armed.length, 0);
  assertEquals(loop.macrotasks.length, 0);
  timers.runDue();
  assertEquals(log, ["flush", "timer"]);
});

Deno.test("Pump: close() stops the host timer and wakes who stepped aside", () => {
  const { loop, timers, log, pump } = fixture();
  timers.create(() => {}).start(100);
  loop.runMicrotasks();
  loop.nowMs += 10;
  pump.stepAside(() => log.push("woken"));
  log.length = 0;
  pump.close();
  pump.close();
  assertEquals(log, ["woken"]);
  assertEquals(loop.armed.length, 0);
  pump.requestFlush();
  assertEquals(loop.runMicrotasks(), 0);
  loop.macrotasks.shift()!();
  assertEquals(log, ["woken"]);
});

Deno.test("Pump: an upcall that throws does not stop the pump", () => {
  const { loop, timers, log } = fixture();
  timers.create(() => {
    throw new Error("application's own");
  }).start(0);
  timers.create(() => void log.push("later")).start(100);
  let thrown = 0;
  try {
    loop.runMicrotasks();
  } catch {
    thrown++;
  }
  assertEquals(thrown, 1);
  loop.fire();
  assert(log.includes("later"));
});
