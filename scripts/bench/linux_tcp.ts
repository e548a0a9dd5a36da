/** `deno task bench linux-tcp`: our TCP beside Linux's, through the same relay with the same seeds (root, Linux). Several laboratories
 * work at the same time: a line of 20 Mbit/s is little, and most of the time everybody waits.
 *
 * @module
 */
import type { RelayFaults } from "../interop/relay/relay.ts";
import { TcpLab } from "../interop/tcp_lab.ts";
import { median } from "./figure.ts";
import { type CellRuns, PAIRS, RULE, section, summary, tableHeading, tableLine } from "./linux_tcp_table.ts";

/** A network of the table, and how much goes through it. */
export interface Cell extends Omit<RelayFaults, "seed"> {
  readonly name: string;
  readonly bytes: number;
  /** What is expected to pass, roughly; decides how many runs go on at the same time. */
  readonly expectedBps: number;
}

/** What a seed gave in a network. */
interface Run {
  readonly seed: number;
  /** By pair. */
  readonly mbps: readonly number[];
  readonly losses: number;
}

/** All that was measured: by congestion control, by network. Kept in a file where one is named (`--results`). */
type Results = Record<string, Record<string, Run[]>>;

const LOSS_RATES = [0, 0.001, 0.01, 0.05, 0.1];
/** About what Linux gets in Mbit/s, by round trip in milliseconds, then by loss. */
const EXPECTED_MBPS: readonly (readonly [rttMs: number, mbps: readonly number[]])[] = [
  [0, [18, 18, 16, 8, 2.2]],
  [20, [17, 16, 5, 2.3, 0.9]],
  [100, [14, 7, 1.6, 0.6, 0.3]],
  [200, [12, 6, 1, 0.4, 0.17]],
  [600, [8, 4, 0.8, 0.2, 0.08]],
];
const BANDWIDTH_BPS = 20e6;
const MSS = 1448;
/** Late by a part of the round trip, as on parallel paths. */
const SHUFFLED = { reorderRate: 0.03, reorderByMs: 8, duplicateRate: 0.02, duplicateByMs: 3 } as const;
/** Losses a run should see. */
const LOSSES_WANTED = 40;
/** About as long a run may take: not much where it keeps the processors busy. */
const RUN_SECONDS = 20;
const BUSY_RUN_SECONDS = 8;
/** From here on it does. */
const BUSY_BPS = 5e6;
/** What all laboratories together may move. */
const TOTAL_BPS = 40e6;
const MOST_LABS = 48;
/** Of a network that loses so much each run is another story: as many more seeds for it. */
const NOISY_LOSS_RATE = 0.01;
const NOISY_SEEDS = 3;

/** The networks of the table. */
export function cells(): Cell[] {
  const grid: Cell[] = [];
  for (const [rttMs, expectedMbps] of EXPECTED_MBPS) {
    // A round trip of line rate waits at most, 20 ms at least.
    const queueBytes = Math.max(BANDWIDTH_BPS / 8 * 0.02, BANDWIDTH_BPS / 8 * rttMs / 1000);
    const line = { bandwidthBps: BANDWIDTH_BPS, queueBytes, delayMs: rttMs / 2 };
    const clean = rttMs >= 100 ? 12_000_000 : 8_000_000;
    for (const [i, lossRate] of LOSS_RATES.entries()) {
      const expectedBps = expectedMbps[i]! * 1e6;
      const enough = lossRate === 0 ? clean : LOSSES_WANTED / lossRate * MSS;
      const seconds = expectedBps > BUSY_BPS ? BUSY_RUN_SECONDS : RUN_SECONDS;
      const bytes = Math.ceil(Math.min(enough, expectedBps / 8 * seconds) / 10_000) * 10_000;
      const name = `RTT ${rttMs} ms, loss ${lossRate * 100} %`;
      const cell = { bytes, expectedBps, lossRate, ...line };
      grid.push({ name, ...cell }, { name: `${name}, shuffled`, ...cell, ...SHUFFLED });
    }
  }
  return grid;
}

