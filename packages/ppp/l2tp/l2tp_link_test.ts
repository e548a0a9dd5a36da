import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Pbuf } from "@lightwire/pbuf";
import { Simulation } from "@lightwire/netif/sim";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { L2tpLink, type L2tpLinkOptions } from "./l2tp_link.ts";
import { L2tpServer, type L2tpServerLink, type L2tpServerOptions } from "./l2tp_server.ts";
import type { L2tpTransport } from "./l2tp_session_link.ts";
import type { PppNetworkLink } from "../ppp_network_link.ts";
import type { PppSessionOptions } from "../ppp_session.ts";

const SERVER: PppSessionOptions = {
  peerSecrets: (name) => name === "alice" ? "wonderland" : undefined,
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    isPeerAddressFixed: true,
  },
};

function collect(link: PppNetworkLink): [number, number][] {
  const packets: [number, number][] = [];
  link.attach({
    linkInput(p: Pbuf) {
      packets.push([p.bytes[p.start + 1]!, p.totalLength]);
      p.release();
    },
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable() {},
  });
  return packets;
}

function world(
  o: { client?: L2tpLinkOptions; server?: L2tpServerOptions; refuses?: boolean; lossRate?: number } = {},
) {
  const sim = new Simulation({ seed: "l2tp" });
  const random = sim.random("loss");
  const log: string[] = [];
  const calls: L2tpServerLink[] = [];
  let isCut = false;
  const carry = (p: Pbuf, deliver: (bytes: Uint8Array) => void): void => {
    const bytes = p.bytes.slice(p.start, p.end);
    p.release();
    if (isCut || random.uint32() / 0x1_0000_0000 < (o.lossRate ?? 0)) return;
    sim.after(5, () => deliver(bytes));
  };
  const toClient: L2tpTransport = {
    send: (p) =>
      carry(p, (bytes) => {
        client.datagramInput(bytes, 0, bytes.length);
        client.frameInputEnds();
      }),
    flush() {},
  };
  const server = new L2tpServer(sim.host("lns"), () =>
    o.refuses === true ? undefined : {
      options: SERVER,
      handlers: { ended: (end, message) => log.push(`lns: ${end} ${message}`.trim()) },
      made: (link) => void calls.push(link),
    }, o.server);
  const toServer: L2tpTransport = {
    send: (p) => carry(p, (bytes) => server.datagramInput("client", toClient, bytes, 0, bytes.length)),
    flush() {},
  };
  const client: L2tpLink = new L2tpLink(sim.host("lac"), toServer, {
    credentials: { name: "alice", secret: "wonderland" },
    ...o.client,
  }, {
    up: (up) => log.push(`up mtu ${up.mtu}`),
    ended: (end, message) => log.push(`${end} ${message}`.trim()),
  });
  const send = (from: PppNetworkLink, mark: number, length: number): void => {
    const p = sim.pool.acquire(length)!;
    p.bytes.fill(mark, p.start, p.end);
    p.bytes[p.start] = 0x45;
    if (!from.transmit(p)) p.release();
    from.flush();
  };
  return { sim, log, calls, client, server, send, cut: (value: boolean) => void (isCut = value) };
}

for (const secret of [undefined, "tower"]) {
  Deno.test(`Network: PPP in a tunnel ${secret === undefined ? "without" : "with"} a secret, both ways, and an orderly end (RFC 2661 §5)`, () => {
    const tunnel = secret === undefined ? {} : { secret };
    const w = world({ client: { tunnel }, server: tunnel });
    const received = collect(w.client);
    w.client.start();
    assert(w.sim.runUntil(() => w.client.session.isNetworkUp, 5000), w.log.join());
    assertEquals(w.log, ["up mtu 1450"]);
    w.sim.advance(100);
    const atServer = collect(w.calls[0]!);
    for (const length of [40, 1450]) {
      w.send(w.client, 7, length);
      w.send(w.calls[0]!, 9, length);
    }
    w.sim.advance(50);
    assertEquals([atServer, received], [[[7, 40], [7, 1450]], [[9, 40], [9, 1450]]]);
    w.client.stop();
    w.sim.advance(60_000);
    assertEquals(w.log.slice(1), ["closed", "lns: terminated-by-peer"]);
    assertEquals([w.server.tunnelCount, w.sim.timers.size, w.sim.pool.inUse], [0, 0, 0]);
  });
}

Deno.test("WaitReply: an end that does not know the secret gets no tunnel, and hears why (RFC 2661 §5.1.1)", () => {
  const w = world({ client: { tunnel: { secret: "tower" } }, server: { secret: "castle" } });
  w.client.start();
  w.sim.advance(60_000);
  assertEquals(w.log, ["line-lost the other end does not know the tunnel secret"]);
  const v = world({ server: { secret: "castle" } });
  v.client.start();
  v.sim.advance(60_000);
  assertEquals(v.log, ["line-lost the other end wants a tunnel secret, and there is none"]);
  assertEquals([w.server.tunnelCount, v.server.tunnelCount, w.sim.timers.size, v.sim.timers.size], [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("WaitReply: without a server it ends after five requests (RFC 2661 §5.8)", () => {
  const w = world();
  w.cut(true);
  w.client.start();
  w.sim.advance(22_999); // 1 + 2 + 4 + 8 + 8 s
  assertEquals(w.log, []);
  w.sim.advance(1);
  assertEquals(w.log, ["line-lost the other end does not answer"]);
  assertEquals(w.sim.timers.size, 0);
});

Deno.test("Established: a refused call ends with the server's words (RFC 2661 §6.12)", () => {
  const w = world({ refuses: true });
  w.client.start();
  w.sim.advance(60_000);
  assertEquals(w.log, ["line-lost no calls are taken here"]);
  assertEquals([w.server.tunnelCount, w.sim.timers.size], [0, 0]);
});

Deno.test("Established: a dead end is noticed by HELLO (RFC 2661 §5.5)", () => {
  const w = world({ client: { tunnel: { helloMs: 1000 }, lcp: { echoIntervalMs: 0 } } });
  w.client.start();
  w.sim.advance(10_000);
  assert(w.client.session.isNetworkUp);
  w.cut(true);
  w.sim.advance(30_000);
  assertEquals(w.log.at(-1), "line-lost the other end does not answer");
});

Deno.test("Established: the server closes, the client hears its reason (RFC 2661 §5.7)", () => {
  const w = world();
  w.client.start();
  w.sim.advance(200);
  w.server.close();
  w.sim.advance(60_000);
  assertEquals(w.log.includes("line-lost the server closes"), true, w.log.join());
  assertEquals([w.server.tunnelCount, w.sim.timers.size, w.sim.pool.inUse], [0, 0, 0]);
});

Deno.test("Network: over a path that loses a twentieth the tunnel comes up, and again after an end (RFC 2661 §5.8)", () => {
  const w = world({ lossRate: 0.05, client: { tunnel: { secret: "t" } }, server: { secret: "t" } });
  for (let round = 1; round <= 3; round++) {
    w.client.start();
    assert(w.sim.runUntil(() => w.client.session.isNetworkUp, 120_000), w.log.join());
    w.sim.advance(15_000);
    const atServer = collect(w.calls.at(-1)!);
    for (let i = 0; i < 100; i++) {
      w.send(w.client, i, 200);
      w.sim.advance(5);
    }
    assertGreater(atServer.length, 60);
    w.client.stop();
    w.sim.advance(120_000);
    assertEquals(w.server.tunnelCount, 0);
  }
  assertEquals([w.sim.timers.size, w.sim.pool.inUse], [0, 0]);
});
