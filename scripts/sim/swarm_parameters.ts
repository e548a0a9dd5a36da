/** {@linkcode SwarmParameters}: what one simulated run is like, drawn from its seed.
 *
 * Swarm testing: each run switches some faults off altogether and draws the others over orders of magnitude. A run with
 * everything a little wrong finds less than many runs with a few things very wrong.
 *
 * @module
 */
import type { LinkFaults } from "@lightwire/netif/sim";
import { deriveRandom } from "@lightwire/netif";
import { Draw } from "./draw.ts";

/** How one end of a connection behaves. */
export interface EndParameters {
  /** Octets it sends. */
  readonly sendBytes: number;
  /** Most octets of one `send`. */
  readonly writeMax: number;
  /** Most milliseconds between two `send`s, 0: none. */
  readonly thinkMs: number;
  /** Most octets of one `read`. */
  readonly readMax: number;
  /** Probability per `read` to stop reading for a while, so that the window closes. */
  readonly pauseRate: number;
  /** Most milliseconds of such a pause. */
  readonly pauseMs: number;
  /** It reads pbufs instead of copying. */
  readonly readsPbufs: boolean;
  /** When it closes its direction: when it has sent everything, or only after the peer's FIN too. */
  readonly closes: "when-sent" | "after-peer";
  /** It aborts once it has received that many octets; −1: never. */
  readonly abortsAt: number;
}

/** One connection of a run: `a` is the end that connects. */
export interface ConnectionParameters {
  /** How it comes about. */
  readonly open: "active-passive" | "simultaneous";
  /** When, in milliseconds. */
  readonly startsAtMs: number;
  /** The end at host A. */
  readonly a: EndParameters;
  /** The end at host B. */
  readonly b: EndParameters;
}

/** TCP options of one host. */
export interface HostParameters {
  /** Send buffer, in bytes. */
  readonly sendBufferBytes: number;
  /** Receive buffer, in bytes. */
  readonly receiveBufferBytes: number;
  /** No Nagle algorithm. */
  readonly noDelay: boolean;
  /** Offers timestamps. */
  readonly timestamps: boolean;
  /** Offers SACK. */
  readonly sack: boolean;
  /** Offers window scaling. */
  readonly windowScaling: boolean;
  /** Most delay of an acknowledgment. */
  readonly delayedAckMs: number;
}

/** One run. */
export interface SwarmParameters {
  /** The seed of everything. */
  readonly seed: number;
  /** What the clock shows first; anywhere, to move the wraps of TCP's timestamps about. */
  readonly startMs: number;
  /** Kind of link. */
  readonly medium: "ethernet" | "ip";
  /** Its MTU. */
  readonly mtu: number;
  /** What the drivers take over: nothing, checksums, or super-segments too. */
  readonly offload: "none" | "checksum" | "gso";
  /** What a driver does when its queue is full: drop, or push back. */
  readonly whenFull: "drop" | "wait";
  /** Faults towards host B. */
  readonly aToB: LinkFaults;
  /** Faults towards host A. */
  readonly bToA: LinkFaults;
  /** After this many milliseconds only delay, bandwidth and queues remain. */
  readonly healsAfterMs: number;
  /** Host A. */
  readonly hostA: HostParameters;
  /** Host B. */
  readonly hostB: HostParameters;
  /** What goes on between them. */
  readonly connections: readonly ConnectionParameters[];
}

/** The parameters of a seed. */
export function drawParameters(seed: number): SwarmParameters {
  const draw = new Draw(deriveRandom(seed, "swarm parameters"));
  const mtu = draw.chance(0.4)
    ? 1500
    : draw.chance(0.2)
    ? draw.pick([576, 9000])
    : draw.intMagnitude(576, 9000);
  const healsAfterMs = draw.intMagnitude(500, 120_000);
  const count = draw.chance(0.75) ? 1 : draw.int(2, 4);
  const startMs = draw.chance(0.5)
    ? 0
    : draw.chance(0.5)
    ? draw.int(0, 2 ** 32)
    : 2 ** 32 - draw.int(0, 60_000);
  const isSymmetric = draw.chance(0.5);
  const aToB = drawFaults(draw, mtu, startMs, healsAfterMs);
  const bToA = isSymmetric ? aToB : drawFaults(draw, mtu, startMs, healsAfterMs);
  // A slow line gets less to carry, so that no run takes hours of virtual time.
  const bandwidthBps = Math.min(aToB.bandwidthBps ?? Infinity, bToA.bandwidthBps ?? Infinity);
  const budget = Math.min(500_000, Math.max(20_000, bandwidthBps)) / count;
  return {
    seed,
    startMs,
    medium: draw.chance(0.7) ? "ethernet" : "ip",
    mtu,
    offload: draw.chance(0.8) ? "none" : draw.pick(["checksum", "gso"]),
    whenFull: draw.chance(0.8) ? "drop" : "wait",
    aToB,
    bToA,
    healsAfterMs,
    hostA: drawHost(draw),
    hostB: drawHost(draw),
    connections: Array.from({ length: count }, () => drawConnection(draw, budget)),
  };
}

