import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { accepted, established, synReceived } from "./states.ts";

Deno.test(
  "ESTABLISHED: SEND with more to come: no segment that is not full, and no PSH, until the last of it (MSG_MORE, TC-22)",
  script((s) => {
    established(s);
    const send = (count: number, hasMore: boolean): void =>
      s.call.do(`send ${count}`, (c) => {
        s.writtenBytes += c.send(new Uint8Array(count), 0, count, hasMore);
        s.call.hasForeignText = true;
      });
    send(10, true);
    s.expectNothing();
    send(1490, true);
    s.expect(". 1:1001(1000) ack 1").expectNothing();
    send(20, false);
    s.expect("P. 1001:1521(520) ack 1");
    s.inject(". 1:1(0) ack 1521");
  }),
);

Deno.test(
  "ESTABLISHED: a cork holds text back for 200 ms at most, and each time anew (TCP_CORK)",
  script((s) => {
    established(s);
    s.call.do("cork", (c) => c.isCorked = true);
    s.call.send(10);
    s.at(150);
    s.call.send(10);
    s.at(200).expect("P. 1:21(20) ack 1");
    s.inject(". 1:1(0) ack 21");
    s.call.send(10);
    s.expectNothing();
    s.at(400).expect("P. 21:31(10) ack 1");
    s.inject(". 1:1(0) ack 31");
  }),
);

Deno.test(
  "ESTABLISHED: pulling the cork sends what waits, and a full segment never waited (TCP_CORK)",
  script((s) => {
    established(s, { noDelay: true });
    s.call.do("cork", (c) => c.isCorked = true);
    assertEquals(s.connection!.isCorked, true);
    s.call.send(2500);
    s.expect(". 1:1001(1000) ack 1").expect("P. 1001:2001(1000) ack 1").expectNothing();
    s.call.do("uncork", (c) => c.isCorked = false);
    s.expect("P. 2001:2501(500) ack 1");
    s.inject(". 1:1(0) ack 2501");
    s.call.send(1);
    s.expect("P. 2501:2502(1) ack 1");
    s.inject(". 1:1(0) ack 2502");
  }),
);

Deno.test(
  "ESTABLISHED: what MSG_MORE holds back goes with the next acknowledgment, without PSH, and the next SEND waits anew",
  script((s) => {
    established(s, { noDelay: true });
    s.call.hasForeignText = true;
    const sendMore = (count: number): void =>
      s.call.do(
        `send ${count}, more`,
        (c) => s.writtenBytes += c.send(new Uint8Array(count), 0, count, true),
      );
    sendMore(1050);
    s.expect(". 1:1001(1000) ack 1").expectNothing();
    sendMore(50);
    s.expectNothing();
    s.at(10).inject(". 1:1(0) ack 1001").expect(". 1001:1101(100) ack 1");
    sendMore(7);
    s.expectNothing();
    s.at(20).inject(". 1:1(0) ack 1101").expect(". 1101:1108(7) ack 1");
    s.inject(". 1:1(0) ack 1108");
  }),
);

Deno.test(
  "ESTABLISHED: setting TCP_NODELAY sends what a cork holds back, each time, and the cork stays",
  script((s) => {
    established(s);
    s.call.do("cork", (c) => c.isCorked = true);
    for (const seq of [1, 11]) {
      s.call.send(10);
      s.expectNothing();
      s.call.do("no delay", (c) => c.noDelay = true);
      s.expect(`P. ${seq}:${seq + 10}(10) ack 1`);
      s.inject(`. 1:1(0) ack ${seq + 10}`);
    }
    s.call.send(10);
    s.expectNothing();
    s.at(200).expect("P. 21:31(10) ack 1");
    s.inject(". 1:1(0) ack 31");
  }),
);

Deno.test(
  "ESTABLISHED: on a path with a round trip a cork holds back for a retransmission timeout",
  script((s) => {
    synReceived(s);
    s.at(100).inject(". 1:1(0) ack 1");
    s.call.do("cork", (c) => c.isCorked = true);
    s.call.send(10);
    const { rtoMs } = s.connection!.info();
    assert(rtoMs >= 300, `${rtoMs}`);
    s.run(100 + rtoMs - 1).expectNothing();
    s.at(100 + rtoMs).expect("P. 1:11(10) ack 1");
    s.inject(". 1:1(0) ack 11");
  }),
);

Deno.test(
  "ESTABLISHED: CLOSE pulls the cork",
  script((s) => {
    established(s);
    s.call.do("cork", (c) => c.isCorked = true);
    s.call.send(10);
    s.expectNothing();
    s.call.shutdownSend();
    s.expect("FP. 1:11(10) ack 1");
    s.inject(". 1:1(0) ack 12");
  }),
);

