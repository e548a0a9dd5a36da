/** {@linkcode NetworkParameters}: what one run over a network of many hosts is like, drawn from its seed.
 *
 * @module
 */
import { deriveRandom } from "@lightwire/netif";
import type { LinkFaults } from "@lightwire/netif/sim";
import { Draw } from "./draw.ts";
import type { ClockSkew } from "./skewed_host.ts";
import {
  type ConnectionParameters,
  drawConnection,
  drawHost,
  type HostParameters,
  livenessLimitMs,
} from "./swarm_parameters.ts";

/** Kinds of networks. */
export const NETWORK_KINDS = [
  "dumbbell",
  "parking lot",
  "policer",
  "bufferbloat",
  "asymmetric",
  "outage",
  "satellite",
  "lte",
  "ecn",
] as const;

/** One of them. */
export type NetworkKind = (typeof NETWORK_KINDS)[number];

/** The line between two routers. */
export interface Bottleneck {
  /** Towards the next router. */
  readonly forward: LinkFaults;
  /** Back. */
  readonly backward: LinkFaults;
}

/** A connection between two hosts of its own. */
export interface FlowParameters {
  /** Router that the connecting host is at. */
  readonly from: number;
  /** Router that the other one is at. */
  readonly to: number;
  /** What goes on. */
  readonly connection: ConnectionParameters;
  /** The connecting host. */
  readonly hostA: HostParameters;
  /** The other one. */
  readonly hostB: HostParameters;
  /** Congestion control of both. */
  readonly congestionControl: "cubic" | "reno" | "bbr";
  /** Delay of the lines to their routers, so that flows have different round trips. */
  readonly accessDelayMs: number;
  /** Clock of the connecting host. */
  readonly skewA: ClockSkew;
  /** Clock of the other one. */
  readonly skewB: ClockSkew;
}

/** One run. */
export interface NetworkParameters {
  /** The seed of everything. */
  readonly seed: number;
  /** Kind of network. */
  readonly kind: NetworkKind;
  /** Lines from router to router, in a row. */
  readonly bottlenecks: readonly Bottleneck[];
  /** The first of them follows the trace of a cell. */
  readonly hasTrace: boolean;
  /** ECN is asked for. */
  readonly ecn: boolean;
  /** After this many milliseconds only the nature of the lines remains. */
  readonly healsAfterMs: number;
  /** Who talks to whom. */
  readonly flows: readonly FlowParameters[];
}

/** The parameters of a seed. */
export function drawNetwork(seed: number): NetworkParameters {
  const draw = new Draw(deriveRandom(seed, "network parameters"));
  const kind = draw.pick(NETWORK_KINDS);
  const bottlenecks = Array.from(
    { length: kind === "parking lot" ? 3 : 1 },
    () => drawBottleneck(draw, kind),
  );
  const slowest = Math.min(
    ...bottlenecks.flatMap(({ forward, backward }) => [rate(forward), rate(backward)]),
  );
  const flows = drawFlows(draw, kind, bottlenecks.length, Math.min(400_000, Math.max(30_000, slowest / 8)));
  return {
    seed,
    kind,
    bottlenecks,
    hasTrace: kind === "lte",
    ecn: kind === "ecn" || draw.chance(0.2),
    healsAfterMs: kind === "outage" ? 70_000 : draw.intMagnitude(2000, 60_000),
    flows,
  };
}

/** Bits per second that get through. */
function rate(faults: LinkFaults): number {
  return Math.min(faults.bandwidthBps ?? Infinity, faults.policer?.rateBps ?? Infinity);
}

function drawFlows(draw: Draw, kind: NetworkKind, routers: number, budget: number): FlowParameters[] {
  const count = kind === "dumbbell" || kind === "ecn" ? draw.int(2, 6) : draw.int(1, 3);
  const flow = (from: number, to: number, share: number): FlowParameters => ({
    from,
    to,
    connection: drawConnection(draw, share),
    hostA: drawHost(draw),
    hostB: drawHost(draw),
    congestionControl: draw.pick(["cubic", "cubic", "reno", "bbr"]),
    accessDelayMs: draw.magnitude(0.1, 20),
    skewA: drawSkew(draw),
    skewB: drawSkew(draw),
  });
  if (kind === "parking lot") {
    // One flow through everything, and one across each line.
    const long = flow(0, routers, budget / 4);
    return [long, ...Array.from({ length: routers }, (_, i) => flow(i, i + 1, budget / 4))];
  }
  return Array.from(
    { length: count },
    () => draw.chance(0.8) ? flow(0, 1, budget / count) : flow(1, 0, budget / count),
  );
}

/** Quartz is some ten ppm off; a virtual machine that lost its time source, percents. */
function drawSkew(draw: Draw): ClockSkew {
  const off = draw.chance(0.5)
    ? draw.magnitude(1e-6, 1e-3)
    : draw.chance(0.2)
    ? draw.magnitude(1e-3, 0.05)
    : 0;
  return { rate: draw.chance(0.5) ? 1 + off : 1 - off, offsetMs: draw.pick([0, draw.int(0, 2 ** 32)]) };
}

