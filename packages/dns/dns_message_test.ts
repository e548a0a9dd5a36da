import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseIpAddressOrThrow } from "@lightwire/ip";
import { parseHex } from "@lightwire/pbuf";
import {
  DNS_TYPE,
  type DnsMessage,
  dnsResponse,
  emitDnsMessage,
  emitDnsQuery,
  formatDnsRecord,
  parseDnsMessage,
} from "./mod.ts";

/** scapy 2.5.0: DNS(id=0x1234, rd=1, qd=DNSQR(qname="www.example.test", qtype="A"), ar=DNSRROPT(rclass=1232, z=0)) */
const QUERY = parseHex(`
  1234 0100 0001 0000 0000 0001
  03777777 076578616d706c65 0474657374 00 0001 0001
  00 0029 04d0 00000000 0000`);

/** scapy 2.5.0, no compression: TXT, MX, SRV, SOA, AAAA, NS, PTR. */
const SCAPY_ANSWER = parseHex(`
  0001 8100 0001 0007 0000 0000
  076578616d706c65 0474657374 00 00ff 0001
  076578616d706c65 0474657374 00 0010 0001 00000005 0007 03 612062 02 7122
  076578616d706c65 0474657374 00 000f 0001 00000005 0015 000a 046d61696c 076578616d706c65 0474657374 00

  045f736970 045f756470 076578616d706c65 0474657374 00
  0021 0001 00000005 0018 0001 0002 13c4 03736970 076578616d706c65 0474657374 00
  076578616d706c65 0474657374 00 0006 0001 00000005 003e
  026e73 076578616d706c65 0474657374 00 0a686f73746d6173746572 076578616d706c65 0474657374 00
  000007e8 00000001 00000002 00000003 00000004
  076578616d706c65 0474657374 00 001c 0001 00000005 0010 20010db8000000000000000000000001
  076578616d706c65 0474657374 00 0002 0001 00000005 0011 026e73 076578616d706c65 0474657374 00
  0131 0130 0130 023130 07696e2d61646472 0461727061 00
  000c 0001 00000005 000e 076578616d706c65 0474657374 00`);

/** dnsmasq 2.90: www.example.test A, a CNAME and an address, compressed. */
const DNSMASQ_CNAME = parseHex(`
  4321 8580 0001 0002 0000 0001
  03777777 076578616d706c65 0474657374 00 0001 0001
  c00c 0005 0001 00000000 000e 076578616d706c65 0474657374 00
  c02e 0001 0001 0000012c 0004 cb007150
  00 0029 04d0 00008000 0000`);

/** dnsmasq 2.90: nothing.example.test A, NXDOMAIN. */
const DNSMASQ_NXDOMAIN = parseHex(`
  4321 8183 0001 0000 0000 0001
  076e6f7468696e67 076578616d706c65 0474657374 00 0001 0001
  00 0029 04d0 00008000 0000`);

function parsed(bytes: Uint8Array): DnsMessage {
  const message = parseDnsMessage(bytes);
  if (typeof message === "string") throw new Error(message);
  return message;
}

Deno.test("query: with EDNS0 as scapy writes it (RFC 6891 §6.1)", () => {
  assertEquals(emitDnsQuery({ id: 0x1234, name: "www.example.test", type: DNS_TYPE.A }), QUERY);
  const message = parsed(QUERY);
  assertEquals(message.questions, [{ name: "www.example.test", type: 1, class: 1 }]);
  assertEquals([message.recursionDesired, message.isResponse, message.additionals[0]!.class], [
    true,
    false,
    1232,
  ]);
});

Deno.test("query: without EDNS0", () => {
  const bytes = emitDnsQuery({ id: 1, name: ".", type: DNS_TYPE.NS, udpPayloadBytes: 0 });
  assertEquals(bytes, parseHex("0001 0100 0001 0000 0000 0000 00 0002 0001"));
});

Deno.test("response: every type of scapy's, as text (RFC 1035 §5.1)", () => {
  assertEquals(parsed(SCAPY_ANSWER).answers.map(formatDnsRecord), [
    'example.test. 5 IN TXT "a b" "q\\""',
    "example.test. 5 IN MX 10 mail.example.test.",
    "_sip._udp.example.test. 5 IN SRV 1 2 5060 sip.example.test.",
    "example.test. 5 IN SOA ns.example.test. hostmaster.example.test. 2024 1 2 3 4",
    "example.test. 5 IN AAAA 2001:db8::1",
    "example.test. 5 IN NS ns.example.test.",
    "1.0.0.10.in-addr.arpa. 5 IN PTR example.test.",
  ]);
});

