import { assert, assertEquals } from "@std/assert";
import { assertTcp } from "./assert_tcb.ts";
import type { NetErrorCode } from "@lightwire/netif";
import { PbufPool } from "@lightwire/pbuf";
import { pattern, Peer, TwoHosts, type TwoHostsOptions } from "./scenarios/two_hosts.ts";

const OFFLOAD = { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65536, gro: true };

/** Connects, sends `bytes` from A to B and a tenth back, closes; checks octets, ends and memory. */
function transfer(
  options: TwoHostsOptions,
  bytes: number,
  during: (hosts: TwoHosts) => void = () => {},
  limitMs: number = 600_000,
): TwoHosts {
  const hosts = new TwoHosts(options);
  const client = new Peer(pattern(bytes, 1));
  const server = new Peer(pattern(bytes / 10, 2));
  hosts.b.tcp.listen({ port: 80 }, (c) => {
    server.connected(c);
    return server;
  });
  hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  hosts.flush();
  during(hosts);
  const isDone = hosts.sim.runUntil(() => {
    assertTcp(hosts.a.tcp);
    assertTcp(hosts.b.tcp);
    return client.notes.closed > 0 && server.notes.closed > 0;
  }, limitMs);
  assert(isDone, "the transfer ends");
  assertEquals([client.notes.error, server.notes.error], [undefined, undefined]);
  assertEquals(server.data, pattern(bytes, 1));
  assertEquals(client.data, pattern(bytes / 10, 2));
  assert(hosts.sim.runUntilIdle(600_000));
  hosts.close();
  return hosts;
}

Deno.test("memory runs out at any moment for 30 ms: every octet arrives all the same", () => {
  let refused = 0;
  for (let n = 0; n < 400; n += n < 60 ? 1 : 7) {
    const hosts = transfer({ seed: n, a: { synRetries: 8 } }, 60_000, (hosts) => {
      hosts.sim.pool.failAfter(n);
      hosts.sim.after(30, () => hosts.sim.pool.failAfter(-1));
    });
    if (hosts.a.tcp.counters.noBuffers + hosts.b.tcp.counters.noBuffers > 0) refused++;
  }
  assert(refused > 30, `TCP noticed in ${refused} runs`);
});

Deno.test("a pool of 16 slots for both hosts: slow, but sure", () => {
  const options = {
    link: {},
    a: { receiveBufferBytes: 16_384 },
    b: { receiveBufferBytes: 16_384 },
    aToB: { delayMs: 5, lossRate: 0.05 },
    bToA: { delayMs: 5, lossRate: 0.05 },
    pool: new PbufPool([{ slotBytes: 256, slots: 8 }, { slotBytes: 2048, slots: 8 }]),
  };
  const hosts = transfer(options, 300_000);
  assert(hosts.sim.pool.counters.refused > 0, "memory was short at times");
});

Deno.test("64 KiB segments: super-segments travel whole, and survive loss", () => {
  for (const lossRate of [0, 0.02, 0.1]) {
    const faults = { delayMs: 10, lossRate };
    const hosts = transfer(
      { seed: 3, link: { capabilities: OFFLOAD }, aToB: faults, bToA: faults },
      3_000_000,
    );
    const { ifOutUcastPkts } = hosts.a.netif.counters;
    assert(ifOutUcastPkts < 1200, `${ifOutUcastPkts} packets for what takes 2,072 segments`);
    assert(hosts.a.tcp.counters.outSegs >= 2072, "of which each counts (RFC 4022)");
    assert(hosts.b.tcp.counters.inSegs >= 2072);
  }
});

Deno.test("a full transmit queue is waited for, not lost", () => {
  const line = { delayMs: 5, bandwidthBps: 2_000_000, queueBytes: 5000 };
  const hosts = transfer({ link: { whenFull: "wait" }, aToB: line, bToA: line }, 400_000);
  assertEquals(hosts.a.tcp.counters.retransSegs, 0);
});

Deno.test("ESTABLISHED: the user hears of R1, while the connection lives on (RFC 9293 §3.8.3, MUST-20, MUST-47)", () => {
  const hosts = new TwoHosts();
  const client = new Peer(pattern(1000));
  client.finishes = false;
  const server = new Peer();
  server.finishes = false;
  const heard: [number, NetErrorCode][] = [];
  const handlers = Object.assign(client, {
    softError: (_: unknown, code: NetErrorCode) => heard.push([Math.round(hosts.sim.clock.now()), code]),
  });
  hosts.b.tcp.listen({ port: 80 }, (c) => {
    server.connected(c);
    return server;
  });
  hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, handlers);
  hosts.advance(500);
  hosts.link.partition();
  client.connection!.send(new Uint8Array(10));
  hosts.advance(5000);
  // RTO 202 ms: a tail loss probe after 202 ms, retransmissions after 404, 808 and 1,616 ms.
  assertEquals(heard, [[2116, "TIMED_OUT"]]);
  hosts.link.heal();
  hosts.advance(5000);
  assertEquals(server.receivedBytes, 1010);
  client.connection!.abort();
  hosts.advance(100);
  assertEquals(server.notes.error?.code, "CONNECTION_RESET");
  hosts.close();
});

Deno.test("a callback that throws ends the round: the other connections are served by the next", () => {
  const hosts = new TwoHosts();
  const others = [new Peer(), new Peer()];
  hosts.b.tcp.listen({ port: 80 }, () => ({}));
  hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, {
    connected: () => {
      throw new Error("a user's defect");
    },
  });
  for (const other of others) {
    other.finishes = false;
    hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, other);
  }
  let thrown = 0;
  let needed = 0;
  hosts.a.tcp.onFlushNeeded = () => needed++;
  for (let i = 0; i < 3; i++) {
    try {
      hosts.advance(10);
    } catch {
      thrown++;
      assert(needed > 0, "somebody is told that others wait");
    }
  }
  assertEquals(thrown, 1);
  hosts.a.tcp.onFlushNeeded = undefined;
  assertEquals(others.map((other) => other.notes.connected), [1, 1]);
  for (const c of hosts.a.tcp.connections()) c.abort();
  hosts.advance(10);
  hosts.close();
});
