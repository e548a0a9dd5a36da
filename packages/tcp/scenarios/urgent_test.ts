import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { pattern } from "./text_pattern.ts";
import { closeWait, established } from "./states.ts";

Deno.test(
  "[MUST-30] ESTABLISHED: urgent data travels in line, and the user is told of it (RFC 9293 §3.8.5, MUST-32)",
  script((s) => {
    established(s);
    s.inject("PU. 1:101(100) ack 1 urg 50");
    s.takeAll();
    s.expectEvent("urgent").expectEvent("readable");
    assertEquals(s.call.read(1000), 100);
  }),
);

Deno.test(
  "[MUST-33] ESTABLISHED: the user can ask how much urgent data remains (RFC 9293 §3.8.5)",
  script((s) => {
    established(s);
    s.inject("PU. 1:101(100) ack 1 urg 50");
    s.takeAll();
    assertEquals(s.connection!.urgentBytes, 50);
    s.call.read(20);
    assertEquals(s.connection!.urgentBytes, 30);
    s.call.read(40);
    assertEquals(s.connection!.urgentBytes, 0);
    s.call.read(100);
  }),
);

Deno.test(
  "[MUST-62] ESTABLISHED: the urgent pointer points to the octet after the urgent data (RFC 9293 §3.8.5, RFC 6093 §2)",
  script((s) => {
    established(s);
    s.inject("PU. 1:11(10) ack 1 urg 1");
    s.takeAll();
    assertEquals(s.connection!.urgentBytes, 1);
    s.call.read(10);
  }),
);

Deno.test(
  "[MUST-32] ESTABLISHED: the user is told again only when the pointer advances (RFC 9293 §3.10.7.4, sixth)",
  script((s) => {
    established(s);
    s.inject("PU. 1:11(10) ack 1 urg 100");
    s.takeAll();
    s.expectEvent("urgent").expectEvent("readable");
    s.inject("PU. 11:21(10) ack 1 urg 90");
    s.takeAll();
    s.expectEvent("readable").expectNoEvent();
    s.inject("PU. 21:31(10) ack 1 urg 200");
    s.takeAll();
    s.expectEvent("urgent").expectEvent("readable");
    assertEquals(s.connection!.urgentBytes, 220);
    s.call.read(100);
  }),
);

Deno.test(
  "ESTABLISHED: the pointer may announce octets that have not come yet (RFC 9293 §3.8.5)",
  script((s) => {
    established(s);
    s.inject("U. 1:1(0) ack 1 urg 500");
    s.expectEvent("urgent").expectNoEvent();
    assertEquals(s.connection!.urgentBytes, 500);
  }),
);

Deno.test(
  "[MUST-66] ESTABLISHED: the pointer counts also when the window is closed (RFC 9293 §3.10.7.4)",
  script({ tcp: { receiveBufferBytes: 1000, initialReceiveWindowBytes: 1000 } }, (s) => {
    established(s);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 0");
    s.events.length = 0;
    s.inject("PU. 1001:1002(1) ack 1 urg 1").expect(". 1:1(0) ack 1001 win 0");
    s.expectEvent("urgent");
  }),
);

Deno.test(
  "CLOSE-WAIT: URG is ignored (RFC 9293 §3.10.7.4, sixth)",
  script((s) => {
    closeWait(s);
    s.inject("U. 2:2(0) ack 1 urg 10").expectNothing().expectNoEvent();
  }),
);

Deno.test(
  "[MUST-31] ESTABLISHED: urgent SEND of any length sets URG and the pointer on every segment up to its end (RFC 9293 §3.8.5)",
  script((s) => {
    established(s);
    s.call.do("sendUrgent", (c) => assertEquals(c.sendUrgent(pattern(1, 2500)), 2500));
    s.expect("U. 1:1001(1000) ack 1 urg 2500").expect(".U 1001:2001(1000) ack 1 urg 1500");
    s.expect("PU. 2001:2501(500) ack 1 urg 500").expectNothing();
    s.writtenBytes = 2500;
    s.inject(". 1:1(0) ack 2501");
    s.call.send(10);
    s.expect("P. 2501:2511(10) ack 1");
    s.inject(". 1:1(0) ack 2511");
  }),
);

Deno.test(
  "ESTABLISHED: urgent SEND behind a closed window is announced nevertheless (RFC 9293 §3.8.5)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.do("sendUrgent", (c) => c.sendUrgent(pattern(1, 100)));
    s.run(300);
    const urgent = s.takeAll();
    assert(urgent.length > 0 && urgent.some((seg) => (seg.ctl & 0x20) !== 0));
    s.inject(". 1:1(0) ack 1 win 1000");
    s.takeAll();
    s.inject(". 1:1(0) ack 101 win 1000");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: urgent data is retransmitted with its pointer",
  script((s) => {
    established(s);
    s.call.do("sendUrgent", (c) => c.sendUrgent(pattern(1, 100)));
    s.expect("PU. 1:101(100) ack 1 urg 100");
    s.at(200).expect("PU. 1:101(100) ack 1 urg 100");
    s.inject(". 1:1(0) ack 101");
  }),
);
