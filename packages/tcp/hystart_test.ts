import { assertEquals } from "@std/assert";
import { HyStart, HYSTART_CSS_GROWTH_DIVISOR, HYSTART_CSS_ROUNDS, hystartThreshold } from "./hystart.ts";

const SMSS = 1000;
const CSS = HYSTART_CSS_GROWTH_DIVISOR;

/** What is in flight all the time. */
const FLIGHT = 10 * SMSS;

/** In slow start, at the beginning of a round: ten segments are in flight, nine of them until its end. */
function started(): HyStart {
  const h = new HyStart();
  h.onAck(SMSS, FLIGHT, 80);
  round(h, 80);
  round(h, 80);
  return h;
}

/** A round, each of its acknowledgments with the same round-trip time; returns what the last one said. */
function round(h: HyStart, rttMs: number): number {
  let divisor = -1;
  for (let i = 0; i < 9; i++) divisor = h.onAck(SMSS, FLIGHT, rttMs);
  return divisor;
}

Deno.test("hystartThreshold() is an eighth of the round trip, 4 to 16 ms (RFC 9406 §4.2)", () => {
  assertEquals([8, 32, 80, 128, 1000, Infinity].map(hystartThreshold), [4, 4, 10, 16, 16, 16]);
});

Deno.test("HyStart: steady round trips leave slow start alone", () => {
  const h = started();
  for (let i = 0; i < 50; i++) assertEquals(round(h, 80 + i % 2), 1);
});

Deno.test("HyStart: a rise below the threshold leaves slow start alone (RFC 9406 §4.2)", () => {
  const h = started();
  round(h, 89.9);
  assertEquals(h.isConservative, false);
});

Deno.test("HyStart: a rise of an eighth enters conservative slow start with the eighth sample (RFC 9406 §4.2)", () => {
  const h = started();
  const said: number[] = [];
  for (let i = 0; i < 9; i++) said.push(h.onAck(SMSS, FLIGHT, 90));
  assertEquals(said, [1, 1, 1, 1, 1, 1, 1, CSS, CSS]);
  assertEquals(h.isConservative, true);
});

Deno.test("HyStart: one sample as short as before says there is no queue: the minimum of a round counts", () => {
  const h = started();
  h.onAck(SMSS, FLIGHT, 80);
  for (let i = 0; i < 8; i++) h.onAck(SMSS, FLIGHT, 200);
  assertEquals(h.isConservative, false);
});

Deno.test("HyStart: conservative slow start lasts five rounds, then it is over (RFC 9406 §4.2)", () => {
  const h = started();
  let acks = 1;
  while (h.onAck(SMSS, FLIGHT, 100) !== 0) acks++;
  assertEquals(acks, 9 * HYSTART_CSS_ROUNDS, "the round in which it began counts");
});

Deno.test("HyStart: a shorter round trip in conservative slow start leads back (RFC 9406 §4.2)", () => {
  const h = started();
  round(h, 100);
  assertEquals(h.isConservative, true);
  assertEquals(round(h, 99), 1);
  assertEquals(h.isConservative, false);
  round(h, 99);
  assertEquals(round(h, 120), CSS, "and it may begin anew");
});

Deno.test("HyStart: acknowledgments without samples, or a few, decide nothing", () => {
  const h = new HyStart();
  for (let i = 0; i < 20; i++) assertEquals(round(h, -1), 1);
  // Seven segments in flight.
  for (let i = 0; i < 200; i++) assertEquals(h.onAck(SMSS, 7 * SMSS, 10 + 5 * i), 1);
});

Deno.test("HyStart: a round is one also where nothing is outstanding at its end: batches that acknowledge all there is (RFC 9406 §4.2)", () => {
  const h = new HyStart();
  const said: number[] = [];
  for (const rttMs of [80, 80, 80, 100, 100, 100, 100, 100]) {
    for (let left = 10 * SMSS; left > SMSS; left -= SMSS) h.onAck(SMSS, left, rttMs);
    said.push(h.onAck(SMSS, SMSS, rttMs));
  }
  assertEquals(said, [1, 1, 1, CSS, CSS, CSS, CSS, 0], "the round in which it began counts");
});

Deno.test("HyStart: rounds end where they would have ended, whatever a recovery for nothing has kept from it", () => {
  const [told, skipped] = [started(), started()];
  for (const [h, bytes] of [[told, 0], [skipped, 6 * SMSS]] as const) {
    for (let i = 0; i < 3; i++) h.onAck(SMSS, FLIGHT, 80);
    h.skip(bytes);
    // The next round is late from its beginning.
    for (let i = 0; i < 9; i++) h.onAck(SMSS, FLIGHT, i < 1 ? 80 : 95);
  }
  assertEquals([told.isConservative, skipped.isConservative], [false, true]);
});

Deno.test("HyStart: a round that ends in a batch is followed by one of all that the batch lets out (RFC 9406 §4.2)", () => {
  const h = started();
  for (let i = 0; i < 9; i++) h.onAck(SMSS, FLIGHT, 80, 20 * SMSS);
  for (let i = 0; i < 9; i++) h.onAck(SMSS, FLIGHT, 80);
  // Still the same round, whose minimum is short.
  for (let i = 0; i < 8; i++) h.onAck(SMSS, FLIGHT, 95);
  assertEquals(h.isConservative, false);
});
