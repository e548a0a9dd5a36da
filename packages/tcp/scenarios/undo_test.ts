import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant, fill } from "./states.ts";

const window = (s: TcpScript): [number, number] => [s.connection!.info().cwnd, s.connection!.info().ssthresh];
const undone = (s: TcpScript): number => s.harness.tcp.counters.undoneRecoveries;

for (const congestionControl of ["reno", "cubic"] as const) {
  const options = { tcp: { congestionControl } };

  Deno.test(
    `ESTABLISHED: ${congestionControl}: the echo of an old timestamp undoes a fast retransmit (RFC 3522 §3.2)`,
    script(options, (s) => {
      distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
      s.call.send(8000);
      s.takeAll();
      const before = window(s);
      s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 989:3953>").expect(". 1:989(988) ack 1");
      assertEquals(window(s)[1] < before[0], true);
      // The first transmission arrives after all: its timestamp, of 50 ms, is echoed.
      s.at(110).inject(". 1:1(0) ack 3953 <TS val 3 ecr 50>").expectNothing();
      assertEquals([undone(s), s.connection!.info().phase], [1, "NONE"]);
      assertEquals(window(s)[1], before[1]);
      assertEquals(window(s)[0] >= before[0], true);
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${congestionControl}: the echo of the retransmission's timestamp undoes nothing (RFC 3522 §3.2)`,
    script(options, (s) => {
      distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
      s.call.send(8000);
      s.takeAll();
      s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 989:3953>").expect(". 1:989(988) ack 1");
      s.at(150).inject(". 1:1(0) ack 3953 <TS val 3 ecr 100>");
      assertEquals(undone(s), 0);
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${congestionControl}: D-SACKs for all that was sent again undo a recovery (RFC 2883 §4, RFC 3708 §3)`,
    script(options, (s) => {
      distant(s);
      fill(s, 10);
      const before = window(s);
      s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
      s.at(110).inject(". 1:1(0) ack 10001");
      assertEquals([undone(s), window(s)[0] < before[0]], [0, true]);
      s.at(150).inject(". 1:1(0) ack 10001 <sack 1:1001>");
      assertEquals(undone(s), 1);
      assertEquals(window(s)[0] >= before[0], true);
      assertEquals(window(s)[1], before[1]);
    }),
  );

  Deno.test(
    `ESTABLISHED: ${congestionControl}: F-RTO: two acknowledgments of what was not sent again undo a timeout (RFC 5682 §2.1)`,
    script(options, (s) => {
      distant(s, "<mss 1000>");
      fill(s, 5);
      s.call.send(5000);
      s.takeAll();
      s.call.send(5000);
      const before = window(s);
      s.at(300).expect(". 1:1001(1000) ack 1").expectNothing();
      assertEquals(window(s)[0], 1000);
      // A path that stood still for a while: what was sent arrives, one by one.
      s.at(310).inject(". 1:1(0) ack 1001");
      s.expect(". 10001:11001(1000) ack 1").expect("P. 11001:12001(1000) ack 1").expectNothing();
      s.at(320).inject(". 1:1(0) ack 2001");
      assertEquals([undone(s), s.connection!.info().phase], [1, "NONE"]);
      assertEquals(window(s)[0] >= before[0], true);
      assertEquals(s.harness.tcp.counters.retransSegs, 1);
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${congestionControl}: F-RTO: a duplicate acknowledgment shows that the timeout was right (RFC 5682 §2.1, step 3a)`,
    script(options, (s) => {
      distant(s, "<mss 1000>");
      fill(s, 5);
      s.call.send(2000);
      s.takeAll();
      s.at(300).expect(". 1:1001(1000) ack 1").expectNothing();
      s.call.send(2000);
      s.at(310).inject(". 1:1(0) ack 1001").expect(". 7001:8001(1000) ack 1").expect(
        "P. 8001:9001(1000) ack 1",
      );
      s.at(360).inject(". 1:1(0) ack 1001").expect(". 1001:2001(1000) ack 1");
      assertEquals(undone(s), 0);
      s.call.abort();
      s.takeAll();
    }),
  );

  Deno.test(
    `ESTABLISHED: ${congestionControl}: without SACK, undoing leaves no window inflated by duplicates (RFC 4015 §3.1, RFC 5681 §3.2)`,
    script(options, (s) => {
      distant(s, "<mss 1000,TS val 1 ecr 0>");
      s.call.send(9880);
      s.takeAll();
      const before = window(s);
      s.at(100);
      for (let i = 0; i < 9; i++) s.inject(". 1:1(0) ack 1 <TS val 2 ecr 50>");
      s.takeAll();
      assertEquals(window(s)[0] > before[0], true, "inflated by a segment for each duplicate");
      // The window of before.
      s.at(110).inject(". 1:1(0) ack 989 <TS val 3 ecr 50>").expectNothing();
      assertEquals([undone(s), window(s)[0], window(s)[1]], [1, before[0], before[1]]);
      s.call.abort();
      s.takeAll();
    }),
  );
}
