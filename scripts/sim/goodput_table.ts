/** The table of what one connection achieves, by loss, round trip, rate and congestion control: {@linkcode formatGoodputTable}.
 *
 * @module
 */
import type { PbufClass, PbufPool } from "@lightwire/pbuf";
import { type GoodputCell, type GoodputControl, theoreticalGoodput } from "./goodput_theory.ts";
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
    untilMs: fromMs + 30_000 + 400 * roundTripMs,
    maxBytes: 60_000_000,
  }, pool);
  return { ...cell, goodputBps: share!.goodputBps, theoryBps: theoreticalGoodput(cell) };
}

/** Part of what theory says that a cell must reach. The formulae leave out timeouts, which rule where the window is a few segments: from
 * some percent of loss on, and most of all where the shortest timeout, 200 ms, is two hundred round trips. */
export function requiredShare(cell: GoodputCell): number {
  const { control, lossRate, roundTripMs } = cell;
  if (control === "bbr") return lossRate <= 0.01 ? 0.9 : 0;
  // On the longest path the aftermath of slow start is in it.
  if (lossRate === 0) return 0.85;
  if (lossRate <= 0.01) return control === "cubic" ? 0.85 : 0.75;
  if (roundTripMs < 10) return lossRate <= 0.05 ? 0.4 : 0.2;
  return lossRate <= 0.05 ? 0.65 : 0.6;
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
        return `| ${bandwidthBps / 1e6} | ${roundTripMs} | ${control} | ${cells.join(" | ")} |`;
      })
    )
  );
  return [
    "# Goodput of one TCP connection",
    "",
    "Mbit/s of text once slow start is over, in virtual time, so that it is a property of the algorithms and not of a machine;",
    "in brackets, what that is of theory: of the response functions of RFC 9438 §5.1 for Reno and CUBIC (CUBIC's no less than",
    "Reno's), of the bottleneck for BBR and wherever nothing is lost. The formulae know neither timeouts, which rule from some",
    "percent of loss on, nor chance: losses here are independent of each other. The queue before the line holds one round trip,",
    "at least 30 kB. Written by `deno task sim --goodput`; a part of it is measured again by `scripts/sim/goodput_table_test.ts`.",
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
