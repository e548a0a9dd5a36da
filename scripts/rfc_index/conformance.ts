/** `docs/rfc/conformance.md`: requirements beside the tests that show them, and what is without.
 *
 * @module
 */
import type { SourceFile } from "../lib/workspace.ts";
import type { Requirement, RfcTable } from "./requirements.ts";
import type { NamedTest } from "./test_names.ts";

/** A paragraph with a deviation is shown whole up to this many characters. */
const LONGEST = 320;
/** Tests named per requirement; the others are counted. */
const SHOWN = 4;

/** A requirement and its tests. */
export interface Evidence {
  /** What is required. */
  readonly requirement: Requirement;
  /** What shows it. */
  readonly tests: readonly NamedTest[];
}

/** What a comment that begins with "Deviation:" says. */
export interface Deviation {
  /** File, relative to the root. */
  readonly path: string;
  /** The text. */
  readonly text: string;
}

/** Whether a test shows a requirement. */
export function shows(test: NamedTest, { rfc, id, section, words }: Requirement): boolean {
  if (id !== undefined) return test.ids.has(id);
  if (words !== undefined && !words.test(test.name)) return false;
  for (const cited of test.sections) {
    if (!cited.startsWith(`${rfc} `)) continue;
    const at = cited.slice(`${rfc} `.length);
    if (at === section || at.startsWith(`${section}.`)) return true;
    // A test of the RFC or the chapter as a whole counts if it has the words.
    if (words !== undefined && (at === "" || section.startsWith(`${at}.`))) return true;
  }
  return false;
}

/** All requirements with their tests. */
export function collectEvidence(tables: readonly RfcTable[], tests: readonly NamedTest[]): Evidence[] {
  return tables.flatMap(({ requirements }) =>
    requirements.map((requirement) => ({
      requirement,
      tests: tests.filter((test) => shows(test, requirement)),
    }))
  );
}

/** Whether it must have a test and has none. */
export function isGap({ requirement, tests }: Evidence): boolean {
  return requirement.level.startsWith("MUST") && tests.length === 0 && requirement.remark === undefined;
}

/** The sentences behind "Deviation:" in comments, up to the end of the paragraph. */
export function findDeviations({ path, text }: SourceFile): Deviation[] {
  const found: Deviation[] = [];
  for (const [comment] of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const plain = comment.replace(/^\/\*\*|\*\/$/g, "").replace(/\n\s*\*/g, "\n");
    for (const paragraph of plain.split(/\n\s*\n|\n(?=\s*@)/)) {
      const at = paragraph.search(/\bDeviation\b/);
      if (at < 0) continue;
      const whole = paragraph.replace(/\s+/g, " ").trim();
      const text = whole.length > LONGEST ? paragraph.slice(at).replace(/\s+/g, " ").trim() : whole;
      found.push({ path, text });
    }
  }
  return found;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function formatTests(tests: readonly NamedTest[]): string {
  const shown = tests.slice(0, SHOWN).map(({ path, name }) => {
    const file = path.replace(/^packages\/tcp\//, "").replace(/^scenarios\//, "");
    return `${file}: “${cell(name)}”`;
  });
  const more = tests.length - shown.length;
  return shown.join("<br>") + (more > 0 ? `<br>and ${more} more` : "");
}

function formatRow(evidence: Evidence): string {
  const { requirement: r, tests } = evidence;
  const place = r.id === undefined ? `§${r.section}` : `${r.id}, §${r.section}`;
  const shown = tests.length > 0 ? formatTests(tests) : r.remark === undefined ? "" : "–";
  const remark = r.remark === undefined ? "" : ` (${r.remark})`;
  const state = isGap(evidence) ? "**gap**" : shown === "" ? "no test" : shown;
  return `| ${place} | ${r.level} | ${cell(r.summary + remark)} | ${state} |`;
}

/** The page. */
export function formatConformance(
  tables: readonly RfcTable[],
  tests: readonly NamedTest[],
  deviations: readonly Deviation[],
): string {
  const all = collectEvidence(tables, tests);
  const musts = all.filter(({ requirement }) => requirement.level.startsWith("MUST"));
  const used = new Set(all.flatMap((e) => e.tests));
  const lines = [
    "# Conformance of TCP",
    "",
    "Made by `scripts/rfc_index/main.ts --write` from the names of the tests; `--check` says whether it is up to date. Requirements",
    "of RFC 9293 have the numbers of its appendix B, which tests name; those of other RFCs are found by the sections that tests",
    "cite. Summaries are ours, the RFCs have the last word. Files are those of `packages/tcp/scenarios/`, or of `packages/tcp/`.",
    "",
    `${all.length} requirements of ${tables.length} RFCs, ${musts.length} of them MUST; ${used.size} tests show them; ${
      all.filter(isGap).length
    } gaps.`,
    "",
  ];
  for (const { rfc, title, requirements } of tables) {
    lines.push(`## RFC ${rfc}: ${title}`, "", "| where | level | what | tests |", "|---|---|---|---|");
    for (const evidence of all) {
      if (requirements.includes(evidence.requirement)) lines.push(formatRow(evidence));
    }
    lines.push("");
  }
  lines.push("## Deviations", "", "As the code says them.", "", "| file | what |", "|---|---|");
  for (const { path, text } of deviations) {
    lines.push(`| ${path.replace(/^packages\//, "")} | ${cell(text.replaceAll("`", ""))} |`);
  }
  return `${lines.join("\n")}\n`;
}
