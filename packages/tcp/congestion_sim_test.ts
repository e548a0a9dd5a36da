import { assert, assertEquals } from "@std/assert";
import type { CongestionControlName } from "./congestion_controls.ts";
import { pattern, Peer, TwoHosts } from "./scenarios/two_hosts.ts";

const SEEDS = [1, 2, 3, 4];
const BANDWIDTH_BPS = 100e6;
const MIB = 1024 * 1024;

/** Seconds of virtual time that one transfer takes over a line of 100 Mbit/s whose queue holds one bandwidth-delay product. */
function transfer(name: CongestionControlName, rttMs: number, lossRate: number, seed: number): number {
  const bytes = 8 * MIB;
  const options = {
    congestionControl: name,
    sendBufferBytes: 16 * MIB,
    receiveBufferBytes: 16 * MIB,
    mslMs: 100,
  };
  const queueBytes = BANDWIDTH_BPS / 8 * rttMs / 1000;
  const hosts = new TwoHosts({
    seed,
    a: options,
    b: options,
    aToB: { delayMs: rttMs / 2, lossRate, bandwidthBps: BANDWIDTH_BPS, queueBytes },
    bToA: { delayMs: rttMs / 2 },
  });
  const client = new Peer(pattern(bytes, seed));
  const server = new Peer();
  hosts.b.tcp.listen({ port: 80 }, () => server);
  const c = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  assertEquals(c.info().congestionControl, name);
  hosts.flush();
  const startMs = hosts.sim.clock.now();
  assert(
    hosts.sim.runUntil(() => server.receivedBytes === bytes, 3_600_000),
    `${name}: not done, seed ${seed}`,
  );
  const seconds = (hosts.sim.clock.now() - startMs) / 1000;
  server.connection?.close();
  hosts.flush();
  assert(hosts.sim.runUntil(() => hosts.a.tcp.connectionCount + hosts.b.tcp.connectionCount === 0, 600_000));
  hosts.sim.runUntilIdle(60_000);
  hosts.close();
  return seconds;
}

/** [RTT, loss rate, most of Reno's time that CUBIC may take]. With round trips or windows that are small, both are in the
 * Reno-friendly region, and CUBIC gains by its gentler decrease alone. */
const CELLS = [[20, 0.001, 1], [20, 0.01, 1], [200, 0.001, 0.85], [200, 0.01, 1]] as const;

for (const [rttMs, lossRate, atMost] of CELLS) {
  Deno.test(
    `two hosts: CUBIC is not slower than Reno: RTT ${rttMs} ms, ${
      lossRate * 100
    } % loss (RFC 9438 §5.1, §5.2)`,
    () => {
      const total = (name: CongestionControlName): number =>
        SEEDS.reduce((sum, seed) => sum + transfer(name, rttMs, lossRate, seed), 0);
      const [reno, cubic] = [total("reno"), total("cubic")];
      assert(cubic <= atMost * reno, `CUBIC took ${cubic} s, Reno ${reno} s`);
    },
  );
}

/** Segments that overflow a queue when a transfer of 8 MiB over 100 ms and 20 Mbit/s, whose receiver offers all of its window at
 * once, starts; nothing is lost otherwise. */
function overflow(congestionControl: CongestionControlName, queueBytes: number): number {
  const window = 8 * MIB;
  const options = {
    congestionControl,
    sendBufferBytes: window,
    receiveBufferBytes: window,
    initialReceiveWindowBytes: window,
    mslMs: 100,
  };
  const hosts = new TwoHosts({
    a: options,
    b: options,
    aToB: { delayMs: 50, bandwidthBps: 20e6, queueBytes },
    bToA: { delayMs: 50 },
  });
  const server = new Peer();
  hosts.b.tcp.listen({ port: 80 }, () => server);
  const c = hosts.a.tcp.connect(
    { remoteAddress: hosts.b.address, remotePort: 80 },
    new Peer(pattern(8 * MIB)),
  );
  hosts.flush();
  assert(hosts.sim.runUntil(() => server.receivedBytes === 8 * MIB, 60_000));
  const drops = hosts.link.a.outbound.counters.queueDropped;
  assertEquals(c.info().totalRetransmits, drops, "nothing is repaired for nothing");
  hosts.sim.runUntilIdle(600_000);
  hosts.close();
  return drops;
}

for (const products of [1, 2, 4]) {
  Deno.test(
    `two hosts: HyStart++ hears of the queue with each acknowledgment: a queue of ${products} bandwidth-delay products overflows less (RFC 9406 §4.2)`,
    () => {
      const [reno, cubic] = [overflow("reno", products * 250_000), overflow("cubic", products * 250_000)];
      assert(cubic < (products === 1 ? 1 : 0.5) * reno, `CUBIC lost ${cubic} segments, Reno ${reno}`);
    },
  );
}

Deno.test("connections of one stack may each have their own congestion control", () => {
  const hosts = new TwoHosts({ a: { congestionControl: "cubic" } });
  hosts.b.tcp.listen({ port: 80, congestionControl: "reno" }, () => ({}));
  const to = { remoteAddress: hosts.b.address, remotePort: 80 };
  const first = hosts.a.tcp.connect(to, {});
  const second = hosts.a.tcp.connect({ ...to, congestionControl: "reno" }, {});
  hosts.advance(10);
  const names = [first, second, ...hosts.b.tcp.connections()].map((c) => c.info().congestionControl);
  assertEquals(names, ["cubic", "reno", "reno", "reno"]);
  first.abort();
  second.abort();
  hosts.advance(1000);
  hosts.close();
});
