import { assert, assertEquals } from "@std/assert";
import { concatenate, PbufPool } from "@lightwire/pbuf";
import { type IpDropReason, type IpTx, ipv4, parseIpAddressOrThrow } from "../mod.ts";
import {
  arp,
  checksum,
  decode,
  decodePacket,
  frame,
  ipOf,
  packet,
  TestHost,
  txTo,
} from "../testdata/harness.ts";

const PEER = 0x02_00_00_00_00_99;

function sender(mtu = 1500): TestHost {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"], mtu });
  host.neighbor("10.0.0.2");
  return host;
}

Deno.test("output() writes a header that a plain reading confirms (RFC 791 §3.1)", () => {
  const host = sender();
  const tx = txTo("10.0.0.2", 17, { tos: 0x2e, hopLimit: 63 });
  assert(host.ip.output(host.payload(13), tx));
  const [f] = host.driver.take();
  assertEquals(decode(f!).to, PEER);
  const { id: _id, ...header } = ipOf(f!);
  assertEquals(header, {
    tos: 0x2e,
    length: 33,
    flagsFragment: 0,
    ttl: 63,
    protocol: 17,
    source: "10.0.0.1",
    destination: "10.0.0.2",
    options: new Uint8Array(0),
    payload: new Uint8Array(13).fill(0xa5),
  });
  assertEquals([host.ip.counters.outRequests, host.ip.counters.outTransmits], [1, 1]);
  host.assertBalanced();
});

Deno.test("identifications do not repeat soon for one pair of hosts, and differ between pairs (RFC 6864 §4.2)", () => {
  const host = sender();
  host.neighbor("10.0.0.3");
  const ids = new Set<number>();
  const tx = txTo("10.0.0.2", 17);
  for (let i = 0; i < 1000; i++) host.ip.output(host.payload(1), tx);
  for (const f of host.driver.take()) ids.add(ipOf(f).id);
  assertEquals(ids.size, 1000);
  host.ip.output(host.payload(1), txTo("10.0.0.3", 17));
  host.ip.output(host.payload(1), txTo("10.0.0.3", 6));
  const [a, b] = host.driver.take().map((f) => ipOf(f).id);
  assert(Math.abs(a! - b!) > 1);
  host.assertBalanced();
});

Deno.test("DF is set when asked for, and its identifications count up per flow", () => {
  const host = sender();
  const tx = txTo("10.0.0.2", 6, { dontFragment: true });
  for (let i = 0; i < 3; i++) host.ip.output(host.payload(1), tx);
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.map((p) => p.flagsFragment), [0x4000, 0x4000, 0x4000]);
  assertEquals(sent.map((p) => p.id - sent[0]!.id), [0, 1, 2]);
});

Deno.test("a datagram too long for the link is cut into multiples of eight (lwIP test_ip4 frag)", () => {
  const host = sender(576);
  const payload = host.pool.acquire(2000)!;
  for (let i = 0; i < 2000; i++) payload.bytes[payload.start + i] = i * 7;
  const expected = payload.bytes.slice(payload.start, payload.end);
  assert(host.ip.output(payload, txTo("10.0.0.2", 17)));
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.map((p) => p.length), [572, 572, 572, 20 + 2000 - 3 * 552]);
  assertEquals(sent.map((p) => p.flagsFragment), [0x2000, 0x2000 | 69, 0x2000 | 138, 207]);
  assertEquals(new Set(sent.map((p) => p.id)).size, 1);
  const joined = new Uint8Array(2000);
  let at = 0;
  for (const p of sent) {
    joined.set(p.payload, at);
    at += p.payload.length;
  }
  assertEquals(joined, expected);
  assertEquals(
    [host.ip.counters.outFragReqds, host.ip.counters.outFragOKs, host.ip.counters.outFragCreates],
    [1, 1, 4],
  );
  host.assertBalanced();
});

