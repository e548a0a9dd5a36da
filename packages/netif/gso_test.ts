import { assert, assertEquals } from "@std/assert";
import { concatenate, finishSum, parseHex, type Pbuf, PbufPool, sumBytes } from "@lightwire/pbuf";
import fc from "fast-check";
import { ETHER_TYPE_IPV4, ETHER_TYPE_IPV6 } from "./ethernet_header.ts";
import { GsoSegmenter } from "./gso.ts";
import { Netif } from "./netif.ts";
import { bytesOf, FakeDriver, packetOf } from "./testdata/fake_driver.ts";

// scapy 2.5: IP(src="192.0.2.1", dst="198.51.100.7", id=0xffff, flags="DF")/TCP(sport=49152, dport=80, seq=0xfffffff8,
//   ack=0x01020304, flags="CPAF", window=1000, options=NOP NOP Timestamp(1, 2))/bytes(range(25)), and the same
//   with the fields that GSO adapts and 10, 10, 5 bytes of payload.
const SUPER_V4 = parseHex(`
  4500004d ffff4000 40064e6f c0000201 c6336407
  c0000050 fffffff8 01020304 809903e8 25140000 0101080a 00000001 00000002
  000102030405060708090a0b0c0d0e0f101112131415161718`);
const SEGMENTS_V4 = [
  `4500003e ffff4000 40064e7e c0000201 c6336407
   c0000050 fffffff8 01020304 809003e8 ada30000 0101080a 00000001 00000002 00010203040506070809`,
  `4500003e 00004000 40064e7e c0000201 c6336407
   c0000050 00000002 01020304 801003e8 7be80000 0101080a 00000001 00000002 0a0b0c0d0e0f10111213`,
  `45000039 00014000 40064e82 c0000201 c6336407
   c0000050 0000000c 01020304 801903e8 7ff90000 0101080a 00000001 00000002 1415161718`,
].map(parseHex);
// scapy 2.5: IPv6(src="2001:db8::1", dst="2001:db8::2", tc=2, fl=0x12345)/TCP(sport=49152, dport=80, seq=100, ack=1,
//   flags="PA", window=1000)/bytes(range(25)), likewise.
const SUPER_V6 = parseHex(`
  60212345 002d0640 20010db8000000000000000000000001 20010db8000000000000000000000002
  c0000050 00000064 00000001 501803e8 f3100000 000102030405060708090a0b0c0d0e0f101112131415161718`);
const SEGMENTS_V6 = [
  `60212345 001e0640 20010db8000000000000000000000001 20010db8000000000000000000000002
   c0000050 00000064 00000001 501003e8 7b9f0000 00010203040506070809`,
  `60212345 001e0640 20010db8000000000000000000000001 20010db8000000000000000000000002
   c0000050 0000006e 00000001 501003e8 49630000 0a0b0c0d0e0f10111213`,
  `60212345 00190640 20010db8000000000000000000000001 20010db8000000000000000000000002
   c0000050 00000078 00000001 501803e8 4d750000 1415161718`,
].map(parseHex);

const PEER = 0x02_00_00_00_00_0b;

function makePool(slots = 64): PbufPool {
  return new PbufPool([{ slotBytes: 512, slots }, { slotBytes: 70000, slots: 2 }], {
    detectUseAfterRelease: false,
  });
}

function superPacket(pool: PbufPool, bytes: Uint8Array, gsoSize = 10): Pbuf {
  const p = packetOf(pool, bytes);
  p.gsoSize = gsoSize;
  return p;
}

Deno.test("a super-segment before a driver without GSO leaves as segments, over IPv4 and IPv6", () => {
  const pool = makePool();
  const driver = new FakeDriver({ mtu: 72 });
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  for (
    const [etherType, whole, segments] of [
      [ETHER_TYPE_IPV4, SUPER_V4, SEGMENTS_V4],
      [ETHER_TYPE_IPV6, SUPER_V6, SEGMENTS_V6],
    ] as const
  ) {
    driver.sent = [];
    assert(netif.output(superPacket(pool, whole), etherType, PEER));
    assertEquals(driver.sent.map((frame) => frame.slice(14)), [...segments]);
  }
  assertEquals([netif.counters.outSegmented, netif.counters.ifOutUcastPkts, pool.inUse], [2, 2, 0]);
});

Deno.test("a super-segment in a chain is cut too", () => {
  const pool = makePool();
  const driver = new FakeDriver({ mtu: 72 });
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  const p = superPacket(pool, SUPER_V4.subarray(0, 30));
  concatenate(p, packetOf(pool, SUPER_V4.subarray(30)));
  assert(netif.output(p, ETHER_TYPE_IPV4, PEER));
  assertEquals(driver.sent.map((frame) => frame.slice(14)), SEGMENTS_V4);
  assertEquals(pool.inUse, 0);
});

