/** {@linkcode runCampaign}: many seeds one after the other, with a summary.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { drawParameters, formatParameters } from "./swarm_parameters.ts";
import { type RunResult, runSeed } from "./run_seed.ts";

/** Options of {@linkcode runCampaign}. */
export interface CampaignOptions {
  /** The first seed; those that follow are consecutive. */
  readonly firstSeed: number;
  /** How many seeds at most. */
  readonly runs: number;
  /** Asked before each seed: false ends the campaign. */
  readonly mayGoOn?: () => boolean;
  /** Every so many seeds, the run is repeated and must have the same packet hash. */
  readonly repeatEvery: number;
  /** Called after each seed. */
  readonly onRun?: (done: number, result: RunResult) => void;
}

/** What a campaign came to. */
export interface CampaignResult {
  /** Seeds run. */
  readonly runs: number;
  /** Seeds run twice. */
  readonly repeats: number;
  /** Octets delivered to applications. */
  readonly bytes: number;
  /** Frames emitted and checked. */
  readonly frames: number;
  /** Virtual time, in milliseconds. */
  readonly virtualMs: number;
  /** Runs that failed. */
  readonly failures: readonly RunResult[];
}

/** Runs seeds one after the other. */
export function runCampaign(options: CampaignOptions): CampaignResult {
  let pool = new PbufPool(SIMULATION_CLASSES);
  const failures: RunResult[] = [];
  let runs = 0;
  let repeats = 0;
  let bytes = 0;
  let frames = 0;
  let virtualMs = 0;
  for (; runs < options.runs && (options.mayGoOn?.() ?? true); runs++) {
    const seed = options.firstSeed + runs;
    let result = runSeed(seed, pool);
    if (result.problem === undefined && runs % options.repeatEvery === 0) {
      repeats++;
      const { packetHash } = runSeed(seed, pool);
      if (packetHash !== result.packetHash) {
        result = {
          ...result,
          problem: `not deterministic: packet hash ${result.packetHash}, then ${packetHash}`,
        };
      }
    }
    if (result.problem !== undefined) {
      failures.push(result);
      pool = new PbufPool(SIMULATION_CLASSES); // what leaked must not spoil the runs to come
    }
    bytes += result.bytes;
    frames += result.frames;
    virtualMs += result.virtualMs;
    options.onRun?.(runs + 1, result);
  }
  return { runs, repeats, bytes, frames, virtualMs, failures };
}

/** Everything one wants to know about a run that failed. */
export function formatFailure(result: RunResult): string {
  return [
    `Seed ${result.seed} failed: ${result.problem}`,
    ...(result.stack === undefined ? [] : [result.stack]),
    "Parameters:",
    formatParameters(drawParameters(result.seed)),
    "Ends:",
    result.summary,
    "Last events on the line:",
    result.events,
    `Replay: deno task sim --seed ${result.seed}`,
  ].join("\n");
}