Deno.test("fragments of a chain of tiny nodes carry its bytes in order", () => {
  const host = sender(68);
  const head = host.pool.acquire(3)!;
  head.bytes.set([0, 1, 2], head.start);
  for (let i = 1; i < 40; i++) {
    const node = host.pool.acquire(3)!;
    node.bytes.set([3 * i, 3 * i + 1, 3 * i + 2], node.start);
    concatenate(head, node);
  }
  assert(host.ip.output(head, txTo("10.0.0.2", 17)));
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.map((p) => p.payload.length), [48, 48, 24]);
  assertEquals(sent.flatMap((p) => [...p.payload]), Array.from({ length: 120 }, (_, i) => i));
  host.assertBalanced();
});

Deno.test("fragments carry the options that are to be copied, and only those (RFC 791 §3.1)", () => {
  const host = sender(100);
  const recordRoute = [7, 7, 4, 0, 0, 0, 0, 0];
  const options = Uint8Array.of(148, 4, 0, 0, ...recordRoute);
  assert(host.ip.output(host.payload(150), txTo("10.0.0.2", 17, { options })));
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.map((p) => [...p.options]), [[148, 4, 0, 0, ...recordRoute], [148, 4, 0, 0], [
    148,
    4,
    0,
    0,
  ]]);
  // Every fragment leaves room for the longest header.
  assertEquals(sent.map((p) => p.payload.length), [64, 64, 22]);
  host.assertBalanced();
});

Deno.test("a partial checksum is completed before a packet is cut", () => {
  const host = new TestHost({}, {
    addresses: ["10.0.0.1/24"],
    mtu: 100,
    capabilities: { txChecksum: true, rxChecksum: false, gsoMaxBytes: 0, gro: false },
  });
  host.neighbor("10.0.0.2");
  const tx = txTo("10.0.0.2", 17);
  assertEquals(host.ip.prepare(tx), undefined);
  assert(tx.canOffloadChecksum);
  const p = host.payload(150);
  p.view.setUint16(p.start + 6, 0x1234); // stands for the sum of a pseudo header
  p.checksumStart = p.start;
  p.checksumOffset = 6;
  assert(host.ip.output(p, tx));
  const bytes = host.driver.take().flatMap((f) => [...ipOf(f).payload]);
  const field = (bytes[6]! << 8) | bytes[7]!;
  bytes[6] = 0x12;
  bytes[7] = 0x34;
  assertEquals(field, checksum(Uint8Array.from(bytes)));
  host.assertBalanced();
});

Deno.test("too long with DF, and beyond 65,535 bytes, is refused", () => {
  const host = sender();
  const reasons: IpDropReason[] = [];
  host.ip.hooks.dropped = (reason) => reasons.push(reason);
  assert(!host.ip.output(host.payload(1481), txTo("10.0.0.2", 17, { dontFragment: true })));
  assert(host.ip.output(host.payload(1480), txTo("10.0.0.2", 17, { dontFragment: true })));
  assert(!host.ip.output(host.payload(65_516), txTo("10.0.0.2", 17)));
  assert(host.ip.output(host.payload(65_515), txTo("10.0.0.2", 17)));
  assertEquals(host.driver.take().length, 1 + Math.ceil(65_515 / 1480));
  assertEquals(reasons, ["too-big", "too-big"]);
  host.assertBalanced();
});

Deno.test("a super-segment goes down whole", () => {
  const host = new TestHost({}, {
    addresses: ["10.0.0.1/24"],
    capabilities: { txChecksum: true, rxChecksum: true, gsoMaxBytes: 65_535, gro: true },
  });
  host.neighbor("10.0.0.2");
  const tx = txTo("10.0.0.2", 6, { dontFragment: true });
  host.ip.prepare(tx);
  assertEquals(tx.gsoMaxBytes, 65_535);
  const p = host.payload(60_000);
  p.gsoSize = 1460;
  assert(host.ip.output(p, tx));
  const q = host.payload(1);
  assert(host.ip.output(q, tx));
  const [big, small] = host.driver.take().map(ipOf);
  assertEquals(big!.length, 60_020);
  assertEquals(host.driver.gsoSizes, [1460, 0]);
  assertEquals(small!.id - big!.id, Math.ceil(60_020 / 1460));
  host.assertBalanced();
});

