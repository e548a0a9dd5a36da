import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseIpAddressOrThrow } from "@lightwire/ip";
import { parseHex } from "@lightwire/pbuf";
import {
  addressOfReverseDnsName,
  canonicalDnsName,
  dnsLabels,
  DnsWriter,
  isWithinDomain,
  parseDnsName,
  reverseDnsName,
  sameDnsName,
} from "./mod.ts";

function written(...names: string[]): Uint8Array {
  const writer = new DnsWriter();
  for (const name of names) writer.name(name, true);
  return writer.finish();
}

Deno.test("write: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA, root share suffixes (RFC 1035 §4.1.4)", () => {
  assertEquals(
    written("F.ISI.ARPA", "FOO.F.ISI.ARPA", "ARPA", ""),
    parseHex("0146 03495349 0441525041 00 03464f4f c000 c006 00"),
  );
});

Deno.test("parse: the same again, and where each ends", () => {
  const bytes = written("F.ISI.ARPA", "FOO.F.ISI.ARPA", "ARPA", "");
  assertEquals(parseDnsName(bytes, 0), { name: "F.ISI.ARPA", end: 12 });
  assertEquals(parseDnsName(bytes, 12), { name: "FOO.F.ISI.ARPA", end: 18 });
  assertEquals(parseDnsName(bytes, 18), { name: "ARPA", end: 20 });
  assertEquals(parseDnsName(bytes, 20), { name: "", end: 21 });
});

Deno.test("parse: pointers to itself, forward, and in a ring are refused", () => {
  assertEquals(parseDnsName(parseHex("c000"), 0), undefined);
  assertEquals(parseDnsName(parseHex("c002 0161 00"), 0), undefined);
  assertEquals(parseDnsName(parseHex("c002 c000"), 2), undefined);
  assertEquals(parseDnsName(parseHex("0161 c000"), 2), undefined); // a, and again a, …
});

Deno.test("parse: label types 01 and 10, cut labels and pointers are refused", () => {
  for (const hex of ["4061 00", "8061 00", "0361", "03616263", "c0", ""]) {
    assertEquals(parseDnsName(parseHex(hex), 0), undefined, hex);
  }
});

Deno.test("limits: 63 octets a label, 255 a name (RFC 1035 §2.3.4)", () => {
  const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;
  assertEquals(dnsLabels(longest)?.length, 4);
  assertEquals(parseDnsName(written(longest), 0)?.name, longest);
  assertEquals(dnsLabels(`${longest}d`), undefined);
  assertEquals(dnsLabels("a".repeat(64)), undefined);
  const tooLong = [63, 63, 63, 62, 0].flatMap((n) => [n, ...new Array(n).fill(0x61)]);
  assertEquals(parseDnsName(Uint8Array.from(tooLong), 0), undefined);
});

Deno.test("text: escapes (RFC 1035 §5.1)", () => {
  assertEquals(canonicalDnsName("a\\.b.c."), "a\\.b.c");
  assertEquals(canonicalDnsName("\\097\\032.c"), "a\\032.c");
  assertEquals(canonicalDnsName("\\000\\255"), "\\000\\255");
  assertEquals(canonicalDnsName("."), "");
  for (const text of ["..", "a..b", ".a", "\\25", "\\256", "a\\", "bücher.example", "a\u0100"]) {
    assertEquals(canonicalDnsName(text), undefined, text);
  }
});

Deno.test("compare: case of ASCII letters does not matter (RFC 4343 §3)", () => {
  assertEquals(sameDnsName("WWW.Example.Test", "www.example.test"), true);
  assertEquals(sameDnsName("www.example.test", "www.example.tesu"), false);
  assertEquals(isWithinDomain("a.LOCALHOST", "localhost"), true);
  assertEquals(isWithinDomain("notlocalhost", "localhost"), false);
  assertEquals(isWithinDomain("a\\.localhost", "localhost"), false);
});

Deno.test("reverse: in-addr.arpa and ip6.arpa, there and back", () => {
  for (
    const [address, name] of [
      ["10.0.2.1", "1.2.0.10.in-addr.arpa"],
      ["2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"],
    ] as const
  ) {
    assertEquals(reverseDnsName(parseIpAddressOrThrow(address)), name);
    assertEquals(addressOfReverseDnsName(`${name}`.toUpperCase())?.toString(), address);
  }
  assertEquals(addressOfReverseDnsName("2.0.10.in-addr.arpa"), undefined);
  assertEquals(addressOfReverseDnsName("x.ip6.arpa"), undefined);
});

Deno.test("property: any labels survive text and wire", () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
    const wire = Uint8Array.from([...labels.flatMap((l) => [l.length, ...l]), 0]);
    const name = parseDnsName(wire, 0)!.name;
    assertEquals(dnsLabels(name)!.map((l) => [...l]), labels.map((l) => [...l]));
    assertEquals(written(name), wire);
  }));
});

Deno.test("property: parsing ends, whatever the pointers", () => {
  const octet = fc.oneof(fc.constantFrom(0xc0, 0, 1, 2), fc.nat(255));
  fc.assert(fc.property(fc.array(octet, { maxLength: 64 }), fc.nat(64), (octets, at) => {
    const parsed = parseDnsName(Uint8Array.from(octets), at);
    if (parsed !== undefined) assertEquals(canonicalDnsName(parsed.name), parsed.name);
  }));
});
