import { assertEquals } from "@std/assert";
import { concat, copy, endsWith, equals, includesNeedle, indexOfNeedle, startsWith } from "@std/bytes";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("concat() joins slices into a new one", () => {
  assertEquals(concat([bytes(1), bytes(), bytes(2, 3)]), bytes(1, 2, 3));
  assertEquals(concat([]), bytes());
});

Deno.test("copy() copies as much as fits", () => {
  const target = new Uint8Array(4);
  assertEquals(copy(bytes(1, 2, 3), target, 2), 2);
  assertEquals(target, bytes(0, 0, 1, 2));
  assertEquals(copy(bytes(9), target, 9), 0);
  assertEquals(copy(bytes(9), target), 1);
  assertEquals(target, bytes(9, 0, 1, 2));
});

Deno.test("equals() compares contents", () => {
  assertEquals(equals(bytes(1, 2), bytes(1, 2)), true);
  assertEquals(equals(bytes(1, 2), bytes(1, 3)), false);
  assertEquals(equals(bytes(1), bytes(1, 2)), false);
});

Deno.test("startsWith() and endsWith() accept the empty slice", () => {
  assertEquals(startsWith(bytes(1, 2, 3), bytes(1, 2)), true);
  assertEquals(startsWith(bytes(1, 2, 3), bytes(2)), false);
  assertEquals(startsWith(bytes(1), bytes(1, 2)), false);
  assertEquals(endsWith(bytes(1, 2, 3), bytes(2, 3)), true);
  assertEquals(endsWith(bytes(1, 2, 3), bytes(2)), false);
  assertEquals(endsWith(bytes(1), bytes()), true);
});

Deno.test("indexOfNeedle() finds the first occurrence at or behind the start", () => {
  const source = bytes(0, 1, 2, 0, 1, 2, 0, 1, 3);
  assertEquals(indexOfNeedle(source, bytes(0, 1, 2)), 0);
  assertEquals(indexOfNeedle(source, bytes(0, 1, 2), 1), 3);
  assertEquals(indexOfNeedle(source, bytes(0, 1, 3)), 6);
  assertEquals(indexOfNeedle(source, bytes(0, 1, 3), -3), 6);
  assertEquals(indexOfNeedle(source, bytes(0, 1, 4)), -1);
  assertEquals(indexOfNeedle(source, bytes(3, 0)), -1);
  assertEquals(indexOfNeedle(source, bytes()), -1);
  assertEquals(includesNeedle(source, bytes(1, 3)), true);
  assertEquals(includesNeedle(source, bytes(1, 2), 5), false);
});
