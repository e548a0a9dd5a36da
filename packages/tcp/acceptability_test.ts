import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isAcceptable, isNewAck, isPlausibleAck } from "./acceptability.ts";

/** Just below the wrap. */
const NXT = 0xfffffff0;

function acceptable(offset: number, len: number, wnd: number): boolean {
  return isAcceptable((NXT + offset) >>> 0, len, NXT, wnd);
}

Deno.test("isAcceptable(): length 0, window 0: only RCV.NXT itself (RFC 9293 §3.10.7.4)", () => {
  assert(acceptable(0, 0, 0));
  assert(!acceptable(1, 0, 0));
  assert(!acceptable(-1, 0, 0));
});

Deno.test("isAcceptable(): length 0, window open: inside of the window (RFC 9293 §3.10.7.4)", () => {
  assert(acceptable(0, 0, 100) && acceptable(99, 0, 100));
  assert(!acceptable(100, 0, 100) && !acceptable(-1, 0, 100));
});

Deno.test("isAcceptable(): text, window 0: never (RFC 9293 §3.10.7.4)", () => {
  assert(!acceptable(0, 1, 0) && !acceptable(-5, 10, 0));
});

Deno.test("isAcceptable(): text, window open: some octet inside of the window (RFC 9293 §3.10.7.4)", () => {
  assert(acceptable(0, 1, 100) && acceptable(99, 1, 100) && acceptable(99, 1000, 100));
  assert(!acceptable(100, 1, 100));
  assert(acceptable(-10, 11, 100) && !acceptable(-10, 10, 100));
  assert(acceptable(-10, 1000, 100), "covers the whole window");
});

Deno.test("property: isAcceptable() is overlap with the window", () => {
  const small = () => fc.integer({ min: 0, max: 40 });
  fc.assert(fc.property(fc.integer({ min: -50, max: 50 }), small(), small(), (offset, len, wnd) => {
    let overlaps = false;
    for (let i = offset; i < offset + Math.max(len, 1); i++) overlaps ||= i >= 0 && i < Math.max(wnd, 1);
    assertEquals(acceptable(offset, len, wnd), overlaps && (wnd > 0 || len === 0));
  }));
});

Deno.test("isNewAck(): SND.UNA < SEG.ACK =< SND.NXT, across the wrap (RFC 9293 §3.10.7.4)", () => {
  assert(!isNewAck(NXT, NXT, 0x10));
  assert(isNewAck(NXT + 1, NXT, 0x10));
  assert(isNewAck(0, NXT, 0x10) && isNewAck(0x10, NXT, 0x10));
  assert(!isNewAck(0x11, NXT, 0x10) && !isNewAck(NXT - 1, NXT, 0x10));
  assert(!isNewAck(NXT, NXT, NXT));
});

Deno.test("isPlausibleAck(): no older than the largest window, no newer than SND.NXT (RFC 5961 §5.2)", () => {
  assert(isPlausibleAck(NXT, NXT, 0x10, 1000));
  assert(isPlausibleAck(NXT - 1000, NXT, 0x10, 1000) && !isPlausibleAck(NXT - 1001, NXT, 0x10, 1000));
  assert(isPlausibleAck(0x10, NXT, 0x10, 1000) && !isPlausibleAck(0x11, NXT, 0x10, 1000));
});
