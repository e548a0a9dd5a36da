import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { deriveRandom, type Random, randomBelow, randomUnit, seededRandom } from "./random.ts";

function take(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

Deno.test("the same seed gives the same numbers, number or text; another gives others", () => {
  assertEquals(take(seededRandom(1), 50), take(seededRandom("1"), 50));
  assertNotEquals(take(seededRandom(1), 5), take(seededRandom(2), 5));
  assertNotEquals(take(seededRandom(""), 5), take(seededRandom("\0"), 5));
});

Deno.test("each purpose has a stream of its own", () => {
  const names = ["", "loss", "delay", "loss:b"];
  const first = names.map((name) => deriveRandom(7, name).uint32());
  assertEquals(new Set([...first, seededRandom(7).uint32()]).size, 5);
  assertEquals(take(deriveRandom(7, "loss"), 3), take(deriveRandom("7", "loss"), 3));
});

Deno.test("the numbers are unsigned 32-bit integers, with every bit set half of the time", () => {
  const random = seededRandom("bits");
  const ones = new Array<number>(32).fill(0);
  const count = 4096;
  for (let i = 0; i < count; i++) {
    const n = random.uint32();
    assert(Number.isInteger(n) && n >= 0 && n <= 0xffffffff);
    for (let bit = 0; bit < 32; bit++) ones[bit]! += (n >>> bit) & 1;
  }
  // six standard deviations of a binomial distribution: 6 * sqrt(4096) / 2
  for (const [bit, n] of ones.entries()) assert(Math.abs(n - count / 2) < 192, `bit ${bit}: ${n}`);
});

Deno.test("randomBelow() and randomUnit() stay in their ranges and reach all of them", () => {
  const random = seededRandom(3);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 6000; i++) counts[randomBelow(random, 6)]!++;
  for (const n of counts) assert(n > 800 && n < 1200, String(counts));
  const highest: Random = { uint32: () => 0xffffffff };
  assertEquals(randomBelow(highest, 0x1_0000_0000), 0xffffffff);
  assertEquals(randomBelow(highest, 1), 0);
  assert(randomUnit(highest) < 1);
  assertEquals(randomUnit({ uint32: () => 0 }), 0);
});
