/** {@linkcode runNetworkSeed}: one run over a network of many hosts, from its seed to the verdict.
 *
 * @module
 */
import { deriveRandom, NetError } from "@lightwire/netif";
import type { PbufPool } from "@lightwire/pbuf";
import { assertTcp, type TcpOptions } from "@lightwire/tcp";
import { Draw } from "./draw.ts";
import { FrameChecker } from "./frame_checker.ts";
import { LTE_TRACE_BPS, LTE_TRACE_STEP_MS } from "./lte_trace.ts";
import {
  drawNetwork,
  type FlowParameters,
  networkLimitMs,
  type NetworkParameters,
} from "./network_parameters.ts";
import { type RunResult, tcpOptions } from "./run_seed.ts";
import { type NetworkHost, SimNetwork } from "./sim_network.ts";
import { healed, type HostParameters } from "./swarm_parameters.ts";
import { TransferEnd } from "./transfer_end.ts";

const PORT_B = 7000;
const PORT_A = 6000;
/** Time after which nothing may be left. */
const AFTERMATH_MS = 3_600_000;

/** A connection, with all that looks at it. */
interface Flow {
  readonly parameters: FlowParameters;
  readonly hosts: readonly [NetworkHost, NetworkHost];
  readonly checker: FrameChecker;
  readonly a: TransferEnd;
  readonly b: TransferEnd;
}

/** Runs the transfers of one seed over their network and checks everything there is to check.
 *
 * @param pool shared by all runs; must be balanced, and is so afterwards unless the run found a leak.
 */
export function runNetworkSeed(
  seed: number,
  pool: PbufPool,
  parameters: NetworkParameters = drawNetwork(seed),
): RunResult {
  const before = pool.inUse;
  const network = new SimNetwork(seed, parameters.bottlenecks, pool);
  const flows = parameters.flows.map((flow, i) => createFlow(network, parameters, flow, i));
  let problem: string | undefined;
  let stack: string | undefined;
  let virtualMs = 0;
  try {
    problem = runFlows(network, flows, parameters);
    virtualMs = network.sim.clock.now();
    problem ??= runAftermath(network, flows);
    network.close();
    if (problem === undefined && pool.inUse !== before) problem = `${pool.inUse - before} pbufs leaked`;
  } catch (error) {
    problem = String(error);
    stack = error instanceof Error ? error.stack : undefined;
  }
  return {
    seed,
    problem,
    stack,
    packetHash: network.sim.packetHash,
    bytes: flows.reduce((sum, { a, b }) => sum + a.received + b.received, 0),
    frames: flows.reduce((sum, { checker }) => sum + checker.frames, 0),
    virtualMs,
    summary: flows.map(({ a, b }, i) => `  ${i}.a: ${a.summary}\n  ${i}.b: ${b.summary}`).join("\n"),
    events: network.formatEvents(),
  };
}

function options(host: HostParameters, flow: FlowParameters, ecn: boolean): TcpOptions {
  return { ...tcpOptions(host), congestionControl: flow.congestionControl, ecn: ecn ? "on" : "passive" };
}

function createFlow(network: SimNetwork, run: NetworkParameters, flow: FlowParameters, index: number): Flow {
  const { sim } = network;
  const { connection, accessDelayMs: delayMs } = flow;
  const hosts = [
    network.addHost({
      router: flow.from,
      skew: flow.skewA,
      delayMs,
      tcp: options(flow.hostA, flow, run.ecn),
    }),
    network.addHost({ router: flow.to, skew: flow.skewB, delayMs, tcp: options(flow.hostB, flow, run.ecn) }),
  ] as const;
  const [hostA, hostB] = hosts;
  const draw = new Draw(deriveRandom(sim.seed, `application ${index}`));
  const fromA = draw.bytes(connection.a.sendBytes);
  const fromB = draw.bytes(connection.b.sendBytes);
  const a = new TransferEnd(sim, draw, fromA, fromB, connection.a);
  const b = new TransferEnd(sim, draw, fromB, fromA, connection.b);
  const checker = new FrameChecker({
    medium: "ip",
    mtu: 1500,
    addressA: hostA.address.w3,
    addressB: hostB.address.w3,
  });
  checker.expectFlow(PORT_B, fromA, fromB);
  hostA.onSend = (p) => checker.check(p);
  hostB.onSend = (p) => checker.check(p);
  const toB = { remoteAddress: hostB.address, remotePort: PORT_B, localPort: PORT_A };
  sim.after(connection.startsAtMs, () => {
    if (connection.open === "simultaneous") {
      a.connection = hostA.tcp.connect(toB, a);
      const toA = { remoteAddress: hostA.address, remotePort: PORT_A, localPort: PORT_B };
      b.connection = hostB.tcp.connect(toA, b);
      return;
    }
    const listener = hostB.tcp.listen({ port: PORT_B }, (accepted) => {
      listener.close();
      b.connected(accepted);
      return b;
    });
    a.connection = hostA.tcp.connect(toB, a);
  });
  return { parameters: flow, hosts, checker, a, b };
}

