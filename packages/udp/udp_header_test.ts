import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { completeChecksum, concatenate, parseHex, PbufPool } from "@lightwire/pbuf";
import {
  deferUdpChecksum,
  emitUdpHeader,
  fillUdpChecksum,
  formatUdpHeader,
  isUdpChecksumGood,
  parseUdpHeader,
  UdpHeader,
} from "./udp_header.ts";
import { address, bytesOf } from "./testdata/fake_network.ts";

const A = address("10.0.0.1");
const B = address("10.0.0.2");
const pool = new PbufPool([{ slotBytes: 2048, slots: 16 }]);

function packet(bytes: Uint8Array) {
  const p = pool.acquire(bytes.length, 64)!;
  p.bytes.set(bytes, p.start);
  return p;
}

// scapy 2.5.0: IP(src="10.0.0.1",dst="10.0.0.2")/UDP(sport=49152,dport=53)/b"hello", without the IP header.
const GOLDEN = parseHex(`
  c000 0035    # source port 49152, destination port 53
  000d e7c9    # length 13, checksum
  68656c6c6f   # hello
`);

Deno.test("parseUdpHeader() reads what scapy wrote, and the checksum is good", () => {
  const p = packet(GOLDEN);
  const header = new UdpHeader();
  assertEquals(parseUdpHeader(p, false, header), undefined);
  assertEquals({ ...header }, {
    sourcePort: 49152,
    destinationPort: 53,
    length: 13,
    coverage: 13,
    checksum: 0xe7c9,
  });
  assertEquals(isUdpChecksumGood(p, header, A, B, 17, false), true);
  assertEquals(isUdpChecksumGood(p, header, A, address("10.0.0.3"), 17, false), false);
  assertEquals(formatUdpHeader(header), "49152 > 53: UDP, length 5");
  p.release();
});

Deno.test("emitUdpHeader() and fillUdpChecksum() write every byte as scapy does", () => {
  const p = packet(GOLDEN);
  p.bytes.fill(0xa5, p.start, p.start + 8);
  emitUdpHeader(p, 49152, 53, 13);
  fillUdpChecksum(p, A, B, 17, 13, 13);
  assertEquals(bytesOf(p), GOLDEN);
  p.release();
});

Deno.test("deferUdpChecksum() and completeChecksum() together give the same checksum", () => {
  const p = packet(GOLDEN);
  emitUdpHeader(p, 49152, 53, 13);
  deferUdpChecksum(p, A, B, 17, 13);
  assertEquals(p.checksumStart, p.start);
  assertEquals(completeChecksum(p), true);
  assertEquals(bytesOf(p), GOLDEN);
  p.release();
});

Deno.test("fillUdpChecksum() sends a sum of 0 as 0xffff (RFC 768)", () => {
  // scapy 2.5.0: IP(src="10.0.0.1",dst="10.0.0.2")/UDP(sport=1,dport=2)/b"\xeb\xd4"
  const golden = parseHex("0001 0002 000a ffff ebd4");
  const p = packet(golden);
  emitUdpHeader(p, 1, 2, 10);
  fillUdpChecksum(p, A, B, 17, 10, 10);
  assertEquals(bytesOf(p), golden);
  p.release();
});

Deno.test("isUdpChecksumGood() takes a field of 0 over IPv4 alone (RFC 768, RFC 8200 §8.1, RFC 3828 §3.1)", () => {
  const p = packet(parseHex("0001 0002 000a 0000 1234"));
  const header = new UdpHeader();
  parseUdpHeader(p, false, header);
  assertEquals(isUdpChecksumGood(p, header, A, B, 17, false), true);
  assertEquals(isUdpChecksumGood(p, header, address("fe80::1"), address("fe80::2"), 17, false), false);
  parseUdpHeader(p, true, header);
  assertEquals(isUdpChecksumGood(p, header, A, B, 136, true), false);
  p.release();
});

