import { assert, assertEquals, assertGreater } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { PppSessionOptions } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";

const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    isPeerAddressFixed: true,
    requestsDns: false,
    dnsServers: [parseIpAddressOrThrow("10.0.0.53"), parseIpAddressOrThrow("10.0.1.53")],
  },
};
const AUTH_SERVER: PppSessionOptions = {
  ...SERVER,
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
};
const ALICE = { name: "alice", secret: "wonderland" };

function dial(world: ReturnType<typeof createPppWorld>, limitMs = 60_000): boolean {
  world.b.link.start();
  world.a.link.start();
  return world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, limitMs);
}

function summary({ up }: Side) {
  const { localAddress, peerAddress, dnsServers } = up!.ipv4!;
  return [String(localAddress), String(peerAddress), dnsServers.map(String).join(" ")];
}

Deno.test("Dead: a dial without authentication passes its phases and both sides have addresses (RFC 1661 §3.2)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  assertEquals(world.a.log, ["Establish", "Network", "up"]);
  assertEquals(summary(world.a), ["10.0.0.2", "10.0.0.1", "10.0.0.53 10.0.1.53"]);
  assertEquals(summary(world.b), ["10.0.0.1", "10.0.0.2", ""]);
  assertEquals(world.a.up!.mtu, 1500);
  assertEquals([world.a.up!.peer.accm, world.a.up!.peer.pfc, world.a.up!.peer.acfc], [0, true, true]);
  assertGreater(world.sim.clock.now(), 1);
});

for (const method of ["pap", "chap-md5"] as const) {
  Deno.test(`Authenticate: ${method} lets alice in and the server learns her name (RFC 1661 §3.5)`, () => {
    const world = createPppWorld({ credentials: ALICE }, { ...AUTH_SERVER, lcp: { demand: [method] } });
    assert(dial(world));
    assertEquals(world.a.log, ["Establish", "Authenticate", "Network", "up"]);
    assertEquals([world.a.up!.peer.auth, world.b.up!.peerName], [method, "alice"]);
  });

  Deno.test(`Authenticate: ${method} with a wrong secret ends both sides, and no log shows it (RFC 1661 §3.5)`, () => {
    const credentials = { name: "alice", secret: "looking-glass" };
    const world = createPppWorld({ credentials }, { ...AUTH_SERVER, lcp: { demand: [method] } });
    assert(!dial(world, 20_000));
    assertEquals(world.a.log.at(-1), "ended: authentication-failed (Login incorrect)");
    assertEquals(world.b.log.at(-1)!.startsWith("ended: authentication-failed (wrong name or"), true);
    assert(!JSON.stringify([world.a.log, world.b.log]).includes("glass"));
    assertEquals(world.sim.timers.size, 0);
  });
}

Deno.test("Establish: the server prefers CHAP, the client can only do PAP: they agree on PAP (RFC 1661 §6.2)", () => {
  const world = createPppWorld({ credentials: ALICE, lcp: { offer: ["pap"] } }, AUTH_SERVER);
  assert(dial(world));
  assertEquals(world.a.up!.peer.auth, "pap");
});

Deno.test("Establish: a client without credentials is refused, and says why (RFC 1661 §6.2)", () => {
  const world = createPppWorld({}, AUTH_SERVER);
  assert(!dial(world, 60_000));
  assertEquals(world.a.log.at(-1), "ended: authentication-impossible");
  assertEquals(world.b.log.at(-1), "ended: authentication-refused");
});

Deno.test("Network: both prove who they are, one by PAP and one by CHAP (RFC 1661 §6.2)", () => {
  const world = createPppWorld(
    { credentials: ALICE, peerSecrets: (n) => n === "isp" ? "tower" : undefined, lcp: { demand: ["pap"] } },
    { ...AUTH_SERVER, credentials: { name: "isp", secret: "tower" }, lcp: { demand: ["chap-md5"] } },
  );
  assert(dial(world));
  assertEquals([world.a.up!.peerName, world.b.up!.peerName], ["isp", "alice"]);
});

Deno.test("Network: packets of all octets arrive, in the smaller MTU of the two (RFC 1661 §6.1)", () => {
  const world = createPppWorld({ lcp: { mru: 576 } }, SERVER);
  assert(dial(world));
  assertEquals([world.a.link.mtu, world.b.link.mtu], [576, 576]);
  for (let fill = 0; fill < 256; fill += 5) {
    assert(world.send(world.b, 40, fill));
    world.sim.advance(20);
  }
  assertEquals(world.a.received.map((packet) => packet[1]), Array.from({ length: 52 }, (_, i) => i * 5));
  world.send(world.b, 577, 0);
  assertEquals(world.b.link.counters.tooBig, 1);
  assertEquals(world.sim.pool.inUse, 0);
});

