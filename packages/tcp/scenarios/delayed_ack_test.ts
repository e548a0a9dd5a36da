import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

/** Without the quick acknowledgments of a connection's start. */
const NO_QUICK_ACKS = { tcp: { quickAckCount: 0 } };

Deno.test(
  "ESTABLISHED: a single segment is acknowledged after 40 ms (RFC 9293 §3.8.6.3, SHLD-18)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expectNothing();
    s.at(40).expect(". 1:1(0) ack 11").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: every second full-sized segment is acknowledged at once (RFC 9293 §3.8.6.3, SHLD-19)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject(". 1:1001(1000) ack 1").expectNothing();
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 2001").expectNothing();
    s.inject(". 2001:3001(1000) ack 1").expectNothing();
    s.inject(". 3001:4001(1000) ack 1").expect(". 1:1(0) ack 4001").expectNothing();
  }),
);

Deno.test(
  "[MUST-40] ESTABLISHED: the delay stays below 500 ms whatever the rhythm of arrivals (RFC 9293 §3.8.6.3)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    let seq = 1;
    for (let i = 0; i < 12; i++) {
      const from = s.nowMs;
      s.inject(`P. ${seq}:${seq + 10}(10) ack 1`);
      seq += 10;
      const due = s.take();
      if (due === undefined) s.expectBetween(from, from + 499, `. 1:1(0) ack ${seq}`);
      s.wait(150);
    }
  }),
);

Deno.test(
  "ESTABLISHED: text out of order is acknowledged at once (RFC 5681 §4.2)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject("P. 101:201(100) ack 1").expect(". 1:1(0) ack 1").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: text that fills a gap, whole or in part, is acknowledged at once (RFC 5681 §4.2)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject("P. 201:301(100) ack 1").expect(". 1:1(0) ack 1");
    s.inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101").expectNothing();
    s.inject("P. 101:201(100) ack 1").expect(". 1:1(0) ack 301").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: each segment out of order of a batch draws its own duplicate ACK, for fast retransmit (RFC 5681 §4.2)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.injectBatch(". 1001:2001(1000) ack 1", ". 2001:3001(1000) ack 1", ". 3001:4001(1000) ack 1");
    s.expect(". 1:1(0) ack 1").expect(". 1:1(0) ack 1").expect(". 1:1(0) ack 1").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: without delayFinAck, a FIN is acknowledged at once (RFC 9293 §3.10.7.4, eighth)",
  script({ tcp: { quickAckCount: 0, delayFinAck: false } }, (s) => {
    established(s);
    s.inject("FP. 1:11(10) ack 1").expect(". 1:1(0) ack 12");
  }),
);

Deno.test(
  "ESTABLISHED: after text, a FIN's acknowledgment goes with our own FIN, or when the delay is over (RFC 9293 §3.8.6.3)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
    s.inject("F. 11:11(0) ack 1").expectNothing();
    s.at(39).expectNothing();
    s.at(40).expect(". 1:1(0) ack 12");
    s.call.close();
    s.expect("F. 1:1(0) ack 12");
  }),
);

Deno.test(
  "ESTABLISHED: without text before it, and after our own FIN, a FIN is acknowledged at once (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.inject("F. 1:1(0) ack 1").expect(". 1:1(0) ack 2");
  }),
);

Deno.test(
  "ESTABLISHED: an answer in time carries the acknowledgment (RFC 9293 §3.8.6.3)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expectNothing();
    s.at(20);
    s.call.read(10);
    s.call.send(5);
    s.expect("P. 1:6(5) ack 11").expectNothing();
    s.at(150).expectNothing();
    s.inject(". 11:11(0) ack 6");
  }),
);

Deno.test(
  "ESTABLISHED: at the start every segment is acknowledged at once (quick ACKs)",
  script((s) => {
    established(s);
    for (let i = 0; i < 8; i++) {
      const seq = 1 + 10 * i;
      s.inject(`P. ${seq}:${seq + 10}(10) ack 1`).expect(`. 1:1(0) ack ${seq + 10}`);
    }
  }),
);