/** The first line follows the trace until it heals. */
function followTrace(network: SimNetwork, run: NetworkParameters): void {
  const { sim, bottlenecks } = network;
  const channel = bottlenecks[0]!.a.outbound;
  const { forward } = run.bottlenecks[0]!;
  let step = 0;
  const timer = sim.timers.create(() => {
    if (sim.clock.now() >= run.healsAfterMs) return;
    channel.setFaults({ ...forward, bandwidthBps: LTE_TRACE_BPS[step++ % LTE_TRACE_BPS.length]! });
    timer.start(LTE_TRACE_STEP_MS);
  });
  timer.start(0);
}

/** Runs until all ends are closed; returns what is wrong. */
function runFlows(network: SimNetwork, flows: readonly Flow[], run: NetworkParameters): string | undefined {
  const { sim, bottlenecks } = network;
  if (run.hasTrace) followTrace(network, run);
  sim.after(run.healsAfterMs, () => {
    for (const [i, { forward, backward }] of run.bottlenecks.entries()) {
      bottlenecks[i]!.a.outbound.setFaults(healed(forward));
      bottlenecks[i]!.b.outbound.setFaults(healed(backward));
    }
  });
  const hosts = flows.flatMap((flow) => flow.hosts);
  const limitMs = networkLimitMs(run);
  sim.runUntil(() => {
    for (const host of hosts) assertTcp(host.tcp);
    return flows.every(isFlowOver) || flows.some(hasProblem);
  }, limitMs);
  // What has ended the run comes first: the others are not over because of it.
  for (
    const [i, flow] of [...flows.entries()].sort((x, y) =>
      Number(hasProblem(y[1])) - Number(hasProblem(x[1]))
    )
  ) {
    const problem = flowProblem(flow, run, limitMs);
    if (problem !== undefined) return `flow ${i}: ${problem}`;
  }
  return undefined;
}

function isFlowOver({ a, b, parameters }: Flow): boolean {
  if (a.isOver && b.isOver) return true;
  // Aborted before the peer's application ever heard of the connection.
  return parameters.connection.a.abortsAt >= 0 && a.isClosed && b.connection === undefined;
}

function hasProblem({ a, b, checker }: Flow): boolean {
  return a.problem !== undefined || b.problem !== undefined || checker.problem !== undefined;
}

function flowProblem(flow: Flow, run: NetworkParameters, limitMs: number): string | undefined {
  const { checker, a, b, parameters } = flow;
  if (checker.problem !== undefined) return `on the wire: ${checker.problem}`;
  const { bareAcks, textSegments } = checker;
  if (bareAcks > 1000 + 3 * textSegments) return `${bareAcks} acknowledgments of ${textSegments} segments`;
  const { connection } = parameters;
  const isAborted = connection.a.abortsAt >= 0 || connection.b.abortsAt >= 0;
  // An outage of a minute is as long as FIN-WAIT-2 lasts: a late FIN of the peer finds nobody.
  const mayFindNobody = run.kind === "outage" && a.isComplete && b.isComplete;
  for (const [name, end] of [["a", a], ["b", b]] as const) {
    if (end.problem !== undefined) return `end ${name}: ${end.problem}`;
    if (!end.isOver && !(isAborted && end.connection === undefined)) {
      return `end ${name}: not over within ${Math.round(limitMs)} ms`;
    }
    if (isAborted) {
      if (end.error !== undefined && !(end.error instanceof NetError)) return `closed with ${end.error}`;
    } else if (mayFindNobody && end.error?.code === "CONNECTION_RESET") continue;
    else if (end.error !== undefined) return `end ${name}: ${end.error.message}`;
    else if (!end.isComplete) return `end ${name}: closed before it was complete`;
  }
  return undefined;
}

/** Lets TIME-WAIT pass; returns what is left then and should not be. */
function runAftermath(network: SimNetwork, flows: readonly Flow[]): string | undefined {
  const { sim } = network;
  const isIdle = sim.runUntilIdle(AFTERMATH_MS);
  for (const [i, { hosts, a, b }] of flows.entries()) {
    const left = hosts.flatMap((host) => [...host.tcp.connections()].map((c) => c.state));
    if (left.length > 0) return `flow ${i} still has connections an hour later: ${left.join(", ")}`;
    const problem = a.problem ?? b.problem;
    if (problem !== undefined) return `flow ${i}, after the end: ${problem}`;
  }
  return isIdle ? undefined : `${sim.timers.size} timers are still armed an hour after the last connection`;
}