/** The transfers of a seed through a network, one pair after the other. */
async function runSeed(
  lab: TcpLab,
  cell: Cell,
  seed: number,
  congestionControl: "cubic" | "bbr",
): Promise<Run> {
  const { name, bytes, expectedBps: _, ...network } = cell;
  const mbps: number[] = [];
  let losses = 0;
  for (const [sender, receiver] of PAIRS) {
    const faults = { seed, ...network };
    const done = await lab.transfer({ sender, receiver, bytes, faults, congestionControl });
    if (done.received !== done.sent) throw new Error(`Damaged: ${name}, ${sender}→${receiver}, seed ${seed}`);
    if (mbps.length === 0) losses = done.counters.there.dropped;
    mbps.push(done.mbps);
  }
  return { seed, mbps, losses };
}

/** Lets programs compile themselves before anything is measured. */
async function warmUp(lab: TcpLab): Promise<void> {
  const faults = { seed: 0, lossRate: 0.01, delayMs: 5, bandwidthBps: BANDWIDTH_BPS, ...SHUFFLED };
  await lab.transfer({ sender: "ours", receiver: "ours", bytes: 2_000_000, faults });
}

interface Job {
  readonly cell: Cell;
  readonly seed: number;
  readonly congestionControl: "cubic" | "bbr";
}

/** Works jobs off: as many at a time as laboratories and their share of the processors allow.
 *
 * @param done is told of each.
 */
async function workOff(jobs: Job[], done: (job: Job, run: Run) => void): Promise<void> {
  const labs: TcpLab[] = [];
  let closing: Promise<unknown> | undefined;
  const closeAll = (): Promise<unknown> =>
    closing ??= Promise.allSettled(labs.map((lab) => lab[Symbol.asyncDispose]()));
  const stop = (): void => void closeAll().then(() => Deno.exit(130));
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  try {
    const idle: TcpLab[] = [];
    const going = new Set<Promise<void>>();
    let bps = 0;
    while (jobs.length > 0 || going.size > 0) {
      const next = going.size >= MOST_LABS
        ? -1
        : jobs.findIndex(({ cell }) => bps === 0 || bps + cell.expectedBps <= TOTAL_BPS);
      if (next < 0) {
        await Promise.race(going);
        continue;
      }
      const [job] = jobs.splice(next, 1) as [Job];
      const lab = idle.pop() ?? await TcpLab.open();
      const isNew = !labs.includes(lab);
      if (isNew) labs.push(lab);
      bps += job.cell.expectedBps;
      const work = (async () => {
        if (isNew) await warmUp(lab);
        done(job, await runSeed(lab, job.cell, job.seed, job.congestionControl));
      })();
      const settled: Promise<void> = work.finally(() => {
        bps -= job.cell.expectedBps;
        idle.push(lab);
        going.delete(settled);
      });
      going.add(settled);
    }
  } finally {
    await closeAll();
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, stop);
  }
}

/** The runs of a network as the table shows them. */
function cellRuns(cell: Cell, runs: readonly Run[]): CellRuns {
  const sorted = [...runs].sort((a, b) => a.seed - b.seed);
  return {
    name: cell.name,
    bytes: cell.bytes,
    losses: median(sorted.map(({ losses }) => losses)),
    mbps: PAIRS.map((_, i) => sorted.map(({ mbps }) => mbps[i]!)),
  };
}

const DOCUMENT = new URL("../../docs/tcp_linux.md", import.meta.url);

