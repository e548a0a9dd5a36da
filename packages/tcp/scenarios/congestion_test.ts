import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant, established, synReceived } from "./states.ts";

function sent(s: TcpScript): number {
  return s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
}

Deno.test(
  "ESTABLISHED: ten segments go at once, then slow start (RFC 6928 §2, RFC 5681 §3.1)",
  script((s) => {
    established(s);
    s.call.send(100_000);
    assertEquals(sent(s), 10_000);
    s.at(100);
    for (let ack = 2001; ack <= 10_001; ack += 2000) {
      s.inject(`. 1:1(0) ack ${ack}`);
      assertEquals(sent(s), 4000, "two acknowledged, two more for the window");
    }
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: one SYN-ACK that had to be repeated leaves the initial window alone (RFC 6928 §2)",
  script((s) => {
    synReceived(s);
    s.at(1000).expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
    s.call.send(100_000);
    assertEquals(sent(s), 10_000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: after two lost SYN-ACKs the window begins with one segment (RFC 6928 §2, RFC 5681 §3.1)",
  script((s) => {
    synReceived(s);
    s.at(1000).expect("S. 0:0(0) ack 1");
    s.at(3000).expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
    s.call.send(10_000);
    assertEquals(sent(s), 1000);
    s.inject(". 1:1(0) ack 1001");
    assertEquals(sent(s), 2000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: congestion avoidance: one segment more per round trip (RFC 5681 §3.1)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    established(s);
    s.call.send(500_000);
    s.takeAll();
    s.at(50);
    for (let i = 0; i < 3; i++) s.inject(". 1:1(0) ack 1");
    s.takeAll();
    let una = 1;
    const ackAll = (): void => {
      const { flight } = s.connection!.info();
      // Every second segment, as a receiver does.
      let left = flight;
      while (left > 0) {
        const step = Math.min(2000, left);
        una += step;
        left -= step;
        s.inject(`. 1:1(0) ack ${una}`);
      }
      s.takeAll();
    };
    ackAll();
    assertEquals(s.connection!.info().phase, "NONE");
    const windows: number[] = [];
    for (let round = 1; round <= 12; round++) {
      s.run(s.nowMs + 10);
      windows.push(s.connection!.info().cwnd);
      ackAll();
    }
    const { ssthresh } = s.connection!.info();
    const late = windows.filter((w) => w >= ssthresh);
    assert(late.length >= 4, String(windows));
    for (let i = 1; i < late.length; i++) {
      const growth = late[i]! - late[i - 1]!;
      assert(growth >= 0 && growth <= 2000, `${windows}`);
    }
    assert(late.at(-1)! > late[0]!);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: after an idle time longer than the RTO the window restarts at ten segments (RFC 5681 §4.1)",
  script((s) => {
    established(s);
    s.call.send(40_000);
    let una = 1;
    while (una < 40_001) {
      const step = sent(s);
      assert(step > 0);
      una += step;
      s.at(s.nowMs + 10).inject(`. 1:1(0) ack ${una}`);
    }
    assert(s.connection!.info().cwnd > 20_000);
    s.at(s.nowMs + 5000);
    s.call.send(40_000);
    assertEquals(sent(s), 10_000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: idleRestart: false keeps the window (option)",
  script({ tcp: { idleRestart: false } }, (s) => {
    established(s);
    s.call.send(20_000);
    let una = 1;
    while (una < 20_001) {
      una += sent(s);
      s.at(s.nowMs + 10).inject(`. 1:1(0) ack ${una}`);
    }
    s.at(s.nowMs + 5000);
    s.call.send(40_000);
    assert(sent(s) > 10_000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a window that is not used does not grow (RFC 7661 §4)",
  script((s) => {
    established(s);
    let una = 1;
    for (let i = 0; i < 50; i++) {
      s.call.send(100);
      assertEquals(sent(s), 100);
      una += 100;
      s.at(s.nowMs + 10).inject(`. 1:1(0) ack ${una}`);
    }
    assertEquals(s.connection!.info().cwnd, 10_000);
  }),
);

Deno.test(
  "ESTABLISHED: acknowledgments cut into pieces do not open the window faster (RFC 3465 §1, ACK division)",
  script((s) => {
    established(s);
    s.call.send(100_000);
    s.takeAll();
    s.at(10);
    for (let ack = 11; ack <= 1001; ack += 10) s.inject(`. 1:1(0) ack ${ack}`);
    s.takeAll();
    assert(s.connection!.info().cwnd <= 11_000, `${s.connection!.info().cwnd}`);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: acknowledgments of what was not sent do not open the window (optimistic ACK)",
  script((s) => {
    established(s);
    s.call.send(100_000);
    s.takeAll();
    for (let i = 0; i < 20; i++) s.inject(`. 1:1(0) ack ${20_001 + i * 1000}`);
    s.takeAll();
    assertEquals([s.connection!.info().cwnd, s.connection!.info().flight], [10_000, 10_000]);
    s.call.abort();
    s.takeAll();
  }),
);

for (const name of ["cubic", "reno"] as const) {
  Deno.test(
    `ESTABLISHED: ${name}: acknowledgments that come in one batch open the window as single ones do (RFC 5681 §3.1)`,
    script((s) => {
      established(s, { congestionControl: name });
      s.call.send(200_000);
      assertEquals(sent(s), 10_000);
      s.at(100);
      s.injectBatch(...Array.from({ length: 10 }, (_, i) => `. 1:1(0) ack ${1001 + 1000 * i}`));
      assertEquals(sent(s), 20_000, "all ten acknowledged, and the window twice as large");
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${name}: a loss is answered by what was in flight with what the batch that tells of it let out (RFC 5681 §3.1)`,
    script((s) => {
      established(s, { congestionControl: name }, "<mss 1000,sackOK>");
      s.call.send(200_000);
      assertEquals(sent(s), 10_000);
      s.at(5);
      s.injectBatch(
        ". 1:1(0) ack 4001",
        ". 1:1(0) ack 4001 <sack 5001:6001>",
        ". 1:1(0) ack 4001 <sack 5001:7001>",
        ". 1:1(0) ack 4001 <sack 5001:8001>",
      );
      // Four segments acknowledged let eight out, before the first SACK of the same batch.
      assertEquals(s.connection!.info().ssthresh, name === "cubic" ? 9800 : 7000);
      s.expect(". 10001:11001(1000) ack 1").expect(". 11001:12001(1000) ack 1");
      s.call.abort();
      s.takeAll();
    }),
  );
}

for (const name of ["cubic", "reno"] as const) {
  Deno.test(
    `ESTABLISHED: ${name}: a mark is answered by what was in flight before the batch that tells of it (RFC 3168 §6.1.2, RFC 9438 §4.6)`,
    script({ tcp: { congestionControl: name } }, (s) => {
      s.call.listen();
      s.inject("SEW 0:0(0) win 65535 <mss 1000,sackOK>").expect("SE. 0:0(0) ack 1");
      s.at(5).inject(". 1:1(0) ack 1");
      s.call.send(200_000);
      assertEquals(sent(s), 10_000);
      s.at(10);
      s.injectBatch(". 1:1(0) ack 4001", ". 1:1(0) ack 6001", "E. 1:1(0) ack 8001");
      assertEquals(s.connection!.info().ssthresh, name === "cubic" ? 7000 : 5000);
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${name}: what limited transmit has sent beyond the window does not count for ssthresh (RFC 5681 §3.2, step 2)`,
    script({ tcp: { congestionControl: name } }, (s) => {
      distant(s);
      s.call.send(200_000);
      assertEquals(sent(s), 10_000);
      s.at(100);
      // Each of the first two lets a segment out: twelve are outstanding, two of them SACKed.
      for (const right of [2001, 3001, 4001]) s.inject(`. 1:1(0) ack 1 <sack 1001:${right}>`);
      assertEquals(s.connection!.info().flight, 12_000);
      assertEquals(s.connection!.info().ssthresh, name === "cubic" ? 7000 : 5000);
      s.call.abort();
      s.takeAll();
    }),
  );
}

for (const hasSack of [true, false]) {
  Deno.test(
    `ESTABLISHED: ${
      hasSack ? "SACK" : "no SACK"
    }: after reordering the window grows by what the acknowledgment is the first to tell of (RFC 3042 §2)`,
    script((s) => {
      synReceived(s, {}, hasSack ? "<mss 1000,nop,nop,sackOK>" : "<mss 1000>");
      s.at(50).inject(". 1:1(0) ack 1");
      s.call.send(20_000);
      s.takeAll();
      const sack = (right: number) => hasSack ? ` <sack 1001:${right},nop,nop>` : "";
      s.at(100).inject(`. 1:1(0) ack 1${sack(2001)}`).expect(". 10001:11001(1000) ack 1");
      s.inject(`. 1:1(0) ack 1${sack(3001)}`).expect(". 11001:12001(1000) ack 1");
      s.inject(". 1:1(0) ack 3001");
      // One segment of three is news: a window of 11, of which 9 are used.
      s.expect(". 12001:13001(1000) ack 1").expect("P. 13001:14001(1000) ack 1").expectNothing();
      assertEquals(s.connection!.info().cwnd, 11_000);
      s.call.do("abort", (c) => c.abort());
      s.takeAll();
    }),
  );
}

Deno.test(
  "ESTABLISHED: the last of several segments that the window lets out bears PSH, a single one does not (RFC 9293 §3.9.1.2)",
  script((s) => {
    synReceived(s);
    s.at(50).inject(". 1:1(0) ack 1");
    s.call.send(20_000);
    for (let seq = 1; seq < 9001; seq += 1000) s.expect(`. ${seq}:${seq + 1000}(1000) ack 1`);
    s.expect("P. 9001:10001(1000) ack 1").expectNothing();
    s.at(100).inject(". 1:1(0) ack 1001");
    s.expect(". 10001:11001(1000) ack 1").expect("P. 11001:12001(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 2001 win 11000").expect(". 12001:13001(1000) ack 1").expectNothing();
    s.call.do("abort", (c) => c.abort());
    s.takeAll();
  }),
);
