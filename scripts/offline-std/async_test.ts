import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { abortable, deadline, delay, pooledMap, retry, RetryError } from "@std/async";

Deno.test("abortable() settles as its promise does, or rejects with the signal's reason", async () => {
  const controller = new AbortController();
  assertEquals(await abortable(Promise.resolve(1), controller.signal), 1);
  const pending = abortable(new Promise<void>(() => {}), controller.signal);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => pending, RangeError, "enough");
  await assertRejects(() => abortable(Promise.resolve(1), controller.signal), RangeError, "enough");
});

Deno.test("deadline() rejects with a TimeoutError and leaves no timer behind", async () => {
  assertEquals(await deadline(Promise.resolve("in time"), 10_000), "in time");
  const late = await assertRejects(() => deadline(new Promise<void>(() => {}), 1));
  assertInstanceOf(late, DOMException);
  assertEquals(late.name, "TimeoutError");
});

Deno.test("delay() is aborted by its signal", async () => {
  await delay(0);
  const controller = new AbortController();
  const long = delay(60_000, { signal: controller.signal });
  controller.abort(new Error("stop"));
  await assertRejects(() => long, Error, "stop");
});

Deno.test("pooledMap() keeps the order and the limit", async () => {
  let underWay = 0;
  let most = 0;
  const results = await Array.fromAsync(pooledMap(2, [5, 1, 3, 0], async (ms) => {
    most = Math.max(most, ++underWay);
    await delay(ms);
    underWay--;
    return ms * 10;
  }));
  assertEquals(results, [50, 10, 30, 0]);
  assertEquals(most, 2);
});

Deno.test("pooledMap() reports failures together once the rest has settled", async () => {
  const error = await assertRejects(
    () =>
      Array.fromAsync(pooledMap(2, [1, 2, 3], (n) => n === 2 ? Promise.reject(new Error("two")) : delay(n))),
    AggregateError,
  );
  assertEquals(error.errors.map((e: Error) => e.message), ["two"]);
});

Deno.test("retry() tries again, gives up, and respects isRetriable", async () => {
  let calls = 0;
  const options = { minTimeout: 0, maxAttempts: 3 };
  const flaky = () => {
    if (++calls < 3) throw new Error("not yet");
    return calls;
  };
  assertEquals(await retry(flaky, options), 3);
  const error = await assertRejects(() =>
    retry(() => {
      throw new Error("never");
    }, options), RetryError);
  assertInstanceOf(error.cause, Error);
  await assertRejects(
    () =>
      retry(() => {
        throw new TypeError("fatal");
      }, { ...options, isRetriable: () => false }),
    TypeError,
  );
  await assertRejects(() => retry(() => 1, { minTimeout: 2, maxTimeout: 1 }), RangeError);
});
