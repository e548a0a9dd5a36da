import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AckSummary } from "./ack_summary.ts";
import { assertSent } from "./assert_sent.ts";
import { DeliveryRate } from "./delivery_rate.ts";
import { PIECE_EVER_RETRANSMITTED, PIECE_LOST, PIECE_RETRANSMITTED, PIECE_SACKED } from "./piece_store.ts";
import { seqAdd, seqDiff } from "./seq.ts";
import { SentSegments } from "./sent_segments.ts";

const UNA = 0xffff_ff00; // every test crosses the wrap
const SMSS = 10;

function started(): SentSegments {
  const sent = new SentSegments();
  sent.reset(UNA, SMSS);
  return sent;
}

/** Pieces as text: offsets from UNA, and flags. */
function show(sent: SentSegments): string {
  const pieces: string[] = [];
  for (let i = 0; i < sent.count; i++) {
    const flags = sent.flagsAt(i);
    const marks = (flags & PIECE_SACKED ? "S" : "") + (flags & PIECE_LOST ? "L" : "") +
      (flags & PIECE_RETRANSMITTED ? "R" : "");
    pieces.push(`${seqDiff(sent.startAt(i), UNA)}-${seqDiff(sent.endAt(i), UNA)}${marks}`);
  }
  return pieces.join(" ");
}

const at = (offset: number): number => seqAdd(UNA, offset);

Deno.test("sent() joins what leaves at the same instant; acknowledge() cuts across pieces", () => {
  const sent = started();
  const summary = new AckSummary();
  sent.sent(at(0), at(30), 1, 0, 0, 0, 0);
  sent.sent(at(30), at(50), 1, 0, 0, 0, 0);
  sent.sent(at(50), at(70), 2, 0, 0, 0, 0);
  assertEquals(show(sent), "0-50 50-70");
  sent.acknowledge(at(20), summary);
  assertEquals([show(sent), summary.deliveredBytes, summary.end], ["20-50 50-70", 20, at(20)]);
  summary.begin();
  sent.acknowledge(at(70), summary);
  assertEquals([show(sent), summary.deliveredBytes, summary.sentAtMs], ["", 50, 2]);
});

Deno.test("sack() splits pieces and counts segments (RFC 6675 §4)", () => {
  const sent = started();
  const summary = new AckSummary();
  sent.sent(at(0), at(100), 1, 0, 0, 0, 0);
  assertEquals(sent.sack(at(30), at(60), summary), 30);
  assertEquals([show(sent), sent.sackedSegments, sent.pipe(100)], ["0-30 30-60S 60-100", 3, 70]);
  assertEquals(sent.sack(at(20), at(70), summary), 20);
  assertEquals(show(sent), "0-20 20-30S 30-60S 60-70S 70-100");
  assertEquals(sent.sack(at(20), at(70), summary), 0);
});

Deno.test("detectLosses() loses what was sent before the newest delivered piece, oldest first (RFC 8985 §6.2)", () => {
  const sent = started();
  const summary = new AckSummary();
  for (let i = 0; i < 4; i++) sent.sent(at(10 * i), at(10 * i + 10), i, 0, 0, 0, 0);
  sent.sack(at(20), at(30), summary);
  sent.rackSentAtMs = summary.sentAtMs;
  sent.rackEnd = summary.end;
  sent.rackRttMs = 50;
  assertEquals(sent.detectLosses(10, 55), 5);
  assertEquals(sent.detectLosses(10, 60), 1);
  assertEquals(show(sent), "0-10L 10-20 20-30S 30-40");
  assertEquals(sent.detectLosses(10, 61), 0);
  assertEquals([show(sent), sent.pipe(40), sent.nextLost()], ["0-10L 10-20L 20-30S 30-40", 10, 0]);
  sent.retransmitted(0, 4, 61);
  assertEquals([show(sent), sent.pipe(40), sent.nextLost()], ["0-4LR 4-10L 10-20L 20-30S 30-40", 14, 1]);
});

