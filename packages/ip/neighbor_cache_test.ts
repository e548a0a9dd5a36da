import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import { type Netif, seededRandom, TimerQueue } from "@lightwire/netif";
import { ipv4, ipv6 } from "./address.ts";
import { NeighborCache } from "./neighbor_cache.ts";
import type { NeighborCacheOptions } from "./neighbor_options.ts";
import type { NeighborEntry } from "./neighbor_entry.ts";
import { ManualClock } from "./testdata/harness.ts";

const MAC = 0x02_00_00_00_00_99;
const OTHER_MAC = 0x02_00_00_00_00_77;
const TARGET = ipv4(0x0a000002);

function cache(options: NeighborCacheOptions = {}) {
  const clock = new ManualClock();
  const timers = new TimerQueue(clock);
  const pool = new PbufPool([{ slotBytes: 256, slots: 64 }]);
  const log: string[] = [];
  const start = clock.time;
  const at = () => `${clock.time - start}`;
  const neighbors = new NeighborCache({ clock, timers, random: seededRandom(1) }, {
    transmit(entry, p) {
      log.push(`${at()} send ${p.flags} to ${entry.linkAddress.toString(16)}`);
      p.release();
      return true;
    },
    unresolved(entry, p) {
      log.push(`${at()} unresolved ${p.flags} for ${entry.address}`);
      p.release();
    },
    reachabilityChanged(entry, isReachable) {
      log.push(`${at()} ${entry.address} ${isReachable ? "is there" : "is gone"}`);
    },
  }, options);
  const solicitor = {
    solicit: (entry: NeighborEntry, isUnicast: boolean) => {
      log.push(`${at()} ask ${isUnicast ? entry.linkAddress.toString(16) : "all"} for ${entry.address}`);
    },
  };
  neighbors.registerSolicitor(4, solicitor);
  neighbors.registerSolicitor(6, solicitor);
  const netif = { name: "en0" } as Netif;
  const other = { name: "en1" } as Netif;
  const packet = (flags: number): Pbuf => {
    const p = pool.acquire(10, 0)!;
    p.flags = flags;
    return p;
  };
  const advance = (ms: number) => {
    const end = clock.time + ms;
    for (let next = timers.nextDeadline(); next <= end; next = timers.nextDeadline()) {
      clock.time = next;
      timers.runDue();
    }
    clock.time = end;
  };
  const send = (flags: number, address = TARGET, on = netif) =>
    neighbors.output(neighbors.obtain(on, address), packet(flags));
  return {
    clock,
    timers,
    pool,
    log,
    neighbors,
    netif,
    other,
    packet,
    advance,
    send,
    take: () => log.splice(0),
  };
}

Deno.test("INCOMPLETE: packets wait, an answer sends them in order and makes REACHABLE (RFC 4861 §7.2.2, §7.2.5)", () => {
  const c = cache();
  assert(c.send(1));
  assert(c.send(2));
  assertEquals(c.take(), ["0 ask all for 10.0.0.2"]);
  assertEquals(c.neighbors.queued, 2);
  const entry = c.neighbors.learn(c.netif, TARGET, MAC, "solicited", false)!;
  assertEquals(entry.state, "REACHABLE");
  assertEquals(c.take(), ["0 10.0.0.2 is there", "0 send 1 to 20000000099", "0 send 2 to 20000000099"]);
  assertEquals(c.timers.size, 0);
  assertEquals(c.pool.inUse, 0);
});

Deno.test("INCOMPLETE: asks three times a second apart, then gives the packets back (RFC 4861 §7.2.2, §10)", () => {
  const c = cache();
  c.send(1);
  const held = c.neighbors.obtain(c.netif, TARGET);
  c.advance(10_000);
  assertEquals(c.take(), [
    "0 ask all for 10.0.0.2",
    "1000 ask all for 10.0.0.2",
    "2000 ask all for 10.0.0.2",
    "3000 10.0.0.2 is gone",
    "3000 unresolved 1 for 10.0.0.2",
  ]);
  assertEquals(held.state, "FAILED");
  assertEquals(c.neighbors.lookup(c.netif, TARGET), undefined);
  assertEquals(c.neighbors.counters.unresolvedDropped, 1);
  // Who still holds the dead entry starts anew.
  c.neighbors.output(held, c.packet(2));
  assertEquals(c.take(), ["10000 ask all for 10.0.0.2"]);
  c.neighbors.clear(c.netif);
  assertEquals(c.pool.inUse, 0);
});

