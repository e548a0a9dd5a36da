import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  addressFromBytes,
  addressToBytes,
  formatIpAddress,
  ipv4,
  IPV4_ANY,
  IPV4_BROADCAST,
  ipv6,
  IPV6_ANY,
  mapAddress,
  parseIpAddress,
  parseIpAddressOrThrow,
  parseIpv4Lenient,
  unmapAddress,
} from "./address.ts";
import { INET_ATON, INET_PTON_6 } from "./testdata/glibc_addresses.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });

Deno.test("parseIpv4Lenient() takes and refuses what glibc's inet_aton does", () => {
  for (const [text, bits] of INET_ATON) {
    assertEquals(parseIpv4Lenient(text)?.w3 ?? null, bits, JSON.stringify(text));
  }
});

Deno.test("parseIpAddress() takes and refuses IPv6 texts as glibc's inet_pton does, and writes them as inet_ntop", () => {
  for (const [text, hex, canonical] of INET_PTON_6) {
    const address = parseIpAddress(text);
    const bytes = address === undefined
      ? null
      : [...addressToBytes(address)].map((b) => b.toString(16).padStart(2, "0"));
    assertEquals(bytes?.join("") ?? null, hex, text);
    if (address !== undefined) assertEquals(formatIpAddress(address), canonical);
  }
});

Deno.test("parseIpAddress() is strict about IPv4: four decimal numbers and nothing else", () => {
  assertEquals(parseIpAddress("192.0.2.255")?.w3, 0xc00002ff);
  for (
    const text of [
      "",
      "1",
      "1.2.3",
      "1.2.3.4.",
      "01.2.3.4",
      "1.2.3.04",
      "1.2.3.256",
      "1.2.3.4 ",
      "1.2.3.+4",
      "1.2.3.4.5",
    ]
  ) {
    assertEquals(parseIpAddress(text), undefined, text);
  }
});

Deno.test("parseIpAddress() reads zones by number, and by name if it is told how (RFC 4007 §11)", () => {
  assertEquals(parseIpAddress("fe80::1%3")?.zone, 3);
  assertEquals(formatIpAddress(parseIpAddress("fe80::1%3")!), "fe80::1%3");
  assertEquals(parseIpAddress("fe80::1%en0"), undefined);
  assertEquals(parseIpAddress("fe80::1%en0", (name) => name === "en0" ? 7 : undefined)?.zone, 7);
  assertEquals(parseIpAddress("fe80::1%en1", (name) => name === "en0" ? 7 : undefined), undefined);
  assertEquals(parseIpAddress("fe80::1%"), undefined);
});

Deno.test("formatIpAddress() shortens the first of the longest runs of zeros (RFC 5952 §4.2)", () => {
  const canonical = (text: string) => formatIpAddress(parseIpAddressOrThrow(text));
  assertEquals(canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  assertEquals(canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  assertEquals(canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  assertEquals(canonical("2001:DB8::ABCD"), "2001:db8::abcd");
});

Deno.test("property: text and bytes of an address lead back to it", () => {
  fc.assert(fc.property(word, (bits) => {
    const a = ipv4(bits);
    assert(parseIpAddressOrThrow(a.toString()).equals(a));
    assert(addressFromBytes(addressToBytes(a))!.equals(a));
  }));
  const sparse = fc.oneof(word, fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(fc.property(sparse, sparse, sparse, sparse, (w0, w1, w2, w3) => {
    const a = ipv6(w0, w1, w2, w3);
    assert(parseIpAddressOrThrow(a.toString()).equals(a));
    assert(addressFromBytes(addressToBytes(a))!.equals(a));
  }));
});

Deno.test("property: parsing terminates with an address or undefined whatever the text", () => {
  const characters = fc.array(fc.constantFrom(..."0123456789abcdef:.%xg ".split("")), { maxLength: 50 });
  fc.assert(fc.property(characters, (list) => {
    const address = parseIpAddress(list.join(""));
    if (address !== undefined) assert(parseIpAddressOrThrow(address.toString()).equals(address));
  }));
});

Deno.test("IpAddress: classes of addresses", () => {
  const is = (text: string) => {
    const a = parseIpAddressOrThrow(text);
    const names: string[] = [];
    if (a.isUnspecified) names.push("unspecified");
    if (a.isLoopback) names.push("loopback");
    if (a.isLinkLocal) names.push("link-local");
    if (a.isPrivate) names.push("private");
    if (a.isMulticast) names.push("multicast");
    if (a.isLimitedBroadcast) names.push("broadcast");
    if (a.isIpv4Mapped) names.push("mapped");
    return names.join();
  };
  assertEquals(is("0.0.0.0"), "unspecified");
  assertEquals(is("::"), "unspecified");
  assertEquals(is("127.255.0.1"), "loopback");
  assertEquals(is("::1"), "loopback");
  assertEquals(is("169.254.3.4"), "link-local");
  assertEquals(is("febf::1"), "link-local");
  assertEquals(is("fec0::1"), "");
  assertEquals(is("10.1.2.3"), "private");
  assertEquals(is("172.31.0.1"), "private");
  assertEquals(is("172.32.0.1"), "");
  assertEquals(is("192.168.0.1"), "private");
  assertEquals(is("fd00::1"), "private");
  assertEquals(is("224.0.0.1"), "multicast");
  assertEquals(is("239.255.255.255"), "multicast");
  assertEquals(is("240.0.0.1"), "");
  assertEquals(is("ff02::1"), "multicast");
  assertEquals(is("255.255.255.255"), "broadcast");
  assertEquals(is("::ffff:10.0.0.1"), "mapped");
});

Deno.test("IpAddress: families, zones and mapped forms are told apart", () => {
  const v4 = ipv4(0x0a000001);
  const mapped = mapAddress(v4);
  assert(!v4.equals(mapped));
  assert(unmapAddress(mapped).equals(v4));
  assert(unmapAddress(v4) === v4);
  assert(mapAddress(mapped) === mapped);
  assert(!ipv6(0xfe800000, 0, 0, 1, 1).equals(ipv6(0xfe800000, 0, 0, 1, 2)));
  assert(!IPV4_ANY.equals(IPV6_ANY));
  assertEquals(IPV4_BROADCAST.toString(), "255.255.255.255");
  assertEquals(addressFromBytes(new Uint8Array(5)), undefined);
});

Deno.test("parseIpAddressOrThrow() throws a TypeError which quotes the text", () => {
  assertThrows(() => parseIpAddressOrThrow("host"), TypeError, 'Cannot parse "host"');
});
