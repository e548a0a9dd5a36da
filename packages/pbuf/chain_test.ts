import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  chain,
  clone,
  coalesce,
  compare,
  concatenate,
  consumeAcross,
  contiguous,
  copyAndSum,
  copyPacket,
  copyTo,
  dechain,
  find,
  nodeCount,
  readByte,
  shrink,
  split64k,
  take,
  trimTail,
  writeByte,
} from "./chain.ts";
import { sumBytes, sumPbuf } from "./checksum.ts";
import { type Pbuf, PBUF_LINK_BROADCAST } from "./pbuf.ts";
import { PbufPool } from "./pool.ts";

function makePool(): PbufPool {
  return new PbufPool([{ slotBytes: 256, slots: 64 }, { slotBytes: 2048, slots: 64 }], {
    detectUseAfterRelease: true,
  });
}

/** A chain of nodes of these lengths which hold 0, 1, 2, … across. */
function counting(pool: PbufPool, ...lengths: number[]): Pbuf {
  let value = 0;
  let head: Pbuf | undefined;
  for (const length of lengths) {
    const p = pool.acquire(length, 16)!;
    for (let i = p.start; i < p.end; i++) p.bytes[i] = value++;
    if (head === undefined) head = p;
    else concatenate(head, p);
  }
  return head!;
}

function bytesOf(p: Pbuf): number[] {
  const into = new Uint8Array(p.totalLength);
  assertEquals(copyTo(p, into), into.length);
  return [...into];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => (from + i) & 0xff);
}