Deno.test("a driver with checksum offload but no GSO gets segments with the checksum pending", () => {
  const pool = makePool();
  const driver = new FakeDriver({ mtu: 72, txChecksum: true });
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  assert(netif.output(superPacket(pool, SUPER_V4), ETHER_TYPE_IPV4, PEER));
  assertEquals(driver.marks.map((m) => m.checksumStart), [34, 34, 34]);
  for (const [i, frame] of driver.sent.entries()) {
    const sum = sumBytes(frame, new DataView(frame.buffer), 34, frame.length, 0);
    assertEquals(finishSum(sum), new DataView(SEGMENTS_V4[i]!.buffer).getUint16(36));
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("a driver with GSO gets the super-segment whole, up to its limit", () => {
  const pool = makePool();
  for (const [gsoMaxBytes, frames] of [[77, 1], [76, 3]] as const) {
    const driver = new FakeDriver({ mtu: 72, txChecksum: true, gsoMaxBytes });
    const netif = new Netif(driver, { name: "en0", index: 1 });
    netif.setUp();
    const p = superPacket(pool, SUPER_V4);
    p.checksumStart = p.start + 20;
    p.checksumOffset = 16;
    assert(netif.output(p, ETHER_TYPE_IPV4, PEER));
    assertEquals(driver.sent.length, frames);
    if (frames === 1) assertEquals(driver.marks, [{ checksumStart: 34, gsoSize: 10, vlanTci: -1 }]);
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("a packet with gsoSize that fits the MTU is left alone", () => {
  const pool = makePool();
  const driver = new FakeDriver();
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  assert(netif.output(superPacket(pool, SUPER_V4, 1000), ETHER_TYPE_IPV4, PEER));
  assertEquals(driver.sent.map((frame) => frame.slice(14)), [SUPER_V4]);
});

Deno.test("exhausted pool: the segments that got no memory are lost and counted", () => {
  const pool = makePool();
  const driver = new FakeDriver({ mtu: 72 });
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  for (let n = 0; n < 3; n++) {
    driver.sent = [];
    const p = superPacket(pool, SUPER_V4);
    pool.failAfter(n);
    assert(!netif.output(p, ETHER_TYPE_IPV4, PEER));
    pool.failAfter(-1);
    assertEquals([driver.sent.length, netif.counters.ifOutDiscards, pool.inUse], [n, n + 1, 0]);
  }
});

Deno.test("what cannot be cut is refused and counted: no TCP, cut headers, a segment above the MTU", () => {
  const pool = makePool();
  const driver = new FakeDriver({ mtu: 72 });
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  const at = (bytes: Uint8Array, ...changes: [number, number][]) => {
    const copy = bytes.slice();
    for (const [offset, value] of changes) copy[offset] = value;
    return copy;
  };
  const cases: [Uint8Array, number][] = [
    [at(SUPER_V4, [9, 17]), 10],
    [at(SUPER_V4, [0, 0x44]), 10],
    [at(SUPER_V4, [0, 0x4f]), 10],
    [at(SUPER_V4, [0, 0x55]), 10],
    [at(SUPER_V4, [32, 0x40]), 10],
    [at(SUPER_V4, [32, 0xf0], [0, 0x4f]), 10],
    [at(SUPER_V6, [6, 44]), 10],
    [SUPER_V4, 21],
  ];
  for (const [bytes, size] of cases) {
    assert(!netif.output(superPacket(pool, bytes, size), ETHER_TYPE_IPV4, PEER));
  }
  assertEquals([netif.counters.ifOutErrors, driver.sent.length, pool.inUse], [cases.length, 0, 0]);
});

Deno.test("property: the segments carry the payload in order, each with right checksums, none above the MTU", () => {
  const pool = new PbufPool([{ slotBytes: 70000, slots: 80 }]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 70, max: 1460 }), (length, size) => {
      const payload = Uint8Array.from({ length }, (_, i) => i * 13);
      const bytes = Uint8Array.of(...SUPER_V4.subarray(0, 52), ...payload);
      const segmenter = new GsoSegmenter();
      const p = superPacket(pool, bytes, size);
      assert(segmenter.begin(p, false, 52 + size));
      const got: number[] = [];
      let seq = 0xfffffff8;
      for (let s = segmenter.next(); s !== undefined; s = segmenter.next()) {
        assert(s.length <= 52 + size);
        assertEquals(s.view.getUint16(s.start + 2), s.length);
        assertEquals(s.view.getUint32(s.start + 24), seq);
        assertEquals(finishSum(sumBytes(s.bytes, s.view, s.start, s.start + 20, 0)), 0);
        const pseudo = sumBytes(s.bytes, s.view, s.start + 12, s.start + 20, 6 + s.length - 20);
        assertEquals(finishSum(sumBytes(s.bytes, s.view, s.start + 20, s.end, pseudo)), 0);
        got.push(...bytesOf(s).subarray(52));
        seq = (seq + s.length - 52) >>> 0;
        s.release();
      }
      assertEquals(segmenter.remaining, 0);
      segmenter.end();
      p.release();
      assertEquals(got, [...payload]);
      assertEquals(pool.inUse, 0);
    }),
    { numRuns: 60 },
  );
});
