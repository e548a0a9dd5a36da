/**
 * `deno task std:real`: type check and tests with the real `@std` packages in place of `scripts/offline-std`.
 *
 * It copies the root `deno.json` without `links` beside the original, which shows that the subsets are used as the real
 * ones are. Needs a network from which JSR can be reached, and says so when it is not.
 *
 * @module
 */
import { runDeno } from "./lib/run_deno.ts";
import { ROOT } from "./lib/workspace.ts";

/** Name of the copy, beside the original because its paths are relative; removed afterwards. */
const COPY = "deno.std-real.json";

/** The root configuration without the links, its other parts unchanged. */
export function withoutLinks(config: string): string {
  const { links: _links, ...rest } = JSON.parse(config) as Record<string, unknown>;
  return `${JSON.stringify(rest, null, 2)}\n`;
}

async function main(): Promise<number> {
  const path = `${ROOT}/${COPY}`;
  Deno.writeTextFileSync(path, withoutLinks(Deno.readTextFileSync(`${ROOT}/deno.json`)));
  try {
    const common = ["--config", COPY, "--no-lock"];
    // The subsets' own tests come along: what they assert must hold for the originals, too.
    const check = await runDeno(["check", ...common, "packages", "apps"], { isShown: false, cwd: ROOT });
    if (/JSR package manifest|jsr\.io/.test(check.output) && check.code !== 0) {
      console.error("std:real: JSR cannot be reached from here, so the real @std packages cannot be tried.");
      return 1;
    }
    if (check.code !== 0) {
      console.error(check.output);
      return check.code;
    }
    const ignored = "--ignore=scripts/interop";
    const test = await runDeno([
      "test",
      ...common,
      "--parallel",
      "-A",
      ignored,
      "packages",
      "apps",
      "scripts",
    ], { cwd: ROOT });
    return test.code;
  } finally {
    Deno.removeSync(path);
  }
}

if (import.meta.main) Deno.exit(await main());
