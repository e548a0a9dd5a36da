/** A part of docs/tcp_goodput.md, measured again: the whole of it takes minutes, `deno task sim --goodput`. */
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { deriveRandom, randomUnit } from "@lightwire/netif";
import { PbufPool } from "@lightwire/pbuf";
import {
  BANDWIDTHS_BPS,
  formatGoodputTable,
  GOODPUT_CLASSES,
  measureCell,
  parseGoodputTable,
  requiredGoodput,
  ROUND_TRIPS_MS,
  selectCells,
} from "./goodput_table.ts";
import {
  bbrWindow,
  cubicWindow,
  type GoodputCell,
  renoWindow,
  sawtoothRate,
  theoreticalGoodput,
  timeoutSecondsPerBit,
} from "./goodput_theory.ts";

/** Part of a snapshot's figure by which a measurement may differ: three digits are printed, and a change that is meant to be small moves
 * a few losses. */
const TOLERANCE = 0.1;

const SNAPSHOT = Deno.readTextFileSync(new URL("../../docs/tcp_goodput.md", import.meta.url));

/** The figure of a cell, in Mbit/s. */
function snapshot(cell: GoodputCell): number {
  const result = parseGoodputTable(SNAPSHOT).find((r) =>
    r.control === cell.control && r.bandwidthBps === cell.bandwidthBps &&
    r.roundTripMs === cell.roundTripMs &&
    r.lossRate === cell.lossRate
  )!;
  return result.goodputBps / 1e6;
}

/** Cells that take a fraction of a second. */
const SUBSET: readonly GoodputCell[] = [
  { control: "reno", bandwidthBps: 10e6, roundTripMs: 100, lossRate: 0.01 },
  { control: "reno", bandwidthBps: 1e6, roundTripMs: 100, lossRate: 0 },
  { control: "cubic", bandwidthBps: 1e6, roundTripMs: 100, lossRate: 0 },
  { control: "cubic", bandwidthBps: 1e6, roundTripMs: 20, lossRate: 0.1 },
  { control: "cubic", bandwidthBps: 10e6, roundTripMs: 100, lossRate: 0.05 },
  { control: "cubic", bandwidthBps: 10e6, roundTripMs: 300, lossRate: 0.01 },
  { control: "cubic", bandwidthBps: 100e6, roundTripMs: 600, lossRate: 0.01 },
  { control: "bbr", bandwidthBps: 1e6, roundTripMs: 20, lossRate: 0.01 },
  { control: "bbr", bandwidthBps: 10e6, roundTripMs: 20, lossRate: 0 },
];

for (const cell of SUBSET) {
  const { control, bandwidthBps, roundTripMs, lossRate } = cell;
  Deno.test(
    `goodput of ${control} at ${bandwidthBps / 1e6} Mbit/s, ${roundTripMs} ms, ${
      lossRate * 100
    } % loss: what theory says, and as in the snapshot (RFC 9438 §5.1)`,
    () => {
      const { goodputBps } = measureCell(cell, new PbufPool(GOODPUT_CLASSES));
      assertGreater(goodputBps, requiredGoodput(cell));
      const before = snapshot(cell);
      assertAlmostEquals(goodputBps / 1e6, before, TOLERANCE * before);
    },
  );
}

Deno.test("goodput of bbr above LossThresh, 1 Mbit/s, 300 ms, 10 % loss: what theory says (draft-ietf-ccwg-bbr §5.5.10)", () => {
  // A probe more that gets through moves the figure by more than the snapshot's tolerance.
  const cell = { control: "bbr", bandwidthBps: 1e6, roundTripMs: 300, lossRate: 0.1 } as const;
  assertGreater(measureCell(cell, new PbufPool(GOODPUT_CLASSES)).goodputBps, requiredGoodput(cell));
});

Deno.test("the snapshot has every cell, and none below what it must reach (RFC 9438 §5.1, draft-ietf-ccwg-bbr §5.5.10)", () => {
  const results = parseGoodputTable(SNAPSHOT);
  assertEquals(results.length, 225);
  for (const result of results) {
    // Three digits are printed.
    assertGreater(1.005 * result.goodputBps, requiredGoodput(result), JSON.stringify(result));
  }
});

