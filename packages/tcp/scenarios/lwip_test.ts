// The scenarios of lwIP's own unit tests for TCP (suites tcp, tcp_oos, tcp_state), written anew against RFC 9293.
import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { accepted, established, finWait1, synReceived, synSent, timeWait } from "./states.ts";

function octets(s: TcpScript): number {
  return s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
}

/** All orders of `items`. */
function* permutations<T>(items: readonly T[]): IterableIterator<T[]> {
  if (items.length <= 1) {
    yield [...items];
    return;
  }
  for (let i = 0; i < items.length; i++) {
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) {
      yield [items[i]!, ...rest];
    }
  }
}

Deno.test(
  "lwIP tcp/new_abort: a connection that is aborted at once leaves nothing",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    s.call.abort();
    s.expectNothing().expectState("CLOSED");
    assertEquals([s.harness.tcp.connectionCount, s.harness.timers.size, s.harness.pool.inUse], [0, 0, 0]);
  }),
);

Deno.test(
  "lwIP tcp/listen_passive_open: a SYN cut short is ignored, a whole one answered",
  script((s) => {
    s.call.listen();
    const syn = s.packet("S 0:0(0) win 65535 <mss 1000>");
    for (let length = 20; length < 40; length++) {
      const short = syn.slice(0, length);
      short[2] = 0;
      short[3] = length;
      fixIpChecksum(short);
      s.injectRaw(short).expectNothing();
    }
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1");
    s.inject("R 1:1(0)");
  }),
);

