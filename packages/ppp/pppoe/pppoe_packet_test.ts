import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import {
  emitPppoeDiscovery,
  findPppoeTag,
  parsePppoeDiscovery,
  PPPOE_CODE,
  PPPOE_TAG,
  pppoeMaxPayload,
  pppoeMaxPayloadTag,
  pppoePayloadLength,
  pppoeTextTag,
} from "./pppoe_packet.ts";

/** A PADO like the one of RFC 2516 appendix B, behind its Ethernet header. */
const PADO = parseHex(`
  11 07 00 00 00 20
  01 01 00 00
  01 02 00 18 47 6f 20 52 65 64 42 61 63 6b 20 2d 20 65 73 68 73 68 65 73 68 6f 6f 74`);

Deno.test("parsePppoeDiscovery() reads a PADO like that of RFC 2516 appendix B", () => {
  const packet = parsePppoeDiscovery(PADO, 0, PADO.length)!;
  assertEquals([packet.code, packet.sessionId, packet.tags.length], [PPPOE_CODE.PADO, 0, 2]);
  assertEquals(
    new TextDecoder().decode(findPppoeTag(packet, PPPOE_TAG.AC_NAME)),
    "Go RedBack - eshshesh" + "oot",
  );
  assertEquals(emitPppoeDiscovery(packet), PADO);
});

Deno.test("parsePppoeDiscovery() drops padding and what stands behind End-Of-List (RFC 2516 appendix A)", () => {
  const padded = new Uint8Array(60);
  padded.set(PADO);
  assertEquals(parsePppoeDiscovery(padded, 0, 60)?.tags.length, 2);
  const ended = parseHex("11 09 00 00 00 0c  01 01 00 00  00 00 00 00  01 02 00 00");
  assertEquals(parsePppoeDiscovery(ended, 0, ended.length)?.tags.map((tag) => tag.type), [
    PPPOE_TAG.SERVICE_NAME,
  ]);
});

for (
  const [what, hex] of [
    ["another version", "21 09 00 00 00 00"],
    ["a length beyond the frame", "11 09 00 00 00 01"],
    ["half a tag header", "11 09 00 00 00 03 01 01 00"],
    ["a tag beyond the payload", "11 09 00 00 00 04 01 01 00 01 00"],
    ["half a header", "11 09 00 00 00"],
  ] as const
) {
  Deno.test(`parsePppoeDiscovery() refuses ${what} (RFC 2516 §4)`, () => {
    const bytes = parseHex(hex);
    assertEquals(parsePppoeDiscovery(bytes, 0, bytes.length), undefined);
  });
}

Deno.test("pppoeMaxPayload() takes what is longer than 1492 only (RFC 4638 §3)", () => {
  const packet = (octets: number) => ({
    code: PPPOE_CODE.PADI,
    sessionId: 0,
    tags: [pppoeMaxPayloadTag(octets)],
  });
  assertEquals([1500, 1492, 1491, 0].map((octets) => pppoeMaxPayload(packet(octets))), [
    1500,
    1492,
    undefined,
    undefined,
  ]);
  assertEquals(
    pppoeMaxPayload({ code: 9, sessionId: 0, tags: [pppoeTextTag(PPPOE_TAG.PPP_MAX_PAYLOAD, "abc")] }),
    undefined,
  );
});

Deno.test("property: what is emitted parses back, and no octets make parsing throw", () => {
  const tag = fc.record({
    type: fc.integer({ min: 1, max: 0xffff }),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(fc.property(fc.array(tag, { maxLength: 10 }), fc.nat(0xffff), (tags, sessionId) => {
    const bytes = emitPppoeDiscovery({ code: PPPOE_CODE.PADR, sessionId, tags });
    const packet = parsePppoeDiscovery(bytes, 0, bytes.length)!;
    assertEquals(packet.sessionId, sessionId);
    assertEquals(
      packet.tags.map(({ type, value }) => [type, ...value]),
      tags.map(({ type, value }) => [type, ...value]),
    );
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
    const length = pppoePayloadLength(noise, 0, noise.length);
    assert(length <= noise.length);
    parsePppoeDiscovery(Uint8Array.of(0x11, ...noise), 0, noise.length + 1);
  }));
});
