/** `deno task bench linux-tcp`: our TCP beside Linux's, through the same relay with the same seeds (root, Linux). It prints a table
 * and writes nothing.
 *
 * @module
 */
import type { RelayFaults } from "../interop/relay/relay.ts";
import { TcpLab } from "../interop/tcp_lab.ts";
import { median } from "./figure.ts";

/** A network of the table, and how much goes through it. */
export interface Cell extends Omit<RelayFaults, "seed"> {
  readonly name: string;
  readonly bytes: number;
}

const PAIRS = [["linux", "linux"], ["ours", "linux"], ["linux", "ours"], ["ours", "ours"]] as const;
const LOSS_RATES = [0, 0.001, 0.01, 0.05, 0.1];
const ROUND_TRIPS_MS = [0, 20, 100, 300, 600];
const BANDWIDTH_BPS = 20e6;
const SHUFFLED = { reorderRate: 0.03, reorderByMs: 8, duplicateRate: 0.02, duplicateByMs: 3 } as const;

/** What may pass in about two to ten seconds: the more loss and delay, the less. */
function bytesFor(lossRate: number, rttMs: number): number {
  if (lossRate <= 0.001) return rttMs >= 300 ? 4_000_000 : 3_000_000;
  const lossy = lossRate <= 0.01 ? 2_000_000 : lossRate <= 0.05 ? 800_000 : 400_000;
  return rttMs >= 100 ? lossy / 4 : lossy;
}

/** The networks of the table. */
export function cells(): Cell[] {
  const grid: Cell[] = [];
  for (const rttMs of ROUND_TRIPS_MS) {
    // Two round trips of line rate wait at most, 20 ms at least.
    const queueBytes = Math.max(BANDWIDTH_BPS / 8 * 0.02, BANDWIDTH_BPS / 8 * rttMs / 1000);
    const line = { bandwidthBps: BANDWIDTH_BPS, queueBytes, delayMs: rttMs / 2 };
    for (const lossRate of LOSS_RATES) {
      const name = `RTT ${rttMs} ms, loss ${lossRate * 100} %`;
      grid.push({ name, bytes: bytesFor(lossRate, rttMs), lossRate, ...line });
    }
    const name = `RTT ${rttMs} ms, reordering 3 %, duplicates 2 %`;
    grid.push({ name, bytes: bytesFor(0, rttMs) / 2, ...SHUFFLED, ...line });
  }
  return grid;
}

/** A line of the table: medians of each pair's runs, beside the first pair's.
 *
 * @param runs Mbit/s, by pair.
 */
export function tableLine(name: string, runs: readonly (readonly number[])[]): string {
  const [base = 0, ...others] = runs.map(median);
  const figures = others.map((mbps) =>
    `${mbps.toFixed(2)}${mbps >= base ? " ≥" : ` ${(mbps / base * 100).toFixed(0)}%`}`
  );
  return name.padEnd(44) + [base.toFixed(2), ...figures].map((figure) => figure.padStart(13)).join("");
}

/** Measures: `[--seeds N] [--cc cubic|bbr] [--only PART-OF-A-NAME] [--runs]`. */
export async function linuxTcpTable(args: readonly string[]): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const seeds = Number(option("seeds") ?? 5);
  const congestionControl = option("cc") === "bbr" ? "bbr" : "cubic";
  const filter = option("only") ?? "";
  await using lab = await TcpLab.open();
  console.log(`Mbit/s, medians of ${seeds} seeds; a line of 20 Mbit/s, ${congestionControl}`);
  console.log("".padEnd(44) + PAIRS.map((pair) => pair.join("→").padStart(13)).join(""));
  for (const { name, bytes, ...network } of cells()) {
    if (!name.includes(filter)) continue;
    const runs: number[][] = PAIRS.map(() => []);
    for (let seed = 1; seed <= seeds; seed++) {
      for (const [i, [sender, receiver]] of PAIRS.entries()) {
        const faults = { seed, ...network };
        const done = await lab.transfer({ sender, receiver, bytes, faults, congestionControl });
        if (done.received !== done.sent) {
          throw new Error(`Damaged: ${name}, ${sender}→${receiver}, seed ${seed}`);
        }
        runs[i]!.push(done.mbps);
      }
    }
    console.log(tableLine(name, runs));
    if (args.includes("--runs")) {
      for (const [i, pair] of PAIRS.entries()) {
        console.log(
          `    ${pair.join("→").padEnd(14)}${runs[i]!.map((mbps) => mbps.toFixed(2).padStart(8)).join("")}`,
        );
      }
    }
  }
}
