import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLink, type LinkFaults, Simulation } from "@lightwire/netif/sim";
import { fetchHttp, serveHttp } from "./http.ts";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";

interface World {
  readonly sim: Simulation;
  readonly a: Stack;
  readonly b: Stack;
}

function world(seed: number, faults: LinkFaults): World {
  const sim = new Simulation({ seed });
  const [linkA, linkB] = createLink(sim, { medium: "ethernet", aToB: faults, bToA: faults });
  const a = new Stack({ pump: "manual", ...sim.host("a") });
  const b = new Stack({ pump: "manual", ...sim.host("b") });
  a.addInterface({ driver: linkA, addresses: ["10.0.0.1/24"] });
  b.addInterface({ driver: linkB, addresses: ["10.0.0.2/24"] });
  return { sim, a, b };
}

/** Sends `length` bytes and compares what arrives; returns virtual milliseconds and the packet hash. */
async function transfer(seed: number, faults: LinkFaults, length: number): Promise<[number, string]> {
  const { sim, a, b } = world(seed, faults);
  const listener = b.listen({ port: 80 });
  const sent = new Uint8Array(length).map((_, i) => i * 31 + (i >> 8) * 7);
  let at = 0;
  const receive = async (): Promise<void> => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(10_000);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      for (let i = 0; i < n; i++, at++) {
        if (buffer[i] !== sent[at]) throw new Error(`byte ${at} differs (seed ${seed})`);
      }
    }
  };
  const send = async (): Promise<void> => {
    using conn = await a.connect({ hostname: "10.0.0.2", port: 80 });
    await conn.write(sent);
    await conn.closeWrite();
    assertEquals(await conn.read(new Uint8Array(1)), null);
  };
  await runSimulation(sim, Promise.all([receive(), send()]));
  assertEquals(at, length);
  const result: [number, string] = [sim.clock.now(), sim.packetHash];
  a.close();
  b.close();
  sim.close();
  assertEquals(sim.pool.inUse, 0, `packet buffers are left (seed ${seed})`);
  return result;
}

Deno.test("runSimulation: awaiting code over a bad network; the same seed gives the same packets", async () => {
  const faults: LinkFaults = {
    delayMs: 20,
    jitterMs: 10,
    lossRate: 0.02,
    duplicateRate: 0.01,
    reorderRate: 0.02,
    corruptRate: 0.005,
  };
  const first = await transfer(1, faults, 300_000);
  assertEquals(await transfer(1, faults, 300_000), first);
  const other = await transfer(2, faults, 300_000);
  assert(other[1] !== first[1]);
});

Deno.test("runSimulation: time is virtual: ten megabytes at ten megabits take eight seconds and more, and no time", async () => {
  const [elapsedMs] = await transfer(
    1,
    { delayMs: 10, bandwidthBps: 10_000_000, queueBytes: 100_000 },
    10_000_000,
  );
  assert(elapsedMs > 8000 && elapsedMs < 12_000, `${elapsedMs} ms`);
});

Deno.test("runSimulation: a page from a server thousands of kilometres away", async () => {
  const { sim, a, b } = world(1, { delayMs: 300 });
  const controller = new AbortController();
  serveHttp(b.listen({ port: 80 }), () => new Response("x".repeat(100_000)), { signal: controller.signal });
  const text = await runSimulation(sim, fetchHttp(a, "http://10.0.0.2/").then((r) => r.text()));
  assertEquals(text.length, 100_000);
  assert(sim.clock.now() > 1800 && sim.clock.now() < 4000, `${sim.clock.now()} ms`);
  controller.abort();
  a.close();
  b.close();
  sim.close();
});

Deno.test("runSimulation: says when nothing is left to happen, or the limit is reached", async () => {
  const { sim, a, b } = world(1, {});
  sim.advance(10_000); // announcements
  const listener = b.listen({ port: 80 });
  const accepting = listener.accept();
  accepting.catch(() => {});
  await assertRejects(() => runSimulation(sim, accepting), Error, "nothing is left to happen");
  b.interfaces[1]!.setDown();
  const connecting = a.connect({ hostname: "10.0.0.2", port: 80 });
  connecting.catch(() => {});
  await assertRejects(
    () => runSimulation(sim, connecting, { limitMs: 1000 }),
    Error,
    "after 1000 ms of virtual time",
  );
  a.close();
  b.close();
  sim.close();
});
