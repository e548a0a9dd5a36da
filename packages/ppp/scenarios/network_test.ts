import { assert, assertEquals, assertGreater, assertNotEquals, assertThrows } from "@std/assert";
import { type IpAddress, parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { IpcpOptions } from "../ipcp.ts";
import { PppSession, type PppSessionOptions, type PppSessionOwner } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";
import { pbufOf, tcpPacket } from "../testdata/tcp_packets.ts";

type World = ReturnType<typeof createPppWorld>;

const address = parseIpAddressOrThrow;
const SERVER_IPCP: IpcpOptions = {
  localAddress: address("10.0.0.1"),
  peerAddress: address("10.0.0.2"),
  isPeerAddressFixed: true,
  requestsDns: false,
};
const SERVER: PppSessionOptions = { ipcp: SERVER_IPCP };

function dial(world: World, limitMs = 60_000): boolean {
  world.b.link.start();
  world.a.link.start();
  return world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, limitMs);
}

function end(world: World): void {
  world.a.link.close();
  world.b.link.close();
  assertEquals(world.sim.pool.inUse, 0);
}

function transmit(world: World, from: Side, packet: Uint8Array): void {
  const p = pbufOf(world.sim.pool, packet);
  if (!from.link.transmit(p)) p.release();
  from.link.flush();
}

/** Segments of a transfer, 10 ms apart. */
function transfer(world: World, from: Side, count: number, first = 0): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let i = first; i < first + count; i++) {
    const packet = tcpPacket({
      source: 0x0a000002,
      destination: 0x0a000001,
      sourcePort: 1000,
      destinationPort: 80,
      sequence: i * 100,
      ack: 1,
      flags: 0x10,
      window: 60000,
      id: i,
      data: new Uint8Array(100).fill(i),
    });
    packets.push(packet);
    transmit(world, from, packet);
    world.sim.advance(20);
  }
  world.sim.advance(50);
  return packets;
}

function received(side: Side): Uint8Array[] {
  return side.received.map((octets) => Uint8Array.from(octets));
}

for (
  const [mine, theirs, outbound, inbound] of [
    [true, true, true, true],
    [true, false, false, false],
    [false, true, false, false],
    [false, false, false, false],
  ] as const
) {
  Deno.test(`Network: header compression ${mine} here and ${theirs} there (RFC 1332 §4)`, () => {
    const world = createPppWorld({ ipcp: { vj: mine } }, { ipcp: { ...SERVER_IPCP, vj: theirs } });
    assert(dial(world));
    assertEquals(world.a.up!.vj, { outbound, inbound });
    const octets = world.a.link.counters.octetsSent;
    const sent = transfer(world, world.a, 20);
    assertEquals(received(world.b), sent);
    const perPacket = (world.a.link.counters.octetsSent - octets) / 20;
    assert(outbound ? perPacket < 112 : perPacket > 140, String(perPacket));
    end(world);
  });
}

Deno.test("Network: compressed packets arrive as they were; slots are the smaller wish (RFC 1332 §4.1)", () => {
  const world = createPppWorld({ ipcp: { vj: { slots: 4 } } }, SERVER);
  assert(dial(world));
  assertEquals(world.a.up!.ipv4!.vjInbound, { slots: 4, mayOmitSlot: true });
  assertEquals(world.a.up!.ipv4!.vjOutbound, { slots: 16, mayOmitSlot: true });
  const sent = transfer(world, world.a, 50);
  assertEquals(received(world.b), sent);
  assertEquals(world.a.link.session.codec.compressor!.counters.compressed, 49);
  assertEquals(world.b.link.session.codec.decompressor!.counters.compressed, 49);
  end(world);
});

Deno.test("Network: over a line with bit errors a compressed header is never restored wrongly (RFC 1144 §4.1)", () => {
  const world = createPppWorld({}, SERVER, { errorRate: 0.0005 });
  assert(dial(world));
  const sent = new Set(transfer(world, world.a, 400).map(String));
  const got = received(world.b).map(String);
  assertGreater(got.length, 20);
  // After a loss the sequence numbers are behind, until TCP sends again; those fail TCP's checksum and do not count here.
  const { counters } = world.b.link.session.codec.decompressor!;
  assertGreater(counters.tossed, 0);
  assert(got.every((packet) => sent.has(packet)));
  end(world);
});

