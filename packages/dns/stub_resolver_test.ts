import { assert, assertEquals, assertThrows } from "@std/assert";
import { type DnsAddressResult, type DnsResult, type DnsStreamHandlers, emitDnsMessage } from "./mod.ts";
import { dnsResponse, parseDnsMessage } from "./dns_message.ts";
import { address, brief, record, type Script, soa, World } from "./testdata/name_servers.ts";

const A = record("example.test", "A", address("203.0.113.80"));
const found: Script = () => ({ answers: [A] });
const silent: Script = () => undefined;
const FOUND = "example.test. 60 IN A 203.0.113.80";

Deno.test("resolve: a record, from a random port and with a random number each time (RFC 5452 §9.2)", () => {
  using world = new World([found]);
  for (let i = 0; i < 8; i++) {
    assertEquals(brief(world.resolve("example.test", "A", { bypassCache: true })), FOUND);
  }
  const { seen } = world.servers[0]!;
  assertEquals(seen.length, 8);
  assertEquals(new Set(seen.map((s) => s.port)).size, 8);
  assertEquals(new Set(seen.map((s) => s.message.id)).size, 8);
  assertEquals(seen[0]!.message.additionals[0]!.class, 1232);
  assertEquals(world.resolver.questionCount, 0);
});

Deno.test("resolve: a silent server is asked four times within 7 s, then the next one", () => {
  using world = new World([silent, found]);
  const result = world.resolve("example.test");
  assertEquals(brief(result), FOUND);
  assertEquals(result.server?.toString(), "10.0.0.3");
  assertEquals(world.servers[0]!.seen.map((s) => Math.round(s.at / 1000)), [0, 1, 2, 4]);
  assertEquals(new Set(world.servers[0]!.seen.map((s) => s.message.id)).size, 1);
  assertEquals(Math.round(world.servers[1]!.seen[0]!.at / 1000), 7);
});

Deno.test("resolve: a server that was silent is asked last for 30 s", () => {
  using world = new World([silent, found]);
  const uncached = { bypassCache: true };
  world.resolve("example.test", "A", uncached);
  world.resolve("example.test", "A", uncached);
  assertEquals([world.servers[0]!.seen.length, world.servers[1]!.seen.length], [4, 2]);
  world.sim.advance(30_000);
  world.resolve("example.test", "A", uncached);
  assertEquals([world.servers[0]!.seen.length, world.servers[1]!.seen.length], [8, 3]);
});

Deno.test("resolve: no server answers", () => {
  using world = new World([silent, silent]);
  assertEquals(brief(world.resolve("example.test")), "TIMED_OUT example.test");
  assertEquals(world.sim.clock.now(), 14_000);
});

Deno.test("resolve: a lost query is repeated", () => {
  let count = 0;
  using world = new World([() => ++count < 3 ? undefined : { answers: [A] }]);
  assertEquals(brief(world.resolve("example.test")), FOUND);
  assertEquals([world.resolver.counters.sent, world.resolver.counters.repeated], [3, 2]);
});

Deno.test("resolve: no servers, no name, no port open there", () => {
  using world = new World([found], { servers: [] });
  assertEquals(brief(world.resolve("example.test")), "NO_SERVERS example.test");
  assertEquals(brief(world.resolve("a..b")), "BAD_NAME a..b");
  assertThrows(() => world.resolver.resolve("a", "NONE" as "A", () => {}), RangeError);
  world.servers[0]!.endpoint.close();
  world.resolver.servers = [world.servers[0]!.address];
  assertEquals(brief(world.resolve("example.test")), "UNREACHABLE example.test");
  world.resolver.servers = [address("192.0.2.1")]; // no route
  assertEquals(brief(world.resolve("example.test")), "UNREACHABLE example.test");
  world.resolver.fallbackServers = [world.servers[0]!.address];
  world.resolver.servers = [];
  assertEquals(brief(world.resolve("example.test")), "UNREACHABLE example.test");
});

Deno.test("resolve: fallback servers are asked when all others failed, or there are none", () => {
  using world = new World([silent, found], {
    servers: [address("10.0.0.2")],
    fallbackServers: [address("10.0.0.3")],
  });
  assertEquals(brief(world.resolve("example.test")), FOUND);
  assertEquals(world.servers[0]!.seen.length, 4);
  world.resolver.servers = [];
  assertEquals(brief(world.resolve("example.test", "A", { bypassCache: true })), FOUND);
  assertEquals(world.servers[0]!.seen.length, 4);
});

