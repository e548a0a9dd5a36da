import { assert, assertEquals } from "@std/assert";
import { Prr } from "./prr.ts";

const SMSS = 1000;

/** One loss in a flight of `flight` segments, an acknowledgment for each of the others; how many segments went out when. */
function oneLoss(flight: number, ssthresh: number): number[] {
  const prr = new Prr(flight * SMSS, 0);
  prr.sent(SMSS);
  let pipe = flight * SMSS;
  const sent: number[] = [];
  for (let i = 1; i < flight; i++) {
    pipe -= SMSS;
    const room = prr.onAck(SMSS, pipe, ssthresh * SMSS, SMSS, false) - pipe;
    const segments = Math.floor(room / SMSS);
    prr.sent(segments * SMSS);
    pipe += segments * SMSS;
    sent.push(segments);
  }
  return sent;
}

Deno.test("Prr: half the window: every second acknowledgment lets a segment out (RFC 9937 §6)", () => {
  const sent = oneLoss(20, 10);
  assert(sent.every((n) => n <= 1), `no burst: ${sent}`);
  assertEquals(
    sent.slice(0, 14),
    [0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    "the retransmission was the first",
  );
  assertEquals(1 + sent.reduce((a, b) => a + b, 0), 10, "the retransmission and nine more make ssthresh");
});

Deno.test("Prr: seven tenths of the window, CUBIC's reduction: seven of ten (RFC 9937 §6, RFC 9438 §4.6)", () => {
  const sent = oneLoss(100, 70);
  assert(sent.every((n) => n <= 1), `no burst: ${sent}`);
  const total = 1 + sent.reduce((a, b) => a + b, 0);
  assert(total >= 69 && total <= 70, `${total}`);
});

Deno.test("Prr: below ssthresh a segment leaves for each one delivered: conservative (RFC 9937 §6, PRR-CRB)", () => {
  const prr = new Prr(20 * SMSS, 0);
  // Fifteen of twenty are lost.
  prr.sent(SMSS);
  let pipe = 2 * SMSS;
  for (let i = 0; i < 4; i++) {
    pipe -= SMSS;
    const cwnd = prr.onAck(SMSS, pipe, 10 * SMSS, SMSS, false);
    assertEquals(cwnd, pipe + SMSS);
    prr.sent(SMSS);
    pipe = cwnd;
  }
});

Deno.test("Prr: and one more for an acknowledgment that is safe, up to ssthresh (RFC 9937 §6, PRR-SSRB)", () => {
  const prr = new Prr(20 * SMSS, 0);
  prr.sent(SMSS);
  let pipe = 2 * SMSS;
  const windows: number[] = [];
  for (let i = 0; i < 12; i++) {
    pipe -= SMSS;
    const cwnd = prr.onAck(SMSS, pipe, 8 * SMSS, SMSS, true);
    prr.sent(cwnd - pipe);
    pipe = cwnd;
    windows.push(cwnd / SMSS);
  }
  assertEquals(windows, [3, 4, 5, 6, 7, 8, 8, 8, 8, 8, 8, 8]);
});

Deno.test("Prr: what could not be sent is not forgotten, and what was sent too much is (RFC 9937 §6)", () => {
  const prr = new Prr(20 * SMSS, 0);
  assertEquals(prr.onAck(4 * SMSS, 16 * SMSS, 10 * SMSS, SMSS, false), 18 * SMSS);
  assertEquals(prr.onAck(2 * SMSS, 14 * SMSS, 10 * SMSS, SMSS, false), 17 * SMSS);
  prr.sent(5 * SMSS);
  assertEquals(prr.onAck(2 * SMSS, 17 * SMSS, 10 * SMSS, SMSS, false), 17 * SMSS);
});

Deno.test("Prr: with nothing in the network, a segment goes out, whatever was delivered (RFC 9937 §6)", () => {
  // The window became 0: only the retransmission timeout could go on.
  const prr = new Prr(10 * SMSS, 0);
  prr.sent(5 * SMSS);
  prr.onAck(5 * SMSS, 2 * SMSS, 7 * SMSS, SMSS, false);
  assertEquals(prr.onAck(0, 0, 7 * SMSS, SMSS, false), SMSS);
});
