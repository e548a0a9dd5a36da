import { assertEquals, assertThrows } from "@std/assert";
import { type IpAddress, type IpRxInfo, parseIpAddress } from "@lightwire/ip";
import { PbufPool } from "@lightwire/pbuf";
import { FastOpenCookies, type FastOpenKeys } from "./fast_open_cookies.ts";
import { Segment } from "./segment.ts";

/** Linux's default key in public scripts: the words a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4. */
const KEY = Uint8Array.from({ length: 16 }, (_, i) => [0xa1, 0xb2, 0xc3, 0xd4][i >> 2]!);
const ZERO = new Uint8Array(16);

function from(source: string, destination: string): IpRxInfo {
  const address = (text: string) => parseIpAddress(text) as IpAddress;
  return { source: address(source), destination: address(destination) } as IpRxInfo;
}

const hex = (octets: Uint8Array): string => [...octets].map((o) => o.toString(16).padStart(2, "0")).join("");

const CLIENT = from("192.0.2.1", "192.168.0.1");

Deno.test("FastOpenCookies.make() gives the cookies that Linux gives for the same key (from its public scripts)", () => {
  assertEquals(hex(new FastOpenCookies([KEY]).make(CLIENT)), "3021b9d889017eeb");
  assertEquals(hex(new FastOpenCookies([ZERO]).make(CLIENT)), "b7c12350a90dc8f5");
});

Deno.test("FastOpenCookies.make(): each client has its own, of IPv6, too (RFC 7413 §4.1.2)", () => {
  const cookies = new FastOpenCookies([KEY]);
  const pairs = [["192.0.2.1", "192.168.0.1"], ["192.0.2.2", "192.168.0.1"], ["192.0.2.1", "192.168.0.2"], [
    "2001:db8::1",
    "2001:db8::2",
  ], ["2001:db8:1::1", "2001:db8::2"]];
  assertEquals(new Set(pairs.map(([a, b]) => hex(cookies.make(from(a!, b!))))).size, pairs.length);
});

Deno.test("FastOpenCookies.check() knows cookies of both keys, and no others (RFC 7413 §4.1.2)", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 1 }]);
  const p = pool.acquire(16, 0)!;
  const seg = new Segment();
  seg.pbuf = p;
  seg.fastOpenOffset = p.start;
  const origin = (keys: FastOpenKeys, made: FastOpenKeys, rx = CLIENT): string => {
    const cookie = new FastOpenCookies(made).make(rx);
    p.bytes.set(cookie, p.start);
    seg.fastOpenLength = cookie.length;
    return new FastOpenCookies(keys).check(seg, CLIENT);
  };
  assertEquals(origin([KEY], [KEY]), "current");
  assertEquals(origin([ZERO, KEY], [KEY]), "former");
  assertEquals(origin([ZERO], [KEY]), "unknown");
  assertEquals(origin([KEY], [KEY], from("192.0.2.9", "192.168.0.1")), "unknown");
  seg.fastOpenLength = 4;
  assertEquals(new FastOpenCookies([KEY]).check(seg, CLIENT), "unknown");
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("FastOpenCookies needs a key of 16 octets", () => {
  assertThrows(() => new FastOpenCookies([]), RangeError, "needs a key");
  assertThrows(() => new FastOpenCookies([new Uint8Array(8)]), RangeError, "16 bytes: got 8");
});
