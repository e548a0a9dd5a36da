import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  emitNtpMessage,
  formatSntpFailure,
  ntpFromUnixMs,
  type NtpMessage,
  type SntpFailure,
  SntpQuery,
  type SntpResult,
} from "./mod.ts";
import { address, kiss, type Script, World } from "./testdata/time_servers.ts";

const honest: Script = () => ({});
const silent: Script = () => undefined;

/** The failure in short. */
function brief(outcome: SntpResult | SntpFailure): string {
  if (outcome.isOk) return `ok ${outcome.server}`;
  return [outcome.reason, outcome.refusal ?? outcome.kissCode, outcome.server?.toString()].filter(Boolean)
    .join(" ");
}

Deno.test("SntpQuery: offset and delay come from the four timestamps (RFC 5905 §8)", () => {
  using world = new World([honest]);
  world.clientError = -3_600_000;
  const r = world.ask() as SntpResult;
  assertAlmostEquals(r.offsetMs, 3_600_000, 1e-3);
  assertAlmostEquals(r.delayMs, 20, 1e-3);
  assertAlmostEquals(r.unixMs + (world.sim.clock.now() - r.measuredAt), world.trueTime, 1e-3);
  assertEquals(
    [r.server.toString(), r.stratum, r.referenceId, r.leap, r.samples.length],
    ["10.0.0.2", 1, "GPS", "none", 1],
  );
  assertAlmostEquals(r.rootDistanceMs, 10, 1e-3);
});

Deno.test("SntpQuery: the server's own time is no part of the delay", () => {
  using world: World = new World([
    (good) => ({ receive: ntpFromUnixMs(world.trueTime - 5), reference: good.reference }),
  ]);
  // 20 ms on the way, of which the server says to have had the request 5 ms.
  assertAlmostEquals((world.ask() as SntpResult).delayMs, 15, 1e-3);
});

Deno.test("SntpQuery: a request is 48 octets to port 123 and tells nothing of our clock (RFC 5905 §9.2)", () => {
  using world = new World([honest]);
  world.ask();
  world.ask();
  const [first, second] = world.servers[0]!.seen;
  assertEquals(first!.bytes.length, 48);
  assertEquals([...first!.bytes.subarray(0, 40)], [0x23, ...new Array(39).fill(0)]);
  assertNotEquals(first!.message.transmit, second!.message.transmit);
  assertNotEquals(first!.port, second!.port);
  assert(first!.port >= 49152);
});

Deno.test("SntpQuery: each check of RFC 5905 §8 and RFC 4330 §5 refuses one thing", () => {
  const past = (s: number) => ntpFromUnixMs(Date.UTC(2026, 10, 24) - 1000 * s);
  const cases: readonly (readonly [Partial<NtpMessage>, string])[] = [
    [{ leap: "unsynchronized" }, "REFUSED unsynchronized"],
    [{ stratum: 16 }, "REFUSED unsynchronized"],
    [{ stratum: 0, referenceId: 0 }, "REFUSED unsynchronized"],
    [{ stratum: 0, referenceId: 0x7f000001 }, "REFUSED unsynchronized"],
    [{ stratum: 255 }, "REFUSED unsynchronized"],
    [{ transmit: { seconds: 0, fraction: 0 } }, "REFUSED no-time"],
    [{ receive: { seconds: 0, fraction: 0 } }, "REFUSED no-time"],
    [{ transmit: past(10) }, "REFUSED time-goes-back"],
    [{ reference: past(-100) }, "REFUSED time-goes-back"],
    [{ rootDispersionMs: 16_000 }, "REFUSED root-distance"],
    [{ rootDelayMs: 20_000, rootDispersionMs: 6_000 }, "REFUSED root-distance"],
    [{ receive: past(10) }, "REFUSED impossible-delay"],
  ];
  for (const [fields, want] of cases) {
    using world = new World([() => fields]);
    const outcome = world.ask();
    assertEquals(brief(outcome), `${want} 10.0.0.2`);
    assert(!outcome.isOk && formatSntpFailure(outcome).startsWith("10.0.0.2 "));
  }
  for (
    const fields of [{ stratum: 15 }, { rootDelayMs: 20_000 }, { version: 3 }, { leap: "insert" as const }]
  ) {
    using world = new World([() => fields]);
    assertEquals(brief(world.ask()), "ok 10.0.0.2");
  }
});

