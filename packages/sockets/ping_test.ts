import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";
import type { PingOutcome, TracerouteHop } from "./ping.ts";
import type { LinkFaults } from "@lightwire/netif/sim";

interface World extends Disposable {
  readonly sim: Simulation;
  readonly a: Stack;
  readonly router: Stack;
  readonly b: Stack;
}

/** a (10.0.1.1) - router (10.0.1.254, 10.0.2.254) - b (10.0.2.2). */
function world(faults: LinkFaults = { delayMs: 5 }): World {
  const sim = new Simulation({ seed: 7 });
  const stack = (name: string, forwarding = false): Stack =>
    new Stack({ pump: "manual", ...sim.host(name), ip: { forwarding } });
  const [a, router, b] = [stack("a"), stack("router", true), stack("b")];
  const [a1, r1] = createLink(sim, { medium: "ethernet", aToB: faults, bToA: faults });
  const [r2, b2] = createLink(sim, { medium: "ethernet", aToB: { delayMs: 10 }, bToA: { delayMs: 10 } });
  a.addInterface({ driver: a1, addresses: ["10.0.1.1/24"], gateway: "10.0.1.254" });
  router.addInterface({ driver: r1, addresses: ["10.0.1.254/24"] });
  router.addInterface({ driver: r2, addresses: ["10.0.2.254/24"] });
  b.addInterface({ driver: b2, addresses: ["10.0.2.2/24"], gateway: "10.0.2.254" });
  return {
    sim,
    a,
    router,
    b,
    [Symbol.dispose]() {
      for (const s of [a, router, b]) s.close();
      sim.close();
      assertEquals(sim.pool.inUse, 0, "packet buffers are left");
    },
  };
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of iterable) all.push(item);
  return all;
}

Deno.test("Stack.ping(): every request is answered, once a second", async () => {
  using w = world();
  const startedAt = w.sim.clock.now();
  const got = await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 4 })));
  assertEquals(got.map((o) => [o.type, o.sequence]), [["reply", 1], ["reply", 2], ["reply", 3], [
    "reply",
    4,
  ]]);
  const last = got[3]!;
  assert(last.type === "reply");
  assertEquals([last.from, last.size, last.ttl, Math.round(last.rttMs)], ["10.0.2.2", 56, 63, 30]);
  assertEquals(Math.round(w.sim.clock.now() - startedAt), 3030);
});

Deno.test("Stack.ping(): sizes up to the longest datagram, in fragments both ways (RFC 791 §3.2)", async () => {
  using w = world();
  for (const size of [0, 1, 1472, 1473, 8000, 65_507]) {
    const [outcome] = await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 1, size })));
    assertEquals([outcome!.type, (outcome as { size?: number }).size], ["reply", size]);
  }
  await assertRejects(
    () => runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { size: 65_508 }))),
    RangeError,
  );
});

Deno.test("Stack.ping(): silence is a timeout, an ICMP error names its sender, no route is told", async () => {
  using w = world();
  w.b.interfaces[1]!.setDown();
  const silent = await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 2, timeoutMs: 500 })));
  assertEquals(silent.map((o) => o.type), ["timeout", "timeout"]);
  const unreachable = await runSimulation(
    w.sim,
    collect(w.a.ping("10.0.2.9", { count: 1, timeoutMs: 10_000 })),
  );
  assertEquals(unreachable.map((o) => o.type === "error" && [o.from, o.reason]), [[
    "10.0.1.254",
    "host unreachable",
  ]]);
  const expired = await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 1, ttl: 1 })));
  assertEquals(expired.map((o) => o.type === "error" && [o.from, o.reason]), [[
    "10.0.1.254",
    "TTL exceeded",
  ]]);
  w.a.interfaces[1]!.setGateway(undefined);
  const noRoute = await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 1 })));
  assertEquals(noRoute.map((o) => o.type === "error" && [o.from, o.reason]), [["", "no route leads there"]]);
});

Deno.test("Stack.ping(): lost and late answers are timeouts, and each request has one outcome", async () => {
  using w = world({ delayMs: 5, lossRate: 0.3, duplicateRate: 0.3, jitterMs: 200 });
  const got = await runSimulation(
    w.sim,
    collect(w.a.ping("10.0.2.2", { count: 100, intervalMs: 10, timeoutMs: 300 })),
  );
  assertEquals(new Set(got.map((o) => o.sequence)).size, 100);
  const replies = got.filter((o) => o.type === "reply").length;
  assert(replies > 5 && replies < 90, `${replies} replies`);
});

Deno.test("Stack.ping(): leaving the iteration, or aborting, ends it without a trace", async () => {
  using w = world();
  const leave = async (): Promise<PingOutcome | undefined> => {
    for await (const outcome of w.a.ping("10.0.2.2")) return outcome;
    return undefined;
  };
  assertEquals((await runSimulation(w.sim, leave()))?.type, "reply");
  const controller = new AbortController();
  const reason = new Error("enough");
  const pinging = collect(w.a.ping("10.0.2.9", { signal: controller.signal })).catch((e) => e);
  await runSimulation(w.sim, collect(w.a.ping("10.0.2.2", { count: 1 })));
  controller.abort(reason);
  assertStrictEquals(await pinging, reason);
  assertStrictEquals(
    await collect(w.a.ping("10.0.2.2", { signal: controller.signal })).catch((e) => e),
    reason,
  );
});

Deno.test("Stack.traceroute(): names each router, then the destination", async () => {
  using w = world();
  const hops = await runSimulation(w.sim, collect(w.a.traceroute("10.0.2.2")));
  const brief = hops.map((h: TracerouteHop) => [h.ttl, h.isDestination, h.replies.map((r) => r.from)]);
  assertEquals(brief, [
    [1, false, ["10.0.1.254", "10.0.1.254", "10.0.1.254"]],
    [2, true, ["10.0.2.2", "10.0.2.2", "10.0.2.2"]],
  ]);
  assert(hops.every((h) => h.replies.every((r) => r.reason === undefined && r.rttMs! > 0)));
});

Deno.test("Stack.traceroute(): a silent destination costs its timeouts, an unreachable one ends the trace", async () => {
  using w = world();
  w.b.interfaces[1]!.setDown();
  const silent = await runSimulation(
    w.sim,
    collect(w.a.traceroute("10.0.2.2", { maxHops: 3, probes: 1, timeoutMs: 100 })),
  );
  assertEquals(silent.map((h) => h.replies[0]!.from), ["10.0.1.254", undefined, undefined]);
  const unreachable = await runSimulation(
    w.sim,
    collect(w.a.traceroute("10.0.2.9", { probes: 1, timeoutMs: 10_000 })),
  );
  assertEquals(unreachable.map((h) => [h.isDestination, h.replies[0]!.reason]), [
    [false, undefined],
    [true, "host unreachable"],
  ]);
});
