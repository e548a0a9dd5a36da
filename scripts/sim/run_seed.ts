/** {@linkcode runSeed}: one swarm run, from its seed to the verdict.
 *
 * @module
 */
import { deriveRandom, type LinkCapabilities, NetError, NO_OFFLOAD } from "@lightwire/netif";
import type { PbufPool } from "@lightwire/pbuf";
import { assertTcp, type TcpOptions } from "@lightwire/tcp";
import { Draw } from "./draw.ts";
import {
  type ConnectionParameters,
  drawParameters,
  healed,
  type HostParameters,
  livenessLimitMs,
  type SwarmParameters,
} from "./swarm_parameters.ts";
import { TransferEnd } from "./transfer_end.ts";
import { ADDRESS_A, ADDRESS_B, TwoHosts } from "./two_hosts.ts";

/** Port at host B of the first connection. */
const FIRST_PORT_B = 7000;
/** Port at host A of a connection which both ends open. */
const FIRST_PORT_A = 6000;
/** Time after which nothing may be left: TIME-WAIT, keep-alives, neighbour cache. */
const AFTERMATH_MS = 3_600_000;

const CAPABILITIES: Readonly<Record<SwarmParameters["offload"], LinkCapabilities>> = {
  none: NO_OFFLOAD,
  checksum: { txChecksum: true, rxChecksum: true, gsoMaxBytes: 0, gro: false },
  gso: { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true },
};

/** What came of a run. */
export interface RunResult {
  /** The seed. */
  readonly seed: number;
  /** What went wrong, or `undefined`. */
  readonly problem: string | undefined;
  /** Stack of an exception, if that went wrong. */
  readonly stack: string | undefined;
  /** Fingerprint of everything delivered. */
  readonly packetHash: string;
  /** Octets delivered to the applications. */
  readonly bytes: number;
  /** Frames emitted. */
  readonly frames: number;
  /** Virtual time from the start to the end of the last connection, in milliseconds. */
  readonly virtualMs: number;
  /** State of each end, a line each. */
  readonly summary: string;
  /** The last things that happened on the line. */
  readonly events: string;
}

/** One connection of a run, both ends. */
interface Transfer {
  readonly parameters: ConnectionParameters;
  readonly a: TransferEnd;
  readonly b: TransferEnd;
}

/** Runs the transfers of one seed over their bad network and checks everything there is to check.
 *
 * @param pool shared by all runs, so that they see each other's rubbish in their packets; must be balanced, and is so afterwards
 * unless the run found a leak.
 */
export function runSeed(
  seed: number,
  pool: PbufPool,
  parameters: SwarmParameters = drawParameters(seed),
): RunResult {
  const before = pool.inUse;
  const hosts = createHosts(parameters, pool);
  const transfers = parameters.connections.map((c, i) => createTransfer(hosts, c, i));
  let problem: string | undefined;
  let stack: string | undefined;
  try {
    problem = runTransfers(hosts, transfers, parameters);
  } catch (error) {
    problem = String(error);
    stack = error instanceof Error ? error.stack : undefined;
  }
  const virtualMs = hosts.sim.clock.now() - parameters.startMs;
  try {
    if (problem === undefined) problem = runAftermath(hosts, transfers);
    hosts.close();
    if (problem === undefined && pool.inUse !== before) problem = `${pool.inUse - before} pbufs leaked`;
  } catch (error) {
    problem ??= String(error);
    stack ??= error instanceof Error ? error.stack : undefined;
  }
  return {
    seed,
    problem,
    stack,
    packetHash: hosts.sim.packetHash,
    bytes: transfers.reduce((sum, t) => sum + t.a.received + t.b.received, 0),
    frames: hosts.checker.frames,
    virtualMs,
    summary: transfers.map((t, i) => `  ${i}.a: ${t.a.summary}\n  ${i}.b: ${t.b.summary}`).join("\n"),
    events: hosts.formatEvents(),
  };
}

function createHosts(parameters: SwarmParameters, pool: PbufPool): TwoHosts {
  const { seed, startMs, medium, mtu, aToB, bToA, hostA, hostB } = parameters;
  return new TwoHosts({
    seed,
    startMs,
    medium,
    mtu,
    capabilities: CAPABILITIES[parameters.offload],
    whenFull: parameters.whenFull,
    aToB,
    bToA,
    tcpA: tcpOptions(hostA),
    tcpB: tcpOptions(hostB),
    pool,
  });
}

/** The options of a host; giving up is not what is tested. */
export function tcpOptions(host: HostParameters): TcpOptions {
  return {
    sendBufferBytes: host.sendBufferBytes,
    receiveBufferBytes: host.receiveBufferBytes,
    initialReceiveWindowBytes: Math.min(65_535, host.receiveBufferBytes),
    noDelay: host.noDelay,
    timestamps: host.timestamps,
    sack: host.sack,
    windowScaling: host.windowScaling,
    delayedAckMs: Math.min(host.delayedAckMs, 200),
    // A peer that aborted while its reset was lost would otherwise be waited for in vain.
    keepAlive: { idleMs: 30_000, intervalMs: 10_000, count: 20 },
    // Giving up is not what is tested here: the network heals before.
    synRetries: 12,
    synAckRetries: 12,
    orphanRetries: 15,
    abortConnectOnIcmp: false,
  };
}