Deno.test("a piece keeps what was in flight when it left, and a retransmission is timed anew (draft-ietf-ccwg-bbr §4.1.2.2)", () => {
  const sent = started();
  const summary = new AckSummary();
  for (let i = 0; i < 4; i++) sent.sent(at(10 * i), at(10 * i + 10), i, 0, 100, 1, 2, 10 * i + 10);
  sent.sack(at(20), at(30), summary);
  assertEquals([summary.txInFlight, summary.priorDelivered, summary.firstSentAtMs], [30, 100, 2]);
  sent.loseOlder(1);
  assertEquals(sent.lostTxInFlight, 20);
  const delivery = new DeliveryRate(5);
  delivery.delivered = 110;
  delivery.deliveredAtMs = 50;
  sent.retransmitted(0, 10, 60, 40, delivery);
  summary.begin();
  sent.acknowledge(at(10), summary);
  // Two are in the network, the one SACKed and the other lost one are not.
  const { txInFlight, priorDelivered, priorDeliveredAtMs, firstSentAtMs, sentAtMs } = summary;
  assertEquals([txInFlight, priorDelivered, priorDeliveredAtMs, firstSentAtMs, sentAtMs], [
    20,
    110,
    50,
    5,
    60,
  ]);
});

Deno.test("forgiveLosses() and forgetSacks() put pieces back (RFC 2018 §8)", () => {
  const sent = started();
  const summary = new AckSummary();
  for (let i = 0; i < 3; i++) sent.sent(at(10 * i), at(10 * i + 10), i, 0, 0, 0, 0);
  sent.sack(at(10), at(20), summary);
  sent.loseOlder(Infinity);
  assertEquals(show(sent), "0-10L 10-20S 20-30L");
  sent.forgiveLosses();
  assertEquals([show(sent), sent.lostBytes], ["0-10 10-20S 20-30", 0]);
  sent.forgetSacks();
  assertEquals([show(sent), sent.sackedBytes, sent.lostBytes], ["0-10 10-20L 20-30", 0, 10]);
  assertSent(sent, assert);
});

/** The same, octet by octet. */
class Model {
  octets: { sentAtMs: number; flags: number }[] = [];
  una = 0;

  count(flag: number): number {
    return this.octets.slice(this.una).filter((octet) => (octet.flags & flag) !== 0).length;
  }
}

type Step = readonly [
  kind: "send" | "ack" | "sack" | "lose" | "retransmit" | "forgive" | "forget",
  a: number,
  b: number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("send", "ack", "sack", "lose", "retransmit", "forgive", "forget"),
  fc.nat(200),
  fc.nat(60),
);

function act(sent: SentSegments, model: Model, summary: AckSummary, nowMs: number, [kind, a, b]: Step): void {
  const end = model.octets.length;
  const left = model.una + a % Math.max(1, end - model.una);
  summary.begin();
  switch (kind) {
    case "send":
      sent.sent(at(end), at(end + b + 1), nowMs, 0, 0, 0, 0);
      for (let i = 0; i <= b; i++) model.octets.push({ sentAtMs: nowMs, flags: 0 });
      return;
    case "ack":
      model.una = Math.min(end, model.una + a % 40);
      return sent.acknowledge(at(model.una), summary);
    case "sack": {
      const right = Math.min(end, left + b + 1);
      if (right <= left) return;
      sent.sack(at(left), at(right), summary);
      for (let i = left; i < right; i++) {
        model.octets[i]!.flags = model.octets[i]!.flags & PIECE_EVER_RETRANSMITTED | PIECE_SACKED;
      }
      return;
    }
    case "lose":
      sent.loseOlder(nowMs - a);
      for (const octet of model.octets.slice(model.una)) {
        if ((octet.flags & PIECE_SACKED) === 0 && octet.sentAtMs <= nowMs - a) {
          octet.flags = octet.flags & ~PIECE_RETRANSMITTED | PIECE_LOST;
        }
      }
      return;
    case "retransmit": {
      const i = sent.nextLost();
      const first = model.octets.findIndex((octet, n) =>
        n >= model.una && (octet.flags & (PIECE_LOST | PIECE_RETRANSMITTED)) === PIECE_LOST
      );
      assertEquals(i < 0 ? -1 : seqDiff(sent.startAt(i), UNA), first);
      if (i < 0) return;
      const length = Math.min(b + 1, seqDiff(sent.endAt(i), sent.startAt(i)));
      sent.retransmitted(i, length, nowMs);
      for (let n = first; n < first + length; n++) {
        model.octets[n]!.flags |= PIECE_RETRANSMITTED | PIECE_EVER_RETRANSMITTED;
        model.octets[n]!.sentAtMs = nowMs;
      }
      return;
    }
    case "forgive":
      sent.forgiveLosses();
      for (const octet of model.octets.slice(model.una)) octet.flags &= ~PIECE_LOST;
      return;
    case "forget":
      sent.forgetSacks();
      for (const octet of model.octets.slice(model.una)) {
        if ((octet.flags & PIECE_SACKED) !== 0) octet.flags = octet.flags & ~PIECE_SACKED | PIECE_LOST;
      }
  }
}

