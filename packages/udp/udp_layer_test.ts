import { assertEquals, assertThrows } from "@std/assert";
import { concatenate, type Pbuf } from "@lightwire/pbuf";
import { NetError } from "@lightwire/netif";
import { IPV4_ANY, IPV4_BROADCAST } from "@lightwire/ip";
import { UdpLayer, type UdpRxInfo } from "./mod.ts";
import { address, bytesOf, datagram, FakeNetwork, testNetif } from "./testdata/fake_network.ts";

const A = address("10.0.0.1");
const PEER = address("10.0.0.2");
const text = (p: Pbuf) => {
  const s = new TextDecoder().decode(bytesOf(p));
  p.release();
  return s;
};

function setUp(o: ConstructorParameters<typeof UdpLayer>[2] = {}) {
  const ip = new FakeNetwork();
  const udp = new UdpLayer(ip, ip, o);
  const heard: string[] = [];
  const hear = (name: string) => (p: Pbuf, info: UdpRxInfo) =>
    void heard.push(`${name}: ${text(p)} from ${info.source}:${info.sourcePort}`);
  return { ip, udp, heard, hear };
}

Deno.test("open() gives an ephemeral port from 49152 up, each its own (RFC 6056)", () => {
  const { udp } = setUp();
  const ports = new Set<number>();
  for (let i = 0; i < 100; i++) ports.add(udp.open().localPort);
  assertEquals(ports.size, 100);
  // Neighbours of a port that was seen say nothing about the next one (RFC 5452 §9.2).
  const inOrder = [...ports];
  const steps = inOrder.slice(1).filter((port, i) => Math.abs(port - inOrder[i]!) <= 2).length;
  assertEquals(steps < 5, true, `${steps} steps of at most 2`);
  assertEquals(Math.min(...ports) >= 49152, true);
  assertEquals(udp.endpointCount, 100);
});

Deno.test("open() refuses a bound port, a foreign address, a bad port, and more endpoints than the bound", () => {
  const { udp } = setUp({ maxEndpoints: 2 });
  udp.open({ localPort: 7 });
  assertThrows(() => udp.open({ localPort: 7 }), NetError, "Cannot bind 0.0.0.0 port 7: in use");
  assertThrows(() => udp.open({ localAddress: address("10.0.0.77") }), NetError, "not an address of ours");
  udp.open({ localAddress: address("10.0.0.255"), localPort: 9 }).close(); // directed broadcast
  assertThrows(() => udp.open({ localPort: 65536 }), RangeError, "Cannot bind port 65536");
  assertThrows(() => udp.open({ lite: true, sendCoverage: 7 }), RangeError, "Cannot cover 7 bytes");
  udp.open({ localPort: 7, lite: true }); // ports of UDP-Lite are apart
  udp.open({ localPort: 8 });
  assertThrows(() => udp.open(), NetError, "all 2 are in use");
  assertEquals(udp.counters.endpointsRefused, 1);
});

