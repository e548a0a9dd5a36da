import { assert, assertEquals, assertThrows } from "@std/assert";
import type { IpAddress } from "@lightwire/ip";
import {
  SNTP_MAX_SERVERS,
  SNTP_MIN_SYNC_INTERVAL_MS,
  SntpClient,
  type SntpClientOptions,
  type SntpLookup,
} from "./mod.ts";
import { address, kiss, type Script, World } from "./testdata/time_servers.ts";

const honest: Script = () => ({});
const silent: Script = () => undefined;

interface Run {
  readonly client: SntpClient;
  /** What was told, in short. */
  readonly told: string[];
}

function clientOf(world: World, options: SntpClientOptions = {}, lookup?: SntpLookup): Run {
  const told: string[] = [];
  const client = new SntpClient({
    udp: world.udp,
    host: world.host,
    ...(lookup === undefined ? {} : { lookup }),
    options: {
      servers: world.servers.map((server) => server.address),
      onSync: (r) => told.push(`sync ${r.server}`),
      onFailure: (f) => told.push(`${f.reason} ${f.server ?? ""}`.trimEnd()),
      ...options,
    },
  });
  return { client, told };
}

/** Seconds between the requests that a server saw. */
function pauses(world: World, index = 0): number[] {
  const at = world.servers[index]!.seen.map((s) => s.at);
  return at.slice(1).map((t, i) => (t - at[i]!) / 1000);
}

const within = (value: number, from: number, to: number) => assert(value >= from && value <= to, `${value}`);

Deno.test("SntpClient: starts at random within 5 s, polls every hour, stops, starts again", () => {
  using world = new World([honest]);
  const { client, told } = clientOf(world);
  const startedAt = world.sim.clock.now();
  client.start();
  client.start();
  assertEquals(client.isRunning, true);
  world.sim.advance(3 * 3_600_000);
  client.stop();
  assertEquals([client.isRunning, world.sim.timers.nextDeadline()], [false, Infinity]);
  within(world.servers[0]!.seen[0]!.at - startedAt, 10, 5010);
  for (const pause of pauses(world)) within(pause, 3600, 3600 * 1.0625 + 1);
  assertEquals(told, ["sync 10.0.0.2", "sync 10.0.0.2", "sync 10.0.0.2"]);
  world.sim.advance(3 * 3_600_000);
  assertEquals(told.length, 3);
  client.start();
  world.sim.advance(6000);
  assertEquals(told.length, 4);
  client.stop();
});

Deno.test("SntpClient: stop() while a reply is on its way says nothing any more", () => {
  using world = new World([honest]);
  const { client, told } = clientOf(world, { startupDelayMs: 0 });
  client.start();
  world.sim.advance(15);
  client.stop();
  world.sim.advance(100_000);
  assertEquals([world.servers[0]!.seen.length, told], [1, []]);
});

Deno.test("SntpClient: a black hole is asked again after 15 s for the reply and pauses of 15 s doubling to 150 s", () => {
  using world = new World([silent]);
  const { client, told } = clientOf(world, { startupDelayMs: 0 });
  client.start();
  world.sim.advance(1_000_000);
  client.stop();
  const expected = [15, 30, 60, 120, 150, 150];
  pauses(world).slice(0, 6).forEach((pause, i) =>
    within(pause, 15 + expected[i]!, 15 + expected[i]! * 1.0625)
  );
  assert(told.length >= 6 && told.every((t) => t === "TIMED_OUT 10.0.0.2"));
  assertEquals(client.status()[0]!.reachability, 0);
});

Deno.test("SntpClient: three servers, the first dead: the second is asked at once and kept", () => {
  using world = new World([silent, honest, honest]);
  const { client, told } = clientOf(world, { startupDelayMs: 0 });
  client.start();
  world.sim.advance(2 * 3_600_000);
  client.stop();
  assertEquals(told, ["TIMED_OUT 10.0.0.2", "sync 10.0.0.3", "sync 10.0.0.3"]);
  assertEquals(world.servers.map((s) => s.seen.length), [1, 2, 0]);
});

Deno.test("SntpClient: reachability holds the last eight polls (RFC 5905 §13)", () => {
  let count = 0;
  using world = new World([() => [true, true, false, true][count++ % 4] ? {} : undefined]);
  const { client } = clientOf(world, { startupDelayMs: 0, syncIntervalMs: 15_000 });
  client.start();
  world.sim.runUntil(() => count === 4, 600_000);
  world.sim.advance(1000);
  assertEquals(client.status()[0]!.reachability, 0b1101);
  world.sim.runUntil(() => count === 12, 600_000);
  world.sim.advance(1000);
  assertEquals(client.status()[0]!.reachability, 0b11011101);
  client.stop();
});