Deno.test("Network: a full line pushes back, and calls when there is room (RFC 1661 §2)", () => {
  const world = createPppWorld({}, SERVER, { bufferBytes: 512 });
  assert(dial(world));
  let sent = 0;
  while (world.send(world.a, 1000, 0x41)) sent++;
  assertGreater(sent, 0);
  assert(world.sim.runUntil(() => world.a.writable > 0, 10_000));
  assert(world.send(world.a, 1000, 0x42));
  world.sim.advance(5000);
  assertEquals(world.b.received.length, sent + 1);
  assertEquals(world.sim.pool.inUse, 0);
});

Deno.test("Network: stop() tells the peer, both end, no timer is left, and a second dial works (RFC 1661 §3.7)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  world.a.link.stop();
  world.sim.advance(10_000);
  assertEquals(world.a.log.slice(3), ["down", "Terminate", "Dead", "ended: closed"]);
  assertEquals(world.b.log.slice(3), ["down", "Terminate", "Dead", "ended: terminated-by-peer"]);
  assertEquals(world.sim.timers.size, 0);
  assert(!world.a.isLinkUp && !world.b.isLinkUp);
  assert(dial(world));
  assertEquals(summary(world.a)[0], "10.0.0.2");
});

Deno.test("Network: a dead peer is noticed by unanswered echoes (RFC 1661 §5.8)", () => {
  const world = createPppWorld({ lcp: { echoIntervalMs: 1000, echoFailures: 3 } }, SERVER);
  assert(dial(world));
  world.sim.advance(5500);
  assertEquals(world.a.link.session.lcp.echoReplies, 5);
  assertGreater(world.a.link.session.lcp.echoRoundTripMs, 0);
  world.b.port.isCut = true;
  world.sim.advance(15_000);
  assertEquals(world.a.log.at(-1), "ended: peer-dead");
});

Deno.test("Establish: silence ends it after ten requests, three seconds each (RFC 1661 §4.6)", () => {
  const world = createPppWorld({}, SERVER);
  world.a.link.start();
  world.sim.advance(29_999);
  assertEquals(world.a.log, ["Establish"]);
  world.sim.advance(1);
  assertEquals(world.a.log, ["Establish", "Dead", "ended: timeout"]);
  assertEquals(world.sim.timers.size, 0);
});

Deno.test("Establish: a line that sends back what we send counts as looped back (RFC 1661 §6.4)", () => {
  const world = createPppWorld({}, SERVER);
  world.a.port.isEcho = true;
  world.a.link.start();
  world.sim.advance(20_000);
  assertEquals(world.a.log.at(-1), "ended: loopback");
});

Deno.test("Network: an operator without an address for us is named as such (RFC 1332 §3.3)", () => {
  const world = createPppWorld({}, { ipcp: { localAddress: parseIpAddressOrThrow("10.0.0.1") } });
  // Both want an address of the other's; the far side has none but the placeholder to give.
  assert(dial(world));
  assertEquals(summary(world.a)[0], "10.64.64.64");
});

Deno.test("Network: a line that falls ends the session without a word to the peer (RFC 1661 §3.3)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  world.a.link.serialClosed(undefined);
  assertEquals(world.a.log.slice(3), ["down", "Dead", "ended: line-lost"]);
  assert(!world.a.isLinkUp);
});

Deno.test("Network: protocols we do not speak are rejected, and the link stays (RFC 1661 §5.7)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  const packet = Uint8Array.of(1, 1, 0, 4);
  world.a.link.session.input(0x8057, packet, 0, packet.length);
  world.sim.advance(100);
  assertEquals(world.a.link.session.counters.unknownProtocol, 1);
  assert(world.a.isLinkUp && world.b.isLinkUp);
});

Deno.test("Network: over a line with bit errors a dial succeeds and only whole packets arrive (RFC 1662 §3.1)", () => {
  const world = createPppWorld({ credentials: ALICE }, AUTH_SERVER, { errorRate: 0.002 });
  assert(dial(world, 120_000));
  for (let i = 0; i < 200; i++) {
    world.send(world.a, 100, i);
    world.sim.advance(20);
  }
  const { received, link } = world.b;
  assertGreater(received.length, 100);
  assertGreater(link.decoder.counters.badFcs, 5);
  for (const packet of received) {
    assert(packet.length === 100 && packet.slice(2).every((octet) => octet === packet[1]));
  }
  world.a.link.close();
  world.b.link.close();
  assertEquals(world.sim.pool.inUse, 0);
});
