import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Pbuf } from "@lightwire/pbuf";
import { type LinkDriver, type MacAddress, Netif } from "@lightwire/netif";
import { createLink, type LinkFaults, Simulation } from "@lightwire/netif/sim";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import type { PppNetworkLink } from "../ppp_network_link.ts";
import type { PppSessionOptions } from "../ppp_session.ts";
import { PppoeLink, type PppoeLinkOptions } from "./pppoe_link.ts";
import { PppoeServer, type PppoeServerLink } from "./pppoe_server.ts";
import type { PppoeConcentratorOptions } from "./pppoe_concentrator.ts";
import { PppoeStation } from "./pppoe_station.ts";

const HOST: MacAddress = 0x02_00_00_00_00_01;
const AC: MacAddress = 0x02_00_00_00_00_a0;
const SERVER: PppSessionOptions = {
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    isPeerAddressFixed: true,
  },
};

/** What arrived at a link: first octet behind the IP version, and length. */
function collect(link: PppNetworkLink): { packets: [number, number][]; writable: number } {
  const seen = { packets: [] as [number, number][], writable: 0 };
  link.attach({
    linkInput(p: Pbuf) {
      seen.packets.push([p.bytes[p.start + 1]!, p.totalLength]);
      p.release();
    },
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable: () => void seen.writable++,
  });
  return seen;
}

function world(
  o: {
    host?: PppoeLinkOptions;
    server?: PppSessionOptions;
    ac?: PppoeConcentratorOptions;
    mtu?: number;
    faults?: LinkFaults;
  } = {},
) {
  const sim = new Simulation({ seed: "pppoe" });
  const faults = { delayMs: 1, ...o.faults };
  const [endA, endB] = createLink(sim, {
    medium: "ethernet",
    mtu: o.mtu ?? 1500,
    aToB: faults,
    bToA: faults,
  });
  const station = (driver: LinkDriver, name: string, macAddress: MacAddress) => {
    const netif = new Netif(driver, { name, index: 1, macAddress });
    netif.setUp();
    return new PppoeStation(netif, sim.pool);
  };
  const host = station(endA, "en0", HOST);
  const ac = station(endB, "en1", AC);
  const log: string[] = [];
  const calls: PppoeServerLink[] = [];
  const server = new PppoeServer(sim.host("ac"), ac, () => ({
    options: o.server ?? SERVER,
    handlers: { ended: (end, message) => log.push(`ac: ${end} ${message}`.trim()) },
    made: (link) => void calls.push(link),
  }), o.ac);
  const link = new PppoeLink(sim.host("host"), host, {
    credentials: { name: "alice", secret: "wonderland" },
    ...o.host,
  }, {
    up: (up) => log.push(`up mtu ${up.mtu}`),
    ended: (end, message) => log.push(`${end} ${message}`.trim()),
  });
  const send = (from: PppNetworkLink, mark: number, length: number): boolean => {
    const p = sim.pool.acquire(length)!;
    p.bytes.fill(mark, p.start, p.end);
    p.bytes[p.start] = 0x45;
    const isTaken = from.transmit(p);
    if (!isTaken) p.release();
    from.flush();
    return isTaken;
  };
  return { sim, log, link, server, calls, host, ac, send };
}

