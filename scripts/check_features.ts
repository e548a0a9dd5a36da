/**
 * `scripts/check_features.ts`: the table of features is whole and its evidence exists.
 *
 * `docs/feature_ids.txt` holds the ids of the reference table, one a line. `docs/features.md` has one row for each, in
 * the form `| ID | state | where | test or figure | feature |`. A row that is `done` names a test file, and may name a test
 * in it: `` `packages/ip/address_test.ts`: "parseIpAddress() refuses" ``. A row that `deviates` gives its reason.
 * `--summary` prints the counts by group.
 *
 * @module
 */
import { finish, pathExists, type Problem, readSources } from "./lib/workspace.ts";

/** One row of `docs/features.md`. */
export interface FeatureRow {
  /** For instance `TC-07`. */
  readonly id: string;
  /** Of the three states. */
  readonly state: string;
  /** Files that implement it. */
  readonly where: string;
  /** Tests or figures that show it; for a deviation the reason as well. */
  readonly evidence: string;
  /** Line in the file, from 1. */
  readonly line: number;
}

const STATES = new Set(["done", "deviates", "open"]);
const ID = /^[A-Z]{2}-\d{2}[a-z]?$/;

/** Splits a row at its bars; a bar behind a backslash is text. */
function splitRow(line: string): string[] {
  return line.trim().replace(/^\|/, "").replace(/\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/**
 * Reads the rows of the table.
 *
 * @param markdown Text of `docs/features.md`.
 * @returns Each row whose first cell is an id.
 */
export function parseFeatures(markdown: string): FeatureRow[] {
  const rows: FeatureRow[] = [];
  markdown.split("\n").forEach((text, i) => {
    if (!text.startsWith("|")) return;
    const [id = "", state = "", where = "", evidence = ""] = splitRow(text);
    if (ID.test(id)) rows.push({ id, state, where, evidence, line: i + 1 });
  });
  return rows;
}

/**
 * Reads the ids of a reference table.
 *
 * @param text Lines of ids, or a Markdown table whose first cells are ids.
 * @returns The ids, in order.
 */
export function parseIds(text: string): string[] {
  return text.split("\n").map((line) => line.startsWith("|") ? splitRow(line)[0]! : line.trim())
    .map((cell) => cell.replaceAll("*", "")).filter((cell) => ID.test(cell));
}

interface Evidence {
  readonly path: string;
  readonly name: string | undefined;
}

/** Paths in backticks, each with the test named behind it in quotes. */
function findEvidence(cell: string): Evidence[] {
  return [...cell.matchAll(/`((?:packages|apps|scripts|docs)\/[^`]+)`(?::? ?"([^"]+)")?/g)]
    .map(([, path, name]) => ({ path: path!, name }));
}

/** Takes out what differs between a name in a table and in a source file: bars and quotes behind backslashes. */
function normalize(text: string): string {
  return text.replaceAll("\\|", "|").replaceAll('\\"', '"');
}

function checkRow(row: FeatureRow, read: (path: string) => string | undefined): Problem[] {
  const problems: Problem[] = [];
  const say = (message: string) =>
    problems.push({ where: `docs/features.md:${row.line}`, message: `${row.id} ${message}` });
  if (!STATES.has(row.state)) say(`has the state "${row.state}"; write done, deviates or open`);
  const tests = findEvidence(row.evidence);
  if (row.state === "done") {
    if (findEvidence(row.where).length === 0) say("is done and does not say where");
    if (!tests.some(({ path }) => /_test\.ts$|_bench\.ts$|^docs\//.test(path))) {
      say("is done and names no test and no figure");
    }
  }
  if (row.state === "deviates" && row.evidence.replace(/`[^`]*`/g, "").length < 20) {
    say("deviates and does not say why");
  }
  for (const { path, name } of [...findEvidence(row.where), ...tests]) {
    const text = read(path.replace(/\/$/, ""));
    if (text === undefined) say(`names ${path}, which does not exist`);
    else if (name !== undefined && !normalize(text).includes(normalize(name))) {
      say(`names the test "${name}", which ${path} does not have`);
    }
  }
  return problems;
}

/**
 * Checks the table.
 *
 * @param rows Its rows.
 * @param ids The reference ids.
 * @param read Reads a file; `""` for a folder, `undefined` when there is none.
 * @returns What is wrong.
 */
export function checkFeatures(
  rows: readonly FeatureRow[],
  ids: readonly string[],
  read: (path: string) => string | undefined,
): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const known = new Set(ids);
  for (const row of rows) {
    const where = `docs/features.md:${row.line}`;
    if (seen.has(row.id)) problems.push({ where, message: `${row.id} has a second row` });
    if (!known.has(row.id)) problems.push({ where, message: `${row.id} is not in docs/feature_ids.txt` });
    seen.add(row.id);
    problems.push(...checkRow(row, read));
  }
  for (const id of ids) {
    if (!seen.has(id)) problems.push({ where: "docs/features.md", message: `${id} has no row` });
  }
  return problems;
}

/** Counts rows by group and state. */
export function summarize(rows: readonly FeatureRow[]): string {
  const groups = new Map<string, Map<string, number>>();
  for (const { id, state } of rows) {
    for (const group of [id.slice(0, 2), "all"]) {
      const counts = groups.get(group) ?? new Map<string, number>();
      groups.set(group, counts.set(state, (counts.get(state) ?? 0) + 1));
    }
  }
  const line = ([group, counts]: [string, Map<string, number>]) =>
    `${group.padEnd(4)}${
      [...STATES].map((state) => `${String(counts.get(state) ?? 0).padStart(4)} ${state}`).join(" ")
    }`;
  const all = [...groups].filter(([group]) => group === "all");
  return [...[...groups].filter(([group]) => group !== "all"), ...all].map(line).join("\n");
}

function readPath(path: string): string | undefined {
  if (!pathExists(path)) return undefined;
  try {
    return readSources([path])[0]!.text;
  } catch {
    return ""; // A folder.
  }
}

if (import.meta.main) {
  const rows = parseFeatures(readSources(["docs/features.md"])[0]!.text);
  const ids = parseIds(readSources(["docs/feature_ids.txt"])[0]!.text);
  const problems = checkFeatures(rows, ids, readPath);
  // Beside the repository, where the reference table lies during development.
  const reference = readPath("../shared/FEATURES.md");
  if (reference !== undefined) {
    const wanted = parseIds(reference);
    if (wanted.join() !== ids.join()) {
      problems.push({
        where: "docs/feature_ids.txt",
        message: "differs from the reference table beside the repository",
      });
    }
  }
  if (Deno.args.includes("--summary")) console.log(summarize(rows));
  const done = rows.filter((row) => row.state === "done").length;
  const deviating = rows.filter((row) => row.state === "deviates").length;
  finish("check_features", problems, `${rows.length} rows (${done} done, ${deviating} deviate)`);
}
