/** What a run of `deno test` says in its last line. */
export interface TestSummary {
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that failed. */
  readonly failed: number;
  /** Tests that were ignored. */
  readonly skipped: number;
}

const LAST_LINE =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^|]*?\))?(?: \| (\d+) ignored(?: \([^|]*?\))?)?/;

/** Takes the colours out of a terminal's text. */
export function stripColors(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[\d;]*m/g, "");
}

/**
 * Reads the summary line of `deno test`.
 *
 * @param output The whole output, with or without colours.
 * @returns The counts of the last summary in it, or `undefined` when there is none, for instance because the types
 * did not check.
 */
export function parseTestSummary(output: string): TestSummary | undefined {
  let found: TestSummary | undefined;
  for (const line of stripColors(output).split("\n")) {
    const match = LAST_LINE.exec(line.trim());
    if (match) found = { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
  }
  return found;
}

/** Adds up two summaries. */
export function addSummaries(a: TestSummary, b: TestSummary): TestSummary {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** Prints a summary as `N passed, N failed`, and `, N skipped` when there are any. */
export function formatSummary(summary: TestSummary): string {
  const skipped = summary.skipped > 0 ? `, ${summary.skipped} skipped` : "";
  return `${summary.passed} passed, ${summary.failed} failed${skipped}`;
}
