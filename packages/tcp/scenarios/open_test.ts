import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "@lightwire/netif";
import { ipv4 } from "@lightwire/ip";
import { script } from "./harness.ts";
import { accepted, established, synReceived, synSent } from "./states.ts";

Deno.test(
  "CLOSED: active OPEN sends a SYN with every option we know (RFC 9293 §3.10.1, RFC 7323 §2.2, RFC 2018 §2)",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0) win 64240 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>");
    s.expectState("SYN-SENT").expectNothing();
  }),
);

Deno.test(
  "[MUST-10] SYN-SENT: simultaneous open reaches ESTABLISHED over SYN-RECEIVED (RFC 9293 §3.5, figure 7)",
  script((s) => {
    synSent(s);
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expectState("ESTABLISHED").expectEvent("connected");
    s.takeAll();
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
  }),
);

Deno.test(
  "SYN-RECEIVED: the window of the SYN-ACK of a simultaneous open is not scaled (RFC 7323 §2.2)",
  script((s) => {
    // It used to be taken for 128 times as much as the peer had room for.
    synSent(s);
    s.inject("S 0:0(0) win 2560 <mss 1000,nop,wscale 7>");
    s.takeAll();
    s.inject("S. 0:0(0) ack 1 win 2560 <mss 1000,nop,wscale 7>");
    s.expectState("ESTABLISHED");
    s.takeAll();
    s.call.send(5000);
    assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0) <= 2560, true);
    s.inject(". 1:1(0) ack 2001 win 40");
    s.takeAll();
  }),
);

Deno.test(
  "SYN-SENT: simultaneous open is completed by a bare ACK as well (RFC 9293 §3.10.7.4)",
  script((s) => {
    synSent(s);
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.inject(". 1:1(0) ack 1");
    s.expectState("ESTABLISHED").expectEvent("connected");
  }),
);

Deno.test(
  "SYN-SENT: SYN-ACK establishes and is acknowledged at once (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED").expectEvent("connected");
    s.expectNoEvent();
  }),
);

Deno.test(
  "SYN-SENT: what the user has written goes out with the first acknowledgment (RFC 9293 §3.10.2)",
  script((s) => {
    synSent(s);
    assertEquals(s.call.send(1500), 1500);
    s.expectNothing();
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    const first = s.take()!;
    assertEquals(first.textLength, 1000);
    s.expect("P. 1001:1501(500) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1501");
  }),
);

Deno.test(
  "SYN-SENT: text in the SYN-ACK is delivered once established (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject("S. 0:3(3) ack 1 win 65535 <mss 1000>");
    s.expectState("ESTABLISHED");
    const ack = s.take()!;
    // The text is ours to keep or to drop: what counts is that it is not acknowledged and lost.
    const got = s.call.read(10);
    assertEquals((ack.ack - s.irs) >>> 0, 1 + got);
  }),
);

Deno.test(
  "SYN-SENT: the SYN is repeated after 1, 2, 4, 8, 16, 32 s, and 64 s later the OPEN fails (RFC 6298 §5, RFC 9293 §3.8.3)",
  script((s) => {
    synSent(s);
    for (const ms of [1000, 3000, 7000, 15000, 31000, 63000]) {
      s.at(ms).expect("S 0:0(0) win 64240 <mss 1460,...>");
    }
    s.at(126_999).expectNothing().expectState("SYN-SENT");
    s.at(127_000).expectNothing().expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "SYN-SENT: an unacceptable ACK draws <SEQ=SEG.ACK><CTL=RST> and leaves the timer alone (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.at(300);
    s.inject("S. 0:0(0) ack 2 win 65535 <mss 1000>");
    s.expect("R 2:2(0)").expectNothing().expectState("SYN-SENT");
    s.inject(". 100:100(0) ack 0");
    s.expect("R 0:0(0)").expectState("SYN-SENT");
    s.at(1000).expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "SYN-SENT: an acceptable ACK without SYN is dropped silently (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject(". 100:100(0) ack 1").expectNothing().expectState("SYN-SENT");
    s.inject("F. 100:100(0) ack 1").expectNothing().expectState("SYN-SENT");
  }),
);

