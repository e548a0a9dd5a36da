import { assert, assertEquals } from "@std/assert";
import { PacketHarness, PEER_ADDRESS } from "../harness/packet_harness.ts";
import { script } from "./harness.ts";
import { accepted, established, finWait2, synReceived } from "./states.ts";

// Requirements that no other scenario is about, in the order of docs/rfc/conformance.md.

Deno.test(
  "[REC-1] ESTABLISHED: windows beyond 16 bits are kept whole (RFC 9293 §3.1)",
  script((s) => {
    established(s, {}, "<mss 1000,nop,wscale 14>");
    s.inject(". 1:1(0) ack 1 win 65535").expectNothing();
    assertEquals(s.connection!.info().sndWnd, 65535 * 16384);
  }),
);

Deno.test(
  "[MAY-1] FIN-WAIT-2: CLOSE ends both directions: text that comes after it is refused by a reset (RFC 9293 §3.6.1)",
  script((s) => {
    finWait2(s);
    s.inject("P. 1:11(10) ack 2").expect("R 2:2(0) win 0").expectState("CLOSED");
    s.events.length = 0;
  }),
);

Deno.test(
  "[MAY-3] SYN-SENT: the MSS option is sent even when it says the default (RFC 9293 §3.7.1)",
  script({ mtu: 576 }, (s) => {
    s.call.connect();
    s.expect("S 0:0(0) <mss 536,...>");
  }),
);

Deno.test(
  "[SHLD-8] ESTABLISHED: ECN: text is ECN-capable, the handshake and what has no text is not (RFC 9293 §3.8.2, RFC 3168 §6.1.1, §6.1.4)",
  script((s) => {
    const ecn = () => s.lastSent[1]! & 3;
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000>").expect("SE. 0:0(0) ack 1");
    assertEquals(ecn(), 0, "SYN-ACK");
    s.inject(". 1:1(0) ack 1").expectNothing();
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    assertEquals(ecn(), 2, "text");
    s.inject("P. 1:11(10) ack 101").expect(". 101:101(0) ack 11");
    assertEquals(ecn(), 0, "acknowledgment");
    s.call.read(100);
    s.call.close();
    s.expect("F. 101:101(0) ack 11");
    assertEquals(ecn(), 0, "FIN");
  }),
);

Deno.test(
  "SYN-SENT: a SYN that asks for ECN is not ECN-capable itself (RFC 3168 §6.1.1)",
  script({ tcp: { ecn: "on" } }, (s) => {
    s.call.connect();
    s.expect("SEW 0:0(0)");
    assertEquals(s.lastSent[1]! & 3, 0);
  }),
);

for (const congestionControl of ["reno", "cubic", "bbr"] as const) {
  Deno.test(
    `[MAY-18] ESTABLISHED: ${congestionControl} can be chosen for each connection (RFC 9293 §3.8.2)`,
    script((s) => {
      established(s, { congestionControl });
      assertEquals(s.connection!.info().congestionControl, congestionControl);
    }),
  );
}

Deno.test(
  "[SHLD-9] ESTABLISHED: the user is told at the third retransmission, not before (RFC 9293 §3.8.3, SHLD-10)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    established(s);
    const told: string[] = [];
    s.connection!.handlers = { ...s.connection!.handlers, softError: (_, code) => told.push(code) };
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.at(200).expect("P. 1:101(100) ack 1");
    s.at(600).expect("P. 1:101(100) ack 1");
    assertEquals(told, []);
    s.at(1400).expect("P. 1:101(100) ack 1");
    assertEquals(told, ["TIMED_OUT"]);
    s.expectState("ESTABLISHED");
    s.inject(". 1:1(0) ack 101").expectNothing();
  }),
);

