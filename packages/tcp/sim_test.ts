import { assert, assertEquals } from "@std/assert";
import type { LinkFaults } from "@lightwire/netif/sim";
import { deriveRandom, randomBelow } from "@lightwire/netif";
import { assertTcp } from "./assert_tcb.ts";
import type { TcpOptions } from "./tcp_config.ts";
import { pattern, Peer, TwoHosts, type TwoHostsOptions } from "./scenarios/two_hosts.ts";

/** Each run switches some faults off altogether, and draws the others over orders of magnitude. */
function swarm(seed: number): TwoHostsOptions & { bytesA: number; bytesB: number } {
  const random = deriveRandom(seed, "swarm");
  const draw = (bound: number): number => randomBelow(random, bound);
  const chance = (percent: number): boolean => draw(100) < percent;
  const rate = (): number => 10 ** (-(draw(250) + 50) / 100);
  const faults = (): LinkFaults => ({
    delayMs: chance(80) ? draw(200) / 2 : 0,
    jitterMs: chance(30) ? draw(20) : 0,
    lossRate: chance(50) ? Math.min(rate(), 0.2) : 0,
    burstLoss: chance(20) ? { enter: 0.01, leave: 0.3 } : undefined,
    reorderRate: chance(40) ? rate() : 0,
    reorderByMs: 1 + draw(30),
    duplicateRate: chance(30) ? rate() : 0,
    corruptRate: chance(30) ? Math.min(rate(), 0.1) : 0,
    bandwidthBps: chance(30) ? 10 ** (5 + draw(300) / 100) : undefined,
    queueBytes: 3000 + draw(100_000),
    outages: chance(15) ? [[1000, 1000 + draw(20_000)]] : [],
  });
  const drop = (o: LinkFaults): LinkFaults =>
    o.bandwidthBps === undefined ? { ...o, queueBytes: undefined } : o;
  const options = (): TcpOptions => ({
    sack: chance(70),
    timestamps: chance(70),
    windowScaling: chance(80),
    noDelay: chance(30),
    sendBufferBytes: 1 << (8 + draw(13)),
    receiveBufferBytes: 1 << (9 + draw(12)),
    maxSegmentBytes: chance(20) ? 100 + draw(1000) : 0,
    // An outage may swallow the default number of SYNs.
    synRetries: 10,
    synAckRetries: 10,
    // Nor is a peer given up sooner because the user has closed.
    orphanRetries: 15,
  });
  return {
    seed,
    a: options(),
    b: options(),
    aToB: drop(faults()),
    bToA: drop(faults()),
    link: { mtu: chance(70) ? 1500 : 576 + draw(8000) },
    bytesA: draw(10) === 0 ? 0 : draw(300_000),
    bytesB: draw(3) === 0 ? 0 : draw(100_000),
  };
}

/** How a seed's connection begins: half of them as ever, the others by Fast Open or with a SYN cookie. */
function beginning(seed: number): "plain" | "fast open" | "cookie" {
  return (["plain", "fast open", "plain", "cookie"] as const)[randomBelow(deriveRandom(seed, "open"), 4)]!;
}

/** Lets A get a Fast Open cookie of B's while the network is sane. */
function collectCookie(hosts: TwoHosts, { aToB = {}, bToA = {} }: TwoHostsOptions): void {
  hosts.link.a.outbound.setFaults({ delayMs: 1 });
  hosts.link.b.outbound.setFaults({ delayMs: 1 });
  const listener = hosts.b.tcp.listen({ port: 81, fastOpen: 1 }, () => ({}));
  const address = hosts.b.address;
  const connection = hosts.a.tcp.connect({ remoteAddress: address, remotePort: 81, fastOpen: true }, {});
  hosts.advance(100);
  connection.abort();
  hosts.advance(100);
  listener.close();
  assert(hosts.a.tcp.handshakes.fastOpen.cache.find(address)!.cookie.length === 8);
  hosts.link.a.outbound.setFaults(aToB);
  hosts.link.b.outbound.setFaults(bToA);
}

/** Sends both ways, and checks that every octet arrives once, both close, and nothing is left behind. */
function run(seed: number): string {
  const options = swarm(seed);
  const how = beginning(seed);
  const hosts = new TwoHosts(
    how === "cookie" ? { ...options, b: { ...options.b, synCookies: "always" } } : options,
  );
  if (how === "fast open") collectCookie(hosts, options);
  const toB = pattern(options.bytesA, seed);
  const toA = pattern(options.bytesB, seed + 1_000_000);
  const client = new Peer(toB);
  const server = new Peer(toA);
  const stops = deriveRandom(seed, "pause");
  if (randomBelow(stops, 4) === 0) {
    // The reader stops for a while, so that the window closes.
    server.isPaused = true;
    hosts.sim.after(500 + randomBelow(stops, 10_000), () => {
      server.isPaused = false;
      if (server.connection !== undefined) server.readable(server.connection);
      hosts.flush();
    });
  }
  hosts.b.tcp.listen({ port: 80, fastOpen: 4 }, (c) => {
    // A late duplicate of what acknowledged a SYN cookie, or of a SYN with text, may begin a second one, which A resets.
    if (server.connection !== undefined) return how === "plain" ? undefined : {};
    server.connected(c);
    return server;
  });
  const connection = hosts.a.tcp.connect({
    remoteAddress: hosts.b.address,
    remotePort: 80,
    fastOpen: how === "fast open",
  }, client);
  if (how === "fast open") {
    // Text that is there before the flush travels in the SYN; CLOSE in SYN-SENT would be the end.
    client.finishes = false;
    client.connected(connection);
    client.finishes = true;
  }
  hosts.flush();
  // Liveness is owed once the network is sane again.
  hosts.sim.after(100_000, () => {
    hosts.link.a.outbound.setFaults({ delayMs: 10 });
    hosts.link.b.outbound.setFaults({ delayMs: 10 });
  });
  let steps = 0;
  const isDone = hosts.sim.runUntil(() => {
    if ((++steps & 15) === 0) {
      assertTcp(hosts.a.tcp);
      assertTcp(hosts.b.tcp);
    }
    return client.notes.closed > 0 && server.notes.closed > 0 && client.notes.eof && server.notes.eof;
  }, 900_000);
  const say = `replay with SEED=${seed}: ${hosts.sim.events.format()}`;
  assert(isDone, `not done: ${say}`);
  assertEquals([client.notes.error, server.notes.error], [undefined, undefined], say);
  assertEquals(server.data, toB, say);
  assertEquals(client.data, toA, say);
  assertEquals([client.notes.eof, server.notes.eof], [true, true], say);
  assert(hosts.sim.runUntilIdle(300_000), say);
  assertEquals(hosts.a.tcp.connectionCount + hosts.b.tcp.connectionCount, 0, say);
  hosts.close();
  return hosts.sim.packetHash;
}

Deno.test("two hosts: swarm of bad networks, every octet once, nothing left behind", () => {
  const only = Deno.env.get("SEED");
  const [from, to] = only === undefined
    ? [1, Number(Deno.env.get("SEEDS") ?? 60)]
    : [Number(only), Number(only)];
  for (let seed = from; seed <= to; seed++) run(seed);
});

Deno.test("two hosts: the same seed gives the same packets, byte for byte", () => {
  assertEquals(run(7), run(7));
});