Deno.test("UDP-Lite: coverage 12, 8 and all of 16 bytes, checksums by scapy's own checksum()", () => {
  for (
    const [hex, coverage] of [
      ["1b58 1b59 000c efe0 6162636465666768", 12],
      ["1b58 1b59 0008 b4ab 6162636465666768", 8],
      ["1b58 1b59 0000 231e 6162636465666768", 16],
    ] as const
  ) {
    const golden = parseHex(hex);
    const p = packet(golden);
    const header = new UdpHeader();
    assertEquals(parseUdpHeader(p, true, header), undefined);
    assertEquals(header.coverage, coverage);
    assertEquals(isUdpChecksumGood(p, header, A, B, 136, true), true);
    emitUdpHeader(p, 7000, 7001, coverage === 16 ? 0 : coverage);
    fillUdpChecksum(p, A, B, 136, 16, coverage);
    assertEquals(bytesOf(p), golden);
    if (coverage < 16) {
      p.bytes[p.start + 15]! ^= 0xff; // not covered
      assertEquals(isUdpChecksumGood(p, header, A, B, 136, true), true);
    }
    p.bytes[p.start + 1]! ^= 0x01; // covered
    assertEquals(isUdpChecksumGood(p, header, A, B, 136, true), false);
    p.release();
  }
});

Deno.test("parseUdpHeader() refuses each truncation, short and long lengths, and bad coverages", () => {
  const header = new UdpHeader();
  for (let n = 0; n < GOLDEN.length; n++) {
    const p = packet(GOLDEN.subarray(0, n));
    assertEquals(parseUdpHeader(p, false, header), n < 8 ? "truncated" : "bad-length");
    p.release();
  }
  for (
    const [hex, isLite, failure] of [
      ["0001 0002 0007 0000", false, "bad-length"],
      ["0001 0002 0000 0000", false, "bad-length"],
      ["0001 0002 0009 0000", false, "bad-length"],
      ["0001 0002 0001 0000", true, "bad-coverage"],
      ["0001 0002 0007 0000", true, "bad-coverage"],
      ["0001 0002 0009 0000", true, "bad-coverage"],
      ["0001 0002 0008 0000 ff", false, undefined],
    ] as const
  ) {
    const p = packet(parseHex(hex));
    assertEquals(parseUdpHeader(p, isLite, header), failure, hex);
    p.release();
  }
});

Deno.test("property: however a datagram is cut into nodes, header and checksum are the same", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 0, maxLength: 200 }),
    fc.array(fc.integer({ min: 0, max: 208 }), { maxLength: 5 }),
    fc.integer({ min: 0, max: 65535 }),
    (payload, cuts, sourcePort) => {
      const whole = packet(new Uint8Array([...new Uint8Array(8), ...payload]));
      const length = 8 + payload.length;
      emitUdpHeader(whole, sourcePort, 99, length);
      fillUdpChecksum(whole, A, B, 17, length, length);
      const bytes = bytesOf(whole);
      whole.release();
      const borders = [0, ...cuts.filter((c) => c <= length).sort((a, b) => a - b), length];
      const head = packet(bytes.subarray(0, borders[1]));
      for (let i = 1; i + 1 < borders.length; i++) {
        concatenate(head, packet(bytes.subarray(borders[i], borders[i + 1])));
      }
      const header = new UdpHeader();
      assertEquals(parseUdpHeader(head, false, header), undefined);
      assertEquals(header.sourcePort, sourcePort);
      assertEquals(isUdpChecksumGood(head, header, A, B, 17, false), true);
      head.release();
      assertEquals(pool.inUse, 0);
    },
  ));
});

Deno.test("parseUdpHeader() and isUdpChecksumGood() refuse every single flipped bit", () => {
  const header = new UdpHeader();
  for (let bit = 0; bit < GOLDEN.length * 8; bit++) {
    const bytes = GOLDEN.slice();
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    const p = packet(bytes);
    const isAccepted = parseUdpHeader(p, false, header) === undefined &&
      isUdpChecksumGood(p, header, A, B, 17, false);
    assertEquals(isAccepted, false, `bit ${bit}`);
    p.release();
  }
  assertEquals(pool.inUse, 0);
});