Deno.test(
  "ESTABLISHED: quick ACKs end",
  script((s) => {
    established(s);
    let acks = 0;
    for (let i = 0; i < 40; i++) {
      const seq = 1 + 10 * i;
      s.inject(`P. ${seq}:${seq + 10}(10) ack 1`);
      acks += s.takeAll().length;
    }
    assertEquals(acks < 25, true, `${acks} acknowledgments for 40 small segments`);
    s.run(s.nowMs + 500);
    const last = s.takeAll().at(-1);
    assertEquals(last === undefined ? 0 : (last.ack - s.irs) >>> 0, 401);
  }),
);

Deno.test(
  "ESTABLISHED: full segments that become smaller are known as such after two: every second one is acknowledged (RFC 9293 §3.8.6.3, RFC 2525 §2.13)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    s.inject(". 1:1401(1400) ack 1").inject(". 1401:2801(1400) ack 1").expect(". 1:1(0) ack 2801");
    s.inject(". 2801:3301(500) ack 1").expectNothing();
    s.inject(". 3301:3801(500) ack 1").expect(". 1:1(0) ack 3801");
    s.inject(". 3801:4301(500) ack 1").expectNothing();
    s.inject(". 4301:4801(500) ack 1").expect(". 1:1(0) ack 4801").expectNothing();
    // What is pushed is small since there is no more to say.
    s.inject("P. 4801:4851(50) ack 1").inject("P. 4851:4901(50) ack 1").expectNothing();
    assertEquals(s.connection!.info().rcvMss, 500);
    s.inject(". 4901:6301(1400) ack 1").expect(". 1:1(0) ack 6301");
    assertEquals(s.connection!.info().rcvMss, 1400);
  }),
);

Deno.test(
  "ESTABLISHED: what a link merges without a word is no larger full segment: one acknowledgment for each (GRO)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    for (let seq = 1; seq < 30_000; seq += 5600) {
      s.inject(`. ${seq}:${seq + 5600}(5600) ack 1`).expect(`. 1:1(0) ack ${seq + 5600}`);
    }
    assertEquals(s.connection!.info().rcvMss, 1460);
  }),
);

Deno.test(
  "ESTABLISHED: the delay follows the rhythm of arrivals, from 40 ms to 200 ms (RFC 9293 §3.8.6.3)",
  script(NO_QUICK_ACKS, (s) => {
    established(s);
    let seq = 1;
    const delays = [];
    // Nothing else came before the time was over: the next one is given twice as long.
    for (let i = 0; i < 5; i++) {
      s.inject(`P. ${seq}:${seq + 10}(10) ack 1`).expectNothing();
      seq += 10;
      delays.push(s.connection!.info().atoMs);
      s.run(s.nowMs + 250).takeAll();
    }
    assertEquals(delays, [40, 80, 160, 200, 200]);
    // Text in quick succession makes it short again.
    for (let i = 0; i < 8; i++) {
      s.inject(`P. ${seq}:${seq + 10}(10) ack 1`);
      seq += 10;
      s.run(s.nowMs + 1).takeAll();
    }
    assertEquals(s.connection!.info().atoMs < 42, true, `${s.connection!.info().atoMs}`);
    s.run(s.nowMs + 300).takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: after a gap is filled the next segments are acknowledged at once: the sender may have a small window (quick ACKs)",
  script((s) => {
    established(s);
    for (let i = 0; i < 40; i++) s.inject(`P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1`);
    s.run(s.nowMs + 150).takeAll();
    s.inject("P. 401:411(10) ack 1").expectNothing();
    s.run(s.nowMs + 150).takeAll();
    s.inject("P. 421:431(10) ack 1").expect(". 1:1(0) ack 411");
    s.inject("P. 411:421(10) ack 1").expect(". 1:1(0) ack 431");
    for (let i = 0; i < 8; i++) {
      s.inject(`P. ${431 + 10 * i}:${441 + 10 * i}(10) ack 1`).expect(`. 1:1(0) ack ${441 + 10 * i}`);
    }
  }),
);
