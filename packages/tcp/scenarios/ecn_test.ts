import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant, synSent } from "./states.ts";

const CE = 3;

/** ECN field of the IP header of the packet taken last. */
const ect = (s: TcpScript): number => s.lastSent[1]! & 3;

/** ESTABLISHED by the SYN of a peer that asks for ECN, 50 ms away. */
function capable(s: TcpScript): void {
  s.call.listen();
  s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>");
  s.expect("SE. 0:0(0) ack 1");
  assertEquals(ect(s), 0);
  s.at(50).inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
}

Deno.test(
  "LISTEN: a SYN that asks for ECN gets it; others do not (RFC 3168 §6.1.1)",
  script((s) => {
    capable(s);
    assertEquals(s.connection!.info().hasEcn, true);
    s.peerPort++;
    s.inject("SE 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
    assertEquals(s.connection!.info().hasEcn, false);
  }),
);

Deno.test(
  "LISTEN: ecn: off refuses in silence (RFC 3168 §6.1.1)",
  script({ tcp: { ecn: "off" } }, (s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
  }),
);

Deno.test(
  "SYN-SENT: ecn: on asks by ECE and CWR, and takes ECE alone for an answer (RFC 3168 §6.1.1)",
  script({ tcp: { ecn: "on" } }, (s) => {
    s.call.connect();
    s.expect("SEW 0:0(0)");
    assertEquals(ect(s), 0);
    s.inject("SE. 0:0(0) ack 1 win 65535 <mss 1000>").expect(". 1:1(0) ack 1");
    assertEquals([s.connection!.info().hasEcn, ect(s)], [true, 0]);
    s.call.send(500);
    s.expect("P. 1:501(500) ack 1");
    assertEquals(ect(s), 2);
    s.inject(". 1:1(0) ack 501");
  }),
);

for (const answer of ["S.", "SEW."]) {
  Deno.test(
    `SYN-SENT: a SYN-ACK with the bits ${answer} means no ECN (RFC 3168 §6.1.1)`,
    script({ tcp: { ecn: "on" } }, (s) => {
      s.call.connect();
      s.expect("SEW 0:0(0)");
      s.inject(`${answer} 0:0(0) ack 1 win 65535 <mss 1000>`).expect(". 1:1(0) ack 1");
      s.call.send(500);
      s.expect("P. 1:501(500) ack 1");
      assertEquals([s.connection!.info().hasEcn, ect(s)], [false, 0]);
      s.inject(". 1:1(0) ack 501");
    }),
  );
}

Deno.test(
  "SYN-SENT: a SYN that has to be repeated does not ask for ECN again (RFC 3168 §6.1.1.1)",
  script({ tcp: { ecn: "on" } }, (s) => {
    s.call.connect();
    s.expect("SEW 0:0(0)");
    s.at(1000).expect("S 0:0(0)");
    s.inject("SE. 0:0(0) ack 1 win 65535 <mss 1000>").expect(". 1:1(0) ack 1");
    assertEquals(s.connection!.info().hasEcn, false);
  }),
);

Deno.test(
  "SYN-SENT: passive does not ask (Linux's default)",
  script((s) => {
    synSent(s);
  }),
);

Deno.test(
  "ESTABLISHED: a mark is echoed on each acknowledgment until CWR comes (RFC 3168 §6.1.3)",
  script((s) => {
    capable(s);
    s.inject(". 1:1001(1000) ack 1", { tos: CE }).expect("E. 1:1(0) ack 1001");
    s.inject(". 1001:2001(1000) ack 1", { tos: 2 }).expect("E. 1:1(0) ack 2001");
    s.inject("W. 2001:3001(1000) ack 1", { tos: 2 }).expect(". 1:1(0) ack 3001");
    // CWR on a packet that is marked again.
    s.inject("W. 3001:4001(1000) ack 1", { tos: CE }).expect("E. 1:1(0) ack 4001");
    assertEquals(s.harness.tcp.counters.ceReceived, 2);
    s.call.read(10_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: without ECN a mark means nothing (RFC 3168 §6.1)",
  script((s) => {
    distant(s);
    s.inject(". 1:1001(1000) ack 1", { tos: CE }).expect(". 1:1(0) ack 1001");
  }),
);

for (const [congestionControl, rest] of [["reno", 5000], ["cubic", 7000]] as const) {
  Deno.test(
    `ESTABLISHED: ${congestionControl}: ECE reduces the window once a round trip, nothing is sent again, and CWR says so (RFC 3168 §6.1.2)`,
    script({ tcp: { congestionControl } }, (s) => {
      capable(s);
      s.call.send(20_000);
      assertEquals(s.takeAll().length, 10);
      s.at(100).inject("E. 1:1(0) ack 1001");
      const { cwnd } = s.connection!.info();
      assertEquals(cwnd, rest);
      s.inject("E. 1:1(0) ack 2001").inject("E. 1:1(0) ack 3001");
      assertEquals([s.connection!.info().ssthresh, s.harness.tcp.counters.ecnReductions], [rest, 1]);
      s.inject("E. 1:1(0) ack 9001");
      const sent = s.takeAll();
      assertEquals(sent.map((seg) => (seg.ctl & 0x80) !== 0).indexOf(true), 0);
      assertEquals(sent.filter((seg) => (seg.ctl & 0x80) !== 0).length, 1);
      assertEquals(s.harness.tcp.counters.retransSegs, 0);
      // The peer has not seen CWR, which lies behind what was in flight: that is still the first mark.
      s.inject("E. 1:1(0) ack 10001");
      s.takeAll();
      assertEquals(s.harness.tcp.counters.ecnReductions, 1);
      // Marks of the next window count again.
      s.at(150).inject("E. 1:1(0) ack 11001");
      assertEquals(s.harness.tcp.counters.ecnReductions, 2);
      s.call.abort();
      s.takeAll();
    }),
  );
}

for (const congestionControl of ["cubic", "reno"] as const) {
  Deno.test(
    `ESTABLISHED: ${congestionControl}: marks that go on leave one segment, and at last one in a retransmission timeout (RFC 9438 §4.6, RFC 3168 §6.1.2)`,
    script({ tcp: { congestionControl } }, (s) => {
      capable(s);
      s.call.send(100_000);
      let una = 1;
      const takeText = (): number => s.takeAll().reduce((octets, seg) => octets + seg.textLength, 0);
      for (let octets = takeText(); octets > 1000 || s.connection!.info().cwnd > 1000; octets = takeText()) {
        s.at(s.nowMs + 50).inject(`E. 1:1(0) ack ${una += octets}`);
      }
      assertEquals([s.connection!.info().cwnd, s.connection!.info().ssthresh], [1000, 2000]);
      const { rtoMs } = s.connection!.info();
      s.at(s.nowMs + 50).inject(`E. 1:1(0) ack ${una += 1000}`).expectNothing();
      s.run(s.nowMs + rtoMs - 20).expectNothing();
      s.run(s.nowMs + 30);
      assertEquals([takeText(), s.harness.tcp.counters.retransSegs], [1000, 0]);
      s.at(s.nowMs + 50).inject(`. 1:1(0) ack ${una += 1000}`);
      assertEquals(takeText(), 2000, "slow start goes on");
      s.call.abort();
      s.takeAll();
    }),
  );
}

Deno.test(
  "ESTABLISHED: retransmissions and acknowledgments are not ECN-capable; a loss is told by CWR too (RFC 3168 §6.1.4, §6.1.5)",
  script((s) => {
    capable(s);
    s.call.send(10_000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    assertEquals(ect(s), 0);
    s.inject(". 1:2(1) ack 10001").expect(". 10001:10001(0) ack 2");
    assertEquals(ect(s), 0);
    s.call.send(1000);
    s.expect("PW. 10001:11001(1000) ack 2");
    assertEquals(ect(s), 2);
    s.call.abort();
    s.takeAll();
  }),
);

for (const iss of [0, 0x7fffffff, 0x80000000, 0xc0000000, 0xffffff00]) {
  Deno.test(
    `ESTABLISHED: the first mark is heard wherever the sequence numbers begin: ${iss} (RFC 3168 §6.1.2)`,
    script({ iss }, (s) => {
      capable(s);
      s.call.send(8000);
      s.takeAll();
      const { cwnd } = s.connection!.info();
      s.at(100).inject("E. 1:1(0) ack 2001");
      assertEquals(s.connection!.info().cwnd < cwnd, true);
      s.call.abort();
      s.takeAll();
    }),
  );
}

Deno.test(
  "ESTABLISHED: a timeout is told by CWR with the next new text (RFC 3168 §6.1.2)",
  script((s) => {
    capable(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.run(2000);
    s.takeAll();
    s.inject(". 1:1(0) ack 1001");
    s.call.send(1000);
    s.expect("PW. 1001:2001(1000) ack 1");
    s.inject(". 1:1(0) ack 2001");
  }),
);

Deno.test(
  "ESTABLISHED: a loss that a tail loss probe repaired is told by CWR (RFC 3168 §6.1.2, RFC 8985 §7.4.2)",
  script((s) => {
    capable(s);
    s.call.send(3000);
    s.takeAll();
    s.run(s.nowMs + 120);
    assertEquals(s.takeAll().length, 1);
    // The probe repeated the last segment; that and what follows is acknowledged without a D-SACK.
    s.call.send(1000);
    s.expect("P. 3001:4001(1000) ack 1");
    s.inject(". 1:1(0) ack 4001");
    s.call.send(1000);
    s.expect("PW. 4001:5001(1000) ack 1");
    s.inject(". 1:1(0) ack 5001");
  }),
);

Deno.test(
  "ESTABLISHED: a mark never makes the window larger (RFC 3168 §6.1.2)",
  script((s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>").expect("SE. 0:0(0) ack 1");
    for (const ms of [1000, 3000]) s.at(ms).expect("SE. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
    assertEquals(s.connection!.info().cwnd, 1000);
    s.call.send(1000);
    s.takeAll();
    s.inject("E. 1:1(0) ack 1");
    assertEquals([s.connection!.info().cwnd, s.harness.tcp.counters.ecnReductions], [1000, 1]);
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: an acknowledgment with ECE never makes the window larger, even where its mark is answered already (RFC 3168 §6.1.2)",
  script((s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>").expect("SE. 0:0(0) ack 1");
    s.at(50).inject(". 1:1(0) ack 1");
    s.call.send(20_000);
    s.takeAll();
    s.at(100).inject("E. 1:1(0) ack 1001");
    const { cwnd } = s.connection!.info();
    assertEquals(cwnd, 7000);
    for (let ack = 2001; ack <= 10_001; ack += 1000) s.inject(`E. 1:1(0) ack ${ack}`);
    assertEquals(s.connection!.info().cwnd, cwnd);
    s.takeAll();
    s.at(150).inject(". 1:1(0) ack 14001");
    assert(s.connection!.info().cwnd > cwnd);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK of an earlier recovery does not take back what a mark took (RFC 3168 §6.1.2, RFC 3708)",
  script((s) => {
    capable(s);
    s.call.send(10_000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 10001");
    s.call.send(5000);
    s.takeAll();
    s.at(150).inject("E. 1:1(0) ack 15001");
    const { cwnd } = s.connection!.info();
    s.inject(". 1:1(0) ack 15001 <sack 1:1001>");
    assertEquals([s.connection!.info().cwnd, s.harness.tcp.counters.undoneRecoveries], [cwnd, 0]);
  }),
);

for (const [congestionControl, rest] of [["reno", 8000], ["cubic", 8500]] as const) {
  Deno.test(
    `ESTABLISHED: ${congestionControl}: with ABE a mark takes less than a loss (RFC 8511 §3.1, RFC 8311 §4.1)`,
    script({ tcp: { congestionControl, ecnAlternativeBackoff: true } }, (s) => {
      capable(s);
      s.call.send(10_000);
      s.takeAll();
      s.at(100).inject("E. 1:1(0) ack 1001");
      assertEquals(s.connection!.info().cwnd, rest);
      s.inject(". 1:1(0) ack 10001");
    }),
  );
}

Deno.test(
  "SYN-RECEIVED: ECN+: the SYN-ACK is ECN-capable, one that has to be repeated is not (RFC 5562 §3.2, RFC 8311 §4.3)",
  script({ tcp: { ecnPlus: true } }, (s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000>").expect("SE. 0:0(0) ack 1");
    assertEquals(ect(s), 2);
    s.at(1000).expect("SE. 0:0(0) ack 1");
    assertEquals(ect(s), 0);
    s.inject(". 1:1(0) ack 1");
    s.peerPort++;
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    assertEquals(ect(s), 0);
  }),
);

Deno.test(
  "SYN-RECEIVED: ECN+: a marked SYN-ACK makes the first window a single segment, with CWR (RFC 5562 §3.2)",
  script({ tcp: { ecnPlus: true } }, (s) => {
    s.call.listen();
    s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>").expect("SE. 0:0(0) ack 1");
    s.at(50).inject("E. 1:1(0) ack 1").expectState("ESTABLISHED");
    s.call.send(3000);
    s.expect("W. 1:1001(1000) ack 1").expectNothing();
    s.at(100).inject(". 1:1(0) ack 1001");
    assertEquals(s.takeAll().length, 2);
    s.inject(". 1:1(0) ack 3001");
  }),
);

Deno.test(
  "SYN-SENT: a marked SYN-ACK is echoed until CWR comes (RFC 5562 §3.2)",
  script({ tcp: { ecn: "on" } }, (s) => {
    s.call.connect();
    s.expect("SEW 0:0(0)");
    s.inject("SE. 0:0(0) ack 1 win 65535 <mss 1000>", { tos: CE }).expect("E. 1:1(0) ack 1");
    s.inject("W. 1:1001(1000) ack 1", { tos: 2 }).expect(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: probes of a closed window are not ECN-capable (RFC 3168 §6.1.6)",
  script({ tcp: { zeroWindowProbe: "octet" } }, (s) => {
    capable(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(10);
    s.expectBetween(60, 1200, ". 1:2(1) ack 1");
    assertEquals(ect(s), 0);
    s.inject(". 1:1(0) ack 2 win 65535").expect("P. 2:11(9) ack 1");
    assertEquals(ect(s), 2);
    s.inject(". 1:1(0) ack 11");
  }),
);

Deno.test(
  "ESTABLISHED: a mark during a recovery does not reduce the window once more (RFC 3168 §6.1.2)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    capable(s);
    s.call.send(10_000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    const { ssthresh } = s.connection!.info();
    s.call.send(5000);
    s.takeAll();
    // Some of it was sent after the recovery began, and is marked.
    for (let right = 5001; right <= 10_001; right += 1000) s.inject(`E. 1:1(0) ack 1 <sack 1001:${right}>`);
    s.takeAll();
    s.at(150).inject("E. 1:1(0) ack 10001");
    s.takeAll();
    assertEquals([s.connection!.info().ssthresh, s.harness.tcp.counters.ecnReductions], [ssthresh, 0]);
    s.call.abort();
    s.takeAll();
  }),
);