Deno.test("a packet in foreign memory gets its header in a node of its own", () => {
  const host = sender();
  const foreign = host.pool.wrap(Uint8Array.of(1, 2, 3))!;
  assert(host.ip.output(foreign, txTo("10.0.0.2", 253)));
  assertEquals(ipOf(host.driver.take()[0]!).payload, Uint8Array.of(1, 2, 3));
  host.assertBalanced();
});

Deno.test("prepare() chooses route and source, and does nothing while nothing changed", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24", "192.168.0.1/24"] }, {
    addresses: ["10.1.0.1/24"],
  });
  host.ip.routes.add({
    destination: { address: ipv4(0), length: 0 },
    gateway: ipv4(0x0a0100fe),
    netif: host.netifs[1]!,
  });
  const tx = txTo("192.168.0.7", 6);
  assertEquals(host.ip.prepare(tx), undefined);
  assertEquals([tx.source.toString(), tx.netif!.name, tx.nextHop.toString(), tx.pathMtu], [
    "192.168.0.1",
    "en0",
    "192.168.0.7",
    1500,
  ]);
  const far = txTo("192.0.2.1", 6);
  assertEquals(host.ip.prepare(far), undefined);
  assertEquals([far.source.toString(), far.netif!.name, far.nextHop.toString()], [
    "10.1.0.1",
    "en1",
    "10.1.0.254",
  ]);
  const { generation } = far;
  far.pathMtu = 1;
  host.ip.prepare(far);
  assertEquals([far.generation, far.pathMtu], [generation, 1]);
  host.netifs[1]!.setMtu(1400);
  host.ip.prepare(far);
  assertEquals(far.pathMtu, 1400);
});

Deno.test("prepare() says why a packet cannot go", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, {});
  const prepare = (to: string, o: Partial<IpTx> = {}) => host.ip.prepare(txTo(to, 17, o));
  assertEquals(prepare("192.0.2.1"), "NETWORK_UNREACHABLE");
  assertEquals(prepare("0.0.0.0"), "NETWORK_UNREACHABLE");
  assertEquals(prepare("127.0.0.1"), "NETWORK_UNREACHABLE");
  assertEquals(prepare("2001:db8::1"), "NETWORK_UNREACHABLE");
  assertEquals(prepare("10.0.0.2", { source: ipv4(0x0a000009) }), "ADDRESS_NOT_AVAILABLE");
  assertEquals(prepare("10.0.0.2", { source: parseIpAddressOrThrow("::1") }), "ADDRESS_NOT_AVAILABLE");
  assertEquals(prepare("10.0.0.255", { allowBroadcast: false }), "ACCESS_DENIED");
  assertEquals(prepare("255.255.255.255", { allowBroadcast: false }), "ACCESS_DENIED");
  assertEquals(prepare("10.0.0.2", { boundNetif: host.netifs[1] }), "NETWORK_UNREACHABLE");
  assertEquals(
    prepare("255.255.255.255", { boundNetif: host.netifs[1], allowUnspecifiedSource: true }),
    undefined,
  );
  host.netif.setDown();
  assertEquals(prepare("10.0.0.2"), "NETWORK_UNREACHABLE");
  assertEquals(prepare("10.0.0.2", { boundNetif: host.netif }), "NETWORK_DOWN");
  assertEquals(prepare("224.1.1.1", { boundNetif: host.netif }), "NETWORK_DOWN");
  assert(!host.ip.output(host.payload(1), txTo("10.0.0.2", 17)));
  assertEquals([host.ip.counters.outNoRoutes, host.ip.counters.drops["no-route"]], [1, 1]);
  host.assertBalanced();
});

