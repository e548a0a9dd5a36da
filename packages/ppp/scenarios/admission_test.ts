import { assert, assertEquals } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { LCP_OPTION } from "../lcp_options.ts";
import {
  PPP_COMPRESSED,
  PPP_IPCP,
  PPP_IPV4,
  PPP_IPV6,
  PPP_IPV6CP,
  PPP_LQR,
  PPP_VJ_COMPRESSED,
} from "../ppp_protocol_number.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { createPppWorld, type Side } from "../testdata/ppp_world.ts";
import { pbufOf, tcpPacket } from "../testdata/tcp_packets.ts";

const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    isPeerAddressFixed: true,
  },
};
const REQUEST = Uint8Array.of(1, 1, 0, 4);
/** ECP, CBCP, BACP, multilink, AppleTalk, IPX: what the reference knows by name and does not speak either. */
const UNSPOKEN = [0x8053, 0xc029, 0xc02b, 0x003d, 0x0029, 0x002b];

function dial(world: ReturnType<typeof createPppWorld>): boolean {
  world.b.link.start();
  world.a.link.start();
  return world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, 60_000);
}

function input(side: Side, protocol: number, bytes: Uint8Array = REQUEST): void {
  side.link.session.input(protocol, bytes, 0, bytes.length);
}

Deno.test("Establish: before LCP is open nothing but LCP is looked at (RFC 1661 §3.4)", () => {
  const world = createPppWorld({ ipv6cp: {} }, SERVER);
  world.a.link.start();
  const sent = world.a.link.counters.octetsSent;
  const all = [PPP_IPCP, PPP_IPV6CP, PPP_IPV4, PPP_IPV6, 0xc023, 0xc223, 0xc227, PPP_LQR, ...UNSPOKEN];
  for (const protocol of all) input(world.a, protocol);
  assertEquals(world.a.link.session.counters.tooEarly, all.length);
  assertEquals(world.a.link.counters.octetsSent, sent, "and nothing is answered");
});

Deno.test("Authenticate: network protocols wait, and are not rejected (RFC 1661 §3.5)", () => {
  const world = createPppWorld(
    { credentials: { name: "a", secret: "x" } },
    { ...SERVER, peerSecrets: () => "x", authMethods: ["chap-md5"] },
  );
  world.b.link.start();
  world.a.link.start();
  assert(world.sim.runUntil(() => world.b.link.session.phase === "Authenticate", 10_000));
  const { counters } = world.b.link.session;
  for (const protocol of [PPP_IPV6CP, PPP_IPV4, ...UNSPOKEN]) input(world.b, protocol);
  assertEquals([counters.tooEarly, counters.unknownProtocol], [2 + UNSPOKEN.length, 0]);
  assertEquals(world.b.link.session.phase, "Authenticate");
});

Deno.test("Network: what is not spoken gets a Protocol-Reject, and the link stays (RFC 1661 §5.7)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  for (const protocol of [...UNSPOKEN, PPP_LQR, PPP_IPV6CP, PPP_IPV6, PPP_COMPRESSED]) {
    input(world.a, protocol);
  }
  world.sim.advance(1000);
  assertEquals(world.a.link.session.counters.unknownProtocol, UNSPOKEN.length + 4);
  assert(world.a.isLinkUp && world.b.isLinkUp);
});

Deno.test("Network: packets of a family that may open yet are dropped without an answer (RFC 1661 §3.6)", () => {
  const world = createPppWorld({ ipv6cp: {} }, SERVER);
  world.b.link.start();
  world.a.link.start();
  assert(world.sim.runUntil(() => world.a.link.session.phase === "Network", 10_000));
  for (const protocol of [PPP_IPV4, PPP_IPV6, PPP_VJ_COMPRESSED]) input(world.a, protocol);
  const { counters } = world.a.link.session;
  assertEquals([counters.tooEarly, counters.unknownProtocol], [3, 0]);
});

/** LCP's word that a protocol is not spoken, as if it came from the peer. */
function rejectProtocol(side: Side, protocol: number): void {
  side.link.session.lcp.protocol.input({
    code: 8,
    id: 99,
    data: Uint8Array.of(protocol >>> 8, protocol & 0xff, 0),
  });
}

Deno.test("Network: a Protocol-Reject of IPv6 packets ends IPV6CP, and IPv4 goes on (RFC 1661 §5.7)", () => {
  const world = createPppWorld({ ipv6cp: {} }, { ...SERVER, ipv6cp: {} });
  assert(dial(world));
  world.sim.advance(1000);
  assert(world.a.up!.ipv6 !== undefined);
  rejectProtocol(world.a, PPP_IPV6);
  world.sim.advance(10_000);
  assertEquals(world.a.up!.ipv6, undefined);
  assert(world.a.up!.ipv4 !== undefined && world.a.isLinkUp);
});

Deno.test("Network: a Protocol-Reject of compressed headers ends compression, and nothing else (RFC 1332 §4)", () => {
  const world = createPppWorld({}, SERVER);
  assert(dial(world));
  const { codec } = world.a.link.session;
  assert(codec.compressor !== undefined);
  rejectProtocol(world.a, PPP_VJ_COMPRESSED);
  assertEquals(codec.compressor, undefined);
  const packet = tcpPacket({
    source: 1,
    destination: 2,
    sourcePort: 3,
    destinationPort: 4,
    sequence: 5,
    ack: 6,
    flags: 0x10,
    window: 7,
    id: 8,
  });
  world.a.link.transmit(pbufOf(world.sim.pool, packet));
  world.a.link.flush();
  world.sim.advance(100);
  assertEquals(world.b.received, [[...packet]]);
  assertEquals(world.sim.pool.inUse, 0);
});

Deno.test("Network: on a carrier with frames of its own headers are not compressed unless asked for (RFC 1144 §1)", () => {
  const framed: PppSessionOptions = { lcp: { rejects: [LCP_OPTION.ACCM] } };
  const world = createPppWorld(framed, SERVER);
  assert(dial(world));
  assertEquals(world.a.up!.vj, { inbound: false, outbound: false });
  const asked = createPppWorld({ ...framed, ipcp: { vj: true } }, SERVER);
  assert(dial(asked));
  assertEquals(asked.a.up!.vj, { inbound: true, outbound: true });
});
