import { assert, assertEquals } from "@std/assert";
import { FLOOD, ForwardingDatabase } from "./forwarding_database.ts";

function setup(limit = 3) {
  const clock = { at: 0, now: () => clock.at };
  return { clock, fdb: new ForwardingDatabase(clock, 300_000, limit) };
}

Deno.test("a learned station is known for the ageing time after it was last heard (IEEE 802.1D §7.9)", () => {
  const { clock, fdb } = setup();
  assertEquals(fdb.lookup(0x0a), FLOOD);
  fdb.learn(0x0a, 2);
  clock.at = 200_000;
  assertEquals(fdb.lookup(0x0a), 1 << 2);
  fdb.learn(0x0a, 1);
  clock.at = 499_999;
  assertEquals(fdb.lookup(0x0a), 1 << 1);
  clock.at = 500_000;
  assertEquals([fdb.lookup(0x0a), fdb.size], [FLOOD, 0]);
});

Deno.test("a static entry does not age and is not learned over, for groups too", () => {
  const { clock, fdb } = setup();
  fdb.learn(0x0a, 0);
  fdb.addStatic(0x0a, 1 << 3);
  fdb.addStatic(0x01_00_5e_00_00_09, 1 << 1 | 1 << 2);
  fdb.learn(0x0a, 0);
  clock.at = 1e9;
  assertEquals([fdb.lookup(0x0a), fdb.lookup(0x01_00_5e_00_00_09), fdb.size], [8, 6, 0]);
  assert(fdb.remove(0x0a) && !fdb.remove(0x0a));
  assertEquals(fdb.lookup(0x0a), FLOOD);
});

Deno.test("full: the station not heard of for longest makes room", () => {
  const { clock, fdb } = setup(3);
  for (const [at, mac] of [[0, 1], [1, 2], [2, 3], [3, 1], [4, 4]]) {
    clock.at = at!;
    fdb.learn(mac!, 0);
  }
  assertEquals([1, 2, 3, 4].map((mac) => fdb.lookup(mac)), [1, FLOOD, 1, 1]);
  assertEquals([fdb.size, fdb.evicted], [3, 1]);
});

Deno.test("forgetPort() forgets what is behind one port", () => {
  const { fdb } = setup();
  fdb.learn(1, 0);
  fdb.learn(2, 1);
  fdb.learn(3, 0);
  fdb.forgetPort(0);
  assertEquals([1, 2, 3].map((mac) => fdb.lookup(mac)), [FLOOD, 2, FLOOD]);
});
