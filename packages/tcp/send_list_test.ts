import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RingPool, SendBuffer } from "./send_buffer.ts";

function held(buffer: SendBuffer, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  buffer.copyTo(offset, length, into, 0);
  return into;
}

Deno.test("SendBuffer.reference(): nothing is copied before it is read, and what was there before stays in front", () => {
  const pool = new RingPool(1 << 20);
  const buffer = new SendBuffer(1 << 20, pool);
  buffer.write(new Uint8Array([1, 2, 3]), 0, 3);
  const mine = new Uint8Array([9, 4, 5, 6, 9]);
  assertEquals(buffer.reference(mine, 1, 3), 3);
  assertEquals(buffer.capacity, 0, "the ring went back");
  assert(pool.heldBytes > 0);
  buffer.write(new Uint8Array([7, 8]), 0, 2);
  mine[1] = 44;
  assertEquals([...held(buffer, 0, 8)], [1, 2, 3, 44, 5, 6, 7, 8]);
  buffer.ack(4);
  assertEquals([...held(buffer, 1, 2)], [6, 7]);
  buffer.ack(4);
  assertEquals(buffer.length, 0);
  buffer.write(new Uint8Array([1]), 0, 1);
  assert(buffer.capacity > 0, "a ring again");
});

Deno.test("SendBuffer.reference() takes as much as fits", () => {
  const buffer = new SendBuffer(100);
  assertEquals(buffer.reference(new Uint8Array(80), 0, 80), 80);
  assertEquals(buffer.reference(new Uint8Array(80), 0, 80), 20);
  assertEquals([buffer.space, buffer.reference(new Uint8Array(1), 0, 1)], [0, 0]);
});

Deno.test("property: SendBuffer with copies and references in any order holds what a plain array would", () => {
  const step = fc.record({
    kind: fc.constantFrom("write", "reference", "ack", "read"),
    length: fc.integer({ min: 0, max: 9000 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const buffer = new SendBuffer(30_000);
    let model: number[] = [];
    let next = 0;
    for (const { kind, length } of steps) {
      if (kind === "ack") {
        const count = Math.min(length, model.length);
        buffer.ack(count);
        model = model.slice(count);
      } else if (kind === "read") {
        const from = Math.min(length, model.length);
        const count = Math.min(1500, model.length - from);
        assertEquals([...held(buffer, from, count)], model.slice(from, from + count));
      } else {
        const data = Uint8Array.from({ length }, () => next++ & 0xff);
        const taken = kind === "write" ? buffer.write(data, 0, length) : buffer.reference(data, 0, length);
        model.push(...data.subarray(0, taken));
      }
      assertEquals(buffer.length, model.length);
    }
    assertEquals([...held(buffer, 0, model.length)], model);
  }));
});
