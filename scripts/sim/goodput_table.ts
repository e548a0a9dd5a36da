/** The table of what one connection achieves, by loss, round trip, rate and congestion control: {@linkcode formatGoodputTable}.
 *
 * @module
 */
import type { PbufClass, PbufPool } from "@lightwire/pbuf";
import {
  bbrWindow,
  type GoodputCell,
  type GoodputControl,
  theoreticalGoodput,
  timeoutSecondsPerBit,
} from "./goodput_theory.ts";
import { measureSharedLine } from "./shared_line.ts";

/** Memory for the longest and fattest path: its receiver may hold two round trips out of order. */
export const GOODPUT_CLASSES: readonly PbufClass[] = [
  { slotBytes: 256, slots: 65_536 },
  { slotBytes: 2048, slots: 65_536 },
];

/** Losses of the table. */
export const LOSSES = [0, 0.001, 0.01, 0.05, 0.1] as const;
/** Round trips of the table, in milliseconds. */
export const ROUND_TRIPS_MS = [1, 20, 100, 300, 600] as const;
/** Rates of the table, in bits per second. */
export const BANDWIDTHS_BPS = [1e6, 10e6, 100e6] as const;
/** Congestion controls of the table. */
export const CONTROLS: readonly GoodputControl[] = ["reno", "cubic", "bbr"];

/** What a cell came to. */
export interface GoodputResult extends GoodputCell {
  /** Bits of text per second, once slow start is over. */
  readonly goodputBps: number;
  /** What theory says. */
  readonly theoryBps: number;
}

/** All cells in their order. */
export function goodputCells(): GoodputCell[] {
  return BANDWIDTHS_BPS.flatMap((bandwidthBps) =>
    ROUND_TRIPS_MS.flatMap((roundTripMs) =>
      CONTROLS.flatMap((control) =>
        LOSSES.map((lossRate) => ({ control, bandwidthBps, roundTripMs, lossRate }))
      )
    )
  );
}

/** The cells that a selection names: control, Mbit/s, round trip in ms, loss in per cent, with a slash between; an empty part, or
 * one left out at the end, selects all. */
export function selectCells(selection: string): GoodputCell[] {
  const parts = selection.split("/");
  return goodputCells().filter(({ control, bandwidthBps, roundTripMs, lossRate }) =>
    [control, `${bandwidthBps / 1e6}`, `${roundTripMs}`, `${lossRate * 100}`].every((value, i) =>
      (parts[i] ?? "") === "" || parts[i] === value
    )
  );
}

/** How long a cell is measured, in virtual milliseconds: losses that govern a window are to come by the hundred, at 10 % of loss and 1 ms the
 * timeouts as well. */
function measuredMs({ control, roundTripMs }: GoodputCell): number {
  return control === "bbr" ? 30_000 + 400 * roundTripMs : 100_000 + 1500 * roundTripMs;
}

/** How much BBR moves at least, in seconds at the line's rate: it goes in turns, a probe each two to three seconds and some round trips, an
 * empty queue each five and some. What moves in five, at 100 Mbit/s the 60 MB of the others, depends on where in a turn they fall. */
function bbrSeconds(roundTripMs: number): number {
  return 15 + 0.04 * roundTripMs;
}

/** Measures a cell, always with the same result. */
export function measureCell(cell: GoodputCell, pool: PbufPool): GoodputResult {
  const { control, bandwidthBps, roundTripMs, lossRate } = cell;
  const fromMs = 1000 + 25 * roundTripMs;
  const [share] = measureSharedLine({
    bandwidthBps,
    roundTripMs,
    lossRate,
    flows: [{ control, startsAtMs: 0 }],
    fromMs,
    untilMs: fromMs + measuredMs(cell),
    maxBytes: control === "bbr" ? Math.max(60e6, bandwidthBps / 8 * bbrSeconds(roundTripMs)) : 60e6,
  }, pool);
  return { ...cell, goodputBps: share!.goodputBps, theoryBps: theoreticalGoodput(cell) };
}

/** Part of the response function that the losses' order, recovery and whole segments leave, by loss. Of BBR the bottleneck is asked, less a
 * tenth, and above LossThresh a window of which every other probe takes up to 30 %. */
const LEAST_SHARE: Record<GoodputControl, readonly number[]> = {
  reno: [0.98, 0.9, 0.87, 0.79, 0.8],
  cubic: [0.98, 0.97, 0.95, 0.9, 0.82],
  bbr: [0.9, 0.9, 0.9, 0.75, 0.75],
};

