/** {@linkcode runProgram}: exit statuses, Ctrl-C and last words, the same for both programs.
 *
 * @module
 */
import { NetError } from "@lightwire/netif/error";
import type { Output, OutputOptions } from "./output.ts";
import { InterruptedError, type ParsedOptions, UsageError } from "./usage.ts";

/** Options without a value of the OUTPUT group. */
export const OUTPUT_BOOLEANS = ["json", "trace", "v", "q", "h", "help"] as const;
/** Options with a value of the OUTPUT group. */
export const OUTPUT_STRINGS = ["pcap"] as const;

/** Their part of the help text. */
export const OUTPUT_HELP = `OUTPUT
  --json               one JSON object per event, a line each, on standard output
  --pcap FILE          write all packets for Wireshark (pcapng)
  --trace              print all packets
  -v, -q               say more, say less
  -h                   this text`;

/** Names of errors whose message is all that their reader needs. */
const EXPECTED_NAMES: ReadonlySet<string> = new Set([
  "LinuxError",
  "TimeoutError",
  "SerialOpenError",
  "LinkDownError",
  "LinkClosedError",
]);

/** Reads how much is to be said. */
export function parseOutput(o: ParsedOptions): OutputOptions {
  return { json: o.has("json"), quiet: o.has("q"), verbose: o.has("v") };
}

/** Runs `body` until it ends or Ctrl-C, and says why it failed if it does.
 *
 * @param body is given a signal that aborts on SIGINT or SIGTERM; a second one ends the process at once.
 * @returns the exit status: 0 done, 1 the network said no, 2 wrong usage, 130 interrupted.
 */
export async function runProgram(
  output: Output,
  body: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  let signals = 0;
  const interrupt = (): void => {
    if (++signals > 1) Deno.exit(130);
    controller.abort(new InterruptedError());
  };
  Deno.addSignalListener("SIGINT", interrupt);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);
  try {
    return await body(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return 130;
    return explain(output, error);
  } finally {
    output.status("");
    Deno.removeSignalListener("SIGINT", interrupt);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", interrupt);
  }
}

/** Says what went wrong. @returns the exit status. */
export function explain(output: Output, error: unknown): number {
  if (error instanceof UsageError) {
    output.error(error.message);
    return 2;
  }
  if (error instanceof NetError || (error instanceof Error && isExpected(error))) {
    output.error(error.message, detailsOf(error));
    return 1;
  }
  // A defect of ours: whoever reports it needs the stack.
  output.error(error instanceof Error ? error.stack ?? error.message : String(error));
  return 1;
}

/** What a program can compare: the code of what the network said, the cause of a link that is down. */
function detailsOf(error: Error): object {
  const code = error instanceof NetError ? { code: error.code } : {};
  const cause = typeof error.cause === "string" ? { cause: error.cause } : {};
  const { evidence } = error as Error & { readonly evidence?: unknown };
  return { ...code, ...cause, ...(Array.isArray(evidence) ? { evidence } : {}) };
}

function isExpected(error: Error): boolean {
  const isHost = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.AlreadyExists;
  return isHost || EXPECTED_NAMES.has(error.name) || error.constructor === Error;
}
