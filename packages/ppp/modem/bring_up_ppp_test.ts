import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { Simulation } from "@lightwire/netif/sim";
import { PppLink } from "../ppp_link.ts";
import type { PppSessionOptions, PppUp } from "../ppp_session.ts";
import { createSerialLine, type SerialLineOptions } from "../testdata/serial_line.ts";
import { ModemBringUp } from "./bring_up.ts";
import type { BringUpEvent, BringUpOptions } from "./bring_up_options.ts";
import type { LinkCause } from "./link_cause.ts";

const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.64.64.1"),
    peerAddress: parseIpAddressOrThrow("10.64.64.2"),
    isPeerAddressFixed: true,
    requestsDns: false,
    dnsServers: [parseIpAddressOrThrow("10.64.64.1")],
  },
};
const AUTH_SERVER: PppSessionOptions = {
  ...SERVER,
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
};
const ALICE: BringUpOptions = { session: { credentials: { name: "alice", secret: "wonderland" } } };

/** A direct bring-up against a server over a null modem. */
function dialDirect(
  options: BringUpOptions,
  server: PppSessionOptions | undefined,
  line: Partial<SerialLineOptions> = {},
) {
  const sim = new Simulation({ seed: "direct" });
  const [near, far] = createSerialLine({ timers: sim.timers, random: sim.random("line"), ...line });
  const events: BringUpEvent[] = [];
  const ended: { cause: LinkCause | "closed"; message: string; evidence: readonly string[] }[] = [];
  const ups: PppUp[] = [];
  const bringUp = new ModemBringUp(sim.host("near"), near, { ...options, direct: true }, {
    event: (event) => void events.push(event),
    up: (_link, up) => void ups.push(up),
    ended: (cause, message, evidence) => void ended.push({ cause, message, evidence }),
  });
  const peer = server === undefined ? undefined : new PppLink(sim.host("far"), far, server);
  peer?.start();
  bringUp.start();
  return { sim, near, far, bringUp, peer, events, ended, ups };
}

function steps(events: readonly BringUpEvent[]): string[] {
  return events.filter((event) => event.state === "done").map((event) => event.step);
}

Deno.test("direct: PPP at once: each phase is a step, with options, addresses and name servers (RFC 1661 §3.2)", () => {
  const { sim, bringUp, peer, events, ended, ups } = dialDirect(ALICE, AUTH_SERVER);
  sim.advance(2000);
  assertEquals(steps(events), ["port", "establish", "authenticate", "network"]);
  assertEquals([String(ups[0]!.ipv4!.localAddress), ups[0]!.mtu], ["10.64.64.2", 1500]);
  const [establish, , network] = events.filter((event) => event.state === "done").slice(1);
  assertMatch(establish!.text, /MRU 1500, no escapes, short headers, (?:CHAP-MD5|EAP|MS-CHAPv2)/);
  assertMatch(network!.text, /^10\.64\.64\.2, peer 10\.64\.64\.1, MTU 1500/);
  assert(establish!.evidence.some((line) => line.startsWith("> LCP")), establish!.evidence.join("\n"));
  assert(!JSON.stringify(events).includes("wonderland"));
  bringUp.stop();
  sim.advance(5000);
  assertEquals(ended.map((end) => end.cause), ["closed"]);
  assertEquals(peer!.session.phase, "Dead");
  assertEquals([sim.timers.size, sim.pool.inUse], [0, 0]);
});

const FAILURES: readonly (readonly [string, LinkCause, () => ReturnType<typeof dialDirect>, RegExp])[] = [
  ["nobody there", "silence-after-connect", () => dialDirect({}, undefined), /Nothing at all came/],
  [
    "a wrong password",
    "auth-failed",
    () => dialDirect({ session: { credentials: { name: "alice", secret: "x" } } }, AUTH_SERVER),
    /--password/,
  ],
  ["no credentials", "auth-type-refused", () => dialDirect({}, AUTH_SERVER), /--user/],
  [
    "a loop-back plug",
    "loopback",
    () => {
      const world = dialDirect({}, undefined);
      world.near.isEcho = true;
      return world;
    },
    /sends back/,
  ],
  [
    "a line of seven bits",
    "not-8-bit-clean",
    () => {
      const world = dialDirect({}, SERVER);
      const sink = world.near.sink!;
      world.near.sink = Object.assign(Object.create(sink), {
        serialInput: (bytes: Uint8Array) => sink.serialInput(bytes.map((byte) => byte & 0x7f)),
      });
      return world;
    },
    /8 data bits/,
  ],
  [
    "a network with IPv6 only",
    "ipv6-only",
    () => dialDirect({}, { ipcp: false, ipv6cp: {} }),
    /--ipv6/,
  ],
];

for (const [what, cause, make, message] of FAILURES) {
  Deno.test(`direct: ${what}: ${cause} (RFC 1661 §3.2)`, () => {
    const { sim, ended, events } = make();
    sim.runUntil(() => ended.length > 0, 120_000);
    assertEquals(ended.map((end) => end.cause), [cause]);
    assertMatch(ended[0]!.message, message);
    assertEquals(events.at(-1)!.state, "failed");
    assert(ended[0]!.evidence.length > 0);
    sim.advance(60_000);
    assertEquals(sim.pool.inUse, 0);
  });
}

Deno.test("Network: what the peer says when it ends is told (RFC 1661 §5.5)", () => {
  const { sim, peer, ended } = dialDirect({}, SERVER);
  sim.advance(2000);
  peer!.stop();
  sim.advance(10_000);
  assertEquals(ended.map((end) => end.cause), ["peer-terminates"]);
});

Deno.test("Network: a peer that names no DNS server is a warning, and the link stays (RFC 1877 §1.1)", () => {
  const { sim, bringUp, events, ups } = dialDirect({}, { ipcp: { ...SERVER.ipcp, dnsServers: [] } });
  sim.advance(2000);
  assertEquals(events.filter((event) => event.state === "warning").map((event) => event.cause), ["no-dns"]);
  assertEquals(ups.length, 1);
  bringUp.stop();
  sim.advance(5000);
});

Deno.test("Network: a session that is idle for long ends as closed, with the reason (RFC 1661 §3.7)", () => {
  const { sim, ended } = dialDirect({ session: { idleMs: 5000 } }, SERVER);
  sim.advance(20_000);
  assertEquals(ended.map((end) => end.cause), ["closed"]);
  assertMatch(ended[0]!.message, /--idle/);
});
