import { assertEquals } from "@std/assert";
import type { Member } from "./lib/workspace.ts";
import { reach, tidy } from "./tidy.ts";

const PBUF: Member = {
  name: "@lightwire/pbuf",
  dir: "packages/pbuf",
  version: "0.1.0",
  license: "BSD-3-Clause",
  description: "Buffers.",
  exports: { ".": "./mod.ts", "./crc": "./crc.ts" },
  isPublished: true,
  publishExclude: [],
};

const MOD = { path: "packages/pbuf/mod.ts", text: 'export * from "./pbuf.ts";\n' };
const CODE = { path: "packages/pbuf/pbuf.ts", text: "export const A = 1;\n" };
const CRC = { path: "packages/pbuf/crc.ts", text: "export const B = 1;\n" };
const TEST = {
  path: "packages/pbuf/pbuf_test.ts",
  text: 'import "./pbuf.ts";\nimport "./mod.ts";\nimport "./crc.ts";\n',
};

function run(...extra: { path: string; text: string }[]): string[] {
  return tidy([MOD, CODE, CRC, TEST, ...extra], [], [PBUF]).map((p) => `${p.where}: ${p.message}`);
}

Deno.test("tidy: a small tested package is fine", () => {
  assertEquals(run(), []);
});

Deno.test("tidy: long files are named, unless they say why", () => {
  const long = "export const A = 1;\n".repeat(401);
  const [found] = run({
    path: "packages/pbuf/pbuf_test.ts",
    text: `import "./long.ts";\nimport "./crc.ts";\nimport "./mod.ts";`,
  }, {
    path: "packages/pbuf/long.ts",
    text: long,
  });
  assertEquals(found?.startsWith("packages/pbuf/long.ts: has 401 lines, more than 400"), true);
  const reason = { path: "packages/pbuf/long.ts", text: `// tidy: allow file-length one table\n${long}` };
  const importer = { path: "packages/pbuf/more_test.ts", text: 'import "./long.ts";' };
  assertEquals(run(reason, importer), []);
  assertEquals(run({ path: "packages/pbuf/more_test.ts", text: "\n".repeat(601) }).length, 1);
  assertEquals(run({ path: "packages/pbuf/more_test.ts", text: "\n".repeat(600) }), []);
});

Deno.test("tidy: notes left behind and single tests are named with their line", () => {
  const note = ["TO", "DO"].join("");
  assertEquals(tidy([], [{ path: "docs/x.md", text: `a\n${note}: b\n` }], []).map((p) => p.where), [
    "docs/x.md:2",
  ]);
  const single = `Deno.test.${"only"}("x", () => {});\n`;
  assertEquals(run({ path: "packages/pbuf/x_test.ts", text: single }), [
    "packages/pbuf/x_test.ts:1: runs only this test",
  ]);
});

Deno.test("tidy: code without a test, and code that nothing imports, is named", () => {
  const untested = { path: "apps/a/main.ts", text: 'import "./part.ts";\nif (import.meta.main) run();\n' };
  const part = { path: "apps/a/part.ts", text: "export const A = 1;\n" };
  const dead = { path: "apps/a/dead.ts", text: "export const A = 1;\n" };
  assertEquals(run(untested, part, dead), [
    "apps/a/part.ts: has no test: apps/a/part_test.ts, or one that imports it",
    "apps/a/dead.ts: is imported by nothing",
  ]);
  const byTask = tidy([{ path: "apps/a/part.ts", text: "run();\n" }], [], [], new Set(["apps/a/part.ts"]));
  assertEquals(byTask, []);
  const excused = { path: "apps/a/part.ts", text: "// tidy: allow no-test needs a modem\n" };
  assertEquals(run(untested, excused), []);
});

Deno.test("tidy: names that JSR or a reader stumbles over", () => {
  const names = [
    "packages/pbuf/aux.ts",
    "packages/pbuf/a b.ts",
    "packages/pbuf/utils.ts",
    "packages/pbuf/Crc.ts",
  ];
  const files = names.map((path) => ({
    path,
    text: "// tidy: allow dead-file example\n// tidy: allow no-test example\n",
  }));
  assertEquals(run(...files), [
    "packages/pbuf/aux.ts: is a reserved name on Windows; JSR refuses it",
    "packages/pbuf/a b.ts: has a character in its name that JSR refuses",
    "packages/pbuf/utils.ts: is named after no symbol; name it after its main one",
    "packages/pbuf/Crc.ts: differs from packages/pbuf/crc.ts only in case",
  ]);
});

Deno.test("reach() follows relative paths and members by name", () => {
  const app = { path: "apps/a/main.ts", text: 'import "@lightwire/pbuf";\nimport "@lightwire/pbuf/crc";\n' };
  const files = new Map([MOD, CODE, CRC, app].map((file) => [file.path, file]));
  assertEquals([...reach(["apps/a/main.ts"], files, [PBUF])].sort(), [
    "apps/a/main.ts",
    "packages/pbuf/crc.ts",
    "packages/pbuf/mod.ts",
    "packages/pbuf/pbuf.ts",
  ]);
});