Deno.test("SntpClient: DENY and RSTR end the use of a server for good (RFC 5905 §7.4)", () => {
  for (const code of ["DENY", "RSTR"]) {
    using world = new World([() => kiss(code), honest]);
    const { client, told } = clientOf(world, { startupDelayMs: 0, syncIntervalMs: 15_000 });
    client.start();
    world.sim.advance(60_000);
    assertEquals(world.servers[0]!.seen.length, 1);
    assertEquals(client.status()[0], {
      server: world.servers[0]!.address,
      reachability: 0,
      kissCode: code,
      isBarred: true,
    });
    // The other one goes away: the first is not asked even so.
    world.servers[1]!.script = silent;
    world.sim.advance(600_000);
    assertEquals([world.servers[0]!.seen.length, told[0]], [1, "KISS_OF_DEATH 10.0.0.2"]);
    world.servers[1]!.script = () => kiss(code);
    world.sim.advance(600_000);
    assertEquals(told.at(-1), "NO_SERVERS");
    assertEquals(world.sim.timers.nextDeadline(), Infinity, "nothing is left to be done");
    client.servers = [world.servers[0]!.address];
    world.servers[0]!.script = honest;
    world.sim.advance(1000);
    assertEquals(told.at(-1), "sync 10.0.0.2");
    client.stop();
  }
});

Deno.test("SntpClient: RATE makes it ask half as often each time (RFC 5905 §7.4)", () => {
  using world = new World([() => kiss("RATE")]);
  const { client } = clientOf(world, { startupDelayMs: 0, syncIntervalMs: 60_000 });
  client.start();
  world.sim.advance(3_600_000);
  client.stop();
  assertEquals(pauses(world).map((s) => Math.round(s)), [120, 240, 480, 960]);
  assertEquals([client.status()[0]!.kissCode, client.counters.kisses], ["RATE", 5]);
});

Deno.test("SntpClient: while one server wants peace the other is asked", () => {
  using world = new World([() => kiss("RATE"), honest]);
  const { client } = clientOf(world, { startupDelayMs: 0, syncIntervalMs: 60_000 });
  client.start();
  world.sim.advance(600_000);
  client.stop();
  assertEquals(world.servers[0]!.seen.length, 1);
  within(world.servers[1]!.seen.length, 9, 11);
});

Deno.test("SntpClient: names are resolved each time, and one that cannot be is passed over", () => {
  using world = new World([honest, honest]);
  const asked: string[] = [];
  const lookup: SntpLookup = (name, callback) => {
    asked.push(name);
    const found: IpAddress[] = name === "time.example" ? [address(`10.0.0.${2 + asked.length % 2}`)] : [];
    const timer = world.sim.timers.create(() => callback(found));
    timer.start(5);
    return () => timer.stop();
  };
  const options = { servers: ["nobody.example", "time.example"], startupDelayMs: 0, syncIntervalMs: 15_000 };
  const { client, told } = clientOf(world, options, lookup);
  client.start();
  world.sim.advance(20_000);
  client.stop();
  assertEquals(told, ["NAME_NOT_FOUND", "sync 10.0.0.2", "sync 10.0.0.3"]);
  assertEquals(asked, ["nobody.example", "time.example", "time.example"]);
  client.start();
  world.sim.advance(3);
  client.stop(); // while a name is being resolved
  world.sim.advance(1000);
  assertEquals(told.length, 3);
});

Deno.test("SntpClient: names without a resolver fail, addresses as text do not", () => {
  using world = new World([honest]);
  const { client, told } = clientOf(world, { servers: ["time.example", "10.0.0.2"], startupDelayMs: 0 });
  client.start();
  world.sim.advance(1000);
  client.stop();
  assertEquals(told, ["NAME_NOT_FOUND", "sync 10.0.0.2"]);
});

Deno.test("SntpClient: an interval below 15 s is raised to that, and the number of servers is bounded", () => {
  using world = new World([honest]);
  const { client } = clientOf(world, { syncIntervalMs: 1000 });
  assertEquals(client.syncIntervalMs, SNTP_MIN_SYNC_INTERVAL_MS);
  client.syncIntervalMs = 20_000;
  assertEquals(client.syncIntervalMs, 20_000);
  client.servers = new Array(SNTP_MAX_SERVERS).fill("a.example");
  assertThrows(() => client.servers = new Array(SNTP_MAX_SERVERS + 1).fill("a.example"), RangeError);
});

Deno.test("SntpClient: a callback may stop it, and change its servers", () => {
  using world = new World([honest, honest]);
  const { client, told } = clientOf(world, { startupDelayMs: 0, syncIntervalMs: 15_000 });
  client.onSync = (r) => {
    told.push(`${r.server}`);
    if (told.length === 1) client.servers = [world.servers[1]!.address];
    else client.stop();
  };
  client.start();
  world.sim.advance(600_000);
  assertEquals([told, client.isRunning], [["10.0.0.2", "10.0.0.3"], false]);
});
