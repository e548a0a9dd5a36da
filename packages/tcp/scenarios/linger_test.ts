import { assert, assertEquals } from "@std/assert";
import { RST } from "../control_bits.ts";
import { script, type TcpScript } from "./harness.ts";
import { accepted, closeWait, established, finWait1, synReceived, synSent, timeWait } from "./states.ts";
import { TwoHosts } from "./two_hosts.ts";

/** The next segment is a reset. */
function expectReset(s: TcpScript): void {
  const reset = s.take();
  assertEquals((reset?.ctl ?? 0) & RST, RST, "a reset was expected");
  s.expectNothing().expectState("CLOSED");
}

// SO_LINGER off: CLOSE returns at once, and what was handed over is delivered.

Deno.test(
  "ESTABLISHED: without linger, text and FIN are delivered after CLOSE, however long it takes (RFC 9293 §3.10.4)",
  script((s) => {
    established(s);
    s.call.send(2500);
    s.expect(". 1:1001(1000) ack 1").expect(". 1001:2001(1000) ack 1").expect("P. 2001:2501(500) ack 1");
    s.call.close();
    s.expect("F. 2501:2501(0) ack 1").expectState("FIN-WAIT-1");
    s.inject(". 1:1(0) ack 2001").expectNothing();
    s.at(199).expectNothing();
    const again = s.run(300).take()!;
    assertEquals((again.seq - s.iss) >>> 0, 2001);
    s.takeAll();
    s.inject(". 1:1(0) ack 2502").expectState("FIN-WAIT-2");
    s.inject("F. 1:1(0) ack 2502").expect(". 2502:2502(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "FIN-WAIT-1: a connection that the user has closed is given up after nine retransmissions (tcp_orphan_retries)",
  script((s) => {
    finWait1(s);
    s.run(204_599);
    assertEquals([s.takeAll().length, s.connection!.state], [9, "FIN-WAIT-1"]);
    s.run(204_700);
    s.takeAll();
    s.expectState("CLOSED");
  }),
);

for (const delayMs of [0, 50, 110, 150, 300]) {
  Deno.test(
    `FIN-WAIT-1: what was written before CLOSE is delivered after an outage of a minute, ${
      2 * delayMs
    } ms away (RFC 9293 §3.8.3)`,
    () => {
      const outages = [[1000, 61_000]] as const;
      const hosts = new TwoHosts({ aToB: { delayMs, outages }, bToA: { delayMs, outages } });
      let received = 0;
      hosts.b.tcp.listen({ port: 7 }, () => ({
        readable: (c) => {
          const bytes = new Uint8Array(65536);
          for (let n = c.read(bytes); n > 0; n = c.read(bytes)) received += n;
          if (c.isReadEof) c.close();
        },
      }));
      const connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 7 }, {});
      hosts.flush();
      hosts.sim.advance(1000 - delayMs / 2);
      assertEquals(connection.send(new Uint8Array(20_000)), 20_000);
      connection.close();
      hosts.flush();
      hosts.sim.runUntil(() => received === 20_000, 300_000);
      assertEquals(received, 20_000);
    },
  );
}

Deno.test(
  "ESTABLISHED: a connection that the user holds is not given up so soon (RFC 9293 §3.8.3)",
  script((s) => {
    established(s);
    s.call.send(100);
    s.run(900_000);
    s.takeAll();
    s.expectState("ESTABLISHED");
  }),
);

// Linger of 0: a reset, and everything is dropped.

Deno.test(
  "ESTABLISHED: with linger 0 CLOSE drops what waits and resets (SO_LINGER)",
  script((s) => {
    s.win = 500;
    established(s, { lingerMs: 0 });
    s.call.send(2000);
    s.takeAll();
    s.call.close();
    expectReset(s);
    s.at(10_000).expectNothing();
    assertEquals(s.harness.tcp.connectionCount, 0);
  }),
);

Deno.test(
  "CLOSE-WAIT: with linger 0 CLOSE resets (SO_LINGER)",
  script((s) => {
    closeWait(s);
    s.connection!.lingerMs = 0;
    s.call.close();
    expectReset(s);
  }),
);

Deno.test(
  "SYN-RECEIVED: with linger 0 CLOSE resets (SO_LINGER, RFC 9293 §3.10.4)",
  script((s) => {
    synSent(s, { lingerMs: 0 });
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.call.close();
    expectReset(s);
  }),
);

Deno.test(
  "SYN-SENT: with linger 0 CLOSE just deletes the TCB: the peer knows nothing yet (RFC 9293 §3.10.4)",
  script((s) => {
    synSent(s, { lingerMs: 0 });
    s.call.close();
    s.expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-1: with linger 0 CLOSE after a half close resets too (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 0 });
    s.call.shutdownSend();
    s.expect("F. 1:1(0) ack 1");
    s.call.close();
    expectReset(s);
  }),
);

