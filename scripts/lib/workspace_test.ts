import { assert, assertEquals } from "@std/assert";
import { dirname, join, relative } from "./path.ts";
import {
  findImports,
  isTestPath,
  listFiles,
  pathExists,
  readImportNames,
  readMembers,
  readSources,
  resolveRelative,
} from "./workspace.ts";

Deno.test("findImports() finds statements, dynamic imports and workers, and no example in a comment", () => {
  const text = `/**
 * \`\`\`ts
 * import { a } from "@lightwire/example";
 * \`\`\`
 */
import "./side.ts";
import type { A } from "@lightwire/pbuf";
import {
  b,
  c,
} from "./several.ts";
export * from "./all.ts";
export { d } from './single.ts';
export const e = await import("./dynamic.ts");
// const f = await import("./commented.ts");
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const from = "not an import";
`;
  assertEquals(findImports(text).map((i) => `${i.line} ${i.specifier}`), [
    "6 ./side.ts",
    "7 @lightwire/pbuf",
    "11 ./several.ts",
    "12 ./all.ts",
    "13 ./single.ts",
    "14 ./dynamic.ts",
    "16 ./worker.ts",
  ]);
});

Deno.test("paths are joined, resolved and told apart", () => {
  assertEquals(join("a/b", "../c.ts"), "a/c.ts");
  assertEquals(join("/a", "./b", ".."), "/a");
  assertEquals(join("../a"), "../a");
  assertEquals(dirname("a/b.ts"), "a");
  assertEquals(dirname("b.ts"), ".");
  assertEquals(relative("/r", "/r/a/b.ts"), "a/b.ts");
  assertEquals(resolveRelative("packages/ip/v4/x.ts", "../y.ts"), "packages/ip/y.ts");
  assert(isTestPath("packages/ip/x_test.ts") && isTestPath("packages/tcp/scenarios/x.ts"));
  assert(!isTestPath("packages/ip/test_x.ts"));
});

Deno.test("the workspace has ten packages, read with their exports", () => {
  const members = readMembers();
  assertEquals(members.filter((m) => m.dir.startsWith("packages/")).length, 10);
  assertEquals(members.find((m) => m.dir === "packages/pbuf")?.exports["."], "./mod.ts");
  assert(readImportNames().includes("@std/assert"));
  const files = listFiles(["scripts/lib", "no/such/folder", "deno.json"]);
  assert(files.includes("scripts/lib/path.ts") && files.includes("deno.json"));
  assertEquals(readSources(["deno.json"])[0]!.path, "deno.json");
  assert(pathExists("deno.json") && !pathExists("deno.json/x") && !pathExists("nothing"));
});