Deno.test("resolve: SERVFAIL and REFUSED lead to the next server, NXDOMAIN ends it", () => {
  using world = new World([() => ({ rcode: 2 }), () => ({ rcode: 5 }), () => ({ rcode: 3 }), found]);
  assertEquals(brief(world.resolve("example.test")), "NXDOMAIN example.test");
  assertEquals(world.servers.map((s) => s.seen.length), [1, 1, 1, 0]);
  world.resolver.servers = world.servers.slice(0, 2).map((s) => s.address);
  assertEquals(brief(world.resolve("other.test")), "SERVFAIL other.test");
  world.resolver.servers = [world.servers[1]!.address];
  assertEquals(brief(world.resolve("other.test")), "REFUSED other.test");
});

Deno.test("resolve: a server that does not know EDNS0 is asked without (RFC 6891 §7)", () => {
  using world = new World([
    (q) => q.additionals.length > 0 ? { rcode: 1, additionals: [] } : { answers: [A] },
  ]);
  assertEquals(brief(world.resolve("example.test")), FOUND);
  assertEquals(world.resolver.counters.withoutEdns, 1);
});

Deno.test("resolve: a referral is no use to a stub", () => {
  const referral: Script = () => ({ authorities: [record("test", "NS", "ns.test")] });
  using world = new World([referral, found]);
  assertEquals(brief(world.resolve("example.test")), FOUND);
});

Deno.test("spoofing: wrong number, question, source, port, QR are dropped, and counted (RFC 5452 §9.1)", () => {
  using world = new World([silent, silent], { servers: [address("10.0.0.2")] });
  const [asked, other] = world.servers;
  asked!.script = (query, server) => {
    const { port } = server.seen.at(-1)!;
    const send = (from: typeof server.endpoint, change: object) =>
      from.sendTo(
        emitDnsMessage({ ...dnsResponse(query, { answers: [A] }), ...change }),
        address("10.0.0.1"),
        port,
      );
    const liar = server.udp.open({ localPort: 5353 });
    send(server.endpoint, { id: query.id ^ 1 });
    send(server.endpoint, { isResponse: false });
    send(server.endpoint, { opcode: 2 });
    send(server.endpoint, { questions: [{ name: "other.test", type: 1, class: 1 }] });
    send(server.endpoint, { questions: [{ name: "example.test", type: 28, class: 1 }] });
    send(server.endpoint, { questions: [] });
    send(liar, {});
    send(other!.endpoint, {});
    server.endpoint.sendTo(Uint8Array.of(1, 2, 3), address("10.0.0.1"), port);
    liar.close();
    return undefined;
  };
  assertEquals(brief(world.resolve("example.test")), "MALFORMED example.test");
  assertEquals([world.resolver.counters.unrelated, world.resolver.counters.malformed], [24, 4]);
  asked!.script = (query) => ({
    questions: [{ ...query.questions[0]!, name: "EXAMPLE.Test" }],
    answers: [A],
  });
  assertEquals(brief(world.resolve("example.test")), FOUND);
});

Deno.test("aliases: followed by owner name, whatever the order, and nothing else is taken", () => {
  using world = new World([() => ({
    answers: [
      record("evil.test", "A", address("6.6.6.6")),
      A,
      record("www.example.test", "CNAME", "Example.Test", 30),
    ],
  })]);
  const result = world.resolve("www.example.test");
  assertEquals(brief(result), `www.example.test. 30 IN CNAME Example.Test.; ${FOUND}`);
  assertEquals(result.isOk && result.canonicalName, "Example.Test");
  assertEquals(result.ttl, 30);
});

Deno.test("aliases: one that leads out of the response is asked for", () => {
  const script: Script = (q) =>
    q.questions[0]!.name === "example.test"
      ? { answers: [A] }
      : { answers: [record("www.test", "CNAME", "example.test")] };
  using world = new World([script]);
  assertEquals(brief(world.resolve("www.test")), `www.test. 60 IN CNAME example.test.; ${FOUND}`);
  assertEquals(world.servers[0]!.names, ["www.test", "example.test"]);
  assertEquals(world.resolver.counters.aliasesFollowed, 1);
});

Deno.test("aliases: eight are followed, a loop ends", () => {
  const next = (name: string) => `a${Number(name.slice(1)) + 1}`;
  const long: Script = (q) => {
    const { name } = q.questions[0]!;
    return name === "a8"
      ? { answers: [record(name, "A", address("1.1.1.1"))] }
      : { answers: [record(name, "CNAME", next(name))] };
  };
  using world = new World([long]);
  const result = world.resolve("a0.");
  assertEquals(result.isOk && [result.canonicalName, result.aliases.length], ["a8", 8]);
  world.servers[0]!.script = (q) => ({
    answers: [record("x.test", "CNAME", "y.test"), record("y.test", "CNAME", "x.test")],
    questions: q.questions,
  });
  assertEquals(brief(world.resolve("x.test")), "CNAME_LOOP x.test");
  world.servers[0]!.script = (q) => ({
    answers: [record(q.questions[0]!.name, "CNAME", q.questions[0]!.name)],
  });
  assertEquals(brief(world.resolve("self.test")), "CNAME_LOOP self.test");
});

