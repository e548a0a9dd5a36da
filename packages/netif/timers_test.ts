import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Timer, TimerQueue } from "./timers.ts";

function setup() {
  const clock = { at: 0, now: () => clock.at };
  const queue = new TimerQueue(clock);
  const fired: string[] = [];
  const timer = (name: string) => queue.create(() => fired.push(`${name}@${clock.at}`));
  return { clock, queue, fired, timer };
}

Deno.test("timers run in the order of their deadlines, ties in the order of arming (lwIP test_timers)", () => {
  const { clock, queue, fired, timer } = setup();
  timer("c").start(30);
  timer("a").start(10);
  timer("b1").start(20);
  timer("b2").start(20);
  assertEquals([queue.size, queue.nextDeadline()], [4, 10]);
  clock.at = 9.999;
  assertEquals(queue.runDue(), 0);
  clock.at = 20;
  assertEquals(queue.runDue(), 3);
  assertEquals(fired, ["a@20", "b1@20", "b2@20"]);
  clock.at = 30;
  queue.runDue();
  assertEquals([queue.size, queue.nextDeadline()], [0, Infinity]);
});

Deno.test("a timer can be stopped, moved to later and to earlier, from any state", () => {
  const { clock, queue, fired, timer } = setup();
  const a = timer("a");
  a.stop();
  a.start(10);
  a.start(50);
  assert(a.isArmed);
  assertEquals(queue.nextDeadline(), 50);
  clock.at = 20;
  assertEquals(queue.runDue(), 0);
  a.startAt(30);
  assertEquals([queue.nextDeadline(), queue.size], [30, 1]);
  a.stop();
  assert(!a.isArmed);
  assertEquals([queue.nextDeadline(), a.deadline], [Infinity, Infinity]);
  clock.at = 100;
  queue.runDue();
  assertEquals(fired, []);
});

Deno.test("a timer moved to later goes behind one armed before for the same instant", () => {
  const { clock, queue, fired, timer } = setup();
  const a = timer("a");
  a.start(5);
  timer("b").start(10);
  a.start(10);
  clock.at = 10;
  queue.runDue();
  assertEquals(fired, ["b@10", "a@10"]);
});

Deno.test("timers around the expiry of others fire in due order (lwIP test_timers: bug52748)", () => {
  const { clock, queue, fired, timer } = setup();
  timer("a").start(20);
  const c = timer("c");
  queue.create(() => {
    fired.push("b");
    c.start(1);
    timer("d").start(0);
  }).start(10);
  clock.at = 10;
  queue.runDue();
  clock.at = 20;
  queue.runDue();
  assertEquals(fired, ["b", "d@10", "c@20", "a@20"]);
});

Deno.test("a timer that a callback stops does not fire", () => {
  const { clock, queue, fired, timer } = setup();
  const b = timer("b");
  queue.create(() => b.stop()).start(1);
  b.start(1);
  clock.at = 1;
  assertEquals([queue.runDue(), fired.length], [1, 0]);
});

Deno.test("runDue() stops at its limit, a guard against timers that re-arm themselves for now", () => {
  const { queue } = setup();
  const forever: Timer = queue.create(() => forever.start(0));
  forever.start(0);
  assertEquals(queue.runDue(1000), 1000);
  assertEquals(queue.size, 1);
});

Deno.test("onEarlier is called when the next deadline moves forward, not otherwise", () => {
  const { clock, queue, timer } = setup();
  const calls: number[] = [];
  queue.onEarlier = () => calls.push(queue.nextDeadline());
  const a = timer("a");
  a.start(10);
  timer("b").start(20);
  a.start(15);
  assertEquals(calls, [10]);
  timer("c").start(5);
  assertEquals(calls, [10, 5]);
  clock.at = 5;
  queue.runDue();
  assertEquals(queue.nextDeadline(), 15);
});

Deno.test("far deadlines and fractions of milliseconds are kept (lwIP test_timers: long_timer)", () => {
  const { clock, queue, fired, timer } = setup();
  clock.at = 2 ** 32 - 0.5;
  timer("a").start(0.25);
  timer("b").start(2 ** 41);
  assertEquals(queue.nextDeadline(), 2 ** 32 - 0.25);
  clock.at = 2 ** 32;
  queue.runDue();
  assertEquals([fired, queue.nextDeadline()], [["a@4294967296"], 2 ** 41 + 2 ** 32 - 0.5]);
});

Deno.test("property: the queue fires what a sorted list would, when it would", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("start" as const), index: fc.nat(7), delay: fc.nat(20) }),
    fc.record({ op: fc.constant("stop" as const), index: fc.nat(7), delay: fc.constant(0) }),
    fc.record({ op: fc.constant("advance" as const), index: fc.constant(0), delay: fc.nat(15) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { clock, queue, fired, timer } = setup();
    const timers = Array.from({ length: 8 }, (_, i) => timer(String(i)));
    const model = new Map<number, number>();
    for (const { op, index, delay } of steps) {
      if (op === "start") {
        timers[index]!.start(delay);
        model.set(index, clock.at + delay);
      } else if (op === "stop") {
        timers[index]!.stop();
        model.delete(index);
      } else {
        clock.at += delay;
        const due = [...model].filter(([, at]) => at <= clock.at).sort((a, b) => a[1] - b[1]);
        fired.length = 0;
        assertEquals(queue.runDue(), due.length);
        for (const [i] of due) model.delete(i);
        const order = fired.map((entry) => Number(entry.split("@")[0]));
        assertEquals(order.toSorted(), due.map(([i]) => i).toSorted());
        const deadlines = order.map((i) => due.find(([j]) => i === j)![1]);
        assertEquals(deadlines, deadlines.toSorted((a, b) => a - b));
      }
      assertEquals(queue.size, model.size);
      assertEquals(queue.nextDeadline(), Math.min(Infinity, ...model.values()));
      for (const [i, t] of timers.entries()) assertEquals(t.deadline, model.get(i) ?? Infinity);
    }
  }));
});
