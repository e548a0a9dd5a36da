/** {@linkcode runPppFuzz}: PPP against peers of chance, and between two of ours with somebody in the middle.
 *
 * Each run has to end with IP flowing, or with a reason, within the bounds that the retries set; afterwards no timer and no pbuf
 * is left.
 *
 * @module
 */
import { deriveRandom } from "@lightwire/netif";
import { type Simulation, SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { PbufPool } from "@lightwire/pbuf";
import { Draw } from "../sim/draw.ts";
import { RandomPeer } from "./ppp_random_peer.ts";
import {
  begin,
  createRunSimulation,
  createSubject,
  Framer,
  FunctionPort,
  type Subject,
} from "./ppp_worlds.ts";

/** Time in which a session without a sensible peer comes to its end. LCP, authentication, CCP and IPCP may each wait for ten
 * requests of three seconds, four echoes of ten seconds may go unanswered, and a farewell takes six. */
export const MAX_QUIET_MS = 4 * 33_000 + 50_000 + 6000;

/** Options of {@linkcode runPppFuzz}. */
export interface PppFuzzOptions {
  /** The seed of everything. */
  readonly seed: number;
  /** Runs of each of the two kinds. */
  readonly runs: number;
  /** Asked now and then: false ends it. */
  readonly mayGoOn?: () => boolean;
  /** Called now and then. */
  readonly onProgress?: (done: number) => void;
}

/** What it came to. */
export interface PppFuzzResult {
  /** Runs against peers of chance. */
  randomRuns: number;
  /** Runs with somebody in the middle. */
  mutatedRuns: number;
  /** Runs against peers of chance in which IP has flowed. */
  randomOpened: number;
  /** Sides of the others over which IP has flowed. */
  mutatedOpened: number;
  /** Sides by the reason of their end. */
  readonly ends: Map<string, number>;
  /** Longest time from the last word of a peer to the end, in milliseconds of virtual time. */
  longestMs: number;
  /** What went wrong, or `undefined`. */
  problem: string | undefined;
}

/** Runs both kinds by turns until one does harm. Harm is: an exception, a session that neither opens nor ends, a timer or a
 * pbuf left behind. */
export function runPppFuzz(options: PppFuzzOptions): PppFuzzResult {
  const result: PppFuzzResult = {
    randomRuns: 0,
    mutatedRuns: 0,
    randomOpened: 0,
    mutatedOpened: 0,
    ends: new Map(),
    longestMs: 0,
    problem: undefined,
  };
  const pool = new PbufPool(SIMULATION_CLASSES);
  for (let run = 0; run < 2 * options.runs && result.problem === undefined; run++) {
    if (options.mayGoOn !== undefined && !options.mayGoOn()) break;
    const isMutated = run % 2 === 1;
    const seed = `${options.seed}.${run >>> 1}.${isMutated ? "mutated" : "random"}`;
    const problem = runOne(seed, isMutated, pool, result);
    if (problem !== undefined) result.problem = `PPP run ${seed}: ${problem}`;
    if (isMutated) result.mutatedRuns++;
    else result.randomRuns++;
    if (run % 200 === 199) options.onProgress?.(run + 1);
  }
  return result;
}

function runOne(seed: string, isMutated: boolean, pool: PbufPool, result: PppFuzzResult): string | undefined {
  const sim = createRunSimulation(seed, pool);
  try {
    const problem = isMutated ? runMutated(sim, result) : runRandom(sim, result);
    if (problem !== undefined) return problem;
    if (sim.timers.size > 0) return `${sim.timers.size} timers left`;
    return pool.inUse > 0 ? `${pool.inUse} pbufs leaked` : undefined;
  } catch (error) {
    return `${error instanceof Error ? error.stack : error}`;
  }
}

/** One of ours against a peer of chance, which falls silent in the end. */
function runRandom(sim: Simulation, result: PppFuzzResult): string | undefined {
  const draw = new Draw(deriveRandom(sim.seed, "peer"));
  let isSilent = false;
  const deliver = (octets: Uint8Array) => {
    sim.after(draw.intMagnitude(1, 500), () => port.sink?.serialInput(octets));
  };
  const framer = new Framer((protocol, packet) => {
    if (!isSilent) peer.hear(protocol, packet);
  });
  const peer = new RandomPeer(draw, {
    sendPacket: (protocol, packet) => deliver(framer.frame(protocol, packet)),
    sendOctets: deliver,
  });
  const port = new FunctionPort("ours", (octets) => framer.input(octets));
  const subject = createSubject(sim, draw, "ours", port, draw.chance(0.5));
  // A few talk for hours.
  for (let actions = draw.intMagnitude(3, draw.chance(0.01) ? 5000 : 150); actions > 0; actions--) {
    begin(subject); // also again, after an end
    peer.act();
    sendData(sim, draw, subject);
    sim.advance(draw.intMagnitude(1, 1000));
  }
  isSilent = true;
  sim.advance(500);
  const problem = settle(sim, [subject], result);
  subject.link.close();
  return problem;
}

/** Two of ours; whatever one says to the other is lost, doubled, delayed, changed. Later the line is good. */
function runMutated(sim: Simulation, result: PppFuzzResult): string | undefined {
  const draw = new Draw(deriveRandom(sim.seed, "line"));
  const harm = draw.pick([0.02, 0.1, 0.3, 0.6]);
  let isBad = true;
  const ports: FunctionPort[] = [];
  const direction = (to: number) => {
    const framer = new Framer((protocol, packet) => {
      if (!isBad) return deliver(framer.frame(protocol, packet), 2);
      if (draw.chance(harm / 3)) return; // lost
      for (let copies = draw.chance(harm / 3) ? 2 : 1; copies > 0; copies--) {
        const changed = draw.chance(harm) ? mutate(draw, packet) : packet;
        const other = draw.chance(harm / 20) ? draw.int(0, 0xffff) : protocol;
        deliver(framer.frame(other, changed), draw.chance(harm / 2) ? draw.intMagnitude(3, 5000) : 2);
      }
    });
    const deliver = (octets: Uint8Array, delayMs: number) => {
      sim.after(delayMs, () => ports[to]!.sink?.serialInput(octets));
    };
    return framer;
  };
  const framers = [direction(1), direction(0)];
  const subjects = [0, 1].map((i) => {
    ports.push(new FunctionPort(`end ${i}`, (octets) => framers[i]!.input(octets)));
    return createSubject(sim, draw, `end ${i}`, ports[i]!, i === 1);
  });
  for (const subject of subjects) {
    begin(subject);
    sim.advance(draw.int(0, 50));
  }
  for (let actions = draw.int(1, 30); actions > 0; actions--) {
    for (const subject of subjects) sendData(sim, draw, subject);
    sim.advance(draw.intMagnitude(1, 2000));
  }
  isBad = false;
  sim.advance(5000); // what is still on its way
  const problem = settle(sim, subjects, result);
  for (const subject of subjects) subject.link.close();
  return problem;
}

function mutate(draw: Draw, packet: Uint8Array): Uint8Array {
  const changed = packet.slice();
  for (let i = draw.int(1, 3); i > 0 && changed.length > 0; i--) {
    const at = draw.chance(0.5)
      ? draw.int(0, Math.min(8, changed.length) - 1)
      : draw.int(0, changed.length - 1);
    changed[at] = draw.chance(0.5) ? draw.int(0, 255) : changed[at]! ^ (1 << draw.int(0, 7));
  }
  if (draw.chance(0.1)) return changed.subarray(0, draw.int(0, changed.length));
  return draw.chance(0.1) ? Uint8Array.of(...changed, ...draw.bytes(draw.int(1, 20))) : changed;
}

function sendData(sim: Simulation, draw: Draw, { link }: Subject): void {
  if (!link.session.isNetworkUp || draw.chance(0.5)) return;
  const p = sim.pool.acquire(draw.int(20, 200))!;
  p.bytes.set(draw.bytes(p.end - p.start), p.start);
  p.bytes[p.start] = draw.pick([0x45, 0x60]);
  if (!link.transmit(p)) p.release();
  link.flush();
}

/** Waits for each side to be open or at its end, then ends what is open. */
function settle(sim: Simulation, subjects: readonly Subject[], result: PppFuzzResult): string | undefined {
  const from = sim.clock.now();
  const isSettled = ({ link, ends }: Subject) => {
    if (link.session.isListening) return true;
    if (link.session.phase === "Dead") return ends.length > 0;
    // Alone a session does not stay open: its echoes are not answered.
    return subjects.length === 2 && link.session.isNetworkUp;
  };
  sim.runUntil(() => subjects.every(isSettled), MAX_QUIET_MS);
  const stuck = subjects.find((subject) => !isSettled(subject));
  if (stuck !== undefined) {
    const { phase, lcp } = stuck.link.session;
    return `after ${MAX_QUIET_MS} ms in phase ${phase}, LCP ${lcp.state}, ends [${stuck.ends.join(", ")}]`;
  }
  result.longestMs = Math.max(result.longestMs, sim.clock.now() - from);
  for (const subject of subjects) {
    if (subject.ups > 0) {
      if (subjects.length === 1) result.randomOpened++;
      else result.mutatedOpened++;
    }
    subject.link.stop();
  }
  sim.advance(MAX_QUIET_MS);
  for (const { link, ends, starts } of subjects) {
    if (link.session.phase !== "Dead") return `in phase ${link.session.phase} although it was told to end`;
    if (ends.length !== starts) return `${ends.length} ends of ${starts} sessions: ${ends.join(", ")}`;
    const end = ends.at(-1)!;
    result.ends.set(end, (result.ends.get(end) ?? 0) + 1);
  }
  return sim.timers.size > 0 ? `${sim.timers.size} timers left at the end` : undefined;
}
