import { assert } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

Deno.test(
  "ESTABLISHED: USER TIMEOUT: text unacknowledged for that long ends the connection (RFC 9293 §3.10.8, RFC 5482)",
  script((s) => {
    established(s, { userTimeoutMs: 5000 });
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    for (const ms of [200, 600, 1400, 3000]) s.at(ms).expect("P. 1:101(100) ack 1");
    s.at(4999).expectNothing().expectState("ESTABLISHED");
    s.at(5000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "ESTABLISHED: USER TIMEOUT: an acknowledgment of something new starts it anew (RFC 5482 §3)",
  script((s) => {
    established(s, { userTimeoutMs: 2000 });
    s.call.send(2000);
    s.takeAll();
    s.run(1500);
    s.takeAll();
    s.inject(". 1:1(0) ack 1001");
    s.takeAll();
    s.run(3400);
    s.takeAll();
    s.expectState("ESTABLISHED");
    s.run(4200);
    s.takeAll();
    s.expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: USER TIMEOUT counts for a closed window too (RFC 5482)",
  script((s) => {
    established(s, { userTimeoutMs: 3000 });
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(100);
    s.run(10_000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "ESTABLISHED: USER TIMEOUT can be changed while text is outstanding",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.at(200).expect("P. 1:101(100) ack 1");
    s.call.do("userTimeoutMs = 1000", (c) => c.userTimeoutMs = 1000);
    s.at(600).expect("P. 1:101(100) ack 1");
    s.run(2000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "ESTABLISHED: USER TIMEOUT of a closed window ends when it ends, and not with the probe after it (RFC 5482 §3)",
  script((s) => {
    established(s, { userTimeoutMs: 10_000 });
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(100);
    s.run(9999);
    s.takeAll();
    s.expectState("ESTABLISHED");
    s.run(10_000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "SYN-SENT: USER TIMEOUT ends the OPEN (RFC 9293 §3.10.8)",
  script((s) => {
    s.call.connect({ userTimeoutMs: 5000 });
    s.expect("S 0:0(0)");
    s.run(10_000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "ESTABLISHED: USER TIMEOUT does not concern an idle connection",
  script((s) => {
    established(s, { userTimeoutMs: 1000 });
    s.at(1_000_000).expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "FIN-WAIT-1: USER TIMEOUT counts for the FIN too (RFC 9293 §3.10.8)",
  script((s) => {
    established(s, { userTimeoutMs: 1000 });
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.run(5000);
    s.takeAll();
    s.expectState("CLOSED");
  }),
);

Deno.test("ESTABLISHED: the user timeout ends whatever the last bits of its instant are (RFC 9293 §3.8.3)", () => {
  for (let i = 0; i < 100; i++) {
    script((s) => {
      established(s, { userTimeoutMs: 5000 });
      s.at(1000 / 3 + i * 0.0137);
      s.call.send(100);
      s.run(7000);
      assert(s.takeAll().length < 10);
      s.expectClosed("TIMED_OUT");
    })();
  }
});
