import { assertEquals } from "@std/assert";
import { Reordering } from "./reordering.ts";

Deno.test("Reordering: a D-SACK widens the window by a quarter, those of one round trip count once (RFC 8985 §6.2, step 4)", () => {
  const reordering = new Reordering();
  assertEquals(reordering.quarters, 1);
  reordering.onDsack(10_000, 4000);
  assertEquals(reordering.quarters, 2);
  // What was outstanding then is still not acknowledged.
  reordering.onDsack(12_000, 2001);
  assertEquals(reordering.quarters, 2);
  reordering.onDsack(12_000, 2000);
  assertEquals(reordering.quarters, 3);
});

Deno.test("Reordering: sixteen recoveries without a D-SACK make the window small again (RFC 8985 §6.2, step 4)", () => {
  const reordering = new Reordering();
  reordering.onDsack(1000, 0);
  for (let i = 0; i < 15; i++) reordering.onRecoveryEnd();
  assertEquals(reordering.quarters, 2);
  reordering.onDsack(2000, 0);
  for (let i = 0; i < 15; i++) reordering.onRecoveryEnd();
  assertEquals(reordering.quarters, 3);
  reordering.onRecoveryEnd();
  assertEquals(reordering.quarters, 1);
  reordering.onRecoveryEnd();
  assertEquals(reordering.quarters, 1);
});

Deno.test("Reordering: the window is bounded, however many duplicates there are", () => {
  const reordering = new Reordering();
  for (let i = 1; i <= 1000; i++) reordering.onDsack(i * 1000, 0);
  assertEquals(reordering.quarters, 64);
});

Deno.test("Reordering: the degree is the largest seen, three at least, and bounded (RFC 4653 §2)", () => {
  const reordering = new Reordering();
  for (const [segments, degree] of [[1, 3], [7, 7], [5, 7], [10_000, 300]] as const) {
    reordering.noteDegree(segments);
    assertEquals(reordering.degree, degree);
  }
});
