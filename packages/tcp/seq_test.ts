import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seqAdd, seqBetween, seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from "./seq.ts";

const seq = () => fc.integer({ min: 0, max: 0xffffffff });
const distance = () => fc.integer({ min: -0x7fffffff, max: 0x7fffffff });

Deno.test("seqLt() orders numbers across the wrap (RFC 9293 §3.4)", () => {
  assert(seqLt(0xffffffff, 0));
  assert(seqLt(0xfffffff0, 0x10));
  assert(!seqLt(0, 0xffffffff));
  assert(!seqLt(7, 7));
  assert(seqLeq(7, 7) && seqGeq(7, 7) && !seqGt(7, 7));
  assertEquals(seqAdd(0xffffffff, 1), 0);
  assertEquals(seqAdd(0, -1), 0xffffffff);
  assertEquals(seqDiff(3, 0xfffffffe), 5);
  assertEquals(seqDiff(0xfffffffe, 3), -5);
  assertEquals(seqMax(0xffffffff, 1), 1);
  assertEquals(seqMin(0xffffffff, 1), 0xffffffff);
});

Deno.test("seqBetween() is half open and wraps", () => {
  assert(seqBetween(0xfffffffe, 0xfffffffe, 2));
  assert(seqBetween(0xfffffffe, 1, 2));
  assert(!seqBetween(0xfffffffe, 2, 2));
  assert(!seqBetween(5, 5, 5));
});

Deno.test("property: comparison is a total order within 2^31, whatever the origin", () => {
  fc.assert(fc.property(seq(), distance(), (a, d) => {
    const b = seqAdd(a, d);
    assertEquals(seqDiff(b, a), d);
    assertEquals(seqLt(a, b), d > 0);
    assertEquals(seqLeq(a, b), d >= 0);
    assertEquals(seqGt(a, b), d < 0);
    assertEquals(seqGeq(a, b), d <= 0);
    assertEquals(seqMax(a, b), d >= 0 ? b : a);
    assertEquals(seqMin(a, b), d >= 0 ? a : b);
  }));
});

Deno.test("property: comparison does not depend on where the numbers start", () => {
  fc.assert(fc.property(seq(), distance(), seq(), (a, d, shift) => {
    const b = seqAdd(a, d);
    assertEquals(seqLt(a, b), seqLt(seqAdd(a, shift), seqAdd(b, shift)));
  }));
});
