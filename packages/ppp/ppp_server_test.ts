import { assert, assertEquals } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { Netif } from "@lightwire/netif";
import { createSwitch, FrameRecorder, Simulation } from "@lightwire/netif/sim";
import { PppLink } from "./ppp_link.ts";
import { PppServer, type PppServerOptions, type PppServerUser } from "./ppp_server.ts";
import type { PppCredentials } from "./authentication.ts";
import { PppoeLink } from "./pppoe/pppoe_link.ts";
import { PppoeServer } from "./pppoe/pppoe_server.ts";
import { PppoeStation } from "./pppoe/pppoe_station.ts";
import { createSerialLine } from "./testdata/serial_line.ts";

const USERS: Readonly<Record<string, PppServerUser>> = {
  alice: { secret: "wonderland" },
  bob: { secret: "builder", address: parseIpAddressOrThrow("10.0.0.50") },
  carol: { secret: "christmas", maxSessions: 2 },
};

function createWorld(options: Partial<PppServerOptions> = {}) {
  const sim = new Simulation({ seed: "server" });
  const log: string[] = [];
  const server = new PppServer(sim.host("server"), {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    pool: { first: parseIpAddressOrThrow("10.0.0.100"), count: 2 },
    dnsServers: [parseIpAddressOrThrow("10.0.0.53"), parseIpAddressOrThrow("10.0.0.54")],
    user: (name) => USERS[name],
    ...options,
  }, {
    up: ({ id, userName }, { ipv4 }) => void log.push(`${id} ${userName} up ${ipv4?.peerAddress}`),
    down: ({ id }) => void log.push(`${id} down`),
    ended: ({ id, userName }, end) => void log.push(`${id} ${userName} ended ${end}`),
  });
  const clients: PppLink[] = [];
  /** Dials in; what it was told in the end. */
  const dial = (name?: string, secret = USERS[name ?? ""]?.secret ?? "") => {
    const [port, far] = createSerialLine({
      timers: sim.timers,
      random: sim.random("line"),
      octetsPerMs: 100,
    });
    const session = server.acceptPort(far);
    const told: string[] = [];
    const credentials: PppCredentials | undefined = name === undefined ? undefined : { name, secret };
    const host = sim.host(`client ${clients.length}`);
    const client = new PppLink(host, port, credentials === undefined ? {} : { credentials }, {
      up: ({ ipv4 }) => void told.push(`${ipv4?.localAddress} dns ${ipv4?.dnsServers.join(" ")}`),
      ended: (end) => void told.push(end),
    });
    clients.push(client);
    if (session !== undefined) client.start();
    sim.advance(5000);
    return { client, told, session };
  };
  const end = () => {
    server.close();
    for (const client of clients) client.close();
    sim.advance(0);
    assertEquals([sim.timers.size, sim.pool.inUse, server.sessions.length], [0, 0, 0]);
  };
  return { sim, log, server, dial, end };
}

Deno.test("server: three peers at a time, with addresses and DNS of their own (RFC 1332 §3.3, RFC 1877 §1)", () => {
  const { log, server, dial, end } = createWorld();
  const told = [dial("alice"), dial("bob"), dial("carol")].map((client) => client.told);
  const dns = "dns 10.0.0.53 10.0.0.54";
  assertEquals(told, [[`10.0.0.100 ${dns}`], [`10.0.0.50 ${dns}`], [`10.0.0.101 ${dns}`]]);
  assertEquals(log, ["1 alice up 10.0.0.100", "2 bob up 10.0.0.50", "3 carol up 10.0.0.101"]);
  assertEquals(server.sessions.map(({ id, userName }) => [id, userName]), [[1, "alice"], [2, "bob"], [
    3,
    "carol",
  ]]);
  assertEquals(server.pool.available, 0);
  end();
  assertEquals(server.pool.available, 2);
});

Deno.test("server: packets pass in each session by itself (RFC 1661 §2)", () => {
  const { sim, server, dial, end } = createWorld();
  const clients = [dial("alice"), dial("carol")].map(({ client }) => client);
  const recorders = clients.map((client, i) => {
    const recorder = new FrameRecorder(sim.clock);
    client.attach(recorder);
    const p = sim.pool.acquire(40 + i)!;
    p.bytes.fill(0, p.start, p.end);
    p.bytes[p.start] = 0x45;
    assert(server.sessions[i]!.link.transmit(p));
    server.sessions[i]!.link.flush();
    return recorder;
  });
  sim.advance(100);
  assertEquals(recorders.map(({ frames }) => frames.map(({ bytes }) => bytes.length)), [[40], [41]]);
  end();
});