Deno.test(
  "SYN-SENT: RST with an acceptable ACK refuses the connection (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject("R. 0:0(0) ack 1 win 0");
    s.expectNothing().expectClosed("CONNECTION_REFUSED");
  }),
);

Deno.test(
  "SYN-SENT: RST without ACK, or with an unacceptable one, is dropped (RFC 9293 §3.10.7.3, RFC 5961 §3.2)",
  script((s) => {
    synSent(s);
    s.inject("R 0:0(0)").expectNothing().expectState("SYN-SENT");
    s.inject("R. 0:0(0) ack 2").expectNothing().expectState("SYN-SENT");
    s.inject("R. 0:0(0) ack 0").expectNothing().expectState("SYN-SENT");
    s.expectNoEvent();
  }),
);

Deno.test(
  "SYN-SENT: neither SYN nor RST: dropped (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject("F 0:0(0)").inject("0 0:5(5)").inject("P 0:5(5)").expectNothing().expectState("SYN-SENT");
  }),
);

Deno.test(
  "SYN-SENT: CLOSE deletes the TCB without a packet (RFC 9293 §3.10.4)",
  script((s) => {
    synSent(s);
    s.call.close();
    s.expectNothing().expectState("CLOSED");
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "SYN-SENT: the answer to a repeated SYN leaves 3 s for the first text (RFC 6298 §5.7)",
  script((s) => {
    synSent(s);
    s.at(1000).expect("S 0:0(0)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect(". 1:1(0) ack 1");
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1").expectNothing();
    s.at(4000).expect("P. 1:101(100) ack 1");
  }),
);

Deno.test(
  "LISTEN: a SYN draws a SYN-ACK which offers only what the SYN offered (RFC 9293 §3.10.7.2, RFC 7323 §1.3)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.expect("S. 0:0(0) ack 1 win 64240 <mss 1460>").expectNothing();
  }),
);

Deno.test(
  "LISTEN: a SYN with every option draws a SYN-ACK with every option (RFC 7323 §2.2, §3.2, RFC 2018 §2)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 64240 <mss 1460,sackOK,TS val 77 ecr 0,nop,wscale 7>");
    s.expect("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 77,nop,wscale 7>");
  }),
);

Deno.test(
  "LISTEN: the third segment of the handshake establishes (RFC 9293 §3.5, figure 6)",
  script((s) => {
    accepted(s);
    s.call.send(4);
    s.expect("P. 1:5(4) ack 1");
  }),
);

Deno.test(
  "LISTEN: RST is ignored (RFC 9293 §3.10.7.2)",
  script((s) => {
    s.call.listen();
    s.inject("R 0:0(0)").inject("R. 0:0(0) ack 1").expectNothing();
  }),
);

Deno.test(
  "LISTEN: any ACK draws <SEQ=SEG.ACK><CTL=RST> (RFC 9293 §3.10.7.2)",
  script((s) => {
    s.call.listen();
    s.inject(". 5:5(0) ack 7").expect("R 7:7(0)");
    s.inject("S. 5:5(0) ack 9").expect("R 9:9(0)");
    s.inject("F. 5:5(0) ack 11").expect("R 11:11(0)");
    s.expectNothing();
  }),
);

Deno.test(
  "LISTEN: a segment without SYN, ACK and RST is dropped (RFC 9293 §3.10.7.2)",
  script((s) => {
    s.call.listen();
    s.inject("F 0:0(0)").inject("P 0:9(9)").inject("0 0:0(0)").expectNothing();
  }),
);

Deno.test(
  "[MUST-57] LISTEN: a SYN to a broadcast address or a group is dropped silently (RFC 9293 §3.9.2.3)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535", { destination: ipv4(0xc00002ff) }).expectNothing();
    s.inject("S 0:0(0) win 65535", { destination: ipv4(0xffffffff) }).expectNothing();
    s.inject("S 0:0(0) win 65535", { destination: ipv4(0xe0000001) }).expectNothing();
  }),
);

Deno.test(
  "[MUST-63] LISTEN: a SYN from a broadcast address or a group is dropped silently (RFC 9293 §3.9.2.3)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535", { source: ipv4(0xc00002ff) }).expectNothing();
    s.inject("S 0:0(0) win 65535", { source: ipv4(0xffffffff) }).expectNothing();
    s.inject("S 0:0(0) win 65535", { source: ipv4(0xe0000001) }).expectNothing();
  }),
);

