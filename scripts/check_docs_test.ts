import { assertEquals } from "@std/assert";
import { checkDocs, checkNamedFunctions, findNamedPaths, hasModuleDoc } from "./check_docs.ts";
import type { Member } from "./lib/workspace.ts";

const README = "# x\n\n## Example\n\n## RFCs\n\n## Files\n\n## Limits and defaults\n";

function member(isPublished = true): Member {
  return {
    name: "@lightwire/ip",
    dir: "packages/ip",
    version: "0.1.0",
    license: "BSD-3-Clause",
    description: "x",
    exports: { ".": "./mod.ts" },
    isPublished,
    publishExclude: [],
  };
}

function run(files: Record<string, string>, isPublished = true): string[] {
  const markdown = Object.entries(files).filter(([path]) => path.endsWith(".md")).map(([path, text]) => ({
    path,
    text,
  }));
  const exists = (path: string) =>
    path in files || Object.keys(files).some((file) => file.startsWith(`${path}/`));
  return checkDocs([member(isPublished)], (path) => files[path], markdown, exists).map((p) =>
    `${p.where}: ${p.message}`
  );
}

const MOD = "/** The layer.\n *\n * @example It\n * ```ts\n * ```\n *\n * @module\n */\nexport {};\n";

Deno.test("hasModuleDoc() wants the tag in the first doc comment", () => {
  assertEquals(hasModuleDoc(MOD), true);
  assertEquals(hasModuleDoc("// a line\n/** @module */\nimport './x.ts';"), true);
  assertEquals(hasModuleDoc("/** The layer. */\nexport {};"), false);
  assertEquals(hasModuleDoc("import './x.ts';\n/** @module */\n"), false);
  assertEquals(hasModuleDoc(""), false);
});

Deno.test("check_docs: a package with module doc and README is fine", () => {
  assertEquals(run({ "packages/ip/mod.ts": MOD, "packages/ip/README.md": README }), []);
});

Deno.test("check_docs: what is missing is named", () => {
  assertEquals(run({ "packages/ip/mod.ts": "export {};" }), [
    "packages/ip/mod.ts: is the main entry point and has no @example",
    "packages/ip/mod.ts: is an entry point and has no @module doc at its top",
    "packages/ip: has no README.md",
  ]);
  assertEquals(run({ "packages/ip/mod.ts": MOD, "packages/ip/README.md": README.replace("## RFCs\n", "") }), [
    'packages/ip/README.md: has no part "## RFCs"',
  ]);
  assertEquals(run({ "packages/ip/mod.ts": MOD }, false), []);
});

Deno.test("check_docs: paths that documents name exist", () => {
  const files = {
    "packages/ip/mod.ts": MOD,
    "packages/ip/README.md": `${README}| \`mod.ts\` | entry |\n| \`gone.ts\` | none |\n`,
    "ARCHITECTURE.md": "See `packages/ip/`, `ip/mod.ts`, `ip/none.ts`, `docs/adr/` and `scripts/none.ts`.\n",
    "docs/adr/0001.md": "",
  };
  assertEquals(run(files), [
    "packages/ip/README.md:11: names packages/ip/gone.ts, which does not exist",
    "ARCHITECTURE.md:1: names scripts/none.ts, which does not exist",
    "ARCHITECTURE.md:1: names packages/ip/none.ts, which does not exist",
  ]);
  const long = {
    "packages/ip/mod.ts": MOD,
    "packages/ip/README.md": README,
    "ARCHITECTURE.md": "\n".repeat(300),
  };
  assertEquals(run(long), ["ARCHITECTURE.md: has 301 lines, more than 200"]);
});

Deno.test("findNamedPaths() passes over what is no path of ours", () => {
  const text = "`deno task ok`, `src/x.ts`, `x.ts`, `https://example.com/docs/x.md`, `deno.json`\n";
  assertEquals(findNamedPaths({ path: "docs/x.md", text }).map((n) => n.path), ["deno.json"]);
});

Deno.test("checkNamedFunctions() looks a function up in the files of its row", () => {
  const text =
    "| step | `ip/mod.ts` | `IpLayer.input` |\n| step | `ip/mod.ts` | `output` |\n| a | `ip/mod.ts` |\n";
  const read = (path: string) => path === "packages/ip/mod.ts" ? "input(p: Pbuf): void {}" : undefined;
  assertEquals(
    checkNamedFunctions({ path: "ARCHITECTURE.md", text }, read).map((p) => `${p.where}: ${p.message}`),
    [
      "ARCHITECTURE.md:2: names output, which packages/ip/mod.ts does not have",
    ],
  );
});