Deno.test("SntpQuery: what anybody could have sent does not end the wait (RFC 5905 §8, test 2)", () => {
  const forged: readonly Script[] = [
    () => ({ originate: { seconds: 1, fraction: 2 } }),
    () => ({ mode: 5 }),
    () => ({ mode: 3 }),
    () => ({ version: 7 }),
    () => ({ ...kiss("DENY"), originate: { seconds: 0, fraction: 0 } }),
    () => new Uint8Array(47).fill(0x24),
    () => new Uint8Array(0),
  ];
  for (const script of forged) {
    let count = 0;
    using world = new World([(good, server) => count++ === 0 ? script(good, server) : {}]);
    const { query, outcome } = world.query();
    world.sim.runUntil(() => outcome() !== undefined, 60_000);
    assertEquals([brief(outcome()!), count], ["ok 10.0.0.2", 2]);
    assertEquals(query.counters.malformed + query.counters.foreign, 1);
  }
});

Deno.test("SntpQuery: a perfect reply from another address or port is not heard", () => {
  using world = new World([(good, server) => {
    const seen = server.seen.at(-1)!;
    const reply = emitNtpMessage(good);
    const other = server.udp.open({ localPort: 1123 });
    other.sendTo(reply, seen.source, seen.port);
    other.close();
    world.servers[1]!.endpoint.sendTo(reply, seen.source, seen.port);
    return undefined;
  }, silent]);
  assertEquals(brief(world.ask({ retryPausesMs: [1000] })), "TIMED_OUT 10.0.0.3");
  assertEquals(world.servers[0]!.seen.length, 1);
});

Deno.test("SntpQuery: a reply that comes twice counts once, and one to an earlier try counts too", () => {
  let held: Uint8Array | undefined;
  using world = new World([(good, server) => {
    const seen = server.seen.at(-1)!;
    if (server.seen.length === 1) {
      held = emitNtpMessage(good);
      return undefined;
    }
    server.endpoint.sendTo(held!, seen.source, seen.port);
    return held;
  }]);
  const { query, outcome } = world.query();
  world.sim.advance(30_000);
  const r = outcome() as SntpResult;
  // The first request was answered 1.5 s later than it could have been: the server's timestamps are the old ones.
  assertAlmostEquals(r.delayMs, 1520, 1e-3);
  assertEquals([query.counters.sent, query.counters.replies], [2, 1]);
});

Deno.test("SntpQuery: of several samples the one with the shortest delay counts (RFC 5905 §10)", () => {
  let count = 0;
  using world: World = new World([() => ({ receive: ntpFromUnixMs(world.trueTime - [0, 12, 6][count++]!) })]);
  const startedAt = world.sim.clock.now();
  const r = world.ask({ samples: 3, sampleIntervalMs: 2000 }) as SntpResult;
  assertEquals(r.samples.map((s) => Math.round(s.delayMs)), [20, 8, 14]);
  assertEquals([Math.round(r.delayMs), Math.round(r.offsetMs)], [8, -6]);
  assertEquals(Math.round(world.sim.clock.now() - startedAt), 4060);
});

Deno.test("SntpQuery: silence is asked again, then the next server, and the last failure is told", () => {
  using world = new World([silent, honest]);
  const startedAt = world.sim.clock.now();
  assertEquals(brief(world.ask()), "ok 10.0.0.3");
  assertEquals(world.servers[0]!.seen.map((s) => Math.round(s.at - startedAt)), [10, 1510, 4010]);
  world.servers[1]!.script = silent;
  assertEquals(brief(world.ask()), "TIMED_OUT 10.0.0.3");
});

Deno.test("SntpQuery: half of the packets are lost, and all samples are had", () => {
  let count = 0;
  using world = new World([() => count++ % 2 === 0 ? undefined : {}]);
  const r = world.ask({ samples: 8 }) as SntpResult;
  assertEquals([r.samples.length, count], [8, 16]);
});

