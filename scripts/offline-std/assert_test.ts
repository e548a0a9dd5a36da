import { equal as nodeEqual, ok, rejects, throws } from "node:assert/strict";
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { assertEquals as assertEqualsByEntry } from "@std/assert/equals";

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    ok(error instanceof AssertionError, `not an AssertionError: ${error}`);
    return error.message;
  }
  throw new Error("nothing was thrown");
}

Deno.test("equal() tells apart what differs in one place", () => {
  const different: [unknown, unknown][] = [
    [1, 2],
    ["1", 1],
    [null, undefined],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: undefined }, {}],
    [[1, 2], [1, 2, 3]],
    [[1, 2], { 0: 1, 1: 2 }],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    [new Uint8Array([1, 2]), [1, 2]],
    [new Uint8Array([1, 2]), new Int8Array([1, 2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Map([["a", 1]]), new Map([["b", 1]])],
    [new Set([1]), new Set([2])],
    [new Set([1]), new Map([[1, 1]])],
    [new Date(0), new Date(1)],
    [/a/g, /a/i],
    [new Error("a"), new Error("b")],
    [new Error("a"), new TypeError("a")],
    [new Error("a", { cause: 1 }), new Error("a", { cause: 2 })],
    [() => 1, () => 1],
    [new URL("http://a/"), new URL("http://b/")],
    [Symbol("a"), Symbol("a")],
    [{ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }],
    [new (class A {})(), new (class B {})()],
    [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  ];
  for (const [a, b] of different) {
    nodeEqual(equal(a, b), false, `${Deno.inspect(a)} and ${Deno.inspect(b)}`);
    nodeEqual(equal(b, a), false, `${Deno.inspect(b)} and ${Deno.inspect(a)}`);
  }
});

Deno.test("equal() finds equal what has the same structure", () => {
  const ring: { self?: unknown; n: number } = { n: 1 };
  ring.self = ring;
  const otherRing: { self?: unknown; n: number } = { n: 1 };
  otherRing.self = otherRing;
  const same: [unknown, unknown][] = [
    [NaN, NaN],
    [0, -0],
    [{ a: { b: [1, "2", null] } }, { a: { b: [1, "2", null] } }],
    [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
    [new Float64Array([NaN, 1]), new Float64Array([NaN, 1])],
    [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
    [new Set([{ k: 1 }, { k: 2 }]), new Set([{ k: 2 }, { k: 1 }])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new Error("a"), new Error("a")],
    [Object.create(null), {}],
    [ring, otherRing],
    [1n, 1n],
    [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
  ];
  for (const [a, b] of same) nodeEqual(equal(a, b), true, `${Deno.inspect(a)} and ${Deno.inspect(b)}`);
});

Deno.test("equal() refuses to compare weak collections", () => {
  throws(() => equal(new WeakMap(), new WeakMap()), TypeError);
});

Deno.test("assertEquals() prints what differs, and the caller's message", () => {
  // deno-lint-ignore no-control-regex
  const message = messageOf(() => assertEquals([1, 2, 3], [1, 2, 4], "third")).replace(/\x1b\[\d+m/g, "");
  ok(message.startsWith("Values are not equal: third\n"), message);
  ok(message.includes("[Diff] Actual / Expected"), message);
  ok(message.includes("\n-     3,\n+     4,\n"), message);
  assertEqualsByEntry({ a: 1 }, { a: 1 });
});

Deno.test("assertEquals() leaves out long equal stretches and copes with long texts", () => {
  const left = Array.from({ length: 3000 }, (_, i) => i);
  const right = left.with(1500, -1);
  const message = messageOf(() => assertEquals(left, right));
  ok(message.includes("unchanged lines"), message.slice(0, 500));
  ok(message.length < 2000, `${message.length} characters`);
  const unlike = messageOf(() => assertEquals(left, left.map((n) => n + 5000)));
  ok(unlike.includes("Actual"), "a diff is there");
});

Deno.test("assertions with a boolean outcome pass and fail", () => {
  assert(1);
  assertFalse(0);
  assertNotEquals(1, 2);
  assertNotStrictEquals([], []);
  assertExists(0);
  assertInstanceOf(new TypeError(), Error);
  assertNotInstanceOf(1 as unknown, Error);
  assertMatch("abc", /b/);
  assertNotMatch("abc", /d/);
  assertStringIncludes("abc", "bc");
  assertArrayIncludes([1, { a: 2 }], [{ a: 2 }]);
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1n, 2n);
  assertLessOrEqual("a", "a");
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(10, 11, 1);
  nodeEqual(messageOf(() => assert(0, "why")), "why");
  nodeEqual(messageOf(() => assertFalse(1, "why")), "why");
  ok(messageOf(() => assertNotEquals({ a: 1 }, { a: 1 })).includes("not to be"));
  ok(messageOf(() => assertNotStrictEquals(1, 1)).includes("not be strictly equal"));
  nodeEqual(messageOf(() => assertExists(null)), 'Expected actual: "null" to not be null or undefined.');
  nodeEqual(
    messageOf(() => assertInstanceOf(new Map(), Set)),
    'Expected object to be an instance of "Set" but was "Map".',
  );
  ok(messageOf(() => assertNotInstanceOf(new Error(), Error)).includes("to not be an instance of"));
  nodeEqual(messageOf(() => assertMatch("abc", /d/)), 'Expected actual: "abc" to match: "/d/".');
  ok(messageOf(() => assertNotMatch("abc", /b/)).includes("to not match"));
  nodeEqual(messageOf(() => assertStringIncludes("abc", "d")), 'Expected actual: "abc" to contain: "d".');
  ok(messageOf(() => assertArrayIncludes([1], [2])).includes("missing"));
  nodeEqual(messageOf(() => assertGreater(1, 1)), "Expect 1 > 1");
  nodeEqual(messageOf(() => assertGreaterOrEqual(1, 2)), "Expect 1 >= 2");
  nodeEqual(messageOf(() => assertLess(1, 1)), "Expect 1 < 1");
  nodeEqual(messageOf(() => assertLessOrEqual(2, 1)), "Expect 2 <= 1");
  ok(messageOf(() => assertAlmostEquals(1, 2)).includes('to be close to "2"'));
  nodeEqual(messageOf(() => fail("x")), "Failed assertion: x");
  nodeEqual(messageOf(() => unreachable()), "Unreachable.");
});

Deno.test("assertStrictEquals() says when only the identity differs", () => {
  assertStrictEquals(NaN, NaN);
  ok(messageOf(() => assertStrictEquals({ a: 1 }, { a: 1 })).includes("not reference-equal"));
  ok(messageOf(() => assertStrictEquals(1, 2)).includes("not strictly equal"));
});

Deno.test("assertThrows() checks class and message and returns the error", () => {
  const boom = new RangeError("offset 9 is out of range");
  const raise = () => {
    throw boom;
  };
  nodeEqual(assertThrows(raise, RangeError, "offset 9"), boom);
  nodeEqual(assertThrows(raise), boom);
  nodeEqual(messageOf(() => assertThrows(() => 1)), "Expected function to throw.");
  ok(
    messageOf(() => assertThrows(raise, TypeError)).includes('instance of "TypeError", but was "RangeError"'),
  );
  ok(messageOf(() => assertThrows(raise, RangeError, "size")).includes('include "size"'));
  ok(
    messageOf(() =>
      assertThrows(
        () => {
          throw "text";
        },
        Error,
      )
    ).includes("non-Error"),
  );
});

Deno.test("assertRejects() checks class and message and resolves to the error", async () => {
  const boom = new TypeError("no");
  nodeEqual(await assertRejects(() => Promise.reject(boom), TypeError, "no"), boom);
  await rejects(() => assertRejects(() => Promise.resolve(1)), AssertionError);
  await rejects(() => assertRejects(() => Promise.reject(boom), RangeError), AssertionError);
  await rejects(
    () =>
      assertRejects(() => {
        throw boom;
      }),
    /throws when expected to reject/,
  );
  await rejects(() => assertRejects(() => 1 as unknown as Promise<number>), /did not return a promise/);
});

Deno.test("assertIsError() accepts a pattern", () => {
  assertIsError(new TypeError("port 80"), TypeError, /port \d+/);
  ok(messageOf(() => assertIsError(1)).includes("to be an Error object"));
  ok(messageOf(() => assertIsError(new Error("a"), Error, /b/)).includes("match"));
});

Deno.test("assertObjectMatch() looks only at what is expected", () => {
  assertObjectMatch({ a: 1, b: { c: [1, { d: 2, e: 3 }], f: 4 } }, { b: { c: [1, { d: 2 }] } });
  assertObjectMatch({ m: new Map([["a", 1], ["b", 2]]) }, { m: new Map([["b", 2]]) });
  ok(messageOf(() => assertObjectMatch({ a: 1 }, { a: 2 })).includes("not equal"));
  ok(messageOf(() => assertObjectMatch({ a: 1 }, { b: undefined })).includes("not equal"));
});