Deno.test("Network: IPv6 joins, with identifiers that differ, and packets flow (RFC 5072 §4.1)", () => {
  const world = createPppWorld({ ipv6cp: {} }, { ...SERVER, ipv6cp: {} });
  assert(dial(world));
  world.sim.advance(1000);
  const { ipv4, ipv6 } = world.a.up!;
  assertEquals(String(ipv4!.localAddress), "10.0.0.2");
  assertEquals(ipv6!.localAddress, world.b.up!.ipv6!.peerAddress);
  assertEquals(ipv6!.peerAddress, world.b.up!.ipv6!.localAddress);
  assertNotEquals(String(ipv6!.localAddress), String(ipv6!.peerAddress));
  assert(ipv6!.localAddress.isLinkLocal);
  assertEquals(world.a.log.filter((line) => line === "up").length, 2);
  const packet = new Uint8Array(60);
  packet[0] = 0x60;
  transmit(world, world.a, packet);
  world.sim.advance(100);
  assertEquals(received(world.b), [packet]);
  end(world);
});

Deno.test("Network: equal identifiers collide, and both end with others (RFC 5072 §4.1)", () => {
  const interfaceIdentifier = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1);
  const world = createPppWorld(
    { ipcp: false, ipv6cp: { interfaceIdentifier } },
    { ipcp: false, ipv6cp: { interfaceIdentifier } },
  );
  assert(dial(world));
  const a = world.a.up!.ipv6!;
  const b = world.b.up!.ipv6!;
  assertNotEquals(a.localIdentifier, b.localIdentifier);
  assertEquals([a.localIdentifier, a.peerIdentifier], [b.peerIdentifier, b.localIdentifier]);
  assertEquals(world.a.up!.ipv4, undefined);
  end(world);
});

Deno.test("Network: a given identifier is kept, and is the address (RFC 5072 §5)", () => {
  const interfaceIdentifier = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0x99);
  const world = createPppWorld({ ipv6cp: { interfaceIdentifier } }, { ...SERVER, ipv6cp: {} });
  assert(dial(world));
  world.sim.advance(1000);
  assertEquals(String(world.a.up!.ipv6!.localAddress), "fe80::200:0:0:99");
  end(world);
});

Deno.test("Network: one side speaks IPv6, the other rejects it: IPv4 flows alone (RFC 1661 §5.7)", () => {
  const world = createPppWorld({ ipv6cp: {} }, SERVER);
  assert(dial(world));
  world.sim.advance(5000);
  assertEquals(world.a.up!.ipv6, undefined);
  assert(world.a.isLinkUp);
  assertEquals(world.b.link.session.counters.unknownProtocol, 1);
  end(world);
});

Deno.test("Network: an operator without IPv4: up with IPv6 alone (RFC 5072 §1)", () => {
  const world = createPppWorld({ ipv6cp: {} }, { ipcp: false, ipv6cp: {} });
  assert(dial(world));
  world.sim.advance(5000);
  assertEquals([world.a.up!.ipv4, world.b.up!.ipv4], [undefined, undefined]);
  assertNotEquals(world.a.up!.ipv6, undefined);
  end(world);
});

Deno.test("Network: nothing in common ends the session with that reason (RFC 1661 §3.6)", () => {
  const world = createPppWorld({ ipcp: false, ipv6cp: {} }, SERVER);
  assert(!dial(world, 20_000));
  assertEquals(world.a.log.at(-1), "ended: no-network-protocol (IPV6CP)");
  assertEquals(world.sim.timers.size, 0);
});

Deno.test("Dead: a session without any network protocol cannot be made (RFC 1661 §3.6)", () => {
  const world = createPppWorld({}, {});
  const owner = {} as PppSessionOwner;
  assertThrows(() => new PppSession(world.sim.host("c"), owner, { ipcp: false }), TypeError);
});

