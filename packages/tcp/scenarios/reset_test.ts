import { assertEquals } from "@std/assert";
import { ipv4 } from "@lightwire/ip";
import { script, type TcpScript } from "./harness.ts";
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
  synSent,
  timeWait,
} from "./states.ts";

Deno.test(
  "CLOSED: a SYN draws <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> (RFC 9293 §3.10.7.1)",
  script((s) => {
    s.inject("S 7:7(0) win 65535").expect("R. 0:0(0) ack 8").expectNothing();
    s.inject("S 7:12(5) win 65535").expect("R. 0:0(0) ack 13");
    s.inject("F 7:7(0)").expect("R. 0:0(0) ack 8");
    s.inject("0 7:9(2)").expect("R. 0:0(0) ack 9");
  }),
);

Deno.test(
  "CLOSED: an ACK draws <SEQ=SEG.ACK><CTL=RST> (RFC 9293 §3.10.7.1)",
  script((s) => {
    s.inject(". 7:7(0) ack 99").expect("R 99:99(0)").expectNothing();
    s.inject("S. 7:7(0) ack 99").expect("R 99:99(0)");
    s.inject("FP. 7:17(10) ack 99").expect("R 99:99(0)");
  }),
);

Deno.test(
  "CLOSED: a RST draws nothing (RFC 9293 §3.10.7.1)",
  script((s) => {
    s.inject("R 7:7(0)").inject("R. 7:7(0) ack 5").expectNothing();
  }),
);

Deno.test(
  "CLOSED: nothing answers what came to, or from, a broadcast address (RFC 1122 §4.2.3.10)",
  script((s) => {
    s.inject("S 0:0(0)", { destination: ipv4(0xc00002ff) }).expectNothing();
    s.inject(". 0:0(0) ack 1", { destination: ipv4(0xe0000001) }).expectNothing();
    s.inject("S 0:0(0)", { source: ipv4(0xffffffff) }).expectNothing();
    assertEquals([s.harness.tcp.counters.addressErrors, s.harness.tcp.counters.noPort], [2, 0]);
  }),
);

/** [state, how to get there, next sequence number of the peer, what the user is told, undefined: nothing more]. */
const RESETTABLE: readonly (readonly [string, (s: TcpScript) => void, number, string])[] = [
  ["ESTABLISHED", established, 1, "closed CONNECTION_RESET"],
  ["ESTABLISHED (passive)", accepted, 1, "closed CONNECTION_RESET"],
  ["FIN-WAIT-1", finWait1, 1, "closed CONNECTION_RESET"],
  ["FIN-WAIT-2", halfClosed, 1, "closed CONNECTION_RESET"],
  ["CLOSE-WAIT", closeWait, 2, "closed BROKEN_PIPE"],
  ["CLOSING", closing, 2, "closed CONNECTION_RESET"],
  ["LAST-ACK", lastAck, 2, "closed CONNECTION_RESET"],
];

for (const [name, reach, seq, event] of RESETTABLE) {
  Deno.test(
    `${name}: RST with the exact sequence number deletes the TCB (RFC 9293 §3.10.7.4, RFC 5961 §3.2)`,
    script((s) => {
      reach(s);
      s.inject(`R ${seq}:${seq}(0)`).expectNothing().expectState("CLOSED");
      assertEquals(s.events.filter((e) => e.startsWith("closed")), [event]);
      assertEquals([...s.harness.tcp.connections()].length, 0);
    }),
  );

  Deno.test(
    `${name}: RST in the window, but not exact, draws a challenge ACK (RFC 5961 §3.2)`,
    script((s) => {
      reach(s);
      s.takeAll();
      const { state } = s.connection!;
      s.inject(`R ${seq + 1}:${seq + 1}(0)`);
      const ack = s.take()!;
      assertEquals([ack.ctl, (ack.ack - s.irs) >>> 0, ack.textLength], [0x10, seq, 0]);
      s.expectNothing().expectState(state);
    }),
  );

  Deno.test(
    `${name}: out-of-window RST is dropped silently (RFC 5961 §3.2)`,
    script((s) => {
      reach(s);
      const { state } = s.connection!;
      s.inject(`R ${seq + 65536}:${seq + 65536}(0)`).expectNothing().expectState(state);
      s.inject(`R ${seq - 1}:${seq - 1}(0)`).expectNothing().expectState(state);
    }),
  );
}

