import { assert, assertEquals } from "@std/assert";
import type { TcpOptions } from "../tcp_config.ts";
import { pattern, Peer, TwoHosts, type TwoHostsOptions } from "./two_hosts.ts";

const MTU_1280: TwoHostsOptions = { aToB: { delayMs: 20, maxFrameBytes: 1280 }, bToA: { delayMs: 20 } };

interface Transfer {
  readonly hosts: TwoHosts;
  readonly client: Peer;
  readonly server: Peer;
}

/** A sends `bytes` to B. */
function transfer(options: TwoHostsOptions, bytes: number, finishes = true): Transfer {
  const hosts = new TwoHosts(options);
  const client = new Peer(pattern(bytes));
  const server = new Peer();
  client.finishes = finishes;
  hosts.b.tcp.listen({ port: 7 }, () => server);
  client.connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 7 }, client);
  hosts.flush();
  return { hosts, client, server };
}

function runUntilDone({ hosts, server }: Transfer, bytes: number, limitMs: number): number {
  const done = hosts.sim.runUntil(() => server.receivedBytes >= bytes, limitMs);
  assert(done, `${server.receivedBytes} of ${bytes} bytes after ${limitMs} ms`);
  assertEquals(server.data.length, bytes);
  return hosts.sim.clock.now();
}

function finish({ hosts, client }: Transfer): void {
  client.connection!.abort();
  hosts.advance(1000);
  hosts.close();
}

Deno.test("ESTABLISHED: a black hole above 1280 bytes: the transfer goes on after two timeouts, and ends at the right size (RFC 4821 §7, RFC 8899 §4.3)", () => {
  const t = transfer(MTU_1280, 400_000, false);
  const endMs = runUntilDone(t, 400_000, 10_000);
  assert(endMs < 6000, `it took ${endMs} ms`);
  assertEquals(t.server.data, pattern(400_000));
  const info = t.client.connection!.info();
  assertEquals(info.sndMss, 1280 - 40 - 12);
  const { counters } = t.hosts.a.tcp;
  assertEquals(counters.blackHoles, 1);
  assert(counters.mtuProbeFailures >= 2 && counters.mtuProbeSuccesses >= 1);
  assertEquals(counters.timeouts, 2, "probes cause no timeout");
  assertEquals(t.hosts.a.ip.pathMtu.get(t.hosts.b.address), 1280, "others profit");
  finish(t);
});

Deno.test("ESTABLISHED: without probing a black hole ends the transfer", () => {
  const t = transfer({ ...MTU_1280, a: { mtuProbing: "off" } }, 100_000);
  assert(!t.hosts.sim.runUntil(() => t.server.receivedBytes > 0, 60_000));
  assertEquals(t.hosts.a.tcp.counters.blackHoles, 0);
  finish(t);
});

Deno.test("ESTABLISHED: a path of 600 bytes: the least size is reached in two steps", () => {
  const t = transfer({ aToB: { delayMs: 5, maxFrameBytes: 600 }, bToA: { delayMs: 5 } }, 50_000, false);
  const endMs = runUntilDone(t, 50_000, 20_000);
  assert(endMs < 10_000, `it took ${endMs} ms`);
  assertEquals(t.client.connection!.info().sndMss, 576 - 40 - 12);
  assertEquals(t.hosts.a.tcp.counters.blackHoles, 2);
  finish(t);
});

Deno.test("ESTABLISHED: a lost probe is no sign of congestion: the window stays (RFC 4821 §7.6.2)", () => {
  const t = transfer(MTU_1280, 3_000_000, false);
  t.hosts.sim.runUntil(() => t.hosts.a.tcp.counters.mtuProbeFailures === 1, 10_000);
  const { cwnd } = t.client.connection!.info();
  t.hosts.sim.runUntil(() => t.hosts.a.tcp.counters.mtuProbeFailures === 4, 10_000);
  const info = t.client.connection!.info();
  assertEquals(t.hosts.a.tcp.counters.fastRecoveries, 0);
  assert(info.cwnd >= cwnd && info.phase === "NONE", `${cwnd} … ${info.cwnd}`);
  finish(t);
});

Deno.test("ESTABLISHED: an outage is taken for a black hole, and the first probe shows that it was none", () => {
  const t = transfer(
    { aToB: { delayMs: 20, outages: [[100, 3000]] }, bToA: { delayMs: 20 } },
    2_000_000,
    false,
  );
  runUntilDone(t, 2_000_000, 20_000);
  const { counters } = t.hosts.a.tcp;
  assertEquals([counters.blackHoles > 0, counters.mtuProbeSuccesses], [true, 1]);
  assertEquals(t.client.connection!.info().sndMss, 1448);
  assertEquals(t.hosts.a.ip.pathMtu.size, 0, "nothing was noted against the path");
  finish(t);
});

Deno.test("ESTABLISHED: a second connection to the host begins at the size that was found", () => {
  const t = transfer(MTU_1280, 400_000, false);
  runUntilDone(t, 400_000, 10_000);
  const second = new Peer(pattern(50_000));
  second.finishes = false;
  const startMs = t.hosts.sim.clock.now();
  const before = t.server.receivedBytes;
  second.connection = t.hosts.a.tcp.connect({ remoteAddress: t.hosts.b.address, remotePort: 7 }, second);
  t.hosts.flush();
  assert(t.hosts.sim.runUntil(() => t.server.receivedBytes >= before + 50_000, 5000));
  assert(t.hosts.sim.clock.now() - startMs < 500, "no timeout");
  second.connection.abort();
  finish(t);
});

