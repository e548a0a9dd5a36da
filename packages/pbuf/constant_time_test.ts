import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { equalsConstantTime } from "./constant_time.ts";

Deno.test("property: equalsConstantTime() says what a comparison byte by byte says", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
    assertEquals(equalsConstantTime(a, b), a.length === b.length && a.every((byte, i) => byte === b[i]));
    assert(equalsConstantTime(a, a.slice()));
  }));
});

Deno.test("equalsConstantTime() sees a difference in every position and in the length", () => {
  const secret = Uint8Array.of(1, 2, 3, 4);
  for (let i = 0; i < secret.length; i++) {
    const other = secret.slice();
    other[i]! ^= 0x80;
    assert(!equalsConstantTime(secret, other));
  }
  assert(!equalsConstantTime(secret, secret.subarray(0, 3)));
});
