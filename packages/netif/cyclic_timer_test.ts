import { assert, assertEquals, assertThrows } from "@std/assert";
import { TimerQueue } from "./timers.ts";

function setup() {
  const clock = { at: 0, now: () => clock.at };
  const queue = new TimerQueue(clock);
  const fired: number[] = [];
  const advanceTo = (at: number) => {
    clock.at = at;
    queue.runDue();
  };
  return { clock, queue, fired, advanceTo };
}

Deno.test("a cyclic timer keeps the pace of its due times, late runs or not (lwIP test_timers: cyclic_timers)", () => {
  const { clock, queue, fired, advanceTo } = setup();
  queue.cyclic(100, () => fired.push(clock.at)).start();
  for (const at of [99, 100, 150, 260, 300, 499.5]) advanceTo(at);
  assertEquals(fired, [100, 260, 300, 499.5]);
  assertEquals(queue.nextDeadline(), 500);
});

Deno.test("a cyclic timer that is far behind skips what it missed: no burst (lwIP test_timers: cyclic_timers)", () => {
  const { clock, queue, fired, advanceTo } = setup();
  queue.cyclic(100, () => fired.push(clock.at)).start();
  advanceTo(1050);
  assertEquals([fired, queue.nextDeadline()], [[1050], 1150]);
});

Deno.test("a cyclic timer exists on demand only: an idle queue is empty", () => {
  const { queue, fired, clock, advanceTo } = setup();
  const cyclic = queue.cyclic(10, () => {
    fired.push(clock.at);
    if (fired.length === 2) cyclic.stop();
  });
  assertEquals(queue.size, 0);
  cyclic.start();
  cyclic.start();
  assert(cyclic.isActive);
  assertEquals(queue.size, 1);
  for (const at of [10, 20, 30]) advanceTo(at);
  assertEquals([fired, queue.size, cyclic.isActive], [[10, 20], 0, false]);
  cyclic.stop();
});

Deno.test("stopCyclic() removes all cyclic timers and leaves the others, startCyclic() brings them back", () => {
  const { clock, queue, fired, advanceTo } = setup();
  const a = queue.cyclic(10, () => fired.push(clock.at));
  const b = queue.cyclic(1000, () => fired.push(-clock.at));
  a.start();
  b.start();
  queue.create(() => fired.push(0.5)).start(25);
  queue.stopCyclic();
  queue.stopCyclic();
  assertEquals([queue.size, a.isActive], [1, true]);
  const late = queue.cyclic(10, () => fired.push(clock.at + 0.25));
  late.start();
  b.stop();
  advanceTo(50);
  assertEquals([fired, queue.size], [[0.5], 0]);
  queue.startCyclic();
  queue.startCyclic();
  assertEquals([queue.size, queue.nextDeadline()], [2, 60]);
  advanceTo(60);
  assertEquals(fired, [0.5, 60, 60.25]);
});

Deno.test("an interval must be a positive number", () => {
  const { queue } = setup();
  for (const ms of [0, -1, NaN, Infinity]) assertThrows(() => queue.cyclic(ms, () => {}), RangeError);
});
