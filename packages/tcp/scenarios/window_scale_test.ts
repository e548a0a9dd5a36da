import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { accepted, established, synSent } from "./states.ts";

Deno.test(
  "SYN-SENT: the windows of SYN and SYN-ACK are not scaled (RFC 7323 §2.2)",
  script((s) => {
    synSent(s);
    s.inject("S. 0:0(0) ack 1 win 1000 <mss 500,nop,wscale 4>").expect(". 1:1(0) ack 1");
    assertEquals(s.connection!.info().sndWnd, 1000);
    s.call.send(5000);
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    assertEquals(sent, 1000);
    s.inject(". 1:1(0) ack 1001 win 1000");
    assertEquals(s.connection!.info().sndWnd, 16_000);
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: scaling is in use only if both sides have offered it (RFC 7323 §2.2)",
  script((s) => {
    established(s);
    assertEquals([s.connection!.info().sndWindShift, s.connection!.info().rcvWindShift], [0, 0]);
    s.inject("P. 1:11(10) ack 1 win 100");
    assertEquals(s.connection!.info().sndWnd, 100);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: our window field is scaled by what we have offered (RFC 7323 §2.3)",
  script({ tcp: { receiveBufferBytes: 4 * 1024 * 1024 } }, (s) => {
    established(s, {}, "<mss 1000,nop,wscale 0>");
    const { rcvWindShift, rcvWnd } = s.connection!.info();
    assert(rcvWindShift >= 7);
    s.inject("P. 1:11(10) ack 1");
    const ack = s.take()!;
    assert(ack.wnd << rcvWindShift >= rcvWnd - 10);
    assert(ack.wnd << rcvWindShift <= 4 * 1024 * 1024);
  }),
);

Deno.test(
  "SYN-SENT: the shift offered can express the whole buffer (RFC 7323 §2.3)",
  script({ tcp: { receiveBufferBytes: 512 * 1024 * 1024 } }, (s) => {
    s.call.connect();
    s.expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 14>");
  }),
);

Deno.test(
  "ESTABLISHED: a shift above 14 counts as 14 (RFC 7323 §2.3)",
  script((s) => {
    established(s, {}, "<mss 1000,nop,wscale 15>");
    assertEquals(s.connection!.info().sndWindShift, 14);
  }),
);

Deno.test(
  "LISTEN: the SYN-ACK offers scaling only to who has offered it (RFC 7323 §2.2)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000,nop,wscale 2>").expect("S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>");
    s.inject(". 1:1(0) ack 1 win 100");
    assertEquals(s.connection!.info().sndWnd, 400);
  }),
);

Deno.test(
  "[MUST-1] ESTABLISHED: a window above 2^15 is a large one, not a negative one (RFC 9293 §3.1)",
  script((s) => {
    s.win = 65_535;
    accepted(s);
    assertEquals(s.connection!.info().sndWnd, 65_535);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: a window of 1 GiB is used without harm (RFC 7323 §2.3)",
  script((s) => {
    established(s, {}, "<mss 1000,nop,wscale 14>");
    s.inject(". 1:1(0) ack 1 win 65535");
    assertEquals(s.connection!.info().sndWnd, 65535 * 16384);
    s.call.send(10_000);
    assertEquals(s.takeAll().length, 10);
    s.inject(". 1:1(0) ack 10001 win 65535");
  }),
);
