import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import {
  closeWait,
  closing,
  established,
  finWait1,
  finWait2,
  halfClosed,
  lastAck,
  timeWait,
} from "./states.ts";

/** Our next sequence number and the peer's, in each synchronized state. */
const STATES: readonly (readonly [string, (s: TcpScript) => void, number, number])[] = [
  ["ESTABLISHED", established, 1, 1],
  ["FIN-WAIT-1", finWait1, 2, 1],
  ["FIN-WAIT-2", halfClosed, 2, 1],
  ["CLOSE-WAIT", closeWait, 1, 2],
  ["CLOSING", closing, 2, 2],
  ["LAST-ACK", lastAck, 2, 2],
  ["TIME-WAIT", timeWait, 2, 2],
];

for (const [name, reach, sndNxt, rcvNxt] of STATES) {
  Deno.test(
    `${name}: an unacceptable segment draws <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> and is dropped (RFC 9293 §3.10.7.4, first)`,
    script((s) => {
      reach(s);
      s.takeAll();
      const { state } = s.connection!;
      const beyond = rcvNxt + 65536;
      s.inject(`P. ${beyond}:${beyond + 10}(10) ack ${sndNxt}`);
      s.expect(`. ${sndNxt}:${sndNxt}(0) ack ${rcvNxt}`).expectNothing().expectState(state);
      assertEquals(s.connection!.readableBytes, 0);
    }),
  );

  Deno.test(
    `${name}: an old duplicate draws <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> (RFC 9293 §3.10.7.4, first)`,
    script((s) => {
      reach(s);
      s.takeAll();
      s.inject(`. ${rcvNxt - 1}:${rcvNxt - 1}(0) ack ${sndNxt}`);
      s.expect(`. ${sndNxt}:${sndNxt}(0) ack ${rcvNxt}`).expectNothing();
    }),
  );

  Deno.test(
    `${name}: a segment without ACK is dropped (RFC 9293 §3.10.7.4, fifth)`,
    script((s) => {
      reach(s);
      const { state } = s.connection!;
      s.inject(`P ${rcvNxt}:${rcvNxt + 10}(10)`).expectNothing().expectState(state);
      s.inject(`F ${rcvNxt}:${rcvNxt}(0)`).expectNothing().expectState(state);
      assertEquals(s.connection!.readableBytes, 0);
    }),
  );
}

Deno.test(
  "ESTABLISHED: acceptability table, window open: both edges of the window (RFC 9293 §3.4)",
  script((s) => {
    established(s);
    s.inject("P. 65535:65536(1) ack 1").expect(". 1:1(0) ack 1").expectNothing();
    s.inject("P. 65536:65537(1) ack 1").expect(". 1:1(0) ack 1").expectNothing();
    s.inject("P. 1:2(1) ack 1").expect(". 1:1(0) ack 2");
    assertEquals(s.connection!.readableBytes, 1);
  }),
);

Deno.test(
  "ESTABLISHED: a segment that begins before the window and reaches into it is trimmed (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101");
    s.inject("P. 51:151(100) ack 1").expect(". 1:1(0) ack 151").expectNothing();
    assertEquals(s.call.read(1000), 150);
  }),
);

Deno.test(
  "ESTABLISHED: a segment that reaches beyond the window is trimmed, its FIN included (RFC 9293 §3.10.7.4)",
  script({ tcp: { receiveBufferBytes: 1000, initialReceiveWindowBytes: 1000 } }, (s) => {
    established(s);
    s.inject("FP. 1:1401(1400) ack 1");
    s.expect(". 1:1(0) ack 1001 win 0").expectState("ESTABLISHED");
    assertEquals(s.call.read(2000), 1000);
    s.expect(". 1:1(0) ack 1001 win 1000");
  }),
);

Deno.test(
  "ESTABLISHED: window 0: only an empty segment at RCV.NXT is acceptable (RFC 9293 §3.4)",
  script({ tcp: { receiveBufferBytes: 1000, initialReceiveWindowBytes: 1000 } }, (s) => {
    established(s);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 0");
    s.inject(". 1001:1001(0) ack 1").expectNothing();
    s.inject("P. 1001:1002(1) ack 1").expect(". 1:1(0) ack 1001 win 0");
    s.inject(". 1002:1002(0) ack 1").expect(". 1:1(0) ack 1001 win 0");
    assertEquals(s.connection!.readableBytes, 1000);
  }),
);

Deno.test(
  "[MUST-66] ESTABLISHED: window 0: acknowledgments still count, also with text (RFC 9293 §3.10.7.4)",
  script({ tcp: { receiveBufferBytes: 1000, initialReceiveWindowBytes: 1000 } }, (s) => {
    established(s);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 0");
    s.call.send(300);
    s.expect("P. 1:301(300) ack 1001");
    s.inject("P. 1001:1002(1) ack 301");
    s.takeAll();
    assertEquals(s.connection!.unackedBytes, 0);
    s.at(5000).expectNothing();
  }),
);