function createTransfer(hosts: TwoHosts, parameters: ConnectionParameters, index: number): Transfer {
  const { sim, checker } = hosts;
  const draw = new Draw(deriveRandom(sim.seed, `application ${index}`));
  const fromA = draw.bytes(parameters.a.sendBytes);
  const fromB = draw.bytes(parameters.b.sendBytes);
  const a = new TransferEnd(sim, draw, fromA, fromB, parameters.a);
  const b = new TransferEnd(sim, draw, fromB, fromA, parameters.b);
  const portB = FIRST_PORT_B + index;
  checker.expectFlow(portB, fromA, fromB);
  sim.after(parameters.startsAtMs, () => {
    if (parameters.open === "simultaneous") {
      const portA = FIRST_PORT_A + index;
      a.connection = hosts.a.tcp.connect(
        { remoteAddress: ADDRESS_B, remotePort: portB, localPort: portA },
        a,
      );
      b.connection = hosts.b.tcp.connect(
        { remoteAddress: ADDRESS_A, remotePort: portA, localPort: portB },
        b,
      );
    } else {
      const listener = hosts.b.tcp.listen({ port: portB }, (connection) => {
        listener.close();
        b.connected(connection);
        return b;
      });
      a.connection = hosts.a.tcp.connect({ remoteAddress: ADDRESS_B, remotePort: portB }, a);
    }
  });
  return { parameters, a, b };
}

/** Runs until all ends are closed; returns what is wrong. */
function runTransfers(
  hosts: TwoHosts,
  transfers: readonly Transfer[],
  parameters: SwarmParameters,
): string | undefined {
  const { sim, link, checker } = hosts;
  sim.after(parameters.healsAfterMs, () => {
    link.a.outbound.setFaults(healed(parameters.aToB));
    link.b.outbound.setFaults(healed(parameters.bToA));
  });
  const limitMs = livenessLimitMs(parameters);
  const hasEnded = () =>
    checker.problem !== undefined || transfers.every(isTransferOver) || transfers.some(hasProblem);
  // Asked after each instant: what must always hold of every connection is looked at then.
  const isOver = () => {
    assertTcp(hosts.a.tcp);
    assertTcp(hosts.b.tcp);
    return hasEnded();
  };
  sim.runUntil(isOver, limitMs);
  if (checker.problem !== undefined) return `on the wire: ${checker.problem}`;
  const { bareAcks, textSegments } = checker;
  if (bareAcks > 1000 + 3 * textSegments) return `${bareAcks} acknowledgments of ${textSegments} segments`;
  for (const [i, { a, b, parameters: p }] of transfers.entries()) {
    for (const [name, end] of [["a", a], ["b", b]] as const) {
      if (end.problem !== undefined) return `connection ${i}, end ${name}: ${end.problem}`;
      const isAborted = p.a.abortsAt >= 0 || p.b.abortsAt >= 0;
      if (!end.isOver && !(isAborted && end.connection === undefined)) {
        return `connection ${i}, end ${name}: not over within ${Math.round(limitMs)} ms`;
      }
      if (isAborted) {
        if (end.error !== undefined && !(end.error instanceof NetError)) return `closed with ${end.error}`;
        continue;
      }
      if (end.error !== undefined) return `connection ${i}, end ${name}: ${end.error.message}`;
      if (!end.isComplete) return `connection ${i}, end ${name}: closed before it was complete`;
    }
  }
  return undefined;
}

function isTransferOver({ a, b, parameters }: Transfer): boolean {
  if (a.isOver && b.isOver) return true;
  // Aborted before the peer's application ever heard of the connection.
  return parameters.a.abortsAt >= 0 && a.isClosed && b.connection === undefined;
}

function hasProblem({ a, b }: Transfer): boolean {
  return a.problem !== undefined || b.problem !== undefined;
}

/** Lets TIME-WAIT pass; returns what is left then and should not be. */
function runAftermath({ sim, a, b }: TwoHosts, transfers: readonly Transfer[]): string | undefined {
  const isIdle = sim.runUntilIdle(AFTERMATH_MS);
  for (const [name, host] of [["A", a], ["B", b]] as const) {
    const left = [...host.tcp.connections()].map((c) => c.state);
    if (left.length > 0) return `host ${name} still has connections an hour later: ${left.join(", ")}`;
  }
  if (!isIdle) return `${sim.timers.size} timers are still armed an hour after the last connection`;
  for (const { a, b } of transfers) {
    const problem = a.problem ?? b.problem;
    if (problem !== undefined) return `after the end: ${problem}`;
  }
  return undefined;
}
