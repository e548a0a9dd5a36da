/** `deno task fuzz`: a million mutated frames into a busy host, every field of TCP segments wrong in every state, and PPP negotiations
 * with mad and with garbled peers.
 *
 * ```text
 *   deno task fuzz                        a million frames, a hundred thousand segments and ten thousand negotiations of each kind
 *   deno task fuzz --runs N --seed S      N frames, a tenth of segments and a hundredth of negotiations, from seed S
 *   deno task fuzz --minutes M            as many as fit into M minutes, from a new seed
 *   deno task fuzz --segments N           N segments in all states of TCP and nothing else
 * ```
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { runFuzz } from "./campaign.ts";
import { runPppFuzz } from "./ppp_negotiation.ts";
import { runTcpStateFuzz } from "./tcp_state_mutation.ts";

const DEFAULT_RUNS = 1_000_000;
/** Mutants for each PPP negotiation of either kind: they take about as long. */
const MUTANTS_PER_NEGOTIATION = 100;
/** Mutants for each segment into a connection. */
const MUTANTS_PER_SEGMENT = 10;
/** Part of the time at whose end the mutants are over. */
const MUTANTS_TIME = 0.6;
/** Part of the time at whose end the segments are. */
const SEGMENTS_TIME = 0.8;
const USAGE = "usage: deno task fuzz [--runs N] [--seed N] [--minutes M] [--segments N]";

function main(args: string[]): number {
  const flags = parseArgs(args, {
    string: ["seed", "runs", "minutes", "segments"],
    boolean: ["help"],
    alias: { h: "help" },
  });
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const [seed, runs, minutes, segments] = [flags.seed, flags.runs, flags.minutes, flags.segments].map(number);
  if (flags._.length > 0 || [seed, runs, minutes, segments].some((n) => n !== undefined && !(n >= 0))) {
    console.error(USAGE);
    return 2;
  }
  const firstSeed = seed ?? (minutes === undefined ? 1 : Math.floor(Math.random() * 2 ** 31));
  const mutants = runs ?? (minutes === undefined ? DEFAULT_RUNS : Infinity);
  const totalMs = minutes === undefined ? Infinity : minutes * 60_000;
  const now = performance.now();
  if (segments !== undefined) return fuzzTcpStates(firstSeed, segments, now + totalMs);
  return fuzz(firstSeed, mutants, now + MUTANTS_TIME * totalMs) ||
    fuzzTcpStates(firstSeed, Math.ceil(mutants / MUTANTS_PER_SEGMENT), now + SEGMENTS_TIME * totalMs) ||
    fuzzPpp(firstSeed, mutants, now + totalMs);
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

function fuzzTcpStates(seed: number, segments: number, endAt: number): number {
  const startedAt = performance.now();
  const result = runTcpStateFuzz({ seed, runs: segments, mayGoOn: () => performance.now() < endAt });
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${result.runs} wrong segments into ${result.connections} connections in all states, in ${
      seconds.toFixed(1)
    } s ` +
      `(${
        Math.round(result.runs / seconds)
      } per second): ${result.ended} ended by right, ${result.survivors} carried text as if ` +
      `nothing had happened; at most ${
        result.amplification.toFixed(2)
      } bytes for each byte of an unknown peer`,
  );
  if (result.problem === undefined) return 0;
  console.log(`Failed: ${result.problem}\nReplay: deno task fuzz --seed ${seed} --segments ${segments}`);
  return 1;
}

function fuzzPpp(seed: number, mutants: number, endAt: number): number {
  const startedAt = performance.now();
  const result = runPppFuzz({
    seed,
    runs: Math.ceil(mutants / MUTANTS_PER_NEGOTIATION),
    mayGoOn: () => performance.now() < endAt,
  });
  const ends = [...result.ends].map(([end, count]) => `${end} ${count}`);
  console.log(`How PPP sessions ended:\n${wrap(ends)}`);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${result.randomRuns} peers of chance (${result.randomOpened} got as far as IP), ${result.mutatedRuns} garbled ` +
      `negotiations (${result.mutatedOpened} sides did), in ${seconds.toFixed(1)} s; none took longer than ` +
      `${(result.longestMs / 1000).toFixed(0)} s of virtual time after the last word of its peer`,
  );
  if (result.problem === undefined) {
    console.log("No exception, each opened or ended with a reason, no timer and no pbuf left");
    return 0;
  }
  console.log(`Failed: ${result.problem}\nReplay: deno task fuzz --seed ${seed} --runs ${mutants}`);
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
