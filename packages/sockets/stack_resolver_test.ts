import { assertEquals, assertRejects } from "@std/assert";
import { type DnsMessage, dnsRecord, dnsResponse, emitDnsMessage, parseDnsMessage } from "@lightwire/dns";
import { ipv4 } from "@lightwire/ip/address";
import { createLink, Simulation } from "@lightwire/netif/sim";
import { NetError } from "./errors.ts";
import { runSimulation } from "./sim.ts";
import { Stack } from "./stack.ts";

const WEB = ipv4(0x0a000001);
const text = (s: string) => new TextEncoder().encode(s);

function answer(bytes: Uint8Array, change: (query: DnsMessage) => Partial<DnsMessage>): Uint8Array {
  const query = parseDnsMessage(bytes);
  if (typeof query === "string") throw new Error(query);
  return emitDnsMessage(dnsResponse(query, change(query)));
}

/** A small zone; "long.test" does not fit a datagram. */
function zone(query: DnsMessage, isOverTcp: boolean): Partial<DnsMessage> {
  const { name, type } = query.questions[0]!;
  if (name === "long.test" && !isOverTcp) return { isTruncated: true };
  if (name === "long.test") {
    const strings = Array.from({ length: 20 }, () => new Uint8Array(200).fill(0x78));
    return { answers: [dnsRecord(name, 60, { type: "TXT", data: strings })] };
  }
  if (name === "broken.test") return { rcode: 2 };
  if (name === "www.test" && type === 1) {
    return {
      answers: [
        dnsRecord(name, 60, { type: "CNAME", data: "web.test" }),
        dnsRecord("web.test", 60, { type: "A", data: WEB }),
      ],
    };
  }
  if (name === "web.test" && type === 15) {
    return { answers: [dnsRecord(name, 60, { type: "MX", data: { preference: 5, exchange: "mx.test" } })] };
  }
  if (name === "web.test" && type === 16) {
    return { answers: [dnsRecord(name, 60, { type: "TXT", data: [text("a"), text("b")] })] };
  }
  if (name === "1.0.0.10.in-addr.arpa") {
    return { answers: [dnsRecord(name, 60, { type: "PTR", data: "web.test" })] };
  }
  return { rcode: name === "web.test" ? 0 : 3 };
}

async function serve(server: Stack): Promise<void> {
  const conn = await server.listen({ port: 53 }).accept();
  const into = new Uint8Array(1024);
  const count = await conn.read(into);
  const reply = answer(into.subarray(2, count!), (query) => zone(query, true));
  await conn.write(Uint8Array.of(reply.length >> 8, reply.length & 255, ...reply));
}

async function withZone(work: (host: Stack, server: Stack) => Promise<void>): Promise<void> {
  const sim = new Simulation({ seed: 1 });
  const [a, b] = createLink(sim, {});
  const server = new Stack({ pump: "manual", ...sim.host("server") });
  const host = new Stack({ pump: "manual", ...sim.host("host") });
  server.addInterface({ driver: a, addresses: ["10.0.0.1/24"] });
  host.addInterface({ driver: b, addresses: ["10.0.0.2/24"], dns: ["10.0.0.1"] });
  const endpoint = server.udp.open({ localPort: 53 });
  endpoint.onReceive = (p, info) => {
    const bytes = p.bytes.slice(p.start, p.end);
    p.release();
    endpoint.sendTo(answer(bytes, (query) => zone(query, false)), info.source, info.sourcePort);
  };
  serve(server).catch(() => {}); // closed with the stack when nobody asked over TCP
  try {
    await runSimulation(sim, work(host, server));
  } finally {
    host.close();
    server.close();
    sim.runUntilIdle(600_000);
    assertEquals(sim.pool.inUse, 0);
    sim.close();
  }
}

const codeOf = async (work: Promise<unknown>) => (await assertRejects(() => work, NetError)).code;

