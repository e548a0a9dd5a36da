import { assert, assertEquals, assertThrows } from "@std/assert";
import { collectEvidence, findDeviations, formatConformance, isGap, shows } from "./conformance.ts";
import { gapProblems, readIndex } from "./main.ts";
import { parseRequirements } from "./requirements.ts";
import { findTests } from "./test_names.ts";

const TABLES = parseRequirements(`
RFC 9293 | TCP
MUST-7 §3.1 | lengths
MAY-4 §3.8.1 | identification | not done: no need
RFC 5961 | Blind attacks
§3.2 | MUST | exact resets | exact|RCV.NXT
§7 | SHOULD | a limit
`);

Deno.test("no requirement of level MUST is without a test", () => {
  const { tables, tests } = readIndex();
  assertEquals(gapProblems(collectEvidence(tables, tests)), []);
});

Deno.test("RFC 9293: the table has every number of appendix B, once", () => {
  const ids = readIndex().tables[0]!.requirements.map(({ id }) => id!);
  const numbers = (kind: string, last: number) => Array.from({ length: last }, (_, i) => `${kind}-${i + 1}`);
  const wanted = [...numbers("MUST", 69), ...numbers("SHLD", 31), ...numbers("MAY", 18), "REC-1"];
  assertEquals([...ids].sort(), wanted.sort());
});

Deno.test("parseRequirements() reads numbered and plain ones, words and remarks", () => {
  assertEquals(TABLES.map(({ rfc, requirements }) => [rfc, requirements.length]), [[9293, 2], [5961, 2]]);
  const [first, second] = TABLES[0]!.requirements;
  assertEquals([first!.id, first!.level, first!.section, first!.remark], [
    "MUST-7",
    "MUST",
    "3.1",
    undefined,
  ]);
  assertEquals([second!.level, second!.remark, second!.words], ["MAY", "not done: no need", undefined]);
  assertEquals(TABLES[1]!.requirements[0]!.words, /exact|RCV.NXT/i);
  for (const wrong of ["§3.2 | MUST | orphan", "RFC 1 | x\n§3 | SHALL | y", "RFC 1 | x\nMUST 3 | y"]) {
    assertThrows(() => parseRequirements(wrong), SyntaxError);
  }
});

const SOURCE = {
  path: "packages/tcp/x_test.ts",
  text: [
    'Deno.test("[MUST-7] a \\"bad\\" length (RFC 9293 §3.1, SHLD-3)", () => {});',
    "Deno.test(`reset ${n} at RCV.NXT (RFC 5961 §3.2, step 1, RFC 9293 §3.5.3, §3.6)`, () => {});",
    'Deno.test({ name: "resets as such (RFC 5961)", fn() {} });',
  ].join("\n"),
};

Deno.test("findTests() finds names, numbers and sections, in scripts too", () => {
  const [a, b, c] = findTests(SOURCE);
  assertEquals(a!.name, '[MUST-7] a "bad" length (RFC 9293 §3.1, SHLD-3)');
  assertEquals([...a!.ids], ["MUST-7", "SHLD-3"]);
  assertEquals(b!.name.startsWith("reset … at"), true);
  assertEquals([...b!.sections], ["5961 3.2", "9293 3.5.3", "9293 3.6"]);
  assertEquals([...c!.sections], ["5961 "]);
  const [script] = findTests({ path: "a.pkt", text: "// ESTABLISHED: x (RFC 5961 §7)\n0 socket() = 3" });
  assertEquals([...script!.sections], ["5961 7"]);
});

Deno.test("shows(): the number, or the section and a word; a MUST without is a gap", () => {
  const tests = findTests(SOURCE);
  const [lengths, identification, exact, limit] = TABLES.flatMap((t) => t.requirements);
  assertEquals(tests.map((t) => shows(t, lengths!)), [true, false, false]);
  assertEquals(tests.map((t) => shows(t, exact!)), [false, true, false]);
  assertEquals(tests.map((t) => shows(t, limit!)), [false, false, false]);
  assert(isGap({ requirement: exact!, tests: [] }));
  assert(!isGap({ requirement: limit!, tests: [] }) && !isGap({ requirement: identification!, tests: [] }));
  const page = formatConformance(TABLES, [], []);
  assert(page.includes("| §3.2 | MUST | exact resets | **gap** |"), page);
  assert(page.includes("| §7 | SHOULD | a limit | no test |"), page);
});

Deno.test("findDeviations() gives the paragraph", () => {
  const text = "/** The MSL.\n *\n * Half a minute. Deviation: the RFC says\n * two.\n *\n * @returns it */";
  assertEquals(findDeviations({ path: "a.ts", text }), [
    { path: "a.ts", text: "Half a minute. Deviation: the RFC says two." },
  ]);
});
