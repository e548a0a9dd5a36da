import { assert, assertEquals, assertThrows } from "@std/assert";
import { ipv4, ipv6, type PingError, type PingOptions, type PingReply } from "./mod.ts";
import { decode, frame, icmp, ipOf, packet, TestHost } from "./testdata/harness.ts";

function session(options: Partial<PingOptions> = {}, host = new TestHost()) {
  host.neighbor("10.0.0.2");
  const log: string[] = [];
  const ping = host.ip.openPing({ destination: ipv4(0x0a000002), identifier: 0x77, ...options }, {
    reply: (r: PingReply) =>
      log.push(`reply ${r.sequence} ${r.size}B ttl ${r.ttl} ${r.roundTripMs}ms${r.isLate ? " late" : ""}`),
    error: (e: PingError) =>
      log.push(`${e.kind} ${e.sequence} from ${e.from} ${e.roundTripMs}ms mtu ${e.mtu}`),
    timeout: (sequence) => log.push(`timeout ${sequence}`),
  });
  const answer = (sequence: number, o: { id?: number; from?: string; size?: number; ttl?: number } = {}) => {
    const message = icmp(0, 0, (o.id ?? 0x77) * 65536 + sequence, new Uint8Array(o.size ?? 56));
    host.driver.receive(
      frame(0x0800, packet(o.from ?? "10.0.0.2", "10.0.0.1", message, { protocol: 1, ttl: o.ttl ?? 60 })),
    );
  };
  return { host, ping, log, answer, take: () => log.splice(0) };
}

Deno.test("a request is matched with its reply by identifier and number", () => {
  const { host, ping, answer, take } = session();
  assertEquals(ping.send(), 0);
  const sent = ipOf(host.driver.take()[0]!);
  assertEquals(sent.payload.length, 64);
  assertEquals([...sent.payload.subarray(0, 2), ...sent.payload.subarray(4, 12)], [
    8,
    0,
    0,
    0x77,
    0,
    0,
    65,
    66,
    67,
    68,
  ]);
  assertEquals(sent.payload[8 + 26], 65);
  host.advance(12.5);
  answer(0, { id: 0x78 });
  answer(1);
  answer(0, { from: "10.0.0.3" });
  assertEquals(take(), []);
  answer(0);
  assertEquals(take(), ["reply 0 56B ttl 60 12.5ms"]);
  answer(0);
  assertEquals(take(), ["reply 0 56B ttl 60 12.5ms late"]);
  assertEquals(ping.statistics, {
    transmitted: 1,
    received: 1,
    duplicates: 1,
    late: 0,
    errors: 0,
    timeouts: 0,
    minMs: 12.5,
    maxMs: 12.5,
    sumMs: 12.5,
    squareSumMs: 156.25,
  });
  assertEquals(host.timers.size, 0);
  ping.close();
  host.assertBalanced();
});

Deno.test("a pattern is repeated over the data of a request", () => {
  const { host, ping } = session({ pattern: Uint8Array.of(0, 0x11, 0xff), size: 7 });
  ping.send();
  const sent = ipOf(host.driver.take()[0]!);
  assertEquals([...sent.payload.subarray(8)], [0, 0x11, 0xff, 0, 0x11, 0xff, 0]);
  ping.close();
  assertThrows(() => session({ pattern: new Uint8Array(0) }), RangeError, "empty pattern");
});

Deno.test("unanswered requests time out in order, each after its own time; a late reply is told apart", () => {
  const { host, ping, answer, take } = session({ timeoutMs: 1000 });
  ping.send();
  host.advance(400);
  ping.send();
  host.advance(200);
  answer(1);
  assertEquals(take(), ["reply 1 56B ttl 60 200ms"]);
  host.advance(400);
  assertEquals(take(), ["timeout 0"]);
  answer(0);
  assertEquals(take(), ["reply 0 56B ttl 60 1000ms late"]);
  assertEquals([ping.statistics.timeouts, ping.statistics.late, ping.statistics.received], [1, 1, 1]);
  assertEquals(host.timers.size, 0);
  ping.close();
});