Deno.test(
  "[MUST-66] ESTABLISHED: window 0: RST still counts (RFC 9293 §3.10.7.4)",
  script({ tcp: { receiveBufferBytes: 1000, initialReceiveWindowBytes: 1000 } }, (s) => {
    established(s);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 0");
    s.inject("R. 1001:1001(0) ack 1").expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: SYN and FIN take a sequence number each (RFC 9293 §3.4)",
  script((s) => {
    established(s);
    s.inject("FP. 1:11(10) ack 1").expectState("CLOSE-WAIT");
    s.at(40).expect(". 1:1(0) ack 12");
  }),
);

Deno.test(
  "ESTABLISHED: text out of order is kept (RFC 9293 §3.10.7.4, SHLD-31)",
  script((s) => {
    established(s);
    s.inject("P. 101:201(100) ack 1").expect(". 1:1(0) ack 1");
    s.inject("P. 201:301(100) ack 1").expect(". 1:1(0) ack 1");
    s.inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 301").expectNothing();
    assertEquals(s.call.read(1000), 300);
  }),
);

Deno.test(
  "[MUST-58] ESTABLISHED: segments that wait together are acknowledged once (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.injectBatch("P. 1:1001(1000) ack 1", "P. 1001:2001(1000) ack 1", "P. 2001:3001(1000) ack 1");
    s.expect(". 1:1(0) ack 3001").expectNothing();
  }),
);

Deno.test(
  "[MUST-59] ESTABLISHED: the acknowledgment waits for the whole batch, and may ride on text (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.call.send(2000);
    s.takeAll();
    s.injectBatch("P. 1:101(100) ack 1001", "P. 101:201(100) ack 2001");
    s.expect(". 2001:2001(0) ack 201").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: an acknowledgment of what was not sent draws an ACK and is dropped (RFC 9293 §3.10.7.4, fifth)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.inject("P. 1:11(10) ack 102").expect(". 101:101(0) ack 1").expectNothing();
    assertEquals([s.connection!.readableBytes, s.connection!.unackedBytes], [0, 100]);
    s.inject(". 1:1(0) ack 101").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: a duplicate acknowledgment changes nothing but the window (RFC 9293 §3.10.7.4, fifth)",
  script((s) => {
    s.win = 1000;
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.inject(". 1:1(0) ack 101");
    s.inject(". 1:1(0) ack 1 win 500");
    s.expectNothing().expectState("ESTABLISHED");
    s.call.send(2000);
    assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0), 1000);
    s.at(100).inject(". 1:1(0) ack 1101");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: SND.WND follows the newest segment only, by SND.WL1 and SND.WL2 (RFC 9293 §3.10.7.4, fifth)",
  script((s) => {
    s.win = 2000;
    established(s);
    s.inject("P. 11:21(10) ack 1 win 1000");
    s.takeAll();
    // An older sequence number: its window is stale.
    s.inject("P. 1:11(10) ack 1 win 60000");
    s.takeAll();
    s.call.send(3000);
    assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0), 1000);
    s.inject(". 21:21(0) ack 1001 win 0");
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "[MUST-5] ESTABLISHED: options may come in any segment, at any alignment (RFC 9293 §3.1, MUST-64)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1 <nop,raw fd 03 01,nop,nop,nop>").expect(". 1:1(0) ack 11");
    s.inject("P. 11:21(10) ack 1 <mss 40>").expect(". 1:1(0) ack 21");
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 21");
  }),
);

Deno.test(
  "[MUST-7] ESTABLISHED: illegal option lengths do no harm (RFC 9293 §3.1)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1 <raw fd 00>").expect(". 1:1(0) ack 11");
    s.inject("P. 11:21(10) ack 1 <raw fd 01>").expect(". 1:1(0) ack 21");
    s.inject("P. 21:31(10) ack 1 <raw fd ff>").expect(". 1:1(0) ack 31");
    s.inject("P. 31:41(10) ack 1 <nop,nop,nop,raw 08>").expect(". 1:1(0) ack 41");
    s.expectState("ESTABLISHED");
  }),
);

Deno.test(
  "FIN-WAIT-2: FIN of the peer, repeated, is acknowledged from TIME-WAIT",
  script((s) => {
    finWait2(s);
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "ESTABLISHED: an acknowledgment of a peer who has filled the window counts, although something is missing before it",
  script((s) => {
    established(s, { receiveBufferBytes: 5000 });
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    const end = s.connection!.info().rcvWnd + 1;
    s.inject(`. ${end}:${end}(0) ack 1001`).expect(". 1001:1001(0) ack 1");
    assertEquals(s.connection!.unackedBytes, 1000);
    s.wait(1).inject(`. 1001:${end}(${end - 1001}) ack 1`).expect(". 1001:1001(0) ack 1");
    s.wait(1).inject(`. ${end}:${end}(0) ack 1001`).expectNothing();
    assertEquals(s.connection!.unackedBytes, 0);
    // One further, or a reset: outside, as before.
    s.wait(600).inject(`. ${end + 1}:${end + 1}(0) ack 1001`).expect(". 1001:1001(0) ack 1");
    s.wait(600).inject(`R ${end}:${end}(0)`).expectNothing().expectState("ESTABLISHED");
  }),
);
