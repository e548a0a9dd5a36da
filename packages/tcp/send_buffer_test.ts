import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RingPool, SendBuffer } from "./send_buffer.ts";

function pattern(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
}

function copy(buffer: SendBuffer, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length + 4).fill(0xa5);
  buffer.copyTo(offset, length, into, 2);
  assertEquals([into[0], into[1], into[length + 2], into[length + 3]], [0xa5, 0xa5, 0xa5, 0xa5]);
  return into.subarray(2, length + 2);
}

Deno.test("SendBuffer takes as much as fits", () => {
  const buffer = new SendBuffer(5000);
  assertEquals(buffer.capacity, 0);
  assertEquals(buffer.write(pattern(0, 3000), 0, 3000), 3000);
  assertEquals(buffer.write(pattern(3000, 3000), 0, 3000), 2000);
  assertEquals(buffer.write(pattern(0, 1), 0, 1), 0);
  assertEquals([buffer.length, buffer.space], [5000, 0]);
  assertEquals(copy(buffer, 0, 5000), pattern(0, 5000));
  assertEquals(copy(buffer, 2990, 20), pattern(2990, 20));
});

Deno.test("SendBuffer reads a range that wraps", () => {
  const buffer = new SendBuffer(4096);
  buffer.write(pattern(0, 4096), 0, 4096);
  buffer.ack(4000);
  buffer.write(pattern(4096, 4000), 0, 4000);
  assertEquals(copy(buffer, 0, 4096), pattern(4000, 4096));
  assertEquals(copy(buffer, 90, 20), pattern(4090, 20));
  assertEquals(buffer.capacity, 4096);
});

Deno.test("SendBuffer gives its ring back when everything is acknowledged", () => {
  const pool = new RingPool(1 << 20);
  const buffer = new SendBuffer(1 << 20, pool);
  buffer.write(new Uint8Array(100_000), 0, 100_000);
  assertEquals(buffer.capacity, 131072);
  buffer.ack(100_000);
  assertEquals([buffer.capacity, buffer.length, pool.heldBytes], [0, 0, 131072]);
  buffer.write(new Uint8Array(100_000), 0, 100_000);
  assertEquals(pool.heldBytes, 0);
});

Deno.test("RingPool keeps no more than its bound", () => {
  const pool = new RingPool(8192);
  pool.release(new Uint8Array(8192));
  pool.release(new Uint8Array(4096));
  assertEquals(pool.heldBytes, 8192);
  pool.acquire(8192);
  assertEquals(pool.heldBytes, 0);
});

Deno.test("SendBuffer.ack() beyond the end empties it", () => {
  const buffer = new SendBuffer(100);
  buffer.write(pattern(0, 10), 0, 10);
  buffer.ack(0);
  buffer.ack(11);
  assertEquals(buffer.length, 0);
});

Deno.test("SendBuffer keeps what it holds when its limit falls", () => {
  const buffer = new SendBuffer(100);
  buffer.write(pattern(0, 100), 0, 100);
  buffer.maxBytes = 50;
  assertEquals([buffer.length, buffer.space], [100, 0]);
  buffer.ack(60);
  assertEquals(buffer.space, 10);
  assertEquals(copy(buffer, 0, 40), pattern(60, 40));
});

Deno.test("property: SendBuffer behaves like an array", () => {
  const step = fc.oneof(
    fc.record({ write: fc.integer({ min: 0, max: 6000 }) }),
    fc.record({ ack: fc.integer({ min: 0, max: 6000 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20000 }), fc.array(step, { maxLength: 40 }), (max, steps) => {
      const pool = new RingPool();
      const buffer = new SendBuffer(max, pool);
      let model: number[] = [];
      let next = 0;
      for (const s of steps) {
        if ("write" in s) {
          const data = pattern(next, s.write + 3);
          const taken = buffer.write(data, 3, s.write);
          assertEquals(taken, Math.min(s.write, max - model.length));
          model.push(...data.subarray(3, 3 + taken));
          next += taken * 7;
        } else {
          buffer.ack(s.ack);
          model = model.slice(s.ack);
        }
        assertEquals(buffer.length, model.length);
        assertEquals(buffer.space, max - model.length);
        const from = Math.floor(model.length / 3);
        assertEquals([...copy(buffer, from, model.length - from)], model.slice(from));
        assert(buffer.capacity >= buffer.length && (model.length > 0 || buffer.capacity === 0));
      }
    }),
    { numRuns: 60 },
  );
});
