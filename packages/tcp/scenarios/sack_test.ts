import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { distant, established, fill } from "./states.ts";

const SACK = "<mss 1000,sackOK>";

// Receiver.

Deno.test(
  "ESTABLISHED: without SACK-Permitted of the peer no SACK is sent (RFC 2018 §2)",
  script((s) => {
    established(s);
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1 <>");
  }),
);

Deno.test(
  "ESTABLISHED: text out of order is reported, the block of the last arrival first (RFC 2018 §4)",
  script((s) => {
    established(s, {}, SACK);
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:2001>");
    s.inject(". 3001:4001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 3001:4001 1001:2001>");
    s.inject(". 5001:6001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 5001:6001 3001:4001 1001:2001>");
    s.inject(". 7001:8001(1000) ack 1").expect(
      ". 1:1(0) ack 1 <sack 7001:8001 5001:6001 3001:4001 1001:2001>",
    );
    s.inject(". 9001:10001(1000) ack 1").expect(
      ". 1:1(0) ack 1 <sack 9001:10001 7001:8001 5001:6001 3001:4001>",
    );
    s.inject(". 2001:3001(1000) ack 1").expect(
      ". 1:1(0) ack 1 <sack 1001:4001 9001:10001 7001:8001 5001:6001>",
    );
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 4001 <sack 9001:10001 7001:8001 5001:6001>");
    assertEquals(s.call.read(20_000), 4000);
  }),
);

Deno.test(
  "ESTABLISHED: with timestamps there is room for three blocks (RFC 2018 §3)",
  script((s) => {
    established(s, {}, "<mss 1000,sackOK,TS val 1 ecr 0>");
    for (const seq of [1001, 3001, 5001]) {
      s.inject(`. ${seq}:${seq + 1000}(1000) ack 1 <TS val 2 ecr 0>`);
    }
    s.takeAll();
    s.inject(". 7001:8001(1000) ack 1 <TS val 2 ecr 0>");
    s.expect(". 1:1(0) ack 1 <TS val 0 ecr 1,sack 7001:8001 5001:6001 3001:4001>");
  }),
);

Deno.test(
  "ESTABLISHED: our text carries the blocks too, and shrinks by them (RFC 2018 §4, RFC 6691 §2)",
  script((s) => {
    established(s, {}, SACK);
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:2001>");
    s.call.send(988);
    s.expect("P. 1:989(988) ack 1 <sack 1001:2001>");
    s.inject(". 2001:2001(0) ack 989");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a duplicate below RCV.NXT is reported by D-SACK (RFC 2883 §4.1)",
  script((s) => {
    established(s, {}, SACK);
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001");
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 <sack 1:1001>");
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 2001 <>");
  }),
);

Deno.test(
  "ESTABLISHED: a duplicate above RCV.NXT is reported by D-SACK inside of its block (RFC 2883 §4.2)",
  script((s) => {
    established(s, {}, SACK);
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:2001>");
    s.inject(". 2001:3001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:3001>");
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:2001 1001:3001>");
  }),
);

Deno.test(
  "ESTABLISHED: a partial duplicate is reported by D-SACK (RFC 2883 §4.1.2)",
  script((s) => {
    established(s, {}, SACK);
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001");
    s.inject(". 501:1501(1000) ack 1").expect(". 1:1(0) ack 1501 <sack 501:1001>");
  }),
);

// Sender.

Deno.test(
  "ESTABLISHED: three discontiguous blocks above a hole retransmit it (RFC 6675 §5)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100);
    s.inject(". 1:1(0) ack 1 <sack 1001:1101>").inject(". 1:1(0) ack 1 <sack 2001:2101 1001:1101>")
      .expectNothing();
    s.inject(". 1:1(0) ack 1 <sack 3001:3101 2001:2101 1001:1101>").expect(". 1:1001(1000) ack 1");
    s.takeAll();
    s.inject(". 1:1(0) ack 10001");
  }),
);

Deno.test(
  "ESTABLISHED: one acknowledgment that SACKs more than two segments retransmits (RFC 6675 §4, IsLost)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.takeAll();
    s.inject(". 1:1(0) ack 10001");
  }),
);

Deno.test(
  "ESTABLISHED: recovery retransmits only the holes, in order, as Pipe allows (RFC 6675 §5)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100);
    // Lost: segments 1, 4 and 6 of 10.
    s.inject(". 1:1(0) ack 1 <sack 1001:2001>");
    s.inject(". 1:1(0) ack 1 <sack 1001:3001>");
    s.expectNothing();
    // Three segments SACKed: reordering does not explain the holes below any more.
    s.inject(". 1:1(0) ack 1 <sack 4001:5001 1001:3001>").expect(". 1:1001(1000) ack 1");
    // One segment was delivered, one goes out (RFC 9937 §6).
    s.expectNothing();
    s.inject(". 1:1(0) ack 1 <sack 6001:7001 4001:5001 1001:3001>");
    s.inject(". 1:1(0) ack 1 <sack 6001:8001 4001:5001 1001:3001>");
    s.inject(". 1:1(0) ack 1 <sack 6001:9001 4001:5001 1001:3001>");
    s.inject(". 1:1(0) ack 1 <sack 6001:10001 4001:5001 1001:3001>");
    const seqs = s.takeAll().map((seg) => (seg.seq - s.iss) >>> 0);
    assertEquals(seqs, [3001, 5001]);
    s.at(150);
    s.inject(". 1:1(0) ack 3001 <sack 6001:10001 4001:5001>");
    s.inject(". 1:1(0) ack 5001 <sack 6001:10001>");
    s.inject(". 1:1(0) ack 10001");
    s.expectNothing();
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: recovery sends new text when no hole is lost and Pipe allows (RFC 6675 §4, NextSeg rule 2)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.call.send(10_000);
    s.expectNothing();
    s.at(100);
    s.inject(". 1:1(0) ack 1 <sack 1001:2001>").expect(". 10001:11001(1000) ack 1");
    s.inject(". 1:1(0) ack 1 <sack 1001:3001>").expect(". 11001:12001(1000) ack 1");
    s.inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1").expectNothing();
    for (let right = 5001; right <= 10001; right += 1000) s.inject(`. 1:1(0) ack 1 <sack 1001:${right}>`);
    const seqs = s.takeAll().map((seg) => (seg.seq - s.iss) >>> 0);
    assertEquals(seqs.every((seq) => seq >= 12001), true, String(seqs));
    assertEquals(seqs.length > 0, true);
    s.at(150).inject(`. 1:1(0) ack ${12001 + seqs.length * 1000}`);
    s.takeAll();
    s.inject(". 1:1(0) ack 20001");
  }),
);