/** What is left of faults when they have healed: the nature of the line. */
export function healed(faults: LinkFaults): LinkFaults {
  const { delayMs, bandwidthBps, queueBytes, policer, markAboveBytes } = faults;
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(bandwidthBps === undefined ? {} : { bandwidthBps }),
    ...(queueBytes === undefined ? {} : { queueBytes }),
    ...(policer === undefined ? {} : { policer }),
    ...(markAboveBytes === undefined ? {} : { markAboveBytes }),
  };
}

/** Milliseconds from the start within which a run must be over, if TCP makes progress as it should: what is known to take
 * time, added up as if nothing ever overlapped. */
export function livenessLimitMs(parameters: SwarmParameters): number {
  const { aToB, bToA, mtu, connections, healsAfterMs } = parameters;
  const ends = connections.flatMap(({ a, b }) => [a, b]);
  const bytes = ends.reduce((sum, end) => sum + end.sendBytes, 0);
  const queueMs = (f: LinkFaults) =>
    f.bandwidthBps === undefined ? 0 : (f.queueBytes ?? 0) * 8000 / f.bandwidthBps;
  const roundTripMs = (aToB.delayMs ?? 0) + (bToA.delayMs ?? 0) + queueMs(aToB) + queueMs(bToA) + 500;
  const lineMs = 8000 * bytes / Math.min(aToB.bandwidthBps ?? 1e9, bToA.bandwidthBps ?? 1e9);
  // Small buffers cut text to small segments; stop and wait is the slowest that is still progress.
  const smallest = Math.min(
    mtu - 60,
    ...[parameters.hostA, parameters.hostB].flatMap((h) => [h.sendBufferBytes, h.receiveBufferBytes]),
  );
  const roundTrips = 40 * connections.length + 2 * bytes / smallest;
  const writes = ends.reduce(
    (sum, end) => sum + end.thinkMs * Math.ceil(2 * end.sendBytes / end.writeMax),
    0,
  );
  // Twice the mean number of pauses, and some.
  const pauses = connections.reduce(
    (sum, { a, b }) => sum + pauseBudgetMs(a, b.sendBytes) + pauseBudgetMs(b, a.sendBytes),
    0,
  );
  const MAX_RTO_MS = 120_000;
  const latestStartMs = Math.max(...connections.map((c) => c.startsAtMs));
  return healsAfterMs + latestStartMs + 3 * MAX_RTO_MS + 4 * lineMs + roundTrips * roundTripMs + writes +
    pauses;
}

function pauseBudgetMs(end: EndParameters, receivedBytes: number): number {
  return end.pauseMs * (10 + 2 * end.pauseRate * readCount(receivedBytes, end.readMax));
}

/** Reads that it takes on average to receive that much. */
function readCount(bytes: number, readMax: number): number {
  return 2 * bytes / readMax;
}

/** The parameters in words, a line each, leaving out what is off. */
export function formatParameters(parameters: SwarmParameters): string {
  return Object.entries(parameters).flatMap(([name, value]) =>
    name === "connections"
      ? parameters.connections.map((c, i) => `  connection ${i}: ${JSON.stringify(c)}`)
      : [`  ${name}: ${JSON.stringify(value)}`]
  ).join("\n");
}

