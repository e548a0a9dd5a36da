/** What the runs beside Linux say: medians, ratios with their error, verdicts, and the page that shows them.
 *
 * @module
 */
import { median } from "./figure.ts";

/** Who sends to whom; the first pair is what the others are compared with. */
export const PAIRS = [["linux", "linux"], ["ours", "linux"], ["linux", "ours"], ["ours", "ours"]] as const;

/** Difference below which two figures are the same: what the machine's own noise is worth. */
export const RESOLUTION = 0.02;
/** Standard errors that a ratio may lie below 1 by chance: one in twenty does at 1.645. */
export const ERRORS_ALLOWED = 1.645;

/** The runs of a network. */
export interface CellRuns {
  /** Name of the network. */
  readonly name: string;
  /** Mbit/s by pair, and in it by seed, the same seeds for each. */
  readonly mbps: readonly (readonly number[])[];
  /** Packets of the text that were lost in a run of Linux with Linux, median. */
  readonly losses: number;
  /** Octets of text of a run. */
  readonly bytes: number;
}

/** A pair beside Linux with Linux. */
export interface Comparison {
  /** Geometric mean, over seeds, of the pair's goodput by Linux's. */
  readonly ratio: number;
  /** Its standard error, as a share. */
  readonly error: number;
  /** `"≥"`: at least Linux's; `"≈"`: below by less than chance allows; `"<"`: below. */
  readonly verdict: "≥" | "≈" | "<";
}

/** Compares two lists of runs, seed by seed. Logarithms, since goodput varies by factors.
 *
 * @param ours Mbit/s by seed.
 * @param linux Mbit/s by seed.
 */
export function compare(ours: readonly number[], linux: readonly number[]): Comparison {
  const logs = ours.map((mbps, i) => Math.log(mbps / linux[i]!));
  const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length;
  const squares = logs.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const error = logs.length > 1 ? Math.sqrt(squares / (logs.length - 1) / logs.length) : Infinity;
  const least = Math.log(1 - RESOLUTION);
  const verdict = mean >= least ? "≥" : mean + ERRORS_ALLOWED * error >= least ? "≈" : "<";
  return { ratio: Math.exp(mean), error, verdict };
}

/** A pair's part of a line: median, ratio with its error, verdict. */
function cellWords(runs: readonly number[], linux: readonly number[]): string {
  const { ratio, error, verdict } = compare(runs, linux);
  const percent = (share: number): string => (share * 100).toFixed(0);
  return `${digits(median(runs))} ${verdict} ${percent(ratio)} ± ${
    error === Infinity ? "?" : percent(error)
  } %`;
}

function digits(mbps: number): string {
  return mbps < 0.1 ? mbps.toFixed(3) : mbps.toFixed(2);
}

/** A line of the table on a terminal. */
export function tableLine({ name, mbps, losses }: CellRuns): string {
  const [linux, ...others] = mbps as [readonly number[], ...(readonly number[])[]];
  const words = [digits(median(linux)), ...others.map((runs) => cellWords(runs, linux))];
  return `${name.padEnd(42)}${`${losses}`.padStart(6)}${words.map((word) => word.padStart(22)).join("")}`;
}

/** The heading over {@linkcode tableLine}. */
export function tableHeading(): string {
  const pairs = PAIRS.map((pair) => pair.join("→").padStart(22)).join("");
  return `${"Mbit/s".padEnd(42)}${"losses".padStart(6)}${pairs}`;
}

/** The rule behind the verdicts, in words. */
export const RULE =
  `Each pair is compared with Linux→Linux seed by seed: the geometric mean of the ratios, ± its standard error. ` +
  `"≥": at least Linux's (to ${RESOLUTION * 100} %, the noise of the machine); "≈": below, by less than ` +
  `${ERRORS_ALLOWED} standard errors, which chance alone does once in twenty; "<": below.`;

/** A section of `docs/tcp_linux.md`. */
export function section(title: string, cells: readonly CellRuns[]): string {
  const rows = cells.map(({ name, mbps, losses, bytes }) => {
    const [linux, ...others] = mbps as [readonly number[], ...(readonly number[])[]];
    const words = [digits(median(linux)), ...others.map((runs) => cellWords(runs, linux))];
    return `| ${[name, `${bytes / 1000}`, `${losses}`, `${linux.length}`, ...words].join(" | ")} |`;
  });
  return [
    `## ${title}`,
    "",
    `| network | kB | losses | seeds | ${PAIRS.map((pair) => pair.join(" → ")).join(" | ")} |`,
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    summary(cells),
    "",
  ].join("\n");
}

/** How many comparisons came out how. */
export function summary(cells: readonly CellRuns[]): string {
  const counts = { "≥": 0, "≈": 0, "<": 0 };
  for (const { mbps } of cells) {
    for (const runs of mbps.slice(1)) counts[compare(runs, mbps[0]!).verdict]++;
  }
  const words = `Comparisons: ${counts["≥"]} at least Linux's, ${counts["≈"]} below within chance, ${
    counts["<"]
  } below`;
  const below = cells.flatMap(({ name, mbps }) =>
    PAIRS.slice(1).filter((_, i) => compare(mbps[i + 1]!, mbps[0]!).verdict === "<")
      .map((pair) => `${pair.join(" → ")} at ${name}`)
  );
  return below.length === 0 ? `${words}.` : `${words}: ${below.join("; ")}.`;
}
