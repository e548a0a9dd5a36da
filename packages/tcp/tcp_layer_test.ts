import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { pattern, Peer, TwoHosts } from "./scenarios/two_hosts.ts";

Deno.test("two hosts: handshake, data both ways, orderly close (RFC 9293 §3.5, §3.6)", () => {
  const hosts = new TwoHosts();
  const client = new Peer(pattern(100_000, 1));
  const server = new Peer(pattern(50_000, 2));
  hosts.b.tcp.listen({ port: 80 }, (c) => {
    server.connected(c);
    return server;
  });
  const c = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  assertEquals(c.state, "SYN-SENT");
  hosts.advance(1000);
  assertEquals(client.notes, { connected: 1, closed: 1, error: undefined, eof: true, urgent: 0 });
  assertEquals(server.notes, { connected: 1, closed: 1, error: undefined, eof: true, urgent: 0 });
  assertEquals(server.data, pattern(100_000, 1));
  assertEquals(client.data, pattern(50_000, 2));
  hosts.advance(60_000);
  assertEquals(hosts.a.tcp.connectionCount, 0);
  assertEquals(hosts.b.tcp.connectionCount, 0);
  assertEquals(hosts.a.tcp.counters.retransSegs + hosts.b.tcp.counters.retransSegs, 0);
  hosts.close();
});

Deno.test("SYN-SENT: a closed port refuses (RFC 9293 §3.5.2)", () => {
  const hosts = new TwoHosts();
  const client = new Peer();
  hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 81 }, client);
  hosts.advance(10);
  assertEquals(client.notes.closed, 1);
  assertEquals(client.notes.error?.code, "CONNECTION_REFUSED");
  assert(client.notes.error instanceof NetError);
  assertEquals(hosts.a.tcp.connectionCount, 0);
  hosts.close();
});

Deno.test("connect() without a route, or to a group, throws", () => {
  const hosts = new TwoHosts();
  assertThrows(
    () => hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 0 }, {}),
    RangeError,
  );
  hosts.close();
});

Deno.test("two hosts: a lossy, reordering, duplicating link delivers every octet once", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const faults = { delayMs: 5, lossRate: 0.05, reorderRate: 0.05, reorderByMs: 3, duplicateRate: 0.02 };
    const hosts = new TwoHosts({ seed, aToB: faults, bToA: faults });
    const client = new Peer(pattern(200_000, seed));
    const server = new Peer(pattern(100_000, seed + 1000));
    hosts.b.tcp.listen({ port: 80 }, (c) => {
      server.connected(c);
      return server;
    });
    hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
    hosts.flush();
    const isDone = hosts.sim.runUntil(() => client.notes.closed > 0 && server.notes.closed > 0, 600_000);
    assert(isDone, `seed ${seed}: not done`);
    assertEquals(server.data, pattern(200_000, seed), `seed ${seed}`);
    assertEquals(client.data, pattern(100_000, seed + 1000), `seed ${seed}`);
    hosts.sim.runUntil(() => hosts.a.tcp.connectionCount + hosts.b.tcp.connectionCount === 0, 600_000);
    hosts.sim.advance(1000);
    hosts.close();
  }
});
