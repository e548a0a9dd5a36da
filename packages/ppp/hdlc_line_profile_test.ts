import { assertEquals } from "@std/assert";
import { seededRandom } from "@lightwire/netif";
import { DEFAULT_ACCM, HdlcEncoder } from "./hdlc.ts";
import { HdlcDecoder } from "./hdlc_decoder.ts";
import { HdlcLineProfile } from "./hdlc_line_profile.ts";

const random = seededRandom("line profile");

/** What a line makes of frames of random octets: their decoder afterwards. */
function receiveThrough(line: (wire: number[]) => number[], accm: number, frames: number): HdlcDecoder {
  const decoder = new HdlcDecoder({ hdlcInput: () => {} });
  decoder.setReceiveAccm(accm);
  const encoder = new HdlcEncoder(accm);
  const into = new Uint8Array(HdlcEncoder.maxEncodedLength(200));
  for (let i = 0; i < frames; i++) {
    const body = Uint8Array.from({ length: 200 }, () => random.uint32() & 0xff);
    const end = encoder.encode(body, 0, body.length, into, 0, true);
    decoder.input(Uint8Array.from(line([...into.subarray(0, end)])));
  }
  return decoder;
}

function withParity(octet: number, isOdd: boolean): number {
  let ones = 0;
  for (let bit = 0; bit < 7; bit++) ones += (octet >>> bit) & 1;
  return (octet & 0x7f) | (((ones & 1) === 1) === isOdd ? 0 : 0x80);
}

Deno.test("profile: a clean line is told from one of seven bits, with each kind of parity (RFC 1662 §1)", () => {
  const lines: [string, (wire: number[]) => number[]][] = [
    ["clean", (wire) => wire],
    ["always-0", (wire) => wire.map((octet) => octet & 0x7f)],
    ["always-1", (wire) => wire.map((octet) => octet | 0x80)],
    ["even-parity", (wire) => wire.map((octet) => withParity(octet, false))],
    ["odd-parity", (wire) => wire.map((octet) => withParity(octet, true))],
  ];
  for (const [name, line] of lines) {
    // Where bit 7 of the flags is set as well, the decoder never gets in step.
    const { profile, counters } = receiveThrough(line, DEFAULT_ACCM, 3);
    assertEquals(counters.frames, name === "clean" ? 3 : 0);
    assertEquals(profile.bit7, name);
  }
  assertEquals(new HdlcLineProfile().bit7, "unknown");
});

Deno.test("profile: a line that clears bit 7 delivers no good frame, and the profile says why (RFC 1662 §1)", () => {
  const decoder = receiveThrough((wire) => wire.map((octet) => octet & 0x7f), DEFAULT_ACCM, 10);
  assertEquals(decoder.counters.frames, 0);
  assertEquals(decoder.profile.bit7, "always-0");
});

Deno.test("profile: characters that the line eats are named, those that the peer escapes are not (RFC 1662 §7.1)", () => {
  const eat = (wire: number[]) => wire.filter((octet) => octet !== 0x11 && octet !== 0x13);
  const decoder = receiveThrough(eat, 0, 60);
  assertEquals(decoder.profile.missingControls(0), 0x000a_0000);
  assertEquals(decoder.profile.missingControls(0x000a_0000), 0);
  const clean = receiveThrough((wire) => wire, 0, 60);
  assertEquals(clean.profile.missingControls(0), 0);
  assertEquals(clean.profile.controlsSeen, DEFAULT_ACCM);
});

Deno.test("profile: a clean line is looked at only in its beginning (RFC 1662 §4)", () => {
  const decoder = receiveThrough((wire) => wire, 0, 60);
  assertEquals(decoder.counters.frames, 60);
  assertEquals(decoder.profile.octets, 4096);
});

Deno.test("profile: the text of a modem is forgotten when the first flag comes (RFC 1662 §4.1)", () => {
  const decoder = new HdlcDecoder({ hdlcInput: () => {} });
  const text = new TextEncoder().encode("CONNECT 115200\r\n".repeat(10));
  decoder.input(text);
  assertEquals([decoder.profile.octets, decoder.profile.bit7], [160, "unknown"]);
  decoder.input(Uint8Array.of(0x41, 0x7e, 0xff, 0x03));
  assertEquals([decoder.profile.octets, decoder.counters.garbage], [2, 161]);
  decoder.reset();
  decoder.input(text);
  assertEquals(decoder.profile.octets, 2);
});
