import { assertEquals, assertMatch } from "@std/assert";
import { explainFailure } from "./compile.ts";
import { PROGRAMS } from "./lib/program_list.ts";
import { pathExists, ROOT } from "./lib/workspace.ts";

Deno.test("explainFailure() names the way out when the run-time half cannot be had", () => {
  const refused = "error: Writing dist/ethup\n\nCaused by:\n    0: client error (Connect)";
  assertMatch(explainFailure(refused, undefined), /cannot be downloaded.*DENORT_BIN.*deno task bundle\.$/);
  assertEquals(explainFailure(refused, undefined).split("\n").length, 1);
});

Deno.test("explainFailure() blames DENORT_BIN when the file is not there", () => {
  const missing = "error: Writing dist/ethup: No such file or directory (os error 2): /opt/denort";
  assertMatch(explainFailure(missing, "/opt/denort"), /DENORT_BIN names \/opt\/denort/);
});

Deno.test("explainFailure() leaves other failures alone", () => {
  assertEquals(explainFailure("TS2322 [ERROR]: no\n", undefined), "TS2322 [ERROR]: no");
});

Deno.test("each program has the permissions of its task in deno.json", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as {
    tasks: Record<string, { command: string }>;
  };
  for (const { name, main, permissions } of PROGRAMS) {
    assertEquals(tasks[name]!.command, ["deno run --frozen --no-prompt", ...permissions, main].join(" "));
    assertEquals(pathExists(main), true, main);
  }
});
