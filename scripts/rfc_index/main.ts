/** `scripts/rfc_index/main.ts`: writes `docs/rfc/conformance.md` (`--write`), or says whether it is up to date and without gaps
 * (`--check`).
 *
 * @module
 */
import { finish, listFiles, pathExists, type Problem, readSources, ROOT } from "../lib/workspace.ts";
import { collectEvidence, type Evidence, findDeviations, formatConformance, isGap } from "./conformance.ts";
import { parseRequirements, type RfcTable } from "./requirements.ts";
import { findTests, type NamedTest } from "./test_names.ts";

/** Where the page is. */
export const PAGE = "docs/rfc/conformance.md";

/** Folders of tests that speak of TCP. */
const TEST_FOLDERS = [
  "packages/tcp",
  "packages/ip/path_mtu_test.ts",
  "packages/sockets",
  "scripts/fuzz",
  "scripts/sim",
  "scripts/interop",
];

/** What the page is made of. */
export interface Index {
  /** Requirements. */
  readonly tables: readonly RfcTable[];
  /** Tests that cite something. */
  readonly tests: readonly NamedTest[];
  /** The page. */
  readonly page: string;
}

/** Reads requirements, tests and deviations. */
export function readIndex(): Index {
  const folder = "scripts/rfc_index/requirements";
  const tables = readSources(listFiles([folder]).filter((path) => path.endsWith(".txt")))
    .flatMap(({ text }) => parseRequirements(text)).sort((a, b) => order(a) - order(b));
  const paths = listFiles(TEST_FOLDERS);
  const tests = readSources(paths.filter((path) => /_(?:test|conformance)\.ts$|\.pkt$/.test(path))).flatMap(
    findTests,
  )
    .filter(({ ids, sections }) => ids.size + sections.size > 0);
  const sources = paths.filter((path) =>
    /^packages\/tcp\/[^/]+\.ts$/.test(path) && !/_(?:test|bench)\.ts$/.test(path)
  );
  const deviations = readSources(sources).flatMap(findDeviations);
  return { tables, tests, page: formatConformance(tables, tests, deviations) };
}

/** RFC 9293 first. */
function order({ rfc }: RfcTable): number {
  return rfc === 9293 ? 0 : rfc;
}

/** A requirement that must have a test and has none, as a problem. */
export function gapProblems(evidence: readonly Evidence[]): Problem[] {
  return evidence.filter(isGap).map(({ requirement: r }) => ({
    where: `RFC ${r.rfc} §${r.section}`,
    message: `${r.id ?? r.level} has no test: ${r.summary}`,
  }));
}

if (import.meta.main) {
  const { tables, tests, page } = readIndex();
  const evidence = collectEvidence(tables, tests);
  const problems = gapProblems(evidence);
  if (Deno.args.includes("--write")) {
    Deno.mkdirSync(`${ROOT}/docs/rfc`, { recursive: true });
    Deno.writeTextFileSync(`${ROOT}/${PAGE}`, page);
  } else {
    const present = pathExists(PAGE) ? readSources([PAGE])[0]!.text : "";
    if (present !== page) {
      problems.push({ where: PAGE, message: "is not up to date; run scripts/rfc_index/main.ts --write" });
    }
  }
  const untested = evidence.filter((e) => e.tests.length === 0 && e.requirement.remark === undefined);
  for (const { requirement: r } of Deno.args.includes("--untested") ? untested : []) {
    console.log(`RFC ${r.rfc} ${r.id ?? ""} §${r.section} ${r.level}: ${r.summary}`);
  }
  finish("rfc_index", problems, `${evidence.length} requirements, ${tests.length} tests that cite an RFC`);
}
