import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_PROBES, MtuSearch, SEARCH_GRANULARITY } from "./mtu_search.ts";

/** Searches on a path of `pathMtu`; what was tried, in order. */
function search(s: MtuSearch, pathMtu: number): number[] {
  const tried: number[] = [];
  for (let mtu = s.next(); mtu !== 0; mtu = s.next()) {
    tried.push(mtu);
    assert(tried.length < 100, "it ends");
    s.sent(mtu, 0, mtu);
    if (mtu <= pathMtu) s.succeeded();
    else s.failed();
  }
  return tried;
}

Deno.test("MtuSearch: a false alarm costs one probe (RFC 4821 §7.3)", () => {
  const s = new MtuSearch(1200, 1500);
  assertEquals(search(s, 1500), [1500]);
  assertEquals([s.low, s.hasFailed], [1500, false]);
});

Deno.test("MtuSearch: a path of 1280 bytes is found, each size above it tried twice (RFC 8899 §5.3)", () => {
  const s = new MtuSearch(1200, 1500);
  const tried = search(s, 1280);
  assertEquals(s.low, 1280);
  assertEquals(tried.filter((mtu) => mtu === 1500).length, MAX_PROBES);
  assert(tried.length <= 12, `${tried}`);
});

Deno.test("MtuSearch: paths of PPPoE, WireGuard and jumbo frames are found to the byte", () => {
  for (const mtu of [1492, 1480, 1420, 1400, 1280, 1500, 9000]) {
    const s = new MtuSearch(1200, 9000);
    search(s, mtu);
    assertEquals(s.low, mtu);
  }
});

Deno.test("MtuSearch: a smaller path MTU that a router tells of is believed, one between the bounds is the upper one", () => {
  const s = new MtuSearch(1200, 1500);
  assertEquals(s.limit(1500), 1200);
  assertEquals(s.limit(1400), 1200);
  assertEquals(s.high, 1400);
  s.sent(1400, 0, 1400);
  assertEquals(s.limit(1000), 1000);
  assertEquals([s.next(), s.probeMtu], [0, 0]);
});

Deno.test("property: MtuSearch ends below the path MTU and less than a step away from it", () => {
  fc.assert(fc.property(
    fc.integer({ min: 576, max: 1200 }),
    fc.integer({ min: 1200, max: 65_535 }),
    fc.integer({ min: 576, max: 65_535 }),
    (low, high, path) => {
      const pathMtu = Math.min(Math.max(low, path), high);
      const s = new MtuSearch(low, high);
      search(s, pathMtu);
      assert(s.low <= pathMtu && pathMtu - s.low < SEARCH_GRANULARITY, `${s.low} for ${pathMtu}`);
    },
  ));
});
