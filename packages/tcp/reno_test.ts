import { assert, assertEquals } from "@std/assert";
import { Reno } from "./reno.ts";

const SMSS = 1000;

Deno.test("Reno starts with ten segments (RFC 6928 §2)", () => {
  assertEquals(new Reno(1448).cwnd, 14480);
  assertEquals(new Reno(1448, { initialWindowSegments: 4 }).cwnd, 5792);
});

Deno.test("Reno doubles the window each round trip in slow start", () => {
  const cc = new Reno(SMSS);
  for (let i = 0; i < 5; i++) cc.onAck(2 * SMSS, 10 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 20 * SMSS);
});

Deno.test("Reno counts at most L segments an acknowledgment where asked to, and one after a timeout (RFC 3465 §2)", () => {
  const cc = new Reno(SMSS, { byteCountingLimit: 2 });
  cc.onAck(8 * SMSS, 10 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 12 * SMSS);
  const after = new Reno(SMSS);
  after.onRetransmissionTimeout(40 * SMSS, 0, false);
  after.onAck(30 * SMSS, 40 * SMSS, 0, 100);
  assertEquals(after.cwnd, 2 * SMSS);
  after.onTimeoutRecovered();
  after.onAck(2 * SMSS, 2 * SMSS, 0, 100);
  assertEquals(after.cwnd, 4 * SMSS);
});

Deno.test("Reno halves the flight on loss and then grows a segment a round trip (RFC 5681 §3.1)", () => {
  const cc = new Reno(SMSS);
  cc.cwnd = 40 * SMSS;
  cc.onEnterRecovery(40 * SMSS, 0, true);
  cc.onExitRecovery(20 * SMSS, 0, true);
  assertEquals([cc.cwnd, cc.ssthresh], [20 * SMSS, 20 * SMSS]);
  for (let i = 0; i < 10; i++) cc.onAck(2 * SMSS, 20 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 21 * SMSS);
  for (let i = 0; i < 10; i++) cc.onAck(2 * SMSS, 21 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 21 * SMSS, "20 of 21 segments");
  cc.onAck(2 * SMSS, 21 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 22 * SMSS);
});

Deno.test("Reno crosses from slow start to avoidance without overshoot", () => {
  const cc = new Reno(SMSS);
  cc.cwnd = 24 * SMSS;
  cc.onRetransmissionTimeout(24 * SMSS, 0, false);
  cc.onTimeoutRecovered();
  assertEquals([cc.cwnd, cc.ssthresh], [SMSS, 12 * SMSS]);
  cc.onAck(10 * SMSS, 10 * SMSS, 0, 100);
  cc.onAck(10 * SMSS, 11 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 12 * SMSS);
});

Deno.test("Reno leaves NewReno recovery without a burst (RFC 6582 §3.2)", () => {
  const cc = new Reno(SMSS);
  cc.cwnd = 40 * SMSS;
  cc.onEnterRecovery(40 * SMSS, 0, false);
  assertEquals(cc.cwnd, 23 * SMSS);
  cc.onExitRecovery(3 * SMSS, 0, false);
  assertEquals(cc.cwnd, 4 * SMSS);
});

Deno.test("Reno remembers three quarters of the window over an idle time", () => {
  const cc = new Reno(SMSS);
  cc.cwnd = 80 * SMSS;
  cc.onEnterRecovery(80 * SMSS, 0, true);
  cc.onIdleRestart(5000, 300);
  assertEquals([cc.cwnd, cc.ssthresh], [10 * SMSS, 40 * SMSS]);
  assert(cc.pacingRateBps === Infinity);
});