Deno.test("cache: for the least TTL of all, counted down; TTL 0 is not kept", () => {
  using world = new World([found]);
  world.resolve("example.test");
  world.sim.advance(59_000);
  const cached = world.resolve("EXAMPLE.test");
  assertEquals([cached.isOk && cached.origin, cached.ttl], ["cache", 1]);
  world.sim.advance(1_001);
  world.resolve("example.test");
  assertEquals(world.servers[0]!.seen.length, 2);
  world.servers[0]!.script = () => ({ answers: [{ ...A, name: "zero.test", ttl: 0 }] });
  world.resolve("zero.test");
  world.resolve("zero.test");
  assertEquals(world.servers[0]!.names.filter((n) => n === "zero.test").length, 2);
});

Deno.test("cache: NXDOMAIN for all types, NODATA for its own, as long as the SOA says (RFC 2308 §5)", () => {
  using world = new World([(q) => ({
    rcode: q.questions[0]!.name === "none.test" ? 3 : 0,
    authorities: [soa("test", 10)],
  })]);
  const ask = (name: string, type: "A" | "AAAA") => brief(world.resolve(name, type as "A"));
  assertEquals(ask("none.test", "A"), "NXDOMAIN none.test");
  assertEquals(ask("none.test", "AAAA"), "NXDOMAIN none.test");
  assertEquals(ask("some.test", "A"), "NODATA some.test");
  assertEquals(ask("some.test", "A"), "NODATA some.test");
  assertEquals(ask("some.test", "AAAA"), "NODATA some.test");
  assertEquals(world.servers[0]!.names, ["none.test", "some.test", "some.test"]);
  world.sim.advance(10_001);
  ask("none.test", "A");
  assertEquals(world.servers[0]!.seen.length, 4);
});

Deno.test("cache: without SOA the lack of records is not kept (RFC 2308 §5)", () => {
  using world = new World([() => ({ rcode: 3 })]);
  world.resolve("none.test");
  world.resolve("none.test");
  assertEquals(world.servers[0]!.seen.length, 2);
});

Deno.test("sharing: the same question is asked once; the last to leave ends it", () => {
  using world = new World([silent]);
  const results: DnsResult[] = [];
  const requests = [1, 2, 3].map(() => world.resolver.resolve("example.test", "A", (r) => results.push(r)));
  world.resolver.resolve("Example.TEST", "A", (r) => results.push(r)).cancel();
  assertEquals([world.resolver.questionCount, world.resolver.counters.shared], [1, 3]);
  requests[0]!.cancel();
  requests[0]!.cancel();
  world.servers[0]!.script = found;
  world.sim.advance(1_500);
  assertEquals(results.map(brief), [FOUND, FOUND]);
  world.servers[0]!.script = silent;
  const last = world.resolver.resolve("other.test", "A", () => results.push());
  last.cancel();
  assertEquals(world.resolver.questionCount, 0);
  world.sim.advance(20_000);
  assertEquals(world.servers[0]!.names.filter((n) => n === "other.test").length <= 1, true);
});

Deno.test("bound: more questions than allowed are refused, later ones not", () => {
  using world = new World([silent], { maxQuestions: 2 });
  const ignore = () => {};
  world.resolver.resolve("a.test", "A", ignore);
  world.resolver.resolve("b.test", "A", ignore);
  assertEquals(brief(world.resolve("c.test")), "TOO_MANY_QUERIES c.test");
  world.sim.advance(10_000);
  world.servers[0]!.script = found;
  assertEquals(brief(world.resolve("example.test")), FOUND);
});

Deno.test("search: domains in order, ndots, a final dot", () => {
  using world = new World([
    (q) =>
      q.questions[0]!.name === "www.b.test"
        ? { answers: [record("www.b.test", "A", address("1.2.3.4"))] }
        : { rcode: 3 },
  ], {
    search: ["a.test", "b.test"],
  });
  const result = world.resolve("www");
  assertEquals(result.isOk && result.name, "www.b.test");
  assertEquals(world.servers[0]!.names, ["www.a.test", "www.b.test"]);
  assertEquals(brief(world.resolve("www.")), "NXDOMAIN www");
  assertEquals(brief(world.resolve("x.y")), "NXDOMAIN x.y");
  assertEquals(world.servers[0]!.names.slice(2), ["www", "x.y", "x.y.a.test", "x.y.b.test"]);
});

