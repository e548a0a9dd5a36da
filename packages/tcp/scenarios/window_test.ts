import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { established } from "./states.ts";

const SMALL_BUFFER = { tcp: { receiveBufferBytes: 4000, initialReceiveWindowBytes: 4000 } };

// Sender.

/** The two kinds of a probe, with what each looks like where `una` is SND.UNA. */
const PROBES = [
  ["empty", (una: number) => `. ${una - 1}:${una - 1}(0) ack 1`],
  ["octet", (una: number) => `. ${una}:${una + 1}(1) ack 1`],
] as const;

for (const [zeroWindowProbe, probe] of PROBES) {
  const what = zeroWindowProbe === "empty" ? "by nothing (Linux)" : "by an octet";
  Deno.test(
    `[MUST-35] ESTABLISHED: a closed window is probed after one RTO, then with back-off: ${what} (RFC 9293 §3.8.6.1, MUST-36, SHLD-29, SHLD-30)`,
    script({ tcp: { zeroWindowProbe } }, (s) => {
      established(s);
      s.call.send(1000);
      s.expect("P. 1:1001(1000) ack 1");
      s.inject(". 1:1(0) ack 1001 win 0");
      s.call.send(1000);
      s.expectNothing();
      let at = s.nowMs;
      for (const delay of [200, 400, 800, 1600, 3200]) {
        at += delay;
        s.at(at).expect(probe(1001)).expectNothing();
        s.inject(". 1:1(0) ack 1001 win 0").expectNothing();
      }
      s.inject(". 1:1(0) ack 1001 win 5000");
      s.expect("P. 1001:2001(1000) ack 1");
      s.inject(". 1:1(0) ack 2001 win 5000");
    }),
  );

  Deno.test(
    `[MUST-37] ESTABLISHED: as long as probes are answered the connection lives, for hours: ${what} (RFC 9293 §3.8.6.1)`,
    script({ tcp: { zeroWindowProbe } }, (s) => {
      established(s);
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(1000);
      s.expectNothing();
      for (let i = 0; i < 120; i++) {
        s.expectBetween(s.nowMs, s.nowMs + 120_000, probe(1));
        s.inject(". 1:1(0) ack 1 win 0");
      }
      assert(s.nowMs > 3_600_000, `${s.nowMs}`);
      s.expectState("ESTABLISHED");
      s.inject(". 1:1(0) ack 1 win 5000").expect("P. 1:1001(1000) ack 1");
      s.inject(". 1:1(0) ack 1001");
    }),
  );

  Deno.test(
    `ESTABLISHED: probes that nobody answers end the connection: ${what} (RFC 9293 §3.8.3)`,
    script({ tcp: { zeroWindowProbe } }, (s) => {
      established(s);
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(1000);
      s.run(3_600_000);
      const probes = s.takeAll().filter((seg) => (seg.ctl & 4) === 0);
      assertEquals(probes.map((seg) => seg.textLength), Array(15).fill(zeroWindowProbe === "octet" ? 1 : 0));
      s.expectClosed("TIMED_OUT");
    }),
  );

  Deno.test(
    `FIN-WAIT-1: text and a FIN behind a closed window wait, and go together once it opens: probed ${what} (RFC 9293 §3.8.6.1)`,
    script({ tcp: { zeroWindowProbe } }, (s) => {
      established(s);
      s.inject(". 1:1(0) ack 1 win 0");
      s.call.send(100);
      s.call.close();
      s.expectNothing();
      s.at(200).expect(probe(1)).expectState("FIN-WAIT-1");
      s.inject(". 1:1(0) ack 1 win 1000").expect("FP. 1:101(100) ack 1");
      s.inject(". 1:1(0) ack 102 win 1000").expectState("FIN-WAIT-2");
    }),
  );
}

Deno.test(
  "ESTABLISHED: the probe by nothing draws an answer of ourselves (RFC 9293 §3.10.7.4, first)",
  script((s) => {
    established(s, { receiveBufferBytes: 2920 });
    s.inject(". 1:2921(2920) ack 1").expect(". 1:1(0) ack 2921 win 0");
    s.wait(200).inject(". 2920:2920(0) ack 1").expect(". 1:1(0) ack 2921 win 0").expectNothing();
    s.call.read(2920);
    s.expect(". 1:1(0) ack 2921 win 2920");
  }),
);

