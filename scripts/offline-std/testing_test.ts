import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertSpyCallArgs, assertSpyCalls, MockError, returnsNext, spy, stub } from "@std/testing/mock";
import { assertSnapshot, serialize } from "@std/testing/snapshot";
import {
  type AssertFalse,
  type AssertTrue,
  assertType,
  type Has,
  type IsAny,
  type IsExact,
  type IsNever,
  type IsNullable,
  type IsUnknown,
  type NotHas,
} from "@std/testing/types";

Deno.test("spy() records arguments, results and errors", () => {
  const add = spy((a: number, b: number) => a + b);
  assertEquals(add(1, 2), 3);
  assertSpyCalls(add, 1);
  assertSpyCallArgs(add, 0, [1, 2]);
  assertEquals(add.calls[0]!.returned, 3);
  assertThrows(() => assertSpyCalls(add, 2), Error, "expected 2 call(s), received 1 call(s)");
  const boom = spy(() => {
    throw new RangeError("no");
  });
  assertThrows(() => boom(), RangeError);
  assertEquals(boom.calls[0]!.error?.message, "no");
  assertThrows(() => boom.restore(), MockError);
});

Deno.test("stub() replaces a method until it is restored", () => {
  const clock = { now: () => 5 };
  {
    using stubbed = stub(clock, "now", returnsNext([1, 2]));
    assertEquals([clock.now(), clock.now()], [1, 2]);
    assertThrows(() => clock.now(), MockError, "more than 2");
    assertSpyCalls(stubbed, 3);
  }
  assertEquals(clock.now(), 5);
  const watched = spy(clock, "now");
  assertEquals(clock.now(), 5);
  watched.restore();
  assertSpyCalls(watched, 1);
});

Deno.test("assertSnapshot() compares with what is stored", async (t) => {
  await assertSnapshot(t, { b: [1, 2], a: "`quoted` ${text}\nsecond line" });
  await assertSnapshot(t, "plain", { name: "a name of its own" });
  if (Deno.args.includes("--update")) return;
  await assertRejects(
    () => assertSnapshot(t, "unlike", { name: "a name of its own", serializer: () => "unlike" }),
    Error,
    "Missing snapshot: a name of its own 2",
  );
  assertEquals(serialize({ b: 1, a: 2 }), "{\n  a: 2,\n  b: 1,\n}");
});

Deno.test("the type checks accept and refuse", () => {
  type _Checks = [
    AssertTrue<IsExact<{ a: 1 }, { a: 1 }>>,
    AssertFalse<IsExact<{ a: 1 }, { a: 1; b?: 2 }>>,
    AssertFalse<IsExact<string, never>>,
    AssertTrue<Has<1 | 2, 2>>,
    AssertTrue<NotHas<1 | 2, 3>>,
    AssertTrue<IsNullable<1 | undefined>>,
    AssertTrue<IsNever<never>>,
    AssertFalse<IsNever<1>>,
    // deno-lint-ignore no-explicit-any
    AssertTrue<IsAny<any>>,
    AssertFalse<IsAny<unknown>>,
    AssertTrue<IsUnknown<unknown>>,
  ];
  assertType<IsExact<1, 1>>(true);
  assertEquals(typeof assertType, "function");
});
