/** Names of tests, and what they cite.
 *
 * @module
 */
import type { SourceFile } from "../lib/workspace.ts";

/** A test. */
export interface NamedTest {
  /** File, relative to the root. */
  readonly path: string;
  /** Its name; a placeholder of a template reads "…". */
  readonly name: string;
  /** Numbers of requirements of RFC 9293 that it names: "MUST-18". */
  readonly ids: ReadonlySet<string>;
  /** Sections that it cites: "5961 3.2"; "5961 " for the RFC as a whole. */
  readonly sections: ReadonlySet<string>;
}

const TEST = /\bDeno\.test\(\s*(?:\{\s*name:\s*)?("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)/g;
/** Requirements of a suite without a test runner (`*_conformance.ts`), which tests go through one by one. */
const SUITE_ENTRY = /^ {4}name:\s*("(?:\\.|[^"\\])*")/gm;
const CITATION = /RFC (\d+)((?:(?:,| and|,? appendix)? ?§?(?:§[A-Z\d]+(?:\.\d+)*))*)/g;

function toTest(path: string, name: string): NamedTest {
  const ids = new Set(name.match(/\b(?:MUST|SHLD|MAY|REC)-\d+\b/g) ?? []);
  const sections = new Set<string>();
  for (const [, rfc, list] of name.matchAll(CITATION)) {
    const cited = [...list!.matchAll(/§([A-Z\d]+(?:\.\d+)*)/g)].map(([, section]) => section!);
    for (const section of cited.length === 0 ? [""] : cited) sections.add(`${rfc} ${section}`);
  }
  return { path, name, ids, sections };
}

/** The tests of a file: those of `Deno.test`, the entries of a suite, and a `.pkt` script as a whole, whose first line names it. */
export function findTests({ path, text }: SourceFile): NamedTest[] {
  if (path.endsWith(".pkt")) {
    const name = /^\/\/ (.*)/.exec(text)?.[1];
    return name === undefined ? [] : [toTest(path, name)];
  }
  return [...text.matchAll(path.endsWith("_conformance.ts") ? SUITE_ENTRY : TEST)].map(([, quoted]) => {
    const name = quoted!.slice(1, -1).replace(/\$\{[^}]*\}/g, "…").replace(/\\(.)/g, "$1");
    return toTest(path, name.replace(/\s+/g, " "));
  });
}
