import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { distant, fill, finish } from "./states.ts";

Deno.test(
  "ESTABLISHED: one SACK makes a hole lost when a quarter of the round trip is over, not before (RFC 8985 §6.2, step 5)",
  script((s) => {
    distant(s);
    fill(s, 3);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>").expectNothing();
    s.at(112.4).expectNothing();
    s.at(112.5).expect(". 1:1001(1000) ack 1");
    assertEquals(s.connection!.info().phase, "FAST");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: what arrives late within the window was only reordered, and nothing goes out again (RFC 8985 §6.2)",
  script((s) => {
    distant(s);
    fill(s, 3);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>");
    s.at(110).inject(". 1:1(0) ack 2001").inject(". 1:1(0) ack 3001").expectNothing();
    s.at(5000).expectNothing();
    assertEquals(s.harness.tcp.counters.retransSegs, 0);
  }),
);

Deno.test(
  "ESTABLISHED: three SACKed segments make a hole lost at once, unless the path has reordered before (RFC 8985 §6.2, step 4)",
  script((s) => {
    distant(s);
    fill(s, 5);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    // The first transmission was only late: seen by its acknowledgment before the repair can have arrived.
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: on a path that reorders, three duplicates wait for the reordering window too (RFC 8985 §6.2, step 3)",
  script((s) => {
    distant(s);
    fill(s, 3);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>").inject(". 1:1(0) ack 2001").inject(
      ". 1:1(0) ack 3001",
    );
    fill(s, 5);
    s.at(150).inject(". 1:1(0) ack 3001 <sack 4001:7001>").expectNothing();
    s.at(162.5).expect(". 3001:4001(1000) ack 1");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: the newest SACK block, first in the option and above the others, is no reordering (RFC 8985 §6.2, step 3)",
  script((s) => {
    distant(s);
    fill(s, 8);
    // 1,001 and 4,001 arrive at once, as after a lost acknowledgment or in a batch: the blocks are not in the order of the text.
    s.at(100).inject(". 1:1(0) ack 1 <sack 4001:5001 1001:2001>");
    assertEquals([s.connection!.info().isReorderingSeen, s.connection!.info().reorderingSegments], [
      false,
      3,
    ]);
    s.inject(". 1:1(0) ack 1 <sack 6001:7001 1001:2001 4001:5001>");
    s.expect(". 1:1001(1000) ack 1").expectNothing();
    assertEquals(s.connection!.info().isReorderingSeen, false);
    // What comes later and lies lower, and was not sent again, is.
    s.at(101).inject(". 1:1(0) ack 1 <sack 3001:5001 1001:2001 6001:7001>").expect(". 2001:3001(1000) ack 1");
    assertEquals(s.connection!.info().isReorderingSeen, true);
    assertEquals(s.connection!.info().reorderingEvents, 1);
    assertEquals(s.connection!.info().reorderingSegments, 4, "3,001 was sent four segments before 7,001");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a recovery that was for nothing shows that the path reorders, and the next three duplicates wait (RFC 8985 §6.2, step 3)",
  script((s) => {
    distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
    s.call.send(8 * 988);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 989:3953>").expect(". 1:989(988) ack 1");
    assertEquals(s.connection!.info().isReorderingSeen, false);
    // The first transmission arrives after all: its timestamp, of 50 ms, is echoed.
    s.at(105).inject(". 1:1(0) ack 3953 <TS val 3 ecr 50>").expectNothing();
    assertEquals([s.connection!.info().phase, s.connection!.info().isReorderingSeen], ["NONE", true]);
    s.at(106).inject(". 1:1(0) ack 3953 <TS val 4 ecr 50,sack 4941:7905>").expectNothing();
    s.at(118.4).expectNothing();
    s.at(118.5).expect(". 3953:4941(988) ack 1");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a retransmission that is lost is found out and sent again without a timeout (RFC 8985 §3.2)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.call.send(10_000);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    for (let right = 5001; right <= 10001; right += 1000) s.inject(`. 1:1(0) ack 1 <sack 1001:${right}>`);
    const fresh = s.takeAll();
    assertEquals(fresh.length > 0, true);
    // What was sent after the repair is delivered: the repair is lost.
    s.at(151).inject(". 1:1(0) ack 1 <sack 1001:11001>");
    s.expect(". 1:1001(1000) ack 1");
    assertEquals(s.harness.tcp.counters.timeouts, 0);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: losing a repair that was sent a round trip after the reduction reduces the window again, an earlier one does not (RFC 5681 §4.3)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.call.send(30_000);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.inject(". 1:1(0) ack 1 <sack 1001:10001>").takeAll();
    const { ssthresh } = s.connection!.info();
    // What left with the reduction met the old window.
    s.at(151).inject(". 1:1(0) ack 1 <sack 1001:11001>").expect(". 1:1001(1000) ack 1");
    assertEquals(s.connection!.info().ssthresh, ssthresh);
    s.inject(". 1:1(0) ack 1 <sack 1001:12001>").takeAll();
    s.at(202).inject(". 1:1(0) ack 1 <sack 1001:17001>").expect(". 1:1001(1000) ack 1");
    assertEquals([s.connection!.info().ssthresh, s.connection!.info().phase], [0.7 * ssthresh, "FAST"]);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK makes the reordering window a quarter larger (RFC 8985 §6.2, step 4)",
  script((s) => {
    distant(s);
    fill(s, 5);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>");
    s.at(112.5).expect(". 1:1001(1000) ack 1");
    // It came twice: it had not been lost.
    s.at(120).inject(". 1:1(0) ack 5001").inject(". 1:1(0) ack 5001 <sack 1:1001>").expectNothing();
    fill(s, 3);
    s.at(170).inject(". 1:1(0) ack 5001 <sack 6001:7001>").expectNothing();
    s.at(194.9).expectNothing();
    s.at(195).expect(". 5001:6001(1000) ack 1");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK of a probe says nothing about reordering on a path that has shown none (RFC 8985 §6.2, step 4)",
  script((s) => {
    distant(s);
    fill(s, 3);
    s.at(150).expect("P. 2001:3001(1000) ack 1");
    s.at(160).inject(". 1:1(0) ack 3001").inject(". 1:1(0) ack 3001 <sack 2001:3001>");
    assertEquals(s.connection!.info().reorderingQuarters, 1);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: D-SACKs for what was sent once are the network's doing (RFC 8985 §6.2, step 4, RFC 3708 §5)",
  script((s) => {
    distant(s);
    fill(s, 5);
    // Reordered; and what came late came twice, though it was never sent again.
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>").inject(". 1:1(0) ack 5001").expectNothing();
    fill(s, 5);
    s.at(101).inject(". 1:1(0) ack 5001 <sack 1:1001>");
    assertEquals(s.connection!.info().reorderingQuarters, 1);
    // A recovery is for nothing if what was sent again has come twice: another such D-SACK does not say so.
    s.at(151).inject(". 1:1(0) ack 5001 <sack 6001:9001>");
    s.at(163.5).expect(". 5001:6001(1000) ack 1").inject(". 1:1(0) ack 5001 <sack 7001:8001 6001:9001>");
    assertEquals(s.harness.tcp.counters.undoneRecoveries, 0);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a timeout for nothing says nothing about reordering: three SACKs find a loss at once (RFC 8985 §6.2, step 4)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s);
    fill(s, 1);
    s.at(300).expect("P. 1:1001(1000) ack 1");
    s.at(310).inject(". 1:1(0) ack 1001");
    s.at(311).inject(". 1:1(0) ack 1001 <sack 1:1001>");
    assertEquals(s.harness.tcp.counters.undoneRecoveries, 1);
    fill(s, 5);
    s.at(361).inject(". 1:1(0) ack 1001 <sack 2001:5001>").expect(". 1001:2001(1000) ack 1");
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: slow start doubles the window on a path that reorders, too: what is SACKed counts (RFC 5681 §3.1, RFC 3465 §2.1)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:2001>").inject(". 1:1(0) ack 10001").expectNothing();
    const before = s.connection!.info().cwnd;
    fill(s, before / 1000);
    s.at(150).inject(". 1:1(0) ack 10001 <sack 11001:14001>");
    assertEquals(s.connection!.info().cwnd, before + 3000);
    s.inject(`. 1:1(0) ack ${10001 + before}`);
    assertEquals(s.connection!.info().cwnd, 2 * before);
    finish(s);
  }),
);

Deno.test(
  "FAST: a timeout leaves a segment's room beyond what was sent too lately to be lost (RFC 5681 §3.1, RFC 8985 §6.3)",
  script((s) => {
    distant(s);
    s.call.send(20_000);
    s.takeAll();
    // The round trip grows, so that what is SACKed comes in slowly; each lets text out. The repair is lost.
    for (const [atMs, right] of [[100, 4001], [150, 5001], [200, 6001], [250, 7001], [300, 8001]] as const) {
      s.at(atMs).inject(`. 1:1(0) ack 1 <sack 1001:${right}>`).takeAll();
    }
    s.harness.at(400_000);
    s.takeAll();
    assertEquals(s.connection!.info().phase, "TIMEOUT");
    const { cwnd, pipe } = s.connection!.info();
    assert(pipe > 1000, `${pipe} on their way`);
    assertEquals(cwnd, pipe);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: without SACK, three duplicates it is (RFC 5681 §3.2, RFC 8985 §4)",
  script((s) => {
    distant(s, "<mss 1000>");
    fill(s, 5);
    s.at(100).inject(". 1:1(0) ack 1").inject(". 1:1(0) ack 1").expectNothing();
    s.at(120).expectNothing();
    s.inject(". 1:1(0) ack 1").expect(". 1:1001(1000) ack 1");
    finish(s);
  }),
);

// Tail loss probes.

Deno.test(
  "ESTABLISHED: a flight without an answer is probed after two round trips by its last segment (RFC 8985 §7.2, §7.3)",
  script((s) => {
    distant(s);
    fill(s, 3);
    s.at(149).expectNothing();
    s.at(150).expect("P. 2001:3001(1000) ack 1").expectNothing();
    assertEquals([s.harness.tcp.counters.tailLossProbes, s.harness.tcp.counters.timeouts], [1, 0]);
    // The probe shows that the first two arrived and the third had not: nothing else is to be done.
    s.at(200).inject(". 1:1(0) ack 3001").expectNothing();
    s.at(10_000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: the probe's SACK starts recovery of the rest of a lost tail, long before the timeout (RFC 8985 §7)",
  script((s) => {
    distant(s);
    fill(s, 5);
    s.at(150).expect("P. 4001:5001(1000) ack 1");
    // What was sent a hundred milliseconds before the probe has had its time.
    s.at(200).inject(". 1:1(0) ack 2001 <sack 4001:5001>");
    s.expect(". 2001:3001(1000) ack 1").expect(". 3001:4001(1000) ack 1").expectNothing();
    assertEquals(s.harness.tcp.counters.timeouts, 0);
    s.at(250).inject(". 1:1(0) ack 5001").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: a probe is new text where there is some, beyond the congestion window (RFC 8985 §7.3)",
  script((s) => {
    distant(s);
    s.call.send(15_000);
    assertEquals(s.takeAll().length, 10);
    s.at(150).expect(". 10001:11001(1000) ack 1").expectNothing();
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: with one segment out the probe leaves time for a delayed acknowledgment, and the timeout comes after it (RFC 8985 §7.2)",
  script((s) => {
    distant(s);
    fill(s, 1);
    // RTO = 50 + 200 ms, PTO = 2·50 + 200 ms: the earlier of the two.
    s.at(300).expect("P. 1:1001(1000) ack 1").expectNothing();
    assertEquals(s.harness.tcp.counters.timeouts, 0);
    s.at(550).expect("P. 1:1001(1000) ack 1").expectNothing();
    assertEquals(s.harness.tcp.counters.timeouts, 1);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a loss that a probe repaired closes the window (RFC 8985 §7.4.2)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    distant(s);
    fill(s, 8);
    s.at(150).expect("P. 7001:8001(1000) ack 1");
    s.at(200).inject(". 1:1(0) ack 8001");
    const before = s.connection!.info().cwnd;
    fill(s, 8);
    s.at(250).inject(". 1:1(0) ack 16001");
    assertEquals(s.harness.tcp.counters.tailLossRepairs, 1);
    assertEquals(s.connection!.info().cwnd < before, true);
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK says that a probe was for nothing, and the window stays (RFC 8985 §7.4.2)",
  script({ tcp: { congestionControl: "reno" } }, (s) => {
    distant(s);
    fill(s, 8);
    s.at(150).expect("P. 7001:8001(1000) ack 1");
    s.at(160).inject(". 1:1(0) ack 8001").inject(". 1:1(0) ack 8001 <sack 7001:8001>");
    const before = s.connection!.info().cwnd;
    fill(s, 8);
    s.at(210).inject(". 1:1(0) ack 16001");
    assertEquals(s.harness.tcp.counters.tailLossRepairs, 0);
    assertEquals(s.connection!.info().cwnd >= before, true);
  }),
);

Deno.test(
  "ESTABLISHED: tailLossProbe: false leaves it to the timeout (option)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s);
    fill(s, 3);
    s.at(299).expectNothing();
    s.at(300).expect(". 1:1001(1000) ack 1").expectNothing();
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a probe whose segment was SACKed meanwhile is not sent (RFC 8985 §7.3)",
  script((s) => {
    distant(s);
    fill(s, 2);
    s.at(149.9).inject(". 1:1(0) ack 1 <sack 1001:2001>");
    s.run(3000);
    const again = s.takeAll().map((seg) => (seg.seq - s.iss) >>> 0);
    assertEquals(again.every((seq) => seq === 1), true, String(again));
    s.inject(". 1:1(0) ack 2001");
  }),
);
