import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { accepted, established, synSent } from "./states.ts";

const TS = "<mss 1012,TS val 1000 ecr 0>";

/** ESTABLISHED with timestamps; the peer's clock showed 1,000 in its SYN. */
function withTimestamps(s: TcpScript): void {
  established(s, {}, TS);
}

Deno.test(
  "ESTABLISHED: once agreed on, every segment carries timestamps, and segments shrink by them (RFC 7323 §3.2, appendix A)",
  script((s) => {
    withTimestamps(s);
    s.call.send(1500);
    s.expect(". 1:1001(1000) ack 1 <TS val 0 ecr 1000>").expect(
      "P. 1001:1501(500) ack 1 <TS val 0 ecr 1000>",
    );
    s.at(70).inject(". 1:1(0) ack 1501 <TS val 1070 ecr 0>");
    s.call.close();
    s.expect("F. 1501:1501(0) ack 1 <TS val 70 ecr 1070>");
  }),
);

Deno.test(
  "ESTABLISHED: our clock ticks once a millisecond (RFC 7323 §5.4)",
  script((s) => {
    withTimestamps(s);
    s.at(12_345).inject("P. 1:11(10) ack 1 <TS val 13345 ecr 0>").expect(
      ". 1:1(0) ack 11 <TS val 12345 ecr 13345>",
    );
  }),
);

Deno.test(
  "ESTABLISHED: without timestamps of the peer none are sent (RFC 7323 §3.2)",
  script((s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1 <>");
    s.inject(". 1:1(0) ack 11");
  }),
);

Deno.test(
  "ESTABLISHED: requireTimestamps: a segment without them is dropped silently, once they are agreed on (RFC 7323 §3.2)",
  script({ tcp: { requireTimestamps: true } }, (s) => {
    withTimestamps(s);
    s.inject("P. 1:11(10) ack 1").expectNothing();
    assertEquals(s.connection!.readableBytes, 0);
  }),
);

Deno.test(
  "ESTABLISHED: by default a segment counts whose timestamps somebody took away, as in Linux (RFC 7323 §3.2)",
  script((s) => {
    withTimestamps(s);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11 <TS val 0 ecr 1000>");
    assertEquals(s.connection!.readableBytes, 10);
    s.inject("P. 11:21(10) ack 1 <TS val 999 ecr 0>").expect(". 1:1(0) ack 11 <TS val 0 ecr 1000>");
  }),
);