Deno.test("server: an address is free again when its session ends, and the next peer gets it", () => {
  const { sim, log, server, dial, end } = createWorld();
  const first = dial("alice");
  dial("carol");
  assertEquals(dial("alice").told.at(-1), "terminated-by-peer"); // none left
  assertEquals(server.pool.exhausted, 1);
  first.client.stop();
  sim.advance(5000);
  assertEquals(log.filter((line) => line.startsWith("1 ")).slice(1), [
    "1 down",
    "1 alice ended terminated-by-peer",
  ]);
  assertEquals(dial("carol").told[0]!.split(" ")[0], "10.0.0.100");
  end();
});

Deno.test("server: a wrong password and an unknown name are refused, and no log shows either secret (RFC 1661 §3.5)", () => {
  const { sim, log, server, dial, end } = createWorld();
  for (const client of [dial("alice", "looking-glass"), dial("mallory", "looking-glass")]) {
    assertEquals(client.told, ["authentication-failed"]);
  }
  const nobody = dial();
  sim.advance(60_000);
  assertEquals(nobody.told, ["authentication-impossible"]);
  assertEquals(server.sessions.length, 0);
  assertEquals(server.pool.available, 2);
  assert(!log.join().includes("glass") && !log.join().includes("wonderland"));
  end();
});

Deno.test("server: limits: sessions in all, sessions of a user, one for a fixed address", () => {
  const { server, dial, end } = createWorld({ maxSessions: 3 });
  assertEquals(dial("bob").told.length, 1);
  assertEquals(dial("bob").told, ["authentication-failed"]);
  assertEquals(server.counters.userRefused > 0, true);
  assertEquals([dial("carol").told.length, dial("carol").told.length], [1, 1]);
  assertEquals(dial("alice").session, undefined);
  assertEquals([server.counters.accepted, server.counters.refused], [4, 1]);
  end();
});

Deno.test("server: without users everybody comes in; an idle session ends by itself (RFC 1661 §3.5)", () => {
  const { sim, log, dial, end } = createWorld({ user: undefined, session: { idleMs: 20_000 } });
  assertEquals(dial().told[0]!.split(" ")[0], "10.0.0.100");
  sim.advance(60_000);
  assertEquals(log.slice(-2), ["1 down", "1  ended idle-timeout"]);
  end();
});

Deno.test("server: stop() tells every peer, and each session ends (RFC 1661 §5.5)", () => {
  const { sim, log, server, dial, end } = createWorld();
  const clients = [dial("alice"), dial("bob")];
  server.stop();
  sim.advance(5000);
  assertEquals(clients.map(({ told }) => told.at(-1)), ["terminated-by-peer", "terminated-by-peer"]);
  assertEquals(log.filter((line) => line.includes("ended")), ["1 alice ended closed", "2 bob ended closed"]);
  end();
});

Deno.test("server: hosts that call over PPPoE share its pool and its limits (RFC 2516 §5)", () => {
  const sim = new Simulation({ seed: "pppoe" });
  const wire = createSwitch(sim, 4).drivers;
  const stations = wire.map((driver, i) => {
    const netif = new Netif(driver, { name: "en0", index: 1, macAddress: 0x02_00_00_00_00_10 + i });
    netif.setUp();
    return new PppoeStation(netif, sim.pool);
  });
  const log: string[] = [];
  const server = new PppServer(sim.host("server"), {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    pool: { first: parseIpAddressOrThrow("10.0.0.100"), count: 2 },
    maxSessions: 2,
  }, {
    up: ({ id }, { ipv4 }) => void log.push(`${id} up ${ipv4?.peerAddress}`),
    ended: ({ id }, end) => void log.push(`${id} ended ${end}`),
  });
  const concentrator = new PppoeServer(sim.host("server"), stations[3]!, () => server.answer());
  const links = stations.slice(0, 3).map((station, i) => new PppoeLink(sim.host(`host ${i}`), station));
  for (const link of links) {
    link.start();
    sim.advance(500);
  }
  assertEquals(log, ["1 up 10.0.0.100", "2 up 10.0.0.101"]);
  assertEquals(links.map((link) => link.session.isNetworkUp), [true, true, false]);
  assertEquals([server.counters.refused > 0, server.sessions.length], [true, 2]);
  links[0]!.stop();
  links[2]!.close();
  sim.advance(10_000);
  assertEquals(log.slice(2), ["1 ended terminated-by-peer"]);
  assertEquals(server.pool.available, 1);
  for (const link of links) link.close();
  server.close();
  concentrator.close();
  sim.advance(100);
  assertEquals([sim.pool.inUse, server.sessions.length, server.pool.available], [0, 0, 2]);
});
