import { assert, assertEquals } from "@std/assert";
import { BbrLosses, lossesBorne } from "./bbr_losses.ts";
import { RateSample } from "./delivery_rate.ts";

const SMSS = 1000;

/** An acknowledgment of `delivered` segments that tells of `lost` ones, from a flight of `flight`. */
function ack(losses: BbrLosses, delivered: number, lost: number, flight: number, options: {
  readonly isRoundStart?: boolean;
  readonly isQueued?: boolean;
} = {}): boolean {
  const sample = new RateSample();
  sample.newlyDeliveredBytes = delivered * SMSS;
  sample.newlyLostBytes = lost * SMSS;
  sample.lostTxInFlight = flight * SMSS;
  return losses.note(sample, options.isRoundStart ?? false, options.isQueued ?? false, SMSS);
}

/** Segments until a share of losses is too much, in windows of `flight` segments. */
function segmentsUntilHigh(lossRate: number, flight: number, isQueued: boolean = false): number {
  const losses = new BbrLosses();
  let owed = 0;
  for (let n = 1; n <= 10_000; n++) {
    owed += lossRate;
    const isLost = owed >= 1;
    if (isLost) owed--;
    const isRoundStart = n % flight === 0;
    if (ack(losses, isLost ? 0 : 1, isLost ? 1 : 0, flight, { isRoundStart, isQueued })) return n;
  }
  return Infinity;
}

Deno.test("few segments bear more than 2 % of losses by chance, many do not (draft-ietf-ccwg-bbr §5.5.10)", () => {
  assertEquals([8, 30, 80, 160, 400, 900].map((n) => Math.floor(lossesBorne(n))), [1, 2, 4, 6, 11, 19]);
  assertEquals(lossesBorne(5000), 100);
});

Deno.test("losses: one per cent of noise is borne in any window (draft-ietf-ccwg-bbr §5.3.3.8.3)", () => {
  for (const flight of [4, 10, 50, 500]) assertEquals(segmentsUntilHigh(0.01, flight), Infinity);
});

Deno.test("losses: what loses steadily is found out whatever its window (draft-ietf-ccwg-bbr §5.5.10)", () => {
  for (const flight of [4, 10, 30]) {
    for (const [lossRate, most] of [[0.05, 120], [0.1, 40], [0.2, 15]] as const) {
      const n = segmentsUntilHigh(lossRate, flight);
      assert(n <= most, `${lossRate * 100} % in windows of ${flight}: after ${n} segments`);
    }
  }
});

Deno.test("losses: a burst is held against the whole flight that it was a part of (draft-ietf-ccwg-bbr §5.5.10.2)", () => {
  assertEquals(ack(new BbrLosses(), 1, 15, 1000), false);
  assertEquals(ack(new BbrLosses(), 1, 23, 1000), true);
  assertEquals(ack(new BbrLosses(), 1, 15, 100), true);
});

Deno.test("losses: on top of a queue each round trip stands for itself, and bears 2 % (draft-ietf-ccwg-bbr §5.5.10.2)", () => {
  assertEquals(ack(new BbrLosses(), 1, 1, 80, { isQueued: true }), false);
  assertEquals(ack(new BbrLosses(), 1, 2, 80, { isQueued: true }), true);
  const losses = new BbrLosses();
  assertEquals(ack(losses, 40, 1, 80, { isQueued: true }), false);
  assertEquals(ack(losses, 40, 1, 80, { isQueued: true, isRoundStart: true }), false);
});

Deno.test("STARTUP: a round trip is lossy with six gaps and more than 2 %, on top of a queue (draft-ietf-ccwg-bbr §5.3.1.3)", () => {
  assertEquals([lossyRound(6, 200, true), lossyRound(5, 150, true), lossyRound(6, 400, true)], [
    true,
    false,
    false,
  ]);
});

Deno.test("STARTUP: without a queue a round trip is lossy with more than noise gives rise to (draft-ietf-ccwg-bbr §5.3.3.8.3)", () => {
  assertEquals([6, 7, 8, 20].map((gaps) => lossyRound(gaps, 200, false)), [false, false, true, true]);
  assertEquals([20, 30].map((gaps) => lossyRound(gaps, 1200, false)), [false, true]);
});

/** Whether a round trip which delivers so many segments, with so many losses here and there, ends STARTUP. */
function lossyRound(gaps: number, delivered: number, isQueued: boolean): boolean {
  const losses = new BbrLosses();
  for (let i = 0; i < gaps; i++) ack(losses, delivered / gaps, 1, 2000, { isQueued });
  ack(losses, 1, 0, 2000, { isRoundStart: true, isQueued });
  return losses.isLastRoundLossy;
}
