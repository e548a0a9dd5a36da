import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import { ReassemblyQueue } from "./reassembly_queue.ts";
import { SackBlocks } from "./tcp_options.ts";

/** Just below the wrap. */
const BASE = 0xfffffc00;

function at(offset: number): number {
  return (BASE + offset) >>> 0;
}

function octet(offset: number): number {
  return (offset * 7 + (offset >> 8)) & 0xff;
}

/** A packet with the octets of the stream from `offset` on, in nodes of the given lengths. */
function text(pool: PbufPool, offset: number, ...lengths: number[]): Pbuf {
  let head: Pbuf | undefined;
  let tail: Pbuf | undefined;
  for (const length of lengths) {
    const p = pool.acquire(length, 40)!;
    for (let i = 0; i < length; i++) p.bytes[p.start + i] = octet(offset + i);
    offset += length;
    if (tail === undefined) head = p;
    else tail.next = p;
    tail = p;
  }
  return head!;
}

function octetsOf(p: Pbuf | undefined): number[] {
  const all: number[] = [];
  for (let node = p; node !== undefined; node = node.next) {
    all.push(...node.bytes.subarray(node.start, node.end));
  }
  return all;
}

function expected(offset: number, length: number): number[] {
  return Array.from({ length }, (_, i) => octet(offset + i));
}

function blocksOf(queue: ReassemblyQueue, max: number = 4): [number, number][] {
  const blocks = new SackBlocks();
  queue.blocks(max, blocks);
  return Array.from({ length: blocks.count }, (_, i) => [
    (blocks.left[i]! - BASE) | 0,
    (blocks.right[i]! - BASE) | 0,
  ]);
}

function makePool(): PbufPool {
  return new PbufPool([{ slotBytes: 256, slots: 512 }, { slotBytes: 2048, slots: 64 }]);
}

Deno.test("ReassemblyQueue joins neighbours and hands a contiguous run over as one packet", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(300), text(pool, 300, 100), 100, false);
  queue.insert(at(100), text(pool, 100, 100), 100, false);
  assertEquals([queue.rangeCount, queue.byteCount], [2, 200]);
  assertEquals(queue.popInOrder(at(0)), undefined);
  queue.insert(at(200), text(pool, 200, 100), 100, false);
  assertEquals(queue.rangeCount, 1);
  const p = queue.popInOrder(at(100));
  assertEquals(octetsOf(p), expected(100, 300));
  assert(queue.isEmpty);
  p!.release();
  assertEquals([queue.byteCount, queue.nodeCount, pool.inUse], [0, 0, 0]);
});

Deno.test("ReassemblyQueue.popInOrder() trims what was received meanwhile", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 60, 60), 120, false);
  queue.insert(at(400), text(pool, 400, 10), 10, false);
  const p = queue.popInOrder(at(170));
  assertEquals(octetsOf(p), expected(170, 50));
  p!.release();
  assertEquals(queue.popInOrder(at(500)), undefined);
  assertEquals([queue.byteCount, pool.inUse], [0, 0]);
});

