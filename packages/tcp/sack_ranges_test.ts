import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SackRanges } from "./sack_ranges.ts";

/** Just below the wrap. */
const BASE = 0xffffff00;

function at(offset: number): number {
  return (BASE + offset) >>> 0;
}

Deno.test("property: SackRanges agrees with a set of octets", () => {
  const edge = () => fc.integer({ min: 0, max: 600 });
  const step = fc.oneof(fc.record({ add: fc.tuple(edge(), edge()) }), fc.record({ dropBefore: edge() }));
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), edge(), edge(), (steps, a, b) => {
    const ranges = new SackRanges(1000);
    const model = new Set<number>();
    for (const s of steps) {
      if ("add" in s) {
        const [left, right] = [Math.min(...s.add), Math.max(...s.add)];
        if (left === right) continue;
        const before = model.size;
        for (let o = left; o < right; o++) model.add(o);
        assertEquals(ranges.add(at(left), at(right)), model.size - before);
      } else {
        for (const o of model) if (o < s.dropBefore) model.delete(o);
        ranges.dropBefore(at(s.dropBefore));
      }
      assertEquals(ranges.bytes, model.size);
    }
    for (let i = 0; i + 1 < ranges.count; i++) {
      assert(((ranges.leftAt(i + 1) - ranges.rightAt(i)) | 0) > 0, "sorted, and a gap between");
    }
    for (let o = 0; o < 600; o += 7) assertEquals(ranges.contains(at(o)), model.has(o));
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    assertEquals(ranges.bytesIn(at(from), at(to)), [...model].filter((o) => o >= from && o < to).length);
  }));
});

Deno.test("SackRanges: at the bound the highest range gives way, or the new one if it is higher still", () => {
  const ranges = new SackRanges(2);
  ranges.add(at(100), at(110));
  ranges.add(at(200), at(210));
  assertEquals(ranges.add(at(300), at(310)), 0);
  assertEquals(ranges.add(at(50), at(60)), 10);
  assertEquals([ranges.count, ranges.bytes, ranges.droppedCount], [2, 20, 2]);
  assertEquals(ranges.leftAt(1), at(100));
  assertEquals(ranges.add(at(110), at(115)), 5, "growing takes no place");
  ranges.clear();
  assertEquals([ranges.count, ranges.bytes, ranges.contains(at(100))], [0, 0, false]);
});