Deno.test(
  "ESTABLISHED: cwnd is halved once per recovery (RFC 6675 §5, RFC 5681 §3.1)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    distant(s);
    fill(s, 10);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    assertEquals(s.connection!.info().ssthresh, 5000);
    s.inject(". 1:1(0) ack 1 <sack 5001:9001 1001:4001>");
    s.takeAll();
    assertEquals(s.connection!.info().ssthresh, 5000);
    s.inject(". 1:1(0) ack 10001");
    assertEquals(s.connection!.info().cwnd, 5000);
  }),
);

Deno.test(
  "ESTABLISHED: after a timeout only what is not SACKed goes out again (RFC 6675 §5.1, RFC 8985 §6.3)",
  script((s) => {
    distant(s);
    fill(s, 5);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>").inject(". 1:1(0) ack 1 <sack 1001:3001>")
      .expectNothing();
    // A quarter of a round trip for reordering, then the first repair, which is lost too.
    s.at(112.5).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(362.5).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(420).inject(". 1:1(0) ack 3001").expect(". 3001:4001(1000) ack 1");
    s.expect("P. 4001:5001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 5001");
  }),
);

Deno.test(
  "ESTABLISHED: SACK blocks of what was never sent are ignored",
  script((s) => {
    distant(s);
    fill(s, 5);
    for (let i = 0; i < 5; i++) s.inject(`. 1:1(0) ack 1 <sack ${6001 + i * 1000}:${9001 + i * 1000}>`);
    s.expectNothing();
    s.inject(". 1:1(0) ack 5001");
  }),
);

Deno.test(
  "ESTABLISHED: a receiver that takes back what it SACKed gets it again after the timeout (RFC 2018 §8)",
  script((s) => {
    distant(s);
    fill(s, 4);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.at(110).inject(". 1:1(0) ack 1001");
    s.takeAll();
    const deadline = s.nowMs + 1000;
    let acked = 1001;
    while (acked < 4001) {
      s.expectNothing();
      s.expectBetween(
        s.nowMs,
        deadline + 5000,
        acked === 3001 ? "P. 3001:4001(1000) ack 1" : `. ${acked}:${acked + 1000}(1000) ack 1`,
      );
      acked += 1000;
      s.inject(`. 1:1(0) ack ${acked}`);
      if (acked < 4001 && s.take() !== undefined) {
        s.takeAll();
        break;
      }
    }
    s.inject(". 1:1(0) ack 4001");
    s.takeAll();
    assertEquals(s.connection!.unackedBytes, 0);
  }),
);

Deno.test(
  "ESTABLISHED: a loss that is found later in a recovery is repaired in the same one (RFC 6675 §5)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100);
    // Lost: 1 and 6.
    s.inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1 <sack 1001:5001>").expectNothing();
    s.inject(". 1:1(0) ack 1 <sack 6001:9001 1001:5001>").expect(". 5001:6001(1000) ack 1").expectNothing();
    assertEquals(s.connection!.info().phase, "FAST");
    s.at(150).inject(". 1:1(0) ack 10001").expectNothing();
    assertEquals(s.harness.tcp.counters.fastRecoveries, 1);
  }),
);

Deno.test(
  "ESTABLISHED: recovery sends at a lower rate from the start, and never a burst (RFC 9937 §6)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    distant(s);
    s.call.send(30_000);
    s.takeAll();
    s.at(100);
    s.inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    const sent = [s.takeAll().length];
    for (let right = 5001; right <= 10001; right += 1000) {
      s.inject(`. 1:1(0) ack 1 <sack 1001:${right}>`);
      sent.push(s.takeAll().length);
    }
    // Half of what is delivered while Pipe is above ssthresh, 5; then a segment for a segment.
    assertEquals(sent, [0, 1, 0, 0, 1, 1, 1]);
    s.at(150).inject(`. 1:1(0) ack 14001`);
    assertEquals(s.connection!.info().cwnd, 5000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: the lost tail is repaired by the timer (RFC 8985 §6.3)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100);
    // Lost: 1 and 10.
    s.inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1 <sack 1001:9001>");
    s.takeAll();
    s.at(150).inject(". 1:1(0) ack 9001");
    s.takeAll();
    s.run(1000);
    s.takeAll();
    s.inject(". 1:1(0) ack 10001");
    assertEquals(s.connection!.unackedBytes, 0);
  }),
);

Deno.test(
  "ESTABLISHED: a receiver that SACKs what it should acknowledge gets it again after the timeout (RFC 2018 §8)",
  script((s) => {
    distant(s);
    fill(s, 4);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1:2001>");
    s.run(3000);
    const seqs = s.takeAll().map((seg) => (seg.seq - s.iss) >>> 0);
    assertEquals(seqs.includes(1), true, String(seqs));
    s.inject(". 1:1(0) ack 4001");
    s.takeAll();
  }),
);