function fixIpChecksum(bytes: Uint8Array): void {
  bytes[10] = bytes[11] = 0;
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += bytes[i]! * 256 + bytes[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes[10] = (~sum >> 8) & 0xff;
  bytes[11] = ~sum & 0xff;
}

Deno.test(
  "lwIP tcp/recv_inseq, recv_inseq_trim: what is received already is cut off",
  script((s) => {
    established(s);
    s.inject("P. 1:5(4) ack 1").expect(". 1:1(0) ack 5");
    assertEquals(s.call.read(10), 4);
    s.inject("P. 3:1203(1200) ack 1").expect(". 1:1(0) ack 1203");
    assertEquals(s.call.read(2000), 1198);
  }),
);

Deno.test(
  "lwIP tcp/passive_close: FIN of the peer, then ours",
  script((s) => {
    established(s);
    s.inject("F. 1:1(0) ack 1").expect(". 1:1(0) ack 2").expectState("CLOSE-WAIT");
    s.call.close();
    s.expect("F. 1:1(0) ack 2");
    s.inject(". 2:2(0) ack 2").expectState("CLOSED");
  }),
);

Deno.test(
  "lwIP tcp/active_abort: a reset goes out, everything is freed",
  script((s) => {
    established(s);
    s.call.send(5000);
    s.takeAll();
    s.call.abort();
    s.expect("R. 5001:5001(0) ack 1").expectState("CLOSED");
    assertEquals([s.harness.tcp.connectionCount, s.harness.timers.size], [0, 0]);
  }),
);

Deno.test(
  "lwIP tcp/malformed_header: no data offset but the right one is taken, and none leaks",
  script((s) => {
    established(s);
    for (let dataOffset = 0; dataOffset < 16; dataOffset++) {
      if (dataOffset === 5) continue;
      s.inject("P. 1:11(10) ack 1", { dataOffset });
      s.takeAll();
    }
    assertEquals([s.connection!.state, s.harness.pool.inUse <= 1], ["ESTABLISHED", true]);
  }),
);

Deno.test(
  "lwIP tcp/fast_retx_recover: three duplicates, the repair, then normal sending with Nagle",
  script({ tcp: { minshall: false } }, (s) => {
    established(s);
    s.call.send(1000);
    s.expect("P. 1:1001(1000) ack 1");
    s.at(20).inject(". 1:1(0) ack 1001");
    s.call.send(4000);
    assertEquals(octets(s), 4000);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1001");
    s.expect(". 1001:2001(1000) ack 1").expectNothing();
    s.call.send(100);
    s.expectNothing();
    s.at(40).inject(". 1:1(0) ack 5001").expect("P. 5001:5101(100) ack 1");
    s.call.send(100);
    s.expectNothing();
    s.inject(". 1:1(0) ack 5101").expect("P. 5101:5201(100) ack 1");
    s.inject(". 1:1(0) ack 5201");
  }),
);

for (const before of [1, 2500, 9_999]) {
  Deno.test(
    `lwIP tcp/fast_rexmit_wraparound: the sequence numbers wrap ${before} octets into the window`,
    script({ iss: (0x1_0000_0000 - before) >>> 0 }, (s) => {
      established(s);
      s.call.send(10_000);
      assertEquals(octets(s), 10_000);
      s.at(20);
      for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
      s.expect(". 1:1001(1000) ack 1");
      s.inject(". 1:1(0) ack 5001").expect(". 5001:6001(1000) ack 1");
      s.inject(". 1:1(0) ack 10001").expectNothing();
      assertEquals(s.connection!.unackedBytes, 0);
    }),
  );

  Deno.test(
    `lwIP tcp/rto_rexmit_wraparound: the sequence numbers wrap ${before} octets into the window`,
    script({ iss: (0x1_0000_0000 - before) >>> 0 }, (s) => {
      established(s);
      s.call.send(10_000);
      assertEquals(octets(s), 10_000);
      s.at(200).expect(". 1:1001(1000) ack 1").expectNothing();
      s.inject(". 1:1(0) ack 1001").expect(". 1001:2001(1000) ack 1").expect(". 2001:3001(1000) ack 1");
      s.expectNothing();
      s.inject(". 1:1(0) ack 10001").expectNothing();
      assertEquals(s.connection!.unackedBytes, 0);
    }),
  );
}

Deno.test(
  "lwIP tcp/tx_full_window_lost: a full window is lost; after the timeout it comes again, and the persist timer stays quiet",
  script((s) => {
    s.win = 4000;
    established(s);
    s.call.send(8000);
    assertEquals(octets(s), 4000);
    s.at(200).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(250).inject(". 1:1(0) ack 1001 win 4000");
    let right = 1001 + 1000 * s.takeAll().length;
    while (right < 8001) {
      s.inject(`. 1:1(0) ack ${Math.min(right, 8001)} win 4000`);
      const sent = s.takeAll();
      assert(sent.length > 0);
      right = ((sent.at(-1)!.seq - s.iss) >>> 0) + sent.at(-1)!.textLength;
    }
    s.inject(". 1:1(0) ack 8001 win 4000");
    s.at(60_000).expectNothing();
  }),
);

Deno.test(
  "lwIP tcp/retx_add_to_sent: text added to a segment that is being retransmitted goes behind it",
  script((s) => {
    established(s);
    s.call.send(500);
    s.expect("P. 1:501(500) ack 1");
    s.at(200);
    s.takeAll();
    s.call.send(300);
    s.expectNothing();
    s.inject(". 1:1(0) ack 501").expect("P. 501:801(300) ack 1");
    s.inject(". 1:1(0) ack 801");
  }),
);

Deno.test(
  "lwIP tcp/rto_tracking: one segment after the timeout, no new text before what was lost is through",
  script((s) => {
    established(s);
    s.call.send(5000);
    assertEquals(octets(s), 5000);
    s.call.send(5000);
    s.takeAll();
    s.at(200);
    const again = s.takeAll();
    assertEquals([again.length, (again[0]!.seq - s.iss) >>> 0, s.connection!.info().cwnd], [1, 1, 1000]);
    let una = 1001;
    while (una < 5001) {
      s.inject(`. 1:1(0) ack ${una}`);
      for (const seg of s.takeAll()) {
        const seq = (seg.seq - s.iss) >>> 0;
        assert(seq < 10_001);
        una = Math.max(una, seq + seg.textLength);
      }
    }
    s.inject(". 1:1(0) ack 10001");
    s.takeAll();
    assertEquals(s.connection!.unackedBytes, 0);
  }),
);

for (const isLinkDown of [false, true]) {
  const suffix = isLinkDown ? "_link_down" : "";
  const down = (s: TcpScript): void => {
    if (isLinkDown) {
      s.harness.link.transmit = (p) => {
        p.release();
        return true;
      };
    }
  };

  Deno.test(
    `lwIP tcp/rto_timeout${suffix}: the connection ends after R2`,
    script((s) => {
      established(s);
      down(s);
      s.call.send(1000);
      s.run(924_000);
      s.takeAll();
      s.expectState("ESTABLISHED");
      s.run(925_000);
      s.takeAll();
      s.expectClosed("TIMED_OUT");
    }),
  );

  Deno.test(
    `lwIP tcp/rto_timeout_syn_sent${suffix}: the OPEN fails after its retries`,
    script((s) => {
      down(s);
      s.call.connect();
      s.run(126_999);
      s.takeAll();
      s.expectState("SYN-SENT");
      s.run(127_000);
      s.takeAll();
      s.expectClosed("TIMED_OUT");
    }),
  );

  Deno.test(
    `lwIP tcp/zwp_timeout${suffix}: probes without an answer end the connection; an answer starts the count anew`,
    script((s) => {
      established(s);
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(1000);
      s.run(100_000);
      s.takeAll();
      s.inject(". 1:1(0) ack 1 win 0");
      down(s);
      s.run(1_000_000);
      s.takeAll();
      s.expectState("ESTABLISHED");
      s.run(3_000_000);
      s.takeAll();
      s.expectClosed("TIMED_OUT");
    }),
  );
}

Deno.test(
  "lwIP tcp/persist_split: a segment too large for the window is split, the rest follows",
  script((s) => {
    s.win = 2000;
    established(s);
    s.call.send(2000);
    assertEquals(octets(s), 2000);
    s.at(10).inject(". 1:1(0) ack 2001 win 200");
    s.call.send(1000);
    s.expectNothing();
    s.expectBetween(11, 1100, ". 2001:2201(200) ack 1");
    s.inject(". 1:1(0) ack 2201 win 2000").expect("P. 2201:3001(800) ack 1");
    s.inject(". 1:1(0) ack 3001 win 2000");
  }),
);

for (const isFinOutOfOrder of [true, false]) {
  Deno.test(
    `lwIP tcp_oos/recv_ooseq_FIN_${
      isFinOutOfOrder ? "OOSEQ" : "INSEQ"
    }: every order of arrival gives the text once and the FIN once`,
    () => {
      const parts = [
        "P. 1:301(300) ack 1",
        "P. 301:501(200) ack 1",
        "P. 201:401(200) ack 1",
        "FP. 501:601(100) ack 1",
      ];
      for (const order of permutations(parts)) {
        const isFinLast = order.at(-1) === parts[3];
        if (isFinLast === isFinOutOfOrder) continue;
        script((s) => {
          established(s);
          for (const part of order) s.inject(part);
          s.takeAll();
          s.expectState("CLOSE-WAIT");
          assertEquals(s.call.read(1000), 600);
          assert(s.connection!.isReadEof);
          assertEquals(s.harness.pool.inUse, 0);
        })();
      }
    },
  );
}

Deno.test(
  "lwIP tcp_oos/recv_ooseq_overrun_rxwin: text out of order beyond the window is cut, at its edge too",
  () => {
    for (const edge of [3500, 3999, 4000, 4001, 4500]) {
      script({ tcp: { receiveBufferBytes: 4000, initialReceiveWindowBytes: 4000 } }, (s) => {
        established(s);
        s.inject(`. ${edge - 999}:${edge + 1}(1000) ack 1`);
        s.takeAll();
        for (let seq = 1; seq < edge - 999; seq += 1000) {
          const length = Math.min(1000, edge - 999 - seq);
          s.inject(`. ${seq}:${seq + length}(${length}) ack 1`);
        }
        s.takeAll();
        assertEquals(s.call.read(10_000), Math.min(edge, 4000));
        s.takeAll();
      })();
    }
  },
);

Deno.test(
  "lwIP tcp_oos/recv_ooseq_max_bytes, max_pbufs: limits drop the excess and do not break the stream",
  () => {
    for (const tcp of [{ reassemblyBytes: 2500 }, { reassemblyNodes: 3 }]) {
      script({ tcp }, (s) => {
        established(s);
        for (let seq = 1001; seq < 10_000; seq += 1000) s.inject(`. ${seq}:${seq + 1000}(1000) ack 1`);
        s.takeAll();
        let rcvNxt = 1;
        while (rcvNxt < 10_001) {
          s.inject(`. ${rcvNxt}:${rcvNxt + 1000}(1000) ack 1`);
          s.run(s.nowMs + 200);
          const ack = s.takeAll().at(-1)!;
          assert(((ack.ack - s.irs) >>> 0) > rcvNxt);
          rcvNxt = (ack.ack - s.irs) >>> 0;
        }
        assertEquals(s.call.read(20_000), 10_000);
        s.takeAll();
      })();
    }
  },
);

Deno.test(
  "lwIP tcp_state/new_max_num, new_max_num_remove_TIME_WAIT: the oldest TIME-WAIT makes room",
  script({ tcp: { maxConnections: 2 } }, (s) => {
    timeWait(s);
    const waiting = s.connection!;
    established(s, { localPort: 41_000 });
    assertEquals(waiting.state, "TIME-WAIT");
    established(s, { localPort: 41_001 });
    assertEquals(waiting.state, "CLOSED");
  }),
);

Deno.test(
  "lwIP tcp_state/connect_active_open: fields of the SYN, then ESTABLISHED",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0) win 64240 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);