Deno.test("response: dnsmasq's compressed CNAME chain (RFC 1035 §4.1.4)", () => {
  const message = parsed(DNSMASQ_CNAME);
  assertEquals(message.answers.map(formatDnsRecord), [
    "www.example.test. 0 IN CNAME example.test.",
    "example.test. 300 IN A 203.0.113.80",
  ]);
  assertEquals([message.isAuthoritative, message.recursionAvailable, message.rcode], [true, true, 0]);
});

Deno.test("response: dnsmasq's NXDOMAIN", () => {
  assertEquals(parsed(DNSMASQ_NXDOMAIN).rcode, 3);
});

Deno.test("emit: what is read, written again, reads the same", () => {
  for (const bytes of [QUERY, SCAPY_ANSWER, DNSMASQ_CNAME, DNSMASQ_NXDOMAIN]) {
    const message = parsed(bytes);
    assertEquals(parsed(emitDnsMessage(message)), message);
  }
  // The same octets too: dnsmasq leaves the target of the CNAME uncompressed, we do not.
  assertEquals(emitDnsMessage(parsed(DNSMASQ_NXDOMAIN)), DNSMASQ_NXDOMAIN);
  assertEquals(emitDnsMessage(parsed(DNSMASQ_CNAME)).length, DNSMASQ_CNAME.length - 12);
});

Deno.test("emit: an extended response code needs an OPT record (RFC 6891 §6.1.3)", () => {
  const query = parsed(QUERY);
  assertEquals(parsed(emitDnsMessage(dnsResponse(query, { rcode: 16 }))).rcode, 16);
  assertThrows(() => emitDnsMessage(dnsResponse(query, { rcode: 16, additionals: [] })), RangeError);
});

Deno.test("parse: cut anywhere is refused, but with TC what came before the cut stays", () => {
  for (let length = 0; length < DNSMASQ_CNAME.length; length++) {
    const message = parseDnsMessage(DNSMASQ_CNAME.subarray(0, length));
    assertEquals(typeof message, "string", `${length} bytes`);
  }
  const cut = DNSMASQ_CNAME.slice(0, DNSMASQ_CNAME.length - 20);
  cut[2]! |= 0x02;
  const message = parsed(cut);
  assertEquals([message.isTruncated, message.answers.length], [true, 1]);
});

Deno.test("parse: record data that does not fill its length is refused", () => {
  const tooShort = DNSMASQ_CNAME.slice();
  tooShort[12 + 22 + 11] = 13; // the CNAME's rdlength
  assertEquals(parseDnsMessage(tooShort), "BAD_RECORD");
});

Deno.test("parse: two OPT records are refused (RFC 6891 §6.1.1)", () => {
  const opt = parsed(QUERY).additionals[0]!;
  const bytes = emitDnsMessage({ ...parsed(QUERY), additionals: [opt, opt] });
  assertEquals(parseDnsMessage(bytes), "TWO_OPT_RECORDS");
});

Deno.test("parse: a TTL with its highest bit set counts as 0 (RFC 2181 §8)", () => {
  const bytes = DNSMASQ_CNAME.slice();
  bytes[12 + 22 + 6] = 0x80;
  assertEquals(parsed(bytes).answers[0]!.ttl, 0);
});

Deno.test("property: random octets never throw, and what is read can be written and read again", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
    roundTrip(bytes);
  }));
});

Deno.test("property: mutations of real messages never throw", () => {
  const change = fc.record({ at: fc.nat(400), to: fc.nat(255) });
  fc.assert(fc.property(
    fc.constantFrom(QUERY, SCAPY_ANSWER, DNSMASQ_CNAME),
    fc.array(change, { minLength: 1, maxLength: 6 }),
    (original, changes) => {
      const bytes = original.slice();
      for (const { at, to } of changes) bytes[at % bytes.length] = to;
      roundTrip(bytes);
    },
  ));
});

function roundTrip(bytes: Uint8Array): void {
  const message = parseDnsMessage(bytes);
  if (typeof message === "string") return;
  const again = parseDnsMessage(emitDnsMessage(message));
  assertEquals(again, message);
}

Deno.test("addresses: AAAA comes as IPv6 even when it maps IPv4", () => {
  const address = parseIpAddressOrThrow("::ffff:1.2.3.4");
  const record = parsed(SCAPY_ANSWER).answers[4]!;
  const message = dnsResponse(parsed(QUERY), { answers: [{ ...record, type: "AAAA", data: address }] });
  const read = parsed(emitDnsMessage(message)).answers[0]!;
  assertEquals(read.type === "AAAA" && read.data.family, 6);
});
