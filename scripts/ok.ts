/**
 * `deno task ok`: everything that can be said about the code without running its tests, in one go.
 *
 * Steps go on after one has failed, so that one run names all that is wrong. Names of steps as arguments run only those.
 *
 * @module
 */
import { runDeno, type RunResult } from "./lib/run_deno.ts";
import { isTestPath, listFiles, readSources } from "./lib/workspace.ts";

interface Step {
  readonly name: string;
  readonly what: string;
  readonly args: readonly string[];
}

/** Modules and documents that have examples to run. A file without one would cost a test module of its own. */
function exampleFiles(): string[] {
  const paths = listFiles(["packages", "README.md", "docs/howto"]).filter((path) =>
    (path.endsWith(".ts") && !isTestPath(path)) || path.endsWith(".md")
  );
  return readSources(paths).filter(({ text }) => text.includes("```ts")).map(({ path }) => path);
}

function steps(): Step[] {
  const script = (name: string) => ["run", "--frozen", "-A", `scripts/${name}.ts`];
  return [
    { name: "fmt", what: "format", args: ["fmt", "--check"] },
    { name: "lint", what: "lint, our rules included", args: ["lint"] },
    { name: "check", what: "types", args: ["check", "--quiet", "--frozen", "packages", "apps", "scripts"] },
    { name: "graph", what: "who imports whom", args: script("check_graph") },
    { name: "tidy", what: "sizes, leftovers, dead and untested files", args: script("tidy") },
    { name: "docs", what: "documentation", args: script("check_docs") },
    { name: "features", what: "table of features", args: script("check_features") },
    { name: "rfc", what: "requirements and their tests", args: script("rfc_index/main") },
    {
      name: "examples",
      what: "examples in the documentation",
      args: ["test", "--doc", "--frozen", "--no-prompt", "--allow-read", "--allow-env", ...exampleFiles()],
    },
    { name: "publish", what: "dry run of publishing", args: ["publish", "--dry-run", "--allow-dirty"] },
  ];
}

/** Of a long output, what a reader needs: the end. */
function excerpt(output: string): string {
  const lines = output.trimEnd().split("\n");
  const kept = lines.slice(-60);
  return [...(kept.length < lines.length ? [`… ${lines.length - kept.length} lines before`] : []), ...kept]
    .map((line) => `    ${line}`).join("\n");
}

async function main(names: readonly string[]): Promise<number> {
  const all = steps();
  const unknown = names.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(
      `ok: there is no step ${unknown.join(", ")}; there are ${all.map((step) => step.name).join(", ")}`,
    );
    return 2;
  }
  const failed: string[] = [];
  for (const step of all) {
    if (names.length > 0 && !names.includes(step.name)) continue;
    const result: RunResult = await runDeno(step.args, { isShown: false });
    const verdict = result.code === 0 ? "ok    " : "FAILED";
    console.log(
      `${verdict} ${step.name.padEnd(9)} ${(result.elapsedMs / 1000).toFixed(1).padStart(5)} s  ${step.what}`,
    );
    if (result.code === 0) continue;
    failed.push(step.name);
    console.log(`${excerpt(result.output)}\n`);
  }
  const count = names.length > 0 ? names.length : all.length;
  if (failed.length > 0) {
    console.log(`FAILED: ${failed.join(", ")} (${count - failed.length} of ${count} steps are ok)`);
  } else console.log(`ok: ${count} of ${count} steps`);
  return failed.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
