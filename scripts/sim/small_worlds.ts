/** Exhaustive small worlds: every loss pattern of the first frames of a short conversation, and the failure of every allocation
 * that it makes.
 *
 * @module
 */
import { deriveRandom } from "@lightwire/netif";
import type { LinkRule } from "@lightwire/netif/sim";
import type { PbufPool } from "@lightwire/pbuf";
import { assertTcp } from "@lightwire/tcp";
import { Draw } from "./draw.ts";
import type { EndParameters } from "./swarm_parameters.ts";
import { TransferEnd } from "./transfer_end.ts";
import { ADDRESS_B, TwoHosts } from "./two_hosts.ts";

const PORT_B = 7000;
/** Octets that go each way: three segments of an Ethernet and a bit. */
const SHORT_BYTES = 4500;
/** All losses are repaired within this time, closing included: at most eight timeouts in a row, doubling from 1 s to 120 s. */
const LIMIT_MS = 1_200_000;

/** Time after which nothing may be left: TIME-WAIT, neighbour cache. */
const AFTERMATH_MS = 3_600_000;

/** Who closes first. */
export type CloseOrder = "a" | "b" | "both";

/** A short conversation: handshake, a few segments each way, close. */
class ShortTransfer {
  readonly hosts: TwoHosts;
  readonly a: TransferEnd;
  readonly b: TransferEnd;

  constructor(pool: PbufPool, medium: "ethernet" | "ip", rule: LinkRule, closeOrder: CloseOrder) {
    this.hosts = new TwoHosts({
      seed: 1,
      medium,
      aToB: { rule, delayMs: 10 },
      bToA: { rule, delayMs: 10 },
      // Giving up is not what is tested here.
      tcpA: { synRetries: 12, synAckRetries: 12 },
      tcpB: { synRetries: 12, synAckRetries: 12 },
      pool,
    });
    const { sim, checker } = this.hosts;
    const draw = new Draw(deriveRandom(1, "small world"));
    const fromA = draw.bytes(SHORT_BYTES);
    const fromB = draw.bytes(SHORT_BYTES);
    const end = (waits: boolean): EndParameters => ({
      sendBytes: SHORT_BYTES,
      writeMax: SHORT_BYTES,
      thinkMs: 0,
      readMax: SHORT_BYTES,
      pauseRate: 0,
      pauseMs: 0,
      readsPbufs: false,
      closes: waits ? "after-peer" : "when-sent",
      abortsAt: -1,
    });
    this.a = new TransferEnd(sim, draw, fromA, fromB, end(closeOrder === "b"));
    this.b = new TransferEnd(sim, draw, fromB, fromA, end(closeOrder === "a"));
    checker.expectFlow(PORT_B, fromA, fromB);
    this.hosts.b.tcp.listen({ port: PORT_B }, (connection) => {
      this.b.connected(connection);
      return this.b;
    });
    this.a.connection = this.hosts.a.tcp.connect({ remoteAddress: ADDRESS_B, remotePort: PORT_B }, this.a);
  }

  /** What is wrong, or `undefined`. */
  get problem(): string | undefined {
    const { a, b } = this;
    const { problem } = this.hosts.checker;
    if (problem !== undefined) return `on the wire: ${problem}`;
    for (const [name, end] of [["a", a], ["b", b]] as const) {
      if (end.problem !== undefined) return `end ${name}: ${end.problem}`;
      if (end.error !== undefined) return `end ${name}: ${end.error.message}`;
      if (!end.isOver || !end.isComplete) {
        return `end ${name}: not over within ${LIMIT_MS} ms: ${end.summary}`;
      }
    }
    return undefined;
  }

  /** Runs it to its end. */
  run(limitMs: number): void {
    this.hosts.sim.runUntil(() => {
      assertTcp(this.hosts.a.tcp);
      assertTcp(this.hosts.b.tcp);
      return this.a.isOver && this.b.isOver;
    }, limitMs);
  }
}

/** What a small world came to. */
export interface SmallWorldResult {
  /** What it was: "losses 01101000, a closes first". */
  readonly name: string;
  /** What went wrong, or `undefined`. */
  readonly problem: string | undefined;
  /** The last things that happened on the line. */
  readonly events: string;
}

