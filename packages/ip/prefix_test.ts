import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ipv4, ipv6, parseIpAddressOrThrow } from "./address.ts";
import {
  broadcastOf,
  formatPrefix,
  lengthToNetmask,
  maskWord,
  netmaskToLength,
  parseAddressAndLength,
  parsePrefix,
  prefixContains,
  prefixOf,
} from "./prefix.ts";

Deno.test("parsePrefix() clears host bits, parseAddressAndLength() keeps them", () => {
  assertEquals(formatPrefix(parsePrefix("10.1.2.3/8")!), "10.0.0.0/8");
  assertEquals(formatPrefix(parseAddressAndLength("10.1.2.3/8")!), "10.1.2.3/8");
  assertEquals(formatPrefix(parsePrefix("10.1.2.3")!), "10.1.2.3/32");
  assertEquals(formatPrefix(parsePrefix("0.0.0.0/0")!), "0.0.0.0/0");
  assertEquals(formatPrefix(parsePrefix("2001:db8::1/33")!), "2001:db8::/33");
  for (const text of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "/8", "::/129", "10.0.0/8"]) {
    assertEquals(parsePrefix(text), undefined, text);
  }
});

Deno.test("prefixOf() refuses impossible lengths", () => {
  assertThrows(() => prefixOf(ipv4(0), 33), RangeError, "from 0 to 32");
  assertThrows(() => prefixOf(ipv4(0), 1.5), RangeError);
  assertThrows(() => prefixOf(ipv6(0, 0, 0, 0), 129), RangeError);
});

Deno.test("property: prefixContains() compares the leading bits, as strings of bits do", () => {
  const bits = (a: { w0: number; w1: number; w2: number; w3: number; family: number }) =>
    (a.family === 4 ? [a.w3] : [a.w0, a.w1, a.w2, a.w3]).map((w) => w.toString(2).padStart(32, "0")).join("");
  const near = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 0, max: 31 })).map((
    [a, i],
  ) => [a, (a ^ (1 << i)) >>> 0]);
  fc.assert(fc.property(near, fc.integer({ min: 0, max: 32 }), ([a, b], length) => {
    const prefix = prefixOf(ipv4(a!), length);
    assertEquals(
      prefixContains(prefix, ipv4(b!)),
      bits(ipv4(a!)).slice(0, length) === bits(ipv4(b!)).slice(0, length),
    );
    assert(prefixContains(prefix, ipv4(a!)));
  }));
  fc.assert(fc.property(near, near, fc.integer({ min: 0, max: 128 }), ([a, b], [c, d], length) => {
    const x = ipv6(a!, c!, b!, d!);
    const y = ipv6(a!, c!, a!, d!);
    assertEquals(
      prefixContains(prefixOf(x, length), y),
      bits(x).slice(0, length) === bits(y).slice(0, length),
    );
    assert(!prefixContains(prefixOf(x, length), ipv4(a!)));
  }));
});

Deno.test("netmaskToLength() takes contiguous masks only (RFC 4632 §5.1)", () => {
  for (let length = 0; length <= 32; length++) assertEquals(netmaskToLength(lengthToNetmask(length)), length);
  assertEquals(netmaskToLength(0xff00ff00), undefined);
  assertEquals(netmaskToLength(1), undefined);
  assertEquals(maskWord(40), -1);
  assertEquals(maskWord(-3), 0);
});

Deno.test("broadcastOf() knows the networks without broadcast (RFC 3021 §2.1)", () => {
  const of = (text: string) => broadcastOf(parsePrefix(text)!)?.toString();
  assertEquals(of("10.0.0.0/24"), "10.0.0.255");
  assertEquals(of("10.0.0.0/30"), "10.0.0.3");
  assertEquals(of("10.0.0.0/31"), undefined);
  assertEquals(of("10.0.0.1/32"), undefined);
  assertEquals(broadcastOf(prefixOf(parseIpAddressOrThrow("2001:db8::"), 64)), undefined);
});
