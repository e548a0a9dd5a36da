import { assert, assertEquals } from "@std/assert";
import { ipv4 } from "@lightwire/ip/address";
import { Netif } from "@lightwire/netif";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import type { PppSessionOptions } from "../ppp_session.ts";
import { PppLink } from "../ppp_link.ts";
import { createPppWorld } from "../testdata/ppp_world.ts";
import { createSerialLine } from "../testdata/serial_line.ts";

const SERVER: PppSessionOptions = {
  ipcp: { localAddress: ipv4(0x0a000001), peerAddress: ipv4(0x0a000002), isPeerAddressFixed: true },
};

Deno.test("Dead: the interface is up but has no carrier until a network protocol opens, and none after its end (RFC 1661 §3.6)", () => {
  const sim = new Simulation({ seed: "interface" });
  const [portA, portB] = createSerialLine({ timers: sim.timers, random: sim.random("line") });
  const a = new PppLink(sim.host("a"), portA, { lcp: { mru: 576 } }, { up: ({ mtu }) => netif.setMtu(mtu) });
  const netif = new Netif(a, { name: "pp0", index: 1 });
  const b = new PppLink(sim.host("b"), portB, SERVER);
  const far = new FrameRecorder(sim.clock);
  b.attach(far);
  netif.setUp();
  const states = () => [netif.isAdminUp, netif.hasCarrier, netif.isUp];
  const send = () => {
    const p = sim.pool.acquire(40)!;
    p.bytes.fill(0x45, p.start, p.end);
    const isTaken = netif.outputRaw(p);
    netif.flush();
    sim.advance(100);
    return [isTaken, far.frames.length];
  };
  assertEquals([states(), send()], [[true, false, false], [false, 0]]);
  b.start();
  a.start();
  assert(sim.runUntil(() => netif.isUp && b.session.isNetworkUp, 10_000));
  assertEquals([netif.mtu, a.medium, a.macAddress], [576, "ip", undefined]);
  assertEquals(send(), [true, 1]);
  a.stop();
  sim.advance(10_000);
  assertEquals([states(), send()], [[true, false, false], [false, 1]]);
  b.start();
  a.start();
  assert(sim.runUntil(() => netif.isUp && b.session.isNetworkUp, 10_000));
  assertEquals(send(), [true, 2]);
  a.close();
  b.close();
  sim.advance(0);
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("Network: a session with everything holds seven timers at most, a plain one that is open has one (RFC 1661 §4.6)", () => {
  const credentials = { name: "alice", secret: "wonderland" };
  const everything: PppSessionOptions = {
    ccp: { mppe: "allowed" },
    ipv6cp: {},
    idleMs: 60_000,
    maxSessionMs: 600_000,
  };
  const world = createPppWorld({ credentials, ...everything }, SERVER, { octetsPerMs: 1000 });
  let most = 0;
  world.a.link.start();
  world.b.port.isCut = true; // the far side is not there: only the timers of one
  for (let ms = 0; ms < 200; ms++) {
    world.sim.advance(10);
    most = Math.max(most, world.sim.timers.size);
  }
  assert(most >= 1 && most <= 2, `${most} timers`); // LCP, and a port that sends
  world.a.link.close();
  world.b.port.isCut = false;
  const full = createPppWorld({ credentials, ...everything }, {
    ...SERVER,
    ...everything,
    peerSecrets: () => "wonderland",
  });
  full.b.link.start();
  full.a.link.start();
  for (let ms = 0; ms < 400; ms++) {
    full.sim.advance(1);
    most = Math.max(most, full.sim.timers.size);
  }
  assert(full.a.isLinkUp && full.b.isLinkUp);
  assert(most <= 2 * 7 + 2, `${most} timers on both sides`);
  full.a.link.close();
  full.b.link.close();
  const plain = createPppWorld({}, SERVER);
  plain.b.link.start();
  plain.a.link.start();
  plain.sim.advance(1000);
  assertEquals(plain.sim.timers.size, 2); // the echoes of both sides
  plain.a.link.close();
  plain.b.link.close();
  assertEquals(plain.sim.timers.size, 0);
});