Deno.test(
  "[MAY-5] ESTABLISHED: keep-alive is there for who asks for it (RFC 9293 §3.8.4)",
  script((s) => {
    established(s, { keepAlive: { idleMs: 5000, intervalMs: 1000, count: 2 } });
    s.at(5000).expect(". 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expectNothing();
  }),
);

Deno.test(
  "[MAY-8] ESTABLISHED: our window stays closed for hours, and each probe is answered (RFC 9293 §3.8.6)",
  script((s) => {
    established(s, { receiveBufferBytes: 2920 });
    s.inject(". 1:1921(1920) ack 1").expect(". 1:1(0) ack 1921 win 1000");
    s.inject(". 1921:2921(1000) ack 1").expect(". 1:1(0) ack 2921 win 0");
    for (let hour = 1; hour <= 5; hour++) {
      s.at(hour * 3_600_000).inject(". 2921:2922(1) ack 1").expect(". 1:1(0) ack 2921 win 0");
    }
    s.expectState("ESTABLISHED");
    assertEquals(s.call.read(2000), 2000);
    s.expect(". 1:1(0) ack 2921 win 2000");
  }),
);

Deno.test(
  "[MAY-16] ESTABLISHED: what several SENDs have handed over goes out as one segment (RFC 9293 §3.9.1.2)",
  script((s) => {
    established(s);
    s.call.send(10);
    s.expect("P. 1:11(10) ack 1");
    s.call.send(10);
    s.call.send(20);
    s.expectNothing();
    s.inject(". 1:1(0) ack 11").expect("P. 11:41(30) ack 1");
  }),
);

Deno.test(
  "[SHLD-20] ESTABLISHED: a user without a handler for soft errors hears of none, and nothing else changes (RFC 9293 §3.9.1.8)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    established(s);
    s.connection!.handlers = { closed: s.connection!.handlers.closed };
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.injectIcmp(3, 1).expectNothing().expectNoEvent();
    for (const ms of [200, 600, 1400, 3000]) s.at(ms).expect("P. 1:101(100) ack 1");
    s.expectNoEvent().expectState("ESTABLISHED");
    s.inject(". 1:1(0) ack 101").expectNothing();
  }),
);

Deno.test(
  "[MAY-12] ESTABLISHED: text whose acknowledgment is of what was never sent is not taken (RFC 9293 §3.10.7.4, RFC 5961 §5.2)",
  script((s) => {
    accepted(s);
    s.inject("P. 1:11(10) ack 5000").expect(". 1:1(0) ack 1");
    assertEquals(s.connection!.readableBytes, 0);
  }),
);

Deno.test(
  "[MAY-13] ESTABLISHED: text out of order is acknowledged at once, with the number that is awaited (RFC 9293 §3.10.7.4)",
  script({ tcp: { quickAckCount: 0 } }, (s) => {
    accepted(s);
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 1");
  }),
);

Deno.test(
  "ESTABLISHED: the retransmission timeout stops growing at 120 s, or at what was chosen, 60 s and more (RFC 6298 §2.5)",
  script({ tcp: { maxRtoMs: 60_000, tailLossProbe: false } }, (s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    let at = 0;
    for (let rto = 200; rto <= 60_000; rto *= 2) {
      at += rto;
      s.at(at).expect("P. 1:101(100) ack 1");
    }
    for (let i = 0; i < 2; i++) {
      at += 60_000;
      s.at(at).expect("P. 1:101(100) ack 1");
    }
    s.inject(". 1:1(0) ack 101").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: without SACK no reordering timer runs: duplicates are counted, and the timer repairs (RFC 8985 §4)",
  script((s) => {
    synReceived(s);
    s.at(50).inject(". 1:1(0) ack 1").expectNothing();
    s.call.send(4000);
    s.expect(". 1:1001(1000)").expect(". 1001:2001(1000)").expect(". 2001:3001(1000)")
      .expect("P. 3001:4001(1000)");
    s.at(100).inject(". 1:1(0) ack 1").inject(". 1:1(0) ack 1").expectNothing();
    // Two duplicates, and a quarter of the round trip has passed: with SACK the first segment would be lost.
    s.at(120).expectNothing();
    s.inject(". 1:1(0) ack 1").expect(". 1:1001(1000) ack 1");
    s.at(150).inject(". 1:1(0) ack 4001").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: the loss of a retransmission is found by time, too (RFC 8985 §6.2)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    synReceived(s, {}, "<mss 1000,sackOK>");
    s.at(50).inject(". 1:1(0) ack 1").expectNothing();
    s.call.send(6000);
    for (let i = 0; i < 6; i++) s.take();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    // What left before the retransmission tells nothing about it.
    s.inject(". 1:1(0) ack 1 <sack 1001:6001>").expectNothing();
    assert(s.connection!.info().sackedBytes === 5000);
    s.at(150).inject(". 1:1(0) ack 6001").expectNothing();
  }),
);

Deno.test("SYN-SENT: the port of a listener is not drawn for an active OPEN (RFC 6056 §3.1)", () => {
  const drawn = (listening: number | undefined): number => {
    const harness = new PacketHarness({ seed: 5 });
    if (listening !== undefined) harness.tcp.listen({ port: listening }, () => undefined);
    return harness.tcp.connect({ remoteAddress: PEER_ADDRESS, remotePort: 80 }, {}).localPort;
  };
  const first = drawn(undefined);
  assertEquals(drawn(first - 1), first);
  assert(drawn(first) !== first);
});
