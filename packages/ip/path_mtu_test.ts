import { assertEquals } from "@std/assert";
import { ipv4, ipv6 } from "./address.ts";
import { IpTx } from "./ip_tx.ts";
import { nextPlateau, PathMtuCache } from "./path_mtu.ts";

const TARGET = ipv4(0xc0000201);

function cache(options = {}) {
  const state = { now: 0, changes: 0 };
  return { state, mtus: new PathMtuCache(() => state.now, () => state.changes++, options) };
}

Deno.test("nextPlateau() walks down table 7-1 (RFC 1191 §7)", () => {
  const walk: number[] = [];
  for (let mtu = 65535; mtu > 68;) walk.push(mtu = nextPlateau(mtu));
  assertEquals(walk, [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]);
  assertEquals(nextPlateau(68), 68);
});

Deno.test("a report lowers the path MTU for ten minutes (RFC 1191 §6.3)", () => {
  const { mtus, state } = cache();
  assertEquals(mtus.report(TARGET, 1400, 1500, 1500), 1400);
  assertEquals(state.changes, 1);
  const tx = new IpTx();
  tx.destination = TARGET;
  tx.pathMtu = 1500;
  mtus.apply(tx);
  assertEquals([tx.pathMtu, tx.validUntil], [1400, 600_000]);
  state.now = 599_999;
  assertEquals(mtus.get(TARGET), 1400);
  state.now = 600_000;
  assertEquals(mtus.get(TARGET), undefined);
  assertEquals(mtus.counters.expired, 1);
  assertEquals(mtus.size, 0);
});

Deno.test("a report without MTU goes to the next plateau below the packet (RFC 1191 §5)", () => {
  const { mtus } = cache();
  assertEquals(mtus.report(TARGET, 0, 1500, 1500), 1492);
  assertEquals(mtus.report(TARGET, 0, 1492, 1500), 1006);
  assertEquals(mtus.report(TARGET, 0, 9000, 1500), 552); // a packet we cannot have sent: below what is known
});

Deno.test("reports that cannot be true are ignored", () => {
  const { mtus, state } = cache();
  assertEquals(mtus.report(TARGET, 1500, 1500, 1500), undefined); // it would have fitted
  assertEquals(mtus.report(TARGET, 1400, 1300, 1500), undefined); // so would this
  assertEquals(mtus.report(TARGET, 1600, 1700, 1500), undefined); // raises
  assertEquals(mtus.report(TARGET, 67, 1500, 1500), undefined); // below the least of RFC 791
  assertEquals(mtus.report(TARGET, 1400, 1500, 1500), 1400);
  assertEquals(mtus.report(TARGET, 1450, 1500, 1500), undefined);
  assertEquals(mtus.counters, { lowered: 1, learned: 0, ignored: 5, evicted: 0, expired: 0 });
  assertEquals(state.changes, 1);
});

Deno.test("below the floor the MTU stays at it and DF is given up", () => {
  const { mtus } = cache();
  assertEquals(mtus.report(TARGET, 300, 1500, 1500), 552);
  const tx = new IpTx();
  tx.destination = TARGET;
  tx.pathMtu = 1500;
  mtus.apply(tx);
  assertEquals([tx.pathMtu, tx.isPathNarrow], [552, true]);
});

Deno.test("IPv6: no report takes the path MTU below 1280, nor above what is known (RFC 8201 §4)", () => {
  let now = 0;
  const mtus = new PathMtuCache(() => now, () => {});
  const host = ipv6(0x20010db8, 0, 0, 1);
  assertEquals(mtus.report(host, 1400, 1500, 1500), 1400);
  assertEquals(mtus.report(host, 1450, 1500, 1500), undefined);
  // What says less is to be discarded.
  assertEquals(mtus.report(host, 1279, 1400, 1500), undefined);
  assertEquals(mtus.get(host), 1400);
  assertEquals(mtus.report(host, 1280, 1400, 1500), 1280);
  assertEquals(mtus.report(host, 68, 1280, 1500), undefined);
  assertEquals(mtus.get(host), 1280);
  // Not to be tried again before five minutes are over: here it is ten.
  now = 599_999;
  assertEquals(mtus.get(host), 1280);
  now = 600_000;
  assertEquals(mtus.get(host), undefined);
});

Deno.test("the cache is bounded: the oldest report gives way", () => {
  const { mtus, state } = cache({ entriesMax: 3 });
  for (let i = 1; i <= 4; i++) {
    state.now = i;
    mtus.report(ipv4(i), 1000, 1500, 1500);
  }
  assertEquals([1, 2, 3, 4].map((i) => mtus.get(ipv4(i))), [undefined, 1000, 1000, 1000]);
  assertEquals(mtus.counters.evicted, 1);
  assertEquals([...mtus.entries()].length, 3);
  mtus.clear(ipv4(2));
  assertEquals(mtus.get(ipv4(2)), undefined);
  mtus.clear();
  assertEquals(mtus.size, 0);
});

Deno.test("PathMtuCache.learn(): what a sender finds out replaces a report, and a whole path needs no entry (RFC 4821 §7)", () => {
  let now = 0;
  let changes = 0;
  const mtus = new PathMtuCache(() => now, () => changes++);
  const host = ipv4(0x0a000001);
  mtus.learn(host, 1500, 1500);
  assertEquals([mtus.size, changes], [0, 0]);
  mtus.learn(host, 1280, 1500);
  assertEquals(mtus.get(host), 1280);
  mtus.learn(host, 1400, 1500);
  assertEquals(mtus.get(host), 1400, "larger, unlike a report");
  now = 600_000;
  assertEquals(mtus.get(host), undefined, "it grows old as reports do");
  mtus.learn(host, 1400, 1500);
  mtus.learn(host, 1500, 1500);
  assertEquals(mtus.get(host), undefined);
  assertEquals(mtus.counters.learned, 3);
});