Deno.test(
  "ESTABLISHED: a closed window is probed although the connection is corked (RFC 9293 §3.8.6.1)",
  script((s) => {
    established(s);
    s.inject(". 1:1(0) ack 1 win 0");
    s.call.do("cork", (c) => c.isCorked = true);
    s.call.send(10);
    s.expectBetween(150, 1100, ". 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1");
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: TCP_NOTSENT_LOWAT: SEND takes no more than may wait, and the user hears when half of it is gone",
  script((s) => {
    established(s, { notSentLowWaterBytes: 4000 });
    // Nothing is in flight: 4,000 octets are taken and sent at once; the same again until the window of 10 segments is full.
    for (let i = 0; i < 3; i++) assertEquals(s.call.send(100_000), 4000);
    assertEquals(s.call.send(100_000), 2000, "10 segments are in flight");
    assertEquals(s.call.send(100_000), 0);
    assertEquals(s.connection!.sendSpace, 0);
    assertEquals(s.connection!.unsentBytes, 4000);
    s.events.length = 0;
    s.takeAll();
    s.at(50).inject(". 1:1(0) ack 501").takeAll();
    assertEquals(s.events, [], "3,000 octets wait");
    s.inject(". 1:1(0) ack 1501").takeAll();
    assertEquals(s.events, ["writable"]);
    assert(s.connection!.sendSpace >= 2000);
    s.call.do("abort", (c) => c.abort());
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: the send buffer grows to two congestion windows, as far as the limit (send-buffer auto-tuning)",
  script((s) => {
    established(s, { initialSendBufferBytes: 8000, sendBufferBytes: 50_000 }, "<mss 1000,nop,wscale 7>");
    assertEquals(s.connection!.sendSpace, 20_000, "two initial windows");
    let una = 1;
    s.call.send(1_000_000);
    for (let i = 0; i < 6; i++) {
      una += s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
      s.wait(50).inject(`. 1:1(0) ack ${una} win 60000`);
      s.call.send(1_000_000);
    }
    const { queuedBytes, cwnd } = s.connection!.info();
    assert(cwnd > 25_000, `${cwnd}`);
    assertEquals(queuedBytes, 50_000);
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a size of the send buffer that the user gives holds at once (SO_SNDBUF)",
  script((s) => {
    established(s, { sendBufferBytes: 300_000 });
    assertEquals(s.connection!.sendSpace, 300_000);
    s.connection!.sendBufferBytes = 1000;
    assertEquals(s.connection!.sendSpace, 1000);
  }),
);

Deno.test(
  "ESTABLISHED: after a gap is filled, acknowledgments come at once for a while (quick ACKs after loss)",
  script({ tcp: { quickAckCount: 2 } }, (s) => {
    accepted(s);
    let seq = 1;
    for (let i = 0; i < 4; i++, seq += 100) {
      s.inject(`. ${seq}:${seq + 100}(100) ack 1`).run(s.nowMs + 60).takeAll();
    }
    s.inject(`. ${seq}:${seq + 100}(100) ack 1`).expectNothing();
    s.run(s.nowMs + 250).takeAll();
    seq += 100;
    s.inject(`. ${seq + 100}:${seq + 200}(100) ack 1`).expect(`. 1:1(0) ack ${seq}`);
    s.inject(`. ${seq}:${seq + 100}(100) ack 1`).expect(`. 1:1(0) ack ${seq + 200}`);
    seq += 200;
    s.inject(`. ${seq}:${seq + 100}(100) ack 1`).expect(`. 1:1(0) ack ${seq + 100}`);
    s.call.read(10_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: no segment has text of two records, and only the last record's end waits for Nagle (MSG_EOR)",
  script((s) => {
    established(s);
    const record = (count: number): void => {
      s.call.send(count);
      s.call.do("end of record", (c) => c.endRecord());
    };
    s.call.send(10_400);
    s.takeAll();
    record(400);
    record(300);
    record(300);
    s.call.send(1200);
    s.expectNothing();
    s.inject(". 1:1(0) ack 10001");
    s.expect("P. 10001:10801(800) ack 1").expect("P. 10801:11101(300) ack 1").expect(
      "P. 11101:11401(300) ack 1",
    );
    s.expect("P. 11401:12401(1000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 12401").expect("P. 12401:12601(200) ack 1");
    s.inject(". 1:1(0) ack 12601");
  }),
);

Deno.test(
  "ESTABLISHED: a FIN goes with the last record, not with one before (RFC 9293 §3.9.1.2)",
  script((s) => {
    established(s);
    s.call.do("cork", (c) => c.isCorked = true);
    s.call.send(100);
    s.call.do("end of record", (c) => c.endRecord());
    s.call.send(100);
    s.call.close();
    s.expect("P. 1:101(100) ack 1").expect("FP. 101:201(100) ack 1").expectNothing();
  }),
);
