/** {@linkcode runCampaign}: many seeds one after the other, with a summary.
 *
 * @module
 */
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { drawNetwork, formatNetwork } from "./network_parameters.ts";
import { runNetworkSeed } from "./run_network_seed.ts";
import { type RunResult, runSeed } from "./run_seed.ts";
import { drawParameters, formatParameters } from "./swarm_parameters.ts";

/** Every so many seeds stand for a network of many hosts; the others for two hosts. */
const NETWORK_EVERY = 4;

/** Whether a seed stands for a network of many hosts. */
export function isNetworkSeed(seed: number): boolean {
  return seed % NETWORK_EVERY === NETWORK_EVERY - 1;
}

/** Runs a seed of either kind; see {@linkcode runSeed} and {@linkcode runNetworkSeed}. */
export function runAnySeed(seed: number, pool: PbufPool): RunResult {
  return isNetworkSeed(seed) ? runNetworkSeed(seed, pool) : runSeed(seed, pool);
}

/** The parameters of a seed of either kind, in words. */
export function formatSeed(seed: number): string {
  return isNetworkSeed(seed) ? formatNetwork(drawNetwork(seed)) : formatParameters(drawParameters(seed));
}

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
  /** Of those, networks of many hosts. */
  readonly networks: number;
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
  let networks = 0;
  let bytes = 0;
  let frames = 0;
  let virtualMs = 0;
  for (; runs < options.runs && (options.mayGoOn?.() ?? true); runs++) {
    const seed = options.firstSeed + runs;
    if (isNetworkSeed(seed)) networks++;
    let result = runAnySeed(seed, pool);
    if (result.problem === undefined && runs % options.repeatEvery === 0) {
      repeats++;
      const { packetHash } = runAnySeed(seed, pool);
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
  return { runs, networks, repeats, bytes, frames, virtualMs, failures };
}

/** Everything one wants to know about a run that failed. */
export function formatFailure(result: RunResult): string {
  return [
    `Seed ${result.seed} failed: ${result.problem}`,
    ...(result.stack === undefined ? [] : [result.stack]),
    "Parameters:",
    formatSeed(result.seed),
    "Ends:",
    result.summary,
    "Last events on the line:",
    result.events,
    `Replay: deno task sim --seed ${result.seed}`,
  ].join("\n");
}
