import { assertEquals } from "@std/assert";
import { DNS_TYPE, DnsCache, dnsFailure, localDnsAnswer } from "./mod.ts";
import { address, record } from "./testdata/name_servers.ts";

function setUp(options = {}) {
  const clock = { at: 0, now: () => clock.at };
  return { clock, cache: new DnsCache(clock, options) };
}

const A = DNS_TYPE.A;
const answer = (name: string, ttl: number) => ({
  ...localDnsAnswer(name, [record(name, "A", address("1.2.3.4"), ttl)]),
  ttl,
});

Deno.test("bound: the entry that was not used for longest gives way", () => {
  const { cache } = setUp({ entriesMax: 2 });
  cache.put("a", A, answer("a", 60));
  cache.put("b", A, answer("b", 60));
  cache.get("a", A);
  cache.put("c", A, answer("c", 60));
  assertEquals(["a", "b", "c"].map((name) => cache.get(name, A) !== undefined), [true, false, true]);
  assertEquals([cache.size, cache.counters.evicted], [2, 1]);
});

Deno.test("clamp: no longer than a week, the lack of a name no longer than 15 minutes", () => {
  const { cache, clock } = setUp();
  cache.put("a", A, answer("a", 0x7fffffff));
  cache.put("b", A, dnsFailure("NXDOMAIN", "b", 86_400));
  assertEquals(cache.get("a", A)?.ttl, 604_800);
  clock.at = 899_999;
  assertEquals(cache.get("b", A)?.isOk, false);
  clock.at = 900_000;
  assertEquals(cache.get("b", A), undefined);
  clock.at = 604_799_000;
  assertEquals(cache.get("a", A)?.ttl, 1);
  clock.at = 604_800_000;
  assertEquals(cache.get("a", A), undefined);
});

Deno.test("put: failures other than the lack of a name or of data are not kept", () => {
  const { cache } = setUp();
  cache.put("a", A, dnsFailure("SERVFAIL", "a", 60));
  cache.put("b", A, dnsFailure("TIMED_OUT", "b", 60));
  assertEquals(cache.size, 0);
});

Deno.test("put: an alias of a name that does not exist does exist itself (RFC 2308 §2.1)", () => {
  const { cache } = setUp();
  cache.put("alias", A, dnsFailure("NXDOMAIN", "gone", 60));
  assertEquals(cache.get("alias", A)?.isOk, false);
  assertEquals(cache.get("alias", DNS_TYPE.CNAME), undefined);
});

Deno.test("clear: one name, or all", () => {
  const { cache } = setUp();
  cache.put("a", A, answer("a", 60));
  cache.put("ab", A, answer("ab", 60));
  cache.put("c", A, answer("c", 60));
  cache.clear("A");
  assertEquals(cache.size, 2);
  cache.clear();
  assertEquals(cache.size, 0);
});