Deno.test("INCOMPLETE: a fourth packet replaces the oldest, or is refused if told so (RFC 4861 §7.2.2)", () => {
  const c = cache({ queuePerNeighbor: 3 });
  for (let i = 1; i <= 4; i++) assert(c.send(i));
  c.take();
  c.neighbors.learn(c.netif, TARGET, MAC, "solicited", false);
  assertEquals(c.take().map((line) => line.split(" ")[2]), ["is", "2", "3", "4"]);
  assertEquals(c.neighbors.counters.queueDropped, 1);
  const esp = cache({ queuePerNeighbor: 3, queueDrop: "newest" });
  assertEquals([1, 2, 3, 4].map((i) => esp.send(i)), [true, true, true, false]);
  esp.neighbors.learn(esp.netif, TARGET, MAC, "solicited", false);
  assertEquals(esp.take().slice(2).map((line) => line.split(" ")[2]), ["1", "2", "3"]);
  assertEquals(c.pool.inUse + esp.pool.inUse, 0);
});

Deno.test("INCOMPLETE: the queues of all neighbours together are bounded", () => {
  const c = cache({ queueTotal: 5 });
  const sent = [1, 2, 3, 4, 5, 6, 7].map((i) => c.send(i, ipv4(0x0a000000 + i)));
  assertEquals(sent, [true, true, true, true, true, false, false]);
  assertEquals(c.neighbors.queued, 5);
  c.advance(5000);
  assertEquals(c.neighbors.queued, 0);
  assert(c.send(8));
  c.neighbors.clear(c.netif);
  assertEquals(c.pool.inUse, 0);
});

Deno.test("REACHABLE: after its time a packet goes and starts DELAY, then PROBE asks the station itself (RFC 4861 §7.3.3)", () => {
  const c = cache({ baseReachableTimeMs: 30_000 });
  c.send(1);
  const entry = c.neighbors.learn(c.netif, TARGET, MAC, "solicited", false)!;
  const lifetime = entry.reachableUntil - c.clock.time;
  assert(lifetime >= 15_000 && lifetime <= 45_000);
  c.take();
  c.advance(46_000);
  c.send(2);
  assertEquals(entry.state, "DELAY");
  c.advance(5000);
  assertEquals(entry.state, "PROBE");
  assertEquals(c.take(), ["46000 send 2 to 20000000099", "51000 ask 20000000099 for 10.0.0.2"]);
  c.neighbors.learn(c.netif, TARGET, MAC, "solicited", false);
  assertEquals(entry.state, "REACHABLE");
  assertEquals(c.timers.size, 0);
});

Deno.test("PROBE: packets still go; after three unanswered requests the entry fails", () => {
  const c = cache();
  const entry = c.neighbors.learn(c.netif, TARGET, MAC, "unsolicited", true)!;
  assertEquals(entry.state, "STALE");
  c.send(1);
  c.advance(6500);
  c.send(2);
  c.advance(1500);
  assertEquals(c.take(), [
    "0 send 1 to 20000000099",
    "5000 ask 20000000099 for 10.0.0.2",
    "6000 ask 20000000099 for 10.0.0.2",
    "6500 send 2 to 20000000099",
    "7000 ask 20000000099 for 10.0.0.2",
    "8000 10.0.0.2 is gone",
  ]);
  assertEquals(entry.state, "FAILED");
});

Deno.test("DELAY: progress of an upper layer makes REACHABLE without a word on the wire (RFC 4861 §7.3.1)", () => {
  const c = cache();
  const entry = c.neighbors.learn(c.netif, TARGET, MAC, "unsolicited", true)!;
  c.send(1);
  assertEquals(entry.state, "DELAY");
  c.neighbors.confirm(entry);
  assertEquals(entry.state, "REACHABLE");
  for (let i = 0; i < 10; i++) {
    c.advance(14_000);
    c.send(2);
    c.neighbors.confirm(entry);
  }
  assertEquals(entry.state, "REACHABLE");
  assertEquals(c.log.filter((line) => line.includes("ask")), []);
  const unknown = c.neighbors.obtain(c.netif, ipv4(0x0a000009));
  c.neighbors.confirm(unknown);
  assertEquals(unknown.state, "INCOMPLETE");
});

