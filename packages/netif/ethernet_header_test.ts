import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseHex, PbufPool } from "@lightwire/pbuf";
import fc from "fast-check";
import {
  emitEthernetHeader,
  ETHER_TYPE_ARP,
  ETHER_TYPE_VLAN,
  formatEthernetHeader,
  parseEthernetHeader,
  restoreVlanTag,
  stripVlanTag,
} from "./ethernet_header.ts";
import { BROADCAST_MAC } from "./mac_address.ts";
import { bytesOf, packetOf } from "./testdata/fake_driver.ts";

const pool = new PbufPool([{ slotBytes: 256, slots: 64 }]);

// scapy 2.5: Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:0a")/ARP(hwsrc="02:00:00:00:00:0a", psrc="10.0.0.1",
//   pdst="10.0.0.2")
const ARP = parseHex(`
  ffffffffffff 02000000000a 0806
  0001 0800 06 04 0001 02000000000a 0a000001 000000000000 0a000002`);
const ARP_HEADER = { destination: BROADCAST_MAC, source: 0x02_00_00_00_00_0a, etherType: ETHER_TYPE_ARP };

Deno.test("parseEthernetHeader() reads a frame of scapy", () => {
  const p = packetOf(pool, ARP);
  assertEquals(parseEthernetHeader(p), ARP_HEADER);
  assertEquals(p.length, ARP.length);
  p.release();
});

Deno.test("emitEthernetHeader() writes every byte", () => {
  const p = packetOf(pool, ARP.subarray(14), 14);
  p.bytes.fill(0xa5, 0, 14);
  assert(emitEthernetHeader(p, ARP_HEADER));
  assertEquals(bytesOf(p), ARP);
  assert(!emitEthernetHeader(p, ARP_HEADER), "no headroom left");
  p.release();
});

Deno.test("parseEthernetHeader() refuses every truncation", () => {
  for (let length = 0; length < 14; length++) {
    const p = packetOf(pool, ARP.subarray(0, length));
    assertStrictEquals(parseEthernetHeader(p), undefined);
    p.release();
  }
});

Deno.test("property: emit after parse gives the same bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 14, maxLength: 20 }), (bytes) => {
    const p = packetOf(pool, bytes);
    const header = parseEthernetHeader(p)!;
    p.consume(14);
    p.bytes.fill(0xa5, 0, p.start);
    assert(emitEthernetHeader(p, header));
    assertEquals(bytesOf(p), bytes);
    p.release();
  }));
});

Deno.test("formatEthernetHeader() reads like tcpdump -e", () => {
  assertEquals(
    formatEthernetHeader(ARP_HEADER),
    "02:00:00:00:00:0a > ff:ff:ff:ff:ff:ff, ethertype 0x0806",
  );
});

Deno.test("stripVlanTag() takes the tag out, restoreVlanTag() puts it back (IEEE 802.1Q)", () => {
  const tagged = parseHex("02000000000b 02000000000a 8100 6005 0800 4500");
  const p = packetOf(pool, tagged);
  assert(stripVlanTag(p));
  assertEquals(p.vlanTci, 0x6005);
  assertEquals(bytesOf(p), parseHex("02000000000b 02000000000a 0800 4500"));
  assert(!stripVlanTag(p), "there is no second tag");
  assert(restoreVlanTag(p));
  assertEquals([p.vlanTci, p.view.getUint16(p.start + 12)], [-1, ETHER_TYPE_VLAN]);
  assertEquals(bytesOf(p), tagged);
  assert(!restoreVlanTag(p), "no tag travels along any more");
  p.release();
  const tight = packetOf(pool, ARP, 3);
  tight.vlanTci = 5;
  assert(!restoreVlanTag(tight));
  tight.release();
  const short = packetOf(pool, tagged.subarray(0, 17));
  assert(!stripVlanTag(short));
  short.release();
  assertEquals(pool.inUse, 0);
});
