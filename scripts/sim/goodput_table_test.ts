/** A part of docs/tcp_goodput.md, measured again: the whole of it takes minutes, `deno task sim --goodput`. */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import {
  BANDWIDTHS_BPS,
  formatGoodputTable,
  GOODPUT_CLASSES,
  goodputCells,
  LOSSES,
  measureCell,
  requiredShare,
  ROUND_TRIPS_MS,
} from "./goodput_table.ts";
import { cubicWindow, type GoodputCell, renoWindow, theoreticalGoodput } from "./goodput_theory.ts";

/** Part of a snapshot's figure by which a measurement may differ: three digits are printed, and a change that is meant to be small moves
 * a few losses. */
const TOLERANCE = 0.1;

const SNAPSHOT = Deno.readTextFileSync(new URL("../../docs/tcp_goodput.md", import.meta.url));

/** The figure of a cell, in Mbit/s. */
function snapshot(cell: GoodputCell): number {
  const row = `| ${cell.bandwidthBps / 1e6} | ${cell.roundTripMs} | ${cell.control} | `;
  const line = SNAPSHOT.split("\n").find((text) => text.startsWith(row))!;
  const column = LOSSES.findIndex((lossRate) => lossRate === cell.lossRate);
  return parseFloat(line.slice(row.length).split(" | ")[column]!);
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
      const { goodputBps, theoryBps } = measureCell(cell, new PbufPool(GOODPUT_CLASSES));
      assertGreater(goodputBps, requiredShare(cell) * theoryBps);
      const before = snapshot(cell);
      assertAlmostEquals(goodputBps / 1e6, before, TOLERANCE * before);
    },
  );
}

Deno.test("the snapshot has every cell, and none of Reno's and CUBIC's below theory", () => {
  assertEquals(goodputCells().length, 225);
  for (const cell of goodputCells()) {
    const share = snapshot(cell) * 1e6 / theoreticalGoodput(cell);
    if (cell.control !== "bbr") assertGreater(share, requiredShare(cell) - 0.01, JSON.stringify(cell));
  }
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
