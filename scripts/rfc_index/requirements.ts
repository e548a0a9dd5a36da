/** The tables of requirements in `requirements/*.txt`, read.
 *
 * ```text
 * RFC 9293 | Transmission Control Protocol         begins an RFC
 * MUST-1 §3.1 | what it says [| remark]            numbered by the RFC: a test names the number
 * §3.2 | MUST NOT | what it says [| words] [| remark]    a test cites the section, and has one of the words
 * ```
 *
 * A remark says why nothing is to be tested: `deviates: …`, `not done: …`, `about …`, `left to …`. Summaries are our own
 * words: the RFC has the last one.
 *
 * @module
 */

/** Levels of RFC 2119. */
export type Level = "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT" | "MAY";

/** One requirement. */
export interface Requirement {
  /** Number of the RFC. */
  readonly rfc: number;
  /** Number within, "MUST-1", or `undefined`. */
  readonly id: string | undefined;
  /** Section, without §. */
  readonly section: string;
  /** Level. */
  readonly level: Level;
  /** What it says. */
  readonly summary: string;
  /** A test that cites the section shows it only if this matches its name. */
  readonly words: RegExp | undefined;
  /** Why there is no test, or how we differ. */
  readonly remark: string | undefined;
}

/** An RFC with its requirements. */
export interface RfcTable {
  /** Number. */
  readonly rfc: number;
  /** Title, or what it is about. */
  readonly title: string;
  /** In order. */
  readonly requirements: readonly Requirement[];
}

const LEVELS: Readonly<Record<string, Level>> = { MUST: "MUST", SHLD: "SHOULD", REC: "SHOULD", MAY: "MAY" };
const REMARK = /^(?:deviates|not done|about|left to)\b/;

/** Reads a table.
 *
 * @throws {SyntaxError} if a line is none.
 */
export function parseRequirements(text: string): RfcTable[] {
  const tables: { rfc: number; title: string; requirements: Requirement[] }[] = [];
  for (const line of text.split("\n").filter((l) => l.trim() !== "")) {
    // A bar between words is part of a pattern; between cells there is a blank on both sides.
    const cells = line.split(" | ").map((cell) => cell.trim());
    const rfc = /^RFC (\d+)$/.exec(cells[0]!);
    if (rfc !== null) {
      tables.push({ rfc: Number(rfc[1]), title: cells[1] ?? "", requirements: [] });
      continue;
    }
    const table = tables.at(-1);
    const place = /^(?:((MUST|SHLD|REC|MAY)-\d+) )?§([\dA-Z.]+)$/.exec(cells[0]!);
    if (table === undefined || place === null) throw new SyntaxError(`Cannot read "${line}"`);
    const [, id, kind, section] = place;
    const level = kind === undefined ? cells.splice(1, 1)[0] as Level : LEVELS[kind]!;
    if (!/^(?:MUST(?: NOT)?|SHOULD(?: NOT)?|MAY)$/.test(level)) {
      throw new SyntaxError(`Cannot read "${line}"`);
    }
    const [, summary = "", ...rest] = cells;
    const words = rest.find((cell) => !REMARK.test(cell));
    table.requirements.push({
      rfc: table.rfc,
      id,
      section: section!,
      level,
      summary,
      words: words === undefined ? undefined : new RegExp(words, "i"),
      remark: rest.find((cell) => REMARK.test(cell)),
    });
  }
  return tables;
}