Deno.test("concatenate() takes over the tail's reference, chain() adds one, dechain() passes it on", () => {
  const pool = makePool();
  const head = counting(pool, 3);
  const tail = counting(pool, 2);
  concatenate(head, tail);
  assertEquals([head.totalLength, tail.refCount, nodeCount(head)], [5, 1, 2]);
  const rest = dechain(head)!;
  assertStrictEquals(rest, tail);
  assertEquals([head.totalLength, rest.refCount], [3, 1]);
  assertStrictEquals(dechain(head), undefined);
  chain(head, rest);
  assertEquals(rest.refCount, 2);
  head.release();
  assertEquals(pool.inUse, 1);
  rest.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("a node that has two owners survives the packet it is chained to", () => {
  const pool = makePool();
  const shared = counting(pool, 2);
  const a = counting(pool, 1);
  const b = counting(pool, 1);
  chain(a, shared);
  chain(b, shared);
  shared.release();
  a.release();
  assertEquals(bytesOf(b), [0, 0, 1]);
  b.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("consumeAcross() drops bytes across nodes and releases the emptied ones", () => {
  const pool = makePool();
  const p = counting(pool, 3, 2, 4);
  p.flags = PBUF_LINK_BROADCAST;
  p.netifIndex = 7;
  const rest = consumeAcross(p, 4)!;
  assertEquals(bytesOf(rest), range(4, 9));
  assertEquals([rest.flags, rest.netifIndex, pool.inUse], [PBUF_LINK_BROADCAST, 7, 2]);
  assertStrictEquals(consumeAcross(rest, 0), rest);
  assertStrictEquals(consumeAcross(rest, 5), undefined);
  assertEquals(pool.inUse, 0);
});

Deno.test("consumeAcross() leaves nodes alone that somebody else holds too", () => {
  const pool = makePool();
  const p = counting(pool, 3, 2);
  p.retain();
  const rest = consumeAcross(p, 3)!;
  assertEquals(bytesOf(rest), [3, 4]);
  assertEquals(bytesOf(p), range(0, 5), "the other owner still sees the whole packet");
  rest.release();
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("shrink() only shrinks, and releases nodes that become empty", () => {
  const pool = makePool();
  const p = counting(pool, 3, 2, 4);
  shrink(p, 5);
  assertEquals([nodeCount(p), pool.inUse], [2, 2]);
  assertThrows(() => shrink(p, 6), RangeError);
  assertThrows(() => shrink(p, -1), RangeError);
  trimTail(p, 1);
  assertEquals(bytesOf(p), range(0, 4));
  trimTail(p, 2);
  assertEquals(nodeCount(p), 1);
  shrink(p, 0);
  assertEquals([p.totalLength, pool.inUse], [0, 1]);
  p.release();
});

Deno.test("copyTo() copies any part across nodes, and stops where packet or target end", () => {
  const pool = makePool();
  const p = counting(pool, 3, 0, 2, 60);
  const into = new Uint8Array(8).fill(0xff);
  assertEquals(copyTo(p, into, 2, 4), 4);
  assertEquals([...into], [2, 3, 4, 5, 0xff, 0xff, 0xff, 0xff]);
  assertEquals(copyTo(p, into, 60, 100), 5);
  assertEquals(copyTo(p, into, 65, 1), 0);
  assertEquals(copyTo(p, into, 0, Infinity, 6), 2);
  assertEquals([...into.subarray(6)], [0, 1]);
  p.release();
});

Deno.test("take() writes at and over node borders, or not at all (lwIP test_pbuf: take_at_edge)", () => {
  const pool = makePool();
  const p = counting(pool, 4, 4, 4);
  assert(take(p, Uint8Array.of(0xa0, 0xa1), 3));
  assert(take(p, Uint8Array.of(0xb0), 4 + 3));
  assert(take(p, Uint8Array.of(0xc0, 0xc1, 0xc2, 0xc3), 8));
  assertEquals(bytesOf(p), [0, 1, 2, 0xa0, 0xa1, 5, 6, 0xb0, 0xc0, 0xc1, 0xc2, 0xc3]);
  const before = bytesOf(p);
  assert(!take(p, Uint8Array.of(1, 2), 11));
  assert(!take(p, Uint8Array.of(1), -1));
  assertEquals(bytesOf(p), before);
  assert(take(p, new Uint8Array(0), 12));
  p.release();
});

Deno.test("readByte() and writeByte() at the node border (lwIP test_pbuf: get_put_at_edge)", () => {
  const pool = makePool();
  const p = counting(pool, 4, 4);
  assert(writeByte(p, 3, 0x11) && writeByte(p, 4, 0x22));
  assertEquals([readByte(p, 3), readByte(p, 4), readByte(p, 7), readByte(p, 8), readByte(p, -1)], [
    0x11,
    0x22,
    7,
    -1,
    -1,
  ]);
  assert(!writeByte(p, 8, 1) && !writeByte(p, -1, 1));
  p.release();
});

Deno.test("copyPacket() between chains with different borders, empty nodes included (lwIP test_pbuf)", () => {
  const pool = makePool();
  const from = counting(pool, 5, 0, 60, 1);
  const into = counting(pool, 0, 1, 30, 0, 40);
  assert(copyPacket(into, from));
  assertEquals(bytesOf(into).slice(0, 66), range(0, 66));
  assert(!copyPacket(from, into));
  const empty = counting(pool, 0);
  assert(copyPacket(empty, empty));
  from.release();
  into.release();
  empty.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("clone() copies bytes and marks into memory of its own", () => {
  const pool = makePool();
  const p = counting(pool, 30, 7);
  p.flags = PBUF_LINK_BROADCAST;
  p.checksumStart = p.start + 20;
  p.checksumOffset = 6;
  p.gsoSize = 5;
  p.vlanTci = 9;
  p.netifIndex = 3;
  const copy = clone(p, 50)!;
  assertEquals(bytesOf(copy), bytesOf(p));
  assertEquals([copy.headroom, copy.checksumStart - copy.start, copy.checksumOffset], [50, 20, 6]);
  assertEquals([copy.flags, copy.gsoSize, copy.vlanTci, copy.netifIndex], [PBUF_LINK_BROADCAST, 5, 9, 3]);
  copy.release();
  const large = pool.acquireChain(3000, 0)!;
  const chained = clone(large, 0)!;
  assertEquals([nodeCount(chained), chained.totalLength], [2, 3000]);
  chained.release();
  large.release();
  pool.failAfter(0);
  assertStrictEquals(clone(p), undefined);
  p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("coalesce() makes one node, or gives the original back when there is no memory", () => {
  const pool = makePool();
  const p = counting(pool, 3, 4);
  pool.failAfter(0);
  assertStrictEquals(coalesce(p), p);
  pool.failAfter(-1);
  const one = coalesce(p);
  assertEquals([nodeCount(one), pool.inUse], [1, 1]);
  assertEquals(bytesOf(one), range(0, 7));
  assertStrictEquals(coalesce(one), one);
  one.release();
  const tooLong = pool.acquireChain(5000, 0)!;
  assertStrictEquals(coalesce(tooLong), tooLong);
  tooLong.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("compare() and find() see across nodes", () => {
  const pool = makePool();
  const p = counting(pool, 3, 2, 4);
  assertEquals(compare(p, 2, Uint8Array.of(2, 3, 4, 5)), 0);
  assertEquals(compare(p, 2, Uint8Array.of(2, 3, 9, 5)), 3);
  assertEquals(compare(p, 7, Uint8Array.of(7, 8, 9)), 3);
  assertEquals(find(p, Uint8Array.of(2, 3)), 2);
  assertEquals(find(p, Uint8Array.of(8)), 8);
  assertEquals(find(p, Uint8Array.of(8, 9)), -1);
  assertEquals(find(p, Uint8Array.of(0), 1), -1);
  assertEquals(find(p, new Uint8Array(0), 4), 4);
  p.release();
});

Deno.test("contiguous() is a view inside one node, a copy across nodes", () => {
  const pool = makePool();
  const p = counting(pool, 4, 4);
  const scratch = new Uint8Array(4);
  const direct = contiguous(p, scratch, 2, 5)!;
  assertStrictEquals(direct.buffer, pool.arena);
  assertEquals([...direct], [5, 6]);
  const copied = contiguous(p, scratch, 4, 2)!;
  assertStrictEquals(copied.buffer, scratch.buffer);
  assertEquals([...copied], [2, 3, 4, 5]);
  assertStrictEquals(contiguous(p, scratch, 5, 2), undefined);
  assertStrictEquals(contiguous(p, scratch, 3, 6), undefined);
  assertEquals(contiguous(p, scratch, 0, 8)!.length, 0);
  p.release();
});

Deno.test("split64k() cuts chains above 65535 bytes, byte exact (lwIP test_pbuf: split_64k_on_small_pbufs)", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 200 }]);
  const p = pool.acquireChain(200_000, 0)!;
  for (let node: Pbuf | undefined = p, n = 0; node !== undefined; node = node.next) {
    for (let i = node.start; i < node.end; i++) node.bytes[i] = n++ * 7;
  }
  const expected = bytesOf(p);
  const parts = [p];
  for (let rest = split64k(p); rest !== undefined; rest = split64k(rest)) parts.push(rest);
  assertEquals(parts.map((part) => part.totalLength), [63488, 63488, 63488, 9536]);
  assertEquals(parts.flatMap((part) => bytesOf(part)), expected);
  const first = parts[0]!;
  assertStrictEquals(split64k(first), undefined);
  assertThrows(() => split64k(first, 100), RangeError);
  for (const part of parts) part.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("packets of more than 64 KiB queue behind one another and come apart again (lwIP test_pbuf)", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 200 }]);
  const queue = pool.acquireChain(70_000, 0)!;
  queue.bytes[0] = 1;
  for (let i = 0; i < 2; i++) {
    const next = pool.acquireChain(70_000, 0)!;
    next.bytes[0] = 2 + i;
    concatenate(queue, next);
  }
  assertEquals(queue.totalLength, 210_000);
  const rest = split64k(queue, 70_000)!;
  const last = split64k(rest, 70_000)!;
  assertEquals([queue, rest, last].map((p) => [p.totalLength, p.bytes[0]]), [[70_000, 1], [70_000, 2], [
    70_000,
    3,
  ]]);
  for (const p of [queue, rest, last]) p.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("property: copyAndSum() in pieces equals the sum over the whole", () => {
  const pool = makePool();
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 3 }), (pieces) => {
    const p = pool.acquire(pieces.reduce((sum, piece) => sum + piece.length, 0), 5)!;
    let sum = 0;
    let at = 0;
    for (const piece of pieces) {
      const view = new DataView(piece.buffer, piece.byteOffset, piece.length);
      sum = copyAndSum(piece, view, 0, piece.length, p, at, sum);
      at += piece.length;
    }
    assertEquals(bytesOf(p), pieces.flatMap((piece) => [...piece]));
    assertEquals(sum % 0xffff, sumPbuf(p, 0) % 0xffff);
    assertEquals(sum % 0xffff, sumBytes(p.bytes, p.view, p.start, p.end, 0) % 0xffff);
    assertThrows(
      () => copyAndSum(Uint8Array.of(1), new DataView(new ArrayBuffer(1)), 0, 1, p, at, 0),
      RangeError,
    );
    p.release();
  }));
  assertEquals(pool.inUse, 0);
});

type Step =
  | { op: "consume" | "shrink" | "trim" | "read" | "split"; n: number }
  | { op: "append"; bytes: Uint8Array }
  | { op: "take"; n: number; bytes: Uint8Array }
  | { op: "clone" | "coalesce" | "drop-first" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom("consume", "shrink", "trim", "read", "split"), n: fc.nat(60) }),
  fc.record({ op: fc.constant("append" as const), bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ op: fc.constant("take" as const), n: fc.nat(60), bytes: fc.uint8Array({ maxLength: 20 }) }),
  fc.record({ op: fc.constantFrom("clone", "coalesce", "drop-first") }),
);

Deno.test("property: any sequence of chain operations equals the same on a plain array, and leaks nothing", () => {
  const pool = makePool();
  fc.assert(fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
    let p: Pbuf | undefined = counting(pool, 10, 5);
    let model = range(0, 15);
    for (const s of steps) {
      if (p === undefined) break;
      if (s.op === "append") {
        const tail: Pbuf = pool.acquire(s.bytes.length, 0)!;
        tail.bytes.set(s.bytes, tail.start);
        concatenate(p, tail);
        model.push(...s.bytes);
      } else if (s.op === "consume") {
        p = consumeAcross(p, s.n);
        if (s.n >= model.length && s.n > 0) assertStrictEquals(p, undefined);
        model = model.slice(s.n);
      } else if (s.op === "shrink" && s.n <= model.length) {
        shrink(p, s.n);
        model.length = s.n;
      } else if (s.op === "trim" && s.n <= model.length) {
        trimTail(p, s.n);
        model.length -= s.n;
      } else if (s.op === "read") {
        assertEquals(readByte(p, s.n), model[s.n] ?? -1);
      } else if (s.op === "take") {
        const fits = s.n + s.bytes.length <= model.length;
        assertEquals(take(p, s.bytes, s.n), fits);
        if (fits) model.splice(s.n, s.bytes.length, ...s.bytes);
      } else if (s.op === "clone") {
        const copy: Pbuf = clone(p)!;
        p.release();
        p = copy;
      } else if (s.op === "coalesce") {
        p = coalesce(p);
        assertEquals(nodeCount(p), 1);
      } else if (s.op === "split" && p.length <= s.n) {
        const rest = split64k(p, s.n);
        if (rest !== undefined) {
          assert(p.totalLength <= s.n);
          concatenate(p, rest);
        }
      } else if (s.op === "drop-first") {
        const rest = dechain(p);
        model = model.slice(p.length);
        p.release();
        p = rest;
      }
      if (p !== undefined) assertEquals(bytesOf(p), model);
    }
    p?.release();
    assertEquals(pool.inUse, 0);
  }));
});