Deno.test(
  "LISTEN: text in the SYN is not acknowledged and not lost (RFC 9293 §3.10.7.2)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:5(5) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:6(5) ack 1").expectState("ESTABLISHED");
    s.takeAll();
    assertEquals(s.call.read(10), 5);
  }),
);

Deno.test(
  "SYN-RECEIVED: the SYN-ACK is repeated after 1, 2, 4, 8, 16 s, and after 63 s the TCB is gone (RFC 6298 §5)",
  script((s) => {
    synReceived(s);
    for (const ms of [1000, 3000, 7000, 15000, 31000]) s.at(ms).expect("S. 0:0(0) ack 1 <mss 1460>");
    s.at(63_000);
    s.takeAll();
    assertEquals([...s.harness.tcp.connections()].length, 0);
    s.inject(". 1:1(0) ack 1").expect("R 1:1(0)");
  }),
);

Deno.test(
  "SYN-RECEIVED: the acknowledgment of a repeated SYN-ACK leaves 3 s for the first text (RFC 6298 §5.7)",
  script((s) => {
    synReceived(s);
    s.at(1000).expect("S. 0:0(0) ack 1");
    s.at(1100).inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1").expectNothing();
    s.at(4100).expect("P. 1:101(100) ack 1");
  }),
);

Deno.test(
  "SYN-RECEIVED: an unacceptable ACK draws <SEQ=SEG.ACK><CTL=RST> and changes nothing (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject(". 1:1(0) ack 2").expect("R 2:2(0)");
    s.inject(". 1:1(0) ack 0").expect("R 0:0(0)");
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "[MUST-11] SYN-RECEIVED: RST after a passive OPEN returns to LISTEN (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject("R 1:1(0)").expectNothing();
    assertEquals([...s.harness.tcp.connections()].length, 0);
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "[MUST-11] SYN-RECEIVED: RST after an active OPEN refuses the connection (RFC 9293 §3.10.7.4)",
  script((s) => {
    synSent(s);
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.inject("R 1:1(0)").expectNothing().expectClosed("CONNECTION_REFUSED");
  }),
);

Deno.test(
  "SYN-RECEIVED: a SYN after a passive OPEN, in the window, returns to LISTEN or is challenged (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject("S 5:5(0) win 65535 <mss 1000>");
    const answer = s.take();
    if (answer !== undefined) assertEquals((answer.ack - s.irs) >>> 0, 1);
  }),
);

Deno.test(
  "SYN-RECEIVED: the SYN again draws our acknowledgment of it (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.at(500);
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    const answer = s.take()!;
    assertEquals((answer.ack - s.irs) >>> 0, 1);
    s.expectNothing();
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "SYN-RECEIVED: the ACK may carry text (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject("P. 1:11(10) ack 1").expectState("ESTABLISHED");
    s.expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(100), 10);
  }),
);

Deno.test(
  "SYN-RECEIVED: the ACK may carry a FIN (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject("F. 1:11(10) ack 1").expectState("CLOSE-WAIT");
    assertEquals(s.call.read(100), 10);
    assertEquals(s.connection!.isReadEof, true);
    s.at(40).expect(". 1:1(0) ack 12");
  }),
);

Deno.test(
  "SYN-RECEIVED: a segment without ACK is dropped (RFC 9293 §3.10.7.4)",
  script((s) => {
    synReceived(s);
    s.inject("P 1:11(10)").expectNothing();
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "ESTABLISHED: the SYN-ACK again draws our acknowledgment again (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "CLOSED: OPEN of a connection that exists is refused (RFC 9293 §3.10.1)",
  script((s) => {
    established(s);
    const error = assertThrows(() => s.call.connect(), NetError);
    assertEquals((error as NetError).code, "ADDRESS_IN_USE");
  }),
);

Deno.test(
  "SYN-RECEIVED: a SYN-ACK answers no passive OPEN: it is unacceptable, wherever it lies before the window (RFC 9293 §3.10.7.4, first)",
  script((s) => {
    synReceived(s);
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect(". 1:1(0) ack 1").expectNothing();
    assertEquals(s.connections.length, 0);
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  }),
);
