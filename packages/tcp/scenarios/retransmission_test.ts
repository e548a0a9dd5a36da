import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { established } from "./states.ts";

/** ESTABLISHED with a round trip of `rttMs`, measured by the SYN. */
function establishedWithRtt(s: TcpScript, rttMs: number, options: string = "<mss 1000>"): void {
  s.call.connect();
  s.expect("S 0:0(0)");
  s.at(rttMs).inject(`S. 0:0(0) ack 1 win 65535 ${options}`).expect(". 1:1(0) ack 1");
  s.expectState("ESTABLISHED");
}

Deno.test(
  "[MUST-18] ESTABLISHED: the first RTO is SRTT + 4·RTTVAR = 3·R (RFC 6298 §2.2)",
  script((s) => {
    establishedWithRtt(s, 400);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.at(400 + 1200).expect("P. 1:101(100) ack 1");
    s.at(400 + 1200 + 2400).expect("P. 1:101(100) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: no RTO below 200 ms; the back-off doubles up to 120 s, and the connection fails after 924.6 s (RFC 6298 §5.5, RFC 9293 §3.8.3)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    let at = 0;
    let rto = 200;
    for (let i = 0; i < 15; i++) {
      at += rto;
      s.at(at).expect("P. 1:101(100) ack 1");
      rto = Math.min(2 * rto, 120_000);
    }
    assertEquals(at, 804_600);
    s.at(924_599).expectNothing().expectState("ESTABLISHED");
    s.at(924_600).expectNothing().expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "[MUST-20] ESTABLISHED: R2 is at least 100 s by default, and can be set (RFC 9293 §3.8.3, MUST-21, SHLD-11)",
  script({ tcp: { dataRetries: 3 } }, (s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    for (const ms of [200, 600, 1400]) s.at(ms).expect("P. 1:101(100) ack 1");
    s.at(2999).expectState("ESTABLISHED");
    s.at(3000).expectNothing().expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "[MUST-23] SYN-SENT: R2 for a SYN can be set to 3 minutes and more (RFC 9293 §3.8.3, MUST-22)",
  script({ tcp: { synRetries: 7 } }, (s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    for (const ms of [1000, 3000, 7000, 15000, 31000, 63000, 127000]) s.at(ms).expect("S 0:0(0)");
    s.at(246_999).expectState("SYN-SENT");
    s.at(247_000).expectNothing().expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "[MUST-18] ESTABLISHED: Karn: the acknowledgment of a retransmission is no sample; RTO stays backed off until there is one (RFC 6298 §3, §5.7)",
  script((s) => {
    establishedWithRtt(s, 100);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.at(400).expect("P. 1:101(100) ack 1");
    s.at(401).inject(". 1:1(0) ack 101");
    s.call.send(100);
    s.expect("P. 101:201(100) ack 1");
    // 600 ms, not 300: nothing was measured since the timeout.
    s.at(1001).expect("P. 101:201(100) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: with timestamps, the acknowledgment of a retransmission is a sample (RFC 7323 §4.1)",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    s.at(100).inject("S. 0:0(0) ack 1 win 65535 <mss 1012,sackOK,TS val 5000 ecr 0>").expect(
      ". 1:1(0) ack 1",
    );
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1 <TS val 100 ecr 5000>");
    s.at(400).expect("P. 1:101(100) ack 1 <TS val 400 ecr 5000>");
    s.at(500).inject(". 1:1(0) ack 101 <TS val 5400 ecr 400>");
    s.call.send(100);
    s.expect("P. 101:201(100) ack 1");
    // SRTT 100, RTTVAR 37.5, but 200 ms of variance at least.
    s.at(800).expect("P. 101:201(100) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: the timer restarts with each acknowledgment of new text (RFC 6298 §5.3)",
  script((s) => {
    established(s);
    s.call.send(3000);
    s.takeAll();
    s.at(150).inject(". 1:1(0) ack 1001");
    s.at(300).inject(". 1:1(0) ack 2001");
    // SRTT is above 0 now: the two samples were 150 and later.
    s.expectBetween(500, 1200, "P. 2001:3001(1000) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: when all is acknowledged, nothing runs (RFC 6298 §5.2)",
  script((s) => {
    established(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1001");
    s.at(3_600_000).expectNothing();
    assertEquals(s.harness.timers.size <= 1, true);
  }),
);

Deno.test(
  "[MUST-19] ESTABLISHED: a timeout leaves one segment; slow start follows, and what was outstanding goes out again in order (RFC 5681 §3.1, RFC 6298 §5.4)",
  script((s) => {
    established(s);
    s.call.send(5000);
    assertEquals(s.takeAll().length, 5);
    s.at(200).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(250).inject(". 1:1(0) ack 1001");
    s.expect(". 1001:2001(1000) ack 1").expect(". 2001:3001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 2001").expect(". 3001:4001(1000) ack 1");
    assertEquals(s.takeAll().length <= 1, true);
    s.inject(". 1:1(0) ack 5001");
    s.takeAll();
    s.at(60_000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: after a timeout, duplicate acknowledgments start no fast retransmit for what was sent before (RFC 6582 §3.2)",
  script((s) => {
    established(s);
    s.call.send(5000);
    s.takeAll();
    s.at(200).expect(". 1:1001(1000) ack 1");
    for (let i = 0; i < 4; i++) s.inject(". 1:1(0) ack 1");
    s.expectNothing();
    s.inject(". 1:1(0) ack 5001").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: after a timeout new text goes first, to find out; a duplicate makes what is lost go on (RFC 5682 §2.1)",
  script((s) => {
    established(s);
    s.call.send(2000);
    s.takeAll();
    s.at(200).expect(". 1:1001(1000) ack 1");
    s.call.send(1000);
    s.expectNothing();
    s.at(210).inject(". 1:1(0) ack 1001");
    s.expect("P. 2001:3001(1000) ack 1").expectNothing();
    s.at(220).inject(". 1:1(0) ack 1001").expect(". 1001:2001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 3001");
  }),
);

Deno.test(
  "ESTABLISHED: what the peer took of a segment is not sent again (partial acknowledgment)",
  script((s) => {
    established(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(100).inject(". 1:1(0) ack 401");
    s.expectBetween(300, 900, "P. 401:1001(600) ack 1");
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: a full send queue or a busy link delays segments but loses none",
  script((s) => {
    established(s);
    s.harness.link.isFull = true;
    s.call.send(3000);
    s.expectNothing();
    s.harness.link.writable();
    s.harness.settle();
    s.at(0.5);
    const sizes = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    assertEquals(sizes, 3000);
    s.inject(". 1:1(0) ack 3001");
  }),
);