Deno.test("ReassemblyQueue keeps the first arrival of each octet", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 100), 100, false);
  queue.insert(at(300), text(pool, 300, 100), 100, false);
  const evil = pool.acquire(500, 0)!;
  evil.bytes.fill(0xee, evil.start, evil.end);
  assertEquals(queue.insert(at(0), evil, 500, false), 300);
  const p = queue.popInOrder(at(0));
  const octets = octetsOf(p);
  assertEquals(octets.length, 500);
  assertEquals(octets.slice(100, 200), expected(100, 100));
  assertEquals(octets.slice(300, 400), expected(300, 100));
  assertEquals(octets[250], 0xee);
  p!.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue remembers a FIN that came early and joins it to its text", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 50), 50, true);
  assert(queue.isFinAt(at(150)) && !queue.isFinAt(at(100)));
  queue.insert(at(0), text(pool, 0, 100), 100, false);
  queue.popInOrder(at(0))!.release();
  assert(queue.isFinAt(at(150)));
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue holds a FIN without text", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 0), 0, true);
  assert(!queue.isEmpty && queue.isFinAt(at(100)));
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue knows no text behind a FIN, and no FIN before text", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 50), 50, true);
  assertEquals(queue.insert(at(140), text(pool, 140, 50), 50, false), 0);
  assertEquals(queue.insert(at(200), text(pool, 200, 50), 50, false), 0);
  queue.clear();
  queue.insert(at(100), text(pool, 100, 50), 50, false);
  queue.insert(at(50), text(pool, 50, 10), 10, true);
  assert(!queue.hasFin);
  queue.clear();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue.blocks(): the block of the last arrival is first, then the most recent (RFC 2018 §4)", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  for (const offset of [100, 300, 500, 700, 900]) {
    queue.insert(at(offset), text(pool, offset, 50), 50, false);
  }
  assertEquals(blocksOf(queue), [[900, 950], [700, 750], [500, 550], [300, 350]]);
  queue.insert(at(350), text(pool, 350, 50), 50, false);
  assertEquals(blocksOf(queue, 3), [[300, 400], [900, 950], [700, 750]]);
  queue.insert(at(400), text(pool, 400, 100), 100, false);
  assertEquals(blocksOf(queue), [[300, 550], [900, 950], [700, 750], [100, 150]]);
  assertEquals(blocksOf(queue, 0), []);
  queue.clear();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue.blocks(): a duplicate is reported once, first, with the block around it (RFC 2883 §4)", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 200), 200, false);
  queue.insert(at(500), text(pool, 500, 50), 50, false);
  assertEquals(queue.insert(at(150), text(pool, 150, 50), 50, false), 0);
  assertEquals(blocksOf(queue), [[150, 200], [100, 300], [500, 550]]);
  assertEquals(blocksOf(queue), [[500, 550], [100, 300]]);
  queue.noteDuplicate(at(0), at(50));
  assert(queue.hasBlocks);
  assertEquals(blocksOf(queue, 2), [[0, 50], [500, 550]]);
  assertEquals(queue.duplicateBytes, 100);
  queue.clear();
  assert(!queue.hasBlocks);
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue.blocks(): of two duplicates in one segment, the first is reported (RFC 2883 §4.2)", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(200), text(pool, 200, 100), 100, false);
  queue.insert(at(400), text(pool, 400, 50), 50, false);
  queue.insert(at(700), text(pool, 700, 50), 50, false);
  assertEquals(queue.insert(at(100), text(pool, 100, 500), 500, false), 350);
  assertEquals(blocksOf(queue), [[200, 300], [100, 600], [700, 750]]);
  assertEquals(queue.duplicateBytes, 150);
  // What was cut off in front, since it lies before RCV.NXT, belongs to the same segment.
  queue.noteDuplicate(at(50), at(90));
  queue.insert(at(90), text(pool, 90, 100), 100, false);
  assertEquals(blocksOf(queue), [[50, 90], [90, 600], [700, 750]]);
  queue.clear();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue stays within its bytes: text near RCV.NXT displaces what is far", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue({ maxBytes: 300 });
  queue.insert(at(1000), text(pool, 1000, 100), 100, false);
  queue.insert(at(700), text(pool, 700, 100), 100, false);
  queue.insert(at(400), text(pool, 400, 100), 100, false);
  assertEquals(queue.insert(at(100), text(pool, 100, 100), 100, false), 0);
  assertEquals(queue.byteCount, 300);
  assertEquals(blocksOf(queue), [[100, 200], [400, 500], [700, 800]]);
  assertEquals(queue.insert(at(900), text(pool, 900, 50), 50, false), 0);
  assertEquals([queue.byteCount, queue.droppedBytes], [300, 150]);
  queue.clear();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue: text at RCV.NXT displaces nothing: it is taken out at once", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue({ maxBytes: 300 });
  queue.insert(at(100), text(pool, 100, 100, 100, 100), 300, false);
  assertEquals(queue.insert(at(0), text(pool, 0, 100), 100, false, true), 100);
  const p = queue.popInOrder(at(0));
  assertEquals(octetsOf(p), expected(0, 400));
  p!.release();
  assertEquals([queue.droppedBytes, pool.inUse], [0, 0]);
});