Deno.test(
  "ESTABLISHED: a RST without timestamps is accepted (RFC 7323 §3.2)",
  script((s) => {
    withTimestamps(s);
    s.inject("R 1:1(0)").expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "ESTABLISHED: PAWS: an older timestamp draws an ACK, and the segment is dropped (RFC 7323 §5.3)",
  script((s) => {
    withTimestamps(s);
    s.inject("P. 1:11(10) ack 1 <TS val 999 ecr 0>").expect(". 1:1(0) ack 1 <TS val 0 ecr 1000>");
    assertEquals(s.connection!.readableBytes, 0);
    s.inject("P. 1:11(10) ack 1 <TS val 1000 ecr 0>").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
  }),
);

Deno.test(
  "ESTABLISHED: PAWS does not look at RST (RFC 7323 §5.3)",
  script((s) => {
    withTimestamps(s);
    s.inject("R. 1:1(0) ack 1 <TS val 1 ecr 0>").expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "ESTABLISHED: PAWS: after 24 idle days any timestamp counts (RFC 7323 §5.5)",
  script((s) => {
    withTimestamps(s);
    s.at(25 * 24 * 3600 * 1000);
    s.inject("P. 1:11(10) ack 1 <TS val 5 ecr 0>").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
    s.inject("P. 11:21(10) ack 1 <TS val 6 ecr 0>");
    const ack = s.take()!;
    assertEquals(ack.tsEcr, 6);
  }),
);

Deno.test(
  "ESTABLISHED: PAWS compares modulo 2^32 (RFC 7323 §5.2)",
  script((s) => {
    established(s, {}, "<mss 1012,TS val 4294967290 ecr 0>");
    s.inject("P. 1:11(10) ack 1 <TS val 5 ecr 0>").expect(". 1:1(0) ack 11 <TS val 0 ecr 5>");
    s.inject("P. 11:21(10) ack 1 <TS val 4294967295 ecr 0>").expect(". 1:1(0) ack 11 <TS val 0 ecr 5>");
    s.call.read(100);
  }),
);

Deno.test(
  "ESTABLISHED: TS.Recent: of several segments before an acknowledgment, the earliest is echoed (RFC 7323 §4.3 (A))",
  script({ tcp: { quickAckCount: 0 } }, (s) => {
    withTimestamps(s);
    s.inject(". 1:1001(1000) ack 1 <TS val 2000 ecr 0>").expectNothing();
    s.inject(". 1001:2001(1000) ack 1 <TS val 2005 ecr 0>").expect(". 1:1(0) ack 2001 <TS val 0 ecr 2000>");
    s.inject(". 2001:3001(1000) ack 1 <TS val 2010 ecr 0>").expectNothing();
    s.inject(". 3001:4001(1000) ack 1 <TS val 2015 ecr 0>").expect(". 1:1(0) ack 4001 <TS val 0 ecr 2010>");
    s.call.read(10_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: TS.Recent: a segment out of order does not change the echo (RFC 7323 §4.3 (B))",
  script((s) => {
    withTimestamps(s);
    s.inject(". 1001:2001(1000) ack 1 <TS val 2000 ecr 0>").expect(". 1:1(0) ack 1 <TS val 0 ecr 1000>");
    s.inject(". 1:1001(1000) ack 1 <TS val 3000 ecr 0>").expect(". 1:1(0) ack 2001 <TS val 0 ecr 3000>");
    s.call.read(10_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: TS.Recent: a filled gap echoes the segment that filled it (RFC 7323 §4.3 (C))",
  script((s) => {
    withTimestamps(s);
    s.inject(". 1001:2001(1000) ack 1 <TS val 2000 ecr 0>").expect(". 1:1(0) ack 1 <TS val 0 ecr 1000>");
    s.inject(". 2001:3001(1000) ack 1 <TS val 2001 ecr 0>").expect(". 1:1(0) ack 1 <TS val 0 ecr 1000>");
    s.inject(". 1:1001(1000) ack 1 <TS val 2002 ecr 0>").expect(". 1:1(0) ack 3001 <TS val 0 ecr 2002>");
    s.call.read(10_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: an echo measures the round trip of each acknowledgment (RFC 7323 §4.1)",
  script((s) => {
    withTimestamps(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(150).inject(". 1:1(0) ack 1001 <TS val 1150 ecr 0>");
    const first = s.connection!.info();
    assertEquals(first.rttMs > 0 && first.rttMs <= 150, true);
  }),
);

Deno.test(
  "SYN-SENT: a SYN-ACK that echoes a timestamp from before our SYN is of an earlier connection (RFC 7323 §3.2)",
  script((s) => {
    synSent(s);
    s.at(100);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000,TS val 1 ecr 5000>");
    s.expect("R 1:1(0)").expectState("SYN-SENT");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000,TS val 1 ecr 0>");
    s.expectState("ESTABLISHED");
    s.takeAll();
  }),
);

Deno.test(
  "SYN-SENT: the answer to the first SYN is taken after the second one, however late its timer ran (RFC 7323 §3.2)",
  script((s) => {
    s.at(100);
    synSent(s);
    const [tcb] = s.harness.tcp.tcbs();
    tcb!.retransmissionTimer!.startAt(tcb!.layer.clock.now() + 1020);
    s.at(1120).expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000,TS val 1 ecr 100>").expectState("ESTABLISHED");
    s.takeAll();
  }),
);

Deno.test(
  "LISTEN: the SYN's timestamp is echoed in the SYN-ACK and after (RFC 7323 §3.2)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1012,TS val 4711 ecr 0>").expect(
      "S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 4711>",
    );
    s.at(30).inject(". 1:1(0) ack 1 <TS val 4741 ecr 0>").expectState("ESTABLISHED");
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1 <TS val 30 ecr 4741>");
    s.inject(". 1:1(0) ack 11 <TS val 4741 ecr 30>");
  }),
);

Deno.test(
  "LISTEN: a layer without timestamps does not answer them (TC-42)",
  script({ tcp: { timestamps: false } }, (s) => {
    accepted(s, {}, TS);
    s.call.send(1012);
    s.expect("P. 1:1013(1012) ack 1 <>");
    s.inject(". 1:1(0) ack 1013");
  }),
);

Deno.test(
  "SYN-SENT: a SYN-ACK whose echo is older than our SYN, or newer than now, belongs to another connection (RFC 7323 §3.2)",
  script((s) => {
    s.at(5000);
    s.call.connect();
    s.expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 <mss 1000,TS val 9 ecr 4900>").expect("R 1:1(0)").expectState("SYN-SENT");
    s.inject("S. 0:0(0) ack 1 <mss 1000,TS val 9 ecr 5100>").expect("R 1:1(0)").expectState("SYN-SENT");
    s.at(6000).expect("S 0:0(0)");
    s.at(6010).inject("S. 0:0(0) ack 1 <mss 1000,TS val 9 ecr 4900>").expect("R 1:1(0)").expectState(
      "SYN-SENT",
    );
    // The answer to the first SYN, come late, is one.
    s.inject("S. 0:0(0) ack 1 <mss 1000,TS val 9 ecr 5000>").expect(". 1:1(0) ack 1").expectState(
      "ESTABLISHED",
    );
  }),
);
