import { assert, assertEquals, assertThrows } from "@std/assert";
import { seededRandom } from "@lightwire/netif";
import { afterPppEnd, RedialPolicy } from "./redial_policy.ts";

Deno.test("redial: accidents are worth another attempt, refusals are not, an idle session rests", () => {
  assertEquals(
    (["line-lost", "peer-dead", "timeout", "terminated-by-peer", "no-address"] as const).map(afterPppEnd),
    Array.from({ length: 5 }, () => "redial"),
  );
  for (const end of ["authentication-failed", "authentication-impossible", "not-converging"] as const) {
    assertEquals(afterPppEnd(end), "give-up");
  }
  assertEquals([afterPppEnd("idle-timeout"), afterPppEnd("closed")], ["rest", "done"]);
});

Deno.test("redial: the pause doubles up to its bound, and ten failures in a row are enough", () => {
  const policy = new RedialPolicy(seededRandom(1), { jitter: 0 });
  const pauses: unknown[] = [];
  for (let i = 0; i < 10; i++) pauses.push(policy.failed(0));
  assertEquals(pauses, [5e3, 10e3, 20e3, 40e3, 80e3, 160e3, 300e3, 300e3, 300e3, undefined]);
  policy.reset();
  assertEquals(policy.failed(0), 5000);
});

Deno.test("redial: a session that lasted forgives what was before, a short one does not", () => {
  const policy = new RedialPolicy(seededRandom(1), { jitter: 0, maxFailures: 3 });
  assertEquals([policy.failed(0), policy.failed(59_999)], [5000, 10_000]);
  assertEquals(policy.failed(60_000), 5000);
  assertEquals(policy.failures, 1);
});

Deno.test("redial: the pause is left to chance within a quarter, never beyond the bound", () => {
  const policy = new RedialPolicy(seededRandom(1), { maxFailures: 0, maxHoldOffMs: 9000 });
  const pauses = new Set<number>();
  for (let i = 0; i < 200; i++) {
    policy.reset();
    const pause = policy.failed(0)!;
    assert(pause >= 3750 && pause <= 6250);
    pauses.add(pause);
  }
  assert(pauses.size > 150);
  for (let i = 0; i < 2000; i++) assert(policy.failed(0)! <= 9000);
  assertThrows(() => new RedialPolicy(seededRandom(1), { jitter: 1.5 }), RangeError, "jitter 1.5");
  assertThrows(() => new RedialPolicy(seededRandom(1), { holdOffMs: NaN }), RangeError, "holdOffMs");
});
