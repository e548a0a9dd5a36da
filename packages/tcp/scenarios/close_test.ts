import { assert, assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { script } from "./harness.ts";
import {
  accepted,
  closeWait,
  closing,
  established,
  finWait1,
  finWait2,
  halfClosed,
  lastAck,
  synReceived,
  timeWait,
} from "./states.ts";

Deno.test(
  "ESTABLISHED: normal close, ours first: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT (RFC 9293 §3.6, figure 12)",
  script((s) => {
    established(s);
    s.call.close();
    s.expect("F. 1:1(0) ack 1").expectState("FIN-WAIT-1");
    s.inject(". 1:1(0) ack 2").expectNothing().expectState("FIN-WAIT-2");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.at(59_999).expectNothing().expectState("TIME-WAIT");
    s.at(60_000).expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: normal close, the peer first: CLOSE-WAIT, LAST-ACK, CLOSED (RFC 9293 §3.6, figure 12)",
  script((s) => {
    established(s);
    s.inject("F. 1:1(0) ack 1").expect(". 1:1(0) ack 2").expectState("CLOSE-WAIT");
    s.expectEvent("readable");
    assertEquals(s.connection!.isReadEof, true);
    s.call.close();
    s.expect("F. 1:1(0) ack 2").expectState("LAST-ACK");
    s.inject(". 2:2(0) ack 2").expectNothing().expectClosed();
  }),
);

Deno.test(
  "ESTABLISHED: simultaneous close: FIN-WAIT-1, CLOSING, TIME-WAIT (RFC 9293 §3.6, figure 13)",
  script((s) => {
    established(s);
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 1").expect(". 2:2(0) ack 2").expectState("CLOSING");
    s.inject(". 2:2(0) ack 2").expectNothing().expectState("TIME-WAIT");
    s.at(60_000).expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-1: a FIN which acknowledges ours goes to TIME-WAIT directly (RFC 9293 §3.10.7.4, eighth)",
  script((s) => {
    finWait1(s);
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "ESTABLISHED: the FIN rides on the last segment of text, and waits for all of it (RFC 9293 §3.10.4)",
  script((s) => {
    established(s);
    s.call.send(2500);
    s.expect(". 1:1001(1000) ack 1").expect(". 1001:2001(1000) ack 1").expect("P. 2001:2501(500) ack 1");
    s.call.send(300);
    s.expectNothing();
    s.call.close();
    s.expect("FP. 2501:2801(300) ack 1").expectNothing().expectState("FIN-WAIT-1");
    s.inject(". 1:1(0) ack 2802").expectNothing().expectState("FIN-WAIT-2");
  }),
);

Deno.test(
  "ESTABLISHED: a FIN that the window has no room for waits, and the state is FIN-WAIT-1 already (RFC 9293 §3.10.4)",
  script((s) => {
    s.win = 1000;
    established(s);
    s.call.send(1500);
    s.expect(". 1:501(500) ack 1").expect("P. 501:1001(500) ack 1").expectNothing();
    s.call.close();
    s.expectNothing().expectState("FIN-WAIT-1");
    s.inject(". 1:1(0) ack 1001 win 1000");
    s.expect("FP. 1001:1501(500) ack 1");
    s.inject(". 1:1(0) ack 1502").expectState("FIN-WAIT-2");
  }),
);

Deno.test(
  "FIN-WAIT-1: the FIN is retransmitted (RFC 6298 §5)",
  script((s) => {
    finWait1(s);
    s.at(200).expect("F. 1:1(0) ack 1");
    s.at(600).expect("F. 1:1(0) ack 1");
    s.inject(". 1:1(0) ack 2").expectState("FIN-WAIT-2");
  }),
);

Deno.test(
  "FIN-WAIT-2: text is still received after a half close (RFC 9293 §3.6)",
  script((s) => {
    halfClosed(s);
    s.inject("P. 1:101(100) ack 2").expect(". 2:2(0) ack 101");
    assertEquals(s.call.read(200), 100);
    s.inject("F. 101:101(0) ack 2").expect(". 2:2(0) ack 102").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "FIN-WAIT-2: a half close may last for ever (RFC 9293 §3.6)",
  script((s) => {
    halfClosed(s);
    s.at(3_600_000).expectNothing().expectState("FIN-WAIT-2");
  }),
);

Deno.test(
  "FIN-WAIT-2: text after a full close draws a reset (RFC 9293 §3.6.1, SHLD-3)",
  script((s) => {
    finWait2(s);
    s.inject("P. 1:101(100) ack 2");
    const reset = s.take()!;
    assertEquals(reset.ctl & 0x04, 0x04);
    assertEquals((reset.seq - s.iss) >>> 0, 2);
    s.expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-2: after a full close, the TCB goes after 60 s (TCP_LINGER2)",
  script((s) => {
    finWait2(s);
    s.at(59_999).expectNothing().expectState("FIN-WAIT-2");
    s.at(60_000).expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "[MUST-12] CLOSED: the user is told whether the end was orderly or a reset (RFC 9293 §3.6)",
  script((s) => {
    lastAck(s);
    s.inject(". 2:2(0) ack 2").expectClosed();
    const orderly = s.connection!;
    assertEquals(orderly.state, "CLOSED");
  }),
);

Deno.test(
  "[MUST-12] ESTABLISHED: a reset is told as such (RFC 9293 §3.6)",
  script((s) => {
    established(s);
    s.inject("R. 1:1(0) ack 1").expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "CLOSE-WAIT: text may still be sent (RFC 9293 §3.6)",
  script((s) => {
    closeWait(s);
    s.call.send(300);
    s.expect("P. 1:301(300) ack 2");
    s.inject(". 2:2(0) ack 301");
    s.call.close();
    s.expect("F. 301:301(0) ack 2").expectState("LAST-ACK");
    s.inject(". 2:2(0) ack 302").expectClosed();
  }),
);

Deno.test(
  "CLOSE-WAIT: text and FIN of the peer behind its FIN are ignored (RFC 9293 §3.10.7.4, seventh)",
  script((s) => {
    closeWait(s);
    s.inject("P. 2:12(10) ack 1");
    s.takeAll();
    assertEquals(s.connection!.readableBytes, 0);
    s.expectState("CLOSE-WAIT");
  }),
);

Deno.test(
  "CLOSE-WAIT: the peer's FIN again draws the acknowledgment again (RFC 9293 §3.10.7.4)",
  script((s) => {
    closeWait(s);
    s.inject("F. 1:1(0) ack 1").expect(". 1:1(0) ack 2").expectState("CLOSE-WAIT");
  }),
);

Deno.test(
  "LAST-ACK: the FIN is retransmitted until acknowledged (RFC 6298 §5)",
  script((s) => {
    lastAck(s);
    s.at(200).expect("F. 1:1(0) ack 2");
    s.at(600).expect("F. 1:1(0) ack 2");
    s.inject(". 2:2(0) ack 2").expectClosed();
  }),
);

Deno.test(
  "CLOSING: segments which do not acknowledge our FIN change nothing (RFC 9293 §3.10.7.4, fifth)",
  script((s) => {
    closing(s);
    s.inject(". 2:2(0) ack 1").expectState("CLOSING");
    s.inject(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "TIME-WAIT: the peer's FIN again is acknowledged and 2 MSL begin anew (RFC 9293 §3.10.7.4, eighth)",
  script((s) => {
    timeWait(s);
    s.at(30_000).inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.at(89_999).expectState("TIME-WAIT");
    s.at(90_000).expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "[MUST-13] TIME-WAIT lasts 2 MSL (RFC 9293 §3.6.1)",
  script({ tcp: { mslMs: 120_000 } }, (s) => {
    timeWait(s);
    s.at(239_999).expectState("TIME-WAIT");
    s.at(240_000).expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-1: a FIN out of order waits for the text before it (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.call.shutdownSend();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 101:201(100) ack 2").expect(". 2:2(0) ack 1").expectState("FIN-WAIT-2");
    s.inject(". 1:101(100) ack 2").expect(". 2:2(0) ack 202").expectState("TIME-WAIT");
    assertEquals(s.call.read(1000), 200);
    assert(s.connection!.isReadEof);
  }),
);

Deno.test(
  "ESTABLISHED: CLOSE with unread text resets (RFC 9293 §3.6.1, RFC 2525 §2.17)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    s.call.close();
    s.expect("R. 1:1(0) ack 11").expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: CLOSE after everything was read sends a FIN",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    s.call.read(10);
    s.call.close();
    s.expect("F. 1:1(0) ack 11").expectState("FIN-WAIT-1");
  }),
);

Deno.test(
  "SYN-RECEIVED: CLOSE sends a FIN once the SYN is acknowledged (RFC 9293 §3.10.4)",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.call.close();
    s.inject(". 1:1(0) ack 1").expect("F. 1:1(0) ack 1").expectState("FIN-WAIT-1");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "LISTEN: CLOSE stops listening; connections already accepted live on (RFC 9293 §3.10.4)",
  script((s) => {
    accepted(s);
    s.call.closeListener();
    s.inject("S 0:0(0) win 65535", { port: 50001 });
    s.expect("R. 0:0(0) ack 1", { port: 50001 });
    s.call.send(5);
    s.expect("P. 1:6(5) ack 1");
  }),
);

Deno.test(
  "LISTEN: CLOSE forgets what is in SYN-RECEIVED, whose next word draws a reset, as in Linux (RFC 9293 §3.10.4, §3.10.7.1)",
  script((s) => {
    synReceived(s);
    s.call.closeListener();
    s.expectNothing();
    s.inject(". 1:1(0) ack 1").expect("R 1:1(0)");
    s.at(5000).expectNothing();
    assertEquals([...s.harness.tcp.connections()].length, 0);
  }),
);

Deno.test(
  "FIN-WAIT-1 and after: SEND is refused (RFC 9293 §3.10.2)",
  script((s) => {
    halfClosed(s);
    const error = assertThrows(() => s.call.send(1), NetError) as NetError;
    assertEquals(error.code, "BROKEN_PIPE");
  }),
);

Deno.test(
  "CLOSED: SEND is refused (RFC 9293 §3.10.2)",
  script((s) => {
    established(s);
    s.inject("R. 1:1(0) ack 1");
    assertThrows(() => s.call.send(1), NetError);
  }),
);

Deno.test(
  "ESTABLISHED: ABORT sends <SEQ=SND.NXT><CTL=RST> and drops what waits (RFC 9293 §3.10.5)",
  script((s) => {
    s.win = 500;
    established(s);
    s.call.send(2000);
    s.takeAll();
    s.call.abort();
    const reset = s.take()!;
    assertEquals([(reset.seq - s.iss) >>> 0, reset.ctl & 0x04, reset.textLength], [501, 4, 0]);
    s.expectNothing().expectState("CLOSED");
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "TIME-WAIT: ABORT deletes the TCB without a packet (RFC 9293 §3.10.5)",
  script((s) => {
    timeWait(s);
    s.call.abort();
    s.expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: linger 0 resets on CLOSE (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 0 });
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.close();
    s.expect("R. 11:11(0) ack 1").expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-1: linger resets what is not acknowledged in time (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 500 });
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.at(200).expect("F. 1:1(0) ack 1");
    s.at(500);
    const reset = s.take()!;
    assertEquals(reset.ctl & 0x04, 0x04);
    s.expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: after shutdownReceive() text is acknowledged and dropped",
  script((s) => {
    established(s);
    s.call.shutdownReceive();
    s.inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101");
    assertEquals(s.call.read(100), 0);
    s.call.close();
    s.expect("F. 1:1(0) ack 101");
  }),
);

Deno.test(
  "ESTABLISHED: shutdownReceive() drops what waits, and opens the window: CLOSE does not reset for its sake (RFC 9293 §3.10.4)",
  script({ tcp: { receiveBufferBytes: 4000 } }, (s) => {
    established(s);
    s.inject(". 1:1001(1000) ack 1").inject(". 1001:2001(1000) ack 1").inject(". 2001:4001(2000) ack 1");
    assertEquals(s.takeAll().at(-1)!.wnd, 0);
    s.call.shutdownReceive();
    assertEquals(s.takeAll().at(-1)!.wnd, 4000);
    assertEquals(s.call.read(10), 0);
    s.call.close();
    s.expect("F. 1:1(0) ack 4001");
  }),
);
