/** `sntp [SERVER] [-c N]`: what time it is, and how far this machine's clock is off.
 *
 * @module
 */
import { NetError } from "@lightwire/netif/error";
import type { SntpResult } from "@lightwire/sockets";
import type { Command, CommandContext } from "./context.ts";
import { parseInteger } from "./units.ts";
import { parseOptions, UsageError } from "./usage.ts";

/** Asked when neither the command line nor DHCP names one: the public pool, and, where that name does not exist, the server of
 * the simulated internet. */
const DEFAULT_SERVERS: readonly string[] = ["pool.ntp.org", "time.example.test"];
/** Most samples: a hundred seconds. */
const MAX_SAMPLES = 50;

/** The `sntp` command. */
export const sntpCommand: Command = {
  name: "sntp",
  usage: "sntp [SERVER …] [-c N]",
  summary: "ask a time server how far this machine's clock is off (best of N samples); sets nothing",
  prepare(args) {
    const o = parseOptions(args, { string: ["c"] });
    const samples = parseInteger(o.text("c") ?? "1", "-c", 1, MAX_SAMPLES);
    if (o.words.some((word) => /\s/.test(word) || word === "")) {
      throw new UsageError(`Usage: ${sntpCommand.usage}`);
    }
    return (context) => sntp(context, o.words, samples);
  },
};

async function sntp(context: CommandContext, servers: readonly string[], samples: number): Promise<number> {
  const { stack, networkInterface, output, signal } = context;
  if (samples > 1) output.note(`${samples} samples, two seconds apart`);
  const leased = networkInterface.lease?.ntpServers.map((server) => server.toString()) ?? [];
  const named = servers.length > 0 ? servers : leased;
  let result: SntpResult | undefined;
  if (named.length > 0) result = await stack.sntp(named, { samples, signal });
  for (const [i, server] of DEFAULT_SERVERS.entries()) {
    if (result !== undefined) break;
    try {
      result = await stack.sntp(server, { samples, signal });
    } catch (error) {
      const isUnknown = error instanceof NetError && error.code === "NAME_NOT_FOUND";
      if (!isUnknown || i === DEFAULT_SERVERS.length - 1) throw error;
    }
  }
  tell(context, result!);
  return 0;
}

function tell({ output, stack }: CommandContext, r: SntpResult): void {
  const time = new Date(r.unixMs + (stack.clock.now() - r.measuredAt)).toISOString();
  const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
  if (r.samples.length > 1) {
    for (const [i, { offsetMs, delayMs }] of r.samples.entries()) {
      output.note(`sample ${i + 1}: offset ${signed(offsetMs)}, delay ${delayMs.toFixed(3)} ms`);
    }
  }
  output.event(
    "time",
    {
      server: r.server.toString(),
      time,
      offsetMs: rounded(r.offsetMs),
      delayMs: rounded(r.delayMs),
      rootDistanceMs: rounded(r.rootDistanceMs),
      stratum: r.stratum,
      leap: r.leap,
      referenceId: r.referenceId,
      rootDelayMs: rounded(r.rootDelayMs),
      rootDispersionMs: rounded(r.rootDispersionMs),
      samples: r.samples.length,
      kissCode: r.kissCode ?? null,
    },
    `${time} from ${r.server}, stratum ${r.stratum} (${r.referenceId || "unnamed"}), ` +
      `${LEAPS[r.leap]}\n` +
      `this machine's clock is ${offBy(r.offsetMs)}, give or take ${r.rootDistanceMs.toFixed(3)} ms; ` +
      `delay ${r.delayMs.toFixed(3)} ms`,
  );
}

const LEAPS: Readonly<Record<SntpResult["leap"], string>> = {
  none: "no leap second",
  insert: "a second will be inserted at the end of the month",
  delete: "a second will be left out at the end of the month",
};

function signed(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${Math.abs(ms).toFixed(3)} ms`;
}

/** The offset is the server's clock minus ours: positive, and we are late. */
function offBy(offsetMs: number): string {
  const absolute = Math.abs(offsetMs);
  const text = absolute < 1000 ? `${absolute.toFixed(3)} ms` : `${(absolute / 1000).toFixed(3)} s`;
  return `${text} ${offsetMs < 0 ? "fast" : "slow"}`;
}