Deno.test("property: any sequence of steps keeps the same books as octet by octet", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sent = started();
      const model = new Model();
      const summary = new AckSummary();
      steps.forEach((one, i) => {
        act(sent, model, summary, 10 * i, one);
        assertSent(sent, assert);
        assertEquals(
          [sent.sackedBytes, sent.lostBytes, sent.retransmittedBytes],
          [model.count(PIECE_SACKED), model.count(PIECE_LOST), model.count(PIECE_RETRANSMITTED)],
        );
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("SentSegments: pieces that were forgiven are in the order of their times again", () => {
  const sent = new SentSegments();
  sent.reset(0, 1000);
  for (let i = 0; i < 6; i++) sent.sent(i * 1000, (i + 1) * 1000, i, 0, 0, 0, 0);
  sent.loseOlder(3);
  sent.retransmitted(1, 1000, 10);
  sent.forgiveLosses();
  assertEquals(sent.nextLost(), -1);
  sent.rackSentAtMs = 100;
  sent.rackRttMs = 1;
  // Those sent until 2.5 are lost: the first and the third; the next one will be half a millisecond later.
  assertEquals(sent.detectLosses(0, 3.5), 0.5);
  assertEquals([sent.isLost(0, 1000), sent.isLost(1000, 2000), sent.isLost(2000, 3000)], [true, false, true]);
});

Deno.test("SentSegments: nothing waits once all that is lost was sent again", () => {
  const sent = new SentSegments();
  sent.reset(0, 1000);
  for (let i = 0; i < 4; i++) sent.sent(i * 1000, (i + 1) * 1000, i, 0, 0, 0, 0);
  sent.loseOlder(2);
  for (const octets of [1000, 500, 500, 1000]) sent.retransmitted(sent.nextLost(), octets, 10);
  assertEquals(sent.nextLost(), -1);
  sent.loseFirst(1000);
  assertEquals(sent.nextLost(), 0);
  sent.acknowledge(500, new AckSummary());
  assertEquals([sent.nextLost(), sent.startAt(0)], [0, 500]);
  sent.acknowledge(1000, new AckSummary());
  assertEquals(sent.nextLost(), -1);
});

Deno.test("SentSegments: a repair is no older than text that left just before it, while the clock stood still (RFC 8985 §6.2)", () => {
  const sent = new SentSegments();
  sent.reset(0, 1000);
  for (let i = 0; i < 4; i++) sent.sent(i * 1000, (i + 1) * 1000, i, 0, 0, 0, 0);
  sent.loseFirst(1000);
  sent.sent(4000, 5000, 10, 0, 0, 0, 0);
  sent.retransmitted(0, 1000, 10);
  const summary = new AckSummary();
  summary.begin();
  sent.sack(4000, 5000, summary);
  [sent.rackSentAtMs, sent.rackEnd, sent.rackRttMs] = [summary.sentAtMs, summary.end, 5];
  sent.detectLosses(0, 15);
  assertEquals([sent.isLost(0, 1000), sent.isLost(1000, 4000)], [false, true]);
});
