/** PPP: framing, and two whole stacks at the ends of a fast serial line.
 *
 * @module
 */
import { seededRandom } from "@lightwire/netif";
import { DEFAULT_ACCM, HdlcDecoder, HdlcEncoder } from "@lightwire/ppp";
import { PppLine } from "../sim/ppp_line.ts";
import type { Figure } from "./figure.ts";

const PACKETS = 64;
const LENGTH = 1504;
const BAUD = 921_600;

/** How much to measure. */
export interface PppFigureOptions {
  /** Runs of each figure; default 5. */
  readonly runs?: number;
  /** Time for each run of framing, in milliseconds; default 100. */
  readonly runMs?: number;
  /** Octets that each run of TCP moves each way; default a million. */
  readonly transferBytes?: number;
}

/** Framing in MB/s of packets, and the share of a core that a saturated line takes. */
export function pppFigures(options: PppFigureOptions = {}): Promise<Figure[]> {
  const { runs = 5, runMs = 100, transferBytes = 1_000_000 } = options;
  const random = seededRandom("ppp figures");
  const noise = Array.from(
    { length: PACKETS },
    () => Uint8Array.from({ length: LENGTH }, () => random.uint32()),
  );
  const figures: Figure[] = [];
  for (const [name, accm] of [["0", 0], ["ffffffff", DEFAULT_ACCM]] as const) {
    const into = new Uint8Array(HdlcEncoder.maxEncodedLength(LENGTH));
    const encoder = new HdlcEncoder(accm);
    const decoder = new HdlcDecoder({ hdlcInput: () => {} });
    decoder.setReceiveAccm(accm);
    const wires = noise.map((packet) => into.slice(0, encoder.encode(packet, 0, LENGTH, into, 0, true)));
    const goal = { atLeast: 100 };
    const encode = () => noise.forEach((packet) => encoder.encode(packet, 0, LENGTH, into, 0, true));
    const decode = () => wires.forEach((wire) => decoder.input(wire));
    figures.push({
      name: `HDLC, ACCM ${name}: encode`,
      runs: megabytesPerSecond(encode, runs, runMs),
      unit: "MB/s",
      goal,
    });
    figures.push({
      name: `HDLC, ACCM ${name}: decode`,
      runs: megabytesPerSecond(decode, runs, runMs),
      unit: "MB/s",
      goal,
    });
  }
  figures.push({
    name: `TCP over PPP at ${BAUD} baud, full both ways: both hosts and the line`,
    runs: Array.from({ length: runs }, (_, i) => coreShare(i, transferBytes)),
    unit: "% of a core",
    goal: { atMost: 5 },
  });
  return Promise.resolve(figures);
}

/** Repeats work on all packets for a while, a few times. */
function megabytesPerSecond(work: () => void, runs: number, runMs: number): number[] {
  return Array.from({ length: runs }, () => {
    const from = performance.now();
    let rounds = 0;
    for (; performance.now() - from < runMs; rounds++) work();
    return rounds * PACKETS * LENGTH / (performance.now() - from) / 1000;
  });
}

/** Real time for each second of the line's time, in percent, while `bytes` octets move each way. */
function coreShare(seed: number, bytes: number): number {
  const line = new PppLine({ seed, baud: BAUD, faults: {} });
  if (!line.sim.runUntil(() => line.isUp, 10_000)) throw new Error("Cannot measure PPP: no link");
  const [realFrom, virtualFrom] = [performance.now(), line.sim.clock.now()];
  const ends = line.transfer(bytes);
  if (!line.sim.runUntil(() => ends.every((end) => end.isOver), 600_000)) {
    throw new Error(`Cannot measure PPP: ${ends.map((end) => end.summary).join("; ")}`);
  }
  const share = 100 * (performance.now() - realFrom) / (line.sim.clock.now() - virtualFrom);
  line.close();
  return share;
}