Deno.test(
  "ESTABLISHED: who waits for a window was not silent: the congestion window stays; who has been silent before starts anew (RFC 5681 §4.1)",
  script((s) => {
    established(s);
    s.call.send(10_000);
    s.takeAll();
    s.at(20).inject(". 1:1(0) ack 10001 win 0");
    const { cwnd } = s.connection!.info();
    assert(cwnd > 10_000);
    s.call.send(5000);
    s.run(5000);
    s.takeAll();
    s.inject(". 1:1(0) ack 10001 win 65535");
    assertEquals([s.takeAll().length, s.connection!.info().cwnd], [5, cwnd]);
    s.inject(". 1:1(0) ack 15001 win 0");
    s.run(10_000);
    s.call.send(5000);
    assertEquals(s.connection!.info().cwnd, 10_000);
    s.inject(". 1:1(0) ack 15001 win 65535");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a probe may be taken by the receiver: its octet counts (RFC 9293 §3.8.6.1)",
  script({ tcp: { zeroWindowProbe: "octet" } }, (s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(1000);
    s.at(200).expect(". 1:2(1) ack 1");
    s.inject(". 1:1(0) ack 2 win 0").expectNothing();
    s.at(600).expect(". 2:3(1) ack 1");
    s.inject(". 1:1(0) ack 3 win 5000").expect("P. 3:1001(998) ack 1");
    s.inject(". 1:1(0) ack 1001 win 5000");
  }),
);

Deno.test(
  "ESTABLISHED: a retransmission that acknowledges new text brings its window along (RFC 9293 §3.10.7.4)",
  script((s) => {
    // SND.WND used to be kept while SND.UNA moved, which promised 3,000 octets beyond what the peer had room for.
    established(s);
    s.call.send(3000);
    s.takeAll();
    s.inject("P. 101:201(100) ack 1 win 3000");
    s.takeAll();
    s.inject("P. 1:101(100) ack 3001 win 500");
    s.takeAll();
    s.call.send(3000);
    for (const seg of s.takeAll()) {
      const end = ((seg.seq - s.iss) >>> 0) + seg.textLength;
      assert(end <= 3501, `text up to ${end}, the window ends at 3501`);
    }
    s.inject(". 201:201(0) ack 3001 win 5000").expect(". 3001:4001(1000) ack 201");
    s.takeAll();
    s.call.read(200);
  }),
);

Deno.test(
  "ESTABLISHED: a window update opens the window without a probe (RFC 9293 §3.8.6.1)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.send(1000);
    s.at(100).inject(". 1:1(0) ack 1 win 5000").expect("P. 1:1001(1000) ack 1");
    s.at(299).expectNothing();
    s.inject(". 1:1(0) ack 1001");
  }),
);

Deno.test(
  "ESTABLISHED: a FIN behind a closed window is probed with, and retried (RFC 9293 §3.8.6.1)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.shutdownSend();
    s.run(1000);
    const fins = s.takeAll();
    assertEquals(fins.length > 0 && fins.every((seg) => (seg.ctl & 1) === 1), true);
    s.inject(". 1:1(0) ack 2 win 0").expectState("FIN-WAIT-2");
  }),
);

Deno.test(
  "ESTABLISHED: our window is closed: a FIN alone is taken, text and a FIN behind text are not (RFC 9293 §3.10.7.4)",
  script((s) => {
    established(s, { receiveBufferBytes: 2920 });
    s.inject(". 1:2921(2920) ack 1").expect(". 1:1(0) ack 2921 win 0");
    s.inject("F. 2921:2922(1) ack 1").expect(". 1:1(0) ack 2921 win 0").expectState("ESTABLISHED");
    s.inject("F. 2921:2921(0) ack 1").expect(". 1:1(0) ack 2922 win 0").expectState("CLOSE-WAIT");
    s.call.do("read", (c) => c.read(new Uint8Array(2920)));
    s.call.close();
    s.expect("F. 1:1(0) ack 2922");
    s.inject(". 2922:2922(0) ack 2").expectState("CLOSED");
  }),
);