Deno.test(
  "lwIP tcp_state/active_close: from LISTEN, SYN-SENT and ESTABLISHED",
  script((s) => {
    s.call.listen();
    s.call.closeListener();
    s.inject("S 0:0(0) win 65535").expect("R. 0:0(0) ack 1");
    synSent(s);
    s.call.close();
    s.expectNothing().expectState("CLOSED");
    finWait1(s);
    s.inject(". 1:1(0) ack 2").expectState("FIN-WAIT-2");
    s.inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "lwIP tcp_state/imultaneous_close: CLOSING, TIME-WAIT",
  script((s) => {
    finWait1(s);
    s.inject("F. 1:1(0) ack 1").expect(". 2:2(0) ack 2").expectState("CLOSING");
    s.inject(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "lwIP tcp_state/gen_rst_in_CLOSED, LISTEN, SYN_SENT_ackseq, SYN_SENT_non_syn_ack, SYN_RCVD",
  script((s) => {
    s.inject(". 1:1(0) ack 1").expect("R 1:1(0)");
    s.call.listen();
    s.inject(". 1:1(0) ack 9").expect("R 9:9(0)");
    synReceived(s);
    s.inject(". 1:1(0) ack 1111").expect("R 1111:1111(0)");
    s.inject("R 1:1(0)");
    synSent(s);
    s.inject("S. 0:0(0) ack 2").expect("R 2:2(0)").expectState("SYN-SENT");
    s.inject(". 0:0(0) ack 7").expect("R 7:7(0)").expectState("SYN-SENT");
  }),
);

Deno.test(
  "lwIP tcp_state/gen_rst_in_TIME_WAIT: a SYN in the window is challenged, not answered with a reset (RFC 5961 §4.2)",
  script((s) => {
    timeWait(s);
    s.inject("S 10:10(0) win 65535").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "lwIP tcp_state/process_rst_seqno: only the exact sequence number resets",
  script((s) => {
    accepted(s);
    s.inject("R 0:0(0)").expectNothing().expectState("ESTABLISHED");
    s.inject("R 65536:65536(0)").expectNothing().expectState("ESTABLISHED");
    s.inject("R 2:2(0)").expect(". 1:1(0) ack 1").expectState("ESTABLISHED");
    s.inject("R 1:1(0)").expectNothing().expectState("CLOSED");
  }),
);

Deno.test(
  "lwIP tcp_state/receive_rst_SYN_RCVD_to_LISTEN: the listener stays",
  script((s) => {
    synReceived(s);
    s.inject("R 1:1(0)").expectNothing();
    assertEquals([s.listener!.state, s.listener!.halfOpenCount], ["LISTEN", 0]);
    synReceived(s);
    s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
  }),
);
