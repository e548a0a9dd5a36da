/** `deno task sim`: seeded transfers over bad networks of two and of many hosts, and exhaustive small worlds.
 *
 * ```text
 *   deno task sim                      1,000 seeds, then the small worlds
 *   deno task sim --runs K             K seeds
 *   deno task sim --seed N             seed N alone, with its last events
 *   deno task sim --seed N --runs K    K seeds from N on
 *   deno task sim --minutes M          as many seeds as fit into M minutes, from a new first seed each time
 *   deno task sim --goodput            writes docs/tcp_goodput.md: what one connection achieves by rate, round trip and loss
 * ```
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { type CampaignResult, formatFailure, formatSeed, runAnySeed, runCampaign } from "./campaign.ts";
import {
  formatGoodputTable,
  GOODPUT_CLASSES,
  type GoodputResult,
  measureCell,
  parseGoodputTable,
  requiredGoodput,
  selectCells,
} from "./goodput_table.ts";
import {
  type SmallWorldResult,
  tryAllocationFailures,
  tryLossPatterns,
  trySingleAllocationFailures,
} from "./small_worlds.ts";

const DEFAULT_RUNS = 1000;
const REPEAT_EVERY = 10;
/** Failures printed in full; the others are one line each. */
const PRINTED_FAILURES = 3;
const LOSS_PATTERN_FRAMES = 8;
const GOODPUT_FILE = new URL("../../docs/tcp_goodput.md", import.meta.url);

const USAGE =
  "usage: deno task sim [--seed N] [--runs K] [--minutes M] [--goodput [--only CONTROL/MBPS/MS/LOSS]]";

function main(args: string[]): number {
  const flags = parseArgs(args, {
    string: ["seed", "runs", "seeds", "minutes", "only"],
    boolean: ["help", "goodput"],
    alias: { h: "help" },
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  if (flags.goodput) return goodput(flags.only ?? "");
  const seed = number(flags.seed);
  const runs = number(flags.runs ?? flags.seeds);
  const minutes = number(flags.minutes);
  if (flags._.length > 0 || [seed, runs, minutes].some((n) => n !== undefined && !(n >= 0))) {
    console.error(USAGE);
    return 2;
  }
  if (seed !== undefined && runs === undefined && minutes === undefined) return replay(seed);
  const isOpenEnded = minutes !== undefined;
  const result = campaign(
    seed ?? (isOpenEnded ? Math.floor(Math.random() * 2 ** 31) : 1),
    runs ?? (isOpenEnded ? Infinity : DEFAULT_RUNS),
    isOpenEnded ? performance.now() + minutes * 60_000 : Infinity,
  );
  const worlds = seed === undefined ? smallWorlds() : 0;
  return result.failures.length + worlds > 0 ? 1 : 0;
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : text.trim() === "" ? NaN : Number(text);
}

/** Runs one seed and shows it. */
function replay(seed: number): number {
  const result = runAnySeed(seed, new PbufPool(SIMULATION_CLASSES));
  if (result.problem !== undefined) {
    console.log(formatFailure(result));
    return 1;
  }
  console.log(`Seed ${seed}:\n${formatSeed(seed)}\n${result.summary}`);
  console.log(`Last events on the line:\n${result.events}`);
  console.log(
    `Passed: ${result.bytes} bytes in ${
      seconds(result.virtualMs)
    } of virtual time, ${result.frames} frames, ` +
      `packet hash ${result.packetHash}`,
  );
  return 0;
}

function campaign(firstSeed: number, runs: number, endAt: number): CampaignResult {
  const startedAt = performance.now();
  const isTerminal = Deno.stdout.isTerminal();
  let printed = 0;
  const result = runCampaign({
    firstSeed,
    runs,
    repeatEvery: REPEAT_EVERY,
    mayGoOn: () => performance.now() < endAt,
    onRun(done, run) {
      if (run.problem !== undefined) {
        if (isTerminal) console.log();
        console.log(
          printed++ < PRINTED_FAILURES
            ? `\n${formatFailure(run)}\n`
            : `Seed ${run.seed} failed: ${run.problem}. Replay: deno task sim --seed ${run.seed}`,
        );
      }
      if (isTerminal && done % 10 === 0) {
        const text = `\r${done} seeds, ${seconds(performance.now() - startedAt)}`;
        Deno.stdout.writeSync(new TextEncoder().encode(text));
      }
    },
  });
  if (isTerminal) console.log();
  const megabytes = (result.bytes / 1e6).toFixed(1);
  console.log(
    `Transfers: ${result.runs} seeds from ${firstSeed}, ${result.networks} of them networks of many hosts, ` +
      `${result.failures.length} failed; ${megabytes} MB byte-exact, ` +
      `${result.frames} frames checked, ${result.repeats} runs repeated with equal hash, ` +
      `${hours(result.virtualMs)} of virtual time in ${seconds(performance.now() - startedAt)}`,
  );
  return result;
}

/** Runs the exhaustive parts; returns how many worlds failed. */
function smallWorlds(): number {
  const worlds:
    readonly (readonly [string, (pool: PbufPool) => { count: number; failures: SmallWorldResult[] }])[] = [
      [
        `Loss patterns of the first ${LOSS_PATTERN_FRAMES} frames`,
        (pool) => tryLossPatterns(LOSS_PATTERN_FRAMES, pool),
      ],
      ["Allocations that fail for two seconds", tryAllocationFailures],
      ["Allocations that fail once", trySingleAllocationFailures],
    ];
  let failed = 0;
  for (const [name, run] of worlds) {
    const startedAt = performance.now();
    const { count, failures } = run(new PbufPool(SIMULATION_CLASSES));
    for (const failure of failures.slice(0, PRINTED_FAILURES)) {
      console.log(`\n${failure.name}: ${failure.problem}\n${failure.events}\n`);
    }
    console.log(
      `${name}: ${count} worlds, ${failures.length} failed, in ${seconds(performance.now() - startedAt)}`,
    );
    failed += failures.length;
  }
  return failed;
}

/** Measures cells of the table of goodput and writes it; returns 1 when one of them stays below what it must reach. */
function goodput(selection: string): number {
  const pool = new PbufPool(GOODPUT_CLASSES);
  const startedAt = performance.now();
  const results = selectCells(selection).map((cell) => {
    const result = measureCell(cell, pool);
    if (selection !== "") console.log(formatResult(result));
    return result;
  });
  const misses = results.filter((r) => r.goodputBps < requiredGoodput(r));
  if (selection === "") { for (const r of misses) console.log(formatResult(r)); }
  const before = selection === "" ? [] : parseGoodputTable(Deno.readTextFileSync(GOODPUT_FILE));
  Deno.writeTextFileSync(GOODPUT_FILE, formatGoodputTable([...results, ...before]));
  console.log(
    `Goodput: ${results.length} cells, ${misses.length} below theory, in ${
      seconds(performance.now() - startedAt)
    }; ` +
      `docs/tcp_goodput.md is written`,
  );
  return results.length === 0 || misses.length > 0 ? 1 : 0;
}

function formatResult(r: GoodputResult): string {
  return `${r.control}, ${r.bandwidthBps / 1e6} Mbit/s, ${r.roundTripMs} ms, ${r.lossRate * 100} % loss: ` +
    `${(r.goodputBps / 1e6).toPrecision(3)} Mbit/s; theory ${(r.theoryBps / 1e6).toPrecision(3)}, ` +
    `required ${(requiredGoodput(r) / 1e6).toPrecision(3)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function hours(ms: number): string {
  return `${(ms / 3_600_000).toFixed(1)} hours`;
}

if (import.meta.main) Deno.exit(main(Deno.args));
