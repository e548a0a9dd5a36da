import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RtoEstimator } from "./rto.ts";

Deno.test("RtoEstimator starts with 1 s (RFC 6298 §2.1)", () => {
  const rto = new RtoEstimator();
  assertEquals([rto.rtoMs, rto.hasSample], [1000, false]);
});

Deno.test("RtoEstimator: the first sample sets SRTT = R, RTTVAR = R/2, RTO = R + 4·R/2 (RFC 6298 §2.2)", () => {
  const rto = new RtoEstimator();
  rto.sample(400);
  assertEquals([rto.srttMs, rto.rttvarMs, rto.rtoMs], [400, 200, 1200]);
});

Deno.test("RtoEstimator: later samples use the old SRTT for RTTVAR, gains 1/4 and 1/8 (RFC 6298 §2.3)", () => {
  const rto = new RtoEstimator();
  rto.sample(400);
  rto.sample(800);
  assertEquals([rto.rttvarMs, rto.srttMs], [0.75 * 200 + 0.25 * 400, 0.875 * 400 + 0.125 * 800]);
  assertEquals(rto.rtoMs, 450 + 4 * 250);
  assertEquals([rto.minRttMs, rto.latestRttMs], [400, 800]);
});

Deno.test("RtoEstimator keeps RTO between its bounds", () => {
  const rto = new RtoEstimator();
  rto.sample(0);
  assertEquals(rto.rtoMs, 200);
  for (let i = 0; i < 100; i++) rto.sample(300_000);
  assertEquals(rto.rtoMs, 120_000);
});

Deno.test("RtoEstimator leaves 200 ms above a steady round trip, unless told to follow RFC 6298 to the letter", () => {
  const linux = new RtoEstimator();
  const plain = new RtoEstimator({ minMs: 0, varianceFloorMs: 0, granularityMs: 10 });
  for (let i = 0; i < 200; i++) {
    linux.sample(600);
    plain.sample(600);
  }
  assertAlmostEquals(linux.rtoMs, 800, 1e-6);
  assertAlmostEquals(plain.rtoMs, 610, 1e-6);
});

Deno.test("RtoEstimator doubles at each expiry up to 120 s and recovers with new data (RFC 6298 §5.5)", () => {
  const rto = new RtoEstimator();
  const seen: number[] = [];
  for (let i = 0; i < 9; i++) {
    seen.push(rto.rtoMs / 1000);
    rto.backOff();
  }
  assertEquals(seen, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
  assertEquals(rto.backOffCount, 9);
  rto.resetBackOff();
  assertEquals([rto.rtoMs, rto.backOffCount], [1000, 0]);
  rto.sample(100);
  rto.backOff();
  assertEquals(rto.rtoMs, 600);
  rto.sample(100);
  assertEquals([rto.rtoMs, rto.backOffCount], [300, 0]);
});

Deno.test("RtoEstimator: data starts with 3 s after a repeated SYN gave no sample (RFC 6298 §5.7)", () => {
  const rto = new RtoEstimator();
  rto.backOff();
  const patient = new RtoEstimator({ initialMs: 5000 });
  patient.fallBackAfterSynLoss();
  assertEquals(patient.rtoMs, 5000);
  rto.fallBackAfterSynLoss();
  assertEquals([rto.rtoMs, rto.backOffCount], [3000, 0]);
  rto.sample(50);
  rto.fallBackAfterSynLoss();
  assertEquals(rto.rtoMs, 250);
});

Deno.test("RtoEstimator weighs samples by how many a round trip gives (RFC 7323 appendix G)", () => {
  const once = new RtoEstimator();
  const often = new RtoEstimator();
  once.sample(100);
  often.sample(100);
  once.sample(200);
  for (let i = 0; i < 10; i++) often.sample(200, 10);
  assertAlmostEquals(often.srttMs, once.srttMs, 1);
});

Deno.test("RtoEstimator ignores what is no time", () => {
  const rto = new RtoEstimator();
  rto.sample(-1);
  rto.sample(NaN);
  assert(!rto.hasSample);
});

Deno.test("property: RTO stays within bounds and above SRTT", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 200_000, noNaN: true })), (samples) => {
    const rto = new RtoEstimator();
    for (const s of samples) {
      rto.sample(s);
      assert(rto.rtoMs >= 200 && rto.rtoMs <= 120_000);
      assert(rto.rtoMs >= Math.min(rto.srttMs, 120_000));
      assert(rto.srttMs >= 0 && rto.rttvarMs >= 0);
    }
  }));
});

Deno.test("RtoEstimator: a timeout for nothing leaves no back-off beyond 3 s (RFC 4015 §3.2, RFC 6298 §5.7)", () => {
  const rto = new RtoEstimator();
  rto.sample(100);
  rto.backOff();
  rto.limitBackOff();
  assertEquals(rto.rtoMs, 600);
  for (let i = 0; i < 8; i++) rto.backOff();
  rto.limitBackOff();
  assertEquals(rto.rtoMs, 3000);
  rto.sample(100);
  assertEquals(rto.rtoMs < 400, true);
});
