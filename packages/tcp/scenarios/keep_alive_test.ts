import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

const KEEP_ALIVE = { idleMs: 10_000, intervalMs: 1000, count: 3 };

Deno.test(
  "[MUST-25] ESTABLISHED: no keep-alive unless the user wants it (RFC 9293 §3.8.4)",
  script((s) => {
    established(s);
    s.at(100 * 3600 * 1000).expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "[MUST-28] ESTABLISHED: the first probe comes after two hours by default, then every 75 s, 9 in all (RFC 9293 §3.8.4, SHLD-12)",
  script((s) => {
    established(s, { keepAlive: true });
    let at = 7_200_000;
    for (let i = 0; i < 9; i++) {
      s.at(at).expect(". 0:0(0) ack 1").expectNothing();
      at += 75_000;
    }
    s.at(at).expect("R. 1:1(0) ack 1").expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "[MUST-27] ESTABLISHED: idle time, interval and count can be set (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: KEEP_ALIVE });
    s.at(10_000).expect(". 0:0(0) ack 1");
    s.at(11_000).expect(". 0:0(0) ack 1");
    s.at(12_000).expect(". 0:0(0) ack 1");
    s.at(13_000).expect("R. 1:1(0) ack 1").expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "[MUST-24] ESTABLISHED: keep-alive can be switched on and off on a living connection (RFC 9293 §3.8.4)",
  script((s) => {
    established(s);
    s.at(4000);
    s.call.do("keepAlive on", (c) => c.keepAlive = KEEP_ALIVE);
    s.at(10_000).expect(". 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expectNothing();
    s.call.do("keepAlive off", (c) => c.keepAlive = undefined);
    s.at(1_000_000).expectNothing().expectState("ESTABLISHED");
  }),
);

Deno.test(
  "ESTABLISHED: the probe comes at its instant whatever its last bits are (RFC 9293 §3.8.4)",
  script((s) => {
    // The remaining time, computed as a difference, could be too small to move the clock: the timer expired for ever.
    established(s, { keepAlive: KEEP_ALIVE });
    for (let i = 0; i < 200; i++) {
      s.at(s.nowMs + 1000 / 3 + i * 0.0137);
      s.inject(". 1:1(0) ack 1").expectNothing();
      s.at(s.nowMs + 10_000).expect(". 0:0(0) ack 1");
    }
    s.inject(". 1:1(0) ack 1");
  }),
);

Deno.test(
  "[MUST-29] ESTABLISHED: one probe without an answer is no death (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: KEEP_ALIVE });
    s.at(10_000).expect(". 0:0(0) ack 1");
    s.at(11_000).expect(". 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
    s.at(21_000).expect(". 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: anything of the peer's restarts the idle time (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: KEEP_ALIVE });
    s.at(9000).inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    s.at(18_999).expectNothing();
    s.at(19_000).expect(". 0:0(0) ack 11");
    s.inject(". 11:11(0) ack 1");
    s.call.read(10);
  }),
);

Deno.test(
  "[MUST-26] ESTABLISHED: no probe while something is outstanding (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: { idleMs: 1000, intervalMs: 1000, count: 3 } });
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.run(5000);
    assertEquals(s.takeAll().every((seg) => seg.textLength === 10), true);
    s.inject(". 1:1(0) ack 11").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "ESTABLISHED: a probe of the peer's, with or without an octet, is answered (RFC 9293 §3.8.4)",
  script((s) => {
    established(s);
    s.inject(". 0:0(0) ack 1").expect(". 1:1(0) ack 1").expectNothing();
    s.wait(1000).inject(". 0:1(1) ack 1", { text: new Uint8Array(1) }).expect(". 1:1(0) ack 1")
      .expectNothing();
    assertEquals(s.connection!.readableBytes, 0);
  }),
);

Deno.test(
  "ESTABLISHED: the RST of a peer that has forgotten us answers the probe (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: KEEP_ALIVE });
    s.at(10_000).expect(". 0:0(0) ack 1");
    s.inject("R 1:1(0)").expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "ESTABLISHED: with timestamps, probes carry them (RFC 7323 §3.2)",
  script((s) => {
    established(s, { keepAlive: KEEP_ALIVE }, "<mss 1000,TS val 9 ecr 0>");
    s.at(10_000).expect(". 0:0(0) ack 1 <TS val 10000 ecr 9>");
    s.inject(". 1:1(0) ack 1 <TS val 9 ecr 10000>");
  }),
);

Deno.test(
  "ESTABLISHED: with a user timeout, that decides when an idle peer is dead, and not the number of probes (RFC 5482 §4.2, TCP_USER_TIMEOUT)",
  script((s) => {
    established(s, { keepAlive: { idleMs: 10_000, intervalMs: 1000, count: 2 }, userTimeoutMs: 13_500 });
    for (const at of [10_000, 11_000, 12_000, 13_000]) s.at(at).expect(". 0:0(0) ack 1");
    s.at(14_000).expect("R. 1:1(0) ack 1").expectClosed("TIMED_OUT");
  }),
);