Deno.test(
  "TIME-WAIT: linger changes nothing: there is nothing to linger for",
  script((s) => {
    timeWait(s);
    s.connection!.lingerMs = 0;
    s.call.close();
    s.expectNothing().expectState("TIME-WAIT");
  }),
);

// Linger with a time: a reset when it is over and something is not acknowledged.

Deno.test(
  "FIN-WAIT-1: with linger, what is acknowledged in time ends in good order (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 1000 });
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.call.close();
    s.expect("F. 101:101(0) ack 1");
    s.at(100).inject(". 1:1(0) ack 102").expectState("FIN-WAIT-2");
    s.at(1000).expectNothing().expectState("FIN-WAIT-2");
    // FIN-WAIT-2 has a limit of its own.
    s.at(60_099).expectNothing().expectState("FIN-WAIT-2");
    s.at(60_100).expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "FIN-WAIT-1: with linger, text that a closed window keeps back is reset when the time is over (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 5000 });
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(100);
    s.expectNothing();
    s.call.close();
    s.expectNothing().expectState("FIN-WAIT-1");
    s.run(4999);
    s.takeAll();
    s.expectState("FIN-WAIT-1");
    s.run(5000);
    expectReset(s);
    assertEquals(s.harness.tcp.orphanCount, 0);
  }),
);

Deno.test(
  "LAST-ACK: with linger, a FIN that is not acknowledged in time draws a reset (SO_LINGER)",
  script((s) => {
    closeWait(s);
    s.connection!.lingerMs = 500;
    s.call.close();
    s.expect("F. 1:1(0) ack 2").expectState("LAST-ACK");
    s.at(200).expect("F. 1:1(0) ack 2");
    s.at(500);
    expectReset(s);
  }),
);