Deno.test("SntpQuery: a closed port ends the wait at once (RFC 1122 §4.1.3.3)", () => {
  using world = new World([honest]);
  world.servers[0]!.endpoint.close();
  const startedAt = world.sim.clock.now();
  const outcome = world.ask();
  assertEquals(brief(outcome), "UNREACHABLE 10.0.0.2");
  assert(world.sim.clock.now() - startedAt < 30);
});

Deno.test("SntpQuery: no route, no servers: a failure, and never from within start()", () => {
  using world = new World([honest]);
  const failures: string[] = [];
  for (const servers of [[], [world.servers[0]!.address], ["192.0.2.1"]]) {
    const list = servers.map((s) => typeof s === "string" ? address(s) : s);
    const query = new SntpQuery({
      udp: world.udp,
      host: world.host,
      servers: list,
      onDone: (o) => failures.push(brief(o)),
    });
    query.start();
    assertEquals(failures.length, 0);
    world.sim.advance(100);
    assertEquals(failures.splice(0), [
      servers.length === 0
        ? "NO_SERVERS"
        : list[0]!.toString() === "10.0.0.2"
        ? "ok 10.0.0.2"
        : "UNREACHABLE 192.0.2.1",
    ]);
  }
});

Deno.test("SntpQuery: DENY and RSTR go on to the next server; RATE does, or ends the samples (RFC 5905 §7.4)", () => {
  for (const code of ["DENY", "RSTR", "RATE", "INIT", "XFUN"]) {
    using world = new World([() => kiss(code), honest]);
    assertEquals(brief(world.ask()), "ok 10.0.0.3");
    world.servers[1]!.script = () => kiss(code);
    const outcome = world.ask();
    assertEquals(brief(outcome), `KISS_OF_DEATH ${code} 10.0.0.3`);
    assert(!outcome.isOk && formatSntpFailure(outcome).includes(code));
    assertEquals(world.servers.map((s) => s.seen.length), [2, 2], "nobody is asked again");
  }
  let count = 0;
  using world = new World([() => count++ < 2 ? {} : kiss("RATE")]);
  const r = world.ask({ samples: 5 }) as SntpResult;
  assertEquals([r.samples.length, r.kissCode, count], [2, "RATE", 3]);
});

Deno.test("SntpQuery: eras: before, across and after 2036-02-07, from clocks that are decades off (RFC 4330 §3)", () => {
  const times = [
    Date.UTC(1968, 1, 1),
    Date.UTC(2026, 0),
    Date.UTC(2036, 1, 7, 6, 28, 15, 995),
    Date.UTC(2036, 1, 7, 6, 28, 16),
    Date.UTC(2040, 0),
    Date.UTC(2104, 0),
  ];
  for (const epoch of times) {
    for (const clock of [0, Date.UTC(2026, 0), Date.UTC(2036, 1, 7, 6, 28, 16)]) {
      using world = new World([honest]);
      world.epoch = epoch;
      world.clientError = clock - epoch;
      const r = world.ask() as SntpResult;
      assertAlmostEquals(r.offsetMs, epoch - clock, 0.01);
      assertAlmostEquals(r.delayMs, 20, 1e-3);
      assertAlmostEquals(r.unixMs + (world.sim.clock.now() - r.measuredAt), world.trueTime, 0.01);
    }
  }
});

Deno.test("SntpQuery: cancel() leaves no timer, no socket and no callback", () => {
  using world = new World([honest]);
  const { query, outcome } = world.query();
  query.cancel();
  query.cancel();
  world.sim.advance(10_000);
  assertEquals([outcome(), world.sim.timers.nextDeadline()], [undefined, Infinity]);
});

Deno.test("SntpQuery: options out of range are refused", () => {
  using world = new World([honest]);
  for (
    const options of [{ samples: 0 }, { samples: 65 }, { port: 0 }, { port: 70_000 }, { retryPausesMs: [] }]
  ) {
    assertThrows(() => world.query(options), RangeError, "must be an integer");
  }
});
