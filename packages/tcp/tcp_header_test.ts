import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex, type Pbuf, PBUF_CHECKSUM_VERIFIED, PbufPool } from "@lightwire/pbuf";
import { type IpAddress, ipv4, ipv6 } from "@lightwire/ip";
import { ACK, FIN, PSH, SYN, URG } from "./control_bits.ts";
import { Segment } from "./segment.ts";
import {
  emitTcpHeader,
  finishTcpChecksum,
  formatSegment,
  parseTcpSegment,
  TCP_HEADER_LENGTH,
  verifyTcpChecksum,
} from "./tcp_header.ts";
import { emitTimestamps, TIMESTAMPS_LENGTH } from "./tcp_options.ts";

const A = ipv4(0x0a000001);
const B = ipv4(0x0a000002);

/** Scapy 2.5: IP(src="10.0.0.1",dst="10.0.0.2")/TCP(sport=49152,dport=80,seq=0xffffffff,ack=0x01020304,
 * flags="PAU",window=4097,urgptr=3,options=[NOP,NOP,Timestamp(1000,2000)])/"hello", without its IP header. */
const SCAPY_DATA = parseHex(`
  c000 0050      # ports 49152, 80
  ffffffff       # sequence number
  01020304       # acknowledgment number
  8038 1001      # offset 8, URG ACK PSH, window 4097
  3ea9 0003      # checksum, urgent pointer
  0101 080a 000003e8 000007d0
  68656c6c6f     # hello
`);

/** Scapy 2.5: IPv6(src="fe80::1",dst="fe80::2")/TCP(sport=1234,dport=443,seq=1,flags="S",window=64240,
 * options=[MSS(1440)]). */
const SCAPY_V6_SYN = parseHex(`
  04d2 01bb      # ports
  00000001 00000000
  6002 faf0      # offset 6, SYN, window
  99b7 0000      # checksum
  0204 05a0      # MSS 1440
`);

function makePool(): PbufPool {
  return new PbufPool([{ slotBytes: 2048, slots: 8 }]);
}

function packet(pool: PbufPool, bytes: Uint8Array, headroom: number = 0): Pbuf {
  const p = pool.acquire(bytes.length, headroom)!;
  p.bytes.set(bytes, p.start);
  return p;
}

