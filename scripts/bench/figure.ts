/** A table of figures, medians of several runs.
 *
 * @module
 */

/** One line of the table. */
export interface Figure {
  /** What was measured. */
  readonly name: string;
  /** Values of the runs, in `unit`. */
  readonly runs: readonly number[];
  /** "Gbit/s", "µs", …. */
  readonly unit: string;
  /** What it should reach, and at which bound; `undefined` where it is a yardstick only. */
  readonly goal?: { readonly atLeast?: number; readonly atMost?: number };
  /** Why there is no figure, when there is none. */
  readonly skipped?: string;
}

/** Median of a non-empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which a share `q` of the sorted `values` lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
}

/** One line: name, median, spread, goal. */
export function formatFigure(f: Figure): string {
  if (f.skipped !== undefined) return `${f.name.padEnd(64)} ${`(${f.skipped})`.padStart(10)}`;
  const digits = (v: number): string => v.toFixed(v < 10 ? 2 : v < 100 ? 1 : 0);
  const value = median(f.runs);
  const spread = f.runs.length > 1 ? ` (${f.runs.map(digits).join(" ")})` : "";
  const { atLeast, atMost } = f.goal ?? {};
  const goal = atLeast !== undefined
    ? `  goal ≥ ${atLeast}: ${value >= atLeast ? "reached" : "missed"}`
    : atMost !== undefined
    ? `  goal ≤ ${atMost}: ${value <= atMost ? "reached" : "missed"}`
    : "";
  return `${f.name.padEnd(64)} ${digits(value).padStart(8)} ${f.unit}${spread}${goal}`;
}
