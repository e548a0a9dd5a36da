import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established, fill } from "./states.ts";

Deno.test(
  "ESTABLISHED: the third duplicate ACK retransmits at once (RFC 5681 §3.2)",
  script((s) => {
    established(s);
    fill(s, 8);
    s.at(50);
    s.inject(". 1:1(0) ack 1").inject(". 1:1(0) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1").expect(". 1:1001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 8001");
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: the first two duplicate ACKs let a new segment out each (RFC 3042)",
  script((s) => {
    established(s);
    fill(s, 10);
    s.call.send(5000);
    s.expectNothing();
    s.at(50).inject(". 1:1(0) ack 1").expect(". 10001:11001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1").expect(". 11001:12001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1").expect(". 1:1001(1000) ack 1");
    s.takeAll();
    s.inject(". 1:1(0) ack 12001");
    s.takeAll();
    s.inject(". 1:1(0) ack 15001");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: not a duplicate ACK: with text, with a new window, with nothing outstanding (RFC 5681 §2)",
  script((s) => {
    established(s);
    for (let i = 0; i < 4; i++) s.inject(". 1:1(0) ack 1");
    s.expectNothing();
    fill(s, 5);
    s.inject("P. 1:11(10) ack 1").inject("P. 11:21(10) ack 1").inject("P. 21:31(10) ack 1").inject(
      "P. 31:41(10) ack 1",
    );
    assertEquals(s.takeAll().every((seg) => seg.textLength === 0), true);
    for (let i = 1; i <= 4; i++) s.inject(`. 41:41(0) ack 1 win ${65535 - i}`);
    s.expectNothing();
    s.inject(". 41:41(0) ack 5001");
  }),
);

Deno.test(
  "ESTABLISHED: fast recovery inflates the window by each duplicate and deflates it in the end (RFC 5681 §3.2, RFC 6582 §3.2)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    established(s);
    fill(s, 10);
    s.call.send(20_000);
    s.at(50);
    s.inject(". 1:1(0) ack 1").expect(". 10001:11001(1000) ack 1");
    s.inject(". 1:1(0) ack 1").expect(". 11001:12001(1000) ack 1");
    // FlightSize 10 or 12 segments: ssthresh is half of it, cwnd three more.
    s.inject(". 1:1(0) ack 1").expect(". 1:1001(1000) ack 1").expectNothing();
    let sent = 0;
    for (let i = 0; i < 8; i++) {
      s.inject(". 1:1(0) ack 1");
      sent += s.takeAll().length;
    }
    assertEquals(sent >= 4 && sent <= 6, true, `${sent} segments by window inflation`);
    const last = 12001 + sent * 1000;
    s.at(100).inject(`. 1:1(0) ack ${last}`);
    const burst = s.takeAll().length;
    assertEquals(burst <= 6, true, `a burst of ${burst} segments`);
    s.inject(`. 1:1(0) ack ${last + burst * 1000}`);
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a partial ACK retransmits the next segment and stays in recovery (RFC 6582 §3.2)",
  script((s) => {
    established(s);
    fill(s, 8);
    s.at(50);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
    s.expect(". 1:1001(1000) ack 1");
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
    s.expectNothing();
    s.at(60).inject(". 1:1(0) ack 3001").expect(". 3001:4001(1000) ack 1").expectNothing();
    s.at(70).inject(". 1:1(0) ack 5001").expect(". 5001:6001(1000) ack 1").expectNothing();
    s.at(80).inject(". 1:1(0) ack 8001").expectNothing();
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: duplicates of what was sent before recovery ended start no new one (RFC 6582 §3.2)",
  script((s) => {
    established(s);
    fill(s, 8);
    s.at(50);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
    s.expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 8001").expectNothing();
    fill(s, 2);
    s.inject(". 1:1(0) ack 8001").inject(". 1:1(0) ack 8001").inject(". 1:1(0) ack 8001");
    s.expectNothing();
    s.inject(". 1:1(0) ack 10001");
  }),
);

Deno.test(
  "ESTABLISHED: fewer than three duplicates: the timer repairs (RFC 5681 §3.2)",
  script((s) => {
    established(s);
    fill(s, 3);
    s.at(50).inject(". 1:1(0) ack 1").inject(". 1:1(0) ack 1").expectNothing();
    s.at(200).expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 3001");
  }),
);

Deno.test(
  "ESTABLISHED: the retransmission is lost too: the timer repairs",
  script((s) => {
    established(s);
    fill(s, 8);
    s.at(50);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
    s.expect(". 1:1001(1000) ack 1");
    s.expectBetween(200, 300, ". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 8001");
    s.takeAll();
  }),
);
