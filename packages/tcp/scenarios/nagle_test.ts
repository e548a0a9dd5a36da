import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

Deno.test(
  "ESTABLISHED: Nagle: a small segment waits while something is in flight (RFC 9293 §3.7.4, SHLD-7)",
  script({ tcp: { minshall: false } }, (s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.send(10);
    s.call.send(10);
    s.expectNothing();
    s.at(50).inject(". 1:1(0) ack 11").expect("P. 11:31(20) ack 1").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: Nagle: a full segment goes at once, its tail waits (RFC 9293 §3.7.4)",
  script({ tcp: { minshall: false } }, (s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.send(1500);
    s.expect(". 11:1011(1000) ack 1").expectNothing();
    s.at(50).inject(". 1:1(0) ack 1011").expect("P. 1011:1511(500) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: Minshall's form: a small tail goes out behind full segments, the next small one waits (RFC 9293 §3.7.4)",
  script((s) => {
    established(s);
    s.call.send(1500);
    s.expect(". 1:1001(1000) ack 1").expect("P. 1001:1501(500) ack 1").expectNothing();
    s.call.send(10);
    s.expectNothing();
    s.at(50).inject(". 1:1(0) ack 1001").expectNothing();
    s.inject(". 1:1(0) ack 1501").expect("P. 1501:1511(10) ack 1");
  }),
);

Deno.test(
  "[MUST-17] ESTABLISHED: Nagle can be switched off, also while something waits (RFC 9293 §3.7.4)",
  script((s) => {
    established(s, { noDelay: true });
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.send(10);
    s.expect("P. 11:21(10) ack 1");
    s.call.do("noDelay = false", (c) => c.noDelay = false);
    s.call.send(10);
    s.expectNothing();
    s.call.do("noDelay = true", (c) => c.noDelay = true);
    s.expect("P. 21:31(10) ack 1");
    assertEquals(s.connection!.noDelay, true);
  }),
);

Deno.test(
  "ESTABLISHED: Nagle does not hold a FIN back (RFC 9293 §3.10.4)",
  script((s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.send(10);
    s.expectNothing();
    s.call.close();
    s.expect("FP. 11:21(10) ack 1");
  }),
);

Deno.test(
  "[MUST-61] ESTABLISHED: the last segment of what waits carries PSH (RFC 9293 §3.9.1.2)",
  script((s) => {
    established(s);
    s.call.send(3000);
    s.expect(". 1:1001(1000) ack 1").expect(". 1001:2001(1000) ack 1").expect("P. 2001:3001(1000) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: many small SENDs make large segments (RFC 9293 §3.9.1.2, SHLD-27, SHLD-28)",
  script((s) => {
    established(s);
    for (let i = 0; i < 200; i++) s.call.send(10);
    const sizes = s.takeAll().map((seg) => seg.textLength);
    assertEquals(sizes[0], 10);
    assertEquals(sizes.slice(1), [1000]);
    s.at(10).inject(". 1:1(0) ack 1011").expect("P. 1011:2001(990) ack 1");
  }),
);