Deno.test("bbrWindow() has no bound up to LossThresh; above it, losses of two windows are those that are borne (draft-ietf-ccwg-bbr §5.5.10)", () => {
  assertEquals([0, 0.01, 0.02].map(bbrWindow), [Infinity, Infinity, Infinity]);
  assertEquals([0.05, 0.1].map((p) => Math.round(bbrWindow(p))), [50, 15]);
  for (const p of [0.05, 0.1, 0.2]) {
    const segments = 2 * bbrWindow(p);
    assertAlmostEquals(0.01 * segments + 3 * Math.sqrt(0.01 * segments) + 1, p * segments, 1e-6);
  }
  const at = (lossRate: number) =>
    theoreticalGoodput({ control: "bbr", bandwidthBps: 10e6, roundTripMs: 300, lossRate }) / 1e6;
  assertAlmostEquals(at(0.01), 9.65 * 0.99, 0.01);
  assertAlmostEquals(at(0.05), 50 * 1448 * 8 * 0.95 / 0.3028 / 1e6, 0.01);
});

Deno.test("a table that was written is read as it was; a selection names its cells", () => {
  const cells = selectCells("cubic/10//0.1");
  assertEquals(cells.map(({ roundTripMs }) => roundTripMs), [...ROUND_TRIPS_MS]);
  assertEquals([selectCells("").length, selectCells("bbr").length, selectCells("vegas").length], [
    225,
    75,
    0,
  ]);
  const results = cells.map((cell, i) => ({
    ...cell,
    goodputBps: (i + 1) * 1e6,
    theoryBps: theoreticalGoodput(cell),
  }));
  assertEquals(parseGoodputTable(formatGoodputTable(results)), results);
});

Deno.test("sawtoothRate() is window by round trip while the line holds it, the line's rate when it never drains", () => {
  assertAlmostEquals(sawtoothRate(12, 0.5, 0.1, 1000), 120);
  assertAlmostEquals(sawtoothRate(1000, 0.7, 0.1, 1000), 1000);
  // From 8 to 16 segments over a line of 12: (16² − 8²) ÷ 2 segments in 4 round trips, and (16² − 12²) ÷ 2 segments at its rate.
  assertAlmostEquals(sawtoothRate(12, 0.5, 0.1, 120), 96 / (0.4 + 56 / 120));
});

Deno.test("timeoutSecondsPerBit() is a timeout for each least window that is lost as a whole", () => {
  const cell = { control: "reno", bandwidthBps: 1e9, roundTripMs: 100, lossRate: 0.1 } as const;
  // 300 ms, once in a hundred windows of two segments.
  assertAlmostEquals(timeoutSecondsPerBit(cell) * 1448 * 8, 0.3 * 0.01 / 2, 1e-5);
  assertEquals(timeoutSecondsPerBit({ ...cell, lossRate: 0 }), 0);
  assert(timeoutSecondsPerBit({ ...cell, lossRate: 0.001 }) < 1e-60);
});

/** Average window of Reno's rules, round by round, whole segments sent and each lost independently: a round with a loss is followed by
 * one in which the window is halved and rests. */
function renoByRounds(lossRate: number): number {
  const random = deriveRandom(1, "rounds");
  const isLost = (segments: number): boolean => randomUnit(random) > (1 - lossRate) ** segments;
  let cwnd = 10, sent = 0;
  const rounds = 200_000;
  for (let round = 0, isRecovery = false; round < rounds; round++) {
    const segments = Math.floor(cwnd);
    sent += segments;
    if (isLost(segments)) {
      cwnd = Math.max(cwnd / 2, 2);
      isRecovery = true;
    } else if (isRecovery) isRecovery = false;
    else cwnd++;
  }
  return sent / rounds;
}

Deno.test("what the response function leaves out: recovery and whole segments cost Reno 5 % at 1 % loss, 14 % at 5 % and 10 %", () => {
  const shares = [0.01, 0.05, 0.1].map((p) => renoByRounds(p) / renoWindow(p) * 100);
  [95, 86, 87].forEach((percent, i) => assertAlmostEquals(shares[i]!, percent, 2, `${shares}`));
});

Deno.test("cubicWindow() is the response function of RFC 9438 §5.1, and no less than Reno's", () => {
  // The RFC's table of average windows at a round trip of 0.1 s.
  assertEquals([1e-2, 1e-4, 1e-6].map((p) => Math.round(renoWindow(p))), [12, 122, 1225]);
  assertEquals([1e-4, 1e-6, 1e-8].map((p) => Math.round(cubicWindow(p, 0.1))), [187, 5926, 187400]);
  assertEquals(cubicWindow(1e-2, 0.1), renoWindow(1e-2));
});

Deno.test("formatGoodputTable() writes a row for each rate, round trip and control", () => {
  const cell = SUBSET[0]!;
  const text = formatGoodputTable([{ ...cell, goodputBps: 1.5e6, theoryBps: 3e6 }]);
  assertEquals(
    text.split("\n").filter((line) => /^\| \d/.test(line)).length,
    BANDWIDTHS_BPS.length * ROUND_TRIPS_MS.length * 3,
  );
  assertGreater(text.indexOf("1.50 (50 %)"), 0);
});