Deno.test(
  "TIME-WAIT: RST does not end the wait (RFC 1337)",
  script((s) => {
    timeWait(s);
    s.inject("R 2:2(0)").expectNothing().expectState("TIME-WAIT");
    s.at(60_000).expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: a RST may carry text (RFC 9293 §3.5.3, SHLD-2)",
  script((s) => {
    established(s);
    s.inject("R. 1:30(29) ack 1").expectNothing().expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "ESTABLISHED: text received before the RST can still be read when the user is told of it (lwIP: recv_after_rst)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    let readable = -1;
    s.call.do("read in closed()", (c) => {
      c.handlers = { closed: (connection) => readable = connection.read(new Uint8Array(100)) };
    });
    s.inject("R. 11:11(0) ack 1").expectState("CLOSED");
    assertEquals(readable, 10);
  }),
);

Deno.test(
  "ESTABLISHED: half-open discovered: the peer's new SYN is challenged, and its RST then ends the old connection (RFC 9293 §3.5.1, figure 9)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.inject("S 400:400(0) win 65535 <mss 1000>").expect(". 101:101(0) ack 1");
    s.inject("R 1:1(0)").expectNothing().expectClosed("CONNECTION_RESET");
  }),
);

Deno.test(
  "ESTABLISHED: half-open discovered by our own text (RFC 9293 §3.5.1, figure 10)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.inject("R 1:1(0)").expectNothing().expectClosed("CONNECTION_RESET");
    s.at(5000).expectNothing();
  }),
);

Deno.test(
  "LISTEN: old duplicate SYN: the RST of the astonished peer returns to LISTEN (RFC 9293 §3.5, figure 8)",
  script((s) => {
    s.call.listen();
    s.inject("S 90:90(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 91");
    s.inject("R 91:91(0)").expectNothing();
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "SYN-RECEIVED: RST in the window, but not exact, is challenged (RFC 5961 §3.2)",
  script((s) => {
    synReceived(s);
    s.inject("R 5:5(0)").expect(". 1:1(0) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "SYN-SENT: RST of a port that is closed; its acknowledgment proves that it saw our SYN (RFC 9293 §3.10.7.3)",
  script((s) => {
    synSent(s);
    s.inject("R. 0:0(0) ack 1 win 0").expectClosed("CONNECTION_REFUSED");
    s.at(5000).expectNothing();
  }),
);

Deno.test(
  "[MUST-3] any state: a segment with a bad checksum is dropped silently (RFC 9293 §3.1)",
  script((s) => {
    s.inject("S 7:7(0) win 65535", { checksumError: 1 }).expectNothing();
    established(s);
    s.inject("R 1:1(0)", { checksumError: 1 }).expectNothing().expectState("ESTABLISHED");
    s.inject("P. 1:11(10) ack 1", { checksumError: 0x100 }).expectNothing();
    assertEquals(s.connection!.readableBytes, 0);
  }),
);

Deno.test(
  "any state: a segment with a bad data offset is dropped silently (RFC 9293 §3.1)",
  script((s) => {
    established(s);
    s.inject("P. 1:11(10) ack 1", { dataOffset: 4 }).expectNothing();
    s.inject(". 1:1(0) ack 1", { dataOffset: 15 }).expectNothing();
    s.expectState("ESTABLISHED");
  }),
);

Deno.test(
  "FIN-WAIT-2: the RST of a peer that was closed ends it (RFC 9293 §3.10.7.4)",
  script((s) => {
    finWait2(s);
    s.inject("R 1:1(0)").expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "ESTABLISHED: an acknowledgment and a reset in one batch: nobody is asked to send any more (RFC 9293 §3.10.7.4)",
  script((s) => {
    // The user heard "writable" first, and send() threw.
    established(s);
    s.call.send(1000);
    s.takeAll();
    s.expectNoEvent();
    s.injectBatch(". 1:1(0) ack 1001", "R. 1:1(0) ack 1001");
    assertEquals(s.events, ["closed CONNECTION_RESET"]);
  }),
);

Deno.test(
  "SYN-SENT: a handshake and a reset in one batch are the end, not a connection (RFC 9293 §3.10.7.4)",
  script((s) => {
    synSent(s);
    s.injectBatch("S. 0:0(0) ack 1 win 65535 <mss 1000>", "R 1:1(0)");
    s.takeAll();
    assertEquals(s.events, ["closed CONNECTION_RESET"]);
  }),
);