Deno.test("broadcasts of both kinds go to every station, with the source of their interface", () => {
  const host = sender();
  host.ip.output(host.payload(1), txTo("255.255.255.255", 17));
  host.ip.output(host.payload(1), txTo("10.0.0.255", 17));
  for (const f of host.driver.take()) {
    assertEquals(decode(f).to, 0xffff_ffff_ffff);
    assertEquals(ipOf(f).source, "10.0.0.1");
  }
  assertEquals(host.ip.counters.outBcastPkts, 2);
  const bare = new TestHost({}, {});
  const tx = txTo("255.255.255.255", 17, { boundNetif: bare.netif, allowUnspecifiedSource: true });
  assert(bare.ip.output(bare.payload(1), tx));
  assertEquals(ipOf(bare.driver.take()[0]!).source, "0.0.0.0");
});

Deno.test("multicast goes to the group's station address, and back to us if we are a member (RFC 1112 §6)", () => {
  const host = sender();
  const heard: string[] = [];
  host.ip.openRaw(253, (p, rx) => {
    heard.push(`${rx.source} > ${rx.destination} ${rx.netif.name}`);
    p.release();
    return true;
  });
  const group = ipv4(0xef8a0203);
  const send = (o: Partial<IpTx> = {}) => {
    assert(host.ip.output(host.payload(4), txTo(group, 253, { hopLimit: 1, ...o })));
    host.advance(0);
    return host.driver.take().filter((f) => f[23] === 253);
  };
  const [f] = send();
  assertEquals(decode(f!).to, 0x01_00_5e_0a_02_03);
  assertEquals(heard, []);
  host.ip.joinGroup(host.netif, group);
  assertEquals(send().length, 1);
  assertEquals(heard, ["10.0.0.1 > 239.138.2.3 en0"]);
  assertEquals(send({ multicastLoop: false }).length, 1);
  assertEquals(heard.length, 1);
  assertEquals(send({ hopLimit: 0 }).length, 0); // never leaves the host
  assertEquals(heard.length, 2);
  host.advance(60_000);
  host.assertBalanced();
});

Deno.test("multicast leaves by the interface it is bound to, whose source it has, the default one, or a route's", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.1.0.1/24"] });
  const [en0, en1] = host.netifs;
  const outOf = (o: Partial<IpTx> = {}) => {
    host.ip.output(host.payload(1), txTo("239.1.1.1", 253, o));
    return host.drivers.map((d) => d.take().length).indexOf(1);
  };
  assertEquals(outOf(), 0);
  assertEquals(outOf({ boundNetif: en1 }), 1);
  assertEquals(outOf({ source: ipv4(0x0a010001) }), 1);
  host.ip.defaultMulticastNetif = en1;
  host.ip.generation++;
  assertEquals(outOf(), 1);
  assertEquals(outOf({ boundNetif: en0 }), 0);
  host.ip.defaultMulticastNetif = undefined;
  host.ip.routes.add({ destination: { address: ipv4(0xe0000000), length: 4 }, netif: en1! });
  assertEquals(outOf(), 1);
});

Deno.test("packets to ourselves come back later and bounded where there is no loopback interface", () => {
  const host = new TestHost({ loopQueueMax: 3 });
  let got = 0;
  host.ip.openRaw(253, (p) => {
    got++;
    p.release();
    return true;
  });
  const sent = [1, 2, 3, 4].map(() => host.ip.output(host.payload(4), txTo("10.0.0.1", 253)));
  assertEquals([sent, got], [[true, true, true, false], 0]);
  host.advance(0);
  assertEquals(got, 3);
  assertEquals(host.ip.counters.drops["loop-queue-full"], 1);
  assertEquals(host.driver.take(), []);
  host.ip.output(host.payload(4), txTo("10.0.0.1", 253));
  host.ip.removeNetif(host.netif);
  host.advance(0);
  host.assertBalanced();
});