Deno.test("ReassemblyQueue stays within its nodes, and small texts share one", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue({ maxNodes: 4 });
  for (let i = 0; i < 10; i++) queue.insert(at(200 * i + 100), text(pool, 200 * i + 100, 100), 100, false);
  assertEquals([queue.nodeCount, queue.byteCount], [4, 400]);
  queue.clear();
  for (let i = 0; i < 10; i++) queue.insert(at(100 + 10 * i), text(pool, 100 + 10 * i, 10), 10, false);
  assertEquals([queue.nodeCount, pool.inUse], [1, 1]);
  const p = queue.popInOrder(at(100));
  assertEquals(octetsOf(p), expected(100, 100));
  p!.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReassemblyQueue.prune() drops from the top", () => {
  const pool = makePool();
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 100, 100, 100, 100), 400, true);
  queue.insert(at(50), text(pool, 50, 10), 10, false);
  assertEquals(queue.prune(150), 200);
  assert(!queue.hasFin, "its text has to come again, and so the FIN");
  assertEquals(queue.byteCount, 210);
  assertEquals(queue.prune(1000), 210);
  assertEquals([queue.byteCount, queue.nodeCount, pool.inUse], [0, 0, 0]);
});

Deno.test("ReassemblyQueue survives a pool without buffers: the piece is dropped", () => {
  const pool = new PbufPool([{ slotBytes: 512, slots: 3 }]);
  const queue = new ReassemblyQueue();
  queue.insert(at(100), text(pool, 100, 10), 10, false);
  queue.insert(at(200), text(pool, 200, 10), 10, false);
  const p = text(pool, 0, 300);
  assertEquals(queue.insert(at(0), p, 300, false), 90);
  assertEquals(queue.droppedBytes, 190);
  queue.clear();
  assertEquals(pool.inUse, 0);
});

Deno.test("property: ReassemblyQueue agrees with a set of octets, in any order of arrival", () => {
  const arrival = fc.record({
    offset: fc.integer({ min: 0, max: 1500 }),
    lengths: fc.array(fc.integer({ min: 1, max: 180 }), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 40 }), fc.integer({ min: 0, max: 100 }), (arrivals, pops) => {
      const pool = makePool();
      const queue = new ReassemblyQueue();
      const held = new Set<number>();
      let rcvNxt = 0;
      arrivals.forEach(({ offset, lengths }, index) => {
        if (offset < rcvNxt) return;
        const length = lengths.reduce((a, b) => a + b, 0);
        const fresh = queue.insert(at(offset), text(pool, offset, ...lengths), length, false);
        const before = held.size;
        for (let i = offset; i < offset + length; i++) held.add(i);
        assertEquals(fresh, held.size - before);
        assertEquals(queue.byteCount, held.size);
        const first = blocksOf(queue, 1)[0];
        assert(first !== undefined && first[0] <= offset && first[1] >= offset + 1 || fresh < length);
        if (index % 5 === 4 && pops > 50) {
          rcvNxt += pops;
          const p = queue.popInOrder(at(rcvNxt));
          for (let i = 0; i < rcvNxt; i++) held.delete(i);
          const run: number[] = [];
          while (held.delete(rcvNxt)) run.push(octet(rcvNxt++));
          assertEquals(octetsOf(p), run);
          p?.release();
          assertEquals(queue.byteCount, held.size);
        }
      });
      // Ranges are sorted, do not touch, and cover exactly what is held.
      queue.blocks(1, new SackBlocks());
      let covered = 0;
      let at_ = rcvNxt;
      while (held.size > covered) {
        while (!held.has(at_)) at_++;
        const p = queue.popInOrder(at(at_));
        const run: number[] = [];
        while (held.has(at_)) run.push(octet(at_++));
        assertEquals(octetsOf(p), run);
        covered += run.length;
        p!.release();
      }
      assertEquals([queue.rangeCount, queue.byteCount, queue.nodeCount, pool.inUse], [0, 0, 0, 0]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("property: ReassemblyQueue never exceeds its bounds and never leaks", () => {
  const arrival = fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 200 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
      const pool = makePool();
      const queue = new ReassemblyQueue({ maxBytes: 1000, maxNodes: 8 });
      for (const [offset, length, isFin] of arrivals) {
        queue.insert(at(offset), text(pool, offset, length), length, isFin);
        assert(queue.byteCount <= 1000 && queue.nodeCount <= 8);
        assertEquals(pool.inUse, queue.nodeCount);
      }
      queue.prune(500);
      queue.clear();
      assertEquals(pool.inUse, 0);
    }),
    { numRuns: 100 },
  );
});