Deno.test("connect: to a name", () =>
  withZone(async (host, server) => {
    server.listen({ port: 80 });
    const conn = await host.connect({ hostname: "www.test", port: 80 });
    assertEquals(conn.remoteAddr.hostname, "10.0.0.1");
    conn.close();
    assertEquals(await host.lookup("www.test"), "10.0.0.1");
    assertEquals(await host.lookup("localhost"), "127.0.0.1");
  }));

Deno.test("names that are not found, and servers that fail", () =>
  withZone(async (host) => {
    const message = 'Cannot resolve "none.test": the name does not exist (10.0.0.1)';
    const error = await assertRejects(
      () => host.connect({ hostname: "none.test", port: 80 }),
      NetError,
      message,
    );
    assertEquals([error.code, error.name], ["NAME_NOT_FOUND", "NotFound"]);
    assertEquals(await codeOf(host.lookup("broken.test")), "NAME_SERVER_FAILED");
    assertEquals(await codeOf(host.resolveDns("web.test", "AAAA")), "NAME_NOT_FOUND");
    host.interfaces[1]!.nameServers = [];
    assertEquals(await codeOf(host.lookup("other.test")), "NAME_SERVER_FAILED");
  }));

Deno.test("resolveDns: the shapes of Deno", () =>
  withZone(async (host) => {
    assertEquals(await host.resolveDns("www.test", "A"), ["10.0.0.1"]);
    assertEquals(await host.resolveDns("web.test", "MX"), [{ preference: 5, exchange: "mx.test." }]);
    assertEquals(await host.resolveDns("web.test", "TXT"), [["a", "b"]]);
    assertEquals(await host.resolveDns("10.0.0.1", "PTR", { nameServer: { ipAddr: "10.0.0.1" } }), [
      "web.test.",
    ]);
    await assertRejects(() => host.resolveDns("x", "A", { nameServer: { ipAddr: "x" } }), TypeError);
  }));

Deno.test("queryDns: NXDOMAIN is an answer", () =>
  withZone(async (host) => {
    const record = { ttl: 60, type: "A" };
    assertEquals(await host.queryDns("www.test", "A"), {
      status: "NOERROR",
      server: "10.0.0.1",
      records: [
        { ...record, name: "www.test.", type: "CNAME", text: "web.test." },
        { ...record, name: "web.test.", text: "10.0.0.1" },
      ],
    });
    const none = { server: "10.0.0.1", records: [] };
    assertEquals(await host.queryDns("none.test", "A"), { status: "NXDOMAIN", ...none });
    assertEquals(await host.queryDns("broken.test", "A"), { status: "SERVFAIL", ...none });
    assertEquals(await host.queryDns("web.test", "SRV"), { status: "NOERROR", ...none });
    assertEquals(await codeOf(host.queryDns("a..b", "A")), "NAME_NOT_FOUND");
    assertEquals(await codeOf(host.queryDns("www.test", "A", { server: "10.0.0.9" })), "NAME_SERVER_FAILED");
  }));

Deno.test("truncated answers come over TCP (RFC 7766 §5)", () =>
  withZone(async (host) => {
    const [strings] = await host.resolveDns("long.test", "TXT");
    assertEquals([strings!.length, host.resolver.counters.tcp], [20, 1]);
  }));

Deno.test("aborting, and closing the stack, ends a look-up", () =>
  withZone(async (host) => {
    const options = { server: "10.0.0.9", signal: AbortSignal.abort(new Error("enough")) };
    await assertRejects(() => host.queryDns("www.test", "A", options), Error, "enough");
    const controller = new AbortController();
    const pending = host.queryDns("www.test", "A", { server: "10.0.0.9", signal: controller.signal });
    controller.abort(new Error("later"));
    await assertRejects(() => pending, Error, "later");
    assertEquals(host.resolver.questionCount, 0);
    const closing = codeOf(host.queryDns("www.test", "A", { server: "10.0.0.9" }));
    host.close();
    assertEquals(await closing, "CLOSED");
  }));