Deno.test(
  "[MUST-34] ESTABLISHED: a window that shrinks below what was sent is survived (RFC 9293 §3.8.6, SHLD-15, SHLD-16)",
  script((s) => {
    established(s);
    s.call.send(8000);
    assertEquals(s.takeAll().length, 8);
    s.at(10).inject(". 1:1(0) ack 1001 win 2000");
    s.expectNothing();
    s.call.send(1000);
    s.expectNothing();
    s.run(400);
    const again = s.takeAll();
    assert(again.length > 0);
    for (const seg of again) {
      assert(((seg.seq - s.iss) >>> 0) + seg.textLength <= 3001, "SHLD-16: within the window");
    }
    s.inject(". 1:1(0) ack 8001 win 65535");
    s.expect("P. 8001:9001(1000) ack 1");
    s.inject(". 1:1(0) ack 9001");
  }),
);

Deno.test(
  "ESTABLISHED: a window shrunk to zero with text outstanding does not time the connection out (RFC 9293 §3.8.6, SHLD-17)",
  script((s) => {
    established(s);
    s.call.send(2000);
    s.takeAll();
    let last = 0;
    while (s.nowMs < 2_000_000) {
      s.run(s.nowMs + 60_000);
      if (s.takeAll().length > 0 || s.nowMs - last > 60_000) {
        s.inject(". 1:1(0) ack 1 win 0");
        s.takeAll();
        last = s.nowMs;
      }
    }
    s.expectState("ESTABLISHED");
    s.inject(". 1:1(0) ack 2001 win 65535");
    s.takeAll();
  }),
);

Deno.test(
  "[MUST-38] ESTABLISHED: sender's SWS avoidance: less than a segment, and less than half the largest window, waits (RFC 9293 §3.8.6.2.1)",
  script((s) => {
    s.win = 8000;
    established(s);
    s.call.send(20_000);
    assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0), 8000);
    s.at(10).inject(". 1:1(0) ack 8001 win 300").expectNothing();
    s.inject(". 1:1(0) ack 8001 win 999").expectNothing();
    s.inject(". 1:1(0) ack 8001 win 1000").expect(". 8001:9001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 9001 win 8000");
    s.takeAll();
    s.inject(". 1:1(0) ack 17001 win 8000");
    s.takeAll();
    s.inject(". 1:1(0) ack 20001 win 8000");
  }),
);

