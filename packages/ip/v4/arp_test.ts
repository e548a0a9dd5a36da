import { assert, assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import { ipv4 } from "../mod.ts";
import { arp, decode, frame, ipOf, TestHost, txTo } from "../testdata/harness.ts";

const OURS = 0x02_00_00_00_00_01;
const PEER = 0x02_00_00_00_00_99;
const BROADCAST = 0xffff_ffff_ffff;

const arpOf = (bytes: Uint8Array) => {
  const { to, etherType, payload } = decode(bytes);
  assertEquals(etherType, 0x0806);
  return { to, payload };
};

Deno.test("a first packet asks for its neighbour by broadcast, and goes when the answer is there (RFC 826)", () => {
  const host = new TestHost();
  const tx = txTo("10.0.0.2", 253);
  assert(host.ip.output(host.payload(10), tx));
  host.ip.flush();
  const [request, ...none] = host.driver.take();
  assertEquals(none, []);
  assertEquals(arpOf(request!), {
    to: BROADCAST,
    // scapy 2.5.0: ARP(op=1,hwsrc='02:00:00:00:00:01',psrc='10.0.0.1',hwdst='00:00:00:00:00:00',pdst='10.0.0.2')
    payload: parseHex("0001 0800 06 04 0001  020000000001 0a000001  000000000000 0a000002"),
  });
  host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.2", OURS, "10.0.0.1")));
  const [packet] = host.driver.take();
  assertEquals(decode(packet!).to, PEER);
  assertEquals(ipOf(packet!).destination, "10.0.0.2");
  assertEquals(host.ip.neighbors.lookup(host.netif, ipv4(0x0a000002))!.state, "REACHABLE");
  host.ip.output(host.payload(10), tx);
  assertEquals(decode(host.driver.take()[0]!).to, PEER);
  host.assertBalanced();
});

Deno.test("a request for an address of ours is answered to its sender, who becomes known", () => {
  const host = new TestHost();
  host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.2", 0, "10.0.0.1"), BROADCAST));
  const [reply] = host.driver.take();
  assertEquals(arpOf(reply!), { to: PEER, payload: arp(2, OURS, "10.0.0.1", PEER, "10.0.0.2") });
  assertEquals(host.ip.neighbors.lookup(host.netif, ipv4(0x0a000002))!.state, "STALE");
  host.ip.output(host.payload(10), txTo("10.0.0.2", 253));
  assertEquals(decode(host.driver.take()[0]!).to, PEER);
  host.assertBalanced();
});

Deno.test("requests for addresses of others are not answered, and teach nothing new", () => {
  const host = new TestHost();
  host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.2", 0, "10.0.0.3"), BROADCAST));
  assertEquals(host.driver.take(), []);
  assertEquals([...host.ip.neighbors.entries()].length, 0);
  assertEquals(host.ip.arp.counters.inIgnored, 1);
});

Deno.test("a probe is answered, but its sender has no address to learn (RFC 5227 §1.1)", () => {
  const host = new TestHost();
  host.driver.receive(frame(0x0806, arp(1, PEER, "0.0.0.0", 0, "10.0.0.1"), BROADCAST));
  assertEquals(arpOf(host.driver.take()[0]!).payload, arp(2, OURS, "10.0.0.1", PEER, "0.0.0.0"));
  assertEquals([...host.ip.neighbors.entries()].length, 0);
});

Deno.test("a reply nobody asked for makes no entry; one for a known neighbour makes it STALE", () => {
  const host = new TestHost();
  const forged = frame(0x0806, arp(2, PEER, "10.0.0.2", OURS, "10.0.0.1"));
  host.driver.receive(forged);
  assertEquals([...host.ip.neighbors.entries()].length, 0);
  host.ip.output(host.payload(10), txTo("10.0.0.2", 253));
  host.driver.receive(forged);
  const entry = host.ip.neighbors.lookup(host.netif, ipv4(0x0a000002))!;
  assertEquals(entry.state, "REACHABLE");
  // A gratuitous ARP of another station: fail-over. It is believed, and verified at the next packet.
  host.driver.receive(frame(0x0806, arp(1, 0x02_77, "10.0.0.2", 0, "10.0.0.2"), BROADCAST));
  assertEquals([entry.state, entry.linkAddress], ["STALE", 0x02_77]);
  host.driver.take();
  host.ip.output(host.payload(10), txTo("10.0.0.2", 253));
  host.advance(5000);
  const probe = host.driver.take()[1]!;
  assertEquals(arpOf(probe), { to: 0x02_77, payload: arp(1, OURS, "10.0.0.1", 0, "10.0.0.2") });
  host.driver.receive(frame(0x0806, arp(2, 0x02_77, "10.0.0.2", OURS, "10.0.0.1")));
  assertEquals(entry.state, "REACHABLE");
  host.assertBalanced();
});

Deno.test("impossible senders are not believed (RFC 1812 §3.3.2)", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24", "10.0.0.7/24"] });
  for (
    const [mac, address] of [
      [BROADCAST, "10.0.0.2"],
      [0x01_00_5e_00_00_01, "10.0.0.2"],
      [0, "10.0.0.2"],
      [PEER, "224.0.0.1"],
      [PEER, "127.0.0.1"],
      [PEER, "255.255.255.255"],
      [PEER, "10.0.0.255"],
      [PEER, "10.0.0.7"],
      [OURS, "10.0.0.2"],
    ] as const
  ) {
    host.driver.receive(frame(0x0806, arp(1, mac, address, 0, "10.0.0.1"), BROADCAST));
    assertEquals([...host.ip.neighbors.entries()].length, 0, address);
    host.driver.take();
  }
});

