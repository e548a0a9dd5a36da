import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import {
  emitL2tpControl,
  emitL2tpDataHeader,
  findL2tpAvp,
  hideL2tpValue,
  L2TP_AVP,
  L2TP_DATA_HEADER_LENGTH,
  L2TP_MESSAGE,
  l2tpAvp,
  l2tpChallengeResponse,
  l2tpKind,
  l2tpWord,
  l2tpWordAvp,
  parseL2tpControl,
  parseL2tpData,
} from "./l2tp_message.ts";

/** A SCCRQ written by hand after RFC 2661 §3.1, §4.1 and §6.1: tunnel 5, name "lac", version 1.0. */
const SCCRQ = parseHex(`
  c8 02 00 37 00 00 00 00 00 00 00 00
  80 08 00 00 00 00 00 01
  80 08 00 00 00 02 01 00
  80 09 00 00 00 07 6c 61 63
  80 0a 00 00 00 03 00 00 00 03
  80 08 00 00 00 09 00 05`);

Deno.test("parseL2tpControl() reads a SCCRQ, and emitL2tpControl() makes the same octets (RFC 2661 §6.1)", () => {
  const bytes = SCCRQ;
  assertEquals(l2tpKind(bytes, 0, bytes.length), "control");
  const message = parseL2tpControl(bytes, 0, bytes.length)!;
  assertEquals([message.type, message.tunnelId, message.ns, message.nr], [L2TP_MESSAGE.SCCRQ, 0, 0, 0]);
  assertEquals(l2tpWord(message, L2TP_AVP.ASSIGNED_TUNNEL_ID), 5);
  assertEquals(new TextDecoder().decode(findL2tpAvp(message, L2TP_AVP.HOST_NAME)), "lac");
  assertEquals(emitL2tpControl(message), bytes);
});

Deno.test("a message without a body is an acknowledgement (RFC 2661 §5.8)", () => {
  const bytes = emitL2tpControl({
    tunnelId: 9,
    sessionId: 0,
    ns: 3,
    nr: 4,
    type: L2TP_MESSAGE.ZLB,
    avps: [],
  });
  assertEquals(bytes, parseHex("c8 02 00 0c 00 09 00 00 00 03 00 04"));
  assertEquals(parseL2tpControl(bytes, 0, bytes.length)?.type, L2TP_MESSAGE.ZLB);
});

for (
  const [what, hex, range] of [
    ["nothing but ids", "00 02 00 05 00 06 ff 03", [6, 8]],
    ["a length", "40 02 00 0a 00 05 00 06 ff 03 99", [8, 10]],
    ["numbers", "08 02 00 05 00 06 00 01 00 02 ff 03", [10, 12]],
    ["an offset with padding", "02 02 00 05 00 06 00 02 aa aa ff 03", [10, 12]],
  ] as const
) {
  Deno.test(`parseL2tpData() finds the frame behind ${what} (RFC 2661 §3.1)`, () => {
    const bytes = parseHex(hex);
    assertEquals(l2tpKind(bytes, 0, bytes.length), "data");
    const data = parseL2tpData(bytes, 0, bytes.length)!;
    assertEquals([data.tunnelId, data.sessionId, data.start, data.end], [5, 6, range[0], range[1]]);
  });
}

Deno.test("emitL2tpDataHeader() writes what parseL2tpData() reads (RFC 2661 §3.1)", () => {
  const bytes = new Uint8Array(L2TP_DATA_HEADER_LENGTH + 2);
  emitL2tpDataHeader(bytes, 0, 0x1234, 0xfedc);
  assertEquals(parseL2tpData(bytes, 0, 8), { tunnelId: 0x1234, sessionId: 0xfedc, start: 6, end: 8 });
});

Deno.test("a hidden attribute is uncovered with the secret, and left out without (RFC 2661 §4.3)", () => {
  const vector = parseHex("00 11 22 33 44 55");
  const value = new TextEncoder().encode("longer than one block of sixteen octets");
  const emit = (hidden: Uint8Array): Uint8Array => {
    const bytes = emitL2tpControl({
      tunnelId: 1,
      sessionId: 0,
      ns: 0,
      nr: 0,
      type: L2TP_MESSAGE.SCCRQ,
      avps: [l2tpAvp(L2TP_AVP.RANDOM_VECTOR, vector), l2tpAvp(L2TP_AVP.HOST_NAME, hidden)],
    });
    bytes[12 + 8 + 6 + vector.length]! |= 0x40; // the H bit
    return bytes;
  };
  const bytes = emit(hideL2tpValue(L2TP_AVP.HOST_NAME, value, "tower", vector));
  assertEquals(findL2tpAvp(parseL2tpControl(bytes, 0, bytes.length, "tower")!, L2TP_AVP.HOST_NAME), value);
  assertEquals(findL2tpAvp(parseL2tpControl(bytes, 0, bytes.length)!, L2TP_AVP.HOST_NAME), undefined);
});

Deno.test("the proof of the secret depends on the message it is in (RFC 2661 §4.4.3)", () => {
  const challenge = parseHex("01 02 03");
  const proofs = [2, 3].map((type) => l2tpChallengeResponse(type, "tower", challenge).join());
  assertEquals(new Set(proofs).size, 2);
});

Deno.test("property: no octets make a parser throw, and what is emitted parses back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0xc8, 0x40, 0x4a, 0x00), (noise, flags) => {
      const bytes = Uint8Array.of(flags, 2, ...noise);
      const kind = l2tpKind(bytes, 0, bytes.length);
      if (kind === "control") parseL2tpControl(bytes, 0, bytes.length, "secret");
      const data = kind === "data" ? parseL2tpData(bytes, 0, bytes.length) : undefined;
      if (data !== undefined) assertEquals(data.start <= data.end && data.end <= bytes.length, true);
    }),
  );
  fc.assert(fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array({ maxLength: 50 }), (ns, nr, value) => {
    const message = {
      tunnelId: ns,
      sessionId: nr,
      ns,
      nr,
      type: L2TP_MESSAGE.ICRQ,
      avps: [l2tpWordAvp(L2TP_AVP.ASSIGNED_SESSION_ID, nr), l2tpAvp(L2TP_AVP.HOST_NAME, value)],
    };
    const bytes = emitL2tpControl(message);
    assertEquals(parseL2tpControl(bytes, 0, bytes.length), message);
  }));
});
