import { assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import { PPP_CAPTURE_HEADER_LENGTH, pppCaptureFrame, upperPduFrame } from "./capture_frames.ts";
import { PcapngWriter } from "./pcapng.ts";

Deno.test("pppCaptureFrame() writes direction, address, control and protocol in full", () => {
  // LCP Configure-Request with a magic number (RFC 1661 §6.4); tshark 4.0.17 shows it as "DTE → DCE LCP Configuration Request".
  const packet = parseHex("0101000a0506deadbeef");
  assertEquals(pppCaptureFrame("outbound", 0xc021, packet), parseHex("01 ff03 c021 0101000a0506deadbeef"));
  assertEquals(pppCaptureFrame("inbound", 0x0021, packet, 4, 6), parseHex("00 ff03 0021 0506"));
  assertEquals(pppCaptureFrame("inbound", 0x80fd, packet, 3, 3).length, PPP_CAPTURE_HEADER_LENGTH);
});

Deno.test("upperPduFrame() pads the dissector's name inside of its tag", () => {
  const text = new TextEncoder().encode("OK");
  assertEquals(upperPduFrame("at", text), parseHex("000c0004 61740000 00000000 4f4b"));
  assertEquals(upperPduFrame("http", text), parseHex("000c0004 68747470 00000000 4f4b"));
});

Deno.test("PcapngWriter: every medium has the link type that the registry gives it", () => {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => blocks.push(block));
  for (const medium of ["ethernet", "ip", "ppp", "upper-pdu"] as const) {
    writer.addInterface({ name: medium, medium });
  }
  // LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_PPP_WITH_DIR, LINKTYPE_WIRESHARK_UPPER_PDU
  assertEquals(blocks.slice(1).map((block) => block[8]! * 256 + block[9]!), [1, 101, 204, 252]);
});
