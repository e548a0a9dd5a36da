import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { PppAddressPool } from "./ppp_address_pool.ts";

const FIRST = parseIpAddressOrThrow("10.0.0.254");

Deno.test("address pool: gives each address once, says when there is none, and takes them back", () => {
  const pool = new PppAddressPool(FIRST, 3);
  const given = [pool.acquire(), pool.acquire(), pool.acquire(), pool.acquire()];
  assertEquals(given.map((address) => address?.toString()), [
    "10.0.0.254",
    "10.0.0.255",
    "10.0.1.0",
    undefined,
  ]);
  assertEquals([pool.available, pool.exhausted], [0, 1]);
  for (const address of [given[1]!, given[1]!, parseIpAddressOrThrow("10.9.9.9")]) pool.release(address);
  assertEquals(pool.available, 1);
  assertEquals(String(pool.acquire()), "10.0.0.255");
});

Deno.test("address pool: a name gets its last address again; others get what has been free for longest", () => {
  const pool = new PppAddressPool(FIRST, 3);
  const alice = pool.acquire("alice")!;
  pool.release(alice);
  assertEquals(String(pool.acquire("bob")), "10.0.0.255");
  assertEquals(pool.acquire("alice"), alice);
  pool.release(alice);
  assertEquals([pool.acquire("carol"), pool.acquire("dave")].map(String), ["10.0.1.0", "10.0.0.254"]);
  assertEquals(pool.acquire("alice"), undefined);
});

Deno.test("address pool: a certain address can be taken out once; one from elsewhere is no concern of the pool", () => {
  const pool = new PppAddressPool(FIRST, 2);
  assert(pool.take(FIRST));
  assert(!pool.take(FIRST));
  assert(pool.take(parseIpAddressOrThrow("192.0.2.1")));
  assertEquals(String(pool.acquire()), "10.0.0.255");
});

Deno.test("address pool: what is no range of IPv4 addresses is refused", () => {
  const v6 = parseIpAddressOrThrow("2001:db8::1");
  const last = parseIpAddressOrThrow("255.255.255.255");
  for (const [first, count] of [[v6, 2], [last, 2], [FIRST, 0], [FIRST, 1.5], [FIRST, 65_537]] as const) {
    assertThrows(() => new PppAddressPool(first, count), RangeError, "Cannot make a pool");
  }
});
