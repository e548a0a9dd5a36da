/** `pppup`: brings a serial modem, or any PPP peer, up without root, and uses the link.
 *
 * @module
 */
import { explain, Output, type OutputSink, processSink, runProgram } from "@lightwire/app-commands";
import { runAt } from "./at.ts";
import { pppupDiag } from "./diag/pppup_diag.ts";
import { HELP } from "./help.ts";
import { parsePppup, type PppupOptions } from "./options.ts";
import { runUp } from "./up.ts";
import { withLink } from "./with_link.ts";

/** Runs `pppup` with the words behind its name.
 *
 * @param sink where its output goes; default: the process's streams.
 * @param simulation how long the simulated modem takes; default: as long as a quick one.
 * @returns the exit status.
 */
export async function pppup(
  args: readonly string[],
  sink: OutputSink = processSink(),
  simulation?: PppupOptions["simulation"],
): Promise<number> {
  let options: PppupOptions | "help";
  try {
    options = parsePppup(args);
  } catch (error) {
    return explain(new Output({ json: false, quiet: false, verbose: false }, sink), error);
  }
  if (options === "help") {
    sink.stdout(HELP);
    return 0;
  }
  const chosen = simulation === undefined ? options : { ...options, simulation };
  const output = new Output(chosen.output, sink);
  return await runProgram(output, (signal) => run(chosen, output, signal));
}

async function run(o: PppupOptions, output: Output, signal: AbortSignal): Promise<number> {
  const { action } = o;
  switch (action.kind) {
    case "up":
      return await runUp(o, output, signal);
    case "at":
      return await runAt(o, action.commands, output, signal);
    case "diag":
      return await pppupDiag(o, action.args, output, signal);
    case "run": {
      const command = action.command.prepare(action.args);
      return await withLink(o, output, signal, "note", ({ context }) => command(context));
    }
  }
}

if (import.meta.main) Deno.exit(await pppup(Deno.args));
