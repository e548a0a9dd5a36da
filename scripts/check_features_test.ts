import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFeatures, parseFeatures, parseIds, summarize } from "./check_features.ts";

const FILES: Record<string, string> = {
  "packages/ip/address.ts": "",
  "packages/ip/address_test.ts": `Deno.test("parseIpAddress() refuses a|b", () => {});`,
  "packages/ip": "",
};

function run(rows: string, ids = ["IP-01"]): string[] {
  return checkFeatures(parseFeatures(rows), ids, (path) => FILES[path]).map((p) =>
    `${p.where}: ${p.message}`
  );
}

Deno.test("check_features: open, done and deviating rows with evidence are fine", () => {
  const table = `| ID | state | where | test or figure | feature |
|---|---|---|---|---|
| IP-01 | done | \`packages/ip/address.ts\` | \`packages/ip/address_test.ts\`: "refuses a\\|b" | x |
| IP-02 | open | | | x |
| IP-03 | deviates | \`packages/ip/\` | senseless in JavaScript: no locks | x |
`;
  assertEquals(run(table, ["IP-01", "IP-02", "IP-03"]), []);
});

Deno.test("check_features: each defect of a row is named", () => {
  const defects: [string, string][] = [
    ["| IP-01 | finished | | | x |", 'the state "finished"'],
    ["| IP-01 | done | | `packages/ip/address_test.ts` | x |", "does not say where"],
    ["| IP-01 | done | `packages/ip/` | seen once | x |", "names no test"],
    [
      "| IP-01 | done | `packages/ip/` | `packages/ip/gone_test.ts` | x |",
      "names packages/ip/gone_test.ts, which does not exist",
    ],
    ['| IP-01 | done | `packages/ip/` | `packages/ip/address_test.ts`: "other" | x |', 'the test "other"'],
    ["| IP-01 | deviates | `packages/ip/` | better | x |", "does not say why"],
  ];
  for (const [row, part] of defects) {
    const found = run(row);
    assertEquals(found.length, 1, `${row}: ${found}`);
    assertStringIncludes(found[0]!, part);
    assertStringIncludes(found[0]!, "docs/features.md:1: IP-01");
  }
});

Deno.test("check_features: ids match in both directions, once each", () => {
  assertEquals(run("| IP-02 | open | | | x |\n| IP-02 | open | | | x |"), [
    "docs/features.md:1: IP-02 is not in docs/feature_ids.txt",
    "docs/features.md:2: IP-02 has a second row",
    "docs/features.md:2: IP-02 is not in docs/feature_ids.txt",
    "docs/features.md: IP-01 has no row",
  ]);
});

Deno.test("parseIds() reads a list and a table", () => {
  assertEquals(parseIds("IP-01\n\nTC-02\n"), ["IP-01", "TC-02"]);
  assertEquals(parseIds("| ID | Feature |\n|---|---|\n| **IP-01** | a |\n| Prefix | b |\n"), ["IP-01"]);
});

Deno.test("summarize() counts by group", () => {
  const rows = parseFeatures("| IP-01 | done | a | b |\n| IP-02 | open | | |\n| TC-01 | open | | |\n");
  assertEquals(
    summarize(rows),
    [
      "IP     1 done    0 deviates    1 open",
      "TC     0 done    0 deviates    1 open",
      "all    1 done    0 deviates    2 open",
    ].join("\n"),
  );
});
