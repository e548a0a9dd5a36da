/** What strangers, and peers that mean no good, can make us do. */
import { assert, assertEquals } from "@std/assert";
import { FREE_PIECES, PIECES_PER_SEGMENT } from "../piece_store.ts";
import type { Segment } from "../segment.ts";
import { script, type TcpScript } from "./harness.ts";
import { accepted, established } from "./states.ts";

/** SACK blocks of every second octet from `from` on, four at a time. */
function sackComb(s: TcpScript, from: number, to: number): number {
  let packets = 0;
  for (let left = from; left + 7 < to; left += 8) {
    const blocks = [0, 2, 4, 6].map((i) => `${left + i}:${left + i + 1}`).join(" ");
    s.inject(`. 1:1(0) ack 1 win 65535 <nop,nop,sack ${blocks}>`);
    packets += s.takeAll().length;
  }
  return packets;
}

Deno.test(
  "ESTABLISHED: SACK of every second octet: few pieces, and few packets for it (CVE-2019-11477, CVE-2019-11478)",
  script((s) => {
    established(s, {}, "<mss 1000, sackOK>");
    s.call.send(60_000);
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    const acks = Math.floor((sent - 100) / 8);
    const packets = sackComb(s, 101, sent);
    const most = FREE_PIECES + PIECES_PER_SEGMENT * 60;
    assert(packets <= acks + most, `${packets} packets for ${acks} acknowledgments`);
    // It goes on as soon as the peer acknowledges.
    s.inject(`. 1:1(0) ack ${sent + 1} win 65535`);
    assert(s.takeAll().some((seg) => seg.textLength === 1000));
  }),
);

Deno.test(
  "SYN-SENT: an MSS of 1 makes no segments of an octet (RFC 9293 §3.7.1, TCP's option minSegmentBytes)",
  script((s) => {
    established(s, {}, "<mss 1>");
    s.call.send(1000);
    for (const seg of s.takeAll()) assert(seg.textLength >= 48 || seg.textLength === 1000 % 48);
  }),
);

Deno.test(
  "ESTABLISHED: a window that shrinks is obeyed, and what was sent beyond it is not given up (RFC 9293 §3.8.6, SHLD-15)",
  script((s) => {
    established(s);
    s.call.send(10_000);
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    s.inject(". 1:1(0) ack 1001 win 1000");
    s.expectNothing();
    // One segment at a time, with back-off, and nothing new; the connection lives.
    for (const ms of [200, 600, 1400, 3000, 6200]) {
      s.at(ms).expect(". 1001:2001(1000) ack 1").expectNothing().expectState("ESTABLISHED");
    }
    s.inject(`. 1:1(0) ack ${sent + 1} win 65535`);
    s.expectState("ESTABLISHED");
  }),
);

Deno.test(
  "ESTABLISHED: an urgent pointer on each segment, wherever it points, costs nothing and loses nothing (RFC 6093 §3)",
  script((s) => {
    accepted(s);
    for (let i = 0; i < 1000; i++) {
      s.inject(`P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1 urg ${i * 65}`);
      s.takeAll();
      s.call.read(10);
    }
    assertEquals(s.readBytes, 10_000);
    assert(s.connection!.urgentBytes <= 65_535);
    s.expectState("ESTABLISHED");
  }),
);

Deno.test(
  "ESTABLISHED: all connections together: text out of order goes first, and the window stays small until users read",
  script({ tcp: { maxBufferedBytes: 30_000 } }, (s) => {
    accepted(s);
    s.inject("P. 40001:41001(1000) ack 1").expect(". 1:1(0) ack 1");
    const { counters } = s.harness.tcp;
    const push = (from: number, to: number): Segment => {
      let last: Segment | undefined;
      for (let i = from; i < to; i++) {
        s.inject(`P. ${1 + 1000 * i}:${1001 + 1000 * i}(1000) ack 1`);
        last = s.takeAll().at(-1) ?? last;
      }
      return last!;
    };
    assertEquals(push(0, 29).wnd, 64_240 - 29_000);
    assertEquals(counters.prunedBytes, 0);
    assertEquals(push(29, 31).wnd, 64_240 - 31_000, "what had been promised stays so");
    assertEquals(counters.prunedBytes, 1000, "what was out of order");
    const last = push(31, 50);
    assertEquals([counters.memoryDrops, (last.ack - s.irs) >>> 0], [12, 38_001]);
    s.call.read(38_000);
    s.takeAll();
    assert(push(38, 40).wnd >= 60_000, "as large as ever");
    assertEquals(s.harness.tcp.reassembly.unreadBytes, 2000);
    s.call.close();
    s.takeAll();
    assertEquals(s.harness.tcp.reassembly.unreadBytes, 0);
  }),
);

Deno.test(
  "ESTABLISHED: while others hold all memory, a connection whose user reads goes on",
  script({ tcp: { maxBufferedBytes: 20_000 } }, (s) => {
    accepted(s);
    for (let i = 0; i < 30; i++) s.inject(`P. ${1 + 1000 * i}:${1001 + 1000 * i}(1000) ack 1`);
    s.takeAll();
    s.peerPort++;
    s.readBytes = 0;
    s.inject("S 0:0(0) win 65535 <mss 1000>");
    s.inject(". 1:1(0) ack 1");
    s.takeAll();
    for (let i = 0; i < 100; i++) {
      s.inject(`P. ${1 + 1000 * i}:${1001 + 1000 * i}(1000) ack 1`);
      assertEquals(s.call.read(1000), 1000);
      s.takeAll();
    }
    assert(s.harness.tcp.reassembly.isTight);
    assertEquals(s.readBytes, 100_000);
  }),
);

Deno.test(
  "ESTABLISHED: 30,000 forged resets, SYNs and acknowledgments end none of 500 connections, and draw few answers (RFC 5961)",
  script((s) => {
    const first = s.peerPort;
    for (let i = 0; i < 500; i++) {
      s.peerPort = first + i;
      accepted(s);
    }
    const { tcp, pool } = s.harness;
    const held = pool.inUse;
    let answers = 0;
    for (let i = 0; i < 10_000; i++) {
      s.peerPort = first + i % 500;
      // In the window, but not exactly at its edge: the best that a stranger can guess.
      const seq = 2 + (i * 7919) % 65_000;
      s.inject(`R ${seq}:${seq}(0)`);
      s.inject(`S ${seq}:${seq}(0) win 65535`);
      s.inject(`. ${seq}:${seq}(0) ack ${1_000_000 + i}`);
      answers += s.takeAll().length;
    }
    assertEquals(tcp.connectionCount, 500);
    assertEquals(tcp.counters.currEstab, 500);
    // One per connection in half a second, and no more than the host may send in all.
    assert(answers <= 500, `${answers} answers`);
    assertEquals(pool.inUse, held);
  }),
);