Deno.test("malformed ARP is counted and dropped at every length", () => {
  const host = new TestHost();
  const good = arp(1, PEER, "10.0.0.2", 0, "10.0.0.1");
  for (let n = 0; n < 28; n++) host.driver.receive(frame(0x0806, good.subarray(0, n), BROADCAST));
  assertEquals(host.ip.arp.counters.inErrors, 28);
  assertEquals(host.driver.take(), []);
  host.assertBalanced();
});

Deno.test("a neighbour that does not answer: the transport of each waiting packet hears of it (RFC 1122 §2.3.2.2)", () => {
  const host = new TestHost();
  const errors: string[] = [];
  host.ip.registerProtocol({
    protocol: 253,
    ipInput: () => "protocol-unreachable",
    ipError: (e) =>
      errors.push(`${e.kind} ${e.localAddress} > ${e.remoteAddress} ${e.quoted.getUint32(e.quotedOffset)}`),
    inputBatchEnd: () => {},
    addressChanged: () => {},
  });
  for (let i = 0; i < 2; i++) host.ip.output(host.payload(10, i), txTo("10.0.0.2", 253));
  host.advance(2999);
  assertEquals(errors, []);
  host.advance(1);
  assertEquals(errors, [
    "host-unreachable 10.0.0.1 > 10.0.0.2 0",
    "host-unreachable 10.0.0.1 > 10.0.0.2 16843009",
  ]);
  assertEquals(host.ip.arp.counters.outRequests, 3);
  assertEquals(host.timers.size, 0);
  host.assertBalanced();
});

Deno.test("entries of one link are gone when it goes down, and static ones stay", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.1.0.1/24"] });
  host.neighbor("10.0.0.2");
  for (const [i, peer] of ["10.0.0.3", "10.1.0.3"].entries()) {
    const own = `10.${i}.0.1`;
    host.drivers[i]!.receive(frame(0x0806, arp(1, PEER, peer, 0, own), BROADCAST));
  }
  host.netif.setDown();
  assertEquals([...host.ip.neighbors.entries()].map((e) => e.address.toString()), ["10.0.0.2", "10.1.0.3"]);
  host.ip.removeNetif(host.netif);
  assertEquals([...host.ip.neighbors.entries()].map((e) => e.address.toString()), ["10.1.0.3"]);
});

Deno.test("the same address on two links is two neighbours (lwIP's ETHARP_TABLE_MATCH_NETIF)", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.0.0.4/24"] });
  host.drivers[0]!.receive(frame(0x0806, arp(1, 0x02_01, "10.0.0.9", 0, "10.0.0.1"), BROADCAST));
  host.drivers[1]!.receive(frame(0x0806, arp(1, 0x02_02, "10.0.0.9", 0, "10.0.0.4"), BROADCAST));
  host.drivers.forEach((d) => d.take());
  for (const [i, source] of [0x0a000001, 0x0a000004].entries()) {
    host.ip.output(host.payload(1), txTo("10.0.0.9", 253, { source: ipv4(source) }));
    assertEquals(decode(host.drivers[i]!.take()[0]!).to, 0x02_01 + i);
  }
  host.assertBalanced();
});

Deno.test("hook ETHARP_GET_GW chooses another router, hook arpFilter another interface", () => {
  const host = new TestHost();
  host.ip.routes.add({
    destination: { address: ipv4(0), length: 0 },
    gateway: ipv4(0x0a0000fe),
    netif: host.netif,
  });
  host.neighbor("10.0.0.253", 0x02_53);
  host.neighbor("10.0.0.254", 0x02_54);
  host.ip.hooks.arpGetGateway = (_netif, to) => to.w3 === 0xc0000201 ? ipv4(0x0a0000fd) : undefined;
  host.ip.output(host.payload(1), txTo("192.0.2.1", 253));
  host.ip.output(host.payload(1), txTo("192.0.2.2", 253));
  assertEquals(host.driver.take().map((f) => decode(f).to), [0x02_53, 0x02_54]);
  host.ip.hooks.arpFilter = () => undefined;
  host.driver.receive(frame(0x0806, arp(1, PEER, "10.0.0.2", 0, "10.0.0.1"), BROADCAST));
  assertEquals(host.driver.take(), []);
  host.assertBalanced();
});

Deno.test("no request goes out while memory is short, and nothing leaks", () => {
  const host = new TestHost();
  const p = host.payload(10);
  host.pool.failAfter(0);
  assert(host.ip.output(p, txTo("10.0.0.2", 253)));
  assertEquals(host.ip.arp.counters.outErrors, 1);
  host.pool.failAfter(-1);
  host.advance(10_000);
  host.assertBalanced();
});

Deno.test("replies are limited by a token bucket", () => {
  const host = new TestHost({ arpReplyRate: { perSecond: 10, burst: 3 } });
  const ask = frame(0x0806, arp(1, PEER, "10.0.0.2", 0, "10.0.0.1"), BROADCAST);
  for (let i = 0; i < 10; i++) host.driver.receive(ask);
  assertEquals([host.driver.take().length, host.ip.arp.counters.outRateLimited], [3, 7]);
  host.advance(100);
  host.driver.receive(ask);
  assertEquals(host.driver.take().length, 1);
});
