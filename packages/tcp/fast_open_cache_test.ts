import { assertEquals } from "@std/assert";
import { ipv4 } from "@lightwire/ip";
import { FastOpenCache } from "./fast_open_cache.ts";

const COOKIE = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);

Deno.test("FastOpenCache: holds 1,024 servers; the one not asked for longest goes (RFC 7413 §4.1.3)", () => {
  const cache = new FastOpenCache();
  for (let i = 1; i <= 1024; i++) cache.store(ipv4(i), COOKIE, i);
  assertEquals(cache.find(ipv4(1))?.mss, 1);
  cache.store(ipv4(5000), COOKIE, 1460);
  assertEquals(cache.size, 1024);
  assertEquals([cache.find(ipv4(1))?.mss, cache.find(ipv4(2)), cache.find(ipv4(5000))?.mss], [
    1,
    undefined,
    1460,
  ]);
});

Deno.test("FastOpenCache: failures at many servers take no more room than cookies", () => {
  const cache = new FastOpenCache();
  for (let i = 1; i <= 5000; i++) cache.failed(ipv4(i), 0);
  assertEquals(cache.size, 1024);
});

Deno.test("FastOpenCache: one lost SYN is nothing, the next ones pause for 1, 2, 4 … minutes, a day at most (RFC 7413 §4.1.3.1)", () => {
  const cache = new FastOpenCache();
  const address = ipv4(1);
  const pauses: number[] = [];
  for (let i = 0; i < 16; i++) {
    cache.failed(address, 0);
    pauses.push(cache.find(address)!.pausedUntilMs / 60_000);
  }
  assertEquals(pauses.slice(0, 5), [-Infinity, 1, 2, 4, 8]);
  assertEquals(pauses.at(-1), 24 * 60);
  cache.worked(address);
  cache.failed(address, 1e12);
  assertEquals(cache.find(address)!.pausedUntilMs, 24 * 3_600_000);
});

Deno.test("FastOpenCache: a new cookie replaces the old one, and the addresses of both families differ", () => {
  const cache = new FastOpenCache();
  cache.store(ipv4(1), COOKIE, 536);
  cache.store(ipv4(1), COOKIE.slice(0, 4), 1220);
  assertEquals([cache.size, cache.find(ipv4(1))!.cookie.length, cache.find(ipv4(1))!.mss], [1, 4, 1220]);
});