Deno.test("a point-to-point link needs neither neighbours nor, if bound, routes", () => {
  const host = new TestHost({}, { medium: "ip", addresses: ["10.9.0.2/32"] });
  assertEquals(host.ip.prepare(txTo("10.9.0.1", 17)), "NETWORK_UNREACHABLE");
  host.ip.output(host.payload(3), txTo("10.9.0.1", 17, { boundNetif: host.netif }));
  host.ip.routes.add({ destination: { address: ipv4(0), length: 0 }, netif: host.netif });
  host.ip.output(host.payload(3), txTo("192.0.2.1", 17));
  assertEquals(host.driver.take().map((f) => decodePacket(f).destination), ["10.9.0.1", "192.0.2.1"]);
  assertEquals([...host.ip.neighbors.entries()].length, 0);
});

Deno.test("hook IP4_ROUTE is asked when no route leads there", () => {
  const host = sender();
  host.neighbor("10.0.0.254", 0x02_54);
  host.ip.hooks.ip4Route = (to, from) => {
    assertEquals(from.toString(), "0.0.0.0");
    return to.w3 >>> 24 === 192 ? { netif: host.netif, gateway: ipv4(0x0a0000fe) } : undefined;
  };
  assert(host.ip.output(host.payload(1), txTo("192.0.2.1", 17)));
  assertEquals(decode(host.driver.take()[0]!).to, 0x02_54);
  assertEquals(host.ip.prepare(txTo("172.16.0.1", 17)), "NETWORK_UNREACHABLE");
});

Deno.test("source selection: the next hop's network, then not link-local, then any, then another interface's", () => {
  const source = (addresses: string[], strongHost: boolean, others: string[] = []) => {
    const host = new TestHost({ strongHost }, { addresses }, { addresses: others });
    host.ip.routes.add({
      destination: { address: ipv4(0), length: 0 },
      gateway: ipv4(0x0a0000fe),
      netif: host.netif,
    });
    const tx = txTo("192.0.2.1", 17);
    return host.ip.prepare(tx) ?? tx.source.toString();
  };
  assertEquals(source(["192.168.0.1/24", "10.0.0.1/24"], false), "10.0.0.1");
  assertEquals(source(["169.254.0.1/16", "192.168.0.1/24"], false), "192.168.0.1");
  assertEquals(source(["169.254.0.1/16"], false), "169.254.0.1");
  assertEquals(source([], false, ["192.168.7.1/24"]), "192.168.7.1");
  assertEquals(source([], true, ["192.168.7.1/24"]), "ADDRESS_NOT_AVAILABLE");
});

Deno.test("replies leave where their address lives (esp-lwip ip4_route_src)", () => {
  const host = new TestHost({}, { addresses: ["10.0.0.1/24"] }, { addresses: ["10.0.0.2/24"] });
  for (const [i, source] of ["10.0.0.1", "10.0.0.2"].entries()) {
    host.neighbor("10.0.0.9", PEER, host.netifs[i]!);
    host.ip.output(host.payload(1), txTo("10.0.0.9", 17, { source: parseIpAddressOrThrow(source) }));
    assertEquals(host.drivers.map((d) => d.take().length).indexOf(1), i);
  }
});

Deno.test("a full link drops, counts and tells; nothing leaks on any failed allocation", () => {
  const host = sender(200);
  host.driver.isFull = true;
  const tx = txTo("10.0.0.2", 17);
  let refused = 0;
  for (let i = 0; i < 1100; i++) if (!host.ip.output(host.payload(100), tx)) refused++;
  assertEquals(refused, 100);
  assertEquals(host.ip.counters.drops["link-full"], 100);
  host.driver.isFull = false;
  host.driver.sink.linkWritable();
  for (let n = 0; n < 12; n++) {
    const p = host.payload(1000);
    const q = host.pool.wrap(new Uint8Array(50))!;
    host.pool.failAfter(n);
    host.ip.output(p, tx);
    host.ip.output(q, tx);
    host.pool.failAfter(-1);
  }
  assert(host.ip.counters.drops["no-buffers"] > 0);
  host.driver.take();
  host.assertBalanced();
});

