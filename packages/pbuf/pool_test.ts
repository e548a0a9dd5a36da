import { assert, assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { nodeCount } from "./chain.ts";
import { type Pbuf, PBUF_LINK_MULTICAST } from "./pbuf.ts";
import { DEFAULT_CLASSES, DEFAULT_HEADROOM, PbufPool } from "./pool.ts";

const CLASSES = [{ slotBytes: 64, slots: 4 }, { slotBytes: 256, slots: 2 }, { slotBytes: 2048, slots: 3 }];

Deno.test("acquire() gives one slot with the wanted headroom and every mark cleared", () => {
  const pool = new PbufPool(CLASSES);
  const p = pool.acquire(30, 20)!;
  assertEquals([p.headroom, p.length, p.tailroom, p.kind, p.refCount], [20, 30, 14, "RAM", 1]);
  p.flags = 0xff;
  p.checksumStart = 3;
  p.gsoSize = 9;
  p.vlanTci = 5;
  p.netifIndex = 2;
  p.release();
  const again = pool.acquire(0, 0)!;
  assertStrictEquals(again, p, "slots are used again");
  assertEquals([again.flags, again.checksumStart, again.gsoSize, again.vlanTci, again.netifIndex], [
    0,
    -1,
    0,
    -1,
    0,
  ]);
  assertEquals([again.length, again.next, again.parent], [0, undefined, undefined]);
  again.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("acquire() of zero bytes of each kind works (lwIP test_pbuf: alloc_zero_pbufs)", () => {
  const pool = new PbufPool(CLASSES);
  const all = [pool.acquire(0, 0)!, pool.acquireChain(0, 0)!, pool.wrap(new Uint8Array(0))!];
  all.push(pool.reference(all[0]!, 0, 0)!);
  assertEquals(all.map((p) => [p.kind, p.totalLength]), [["RAM", 0], ["POOL", 0], ["ROM", 0], ["REF", 0]]);
  for (const p of all) p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("slots lie in the arena at their arenaOffset and do not overlap", () => {
  const pool = new PbufPool(CLASSES);
  const all: Pbuf[] = [];
  for (let p = pool.acquire(1, 0); p !== undefined; p = pool.acquire(1, 0)) all.push(p);
  assertEquals(all.length, 9);
  const memory = new Uint8Array(pool.arena);
  for (const [i, p] of all.entries()) p.bytes.fill(i + 1);
  for (const [i, p] of all.entries()) {
    assertEquals(p.bytes.byteOffset, p.arenaOffset);
    assertEquals(p.view.byteOffset, p.arenaOffset);
    assert(p.bytes.every((byte) => byte === i + 1));
    assertEquals(memory[p.arenaOffset], i + 1);
    p.release();
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("exhausted class: the next larger one serves, then the request is refused, both counted", () => {
  const pool = new PbufPool(CLASSES);
  const calls: string[] = [];
  const hear = (): void => void calls.push("exhausted");
  pool.onExhausted.add(hear);
  pool.onAvailable = () => calls.push("available");
  const all = Array.from({ length: 9 }, () => pool.acquire(60, 0)!);
  assertEquals(all.map((p) => p.bytes.length), [64, 64, 64, 64, 256, 256, 2048, 2048, 2048]);
  assertEquals(pool.counters.promoted, 2 + 2 * 3);
  assertStrictEquals(pool.acquire(60, 0), undefined);
  assertStrictEquals(pool.acquire(1, 0), undefined);
  assertEquals(pool.counters.refused, 2);
  assertEquals(pool.classUse().map((c) => [c.inUse, c.maxInUse]), [[4, 4], [2, 2], [3, 3]]);
  for (const p of all) p.release();
  assertEquals(calls, ["exhausted", "available"]);
  assertEquals(pool.counters, { inUse: 0, maxInUse: 9, refused: 2, promoted: pool.counters.promoted });
  pool.onExhausted.delete(hear);
  const again = Array.from({ length: 9 }, () => pool.acquire(60, 0)!);
  assertStrictEquals(pool.acquire(60, 0), undefined);
  for (const p of again) p.release();
  assertEquals(calls, ["exhausted", "available", "available"]);
});

Deno.test("acquire() refuses more than the largest slot", () => {
  const pool = new PbufPool(CLASSES);
  assertStrictEquals(pool.acquire(2048, 1), undefined);
  pool.acquire(2048, 0)!.release();
  assertEquals(pool.largestSlotBytes, 2048);
});

Deno.test("acquireChain() takes as many slots as needed, or none", () => {
  const pool = new PbufPool(CLASSES);
  const p = pool.acquireChain(5000, 100)!;
  assertEquals([nodeCount(p), p.totalLength, p.headroom, p.kind], [3, 5000, 100, "POOL"]);
  assertEquals([p.length, p.next!.length, p.next!.next!.length], [1948, 2048, 1004]);
  assertStrictEquals(pool.acquireChain(1, 0), undefined);
  p.release();
  assertEquals(pool.inUse, 0);
  assertStrictEquals(pool.acquireChain(3 * 2048, 1), undefined);
  assertStrictEquals(pool.acquireChain(1, 2048), undefined, "no room behind the headroom");
  assertEquals(pool.inUse, 0);
  const one = pool.acquireChain(2000, 48)!;
  assertEquals([nodeCount(one), one.start, one.end], [1, 48, 2048]);
  one.release();
});

Deno.test("property: acquireChain() holds exactly the bytes asked for", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 40 }]);
  fc.assert(fc.property(fc.nat(70_000), fc.nat(2047), (length, headroom) => {
    const p = pool.acquireChain(length, headroom)!;
    assertEquals([p.totalLength, p.headroom], [length, headroom]);
    assertEquals(nodeCount(p), Math.max(1, Math.ceil((length + headroom) / 2048)));
    p.release();
    assertEquals(pool.inUse, 0);
  }));
});

Deno.test("reference() shares memory and holds the parent", () => {
  const pool = new PbufPool(CLASSES);
  const parent = pool.acquire(20, 10)!;
  parent.bytes.set([1, 2, 3, 4], parent.start + 5);
  parent.flags = PBUF_LINK_MULTICAST;
  const ref = pool.reference(parent, 5, 4)!;
  assertEquals([parent.refCount, ref.kind, ref.length, ref.flags], [2, "REF", 4, PBUF_LINK_MULTICAST]);
  assertEquals(ref.arenaOffset, parent.arenaOffset);
  assert(!ref.prepend(1), "shared memory takes no header");
  parent.release();
  assertEquals(pool.inUse, 2);
  assertEquals([...ref.bytes.subarray(ref.start, ref.end)], [1, 2, 3, 4]);
  ref.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("reference() of a reference holds the whole line, and refuses ranges outside of the node", () => {
  const pool = new PbufPool(CLASSES);
  const a = pool.acquire(20, 10)!;
  const b = pool.reference(a, 5, 10)!;
  const c = pool.reference(b, 2, 3)!;
  assertEquals(c.start, a.start + 7);
  for (const [offset, length] of [[-1, 1], [0, 11], [11, 0], [5, 6], [5, -1]]) {
    assertStrictEquals(pool.reference(b, offset!, length!), undefined);
  }
  a.release();
  b.release();
  assertEquals(pool.inUse, 3);
  c.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("wrap() shows foreign memory and calls back once, at the last release (lwIP custom pbuf)", () => {
  const pool = new PbufPool(CLASSES);
  const released: Pbuf[] = [];
  const memory = Uint8Array.of(9, 8, 7, 6);
  const p = pool.wrap(memory.subarray(1), (node) => released.push(node))!;
  assertEquals([p.kind, p.length, p.arenaOffset, p.view.getUint8(0)], ["ROM", 3, -1, 8]);
  p.start++;
  assert(!p.prepend(1), "foreign memory takes no header");
  const ref = pool.reference(p, 1, 1)!;
  p.retain();
  p.release();
  p.release();
  assertEquals(released, []);
  ref.release();
  assertEquals(released, [p]);
  assertEquals(pool.inUse, 0);
});

Deno.test("references are bounded", () => {
  const pool = new PbufPool(CLASSES, { maxReferences: 2 });
  const p = pool.acquire(1, 0)!;
  const a = pool.reference(p, 0, 1)!;
  const b = pool.wrap(new Uint8Array(1))!;
  assertStrictEquals(pool.reference(p, 0, 1), undefined);
  assertStrictEquals(pool.wrap(new Uint8Array(1)), undefined);
  assertEquals(pool.counters.refused, 2);
  a.release();
  b.release();
  pool.reference(p, 0, 1)!.release();
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("failAfter(n) lets n acquisitions of any kind through, then none", () => {
  const pool = new PbufPool(CLASSES);
  pool.failAfter(2);
  const a = pool.acquire(1)!;
  const b = pool.reference(a, 0, 1)!;
  assertStrictEquals(pool.acquire(1), undefined);
  assertStrictEquals(pool.acquireChain(1), undefined);
  assertStrictEquals(pool.wrap(new Uint8Array(1)), undefined);
  assertStrictEquals(pool.reference(a, 0, 1), undefined);
  assertEquals(pool.counters.refused, 4);
  pool.failAfter(-1);
  pool.acquire(1)!.release();
  a.release();
  b.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("a second release and a late retain are found (lwIP test_mem: double_free)", () => {
  const pool = new PbufPool(CLASSES);
  const p = pool.acquire(1, 0)!;
  p.release();
  assertThrows(() => p.release(), Error, "already free");
  assertThrows(() => p.retain(), Error, "already free");
  assertEquals(pool.inUse, 0);
});

Deno.test("detectUseAfterRelease finds a slot that was written to after its release", () => {
  const pool = new PbufPool(CLASSES, { detectUseAfterRelease: true });
  const p = pool.acquire(4, 4)!;
  p.bytes.fill(1);
  p.release();
  pool.acquire(4, 4)!.release();
  p.bytes[5] = 1;
  assertThrows(() => pool.acquire(4, 4), Error, "written to, at byte 5");
});

Deno.test("trackHolders tells who acquired what is still in use", () => {
  const pool = new PbufPool(CLASSES, { trackHolders: true });
  const kept = pool.acquire(1, 0)!;
  pool.acquire(1, 0)!.release();
  const holders = pool.holders();
  assertEquals(holders.map((h) => h.pbuf), [kept]);
  assertStringIncludes(holders[0]!.acquiredAt, "pool_test.ts");
  kept.release();
  assertEquals(pool.holders(), []);
  assertEquals(new PbufPool(CLASSES).holders(), []);
});

Deno.test("prepend() and consume() move within the node, or change nothing", () => {
  const pool = new PbufPool(CLASSES);
  const p = pool.acquire(10, 14)!;
  assert(p.prepend(14));
  assertEquals([p.headroom, p.length], [0, 24]);
  assert(!p.prepend(1));
  assert(p.consume(24));
  assert(!p.consume(1));
  assertEquals(p.length, 0);
  p.release();
});

Deno.test("the default classes leave headroom for a frame and for a super-segment", () => {
  const pool = new PbufPool();
  for (const length of [66, 1514, 65535]) {
    const p = pool.acquire(length)!;
    assertEquals([p.headroom, p.length], [DEFAULT_HEADROOM, length]);
    p.release();
  }
  assertEquals(pool.counters.promoted, 0);
  assertEquals(pool.classUse().length, DEFAULT_CLASSES.length);
});

Deno.test("a pool wants at least one class, in ascending order", () => {
  assertThrows(() => new PbufPool([]), RangeError);
  assertThrows(() => new PbufPool([{ slotBytes: 64, slots: 1 }, { slotBytes: 64, slots: 1 }]), RangeError);
});

Deno.test("property: the pool balances whatever the order of acquiring and releasing (lwIP test_mem: random)", () => {
  const pool = new PbufPool(CLASSES);
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(8))), (steps) => {
    const held: Pbuf[] = [];
    for (const [length, index] of steps) {
      if (index < held.length) held.splice(index, 1)[0]!.release();
      const p = length < 200 ? pool.acquire(length, 0) : pool.acquireChain(length, 0);
      if (p !== undefined) held.push(p);
    }
    assertEquals(pool.inUse, held.reduce((sum, p) => sum + nodeCount(p), 0));
    for (const p of held) p.release();
    assertEquals(pool.inUse, 0);
  }));
});
