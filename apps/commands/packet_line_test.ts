import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex, PbufPool } from "@lightwire/pbuf";
import { formatPacket } from "./packet_line.ts";

const pool = new PbufPool([{ slotBytes: 256, slots: 2 }]);

function line(medium: "ethernet" | "ip", hex: string | Uint8Array): string {
  const bytes = typeof hex === "string" ? parseHex(hex) : hex;
  const p = pool.acquire(bytes.length)!;
  p.bytes.set(bytes, p.start);
  const [start, end] = [p.start, p.end];
  const text = formatPacket(medium, "outbound", p);
  assertEquals([p.start, p.end], [start, end], "the packet is left as it was");
  p.release();
  assertEquals(pool.inUse, 0);
  return text;
}

// All packets are scapy 2.5's.
const V6 = "20010db8000000000000000000000001 20010db8000000000000000000000002";

Deno.test("formatPacket(): IPv4 with and without an Ethernet header", () => {
  // IP(src="10.0.0.1", dst="10.0.0.2")/UDP(sport=1, dport=2)/"abc"
  const datagram = "4500001f00010000401166cb0a0000010a00000200010002000b2770616263";
  const text = "> IP 10.0.0.1 > 10.0.0.2: proto 17, ttl 64, id 1, length 31 1 > 2: UDP, length 3";
  assertEquals(line("ip", datagram), text);
  assertEquals(line("ethernet", `02000000000b 02000000000a 0800 ${datagram}`), text);
});

Deno.test("formatPacket(): IPv6 with UDP, TCP behind an extension header, a fragment (RFC 8200 §4)", () => {
  // IPv6()/UDP(sport=1000, dport=53)/"abc"
  assertEquals(
    line("ip", `60000000000b1140 ${V6} 03e80035000bdbe3616263`),
    "> IP6 2001:db8::1 > 2001:db8::2: proto 17, hlim 64, length 11 1000 > 53: UDP, length 3",
  );
  // IPv6()/IPv6ExtHdrHopByHop(options=[RouterAlert()])/TCP(sport=1000, dport=80, flags="S", seq=7)
  const tcp = line(
    "ip",
    `60000000001c0040 ${V6} 0600050200000100 03e80050000000070000000050022000302f0000`,
  );
  assertEquals(tcp.startsWith("> IP6 2001:db8::1 > 2001:db8::2: proto 6, hlim 64, length 28 "), true, tcp);
  assertEquals(/1000.*80/.test(tcp), true, tcp);
  // IPv6()/IPv6ExtHdrFragment(offset=100, m=1, nh=17)/"12345678"
  assertEquals(
    line("ip", `6000000000102c40 ${V6} 1100032100000000 3132333435363738`),
    "> IP6 2001:db8::1 > 2001:db8::2: proto 17, hlim 64, frag 800+, length 16 (fragment)",
  );
});

Deno.test("formatPacket(): ICMPv6 (RFC 4443, RFC 4861)", () => {
  // IPv6()/ICMPv6EchoRequest(id=1, seq=2, data="x")
  assertEquals(
    line("ip", `6000000000093a40 ${V6} 8000ac430001000278`),
    "> IP6 2001:db8::1 > 2001:db8::2: proto 58, hlim 64, length 9 ICMP6 echo request, id 1, seq 2, length 9",
  );
  // IPv6(src="fe80::1", dst="ff02::2")/ICMPv6ND_RS()
  assertEquals(
    line(
      "ip",
      "6000000000083aff fe800000000000000000000000000001 ff020000000000000000000000000002 85007d3600000000",
    ),
    "> IP6 fe80::1 > ff02::2: proto 58, hlim 255, length 8 ICMP6 router solicitation, length 8",
  );
  // Ether()/IPv6(src="::", dst="ff02::1:ff00:2")/ICMPv6ND_NS(tgt="fe80::2")
  assertEquals(
    line(
      "ethernet",
      "3333ff000002 02000000000a 86dd 6000000000183aff 00000000000000000000000000000000 " +
        "ff0200000000000000000001ff000002 87007c2300000000 fe800000000000000000000000000002",
    ),
    "> IP6 :: > ff02::1:ff00:2: proto 58, hlim 255, length 24 ICMP6 neighbor solicitation, target fe80::2, length 24",
  );
});

Deno.test("property: formatPacket() prints anything, and leaves it as it is", () => {
  const version = fc.constantFrom(0x45, 0x60, 0x46, 0x00);
  const protocol = fc.constantFrom(0, 6, 17, 43, 44, 58, 60);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), version, protocol, (bytes, first, next) => {
    if (bytes.length > 6) {
      bytes[0] = first;
      bytes[6] = next;
    }
    line("ip", bytes);
    if (bytes.length > 20) {
      bytes[12] = 0x86;
      bytes[13] = 0xdd;
      bytes[14] = 0x60;
      bytes[20] = next;
    }
    line("ethernet", bytes);
  }));
});