Deno.test("errors end a request: a router on the way (traceroute), and our own ARP", () => {
  const { host, ping, take } = session({ ttl: 1 });
  ping.send();
  const [first] = host.driver.take();
  assertEquals(ipOf(first!).ttl, 1);
  host.advance(3);
  const report = (type: number, code: number, about: Uint8Array, rest = 0) =>
    host.driver.receive(
      frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(type, code, rest, about), { protocol: 1 })),
    );
  report(11, 0, decode(first!).payload.subarray(0, 28));
  assertEquals(take(), ["ttl-exceeded 0 from 10.0.0.254 3ms mtu 0"]);
  ping.ttl = 2;
  ping.send();
  const [second] = host.driver.take();
  assertEquals(ipOf(second!).ttl, 2);
  report(3, 1, decode(second!).payload.subarray(0, 28));
  report(3, 1, decode(second!).payload.subarray(0, 28));
  assertEquals(take(), ["host-unreachable 1 from 10.0.0.254 0ms mtu 0"]);
  assertEquals(ping.statistics.errors, 2);
  ping.close();
  const other = session({ destination: ipv4(0x0a000009), identifier: 0x79, timeoutMs: 10_000 }, host);
  other.ping.send();
  host.advance(3000);
  assertEquals(other.take(), ["host-unreachable 0 from 10.0.0.1 3000ms mtu 0"]);
  other.ping.close();
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

Deno.test("a path too narrow for DF is reported with its MTU", () => {
  const { host, ping, take } = session({ destination: ipv4(0xc0000201), dontFragment: true, size: 1400 });
  host.neighbor("10.0.0.254");
  host.ip.routes.add({
    destination: { address: ipv4(0), length: 0 },
    gateway: ipv4(0x0a0000fe),
    netif: host.netif,
  });
  ping.send();
  const quoted = decode(host.driver.take()[0]!).payload.subarray(0, 28);
  host.driver.receive(
    frame(0x0800, packet("10.0.0.254", "10.0.0.1", icmp(3, 4, 1300, quoted), { protocol: 1 })),
  );
  assertEquals(take(), ["fragmentation-needed 0 from 10.0.0.254 0ms mtu 1300"]);
  assertEquals(ping.send(), "MESSAGE_TOO_LONG");
  ping.size = 1272;
  assertEquals(ping.send(), 1);
  ping.close();
  host.assertBalanced();
});

Deno.test("send() says why nothing was sent; a closed session is silent", () => {
  const { host, ping, answer, take } = session();
  host.pool.failAfter(0);
  assertEquals(ping.send(), "NO_BUFFERS");
  host.pool.failAfter(-1);
  assertEquals(ping.send(), 0);
  ping.close();
  ping.close();
  assertEquals(ping.send(), "CLOSED");
  answer(0);
  host.advance(5000);
  assertEquals(take(), []);
  const lost = session({ destination: ipv4(0xc0000201), identifier: 1 }, host);
  assertEquals(lost.ping.send(), "NETWORK_UNREACHABLE");
  assertEquals(lost.ping.statistics.transmitted, 0);
  lost.ping.close();
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

Deno.test("options are checked; identifiers are unique, and drawn if not given", () => {
  const { host, ping } = session();
  assertThrows(() => session({ size: 65_508, identifier: 5 }, host), RangeError, "0 to 65507");
  assertThrows(() => session({ size: -1, identifier: 5 }, host), RangeError);
  assertThrows(() => session({}, host), RangeError, "in use");
  assertThrows(() => session({ destination: ipv6(0, 0, 0, 1), identifier: 5 }, host), TypeError, "not IPv4");
  const others = Array.from({ length: 50 }, () => session({ identifier: undefined }, host).ping);
  assertEquals(new Set(others.map((p) => p.identifier)).size, 50);
  for (const p of [...others, ping]) p.close();
});

Deno.test("a ping to everybody takes replies of everybody", () => {
  const { ping, answer, take } = session({ destination: ipv4(0x0a0000ff) });
  ping.send();
  answer(0, { from: "10.0.0.5" });
  answer(0, { from: "10.0.0.6" });
  assertEquals(take(), ["reply 0 56B ttl 60 0ms", "reply 0 56B ttl 60 0ms late"]);
  ping.close();
});

Deno.test("numbers wrap, and what is remembered is bounded", () => {
  const { host, ping, answer } = session({ size: 0, timeoutMs: 1 });
  for (let i = 0; i < 70_000; i++) {
    assertEquals(ping.send(), i & 0xffff);
    host.driver.sent.length = 0;
    host.driver.gsoSizes.length = 0;
    if (i % 1000 === 0) host.advance(2);
  }
  answer((70_000 - 2000) & 0xffff);
  answer(69_999 & 0xffff);
  assertEquals([ping.statistics.received, ping.statistics.late], [1, 0]);
  assert(ping.statistics.timeouts > 68_000);
  ping.close();
  host.assertBalanced();
});
