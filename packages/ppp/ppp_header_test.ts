import { assertEquals } from "@std/assert";
import {
  emitPppHeader,
  parsePppHeader,
  PPP_HEADER_INVALID,
  pppHeaderLengthOf,
  pppProtocolOf,
} from "./ppp_header.ts";
import { PPP_IPV4, PPP_LCP, pppProtocolName } from "./ppp_protocol_number.ts";

Deno.test("header: all four forms come back as they were sent (RFC 1661 §6.5)", () => {
  for (
    const [protocol, isAcfc, isPfc, length] of [
      [PPP_IPV4, false, false, 4],
      [PPP_IPV4, true, false, 2],
      [PPP_IPV4, false, true, 3],
      [PPP_IPV4, true, true, 1],
      [PPP_LCP, false, true, 4],
      [PPP_LCP, true, true, 2],
    ] as const
  ) {
    const bytes = new Uint8Array(8).fill(0xa5);
    assertEquals(emitPppHeader(bytes, 1, protocol, isAcfc, isPfc), 1 + length);
    const header = parsePppHeader(bytes, 1, 8);
    assertEquals([pppProtocolOf(header), pppHeaderLengthOf(header)], [protocol, length]);
  }
});

Deno.test("header: an even last octet of the protocol, or a frame that ends too soon, is refused (RFC 1661 §2)", () => {
  for (const octets of [[0xff, 0x03], [0xff, 0x03, 0x00], [0x00, 0x20], [0xc0], []]) {
    assertEquals(parsePppHeader(Uint8Array.from(octets), 0, octets.length), PPP_HEADER_INVALID);
  }
});

Deno.test("protocol names: known ones by name, others by number (RFC 1661 §2)", () => {
  assertEquals([pppProtocolName(PPP_LCP), pppProtocolName(0x0203)], ["LCP", "protocol 0x0203"]);
});