Deno.test("Network: a pool gives each caller an address and takes it back; without one IPCP says so (RFC 1332 §3.3)", () => {
  const free = [address("10.9.0.5")];
  const names: string[] = [];
  const pool = {
    acquire(name: string): IpAddress | undefined {
      names.push(name);
      return free.pop();
    },
    release: (back: IpAddress) => void free.push(back),
  };
  const world = createPppWorld({ credentials: { name: "alice", secret: "x" } }, {
    ipcp: { ...SERVER_IPCP, peerAddress: pool },
    peerSecrets: () => "x",
  });
  assert(dial(world));
  assertEquals([names, String(world.a.up!.ipv4!.localAddress), free.length], [["alice"], "10.9.0.5", 0]);
  world.a.link.stop();
  world.sim.advance(10_000);
  assertEquals(free.length, 1);
  free.length = 0;
  assert(!dial(world, 20_000));
  assertEquals(world.b.log.at(-1), "ended: no-address (IPCP)");
});

Deno.test("Network: an operator that says 0.0.0.0 for ever has no address for us (RFC 1332 §3.3)", () => {
  const world = createPppWorld({}, {
    ipcp: { localAddress: address("10.0.0.1"), peerAddress: address("0.0.0.0"), isPeerAddressFixed: true },
  });
  assert(!dial(world, 60_000));
  assertEquals(world.a.log.at(-1), "ended: no-address (IPCP)");
});

Deno.test("Network: name servers of both kinds are asked for and handed out (RFC 1877 §1)", () => {
  const world = createPppWorld({ ipcp: { requestsNbns: true } }, {
    ipcp: {
      ...SERVER_IPCP,
      dnsServers: [address("10.0.0.53")],
      nbnsServers: [address("10.0.0.7"), address("10.0.0.8")],
    },
  });
  assert(dial(world));
  assertEquals(world.a.up!.ipv4!.dnsServers.map(String), ["10.0.0.53"]);
  assertEquals(world.a.up!.ipv4!.nbnsServers.map(String), ["10.0.0.7", "10.0.0.8"]);
  end(world);
});

Deno.test("Network: without traffic it ends after the idle time, with traffic it does not (RFC 1661 §3.7)", () => {
  const world = createPppWorld({ idleMs: 10_000 }, SERVER);
  assert(dial(world));
  for (let i = 0; i < 5; i++) {
    transfer(world, i % 2 === 0 ? world.a : world.b, 1, i);
    world.sim.advance(9000);
  }
  assert(world.a.isLinkUp);
  world.sim.advance(5000);
  assertEquals(world.a.log.at(-1), "ended: idle-timeout");
  assertEquals(world.b.log.at(-1), "ended: terminated-by-peer");
});

Deno.test("Network: it ends when it has lasted as long as it may (RFC 1661 §3.7)", () => {
  const world = createPppWorld({ maxSessionMs: 30_000 }, SERVER);
  assert(dial(world));
  world.sim.advance(29_000);
  assert(world.a.isLinkUp);
  world.sim.advance(6000);
  assertEquals(world.a.log.at(-1), "ended: max-session");
  assertEquals(world.sim.timers.size, 0);
});

Deno.test("Establish: a silent side sends nothing until the peer asks, and can be stopped while it waits", () => {
  const world = createPppWorld({}, { ...SERVER, listen: "silent" });
  world.b.link.start();
  world.sim.advance(60_000);
  assertEquals([world.b.log, world.b.link.counters.octetsSent, world.sim.timers.size], [[], 0, 0]);
  assert(dial(world));
  world.a.link.stop();
  world.sim.advance(10_000);
  assertEquals(world.b.log.at(-1), "ended: terminated-by-peer");
  world.b.link.session.open();
  world.b.link.stop();
  assertEquals(world.b.log.at(-1), "ended: closed");
});

Deno.test("Establish: a passive side asks, gives up quietly, and answers a peer that comes late (RFC 1661 §4.1)", () => {
  const world = createPppWorld({}, { ...SERVER, listen: "passive" });
  world.b.link.start();
  world.sim.advance(120_000);
  assertEquals(world.b.log, ["Establish"]);
  assertGreater(world.b.link.counters.octetsSent, 0);
  assert(dial(world));
  world.a.link.stop();
  world.sim.advance(10_000);
  assertEquals(world.b.log.at(-1), "ended: terminated-by-peer");
});

Deno.test("Establish: a passive side that waits can be stopped", () => {
  const world = createPppWorld({ listen: "passive" }, SERVER);
  world.a.link.start();
  world.sim.advance(120_000);
  world.a.link.stop();
  assertEquals(world.a.log.slice(-2), ["Dead", "ended: closed"]);
});
