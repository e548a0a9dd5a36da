/**
 * `deno task compile`: `dist/ethup` and `dist/pppup`, single binaries.
 *
 * The run-time half of such a binary comes from Deno's own download server, or from a file named by `DENORT_BIN`. Where
 * neither can be had this says so in one sentence, and `deno task bundle` still makes single files.
 *
 * @module
 */
import { type Program, PROGRAMS } from "./lib/program_list.ts";
import { runDeno } from "./lib/run_deno.ts";
import { ROOT } from "./lib/workspace.ts";

/**
 * Tells in one sentence why compiling failed.
 *
 * @param output What `deno compile` wrote.
 * @param denort Value of `DENORT_BIN`.
 * @returns The sentence; for a failure of another kind, the output itself.
 */
export function explainFailure(output: string, denort: string | undefined): string {
  if (denort !== undefined && /No such file|not found/i.test(output) && output.includes(denort)) {
    return `compile: DENORT_BIN names ${denort}, which cannot be read; name the denort binary of Deno ${Deno.version.deno}.`;
  }
  if (/denort|dl\.deno\.land|client error|error sending request|HTTP status|Failed download/i.test(output)) {
    return `compile: the run-time half of Deno ${Deno.version.deno} cannot be downloaded from here; ` +
      "set DENORT_BIN to a denort binary of that version, or use deno task bundle.";
  }
  return output.trim();
}

async function compile({ name, main, permissions }: Program): Promise<number> {
  const output = `dist/${name}`;
  const result = await runDeno([
    "compile",
    "--quiet",
    "--no-prompt",
    ...permissions,
    "--output",
    output,
    main,
  ], {
    isShown: false,
    cwd: ROOT,
  });
  if (result.code !== 0) {
    console.error(explainFailure(result.output, Deno.env.get("DENORT_BIN")));
    return 1;
  }
  console.log(`${output}  ${Math.ceil(Deno.statSync(`${ROOT}/${output}`).size / 1024 / 1024)} MiB`);
  return 0;
}

async function main(): Promise<number> {
  Deno.mkdirSync(`${ROOT}/dist`, { recursive: true });
  for (const program of PROGRAMS) {
    const code = await compile(program);
    if (code !== 0) return code;
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
