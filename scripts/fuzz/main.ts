/** `deno task fuzz`: a million mutated frames into a busy host.
 *
 * ```text
 *   deno task fuzz                        a million mutants from seed 1
 *   deno task fuzz --runs N --seed S      N mutants from seed S
 *   deno task fuzz --minutes M            as many as fit into M minutes, from a new seed
 * ```
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { runFuzz } from "./campaign.ts";

const DEFAULT_RUNS = 1_000_000;
const USAGE = "usage: deno task fuzz [--runs N] [--seed N] [--minutes M]";

function main(args: string[]): number {
  const flags = parseArgs(args, {
    string: ["seed", "runs", "minutes"],
    boolean: ["help"],
    alias: { h: "help" },
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const [seed, runs, minutes] = [flags.seed, flags.runs, flags.minutes].map(number);
  if (flags._.length > 0 || [seed, runs, minutes].some((n) => n !== undefined && !(n >= 0))) {
    console.error(USAGE);
    return 2;
  }
  return fuzz(
    seed ?? (minutes === undefined ? 1 : Math.floor(Math.random() * 2 ** 31)),
    runs ?? (minutes === undefined ? DEFAULT_RUNS : Infinity),
    minutes === undefined ? Infinity : performance.now() + minutes * 60_000,
  );
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : text.trim() === "" ? NaN : Number(text);
}

function fuzz(seed: number, runs: number, endAt: number): number {
  const startedAt = performance.now();
  const isTerminal = Deno.stdout.isTerminal();
  const encoder = new TextEncoder();
  const result = runFuzz({
    seed,
    runs,
    mayGoOn: () => performance.now() < endAt,
    onProgress(done) {
      if (!isTerminal) return;
      const perSecond = Math.round(done / (performance.now() - startedAt) * 1000);
      Deno.stdout.writeSync(encoder.encode(`\r${done} mutants, ${perSecond} per second `));
    },
  });
  if (isTerminal) console.log();
  const columns = [...result.counters].filter(([name]) => !name.includes("Octets")).map(([name, value]) =>
    `${name} ${value}`
  );
  console.log(`What the target counted:\n${wrap(columns)}`);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${result.runs} mutants from seed ${seed} among ${result.goodFrames} good frames, ` +
      `in ${seconds.toFixed(1)} s (${Math.round(result.runs / seconds)} per second)`,
  );
  if (result.problem === undefined) {
    console.log("No exception, no frame unaccounted for, no pbuf leaked");
    return 0;
  }
  console.log(`Failed: ${result.problem}\nReplay: deno task fuzz --seed ${seed} --runs ${runs}`);
  return 1;
}

/** Joins words into lines of at most 110 characters. */
function wrap(words: readonly string[]): string {
  const lines = [""];
  for (const word of words) {
    if (lines.at(-1)!.length + word.length > 106) lines.push("");
    lines[lines.length - 1] += ` ${word},`;
  }
  return lines.map((line) => ` ${line}`).join("\n");
}

if (import.meta.main) Deno.exit(main(Deno.args));
