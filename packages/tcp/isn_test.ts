import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ipv4 } from "@lightwire/ip";
import { IsnGenerator } from "./isn.ts";
import { seqDiff } from "./seq.ts";

function counter(start: number): { uint32(): number } {
  let n = start;
  return { uint32: () => Math.imul(n++, 0x9e3779b1) >>> 0 };
}

const A = ipv4(0x0a000001);
const B = ipv4(0x0a000002);

Deno.test("IsnGenerator: one tuple's numbers grow by one every 4 µs (RFC 9293 §3.4.1, RFC 6528 §3)", () => {
  const generator = new IsnGenerator(counter(1));
  const first = generator.isn(A, 1000, B, 80, 0);
  assertEquals(seqDiff(generator.isn(A, 1000, B, 80, 1), first), 250);
  assertEquals(seqDiff(generator.isn(A, 1000, B, 80, 1000.004), first), 250_001);
  const late = 3600_000 * 24 * 365;
  assertEquals(seqDiff(generator.isn(A, 1000, B, 80, late + 8), generator.isn(A, 1000, B, 80, late)), 2000);
});

Deno.test("IsnGenerator: tuples are unrelated, and so are secrets (RFC 6528 §3)", () => {
  const generator = new IsnGenerator(counter(1));
  const numbers = new Set<number>();
  for (let port = 1; port <= 1000; port++) {
    numbers.add(generator.isn(A, port, B, 80, 0));
    numbers.add(generator.isn(B, 80, A, port, 0));
  }
  assertEquals(numbers.size, 2000);
  const mean = [...numbers].reduce((a, b) => a + b, 0) / 2000 / 2 ** 32;
  assert(mean > 0.45 && mean < 0.55);
  assertNotEquals(generator.isn(A, 1, B, 80, 0), new IsnGenerator(counter(2)).isn(A, 1, B, 80, 0));
});

Deno.test("IsnGenerator.timestampOffset() depends on the tuple and not on the time (RFC 7323 §5.4)", () => {
  const generator = new IsnGenerator(counter(1));
  const offset = generator.timestampOffset(A, 1, B, 80);
  assertEquals(generator.timestampOffset(A, 1, B, 80), offset);
  assertNotEquals(generator.timestampOffset(A, 2, B, 80), offset);
  assertNotEquals(generator.isn(A, 1, B, 80, 0), offset);
});

Deno.test("IsnGenerator.portOffset() depends on the destination and on our address alone (RFC 6056 §3.3.3)", () => {
  const generator = new IsnGenerator(counter(1));
  const offsets = new Set([
    generator.portOffset(A, B, 80),
    generator.portOffset(B, A, 80),
    generator.portOffset(A, B, 81),
    generator.portOffset(A, A, 80),
    new IsnGenerator(counter(2)).portOffset(A, B, 80),
  ]);
  assertEquals(offsets.size, 5);
  assertEquals(generator.portOffset(A, B, 80), generator.portOffset(A, B, 80));
});