async function writeDocument(results: Results): Promise<void> {
  const release = new TextDecoder().decode(
    (await new Deno.Command("uname", { args: ["-r"] }).output()).stdout,
  ).trim().replace(/-.*/, "");
  const titles = { cubic: "CUBIC beside Linux's CUBIC", bbr: "BBRv3 beside Linux's BBR" } as const;
  const parts = (Object.keys(titles) as (keyof typeof titles)[])
    .filter((name) => results[name] !== undefined)
    .map((name) => section(titles[name], measured(results[name]!)));
  const text = `# Goodput beside Linux

Written by \`deno task bench linux-tcp --write\`; do not edit. Linux ${release} and our TCP, in network namespaces, through the same relay
with the same seeds: a line of ${
    BANDWIDTH_BPS / 1e6
  } Mbit/s whose queue holds a round trip (20 ms at least), losses at random
in both directions; "shuffled": 3 % are 8 ms late and 2 % come twice, too. Mbit/s from the SYN to the receiver's answer that it
has everything; medians over seeds. Buffers are Linux's on both sides (6 MiB to receive, 4 MiB to send). "losses": packets of the text
that the relay dropped in a run of Linux with Linux, median; where the loss rate does not explain them, the queue overflowed.

${RULE}

The same seed loses the same packets by count, but not of the same window: each run is another story. Several laboratories share a
machine: its delays of some milliseconds end slow start sooner or later, which decides over transfers that are short for their path
(round trips of 600 ms, few losses). Captures show that Linux's slow start goes on longer there, until the window is about twice what
the path holds; ours slows down as RFC 9406 says, with conservative slow start as soon as round trips seem to grow.

${parts.join("\n")}`;
  await Deno.writeTextFile(DOCUMENT, text);
}

function measured(byName: Record<string, Run[]>): CellRuns[] {
  return cells().filter(({ name }) => byName[name] !== undefined)
    .map((cell) => cellRuns(cell, byName[cell.name]!));
}

/** Measures: `[--seeds N] [--first SEED] [--cc cubic|bbr] [--only REGEXP] [--runs] [--results FILE] [--write]`. A file of
 * results keeps what was measured before: networks that are measured again replace their own. `--seeds 0` measures nothing. */
export async function linuxTcpTable(args: readonly string[]): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const seeds = Number(option("seeds") ?? 5);
  const first = Number(option("first") ?? 1);
  const congestionControl = option("cc") === "bbr" ? "bbr" : "cubic";
  const only = new RegExp(option("only") ?? "");
  const path = option("results");
  const kept: Results = path === undefined
    ? {}
    : await Deno.readTextFile(path).then((text) => JSON.parse(text), () => ({}));
  const byName: Record<string, Run[]> = kept[congestionControl] ??= {};
  const wanted = seeds === 0 ? [] : cells().filter(({ name }) => only.test(name));
  const fresh = new Map<string, Run[]>(wanted.map(({ name }) => [name, []]));
  console.log(
    `${seeds} seeds, ${NOISY_SEEDS} times as many for ${NOISY_LOSS_RATE * 100} % loss and more; a line of ${
      BANDWIDTH_BPS / 1e6
    } Mbit/s, ${congestionControl}. ${RULE}\n${tableHeading()}`,
  );
  const seedsOf = ({ lossRate = 0 }: Cell): number => seeds * (lossRate >= NOISY_LOSS_RATE ? NOISY_SEEDS : 1);
  const jobs: Job[] = wanted.flatMap((cell) =>
    Array.from({ length: seedsOf(cell) }, (_, i) => ({ cell, seed: i + first, congestionControl }))
  );
  // The busy ones first: the others find room beside them.
  jobs.sort((a, b) => b.cell.expectedBps - a.cell.expectedBps);
  await workOff(jobs, ({ cell }, run) => {
    const runs = fresh.get(cell.name)!;
    runs.push(run);
    if (runs.length < seedsOf(cell)) return;
    byName[cell.name] = runs;
    const line = cellRuns(cell, runs);
    console.log(tableLine(line));
    if (args.includes("--runs")) console.log(runsOf(line));
    if (path !== undefined) Deno.writeTextFileSync(path, JSON.stringify(kept));
  });
  console.log(summary(wanted.map((cell) => cellRuns(cell, byName[cell.name]!))));
  if (args.includes("--write")) await writeDocument(kept);
}

function runsOf({ mbps }: CellRuns): string {
  return PAIRS.map((pair, i) =>
    `    ${pair.join("→").padEnd(14)}${mbps[i]!.map((value) => value.toFixed(2).padStart(8)).join("")}`
  ).join("\n");
}
