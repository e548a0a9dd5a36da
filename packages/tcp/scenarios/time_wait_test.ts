import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { accepted, established, timeWait } from "./states.ts";

/** TIME-WAIT of a connection that was accepted: our side closed first. The peer's FIN had sequence number 1. */
function acceptedTimeWait(s: TcpScript, synOptions: string = "<mss 1000>", ts: string = ""): void {
  accepted(s, {}, synOptions);
  s.call.close();
  s.expect("F. 1:1(0) ack 1");
  s.inject(`F. 1:1(0) ack 2${ts}`).expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
}

Deno.test(
  "TIME-WAIT: a SYN beyond everything received begins a new connection (RFC 9293 §3.6.1, MAY-2)",
  script({ useRandomIss: true }, (s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    const synAck = s.take()!;
    s.iss = synAck.seq;
    s.inject(". 1:1(0) ack 1");
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    const old = s.connection!;
    s.at(1000).inject("S 5000:5000(0) win 65535 <mss 1000>");
    const again = s.take()!;
    assertEquals([again.ctl, (again.ack - s.irs) >>> 0], [0x12, 5001]);
    assert(((again.seq - s.iss) | 0) > 2, "our number lies beyond the old connection's");
    assertEquals(old.state, "CLOSED");
    s.iss = again.seq;
    s.irs = (s.irs + 5000) >>> 0;
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "TIME-WAIT: a SYN that is not beyond is an old duplicate: it is acknowledged and dropped (RFC 9293 §3.6.1, MAY-2)",
  script((s) => {
    acceptedTimeWait(s);
    s.inject("S 1:1(0) win 65535 <mss 1000>").expect(". 2:2(0) ack 2").expectNothing().expectState(
      "TIME-WAIT",
    );
  }),
);

Deno.test(
  "TIME-WAIT: a SYN with a later timestamp begins a new connection, whatever its sequence number (RFC 6191 §2, RFC 9293 §3.6.1, SHLD-4)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000,TS val 100 ecr 0>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1 <TS val 100 ecr 0>");
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 2 <TS val 100 ecr 0>").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    const old = s.connection!;
    // The same, and an earlier one, prove nothing; the sequence number is no help either.
    s.inject("S 0:0(0) win 65535 <mss 1000,TS val 99 ecr 0>");
    s.takeAll();
    s.expectState("TIME-WAIT");
    s.wait(1000).inject("S 0:0(0) win 65535 <mss 1000,TS val 101 ecr 0>");
    const synAck = s.take()!;
    assertEquals([synAck.ctl, (synAck.ack - s.irs) >>> 0, old.state], [0x12, 1, "CLOSED"]);
    // Beyond whatever the former one may have on its way: SND.NXT, 2, and a whole window (RFC 9293 §3.6.1).
    assertEquals((synAck.seq - s.iss) >>> 0, 2 + 65_537);
  }),
);

Deno.test(
  "TIME-WAIT: timestamps which the old connection did not have let a new one begin (RFC 6191 §2)",
  script((s) => {
    acceptedTimeWait(s);
    s.inject("S 1:1(0) win 65535 <mss 1000,TS val 5 ecr 0>");
    const answer = s.take()!;
    assertEquals([answer.ctl, (answer.ack - s.irs) >>> 0, answer.hasTimestamps], [0x12, 2, true]);
    assertEquals(s.harness.tcp.counters.timeWaitReused, 1);
  }),
);

Deno.test(
  "TIME-WAIT: the same timestamp leaves it to the sequence number (RFC 6191 §2)",
  script((s) => {
    s.call.listen();
    s.inject("S 0:0(0) win 65535 <mss 1000,TS val 100 ecr 0>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1 <TS val 100 ecr 0>");
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 2 <TS val 100 ecr 0>").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.inject("S 2:2(0) win 65535 <mss 1000,TS val 100 ecr 0>");
    s.expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.inject("S 3:3(0) win 65535 <mss 1000,TS val 100 ecr 0>");
    assertEquals(s.take()!.ctl, 0x12);
  }),
);

Deno.test(
  "TIME-WAIT: no old duplicate ends the wait, be it text, an acknowledgment or a reset (RFC 1337 §3)",
  script((s) => {
    acceptedTimeWait(s);
    // H1: text; H2: an acknowledgment of something else; H3: resets, with the exact number and in the window.
    s.inject("P. 1:1(0) ack 2").inject("P. 0:1(1) ack 1").inject(". 2:2(0) ack 1").inject(". 2:2(0) ack 500");
    s.inject("R 2:2(0)").inject("R. 2:2(0) ack 2").inject("R 100:100(0)");
    for (const seg of s.takeAll()) assertEquals(seg.ctl & 0x07, 0, "no RST, SYN or FIN answers");
    s.expectState("TIME-WAIT");
    s.run(59_999);
    s.takeAll();
    s.expectState("TIME-WAIT");
    s.at(60_000).expectState("CLOSED");
  }),
);

Deno.test(
  "TIME-WAIT: text behind the FIN is not taken (RFC 9293 §3.10.7.4)",
  script((s) => {
    timeWait(s);
    s.inject("P. 2:12(10) ack 2");
    s.takeAll();
    assertEquals(s.connection!.readableBytes, 0);
    s.expectState("TIME-WAIT");
  }),
);

Deno.test(
  "TIME-WAIT: an acknowledgment at RCV.NXT draws nothing",
  script((s) => {
    timeWait(s);
    s.inject(". 2:2(0) ack 2").expectNothing().expectState("TIME-WAIT");
    s.at(60_000).expectState("CLOSED");
  }),
);

Deno.test(
  "TIME-WAIT holds no memory but its TCB and one timer",
  script((s) => {
    timeWait(s);
    assertEquals([s.harness.pool.inUse, s.harness.timers.size], [0, 1]);
  }),
);

Deno.test(
  "TIME-WAIT: an active OPEN of the same numbers is refused while it lasts",
  script((s) => {
    timeWait(s);
    let code = "";
    try {
      s.call.connect();
    } catch (error) {
      code = (error as { code: string }).code;
    }
    assertEquals(code, "ADDRESS_IN_USE");
    s.at(60_000);
    s.call.connect();
    s.expect("S 0:0(0)");
  }),
);

Deno.test(
  "TIME-WAIT: at most maxTimeWait connections wait; the oldest goes (TC-12)",
  script({ tcp: { maxTimeWait: 2 } }, (s) => {
    for (let i = 0; i < 3; i++) {
      established(s, { localPort: 41_000 + i });
      s.call.close();
      s.expect("F. 1:1(0) ack 1");
      s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
      s.wait(10);
    }
    assertEquals(s.connections.map((c) => c.state), ["CLOSED", "TIME-WAIT", "TIME-WAIT"]);
  }),
);

Deno.test(
  "TIME-WAIT: text is ignored; all but the last acknowledgment again is answered, and prolongs nothing (RFC 9293 §3.10.7.4, seventh)",
  script((s) => {
    timeWait(s);
    s.at(30_000).inject("P. 2:12(10) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.inject("P. 102:112(10) ack 2").expect(". 2:2(0) ack 2").expectNothing();
    s.inject(". 3:3(0) ack 2").expect(". 2:2(0) ack 2").expectNothing();
    s.inject(". 3:3(0) ack 2").expectNothing();
    s.inject(". 2:2(0) ack 2").expectNothing();
    s.at(59_999).expectState("TIME-WAIT");
    s.at(60_000).expectNothing().expectState("CLOSED");
  }),
);