Deno.test("Network: PPP over Ethernet comes up with 1492 octets, and packets flow both ways (RFC 2516 §7)", () => {
  const w = world();
  const received = collect(w.link);
  w.link.start();
  assert(w.sim.runUntil(() => w.link.session.isNetworkUp, 5000));
  assertEquals(w.log, ["up mtu 1492"]);
  assertEquals([...w.server.links].map((call) => call.peerAddress), [HOST]);
  const atServer = collect(w.calls[0]!);
  for (const length of [40, 41, 1492]) {
    assert(w.send(w.link, 7, length));
    assert(w.send(w.calls[0]!, 9, length));
  }
  w.sim.advance(20);
  assertEquals(atServer.packets, [[7, 40], [7, 41], [7, 1492]]);
  assertEquals(received.packets, [[9, 40], [9, 41], [9, 1492]]);
  w.send(w.link, 7, 1493);
  assertEquals(w.link.counters.tooBig, 1);
  w.link.stop();
  w.sim.advance(10_000);
  assertEquals(w.log.slice(1), ["closed", "ac: terminated-by-peer"]);
  assertEquals([w.server.concentrator.sessionCount, w.link.sessionId, w.sim.pool.inUse, w.sim.timers.size], [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("Network: a second dial after the first works, with another session id (RFC 2516 §5.4)", () => {
  const w = world();
  w.link.start();
  w.sim.advance(100);
  const first = w.link.sessionId;
  w.link.stop();
  w.sim.advance(5000);
  w.link.start();
  w.sim.advance(100);
  assert(w.link.session.isNetworkUp);
  assert(w.link.sessionId !== first && w.link.sessionId !== 0);
});

Deno.test("Authenticate: a wrong secret ends the session on both sides, PADT included (RFC 1661 §3.5)", () => {
  const w = world({ host: { credentials: { name: "alice", secret: "looking-glass" } } });
  w.link.start();
  w.sim.advance(30_000);
  assert(w.log.some((line) => line.startsWith("authentication-failed")), w.log.join());
  assertEquals([w.server.concentrator.sessionCount, w.sim.timers.size, w.sim.pool.inUse], [0, 0, 0]);
});

Deno.test("PadiSent: without a concentrator it ends in words; stop() ends the search (RFC 2516 §8)", () => {
  const w = world({ host: { discovery: { attempts: 2 } } });
  w.server.close();
  w.link.start();
  w.sim.advance(10_000);
  assertEquals(w.log, ["line-lost no access concentrator answers"]);
  w.link.start();
  w.link.stop();
  w.sim.advance(10);
  assertEquals([w.log.at(-1), w.sim.timers.size], ["closed", 0]);
});

Deno.test("Network: the concentrator's PADT ends the session at once, with its words (RFC 2516 §5.5)", () => {
  const w = world();
  w.link.start();
  w.sim.advance(100);
  w.server.concentrator.end(w.link.sessionId, "maintenance");
  w.sim.advance(10);
  assertEquals(w.log.at(-1), "line-lost maintenance");
  assertEquals(w.link.discovery.state, "Idle");
});

Deno.test("Network: a concentrator that lost its sessions answers frames by PADT (RFC 2516 §5.5)", () => {
  const w = world();
  w.link.start();
  w.sim.advance(100);
  const { sessionId } = w.link;
  w.ac.removeSession(sessionId, w.calls[0]!);
  w.send(w.link, 1, 100);
  w.sim.advance(10);
  assertEquals(w.log.at(-1), "line-lost no such session");
  assertEquals(w.ac.counters.noSession, 1);
});

Deno.test("Network: on an Ethernet with larger frames both agree on 1500 octets (RFC 4638 §4)", () => {
  const w = world({ mtu: 1508, host: { discovery: { maxPayload: 1500 } }, ac: { maxPayload: 1500 } });
  w.link.start();
  w.sim.advance(100);
  assertEquals([w.log, w.link.mtu], [["up mtu 1500"], 1500]);
});

Deno.test("Network: a concentrator without RFC 4638 gets an MRU of 1492 all the same (RFC 4638 §4)", () => {
  const w = world({ mtu: 1508, host: { discovery: { maxPayload: 1500 } } });
  w.link.start();
  w.sim.advance(100);
  assertEquals([w.log, w.link.mtu], [["up mtu 1492"], 1492]);
});

Deno.test("Network: over a wire that loses a tenth, dials succeed and only whole packets arrive (RFC 2516 §8)", () => {
  const w = world({ faults: { lossRate: 0.1, duplicateRate: 0.05 } });
  w.link.start();
  const isUp = () => w.link.session.isNetworkUp && w.calls.at(-1)!.session.isNetworkUp;
  assert(w.sim.runUntil(isUp, 60_000), w.log.join());
  const atServer = collect(w.calls.at(-1)!);
  for (let i = 0; i < 200; i++) {
    w.send(w.link, i, 100);
    w.sim.advance(5);
  }
  assertGreater(atServer.packets.length, 150);
  assert(atServer.packets.every(([, length]) => length === 100));
  w.link.close();
  w.server.close();
  w.sim.advance(10_000);
  assertEquals(w.sim.pool.inUse, 0);
});