Deno.test("ESTABLISHED: a path that has grown is found ten minutes later (RFC 4821 §7.5, RFC 8899 PMTU_RAISE_TIMER)", () => {
  const t = transfer(MTU_1280, 400_000, false);
  runUntilDone(t, 400_000, 10_000);
  t.hosts.link.a.outbound.setFaults({ delayMs: 20 });
  const c = t.client.connection!;
  const more = pattern(200_000);
  c.send(more);
  t.hosts.advance(300_000);
  c.send(more);
  t.hosts.advance(1000);
  assertEquals(c.info().sndMss, 1228, "not before");
  t.hosts.advance(300_000);
  c.send(more);
  t.hosts.advance(2000);
  c.send(more);
  t.hosts.advance(2000);
  assertEquals(c.info().sndMss, 1448);
  assertEquals(t.hosts.a.ip.pathMtu.get(t.hosts.b.address), undefined);
  finish(t);
});

Deno.test("ESTABLISHED: what a router said is old: a probe, not a window of text, finds out whether it still holds", () => {
  const t = transfer({ aToB: { delayMs: 20, maxFrameBytes: 1400 }, bToA: { delayMs: 20 } }, 0, false);
  t.hosts.a.ip.pathMtu.report(t.hosts.b.address, 1400, 1500, 1500);
  t.hosts.advance(200);
  const c = t.client.connection!;
  c.send(pattern(50_000));
  t.hosts.advance(1000);
  assertEquals(c.info().sndMss, 1348);
  t.hosts.advance(600_000);
  for (let i = 0; i < 20; i++) {
    c.send(pattern(100_000));
    t.hosts.advance(500);
  }
  assertEquals(c.info().sndMss, 1348);
  const { counters } = t.hosts.a.tcp;
  assertEquals([counters.timeouts, counters.blackHoles], [0, 0]);
  assert(counters.mtuProbeFailures > 0);
  finish(t);
});

Deno.test('ESTABLISHED: mtuProbing "always" begins small, and finds the whole MTU with the first probe (RFC 8899 §5.2)', () => {
  const a: TcpOptions = { mtuProbing: "always" };
  const t = transfer({ a, aToB: { delayMs: 20 }, bToA: { delayMs: 20 } }, 300_000, false);
  t.hosts.sim.runUntil(() => t.server.receivedBytes > 0, 1000);
  assertEquals(t.client.connection!.info().sndMss, 1200 - 40 - 12);
  runUntilDone(t, 300_000, 5000);
  assertEquals(t.client.connection!.info().sndMss, 1448);
  assertEquals(t.hosts.a.tcp.counters.mtuProbeFailures, 0);
  finish(t);
});

Deno.test("ESTABLISHED: losses of other segments do not rule a size out (RFC 4821 §7.6.3)", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const t = transfer(
      {
        seed,
        aToB: { delayMs: 20, maxFrameBytes: 1420, lossRate: 0.02 },
        bToA: { delayMs: 20 },
      },
      3_000_000,
      false,
    );
    runUntilDone(t, 3_000_000, 120_000);
    const { sndMss } = t.client.connection!.info();
    assert(sndMss > 1280 - 52 && sndMss <= 1420 - 52, `seed ${seed}: ${sndMss}`);
    finish(t);
  }
});

Deno.test("ESTABLISHED: a peer without SACK: smaller segments for good, and no probes", () => {
  const t = transfer({ ...MTU_1280, b: { sack: false } }, 200_000, false);
  runUntilDone(t, 200_000, 20_000);
  assertEquals(t.client.connection!.info().sndMss, 1200 - 52);
  assertEquals(t.hosts.a.tcp.counters.mtuProbeFailures, 0);
  finish(t);
});

Deno.test("ESTABLISHED: a peer without SACK: when the least segments time out as well, it was an outage, and segments are full again", () => {
  const t = transfer({ aToB: { delayMs: 20 }, bToA: { delayMs: 20 }, b: { sack: false } }, 400_000, false);
  t.hosts.sim.runUntil(() => t.server.receivedBytes > 20_000, 10_000);
  t.hosts.link.a.outbound.setFaults({ lossRate: 1 });
  t.hosts.advance(30_000);
  assertEquals(t.client.connection!.info().sndMss, 576 - 52);
  t.hosts.link.a.outbound.setFaults({ delayMs: 20 });
  runUntilDone(t, 400_000, 60_000);
  assertEquals(t.client.connection!.info().sndMss, 1448);
  finish(t);
});

Deno.test("ESTABLISHED: nothing is probed with the last that there is to send: nobody would tell of its loss (RFC 4821 §7.4)", () => {
  const t = transfer(MTU_1280, 4000, false);
  runUntilDone(t, 4000, 10_000);
  const { counters } = t.hosts.a.tcp;
  const { blackHoles, timeouts } = counters;
  assert(blackHoles === 1 && t.client.connection!.info().sndMss < 1280);
  // The size of a probe, and a little more.
  for (let bytes = 6000; bytes <= 24_000; bytes += 2000) {
    t.client.connection!.send(pattern(2000));
    t.hosts.flush();
    runUntilDone(t, bytes, 10_000);
    t.hosts.advance(300);
  }
  assertEquals([counters.mtuProbeFailures, counters.timeouts], [0, timeouts]);
  finish(t);
});