Deno.test("parseTcpSegment() reads a segment of scapy", () => {
  const pool = makePool();
  const p = packet(pool, SCAPY_DATA, 64);
  assert(verifyTcpChecksum(p, A, B, SCAPY_DATA.length));
  const seg = new Segment();
  assertEquals(parseTcpSegment(p, seg), undefined);
  assertEquals([seg.sourcePort, seg.destinationPort], [49152, 80]);
  assertEquals([seg.seq, seg.ack, seg.wnd, seg.up], [0xffffffff, 0x01020304, 4097, 3]);
  assertEquals(seg.ctl, URG | ACK | PSH);
  assertEquals([seg.dataOffset, seg.textLength, seg.len], [32, 5, 5]);
  assertEquals([seg.tsVal, seg.tsEcr], [1000, 2000]);
  assertEquals(new TextDecoder().decode(p.bytes.subarray(p.start, p.end)), "hello");
  assert(seg.pbuf === p);
  assertEquals(
    formatSegment(seg),
    "49152 > 80: Flags [PU.], seq 4294967295:4, ack 16909060, win 4097, urg 3, " +
      "options [TS val 1000 ecr 2000], length 5",
  );
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("emitTcpHeader() writes the segment of scapy, every octet", () => {
  const pool = makePool();
  const p = packet(pool, SCAPY_DATA.subarray(32), 128);
  p.bytes.fill(0xa5, 0, p.start);
  assert(p.prepend(TCP_HEADER_LENGTH + TIMESTAMPS_LENGTH));
  emitTimestamps(p.view, p.start + TCP_HEADER_LENGTH, 1000, 2000);
  emitTcpHeader(p, 49152, 80, 0xffffffff, 0x01020304, URG | ACK | PSH, 4097, 3, TIMESTAMPS_LENGTH);
  finishTcpChecksum(p, A, B, SCAPY_DATA.length, false);
  assertEquals([...p.bytes.subarray(p.start, p.end)], [...SCAPY_DATA]);
  p.release();
});

Deno.test("verifyTcpChecksum() covers the pseudo header of both families (RFC 9293 §3.1, RFC 8200 §8.1)", () => {
  const pool = makePool();
  const from = ipv6(0xfe800000, 0, 0, 1);
  const to = ipv6(0xfe800000, 0, 0, 2);
  const p = packet(pool, SCAPY_V6_SYN);
  assert(verifyTcpChecksum(p, from, to, SCAPY_V6_SYN.length));
  assert(!verifyTcpChecksum(p, from, from, SCAPY_V6_SYN.length));
  assert(!verifyTcpChecksum(p, from, to, SCAPY_V6_SYN.length + 1));
  p.flags |= PBUF_CHECKSUM_VERIFIED;
  assert(verifyTcpChecksum(p, from, from, SCAPY_V6_SYN.length), "vouched for by the driver");
  p.release();
});

Deno.test("finishTcpChecksum() leaves the pseudo header's sum for a link that offloads", () => {
  // Linux 6.18 on its loopback leaves SYNs of 40 bytes unfinished, with 0xfe30 in the field.
  const pool = makePool();
  const p = packet(pool, new Uint8Array(40), 34);
  const loopback = ipv4(0x7f000001);
  emitTcpHeader(p, 59402, 8080, 0xf8114954, 0, SYN, 65495, 0, 20);
  finishTcpChecksum(p, loopback, loopback, 40, true);
  assertEquals(p.view.getUint16(p.start + 16), 0xfe30);
  assertEquals([p.checksumStart, p.checksumOffset], [34, 16]);
  p.release();
});

Deno.test("parseTcpSegment() counts SYN and FIN in SEG.LEN (RFC 9293 §3.4)", () => {
  const pool = makePool();
  const seg = new Segment();
  for (const [ctl, len] of [[SYN, 1], [FIN | ACK, 1], [SYN | FIN, 2], [ACK, 0]] as const) {
    const p = packet(pool, new Uint8Array(20));
    emitTcpHeader(p, 1, 2, 3, 4, ctl, 5, 0, 0);
    assertEquals(parseTcpSegment(p, seg), undefined);
    assertEquals([seg.len, seg.textLength], [len, 0]);
    p.release();
  }
});

Deno.test("parseTcpSegment() counts the text of a chain", () => {
  const pool = makePool();
  const seg = new Segment();
  const p = packet(pool, SCAPY_DATA);
  p.next = packet(pool, new Uint8Array(100));
  p.next.next = packet(pool, new Uint8Array(7));
  assertEquals(parseTcpSegment(p, seg), undefined);
  assertEquals(seg.textLength, 112);
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("parseTcpSegment() refuses every truncation of the header and leaves the packet alone", () => {
  const pool = makePool();
  const seg = new Segment();
  for (let length = 0; length < 32; length++) {
    const p = packet(pool, SCAPY_DATA.subarray(0, length), 10);
    assertEquals(parseTcpSegment(p, seg), length < 20 ? "TRUNCATED" : "BAD_DATA_OFFSET");
    assertEquals([p.start, p.length], [10, length]);
    p.release();
  }
});

Deno.test("parseTcpSegment() refuses a data offset below 5", () => {
  const pool = makePool();
  const seg = new Segment();
  for (let offset = 0; offset < 5; offset++) {
    const p = packet(pool, SCAPY_DATA);
    p.bytes[p.start + 12] = offset << 4;
    assertEquals(parseTcpSegment(p, seg), "BAD_DATA_OFFSET");
    p.release();
  }
});

Deno.test("verifyTcpChecksum() finds every flipped bit", () => {
  const pool = makePool();
  for (let bit = 0; bit < SCAPY_DATA.length * 8; bit++) {
    const p = packet(pool, SCAPY_DATA);
    p.bytes[p.start + (bit >> 3)]! ^= 1 << (bit & 7);
    assert(!verifyTcpChecksum(p, A, B, SCAPY_DATA.length), `bit ${bit}`);
    p.release();
  }
});

Deno.test("property: a header survives emit and parse", () => {
  const pool = makePool();
  const seg = new Segment();
  const u16 = () => fc.integer({ min: 0, max: 0xffff });
  const u32 = () => fc.integer({ min: 0, max: 0xffffffff });
  const words = () => fc.tuple(u32(), u32(), u32(), u32());
  fc.assert(
    fc.property(
      u16(),
      u16(),
      u32(),
      u32(),
      fc.integer({ min: 0, max: 255 }),
      u16(),
      u16(),
      words(),
      words(),
      fc
        .uint8Array({ maxLength: 64 }),
      (sp, dp, seq, ack, ctl, wnd, up, from, to, text) => {
        const source: IpAddress = ipv6(...from);
        const destination: IpAddress = ipv6(...to);
        const p = packet(pool, text, 128);
        p.bytes.fill(0xa5, 0, p.start);
        p.prepend(20);
        emitTcpHeader(p, sp, dp, seq, ack, ctl, wnd, up, 0);
        finishTcpChecksum(p, source, destination, text.length + 20, false);
        assert(verifyTcpChecksum(p, source, destination, text.length + 20));
        assertEquals(parseTcpSegment(p, seg), undefined);
        assertEquals(
          [seg.sourcePort, seg.destinationPort, seg.seq, seg.ack, seg.ctl, seg.wnd, seg.up, seg.textLength],
          [sp, dp, seq, ack, ctl, wnd, up, text.length],
        );
        p.release();
      },
    ),
  );
  assertEquals(pool.inUse, 0);
});

Deno.test("property: parseTcpSegment() takes any octets", () => {
  const pool = makePool();
  const seg = new Segment();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
    const p = packet(pool, octets, 3);
    const failure = parseTcpSegment(p, seg);
    if (failure === undefined) assertEquals(p.start, 3 + seg.dataOffset);
    else assertEquals(p.start, 3);
    p.release();
  }));
  assertEquals(pool.inUse, 0);
});