Deno.test("IP_HDRINCL: length and checksum are filled in, source and identification if 0, and it may be cut", () => {
  const host = sender(576);
  const raw = host.ip.openRaw(253, () => false);
  raw.isHeaderIncluded = true;
  const given = packet("0.0.0.0", "10.0.0.2", new Uint8Array(700).fill(3), { id: 0, ttl: 7, totalLength: 1 });
  assertEquals(raw.send(given), undefined);
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.map((p) => [p.source, p.ttl, p.length]), [["10.0.0.1", 7, 572], ["10.0.0.1", 7, 168]]);
  assertEquals(raw.send(packet("1.2.3.4", "10.0.0.2", new Uint8Array(4))), undefined);
  assertEquals(ipOf(host.driver.take()[0]!).source, "1.2.3.4");
  assertEquals(
    raw.send(packet("1.2.3.4", "10.0.0.2", new Uint8Array(700), { flagsFragment: 0x4000 })),
    "NO_BUFFERS",
  );
  assertEquals(raw.send(new Uint8Array(19)), "INVALID_STATE");
  assertEquals(raw.send(new Uint8Array(30).fill(0x66)), "INVALID_STATE");
  assertEquals(raw.send(packet("0.0.0.0", "192.0.2.1", new Uint8Array(4))), "NETWORK_UNREACHABLE");
  host.assertBalanced();
});

Deno.test("a dying neighbour entry does not hold a prepared flow", () => {
  const host = new TestHost();
  const tx = txTo("10.0.0.2", 253);
  host.ip.output(host.payload(1), tx);
  host.advance(5000);
  host.ip.output(host.payload(1), tx);
  host.driver.receive(frame(0x0806, new Uint8Array(28)));
  const requests = host.driver.take().filter((f) => decode(f).etherType === 0x0806);
  assertEquals(requests.length, 4);
  host.advance(5000);
  host.assertBalanced();
});

Deno.test("another pool's packets are released to it", () => {
  const host = sender();
  const pool = new PbufPool([{ slotBytes: 256, slots: 2 }]);
  for (let i = 0; i < 10; i++) assert(host.ip.output(pool.acquire(10)!, txTo("10.0.0.2", 17)));
  assertEquals(pool.inUse, 0);
});

Deno.test("a large datagram waits for its neighbour in one piece, and is cut when its turn comes", () => {
  const host = new TestHost();
  const tx = txTo("10.0.0.2", 17);
  assert(host.ip.output(host.payload(65_507), tx));
  assert(host.ip.output(host.payload(3000), tx));
  assertEquals([host.ip.neighbors.queued, host.driver.take().length], [2, 1]);
  host.driver.receive(frame(0x0806, arp(2, PEER, "10.0.0.2", 0x02_00_00_00_00_01, "10.0.0.1")));
  const sent = host.driver.take().map(ipOf);
  assertEquals(sent.length, Math.ceil(65_507 / 1480) + 3);
  assertEquals(sent.reduce((sum, p) => sum + p.payload.length, 0), 68_507);
  assertEquals(host.ip.counters.outFragOKs, 2);
  // In DELAY, cut by what is known of the path.
  host.ip.pathMtu.report(ipv4(0x0a000002), 1000, 1500, 1500);
  host.advance(60_000);
  assert(host.ip.output(host.payload(1400), tx));
  assertEquals(host.driver.take().map((f) => ipOf(f).length), [996, 444]);
  host.advance(60_000);
  host.assertBalanced();
});

Deno.test("a large datagram whose neighbour does not answer is reported once", () => {
  const host = new TestHost();
  let errors = 0;
  host.ip.onError(() => errors++);
  host.ip.output(host.payload(8000), txTo("10.0.0.2", 17));
  host.advance(5000);
  assertEquals(errors, 1);
  host.assertBalanced();
});
