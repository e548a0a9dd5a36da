/**
 * `deno task bundle`: `dist/ethup.js` and `dist/pppup.js`, single files that `deno run` takes.
 *
 * `deno bundle` fetches its bundler from npm once; nothing else is needed.
 *
 * @module
 */
import { PROGRAMS } from "./lib/program_list.ts";
import { runDeno } from "./lib/run_deno.ts";
import { ROOT } from "./lib/workspace.ts";

async function main(): Promise<number> {
  Deno.mkdirSync(`${ROOT}/dist`, { recursive: true });
  for (const { name, main, permissions } of PROGRAMS) {
    const output = `dist/${name}.js`;
    const result = await runDeno(["bundle", "--quiet", "--output", output, main], {
      isShown: false,
      cwd: ROOT,
    });
    if (result.code !== 0) {
      console.error(
        `${result.output.trim()}\nbundle: cannot make ${output} from ${main}; the lines above say why`,
      );
      return 1;
    }
    const size = Deno.statSync(`${ROOT}/${output}`).size;
    console.log(
      `${output}  ${Math.ceil(size / 1024)} KiB   deno run ${[...permissions, output].join(" ")} -h`,
    );
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
