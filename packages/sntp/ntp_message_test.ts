import { assertAlmostEquals, assertEquals } from "@std/assert";
import { parseHex } from "@lightwire/pbuf";
import fc from "fast-check";
import {
  emitNtpMessage,
  formatNtpMessage,
  formatReferenceId,
  NTP_HEADER_LENGTH,
  type NtpMessage,
  ntpRequest,
  parseNtpMessage,
  unixMsFromNtp,
} from "./mod.ts";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

// scapy 2.5: NTPHeader(leap=0, version=4, mode=4, stratum=2, poll=6, precision=236, delay=0.015625, dispersion=0.03125,
//   id="192.0.2.1", ref=3944678400.5, orig=0, recv=3944678460.25, sent=3944678460.5); scapy dates them 2025-01-01 00:00 and 00:01
const REPLY = parseHex(
  "240206ec0000040000000800c0000201eb1f0400800000000000000000000000eb1f043c40000000eb1f043c80000000",
);
// scapy 2.5: NTPHeader(leap=3, version=4, mode=4, stratum=0, poll=6, precision=236, ref_id=b"RATE"), recv and sent
const KISS = parseHex(
  "e40006ec0000000000000000524154450000000000000000eeafeb665b4460000000000000000000eb1f043c80000000",
);

Deno.test("parseNtpMessage() reads a server's reply of scapy's", () => {
  const m = parseNtpMessage(viewOf(REPLY)) as NtpMessage;
  assertEquals(
    [m.leap, m.version, m.mode, m.stratum, m.poll, m.precision],
    ["none", 4, 4, 2, 6, -20],
  );
  assertAlmostEquals(m.rootDelayMs, 15.625, 1e-9);
  assertAlmostEquals(m.rootDispersionMs, 31.25, 1e-9);
  assertEquals(formatReferenceId(m.stratum, m.referenceId), "192.0.2.1");
  assertEquals(new Date(unixMsFromNtp(m.reference)).toISOString(), "2025-01-01T00:00:00.500Z");
  assertEquals(m.originate, { seconds: 0, fraction: 0 });
  assertEquals(new Date(unixMsFromNtp(m.receive)).toISOString(), "2025-01-01T00:01:00.250Z");
  assertEquals(new Date(unixMsFromNtp(m.transmit)).toISOString(), "2025-01-01T00:01:00.500Z");
  assertEquals(emitNtpMessage(m), REPLY);
});

Deno.test("parseNtpMessage() reads a kiss of death of scapy's", () => {
  const m = parseNtpMessage(viewOf(KISS)) as NtpMessage;
  assertEquals([m.leap, m.stratum, formatReferenceId(m.stratum, m.referenceId)], [
    "unsynchronized",
    0,
    "RATE",
  ]);
  assertEquals(emitNtpMessage(m), KISS);
});

Deno.test("ntpRequest() tells nothing but version, mode and the transmit timestamp (RFC 5905 §9.2)", () => {
  // scapy 2.5: NTPHeader(version=4, mode=3, stratum=0, poll=0, precision=0, ref=0, orig=0, recv=0, sent=0), last 8 octets ours
  const golden = parseHex("23" + "00".repeat(39) + "0123456789abcdef");
  assertEquals(emitNtpMessage(ntpRequest({ seconds: 0x01234567, fraction: 0x89abcdef })), golden);
});

Deno.test("parseNtpMessage() refuses short messages and version 0, and ignores what follows the header", () => {
  assertEquals(parseNtpMessage(viewOf(REPLY.subarray(0, NTP_HEADER_LENGTH - 1))), "too-short");
  assertEquals(parseNtpMessage(viewOf(REPLY), 0, 47), "too-short");
  assertEquals(parseNtpMessage(viewOf(REPLY), 1), "too-short");
  assertEquals(parseNtpMessage(new DataView(new ArrayBuffer(48))), "bad-version");
  const withMac = new Uint8Array(2 + 48 + 20);
  withMac.set(REPLY, 2);
  assertEquals((parseNtpMessage(viewOf(withMac), 2) as NtpMessage).stratum, 2);
});

Deno.test("property: parseNtpMessage() never throws, and what it reads is written as it was", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const m = parseNtpMessage(viewOf(bytes));
    if (typeof m === "string") return;
    assertEquals(emitNtpMessage(m), bytes.slice(0, NTP_HEADER_LENGTH) as Uint8Array<ArrayBuffer>);
    formatNtpMessage(m);
  }));
});

Deno.test("formatReferenceId() prints names, addresses, and anything else as a number", () => {
  assertEquals(formatReferenceId(1, 0x47505300), "GPS");
  assertEquals(formatReferenceId(0, 0x44454e59), "DENY");
  assertEquals(formatReferenceId(3, 0x7f7f0101), "127.127.1.1");
  assertEquals(formatReferenceId(1, 0), "");
  assertEquals(formatReferenceId(1, 0x1b5b3200), "0x1b5b3200");
});

Deno.test("formatNtpMessage() is one line", () => {
  assertEquals(
    formatNtpMessage(parseNtpMessage(viewOf(REPLY)) as NtpMessage),
    "NTPv4 server, leap none, stratum 2, refid 192.0.2.1, org 00000000.00000000, rec eb1f043c.40000000, " +
      "xmt eb1f043c.80000000",
  );
  assertEquals(
    formatNtpMessage(ntpRequest({ seconds: 1, fraction: 2 })),
    "NTPv4 client, xmt 00000001.00000002",
  );
});
