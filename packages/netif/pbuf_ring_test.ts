import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import fc from "fast-check";
import { PbufRing } from "./pbuf_ring.ts";

Deno.test("property: a ring is a bounded queue, whatever the order of pushes and shifts", () => {
  const pool = new PbufPool([{ slotBytes: 64, slots: 128 }]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.boolean(), { maxLength: 150 }),
      (limit, pushes) => {
        const ring = new PbufRing(limit);
        const model: Pbuf[] = [];
        for (const isPush of pushes) {
          if (isPush) {
            const p = pool.acquire(1, 0)!;
            const fits = model.length < limit;
            assertEquals(ring.push(p), fits);
            if (fits) model.push(p);
            else p.release();
          } else {
            assertStrictEquals(ring.peek(), model[0]);
            const p = ring.shift();
            assertStrictEquals(p, model.shift());
            p?.release();
          }
          assertEquals(ring.length, model.length);
        }
        assertEquals(ring.clear(), model.length);
        assertEquals([ring.length, pool.inUse], [0, 0]);
      },
    ),
  );
});

Deno.test("a ring keeps its order when it grows in the middle of a turn", () => {
  const pool = new PbufPool([{ slotBytes: 64, slots: 64 }]);
  const ring = new PbufRing(60);
  const all = Array.from({ length: 50 }, () => pool.acquire(1, 0)!);
  for (let i = 0; i < 10; i++) assert(ring.push(all[i]!));
  for (let i = 0; i < 10; i++) assertStrictEquals(ring.shift(), all[i]);
  for (const p of all) assert(ring.push(p));
  for (const p of all) assertStrictEquals(ring.shift(), p);
});