Deno.test(
  "CLOSING: with linger, the acknowledgment in time leads to TIME-WAIT (SO_LINGER)",
  script((s) => {
    established(s, { lingerMs: 500 });
    s.call.close();
    s.expect("F. 1:1(0) ack 1");
    s.inject("F. 1:1(0) ack 1").expect(". 2:2(0) ack 2").expectState("CLOSING");
    s.inject(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.at(59_000).expectNothing().expectState("TIME-WAIT");
  }),
);

Deno.test(
  "LISTEN: connections inherit linger (TC-05)",
  script((s) => {
    accepted(s, { lingerMs: 0 });
    assertEquals(s.connection!.lingerMs, 0);
    s.call.close();
    expectReset(s);
  }),
);

// Unread text: the peer must learn that it was lost (RFC 2525 §2.17).

Deno.test(
  "CLOSE-WAIT: CLOSE with unread text resets, linger or not (RFC 2525 §2.17)",
  script((s) => {
    established(s, { lingerMs: 1000 });
    s.inject("FP. 1:11(10) ack 1").expectState("CLOSE-WAIT");
    s.at(40).expect(". 1:1(0) ack 12");
    s.call.close();
    expectReset(s);
  }),
);

Deno.test(
  "FIN-WAIT-2: CLOSE with unread text after a half close resets (RFC 2525 §2.17)",
  script((s) => {
    established(s);
    s.call.shutdownSend();
    s.expect("F. 1:1(0) ack 1");
    s.inject("P. 1:11(10) ack 2").expect(". 2:2(0) ack 11").expectState("FIN-WAIT-2");
    s.call.close();
    expectReset(s);
  }),
);

Deno.test(
  "TIME-WAIT: unread text may still be read, and CLOSE without reading it sends nothing (RFC 9293 §3.6)",
  script((s) => {
    established(s);
    s.call.shutdownSend();
    s.expect("F. 1:1(0) ack 1");
    s.inject("FP. 1:11(10) ack 2").expect(". 2:2(0) ack 12").expectState("TIME-WAIT");
    assertEquals(s.connection!.readableBytes, 10);
    s.call.close();
    s.expectNothing().expectState("TIME-WAIT");
  }),
);

// Too many that nobody holds.

Deno.test(
  "ESTABLISHED: with too many orphans, the next one is reset when it is closed (tcp_max_orphans)",
  script({ tcp: { maxOrphans: 2 } }, (s) => {
    for (const localPort of [40001, 40002, 40003]) {
      established(s, { localPort });
      s.call.close();
      if (localPort < 40003) s.expect("F. 1:1(0) ack 1").expectState("FIN-WAIT-1");
    }
    expectReset(s);
    assertEquals([s.harness.tcp.orphanCount, s.harness.tcp.counters.orphansReset], [2, 1]);
    s.run(300_000);
    s.takeAll();
    assertEquals(s.harness.tcp.orphanCount, 0);
  }),
);

Deno.test(
  "FIN-WAIT-1: TIME-WAIT and CLOSED are no orphans",
  script((s) => {
    finWait1(s);
    assertEquals(s.harness.tcp.orphanCount, 1);
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    assertEquals(s.harness.tcp.orphanCount, 0);
    synReceived(s);
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
    s.call.abort();
    s.takeAll();
    assertEquals(s.harness.tcp.orphanCount, 0);
  }),
);

Deno.test(
  "FIN-WAIT-1: orphans whose peers keep their windows shut go when the text of all is too much (sockstress)",
  script({ tcp: { maxOrphanBytes: 100_000 } }, (s) => {
    const ports = Array.from({ length: 10 }, (_, i) => 40_001 + i);
    for (const localPort of ports) {
      established(s, { localPort });
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(30_000);
      s.call.close();
      s.run(s.nowMs + 1000);
      s.takeAll();
    }
    const { tcp } = s.harness;
    const states = s.connections.map((c) => c.state);
    // The newest stay.
    assertEquals(states.filter((state) => state === "FIN-WAIT-1").length, 3);
    assertEquals(states.slice(0, 7), Array(7).fill("CLOSED"));
    assertEquals([tcp.orphanCount, tcp.counters.orphansReset], [3, 7]);
  }),
);

Deno.test(
  "FIN-WAIT-1: orphans whose peers read do not go for those who do not (sockstress)",
  script({ tcp: { maxOrphanBytes: 50_000 } }, (s) => {
    established(s, { localPort: 40_001 });
    s.call.send(30_000);
    s.call.close();
    s.takeAll();
    const honest = s.connection!;
    for (const localPort of [40_002, 40_003]) {
      established(s, { localPort });
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(15_000);
      s.call.close();
      s.takeAll();
    }
    assertEquals(honest.state, "FIN-WAIT-1");
    assertEquals(s.harness.tcp.orphanCount, 2);
  }),
);

Deno.test(
  "FIN-WAIT-1: an orphan whose peer answers probes, and never opens its window, is given up (RFC 6429 §4, sockstress)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(100);
    s.call.close();
    let probes = 0;
    while (s.connection!.state !== "CLOSED" && s.nowMs < 1_000_000) {
      s.run(s.nowMs + 100);
      for (const seg of s.takeAll()) {
        if ((seg.ctl & RST) !== 0) continue;
        probes++;
        s.inject(". 1:1(0) ack 1 win 0");
      }
    }
    s.expectState("CLOSED");
    assert(s.nowMs > 200_000 && s.nowMs < 400_000, `${s.nowMs} ms`);
    assert(probes >= 8 && probes < 20, `${probes} probes`);
  }),
);

Deno.test(
  "ESTABLISHED: a connection that the user holds may find the window closed for ever (RFC 9293 §3.8.6.1, MUST-35)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(100);
    while (s.nowMs < 2_000_000) {
      s.run(s.nowMs + 1000);
      for (const _ of s.takeAll()) s.inject(". 1:1(0) ack 1 win 0");
    }
    s.expectState("ESTABLISHED");
  }),
);