Deno.test("ipInput() hands up payload and addresses, and cuts off what lies behind the length", () => {
  const { ip, udp, heard, hear } = setUp();
  udp.open({ localPort: 7, onReceive: hear("a") });
  const bytes = new Uint8Array([...datagram(99, 7, "hi"), 1, 2, 3]); // Ethernet padding
  assertEquals(udp.ipInput(ip.packet(bytes), ip.rx()), "delivered");
  assertEquals(heard, ["a: hi from 10.0.0.2:99"]);
  assertEquals(udp.counters.udpInDatagrams, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("ipInput() delivers empty datagrams, and chains cut anywhere", () => {
  const { ip, udp, heard, hear } = setUp();
  udp.open({ localPort: 7, onReceive: hear("a") });
  udp.ipInput(ip.packet(datagram(99, 7, "")), ip.rx());
  for (let cut = 0; cut <= 10; cut++) {
    const bytes = new Uint8Array([...datagram(99, 7, "hi"), 0xee]);
    const p = ip.packet(bytes.subarray(0, cut));
    concatenate(p, ip.packet(bytes.subarray(cut)));
    udp.ipInput(p, ip.rx());
    const empty = datagram(99, 7, "");
    const q = ip.packet(empty.subarray(0, Math.min(cut, 8)));
    concatenate(q, ip.packet(empty.subarray(Math.min(cut, 8))));
    udp.ipInput(q, ip.rx());
  }
  assertEquals(heard.filter((h) => h === "a: hi from 10.0.0.2:99").length, 11);
  assertEquals(heard.filter((h) => h === "a:  from 10.0.0.2:99").length, 12);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("ipInput() leaves a datagram for a closed port to IP untouched (RFC 1122 §4.1.3.1)", () => {
  const { ip, udp } = setUp();
  const p = ip.packet(datagram(99, 7, "hi"));
  const start = p.start;
  assertEquals(udp.ipInput(p, ip.rx()), "port-unreachable");
  assertEquals([p.start, p.totalLength, p.refCount], [start, 10, 1]);
  p.release();
  assertEquals(udp.counters.udpNoPorts, 1);
});

Deno.test("ipInput() stays silent where isPortQuiet says so", () => {
  const { ip, udp } = setUp({ isPortQuiet: (port) => port === 68 });
  assertEquals(udp.ipInput(ip.packet(datagram(67, 68, "")), ip.rx()), "delivered");
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("ipInput() counts and drops truncated, mis-sized and mis-checksummed datagrams", () => {
  const { ip, udp, heard, hear } = setUp();
  udp.open({ localPort: 7, onReceive: hear("a") });
  const good = datagram(99, 7, "hi");
  udp.ipInput(ip.packet(good.subarray(0, 5)), ip.rx());
  const short = good.slice();
  short[5] = 7;
  udp.ipInput(ip.packet(short), ip.rx());
  const sum = good.slice();
  sum[7] = 1;
  udp.ipInput(ip.packet(sum), ip.rx());
  assertEquals([udp.counters.inLengthErrors, udp.counters.inChecksumErrors, udp.counters.udpInErrors], [
    2,
    1,
    3,
  ]);
  const verified = ip.packet(sum);
  verified.flags |= 0x20; // PBUF_CHECKSUM_VERIFIED: the interface looked
  udp.ipInput(verified, ip.rx());
  assertEquals(heard, ["a: hi from 10.0.0.2:99"]);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("ipInput() drops and counts what comes for an endpoint without receiver", () => {
  const { ip, udp } = setUp();
  udp.open({ localPort: 7 });
  assertEquals(udp.ipInput(ip.packet(datagram(99, 7, "hi")), ip.rx()), "delivered");
  assertEquals(udp.counters.inNoReceiver, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("connected: only the peer is heard; disconnected: everybody again", () => {
  const { ip, udp, heard, hear } = setUp();
  const e = udp.open({ localPort: 7, onReceive: hear("a") });
  e.connect(PEER, 99);
  assertEquals([e.isConnected, e.sourceAddress.toString(), e.pathPayloadBytes], [true, "10.0.0.1", 1472]);
  udp.ipInput(ip.packet(datagram(99, 7, "1")), ip.rx());
  const stranger = ip.packet(datagram(98, 7, "2"));
  assertEquals(udp.ipInput(stranger, ip.rx()), "port-unreachable");
  stranger.release();
  e.disconnect();
  udp.ipInput(ip.packet(datagram(98, 7, "3")), ip.rx());
  assertEquals(heard, ["a: 1 from 10.0.0.2:99", "a: 3 from 10.0.0.2:98"]);
  assertEquals(e.send(new Uint8Array(1)), "NOT_CONNECTED");
  assertThrows(() => e.connect(PEER, 0), RangeError);
  ip.prepareResult = "NETWORK_UNREACHABLE";
  assertThrows(() => e.connect(address("10.9.9.9"), 1), NetError, "Cannot connect to 10.9.9.9 port 1");
});

Deno.test("broadcast: each matching endpoint gets its copy, also with netif and address bounds; nobody is told", () => {
  const { ip, udp, heard, hear } = setUp();
  const en1 = testNetif("en1", 2);
  const shared = { localPort: 7, reuseAddress: true };
  udp.open({ ...shared, onReceive: hear("any") });
  udp.open({ ...shared, localAddress: A, onReceive: hear("bound") });
  udp.open({ ...shared, boundNetif: en1, onReceive: hear("en1") });
  udp.open({ ...shared, localAddress: IPV4_BROADCAST, onReceive: hear("broadcast") });
  udp.open({ ...shared, onReceive: hear("connected") }).connect(PEER, 99);
  udp.open({ ...shared, onReceive: hear("connected elsewhere") }).connect(PEER, 98);
  const rx = { isBroadcast: true, destination: IPV4_BROADCAST };
  assertEquals(udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx(rx)), "delivered");
  assertEquals(heard.map((h) => h.split(":")[0]).sort(), ["any", "bound", "broadcast", "connected"]);
  heard.length = 0;
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx({ ...rx, netif: en1 }));
  assertEquals(heard.map((h) => h.split(":")[0]).sort(), ["any", "broadcast", "connected", "en1"]);
  assertEquals(udp.ipInput(ip.packet(datagram(99, 8, "x")), ip.rx(rx)), "delivered");
  assertEquals(udp.counters.udpNoPorts, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("broadcast: with copyToAll off one endpoint alone gets it (lwIP without SO_REUSE_RXTOALL)", () => {
  const { ip, udp, heard, hear } = setUp({ copyToAll: false });
  udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("a") });
  udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("b") });
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx({ isBroadcast: true, destination: IPV4_BROADCAST }));
  assertEquals(heard, ["b: x from 10.0.0.2:99"]);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("broadcast: a copy that finds no memory is counted, the others arrive", () => {
  const { ip, udp, heard, hear } = setUp();
  udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("a") });
  udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("b") });
  const p = ip.packet(datagram(99, 7, "x"));
  ip.pool.failAfter(0);
  udp.ipInput(p, ip.rx({ isBroadcast: true, destination: IPV4_BROADCAST }));
  assertEquals([heard.length, udp.counters.inNoBuffers], [1, 1]);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("broadcast: a receiver which closes another one is not followed by a call into it", () => {
  const { ip, udp, heard, hear } = setUp();
  const a = udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("a") });
  udp.open({
    localPort: 7,
    reuseAddress: true,
    onReceive: (p) => {
      p.release();
      a.close();
    },
  });
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx({ isBroadcast: true, destination: IPV4_BROADCAST }));
  assertEquals(heard, []);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("multicast: memberships are told to IP once, filter senders, and end with the endpoint (RFC 3376 §3.2)", () => {
  const { ip, udp, heard, hear } = setUp();
  const group = address("239.1.2.3");
  const a = udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("a") });
  const b = udp.open({ localPort: 7, reuseAddress: true, onReceive: hear("b") });
  a.joinGroup(group, undefined, [address("10.0.0.5")]);
  b.joinGroup(group, ip.netif);
  assertThrows(() => b.joinGroup(group, ip.netif), NetError, "joined already");
  assertThrows(() => b.joinGroup(PEER), RangeError, "not a multicast address");
  const rx = { isMulticast: true, destination: group };
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx(rx));
  udp.ipInput(ip.packet(datagram(99, 7, "y")), ip.rx({ ...rx, source: address("10.0.0.5") }));
  assertEquals(heard.sort(), ["a: y from 10.0.0.5:99", "b: x from 10.0.0.2:99", "b: y from 10.0.0.5:99"]);
  b.multicastAll = false;
  a.leaveGroup(group);
  b.close();
  assertThrows(() => a.leaveGroup(group), NetError, "was not joined");
  assertEquals(ip.log, [
    "en0 239.1.2.3 INCLUDE() > INCLUDE(10.0.0.5)",
    "en0 239.1.2.3 INCLUDE(10.0.0.5) > EXCLUDE()",
    "en0 239.1.2.3 EXCLUDE() > INCLUDE()",
  ]);
  a.multicastAll = false;
  udp.ipInput(ip.packet(datagram(99, 7, "z")), ip.rx(rx));
  assertEquals(udp.counters.inFiltered, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("ICMP: the connected endpoint is told with a code, others only of their own port (RFC 1122 §4.1.3.3)", () => {
  const { ip, udp } = setUp();
  const told: string[] = [];
  const c = udp.open({
    localPort: 7,
    onError: (e) => told.push(`c ${e.code} ${e.remoteAddress}:${e.remotePort}`),
  });
  c.connect(PEER, 99);
  udp.open({ localPort: 8, onError: (e) => told.push(`u ${e.code} ${e.remotePort}`) });
  udp.ipError(ip.error("port-unreachable", 7, PEER, 99));
  udp.ipError(ip.error("port-unreachable", 7, PEER, 98));
  udp.ipError(ip.error("host-unreachable", 8, PEER, 98));
  udp.ipError(ip.error("fragmentation-needed", 8, PEER, 98));
  udp.ipError(ip.error("source-quench", 8, PEER, 98));
  udp.lite.ipError(ip.error("port-unreachable", 7, PEER, 99));
  assertEquals(udp.ownsPacket(ip.error("fragmentation-needed", 7, PEER, 99)), true);
  assertEquals(udp.ownsPacket(ip.error("fragmentation-needed", 7, PEER, 98)), false);
  assertEquals(told, [
    "c CONNECTION_REFUSED 10.0.0.2:99",
    "u HOST_UNREACHABLE 98",
    "u MESSAGE_TOO_LONG 98",
    "u undefined 98",
  ]);
  assertEquals([udp.counters.inIcmpErrors, udp.counters.inIcmpErrorsUnmatched], [4, 2]);
});

Deno.test("addressChanged(): flows are resolved anew; with followAddress a bound endpoint moves (lwIP)", () => {
  const { ip, udp, heard, hear } = setUp({ followAddress: true });
  const e = udp.open({ localAddress: A, localPort: 7, onReceive: hear("a") });
  e.sendTo(new Uint8Array(1), PEER, 99);
  assertEquals(ip.prepared, 1);
  udp.addressChanged(A, ip.netif, false);
  ip.local[0] = address("10.0.0.50");
  ip.generation++;
  udp.addressChanged(ip.local[0], ip.netif, true);
  assertEquals(e.localAddress.toString(), "10.0.0.50");
  e.sendTo(new Uint8Array(1), PEER, 99);
  assertEquals(ip.sent.map((s) => s.source), ["10.0.0.1", "10.0.0.50"]);
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx());
  assertEquals(heard.length, 1);
});

Deno.test("close(): the port is free at once, and sending says CLOSED", () => {
  const { ip, udp } = setUp();
  const e = udp.open({ localPort: 7 });
  e.close();
  e.close();
  udp.open({ localPort: 7 }).close();
  assertEquals(e.sendTo(new Uint8Array(1), PEER, 1), "CLOSED");
  assertEquals(e.sendPbufTo(ip.packet(new Uint8Array(1)), PEER, 1), "CLOSED");
  assertThrows(() => e.bind(IPV4_ANY, 9), NetError, "the endpoint is closed");
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("bind(): moves an endpoint, or leaves it where it was", () => {
  const { ip, udp, heard, hear } = setUp();
  const e = udp.open({ localPort: 7, onReceive: hear("a") });
  udp.open({ localPort: 8 });
  assertThrows(() => e.bind(IPV4_ANY, 8), NetError, "in use");
  udp.ipInput(ip.packet(datagram(99, 7, "x")), ip.rx());
  e.bind(A, 9);
  udp.ipInput(ip.packet(datagram(99, 9, "y")), ip.rx());
  assertEquals(heard.length, 2);
  assertEquals(udp.endpointCount, 2);
});

Deno.test("UDP-Lite: least coverage is enforced on receipt (RFC 3828 §3.3)", () => {
  const { ip, udp, heard, hear } = setUp();
  const open = (receiveCoverage: number) =>
    udp.open({ lite: true, localPort: 7, receiveCoverage, onReceive: hear(`${receiveCoverage}`) });
  const input = (coverage: number) => {
    // The sender is our own stack: its checksums are those of the golden datagrams in udp_header_test.ts.
    const sender = udp.open({ lite: true, localPort: 99, sendCoverage: coverage });
    sender.sendTo(new Uint8Array(8), A, 7);
    sender.close();
    const p = ip.packet(ip.sent.pop()!.bytes);
    assertEquals(udp.lite.ipInput(p, ip.rx({ source: A })), "delivered");
  };
  const any = open(8);
  input(8), input(12), input(0);
  any.close();
  const some = open(12);
  input(8), input(12), input(0);
  some.close();
  open(0);
  input(12), input(16), input(0);
  assertEquals(heard.map((h) => h.split(":")[0]), ["8", "8", "8", "12", "12", "0", "0"]);
  assertEquals(udp.counters.inCoverageErrors, 2);
  assertEquals(ip.pool.inUse, 0);
});
