/** {@linkcode parseDiagArguments}: the words behind `pppup … diag`.
 *
 * @module
 */
import { parseOptions, parsePort, UsageError } from "@lightwire/app-commands";
import type { DiagTarget, DiagTiming } from "./network_context.ts";

/** What they say. */
export interface DiagArguments {
  /** Whom to reach; `undefined`: the usual one. */
  readonly target: DiagTarget | undefined;
  /** Time server; likewise. */
  readonly timeServer: string | undefined;
  /** Patience, as far as it is not the usual one. */
  readonly timing: Partial<DiagTiming>;
}

/** For the help text. */
export const DIAG_USAGE = "diag [--target HOST[:PORT][/PATH]] [--time-server HOST] [--load SECONDS]";

/** Reads them.
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseDiagArguments(args: readonly string[]): DiagArguments {
  const o = parseOptions(args, { string: ["target", "time-server", "load"] });
  if (o.words.length > 0) throw new UsageError(`Usage: ${DIAG_USAGE}`);
  const target = o.text("target");
  const load = o.text("load");
  return {
    target: target === undefined ? undefined : parseTarget(target),
    timeServer: o.text("time-server"),
    timing: load === undefined ? {} : { loadMs: parseSeconds(load) * 1000 },
  };
}

function parseTarget(text: string): DiagTarget {
  const match = /^(?:http:\/\/)?([^/:\s]+)(?::(\d+))?(\/\S*)?$/.exec(text);
  if (match === null) {
    throw new UsageError(`--target must be like www.example.com, HOST:PORT or HOST/PATH, not "${text}".`);
  }
  const [, host = "", port = "80", path = "/"] = match;
  return { host, port: parsePort(port), path };
}

function parseSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value <= 600)) throw new UsageError(`--load must be seconds, 0 to 600, not "${text}".`);
  return value;
}