/** Runs the short conversation once for each of the 2^k patterns of losses among the first `k` frames, in the order in which
 * they are emitted by either host, and for each order of closing.
 *
 * @returns how many worlds there were, and those that failed.
 */
export function tryLossPatterns(k: number, pool: PbufPool): { count: number; failures: SmallWorldResult[] } {
  const failures: SmallWorldResult[] = [];
  let count = 0;
  for (const closeOrder of ["a", "b", "both"] as const) {
    for (let pattern = 0; pattern < 2 ** k; pattern++) {
      count++;
      const result = runLossPattern(pattern, k, closeOrder, pool);
      if (result.problem !== undefined) failures.push(result);
    }
  }
  return { count, failures };
}

/** Runs the short conversation with one pattern of losses.
 *
 * @param pattern bit i: the i-th frame is lost.
 */
export function runLossPattern(
  pattern: number,
  k: number,
  closeOrder: CloseOrder,
  pool: PbufPool,
): SmallWorldResult {
  let index = 0;
  const rule: LinkRule = () => index < k && (pattern >> index++) & 1 ? "drop" : "pass";
  const bits = Array.from({ length: k }, (_, i) => (pattern >> i) & 1).join("");
  const name = `losses ${bits}, ${
    closeOrder === "both" ? "both close at once" : `${closeOrder} closes first`
  }`;
  // Medium "ip": the pattern is spent on TCP, not on ARP.
  return runWorld(name, pool, "ip", rule, closeOrder, () => {});
}

/** Runs the short conversation once for every allocation that it makes, letting that one and all after it fail for two
 * seconds: everything is repaired from then on, or there is a bug.
 *
 * @returns how many worlds there were, and those that failed.
 */
export function tryAllocationFailures(pool: PbufPool): { count: number; failures: SmallWorldResult[] } {
  return sweepAllocations(pool, "allocation %n and all after it fail", (transfer) => transfer.run(2000));
}

/** Runs the short conversation once for every allocation that it makes, letting that one fail, and what else is asked for at
 * the same instant.
 *
 * @returns how many worlds there were, and those that failed.
 */
export function trySingleAllocationFailures(pool: PbufPool): { count: number; failures: SmallWorldResult[] } {
  return sweepAllocations(pool, "allocation %n fails", ({ hosts, a, b }) => {
    const before = pool.counters.refused;
    hosts.sim.runUntil(() => pool.counters.refused > before || (a.isOver && b.isOver), LIMIT_MS);
  });
}

/** @param runFailing runs the conversation while allocations fail. */
function sweepAllocations(
  pool: PbufPool,
  name: string,
  runFailing: (transfer: ShortTransfer) => void,
): { count: number; failures: SmallWorldResult[] } {
  const failures: SmallWorldResult[] = [];
  let count = 0;
  for (const medium of ["ethernet", "ip"] as const) {
    // Until the sweep has passed the last allocation.
    for (let n = 0, refused = 1; refused > 0; n++) {
      const worldName = `${name.replace("%n", String(n))}, medium ${medium}`;
      const result = runWorld(worldName, pool, medium, () => "pass", "both", (transfer) => {
        const before = pool.counters.refused;
        pool.failAfter(n);
        runFailing(transfer);
        pool.failAfter(-1);
        refused = pool.counters.refused - before;
      });
      count++;
      if (result.problem !== undefined) failures.push(result);
    }
  }
  return { count, failures };
}

function runWorld(
  name: string,
  pool: PbufPool,
  medium: "ethernet" | "ip",
  rule: LinkRule,
  closeOrder: CloseOrder,
  prelude: (transfer: ShortTransfer) => void,
): SmallWorldResult {
  const before = pool.inUse;
  const transfer = new ShortTransfer(pool, medium, rule, closeOrder);
  let problem: string | undefined;
  try {
    prelude(transfer);
    transfer.run(LIMIT_MS);
    problem = transfer.problem;
    if (!transfer.hosts.sim.runUntilIdle(AFTERMATH_MS)) problem ??= "timers are still armed an hour later";
    transfer.hosts.close();
    if (pool.inUse !== before) problem ??= `${pool.inUse - before} pbufs leaked`;
  } catch (error) {
    problem ??= error instanceof Error ? error.stack ?? String(error) : String(error);
  } finally {
    pool.failAfter(-1);
  }
  return { name, problem, events: transfer.hosts.formatEvents() };
}
