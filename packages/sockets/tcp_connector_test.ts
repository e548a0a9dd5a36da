import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseIpAddress } from "@lightwire/ip/address";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { NetError } from "./errors.ts";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";
import { connectTcp, type ConnectTcpOptions } from "./tcp_connector.ts";
import type { TcpConn } from "./tcp_conn.ts";

interface World extends Disposable {
  readonly sim: Simulation;
  readonly a: Stack;
  readonly b: Stack;
  connect(addresses: readonly string[], options?: Partial<ConnectTcpOptions>): Promise<TcpConn>;
}

/** a is 10.0.0.1; b is 10.0.0.2 and listens on port 80; 10.0.0.3 is b too, and 10.0.0.9 nobody. */
function world(): World {
  const sim = new Simulation({ seed: 5 });
  const faults = { delayMs: 10 };
  const [linkA, linkB] = createLink(sim, { medium: "ethernet", aToB: faults, bToA: faults });
  const a = new Stack({ pump: "manual", ...sim.host("a") });
  const b = new Stack({ pump: "manual", ...sim.host("b") });
  a.addInterface({ driver: linkA, addresses: ["10.0.0.1/24"] });
  b.addInterface({ driver: linkB, addresses: ["10.0.0.2/24", "10.0.0.3/24"] });
  b.listen({ port: 80, hostname: "10.0.0.2" });
  sim.advance(5000);
  return {
    sim,
    a,
    b,
    connect: (addresses, options = {}) =>
      connectTcp(a, "host.example", addresses.map((text) => parseIpAddress(text)!), {
        tcp: { remotePort: 80 },
        ...options,
      }),
    [Symbol.dispose]() {
      a.close();
      b.close();
      sim.close();
      assertEquals(sim.pool.inUse, 0, "packet buffers are left");
    },
  };
}

Deno.test("connectTcp: a refused address is followed by the next one at once", async () => {
  using w = world();
  const startedAt = w.sim.clock.now();
  const conn = await runSimulation(w.sim, w.connect(["10.0.0.3", "10.0.0.2"]));
  assertEquals(conn.remoteAddr.hostname, "10.0.0.2");
  assert(w.sim.clock.now() - startedAt < 100, "no head start is waited for");
});

Deno.test("connectTcp: a silent address gets a head start of 250 ms, then the next one is tried beside it (RFC 8305 §5)", async () => {
  using w = world();
  const startedAt = w.sim.clock.now();
  const conn = await runSimulation(w.sim, w.connect(["10.0.0.9", "10.0.0.2"]));
  assertEquals(conn.remoteAddr.hostname, "10.0.0.2");
  const elapsedMs = w.sim.clock.now() - startedAt;
  assert(elapsedMs >= 250 && elapsedMs < 350, `${elapsedMs} ms`);
  assertEquals([...w.a.tcp.connections()].length, 1, "the other attempt is gone");
  const other = await runSimulation(w.sim, w.connect(["10.0.0.9", "10.0.0.2"], { attemptDelayMs: 20 }));
  other.close();
});

Deno.test("connectTcp: when all fail, the last error is told; no route at all is told at once", async () => {
  using w = world();
  const refused = await runSimulation(w.sim, w.connect(["10.0.0.9", "10.0.0.3"]).catch((e) => e));
  assert(refused instanceof NetError);
  assertEquals([refused.code, refused.remoteAddress], ["HOST_UNREACHABLE", "10.0.0.9"]);
  const noRoute = await w.connect(["192.0.2.1", "192.0.2.2"]).catch((e) => e);
  assert(noRoute instanceof NetError);
  assertEquals([noRoute.code, noRoute.name], ["NETWORK_UNREACHABLE", "NetworkUnreachable"]);
  assertEquals([...w.a.tcp.connections()].length, 0);
});

