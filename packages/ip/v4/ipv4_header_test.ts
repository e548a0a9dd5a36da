import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import {
  emitIpv4Header,
  formatIpv4Header,
  IPV4_DONT_FRAGMENT,
  IPV4_MORE_FRAGMENTS,
  type Ipv4Header,
  ipv4HeaderSum,
  parseIpv4Header,
  writeIpv4Checksum,
} from "./ipv4_header.ts";
import { checksum } from "../testdata/harness.ts";

// scapy 2.5.0: IP(src='10.0.0.2',dst='10.0.0.1',tos=0x2e,id=0x1234,flags='DF',ttl=63)/UDP(sport=1000,dport=2000)/b'hello'
const GOLDEN = parseHex(`
  45 2e 0021     # version 4, 20 bytes; TOS 0x2e; total length 33
  1234 4000      # id; DF, offset 0
  3f 11 1568     # TTL 63, UDP, checksum
  0a000002       # source
  0a000001       # destination
  03e8 07d0 000d 9c47 68656c6c6f`);

const VALUE: Ipv4Header = {
  headerLength: 20,
  tos: 0x2e,
  totalLength: 33,
  identification: 0x1234,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 63,
  protocol: 17,
  source: 0x0a000002,
  destination: 0x0a000001,
};

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

Deno.test("parseIpv4Header() reads a packet of scapy", () => {
  assertEquals(parseIpv4Header(viewOf(GOLDEN), 0, GOLDEN.length), VALUE);
  assertEquals(parseIpv4Header(viewOf(GOLDEN), 0, GOLDEN.length + 13), VALUE);
  assertEquals(
    formatIpv4Header(VALUE),
    "IP 10.0.0.2 > 10.0.0.1: proto 17, ttl 63, id 4660 DF, length 33",
  );
});

Deno.test("emitIpv4Header() writes every byte as scapy does", () => {
  const out = new Uint8Array(24).fill(0xa5);
  emitIpv4Header(viewOf(out), 2, 0x2e, 33, 0x1234, IPV4_DONT_FRAGMENT, 63, 17, 0x0a000002, 0x0a000001);
  assertEquals(out.subarray(2, 22), GOLDEN.subarray(0, 20));
  assertEquals([out[0], out[1], out[22], out[23]], [0xa5, 0xa5, 0xa5, 0xa5]);
});

Deno.test("parseIpv4Header() fails cleanly at every shorter length", () => {
  for (let n = 0; n < GOLDEN.length; n++) {
    assertEquals(parseIpv4Header(viewOf(GOLDEN.slice(0, n)), 0, n), "truncated");
  }
});

Deno.test("parseIpv4Header() detects every flipped bit of a header", () => {
  for (let bit = 0; bit < 160; bit++) {
    const bytes = GOLDEN.slice();
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    const result = parseIpv4Header(viewOf(bytes), 0, bytes.length);
    assertEquals(typeof result, "string", `bit ${bit}`);
  }
});

Deno.test("parseIpv4Header() names what is wrong", () => {
  const changed = (change: (bytes: Uint8Array) => void) => {
    const bytes = GOLDEN.slice();
    change(bytes);
    writeIpv4Checksum(viewOf(bytes), 0, 20);
    return parseIpv4Header(viewOf(bytes), 0, bytes.length);
  };
  assertEquals(changed((b) => b[0] = 0x65), "bad-version");
  assertEquals(changed((b) => b[0] = 0x44), "bad-header-length");
  assertEquals(changed((b) => b[0] = 0x4f), "bad-header-length");
  assertEquals(changed((b) => b[3] = 19), "truncated");
  assertEquals(changed((b) => b[3] = 34), "truncated");
  assertEquals((changed((b) => b[6] = 0x20 | 1) as Ipv4Header).fragmentOffset, 2048);
  const fragment = changed((b) => b[6] = 0x20) as Ipv4Header;
  assertEquals(fragment.moreFragments, true);
  assertEquals(formatIpv4Header(fragment).includes("frag 0+"), true);
});

Deno.test("property: emit then parse gives the same values, with a checksum that a plain sum confirms", () => {
  const u8 = fc.nat(255);
  const u16 = fc.nat(0xffff);
  const u32 = fc.nat(0xffffffff);
  const flags = fc.constantFrom(0, IPV4_DONT_FRAGMENT, IPV4_MORE_FRAGMENTS);
  const length = fc.integer({ min: 20, max: 0xffff });
  fc.assert(
    fc.property(
      u8,
      length,
      u16,
      flags,
      fc.nat(0x1fff),
      u8,
      u8,
      u32,
      u32,
      (tos, n, id, f, off, ttl, p, s, d) => {
        const bytes = new Uint8Array(20);
        emitIpv4Header(viewOf(bytes), 0, tos, n, id, f | off, ttl, p, s, d);
        assertEquals(checksum(bytes), 0);
        assertEquals(ipv4HeaderSum(viewOf(bytes), 0, 20), 0xffff);
        assertEquals(parseIpv4Header(viewOf(bytes), 0, n), {
          headerLength: 20,
          tos,
          totalLength: n,
          identification: id,
          dontFragment: (f & IPV4_DONT_FRAGMENT) !== 0,
          moreFragments: (f & IPV4_MORE_FRAGMENTS) !== 0,
          fragmentOffset: off * 8,
          ttl,
          protocol: p,
          source: s,
          destination: d,
        });
      },
    ),
  );
});

Deno.test("property: parseIpv4Header() is total on arbitrary bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    const view = viewOf(bytes);
    const result = parseIpv4Header(view, 0, bytes.length);
    assertEquals(typeof result === "string" || result.totalLength <= bytes.length, true);
  }));
});
