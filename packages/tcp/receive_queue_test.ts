import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import { ReceiveQueue } from "./receive_queue.ts";

const CLASSES = [
  { slotBytes: 256, slots: 64 },
  { slotBytes: 2048, slots: 256 },
  { slotBytes: 67584, slots: 8 },
];

function text(pool: PbufPool, from: number, length: number, slotBytes: number = 2048): Pbuf {
  const p = pool.acquire(length, slotBytes - length - Math.min(1000, (slotBytes - length) >> 1))!;
  for (let i = 0; i < length; i++) p.bytes[p.start + i] = from + i;
  return p;
}

Deno.test("ReceiveQueue copies across packets and the nodes of a chain", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  const p = text(pool, 0, 600);
  p.next = text(pool, 600, 700);
  queue.push(p);
  queue.push(text(pool, 1300, 1460));
  assertEquals([queue.byteCount, queue.packetCount], [2760, 2]);
  const into = new Uint8Array(1000);
  assertEquals(queue.read(into), 1000);
  assertEquals([...into], Array.from({ length: 1000 }, (_, i) => i & 0xff));
  assertEquals(pool.inUse, 2);
  assertEquals(queue.read(into), 1000);
  assertEquals(into[0], 1000 & 0xff);
  assertEquals(queue.read(into), 760);
  assertEquals(into[759], 2759 & 0xff);
  assertEquals([queue.read(into), queue.byteCount, queue.heldBytes, pool.inUse], [0, 0, 0, 0]);
});

Deno.test("ReceiveQueue hands packets over whole", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  const p = text(pool, 0, 600);
  p.next = text(pool, 600, 700);
  queue.push(p);
  queue.push(text(pool, 1300, 600));
  queue.read(new Uint8Array(100));
  const taken = queue.takePbuf()!;
  assert(taken === p);
  assertEquals([taken.totalLength, queue.byteCount], [1200, 600]);
  taken.release();
  queue.takePbuf()!.release();
  assertEquals([queue.takePbuf(), queue.byteCount, queue.heldBytes, pool.inUse], [undefined, 0, 0, 0]);
});

Deno.test("ReceiveQueue collapses small texts: 1,000 single octets hold one slot", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  for (let i = 0; i < 1000; i++) queue.push(text(pool, i, 1));
  assertEquals([queue.byteCount, pool.inUse], [1000, 1]);
  const into = new Uint8Array(2000);
  assertEquals(queue.read(into), 1000);
  assertEquals(into[999], 999 & 0xff);
  assertEquals(pool.inUse, 0);
});

Deno.test("ReceiveQueue does not write into memory that somebody else holds", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  const first = text(pool, 0, 10);
  first.retain();
  queue.push(first);
  queue.push(text(pool, 10, 10));
  assertEquals([first.length, queue.packetCount], [10, 2]);
  queue.clear();
  first.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("ReceiveQueue trades a nearly empty slot of 64 KiB for a small one", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  queue.push(text(pool, 7, 100, 67584));
  assertEquals([queue.byteCount, queue.heldBytes], [100, 256]);
  const into = new Uint8Array(100);
  queue.read(into);
  assertEquals([into[0], into[99]], [7, 106]);
  assertEquals(pool.inUse, 0);
});

Deno.test("ReceiveQueue drops an empty text and releases everything on clear()", () => {
  const pool = new PbufPool(CLASSES);
  const queue = new ReceiveQueue();
  queue.push(text(pool, 0, 0));
  assertEquals([queue.packetCount, pool.inUse], [0, 0]);
  for (let i = 0; i < 20; i++) queue.push(text(pool, 0, 1000));
  queue.clear();
  assertEquals([queue.byteCount, queue.heldBytes, pool.inUse], [0, 0, 0]);
  queue.push(text(pool, 0, 3));
  assertEquals(queue.read(new Uint8Array(9)), 3);
});

Deno.test("property: ReceiveQueue behaves like an array and never leaks", () => {
  const step = fc.oneof(
    fc.record({ push: fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 3 }) }),
    fc.record({ read: fc.integer({ min: 0, max: 3000 }) }),
    fc.constant({ take: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const pool = new PbufPool(CLASSES);
      const queue = new ReceiveQueue();
      let model: number[] = [];
      let next = 0;
      for (const s of steps) {
        if ("push" in s) {
          let head: Pbuf | undefined;
          let tail: Pbuf | undefined;
          for (const length of s.push) {
            const p = text(pool, next, length);
            for (let i = 0; i < length; i++) model.push((next + i) & 0xff);
            next += length;
            if (tail === undefined) head = p;
            else tail.next = p;
            tail = p;
          }
          queue.push(head!);
        } else if ("read" in s) {
          const into = new Uint8Array(s.read);
          const count = queue.read(into);
          assertEquals(count, Math.min(s.read, model.length));
          assertEquals([...into.subarray(0, count)], model.slice(0, count));
          model = model.slice(count);
        } else {
          const p = queue.takePbuf();
          assertEquals(p === undefined, model.length === 0);
          for (let node = p; node !== undefined; node = node.next) {
            assertEquals([...node.bytes.subarray(node.start, node.end)], model.slice(0, node.length));
            model = model.slice(node.length);
          }
          p?.release();
        }
        assertEquals(queue.byteCount, model.length);
      }
      queue.clear();
      assertEquals([queue.heldBytes, pool.inUse], [0, 0]);
    }),
    { numRuns: 60 },
  );
});
