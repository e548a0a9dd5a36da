/** Two of our stacks in one process, wired back to back.
 *
 * @module
 */
import { createMemoryLinkPair, type LinkCapabilities, NO_OFFLOAD } from "@lightwire/netif";
import { Stack } from "@lightwire/sockets";
import type { Figure } from "./figure.ts";
import { median, quantile } from "./figure.ts";

const OFFLOAD: LinkCapabilities = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true };
const RUNS = 3;
const RUN_MS = 2000;
const ROUND_TRIPS = 5000;

/** Two stacks and the wire between them. */
class Pair {
  readonly client: Stack = new Stack();
  readonly server: Stack = new Stack();

  constructor(mtu: number, capabilities: LinkCapabilities) {
    const [a, b] = createMemoryLinkPair({
      timersA: this.client.timers,
      timersB: this.server.timers,
      medium: "ethernet",
      mtu,
      capabilities,
      macA: 0x02_00_00_00_00_01,
      macB: 0x02_00_00_00_00_02,
    });
    this.client.addInterface({ driver: a, name: "en0", addresses: ["10.0.0.1/24"] });
    this.server.addInterface({ driver: b, name: "en0", addresses: ["10.0.0.2/24"] });
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.server.close()]);
  }
}

/** Writes for `runMs` at one end and reads at the other to the end of the stream. @returns Gbit/s. */
async function transfer(conn: Deno.TcpConn, peer: Deno.TcpConn, runMs: number): Promise<number> {
  let received = 0;
  const reading = (async () => {
    const buffer = new Uint8Array(1 << 18);
    for (let n; (n = await peer.read(buffer)) !== null;) received += n;
  })();
  const block = new Uint8Array(1 << 18);
  const startedAt = performance.now();
  while (performance.now() - startedAt < runMs) await conn.write(block);
  await conn.closeWrite();
  await reading;
  return (received * 8) / (performance.now() - startedAt) / 1e6;
}

/** Bulk throughput of one stream, Gbit/s. */
export async function bulk(mtu: number, capabilities: LinkCapabilities, runMs: number): Promise<number> {
  const pair = new Pair(mtu, capabilities);
  const listener = pair.server.listen({ port: 5001 });
  const accepted = listener.accept();
  const conn = await pair.client.connect({ hostname: "10.0.0.2", port: 5001 });
  const peer = await accepted;
  const gigabits = await transfer(conn, peer, runMs);
  conn.close();
  peer.close();
  listener.close();
  await pair.close();
  return gigabits;
}

/** Round trips of one byte, µs each. */
export async function roundTrips(count: number): Promise<number[]> {
  const pair = new Pair(1500, NO_OFFLOAD);
  const listener = pair.server.listen({ port: 7 });
  const accepted = listener.accept();
  const conn = await pair.client.connect({ hostname: "10.0.0.2", port: 7 });
  conn.setNoDelay(true);
  const peer = await accepted;
  peer.setNoDelay(true);
  const echoing = (async () => {
    const buffer = new Uint8Array(16);
    for (let n; (n = await peer.read(buffer)) !== null;) await peer.write(buffer.subarray(0, n));
  })();
  const byte = new Uint8Array(1);
  const times: number[] = [];
  for (let i = 0; i < count + 500; i++) {
    const sentAt = performance.now();
    await conn.write(byte);
    await conn.read(byte);
    if (i >= 500) times.push((performance.now() - sentAt) * 1000);
  }
  await conn.closeWrite();
  await echoing;
  conn.close();
  peer.close();
  listener.close();
  await pair.close();
  return times;
}

/** Intervals between the ticks of a 10 ms timer, in ms, while `work` runs. */
async function tickIntervals(work: () => Promise<unknown>): Promise<number[]> {
  const intervals: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    intervals.push(now - last);
    last = now;
  }, 10);
  await work();
  clearInterval(timer);
  return intervals;
}

/** All figures of this module. */
export async function inProcessFigures(): Promise<Figure[]> {
  await bulk(1500, NO_OFFLOAD, 300);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    small.push(await bulk(1500, NO_OFFLOAD, RUN_MS));
    large.push(await bulk(1500, OFFLOAD, RUN_MS));
  }
  const times = await roundTrips(ROUND_TRIPS);
  const idleTicks = await tickIntervals(() => new Promise((resolve) => setTimeout(resolve, RUN_MS)));
  const ticks = await tickIntervals(() => bulk(1500, NO_OFFLOAD, RUN_MS));
  return [
    {
      name: "two stacks, one process, MTU 1500, checksums in software",
      runs: small,
      unit: "Gbit/s",
      goal: { atLeast: 2 },
    },
    {
      name: "two stacks, one process, 64 KiB segments, checksums offloaded",
      runs: large,
      unit: "Gbit/s",
      goal: { atLeast: 12 },
    },
    {
      name: "round trip of one byte, two stacks, one process, p50",
      runs: [quantile(times, 0.5)],
      unit: "µs",
    },
    {
      name: "round trip of one byte, two stacks, one process, p99",
      runs: [quantile(times, 0.99)],
      unit: "µs",
    },
    {
      name: "interval of a 10 ms timer during a bulk transfer, median",
      runs: [median(ticks)],
      unit: "ms",
      goal: { atMost: 13 },
    },
    { name: "the same, p99", runs: [quantile(ticks, 0.99)], unit: "ms" },
    { name: "yardstick: the same timer in an idle process, median", runs: [median(idleTicks)], unit: "ms" },
  ];
}

/** Deno's own TCP over the kernel's loopback: the yardstick of the day. */
export async function kernelLoopbackFigures(): Promise<Figure[]> {
  const runs: number[] = [];
  const latencies: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
    conn.setNoDelay(true);
    const peer = await accepted;
    peer.setNoDelay(true);
    const byte = new Uint8Array(1);
    for (let j = 0; j < 1000; j++) {
      const sentAt = performance.now();
      await conn.write(byte);
      await peer.read(byte);
      await peer.write(byte);
      await conn.read(byte);
      latencies.push((performance.now() - sentAt) * 1000);
    }
    runs.push(await transfer(conn, peer, RUN_MS));
    conn.close();
    peer.close();
    listener.close();
  }
  return [
    { name: "yardstick: Deno's TCP over the kernel's loopback", runs, unit: "Gbit/s" },
    {
      name: "yardstick: round trip of one byte over it, p50",
      runs: [quantile(latencies, 0.5)],
      unit: "µs",
    },
  ];
}
