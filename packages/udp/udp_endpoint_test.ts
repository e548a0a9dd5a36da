import { assertEquals, assertThrows } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import { IPV4_BROADCAST } from "@lightwire/ip";
import { UdpLayer } from "./mod.ts";
import { address, datagram, FakeNetwork, testNetif } from "./testdata/fake_network.ts";

const PEER = address("10.0.0.2");
const bytes = (s: string) => new TextEncoder().encode(s);

function setUp(o: ConstructorParameters<typeof UdpLayer>[2] = {}) {
  const ip = new FakeNetwork();
  return { ip, udp: new UdpLayer(ip, ip, o) };
}

Deno.test("sendTo() emits what scapy does", () => {
  const { ip, udp } = setUp();
  const e = udp.open({ localPort: 49152 });
  assertEquals(e.sendTo(bytes("hello"), PEER, 53), undefined);
  // scapy 2.5.0: IP(src="10.0.0.1",dst="10.0.0.2")/UDP(sport=49152,dport=53)/b"hello"
  assertEquals(ip.sent[0]!.bytes, parseHex("c0000035 000de7c9 68656c6c6f"));
  assertEquals([ip.sent[0]!.protocol, ip.sent[0]!.hopLimit, ip.sent[0]!.tos], [17, 64, 0]);
  assertEquals(udp.counters.udpOutDatagrams, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("sendTo() resolves a flow once while the aim stays", () => {
  const { ip, udp } = setUp();
  const e = udp.open();
  for (let i = 0; i < 5; i++) e.sendTo(bytes("x"), PEER, 1 + i);
  assertEquals(ip.prepared, 1);
  e.sendTo(bytes("x"), address("10.0.0.3"), 1);
  e.sendTo(bytes("x"), PEER, 1);
  assertEquals(ip.prepared, 3);
});

Deno.test("sendTo() leaves the checksum to an interface that can, unless it will be fragmented", () => {
  const { ip, udp } = setUp();
  ip.canOffload = true;
  const e = udp.open({ localPort: 49152 });
  e.sendTo(bytes("hello"), PEER, 53);
  e.sendTo(new Uint8Array(1472), PEER, 53);
  e.sendTo(new Uint8Array(1473), PEER, 53);
  assertEquals(ip.sent.map((s) => s.checksumStart), [0, 0, -1]);
  // The field holds the pseudo header's folded sum: 0a00+0001+0a00+0002+0011+000d.
  assertEquals(new DataView(ip.sent[0]!.bytes.buffer).getUint16(6), 0x1421);
});

Deno.test("sendTo() without checksum leaves the field 0 (SO_NO_CHECK)", () => {
  const { ip, udp } = setUp();
  udp.open({ localPort: 1, noChecksum: true }).sendTo(bytes("hi"), PEER, 2);
  assertEquals(ip.sent[0]!.bytes, datagram(1, 2, "hi"));
});

Deno.test("sendTo() says MESSAGE_TOO_LONG past 65507 bytes, and past the path MTU with DF", () => {
  const { ip, udp } = setUp();
  const e = udp.open();
  assertEquals(e.sendTo(new Uint8Array(65508), PEER, 1), "MESSAGE_TOO_LONG");
  assertEquals(e.sendTo(new Uint8Array(65507), PEER, 1), undefined);
  e.dontFragment = true;
  assertEquals(e.sendTo(new Uint8Array(1473), PEER, 1), "MESSAGE_TOO_LONG");
  assertEquals(e.sendTo(new Uint8Array(1472), PEER, 1), undefined);
  assertEquals(ip.sent.at(-1)!.dontFragment, true);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("sendTo() says NO_BUFFERS when the pool is empty or the interface full (ENOMEM), and later succeeds", () => {
  const { ip, udp } = setUp();
  const e = udp.open();
  ip.outputResult = false;
  assertEquals(e.sendTo(bytes("x"), PEER, 1), "NO_BUFFERS");
  ip.outputResult = true;
  ip.pool.failAfter(0);
  assertEquals(e.sendTo(bytes("x"), PEER, 1), "NO_BUFFERS");
  ip.pool.failAfter(-1);
  assertEquals(e.sendTo(bytes("x"), PEER, 1), undefined);
  assertEquals(udp.counters.outNoBuffers, 2);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("sendTo() gives back what IP says about the route", () => {
  const { ip, udp } = setUp();
  ip.prepareResult = "NETWORK_UNREACHABLE";
  assertEquals(udp.open().sendTo(bytes("x"), PEER, 1), "NETWORK_UNREACHABLE");
  assertEquals(udp.counters.outRefused, 1);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("sendTo() needs permission for broadcast, unless the layer does not enforce it", () => {
  const { ip, udp } = setUp();
  const e = udp.open();
  assertEquals(e.sendTo(bytes("x"), IPV4_BROADCAST, 1), "ACCESS_DENIED");
  e.allowBroadcast = true;
  assertEquals(e.sendTo(bytes("x"), IPV4_BROADCAST, 1), undefined);
  const lax = new UdpLayer(ip, ip, { enforceBroadcast: false });
  assertEquals(lax.open().sendTo(bytes("x"), IPV4_BROADCAST, 1), undefined);
});

Deno.test("sendTo() carries TTL, TOS and interface of endpoint, of multicast, and of this one datagram", () => {
  const { ip, udp } = setUp();
  const en1 = testNetif("en1", 2);
  const e = udp.open({ ttl: 9, tos: 0xb8 });
  e.sendTo(bytes("x"), PEER, 1);
  e.sendTo(bytes("x"), address("239.1.1.1"), 1);
  e.multicastNetif = en1;
  e.multicastTtl = 3;
  e.multicastLoop = false;
  e.sendTo(bytes("x"), address("239.1.1.1"), 1);
  e.sendTo(bytes("x"), PEER, 1, { ttl: 1, tos: 4, netif: en1, source: address("10.0.0.77") });
  e.sendTo(bytes("x"), PEER, 1);
  assertEquals(
    ip.sent.map((s) => [s.hopLimit, s.tos, s.netif?.name, s.source, s.multicastLoop]),
    [
      [9, 0xb8, "en0", "10.0.0.1", true],
      [1, 0xb8, "en0", "10.0.0.1", true],
      [3, 0xb8, "en1", "10.0.0.1", false],
      [1, 4, "en1", "10.0.0.77", false],
      [9, 0xb8, "en0", "10.0.0.1", false],
    ],
  );
});

Deno.test("sendTo() may carry 0.0.0.0 as source where that was asked for (RFC 2131 §4.1)", () => {
  const { ip, udp } = setUp();
  udp.open({ allowUnspecifiedSource: true, allowBroadcast: true }).sendTo(bytes("x"), IPV4_BROADCAST, 67);
  assertEquals(ip.sent[0]!.source, "0.0.0.0");
});

Deno.test("sendPbufTo() prepends in place, or puts a node in front of shared and foreign memory", () => {
  const { ip, udp } = setUp();
  const e = udp.open({ localPort: 1, noChecksum: true });
  const own = ip.packet(bytes("hi"));
  e.sendPbufTo(own, PEER, 2);
  const shared = ip.packet(bytes("hi"));
  e.sendPbufTo(shared.retain(), PEER, 2);
  assertEquals(new TextDecoder().decode(shared.bytes.subarray(shared.start, shared.end)), "hi");
  const borrowed = ip.pool.reference(shared, 0, 2)!;
  e.sendPbufTo(borrowed, PEER, 2);
  shared.release();
  assertEquals(ip.sent.map((s) => s.bytes), [
    datagram(1, 2, "hi"),
    datagram(1, 2, "hi"),
    datagram(1, 2, "hi"),
  ]);
  const last = ip.packet(bytes("hi"));
  const kept = last.retain();
  ip.pool.failAfter(0);
  assertEquals(e.sendPbufTo(last, PEER, 2), "NO_BUFFERS");
  kept.release();
  ip.pool.failAfter(-1);
  assertThrows(() => e.sendPbufTo(ip.packet(bytes("hi")), PEER, 0), RangeError, "Cannot use port 0");
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("send() goes to the connected peer; sendTo() may still go elsewhere", () => {
  const { ip, udp } = setUp();
  const e = udp.open();
  e.connect(PEER, 99);
  e.send(bytes("x"));
  e.sendTo(bytes("x"), address("10.0.0.3"), 98);
  e.send(bytes("x"));
  assertEquals(ip.sent.map((s) => s.destination), ["10.0.0.2", "10.0.0.3", "10.0.0.2"]);
});

Deno.test("an answer from within onReceive is left for IP to flush; others are flushed, or announced", () => {
  const { ip, udp } = setUp();
  const e = udp.open({
    localPort: 7,
    onReceive: (p, info) => void e.sendPbufTo(p, info.source, info.sourcePort),
  });
  udp.ipInput(ip.packet(datagram(99, 7, "echo")), ip.rx());
  assertEquals([ip.sent.length, ip.flushed], [1, 0]);
  e.sendTo(bytes("x"), PEER, 1);
  assertEquals(ip.flushed, 1);
  let needed = 0;
  udp.onFlushNeeded = () => needed++;
  e.sendTo(bytes("x"), PEER, 1);
  assertEquals([ip.flushed, needed], [1, 1]);
  assertEquals(ip.pool.inUse, 0);
});

Deno.test("UDP-Lite: the coverage goes on the wire, and longer than the datagram means all (RFC 3828 §3.1)", () => {
  const { ip, udp } = setUp();
  const send = (sendCoverage: number) => {
    const e = udp.open({ lite: true, localPort: 7000, sendCoverage });
    e.sendTo(bytes("abcdefgh"), PEER, 7001);
    e.close();
    return ip.sent.pop()!;
  };
  // The same datagrams as in udp_header_test.ts, with the checksums of scapy's checksum().
  assertEquals(send(12).bytes, parseHex("1b58 1b59 000c efe0 6162636465666768"));
  assertEquals(send(8).bytes, parseHex("1b58 1b59 0008 b4ab 6162636465666768"));
  assertEquals(send(99).bytes, parseHex("1b58 1b59 0000 231e 6162636465666768"));
  assertEquals(send(0).protocol, 136);
});
