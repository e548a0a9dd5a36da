import { assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import {
  ARP_REPLY,
  ARP_REQUEST,
  type ArpPacket,
  emitArpPacket,
  formatArpPacket,
  parseArpPacket,
} from "./arp_packet.ts";

// scapy 2.5.0: ARP(op=1,hwsrc='02:00:00:00:00:01',psrc='10.0.0.1',hwdst='00:00:00:00:00:00',pdst='10.0.0.2')
const REQUEST = parseHex("0001 0800 06 04 0001  020000000001 0a000001  000000000000 0a000002");
// scapy 2.5.0: ARP(op=2,hwsrc='02:00:00:00:00:99',psrc='10.0.0.2',hwdst='02:00:00:00:00:01',pdst='10.0.0.1')
const REPLY = parseHex("0001 0800 06 04 0002  020000000099 0a000002  020000000001 0a000001");

const REQUEST_VALUE: ArpPacket = {
  operation: ARP_REQUEST,
  senderHardware: 0x02_00_00_00_00_01,
  senderProtocol: 0x0a000001,
  targetHardware: 0,
  targetProtocol: 0x0a000002,
};
const REPLY_VALUE: ArpPacket = {
  operation: ARP_REPLY,
  senderHardware: 0x02_00_00_00_00_99,
  senderProtocol: 0x0a000002,
  targetHardware: 0x02_00_00_00_00_01,
  targetProtocol: 0x0a000001,
};
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

Deno.test("parseArpPacket() reads packets of scapy, padded or not", () => {
  assertEquals(parseArpPacket(viewOf(REQUEST), 0, 28), REQUEST_VALUE);
  assertEquals(parseArpPacket(viewOf(REPLY), 0, 46), REPLY_VALUE);
  assertEquals(formatArpPacket(REQUEST_VALUE), "ARP, Request who-has 10.0.0.2 tell 10.0.0.1");
  assertEquals(formatArpPacket(REPLY_VALUE), "ARP, Reply 10.0.0.2 is-at 02:00:00:00:00:99");
});

Deno.test("emitArpPacket() writes what scapy writes", () => {
  for (const [value, golden] of [[REQUEST_VALUE, REQUEST], [REPLY_VALUE, REPLY]] as const) {
    const out = new Uint8Array(30).fill(0xa5);
    emitArpPacket(viewOf(out), 1, value);
    assertEquals(out.subarray(1, 29), golden);
  }
});

Deno.test("parseArpPacket() fails cleanly at every shorter length, and on every flipped bit or gives another value", () => {
  for (let n = 0; n < 28; n++) assertEquals(parseArpPacket(viewOf(REPLY.slice(0, n)), 0, n), "truncated");
  for (let bit = 0; bit < 28 * 8; bit++) {
    const bytes = REPLY.slice();
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    const result = parseArpPacket(viewOf(bytes), 0, 28);
    if (typeof result === "string") continue;
    const out = new Uint8Array(28);
    emitArpPacket(viewOf(out), 0, result);
    assertEquals(out, bytes);
  }
});

Deno.test("parseArpPacket() takes IPv4 over Ethernet only, requests and replies only", () => {
  const changed = (at: number, value: number) => {
    const bytes = REPLY.slice();
    bytes[at] = value;
    return parseArpPacket(viewOf(bytes), 0, 28);
  };
  assertEquals(changed(1, 6), "bad-hardware");
  assertEquals(changed(4, 8), "bad-hardware");
  assertEquals(changed(2, 0x86), "bad-protocol");
  assertEquals(changed(5, 16), "bad-protocol");
  assertEquals(changed(7, 3), "bad-operation");
});