function drawBottleneck(draw: Draw, kind: NetworkKind): Bottleneck {
  const bandwidthBps = draw.intMagnitude(500_000, 50_000_000);
  const delayMs = draw.magnitude(0.5, 100);
  const queueBytes = Math.max(
    10 * 1500,
    Math.round(draw.magnitude(0.2, 3) * bandwidthBps / 8000 * 2 * delayMs),
  );
  const plain: LinkFaults = { bandwidthBps, delayMs, queueBytes };
  switch (kind) {
    case "policer": {
      const policer = {
        rateBps: draw.intMagnitude(500_000, 10_000_000),
        burstBytes: draw.intMagnitude(10_000, 200_000),
      };
      return { forward: { bandwidthBps: 100_000_000, delayMs, policer }, backward: { delayMs } };
    }
    case "bufferbloat": {
      const bloated = {
        bandwidthBps: draw.intMagnitude(1_000_000, 20_000_000),
        delayMs: 30,
        jitterMs: 10,
        lossRate: 0.02,
      };
      const forward = { ...bloated, queueBytes: bloated.bandwidthBps / 8 * 0.6 };
      return { forward, backward: { delayMs: 30, jitterMs: 10, lossRate: 0.02, bandwidthBps: 5_000_000 } };
    }
    case "asymmetric": {
      const up = Math.round(bandwidthBps / 50);
      return {
        forward: plain,
        backward: { bandwidthBps: Math.max(64_000, up), delayMs, queueBytes: 20 * 1500 },
      };
    }
    case "outage": {
      const from = draw.int(100, 5000);
      const outages: readonly [number, number][] = [[from, from + 60_000]];
      return { forward: { ...plain, outages }, backward: draw.chance(0.5) ? { ...plain, outages } : plain };
    }
    case "satellite": {
      const line = {
        bandwidthBps: 10_000_000,
        delayMs: 300,
        queueBytes: 750_000,
        lossRate: draw.pick([0, 0.001, 0.01]),
      };
      return { forward: line, backward: { ...line, bandwidthBps: 2_000_000 } };
    }
    case "lte":
      return {
        forward: {
          bandwidthBps: 20_000_000,
          delayMs: 25,
          queueBytes: 500_000,
          lossRate: draw.pick([0, 0.001]),
        },
        backward: { bandwidthBps: 5_000_000, delayMs: 25, jitterMs: 8, queueBytes: 100_000 },
      };
    case "ecn":
      return { forward: { ...plain, markAboveBytes: queueBytes / 4 }, backward: plain };
    default: {
      const lossRate = draw.chance(0.3) ? draw.magnitude(0.0005, 0.05) : 0;
      return { forward: { ...plain, lossRate }, backward: plain };
    }
  }
}

/** Milliseconds within which a run must be over; see {@linkcode livenessLimitMs}. */
export function networkLimitMs(p: NetworkParameters): number {
  const lines = p.bottlenecks.flatMap(({ forward, backward }) => [forward, backward]);
  const access = Math.max(...p.flows.map((flow) => flow.accessDelayMs));
  const delayMs = 2 * access + lines.reduce((sum, line) => sum + (line.delayMs ?? 0), 0);
  // The trace has a handover, and a hill.
  const bandwidthBps = Math.min(...lines.map(rate)) / (p.hasTrace ? 5 : 1);
  const queueBytes = lines.reduce((sum, line) => sum + (line.queueBytes ?? 0) * bandwidthBps / rate(line), 0);
  const hosts = p.flows.flatMap(({ hostA, hostB }) => [hostA, hostB]);
  const smallest = hosts.reduce((least, host) => ({
    ...least,
    sendBufferBytes: Math.min(least.sendBufferBytes, host.sendBufferBytes),
    receiveBufferBytes: Math.min(least.receiveBufferBytes, host.receiveBufferBytes),
  }));
  const line = { delayMs, bandwidthBps, queueBytes };
  return livenessLimitMs({
    seed: p.seed,
    startMs: 0,
    medium: "ip",
    mtu: 1500,
    offload: "none",
    whenFull: "drop",
    aToB: line,
    bToA: line,
    healsAfterMs: p.healsAfterMs,
    hostA: smallest,
    hostB: smallest,
    connections: p.flows.map((flow) => flow.connection),
  });
}

/** The parameters in words. */
export function formatNetwork(p: NetworkParameters): string {
  return Object.entries(p).flatMap(([name, value]) =>
    name === "flows"
      ? p.flows.map((f, i) => `  flow ${i}: ${JSON.stringify(f)}`)
      : [`  ${name}: ${JSON.stringify(value)}`]
  ).join("\n");
}
