import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { Simulation, SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { formatFailure, isNetworkSeed, runAnySeed, runCampaign } from "./campaign.ts";
import { drawNetwork, NETWORK_KINDS, type NetworkKind, networkLimitMs } from "./network_parameters.ts";
import { runNetworkSeed } from "./run_network_seed.ts";
import { SimNetwork } from "./sim_network.ts";
import { skewedHost } from "./skewed_host.ts";

/** The first seeds of a kind. */
function seedsOf(kind: NetworkKind, count: number): number[] {
  const seeds: number[] = [];
  for (let seed = 1; seeds.length < count; seed++) if (drawNetwork(seed).kind === kind) seeds.push(seed);
  return seeds;
}

for (const kind of NETWORK_KINDS) {
  Deno.test(`network, ${kind}: transfers between many hosts are byte-exact, live and balanced`, () => {
    const pool = new PbufPool(SIMULATION_CLASSES);
    for (const seed of seedsOf(kind, 3)) {
      const result = runNetworkSeed(seed, pool);
      assertEquals(result.problem, undefined, formatFailure(result));
      assertGreater(result.frames, 0);
    }
  });
}

Deno.test("network: the same seed gives the same packets", () => {
  const pool = new PbufPool(SIMULATION_CLASSES);
  const [seed] = seedsOf("parking lot", 1);
  assertEquals(runNetworkSeed(seed!, pool).packetHash, runNetworkSeed(seed!, pool).packetHash);
});

Deno.test("campaign: every fourth seed is a network, and is replayed as one", () => {
  assertEquals([1, 2, 3, 4, 7].map(isNetworkSeed), [false, false, true, false, true]);
  const { runs, networks, failures } = runCampaign({ firstSeed: 2, runs: 3, repeatEvery: 2 });
  assertEquals([runs, networks, failures.length], [3, 1, 0]);
  const pool = new PbufPool(SIMULATION_CLASSES);
  assertEquals(runAnySeed(3, pool).packetHash, runNetworkSeed(3, pool).packetHash);
});

Deno.test("network: parameters are drawn from the seed alone, and leave time for what they ask", () => {
  assertEquals(drawNetwork(77), drawNetwork(77));
  for (let seed = 1; seed < 200; seed++) {
    const p = drawNetwork(seed);
    const limitMs = networkLimitMs(p);
    assert(limitMs > p.healsAfterMs + 360_000 && limitMs < 1e8, `seed ${seed}: ${limitMs} ms`);
  }
});

Deno.test("SimNetwork: three routers forward, hop by hop, and each line takes its time", () => {
  const line = { forward: { delayMs: 10 }, backward: { delayMs: 20 } };
  const network = new SimNetwork(1, [line, line]);
  const a = network.addHost({ router: 0, delayMs: 1 });
  const b = network.addHost({ router: 2, delayMs: 1 });
  const accepted: number[] = [];
  b.tcp.listen({ port: 80 }, () => {
    accepted.push(network.sim.clock.now());
    return {};
  });
  let connectedAt = -1;
  const c = a.tcp.connect({ remoteAddress: b.address, remotePort: 80 }, {
    connected: () => connectedAt = network.sim.clock.now(),
  });
  network.sim.advance(500);
  assertEquals([connectedAt, ...accepted], [64, 86]);
  c.abort();
  network.sim.advance(500);
  network.close();
  assertEquals(network.sim.pool.inUse, 0);
});

Deno.test("skewedHost: an hour on a clock that is a per mille fast takes 3,596.4 s", () => {
  const sim = new Simulation({ seed: 1 });
  const host = skewedHost(sim, "h", { rate: 1.001, offsetMs: 5000 });
  assertEquals(host.clock.now(), 5000);
  const fired: number[] = [];
  const timer = host.timers.create(() => fired.push(sim.clock.now()));
  timer.start(1000);
  timer.start(3_600_000); // put off
  host.timers.create(() => fired.push(sim.clock.now())).start(10);
  sim.advance(4_000_000);
  assertEquals(fired.length, 2);
  assertAlmostEquals(fired[0]!, 10 / 1.001, 0.01);
  assertAlmostEquals(fired[1]!, 3_600_000 / 1.001, 0.01);
  assertEquals(sim.timers.size, 0);
});