Deno.test("any state: another station address makes STALE; a hint never replaces one that is known", () => {
  const c = cache();
  c.send(1);
  const entry = c.neighbors.learn(c.netif, TARGET, MAC, "solicited", false)!;
  c.neighbors.learn(c.netif, TARGET, MAC, "unsolicited", false);
  assertEquals(entry.state, "REACHABLE");
  c.neighbors.learn(c.netif, TARGET, OTHER_MAC, "hint", false);
  assertEquals([entry.state, entry.linkAddress], ["REACHABLE", MAC]);
  c.neighbors.learn(c.netif, TARGET, OTHER_MAC, "unsolicited", false);
  assertEquals([entry.state, entry.linkAddress], ["STALE", OTHER_MAC]);
  assertEquals(entry.reachableUntil, -Infinity);
});

Deno.test("learn() makes no entry unless told so", () => {
  const c = cache();
  assertEquals(c.neighbors.learn(c.netif, TARGET, MAC, "unsolicited", false), undefined);
  assertEquals([...c.neighbors.entries()].length, 0);
});

Deno.test("STATIC: is never changed by what is heard, never evicted, and stays when the link goes down", () => {
  const c = cache({ entriesMax: 2 });
  c.send(1);
  const entry = c.neighbors.addStatic(c.netif, TARGET, MAC);
  assertEquals(c.take(), ["0 ask all for 10.0.0.2", "0 send 1 to 20000000099"]);
  assertEquals(c.neighbors.queued, 0);
  c.neighbors.learn(c.netif, TARGET, OTHER_MAC, "solicited", true);
  for (let i = 10; i < 20; i++) c.neighbors.learn(c.netif, ipv4(i), OTHER_MAC, "unsolicited", true);
  c.neighbors.clear(c.netif);
  assertStrictEquals(c.neighbors.lookup(c.netif, TARGET), entry);
  assertEquals(entry.linkAddress, MAC);
  assertEquals(entry.reachableUntil, Infinity);
  assert(c.neighbors.remove(c.netif, TARGET));
  assert(!c.neighbors.remove(c.netif, TARGET));
  assertEquals(entry.state, "FAILED");
  assertEquals(c.timers.size, 0);
  assertEquals(c.pool.inUse, 0);
});

Deno.test("a full cache gives up the entry that was not used for longest (lwIP test_etharp_table)", () => {
  const c = cache({ entriesMax: 4 });
  for (let i = 1; i <= 4; i++) {
    c.advance(10);
    c.neighbors.learn(c.netif, ipv4(i), MAC, "unsolicited", true);
  }
  c.advance(10);
  c.send(1, ipv4(1));
  c.neighbors.learn(c.netif, ipv4(5), MAC, "unsolicited", true);
  assertEquals([...c.neighbors.entries()].map((e) => e.address.w3).sort(), [1, 3, 4, 5]);
  c.neighbors.learn(c.netif, ipv4(6), MAC, "unsolicited", true);
  assertEquals([...c.neighbors.entries()].map((e) => e.address.w3).sort(), [1, 4, 5, 6]);
  assertEquals(c.neighbors.counters.evicted, 2);
});

Deno.test("a scan fills its own share of the cache only", () => {
  const c = cache({ entriesMax: 8, incompleteMax: 4 });
  for (let i = 1; i <= 4; i++) c.neighbors.learn(c.netif, ipv4(i), MAC, "unsolicited", true);
  for (let i = 100; i < 150; i++) c.send(i, ipv4(i));
  const known = [...c.neighbors.entries()];
  assertEquals(known.length, 8);
  assertEquals(known.filter((e) => e.state === "STALE").length, 4);
  assertEquals(c.neighbors.queued, 4);
  c.advance(10_000);
  assertEquals(c.neighbors.queued, 0);
  assertEquals(c.pool.inUse, 0);
});

Deno.test("two links and two families do not mix", () => {
  const c = cache();
  const target6 = ipv6(0xfe800000, 0, 0, 2, 1);
  c.neighbors.learn(c.netif, TARGET, MAC, "unsolicited", true);
  assertEquals(c.neighbors.lookup(c.other, TARGET), undefined);
  c.send(1, target6);
  assertEquals(c.take(), ["0 ask all for fe80::2%1"]);
  c.neighbors.learn(c.netif, target6, OTHER_MAC, "solicited", false);
  assertEquals(c.neighbors.lookup(c.netif, TARGET)!.linkAddress, MAC);
  assertEquals(c.neighbors.lookup(c.netif, target6)!.linkAddress, OTHER_MAC);
  c.neighbors.clear(c.netif, true);
  assertEquals([...c.neighbors.entries()].length, 0);
});
