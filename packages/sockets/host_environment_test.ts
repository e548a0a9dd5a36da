import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { HostClock, hostLoop, HostRandom, HostWallClock, nextTurn } from "./host_environment.ts";

Deno.test("HostClock: asks the host once per run", () => {
  let reads = 0;
  let announced = 0;
  const clock = new HostClock(() => ++reads);
  clock.onRead = () => announced++;
  assertEquals([clock.now(), clock.now(), clock.now()], [1, 1, 1]);
  assertEquals(announced, 1);
  clock.invalidate();
  assertEquals(clock.now(), 2);
  assertEquals(announced, 2);
});

Deno.test("HostRandom: words over the whole range, beyond one batch, never the same sequence twice", () => {
  const a = new HostRandom();
  const b = new HostRandom();
  const words = Array.from({ length: 1000 }, () => a.uint32());
  assert(words.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffff_ffff));
  assert(words.some((word) => word > 0x8000_0000) && words.some((word) => word < 0x8000_0000));
  assertEquals(new Set(words).size > 990, true);
  assertNotEquals(words.slice(0, 8), Array.from({ length: 8 }, () => b.uint32()));
});

Deno.test("HostWallClock: within a millisecond of the host's date, with a fraction, never going back", () => {
  const wall = new HostWallClock();
  let last = 0;
  for (let i = 0; i < 1000; i++) {
    const before = Date.now();
    const t = wall.unixMillis();
    const after = Date.now();
    assert(t >= before - 1 && t < after + 2, `${before} ${t} ${after}`);
    assert(t >= last);
    last = t;
  }
});

Deno.test("nextTurn(): microtasks that are queued run before it, and a due timer is let through", async () => {
  const order: string[] = [];
  queueMicrotask(() => queueMicrotask(() => order.push("microtask")));
  await nextTurn();
  order.push("turn");
  assertEquals(order, ["microtask", "turn"]);
  let isFired = false;
  const timer = hostLoop.startTimer(0, () => isFired = true);
  for (let i = 0; i < 1_000_000 && !isFired; i++) await nextTurn();
  assert(isFired);
  timer.stop();
});

Deno.test("hostLoop.startTimer(): never early, and stop() disarms", async () => {
  const before = hostLoop.now();
  await new Promise<void>((resolve) => hostLoop.startTimer(1.5, resolve));
  assert(hostLoop.now() - before >= 1.5);
  const timer = hostLoop.startTimer(1e12, () => {
    throw new Error("Cannot happen: a delay beyond 2^31 ms fired");
  });
  timer.setRef(false);
  timer.setRef(true);
  timer.stop();
});
