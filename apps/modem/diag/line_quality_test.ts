import { assertEquals, assertMatch } from "@std/assert";
import { judgeLine, type LineCounts, packetsAlone } from "./line_quality.ts";
import type { LoadFindings } from "./network_context.ts";

function counts(load: Partial<LoadFindings> | undefined, more: Partial<LineCounts> = {}): LineCounts {
  return {
    frames: 500,
    badFrames: load?.badFrames ?? 0,
    isPeer: true,
    overruns: 0,
    overflowLoss: 0.2,
    load: load === undefined ? undefined : {
      sent: 100,
      received: 100,
      bytesPerSecond: 1000,
      frames: 200,
      badFrames: 0,
      alone: undefined,
      ...load,
    },
    ...more,
  };
}

Deno.test("judgeLine(): no damage at all passes, one or two frames are chance", () => {
  assertEquals(judgeLine(counts(undefined)), { result: "pass", text: "none of 500" });
  assertEquals(judgeLine(counts({ badFrames: 2 })).result, "pass");
});

Deno.test("judgeLine(): frames damaged under load and not one by one are missing flow control", () => {
  const load = { received: 70, frames: 140, badFrames: 60, alone: { sent: 64, received: 64, badFrames: 0 } };
  const verdict = judgeLine(counts(load));
  assertEquals([verdict.result, verdict.cause], ["fail", "flow-control"]);
  assertMatch(verdict.text, /^30 % of the frames damaged under load, 0 % one by one$/);
});

Deno.test("judgeLine(): damage with load and without is noise, of which no flow control is the cause", () => {
  const load = { received: 70, frames: 140, badFrames: 30, alone: { sent: 30, received: 24, badFrames: 6 } };
  const verdict = judgeLine(counts(load));
  assertEquals([verdict.result, verdict.cause], ["warn", undefined]);
  assertMatch(verdict.text, /noise/);
});

Deno.test("judgeLine(): the way out has no counters of ours: loss under load counts if nothing but the line is in between", () => {
  const load = { received: 60, alone: { sent: 50, received: 50, badFrames: 0 } };
  assertEquals(judgeLine(counts(load)).cause, "flow-control");
  assertEquals(judgeLine(counts(load, { isPeer: false })).result, "pass");
});

Deno.test("judgeLine(): damage and overruns counted by the port are missing flow control, whenever it was", () => {
  const verdict = judgeLine(counts(undefined, { badFrames: 5, overruns: 12 }));
  assertEquals([verdict.cause, verdict.text], [
    "flow-control",
    "5 frames damaged (0.99 %), 12 overruns of the port",
  ]);
  assertEquals(judgeLine(counts(undefined, { overruns: 12 })).result, "pass");
});

Deno.test("judgeLine(): loss with load and without, and whole frames in: noise on the way out", () => {
  const verdict = judgeLine(counts({ received: 80, alone: { sent: 40, received: 33, badFrames: 0 } }));
  assertEquals([verdict.result, verdict.cause], ["warn", undefined]);
  assertMatch(verdict.text, /^20 % of the packets lost, though what arrives is whole/);
});

Deno.test("judgeLine(): too few packets one by one prove nothing", () => {
  const load = { frames: 190, badFrames: 10, alone: { sent: 20, received: 20, badFrames: 0 } };
  assertEquals([judgeLine(counts(load)).result, judgeLine(counts(load)).cause], ["warn", undefined]);
});

Deno.test("packetsAlone() wants more packets the fewer get lost, within bounds", () => {
  assertEquals([1, 0.5, 0.1].map(packetsAlone), [24, 40, 64]);
});