Deno.test(
  "ESTABLISHED: sender's SWS avoidance: half of the largest window may go (RFC 9293 §3.8.6.2.1)",
  script((s) => {
    s.win = 800;
    established(s);
    s.call.send(5000);
    s.takeAll();
    s.at(10).inject(". 1:1(0) ack 801 win 399").expectNothing();
    s.inject(". 1:1(0) ack 801 win 400").expect(". 801:1201(400) ack 1").expectNothing();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a silly window that stays is used after the override timeout (RFC 9293 §3.8.6.2.1)",
  script((s) => {
    s.win = 8000;
    established(s);
    s.inject(". 1:1(0) ack 1 win 300");
    s.call.send(5000);
    s.expectNothing();
    s.expectBetween(100, 1000, ". 1:301(300) ack 1");
    s.inject(". 1:1(0) ack 301 win 8000");
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: never beyond the window (RFC 9293 §3.8.6)",
  script((s) => {
    s.win = 2500;
    established(s);
    s.call.send(10_000);
    let right = 0;
    for (const seg of s.takeAll()) right = Math.max(right, ((seg.seq - s.iss) >>> 0) + seg.textLength);
    assert(right <= 2501, `${right}`);
    s.call.abort();
    s.takeAll();
  }),
);

// Receiver.

Deno.test(
  "[MUST-39] ESTABLISHED: receiver's SWS avoidance: the window opens by a segment, or half the buffer, at least (RFC 9293 §3.8.6.2.2)",
  script(SMALL_BUFFER, (s) => {
    established(s, {}, "<mss 1000>");
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 3000");
    s.inject(". 1001:2001(1000) ack 1").expect(". 1:1(0) ack 2001 win 2000");
    s.inject(". 2001:3001(1000) ack 1").expect(". 1:1(0) ack 3001 win 1000");
    s.inject("P. 3001:4001(1000) ack 1").expect(". 1:1(0) ack 4001 win 0");
    s.call.read(100);
    s.expectNothing();
    s.call.read(800);
    s.expectNothing();
    s.inject("P. 4001:4002(1) ack 1").expect(". 1:1(0) ack 4001 win 0");
    s.call.read(100);
    s.expect(". 1:1(0) ack 4001 win 1000").expectNothing();
    s.call.read(3000);
    s.expect(". 1:1(0) ack 4001 win 4000");
  }),
);

Deno.test(
  "ESTABLISHED: the right edge of the window never moves back (RFC 9293 §3.8.6, SHLD-14)",
  script({ tcp: { receiveBufferBytes: 100_000 } }, (s) => {
    established(s, {}, "<mss 1000,nop,wscale 4>");
    let right = 0;
    let seq = 1;
    for (let i = 0; i < 200; i++) {
      const length = 1 + (i * 37) % 900;
      s.inject(`. ${seq}:${seq + length}(${length}) ack 1`);
      seq += length;
      if (i % 7 === 3) s.call.read(500 + i);
      for (const seg of s.takeAll()) {
        const edge = ((seg.ack - s.irs) >>> 0) + (seg.wnd << s.connection!.info().rcvWindShift);
        assert(edge >= right, `the edge moved from ${right} to ${edge}`);
        right = edge;
      }
    }
    s.call.read(1_000_000);
    s.takeAll();
    s.run(s.nowMs + 500);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: zero-copy reading opens the window only with recved() (TC-32)",
  script(SMALL_BUFFER, (s) => {
    established(s);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 3000");
    const p = s.connection!.readPbuf()!;
    assertEquals(p.totalLength, 1000);
    p.release();
    s.readBytes += 1000;
    s.inject("P. 1001:2001(1000) ack 1").expect(". 1:1(0) ack 2001 win 2000");
    s.call.do("recved", (c) => c.recved(1000));
    s.inject("P. 2001:3001(1000) ack 1").expect(". 1:1(0) ack 3001 win 2000");
    s.call.read(2000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: reading doubles a small window at once, and says so (window update)",
  script(SMALL_BUFFER, (s) => {
    established(s);
    s.inject(". 1:1001(1000) ack 1").inject(". 1001:2001(1000) ack 1").inject(". 2001:3001(1000) ack 1");
    s.takeAll();
    s.call.read(1000);
    s.expect(". 1:1(0) ack 3001 win 2000");
    s.call.read(1000);
    s.takeAll();
    s.call.read(1000);
    s.takeAll();
  }),
);

Deno.test(
  "CLOSE-WAIT: reading what came before the FIN announces no window, there is nothing to be sent into it",
  script(SMALL_BUFFER, (s) => {
    established(s);
    s.inject("P. 1:4001(4000) ack 1").expect(". 1:1(0) ack 4001 win 0");
    s.call.read(1000);
    s.expect(". 1:1(0) ack 4001 win 1000");
    s.inject("F. 4001:4001(0) ack 1").expectState("CLOSE-WAIT");
    s.at(40).expect(". 1:1(0) ack 4002");
    s.call.read(3000);
    s.expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: without window scaling, a buffer beyond 65,535 is nothing to tell the peer (RFC 7323 §2.2)",
  script({ tcp: { receiveBufferBytes: 1_000_000 } }, (s) => {
    // Every acknowledgment drew another one: two such hosts kept a line busy for ever.
    established(s);
    s.call.send(10);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 11");
    let seq = 1;
    for (let i = 0; i < 20; i++) {
      for (let n = 0; n < 60; n++) s.inject(`. ${seq}:${seq += 1000}(1000) ack 11`);
      s.call.read(60_000);
      s.takeAll();
      if (i % 3 === 2) s.at(s.nowMs + 100);
    }
    assert(s.connection!.info().receiveBufferBytes > 131_070);
    s.inject(`. ${seq}:${seq}(0) ack 11`).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: a retransmission is cut to a window that has become smaller than a segment (RFC 9293 §3.8.6, SHLD-16)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    established(s);
    s.call.send(3000);
    s.takeAll();
    s.at(10).inject(". 1:1(0) ack 1001 win 500").expectNothing();
    s.expectBetween(210, 212, ". 1001:1501(500) ack 1").expectNothing();
    s.at(230).inject(". 1:1(0) ack 1501 win 65535");
    assertEquals((s.take()!.seq - s.iss) >>> 0, 1501);
    s.inject(". 1:1(0) ack 3001");
    s.takeAll();
  }),
);
