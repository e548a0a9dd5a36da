/** `deno task script FILE…`: runs scripts in packetdrill's notation against this stack.
 *
 * ```text
 * deno task script packages/tcp/scenarios/scripts          all *.pkt of a folder
 * deno task script --verbose --strict handshake.pkt        with what happened; nothing unexpected may be sent
 * ```
 *
 * Options that packetdrill has (`--tolerance_usecs=N`, `--mtu=N`, `--mss=N`, `--tcp_ts_tick_usecs=N`, `--local_ip=A`, `--remote_ip=A`) stand above
 * those of the scripts; `-D NAME=TEXT` puts a text in the place of a word.
 *
 * @module
 */
import type { ShellFiles } from "./shell_settings.ts";
import { formatOutcome } from "./script_outcome.ts";
import { runScript } from "./script_run.ts";

/** The scripts that are meant: files, and the *.pkt files in folders. */
export function findScripts(paths: readonly string[]): string[] {
  const found: string[] = [];
  for (const path of paths) {
    if (!Deno.statSync(path).isDirectory) {
      found.push(path);
      continue;
    }
    const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
    for (const entry of entries) {
      const inside = `${path.replace(/\/$/, "")}/${entry.name}`;
      if (entry.isDirectory) found.push(...findScripts([inside]));
      else if (entry.name.endsWith(".pkt")) found.push(inside);
    }
  }
  return found;
}

/** Reads the shell files that a script's lines run, found from the script's folder on, or from the current one.
 *
 * @param script path of the script.
 */
export function shellFilesBeside(script: string): ShellFiles {
  const folder = script.includes("/") ? script.slice(0, script.lastIndexOf("/")) : ".";
  return (path) => {
    for (const candidate of path.startsWith("/") ? [path] : [`${folder}/${path}`, path]) {
      try {
        return Deno.readTextFileSync(candidate);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return undefined;
  };
}

function main(args: readonly string[]): number {
  // `-D NAME=TEXT`, `-DNAME=TEXT`
  const definitions = Object.fromEntries(args.flatMap((arg, i) => {
    const text = arg === "-D" ? args[i + 1] : arg.startsWith("-D") ? arg.slice(2) : undefined;
    return text === undefined ? [] : [text.split("=", 2) as [string, string]];
  }));
  args = args.filter((arg, i) => !arg.startsWith("-D") && args[i - 1] !== "-D");
  const flags = args.filter((arg) => arg.startsWith("--"));
  const paths = args.filter((arg) => !arg.startsWith("--"));
  if (paths.length === 0) {
    console.error("deno task script [--strict] [--verbose] FILE…");
    return 2;
  }
  const options = new Map(flags.map((flag) => {
    const [name, value] = flag.slice(2).split("=", 2);
    return [name!, value ?? ""] as const;
  }));
  let failed = 0;
  const scripts = findScripts(paths);
  for (const path of scripts) {
    const outcome = runScript(Deno.readTextFileSync(path), {
      isStrict: options.has("strict"),
      options,
      definitions,
      shellFiles: shellFilesBeside(path),
    });
    console.log(formatOutcome(path, outcome));
    if (options.has("verbose") && outcome.problem === undefined) console.log(outcome.trace.join("\n"));
    if (options.has("verbose") && outcome.ignored.length > 0) {
      console.log(`  ignored: ${outcome.ignored.join(", ")}`);
    }
    if (outcome.problem !== undefined) failed++;
  }
  console.log(`${scripts.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