Deno.test("connectTcp: an abort, and the limit of time, end all attempts", async () => {
  using w = world();
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = w.connect(["10.0.0.9", "10.0.0.8"], { signal: controller.signal }).catch((e) => e);
  w.sim.advance(300);
  assertEquals([...w.a.tcp.connections()].length, 2);
  controller.abort(reason);
  assertStrictEquals(await aborted, reason);
  const late = await runSimulation(w.sim, w.connect(["10.0.0.9"], { timeoutMs: 500 }).catch((e) => e));
  assertEquals([late.code, late.message], [
    "TIMED_OUT",
    "Cannot connect to host.example:80: no answer within 500 ms",
  ]);
  assertEquals([...w.a.tcp.connections()].length, 0);
});

Deno.test("TcpListener: connections beyond the backlog wait until somebody accepts (RFC 9293 §3.9.1)", async () => {
  using w = world();
  const listener = w.b.listen({ port: 81, tcpBacklog: 2 });
  let connected = 0;
  for (let i = 0; i < 5; i++) w.a.connect({ hostname: "10.0.0.2", port: 81 }).then(() => connected++);
  await runSimulation(w.sim, new Promise<void>((resolve) => w.sim.after(500, resolve)));
  // Who had a SYN-ACK by then thinks that it is connected; its acknowledgment was dropped, and will be asked for again.
  assertEquals([connected >= 2, listener.pending], [true, 2]);
  const accepted = (async () => {
    for (let i = 0; i < 5; i++) await listener.accept();
  })();
  await runSimulation(w.sim, accepted);
  await runSimulation(w.sim, new Promise<void>((resolve) => w.sim.after(500, resolve)));
  assertEquals([connected, listener.pending], [5, 0]);
});

Deno.test("connectTcp: with Fast Open the second request travels in the SYN (RFC 7413)", async () => {
  using w = world();
  const listener = w.b.listen({ port: 81, fastOpen: 8 });
  const request = new TextEncoder().encode("GET");
  const serve = (async () => {
    for (let i = 0; i < 2; i++) {
      const conn = await listener.accept();
      const into = new Uint8Array(10);
      assertEquals(await conn.read(into), 3);
      await conn.write(into.subarray(0, 3));
      await conn.closeWrite();
    }
  })();
  const waitedMs: number[] = [];
  for (let i = 0; i < 2; i++) {
    const startMs = w.sim.clock.now();
    const client = await runSimulation(
      w.sim,
      w.a.connect({ hostname: "10.0.0.2", port: 81, fastOpen: request }),
    );
    const into = new Uint8Array(10);
    assertEquals(await runSimulation(w.sim, client.read(into)), 3);
    waitedMs.push(Math.round(w.sim.clock.now() - startMs));
    client.close();
  }
  await runSimulation(w.sim, serve);
  assert(waitedMs[1]! < 30 && waitedMs[0]! >= 40, `${waitedMs}`);
  assertEquals([w.a.tcp.counters.fastOpenActive, w.b.tcp.counters.fastOpenPassive], [1, 1]);
});

Deno.test("TcpConn: setLinger(0) makes close() reset (SO_LINGER)", async () => {
  using w = world();
  const listener = w.b.listen({ port: 81 });
  const client = await runSimulation(w.sim, w.a.connect({ hostname: "10.0.0.2", port: 81 }));
  const server = await runSimulation(w.sim, listener.accept());
  client.setLinger(0);
  await client.write(new Uint8Array(10));
  client.close();
  const error = await runSimulation(w.sim, server.closed.then(() => undefined, (e) => e));
  assertEquals(error.code, "CONNECTION_RESET");
});

Deno.test("TcpConn: setLinger() gives text so much time to be delivered (SO_LINGER)", async () => {
  using w = world();
  const listener = w.b.listen({ port: 81 });
  const client = await runSimulation(w.sim, w.a.connect({ hostname: "10.0.0.2", port: 81 }));
  await runSimulation(w.sim, listener.accept());
  client.setLinger(500);
  // Nobody reads: the window shuts.
  for (let i = 0; i < 40; i++) client.write(new Uint8Array(65536)).catch(() => {});
  w.sim.advance(2000);
  client.close();
  w.sim.advance(400);
  assertEquals([...w.a.tcp.connections()].length, 1);
  w.sim.advance(200);
  assertEquals([...w.a.tcp.connections()].length, 0);
});