Deno.test("names known here: localhost, invalid, hosts, a hook; servers hear nothing of it", () => {
  using world = new World([found], {
    hosts: [{ name: "printer", address: address("10.0.0.99") }],
    lookupLocal: (name) => name === "hooked" ? [address("10.0.0.98")] : undefined,
    search: ["test"],
  });
  assertEquals(brief(world.resolve("LocalHost.")), "LocalHost. 0 IN A 127.0.0.1");
  assertEquals(brief(world.resolve("a.invalid.")), "NXDOMAIN a.invalid");
  world.resolver.search = [];
  assertEquals(brief(world.resolve("printer")), "printer. 0 IN A 10.0.0.99");
  assertEquals(brief(world.resolve("hooked")), "hooked. 0 IN A 10.0.0.98");
  assertEquals(brief(world.resolve("printer", "AAAA" as "A")), "NODATA printer");
  assertEquals(
    brief(world.resolve("99.0.0.10.in-addr.arpa", "PTR" as "A")),
    "99.0.0.10.in-addr.arpa. 0 IN PTR printer.",
  );
  world.resolver.hosts.remove("printer");
  assertEquals(world.servers[0]!.seen.length, 0);
});

Deno.test("lookup: literals, and the other family when there is nothing of the first", () => {
  const six = record("six.test", "AAAA", address("2001:db8::1"));
  using world = new World([(q) => q.questions[0]!.type === 28 ? { answers: [six] } : {}]);
  const texts: string[] = [];
  const note = (r: DnsAddressResult) => texts.push(r.isOk ? r.addresses.join() : r.reason);
  world.resolver.lookup("10.1.2.3", 4, note);
  world.resolver.lookup("10.1.2.4", 4, note).cancel();
  assertEquals(texts, []);
  world.sim.advance(1);
  world.resolver.lookup("six.test", "4-then-6", note);
  world.sim.advance(100);
  world.resolver.lookup("six.test", 4, note);
  world.sim.advance(100);
  assertEquals(texts, ["10.1.2.3", "2001:db8::1", "NODATA"]);
});

Deno.test("truncation: asked again over TCP, in pieces (RFC 7766 §5, RFC 1035 §4.2.2)", () => {
  let handlers: DnsStreamHandlers | undefined;
  let isClosed = false;
  let sent: Uint8Array | undefined;
  using world = new World([() => ({ isTruncated: true })], {}, (server, port, h) => {
    assertEquals([server.toString(), port], ["10.0.0.2", 53]);
    handlers = h;
    return {
      send: (bytes) => {
        sent = bytes;
        return true;
      },
      close: () => void (isClosed = true),
    };
  });
  let result: DnsResult | undefined;
  world.resolver.resolve("example.test", "A", (r) => result = r);
  world.sim.runUntil(() => handlers !== undefined, 1000);
  const query = parseDnsMessage(sent!.subarray(2));
  assert(typeof query !== "string");
  assertEquals(new DataView(sent!.buffer).getUint16(0), sent!.length - 2);
  const reply = emitDnsMessage(dnsResponse(query, { answers: [A] }));
  handlers!.data(Uint8Array.of(0));
  handlers!.data(Uint8Array.of(reply.length, ...reply.subarray(0, 5)));
  handlers!.data(reply.subarray(5));
  assertEquals([brief(result!), isClosed], [FOUND, true]);
});

Deno.test("truncation: TCP that fails, ends early, is silent, or is not there leads to the next server", () => {
  const outcomes: ((h: DnsStreamHandlers) => void)[] = [
    (h) => h.closed(),
    (h) => h.data(Uint8Array.of(0, 3, 1, 2, 3)),
    () => {},
  ];
  for (const outcome of outcomes) {
    let start: (() => void) | undefined;
    using world = new World([() => ({ isTruncated: true }), found], {}, (_s, _p, h) => {
      start = () => outcome(h);
      return { send: () => true, close() {} };
    });
    let result: DnsResult | undefined;
    world.resolver.resolve("example.test", "A", (r) => result = r);
    world.sim.runUntil(() => start !== undefined, 1000);
    start!();
    world.sim.advance(6000);
    assertEquals(brief(result!), FOUND);
  }
  using world = new World([() => ({ isTruncated: true })]);
  assertEquals(brief(world.resolve("example.test")), "MALFORMED example.test");
});

Deno.test("close: whoever waits is told, and whoever asks later", () => {
  using world = new World([silent]);
  const texts: string[] = [];
  world.resolver.resolve("example.test", "A", (r) => texts.push(brief(r)));
  world.sim.advance(100);
  world.resolver.close();
  assertEquals(texts, ["CLOSED example.test"]);
  assertEquals(brief(world.resolve("other.test")), "CLOSED other.test");
});

Deno.test("idle: no timer runs once all questions are answered", () => {
  using world = new World([found]);
  world.resolve("example.test");
  assertEquals([world.sim.runUntilIdle(600_000), world.resolver.questionCount], [true, 0]);
});
