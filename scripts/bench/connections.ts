/** What connections cost in memory and time, and how many segments a second go through TCP.
 *
 * @module
 */
import type { Figure } from "./figure.ts";

const CONNECTIONS = 100_000;
const RUNS = 3;
const MIB = 256;
const BENCHES = new URL("../../packages/tcp/", import.meta.url).pathname;

/** How much to measure. */
export interface ConnectionFigureOptions {
  /** Idle connections, default 100,000. */
  readonly connections?: number;
  /** Runs of each figure, default 3. */
  readonly runs?: number;
  /** Octets that each run moves, in MiB; default 256. */
  readonly mib?: number;
}

interface Cost {
  readonly heapBytes: number;
  readonly openUs: number;
  readonly closeUs: number;
}

interface Throughput {
  readonly name: string;
  readonly gbps: number;
  readonly segmentsPerSecond: number;
}

/** Runs a bench of the TCP package in a process of its own, with a heap of its own. @returns what it printed, a value a line. */
async function runBench<T>(name: string, count: number): Promise<T[]> {
  const args = ["run", "--no-lock", "--no-check", "-A", "--v8-flags=--expose-gc", `${BENCHES}${name}`];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, `${count}`, "--json"],
  }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot measure with ${name}: ${text.decode(stderr)}`);
  return text.decode(stdout).trim().split("\n").map((line) => JSON.parse(line) as T);
}

/** All figures of this module. Each connection counts with one of its two ends, which are both in the process. */
export async function connectionFigures(options: ConnectionFigureOptions = {}): Promise<Figure[]> {
  const { connections = CONNECTIONS, runs = RUNS, mib = MIB } = options;
  const costs: Cost[] = [];
  const bulk: Throughput[][] = [];
  for (let i = 0; i < runs; i++) {
    costs.push(...await runBench<Cost>("memory_bench.ts", connections));
    bulk.push(await runBench<Throughput>("tcp_bench.ts", mib));
  }
  const idle = `${connections.toLocaleString("en")} established idle connections`;
  const figures: Figure[] = [
    {
      name: `${idle}: heap of an end`,
      runs: costs.map((c) => c.heapBytes),
      unit: "bytes",
      goal: { atMost: 2048 },
    },
    { name: `${idle}: to open one, both ends`, runs: costs.map((c) => c.openUs), unit: "µs" },
    { name: `${idle}: to close one, both ends`, runs: costs.map((c) => c.closeUs), unit: "µs" },
  ];
  bulk[0]!.forEach(({ name }, i) => {
    figures.push({
      name: `two TCP layers, ${name}`,
      runs: bulk.map((run) => run[i]!.gbps / 8),
      unit: "GB/s",
    });
    figures.push({
      name: "  segments through input and output",
      runs: bulk.map((run) => run[i]!.segmentsPerSecond),
      unit: "per second",
    });
  });
  return figures;
}