function drawFaults(draw: Draw, mtu: number, startMs: number, healsAfterMs: number): LinkFaults {
  const often = 0.4;
  // Drawn into named constants one after the other: the order of draws is part of what a seed means.
  const lossRate = draw.chance(often) ? draw.magnitude(0.0005, 0.1) : 0;
  const burstLoss = draw.chance(0.25)
    ? { enter: draw.magnitude(0.0005, 0.02), leave: draw.magnitude(0.1, 0.7) }
    : undefined;
  const reorderRate = draw.chance(often) ? draw.magnitude(0.001, 0.3) : 0;
  const reorderByMs = draw.magnitude(0.1, 100);
  const duplicateRate = draw.chance(often) ? draw.magnitude(0.001, 0.3) : 0;
  const duplicateByMs = draw.chance(0.5) ? 0 : draw.magnitude(1, 1000);
  const corruptRate = draw.chance(0.3) ? draw.magnitude(0.0005, 0.1) : 0;
  const truncateRate = draw.chance(0.15) ? draw.magnitude(0.0005, 0.05) : 0;
  const trailingBytes = draw.chance(0.15) ? draw.int(1, 46) : 0;
  const delayMs = draw.chance(0.3) ? 0 : draw.magnitude(0.05, 300);
  const jitterMs = draw.chance(often) ? draw.magnitude(0.1, 100) : 0;
  const bandwidthBps = draw.chance(0.3) ? undefined : draw.intMagnitude(64_000, 1_000_000_000);
  const queueFrames = draw.chance(0.3) ? undefined : draw.intMagnitude(8, 500);
  const outages: [number, number][] = [];
  if (draw.chance(0.2)) {
    for (let i = draw.int(1, 3); i > 0; i--) {
      const from = startMs + draw.unit() * Math.min(healsAfterMs, 20_000);
      outages.push([from, from + draw.magnitude(10, 15_000)]);
    }
  }
  return {
    ...(lossRate > 0 ? { lossRate } : {}),
    ...(burstLoss !== undefined ? { burstLoss } : {}),
    ...(reorderRate > 0 ? { reorderRate, reorderByMs } : {}),
    ...(duplicateRate > 0 ? { duplicateRate, duplicateByMs } : {}),
    ...(corruptRate > 0 ? { corruptRate } : {}),
    ...(truncateRate > 0 ? { truncateRate } : {}),
    ...(trailingBytes > 0 ? { trailingBytes } : {}),
    ...(delayMs > 0 ? { delayMs } : {}),
    ...(jitterMs > 0 ? { jitterMs } : {}),
    ...(bandwidthBps !== undefined ? { bandwidthBps } : {}),
    ...(bandwidthBps !== undefined && queueFrames !== undefined ? { queueBytes: queueFrames * mtu } : {}),
    ...(outages.length > 0 ? { outages } : {}),
  };
}

/** TCP options of a host, at random. */
export function drawHost(draw: Draw): HostParameters {
  const buffer = () => draw.chance(0.4) ? 1_048_576 : draw.intMagnitude(1024, 1_048_576);
  return {
    sendBufferBytes: buffer(),
    receiveBufferBytes: buffer(),
    noDelay: draw.chance(0.5),
    timestamps: draw.chance(0.7),
    sack: draw.chance(0.7),
    windowScaling: draw.chance(0.7),
    delayedAckMs: draw.pick([0, 40, 40, 200]),
  };
}

/** A connection that carries about `budget` octets at most each way, at random. */
export function drawConnection(draw: Draw, budget: number): ConnectionParameters {
  const aborts = draw.chance(0.1);
  const abortingEnd = draw.pick(["a", "b"]);
  const bytes = [draw, draw].map(() =>
    draw.chance(0.1) ? 0 : draw.intMagnitude(1024, Math.max(2048, budget))
  );
  const closes = draw.pick(["both", "a-first", "b-first"] as const);
  const isSimultaneous = draw.chance(0.07);
  return {
    open: isSimultaneous ? "simultaneous" : "active-passive",
    startsAtMs: draw.chance(0.5) ? 0 : draw.int(0, 1000),
    a: drawEnd(draw, bytes[0]!, bytes[1]!, closes === "b-first", aborts && abortingEnd === "a"),
    b: drawEnd(draw, bytes[1]!, bytes[0]!, closes === "a-first", aborts && abortingEnd === "b"),
  };
}

function drawEnd(
  draw: Draw,
  sendBytes: number,
  receiveBytes: number,
  waits: boolean,
  aborts: boolean,
): EndParameters {
  const thinks = draw.chance(0.2);
  const pauses = draw.chance(0.3);
  const readMax = draw.intMagnitude(Math.max(64, receiveBytes / 500), 100_000);
  // A few dozen pauses at most, however small the pieces are.
  const mostPauses = Math.min(1, 30 / (1 + readCount(receiveBytes, readMax)));
  return {
    sendBytes,
    writeMax: draw.intMagnitude(Math.max(1, sendBytes / 500), 100_000),
    thinkMs: thinks ? draw.magnitude(0.1, 1000 * Math.min(1, 50_000 / (1 + sendBytes))) : 0,
    readMax,
    pauseRate: pauses ? draw.magnitude(mostPauses / 100, mostPauses) : 0,
    pauseMs: draw.magnitude(1, 5000),
    readsPbufs: draw.chance(0.3),
    closes: waits ? "after-peer" : "when-sent",
    abortsAt: aborts ? draw.int(0, receiveBytes) : -1,
  };
}
