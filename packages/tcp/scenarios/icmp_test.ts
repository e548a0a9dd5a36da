import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established, synSent } from "./states.ts";

/** [code, what the user is told]. */
const UNREACHABLE = [
  [0, "NETWORK_UNREACHABLE"],
  [1, "HOST_UNREACHABLE"],
  [2, "PROTOCOL_UNREACHABLE"],
  [3, "CONNECTION_REFUSED"],
  [5, "HOST_UNREACHABLE"],
  [13, "HOST_UNREACHABLE"],
] as const;

for (const [code, reason] of UNREACHABLE) {
  Deno.test(
    `SYN-SENT: destination unreachable, code ${code}, ends the OPEN as on Linux (RFC 5461 §4.1)`,
    script((s) => {
      synSent(s);
      s.injectIcmp(3, code).expectNothing().expectClosed(reason);
      s.at(10_000).expectNothing();
    }),
  );

  Deno.test(
    `ESTABLISHED: destination unreachable, code ${code}, is noted and does not end the connection (RFC 5927 §5.2)`,
    script((s) => {
      established(s);
      s.call.send(100);
      s.expect("P. 1:101(100) ack 1");
      s.injectIcmp(3, code).expectNothing().expectState("ESTABLISHED");
      s.at(200).expect("P. 1:101(100) ack 1");
      s.inject(". 1:1(0) ack 101").expectState("ESTABLISHED");
    }),
  );
}

Deno.test(
  "[MUST-56] SYN-SENT: with abortConnectOnIcmp off, soft errors are only noted, and told when the OPEN fails (RFC 9293 §3.9.2.2, SHLD-25)",
  script({ tcp: { abortConnectOnIcmp: false } }, (s) => {
    synSent(s);
    s.injectIcmp(3, 1).expectNothing().expectState("SYN-SENT");
    s.run(200_000);
    s.takeAll();
    s.expectClosed("HOST_UNREACHABLE");
  }),
);

Deno.test(
  "[MUST-54] ESTABLISHED: a soft error is what the user is told when the connection fails (RFC 9293 §3.9.2.2, MUST-47)",
  script({ tcp: { dataRetries: 3 } }, (s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.injectIcmp(3, 0);
    s.run(60_000);
    s.takeAll();
    s.expectClosed("NETWORK_UNREACHABLE");
  }),
);

Deno.test(
  "ESTABLISHED: an acknowledgment of something new takes the soft error back",
  script({ tcp: { dataRetries: 3 } }, (s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.injectIcmp(3, 0);
    s.at(50).inject(". 1:1(0) ack 101");
    s.call.send(100);
    s.run(60_000);
    s.takeAll();
    s.expectClosed("TIMED_OUT");
  }),
);

Deno.test(
  "SYN-SENT: an error that quotes a sequence number not in flight is ignored (RFC 5927 §4.1)",
  script((s) => {
    synSent(s);
    const forged = s.lastSent.slice();
    forged[27]! ^= 0x55;
    s.injectIcmp(3, 3, 0, forged).expectNothing().expectState("SYN-SENT");
    assertEquals(s.harness.tcp.counters.icmpIgnored, 1);
  }),
);

Deno.test(
  "SYN-SENT: an error that quotes other ports, or another address, is ignored (RFC 5927 §4)",
  script((s) => {
    synSent(s);
    for (const at of [15, 19, 21, 23]) {
      const forged = s.lastSent.slice();
      forged[at]! ^= 1;
      s.injectIcmp(3, 3, 0, forged);
      s.takeAll();
      s.expectState("SYN-SENT");
    }
  }),
);

Deno.test(
  "[MUST-55] ESTABLISHED: source quench is dropped silently (RFC 9293 §3.9.2.2)",
  script((s) => {
    established(s);
    s.call.send(10_000);
    s.takeAll();
    const before = s.connection!.info().cwnd;
    s.injectIcmp(4, 0).expectNothing();
    assertEquals(s.connection!.info().cwnd, before);
    s.inject(". 1:1(0) ack 10001");
  }),
);

Deno.test(
  "SYN-SENT: source quench is dropped silently (RFC 6633 §3)",
  script((s) => {
    synSent(s);
    s.injectIcmp(4, 0).expectNothing().expectState("SYN-SENT").expectNoEvent();
  }),
);

for (const [type, code] of [[11, 0], [11, 1], [12, 0]] as const) {
  Deno.test(
    `ESTABLISHED: ICMP type ${type}, code ${code} is a soft error, which the user is told of (RFC 9293 §3.9.2.2, SHLD-25)`,
    script({ tcp: { dataRetries: 3 } }, (s) => {
      const told: string[] = [];
      established(s);
      s.connection!.handlers = { ...s.connection!.handlers, softError: (_, reason) => told.push(reason) };
      s.call.send(100);
      s.expect("P. 1:101(100) ack 1");
      s.injectIcmp(type, code).expectNothing().expectState("ESTABLISHED");
      assertEquals(told, ["HOST_UNREACHABLE"]);
      s.run(60_000);
      s.takeAll();
      s.expectClosed("HOST_UNREACHABLE");
    }),
  );
}

Deno.test(
  "ESTABLISHED: time exceeded and parameter problem are soft errors (RFC 9293 §3.9.2.2)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.injectIcmp(11, 0).injectIcmp(11, 1).injectIcmp(12, 0).expectNothing().expectState("ESTABLISHED");
    s.inject(". 1:1(0) ack 101");
  }),
);

Deno.test(
  "CLOSED: an error about a connection that does not exist is ignored",
  script((s) => {
    synSent(s);
    s.call.close();
    s.injectIcmp(3, 1).expectNothing();
  }),
);
