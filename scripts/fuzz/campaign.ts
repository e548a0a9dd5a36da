/** {@linkcode runFuzz}: a campaign of mutated frames.
 *
 * @module
 */
import { deriveRandom } from "@lightwire/netif";
import { hexDump } from "@lightwire/pbuf";
import { assertTcp } from "@lightwire/tcp";
import { Draw } from "../sim/draw.ts";
import { Accounts } from "./accounts.ts";
import { goldenFrames } from "./golden_frames.ts";
import { FuzzWorld } from "./fuzz_world.ts";
import { Mutator, TARGET } from "./mutator.ts";

/** Mutants before the world is made anew: what one of them has broken for good must not hide others. */
const MUTANTS_PER_WORLD = 20_000;

/** Options of {@linkcode runFuzz}. */
export interface FuzzOptions {
  /** The seed of everything. */
  readonly seed: number;
  /** Mutants to inject. */
  readonly runs: number;
  /** Asked now and then: false ends the campaign. */
  readonly mayGoOn?: () => boolean;
  /** Called now and then. */
  readonly onProgress?: (done: number) => void;
}

/** What a campaign came to. */
export interface FuzzResult {
  /** Mutants injected. */
  readonly runs: number;
  /** Frames that the hosts exchanged meanwhile. */
  readonly goodFrames: number;
  /** What the target counted, by name, without zeros. */
  readonly counters: ReadonlyMap<string, number>;
  /** What went wrong, or `undefined`. */
  readonly problem: string | undefined;
}

/** Injects mutants of golden and of live frames into a busy host until one does harm. Harm is: an exception, a frame
 * that no counter accounts for, a pbuf which nobody releases. */
export function runFuzz(options: FuzzOptions): FuzzResult {
  const counters = new Map<string, number>();
  let runs = 0;
  let goodFrames = 0;
  let problem: string | undefined;
  for (let index = 0; runs < options.runs && problem === undefined; index++) {
    if (options.mayGoOn !== undefined && !options.mayGoOn()) break;
    const count = Math.min(MUTANTS_PER_WORLD, options.runs - runs);
    const world = runWorld(
      `${options.seed}.${index}`,
      count,
      counters,
      (done) => options.onProgress?.(runs + done),
    );
    runs += world.runs;
    goodFrames += world.goodFrames;
    problem = world.problem;
  }
  return { runs, goodFrames, counters, problem };
}

function runWorld(
  seed: string,
  count: number,
  totals: Map<string, number>,
  onProgress: (done: number) => void,
): { runs: number; goodFrames: number; problem: string | undefined } {
  const draw = new Draw(deriveRandom(seed, "fuzz"));
  const mutator = new Mutator(draw, TARGET);
  const golden = goldenFrames();
  const world = new FuzzWorld(seed, new Draw(deriveRandom(seed, "applications")));
  const accounts = new Accounts(world);
  let runs = 0;
  let problem: string | undefined;
  let mutant: Uint8Array = new Uint8Array();
  try {
    for (; runs < count && problem === undefined; runs++) {
      const recent = world.recent[draw.int(0, world.recent.length - 1)];
      const base = recent === undefined || draw.chance(0.4) ? draw.pick(golden) : recent;
      mutant = mutator.mutate(base, draw.pick(golden), recent);
      accounts.open();
      const isInjected = world.inject(mutant);
      if (isInjected) problem = accounts.settle();
      if (runs % 8 === 7) {
        world.endBatch();
        assertTcp(world.target.tcp);
      }
      if (runs % 16 === 15) world.sim.advance(draw.unit() * 20);
      if (runs % 64 === 63) world.activity();
      if (runs % 5000 === 4999) world.sim.advance(draw.unit() * 200_000);
      if (runs % 1000 === 999) onProgress(runs + 1);
    }
    if (problem !== undefined) problem = `${problem}\n${describe(mutant)}`;
    else if (!world.stillServes()) problem = "the target serves no more";
  } catch (error) {
    problem = `${error instanceof Error ? error.stack : error}\n${describe(mutant)}`;
  }
  const { goodFrames } = world;
  accounts.addTo(totals);
  try {
    const left = world.close();
    if (problem === undefined && left !== 0) problem = `${left} pbufs leaked`;
  } catch (error) {
    problem ??= `on closing: ${error instanceof Error ? error.stack : error}`;
  }
  if (problem !== undefined) problem = `world ${seed}, mutant ${runs}: ${problem}`;
  return { runs, goodFrames, problem };
}

function describe(mutant: Uint8Array): string {
  return `The frame:\n${hexDump(mutant, 0, mutant.length)}`;
}