/** Bits of text per second that a cell must reach: its part of what theory says, less the time that timeouts take of a window that losses
 * govern. Close below what is measured, so that a regression shows. */
export function requiredGoodput(cell: GoodputCell): number {
  const { control, lossRate } = cell;
  const least = LEAST_SHARE[control][LOSSES.findIndex((loss) => loss === lossRate)]! *
    theoreticalGoodput(cell);
  return control === "bbr" ? least : least / (1 + least * timeoutSecondsPerBit(cell));
}

/** The results in a table as {@linkcode formatGoodputTable} writes it, to three digits. */
export function parseGoodputTable(text: string): GoodputResult[] {
  const lines = text.split("\n");
  return goodputCells().flatMap((cell) => {
    const row = rowHeading(cell);
    const line = lines.find((candidate) => candidate.startsWith(row));
    const column = LOSSES.findIndex((lossRate) => lossRate === cell.lossRate);
    const goodputBps = parseFloat(line?.slice(row.length).split(" | ")[column] ?? "") * 1e6;
    return goodputBps >= 0 ? [{ ...cell, goodputBps, theoryBps: theoreticalGoodput(cell) }] : [];
  });
}

function rowHeading({ bandwidthBps, roundTripMs, control }: Omit<GoodputCell, "lossRate">): string {
  return `| ${bandwidthBps / 1e6} | ${roundTripMs} | ${control} | `;
}

/** The table as Markdown. */
export function formatGoodputTable(results: readonly GoodputResult[]): string {
  const rows = BANDWIDTHS_BPS.flatMap((bandwidthBps) =>
    ROUND_TRIPS_MS.flatMap((roundTripMs) =>
      CONTROLS.map((control) => {
        const cells = LOSSES.map((lossRate) => {
          const result = results.find((r) =>
            r.control === control && r.bandwidthBps === bandwidthBps && r.roundTripMs === roundTripMs &&
            r.lossRate === lossRate
          );
          if (result === undefined) return "";
          return `${megabits(result.goodputBps)} (${
            Math.round(result.goodputBps / result.theoryBps * 100)
          } %)`;
        });
        return `${rowHeading({ bandwidthBps, roundTripMs, control })}${cells.join(" | ")} |`;
      })
    )
  );
  return [
    "# Goodput of one TCP connection",
    "",
    "Mbit/s of text once slow start is over, in virtual time, so that it is a property of the algorithms and not of a machine;",
    "in brackets, what that is of theory: of the response functions of RFC 9438 §5.1 for Reno and CUBIC (CUBIC's no less than",
    "Reno's), as far as the line carries the windows of their sawtooth; of the bottleneck wherever nothing is lost, and for BBR up",
    "to 1 % of loss. Above LossThresh, 2 %, losses are congestion to BBR as well (draft-ietf-ccwg-bbr-06 §5.5.10): by theory it keeps",
    `${Math.round(bbrWindow(0.05))} segments in flight at 5 %, ${
      Math.round(bbrWindow(0.1))
    } at 10 %, or what the line carries: half`,
    "of so many that their losses are those that it bears by chance, since a probe that raises its bound is told of two round trips.",
    "The round trip in the formulae is that of a segment and its acknowledgment, time on the line included, without queue. They",
    "know neither recovery, a round trip in which the window rests, nor whole segments: by a model in rounds with both, Reno's",
    "rules allow 95 % at 1 % loss, 86 % at 5 % and 10 %. Nor do they know timeouts, which strike where all of a small window is",
    "lost: at 10 % loss each costs 200 ms, two hundred round trips of 1 ms.",
    "Losses here are independent of each other. The queue before the line holds one round trip, at least 30 kB. Written by",
    "`deno task sim --goodput`, single cells by `--goodput --only cubic/10/100/1` (control, Mbit/s, ms, % of loss; any of them may",
    "be left out); a part of it is measured again by `scripts/sim/goodput_table_test.ts`.",
    "",
    `| Mbit/s | RTT ms | control | ${LOSSES.map((loss) => `${loss * 100} % loss`).join(" | ")} |`,
    `|---:|---:|---|${LOSSES.map(() => "---:|").join("")}`,
    ...rows,
    "",
  ].join("\n");
}

function megabits(bps: number): string {
  return (bps / 1e6).toPrecision(3);
}
