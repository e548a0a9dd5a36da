/** Acknowledgments in batches, as drivers hand them over: a batch is no different from its acknowledgments one by one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { distant, finish } from "./states.ts";

Deno.test(
  "FAST: each acknowledgment of a batch lets one segment more out, as if it had come alone (RFC 9937 §6)",
  () => {
    const counts = [true, false].map((isBatch) => {
      let count = 0;
      script((s) => {
        distant(s);
        s.call.send(60_000);
        s.takeAll();
        // All but the last three of ten are lost.
        s.at(100).inject(". 1:1(0) ack 1 <sack 7001:10001>");
        s.takeAll();
        s.at(150).inject(". 1:1(0) ack 1001 <sack 7001:10001>");
        s.takeAll();
        const acks = [2001, 3001].map((ack) => `. 1:1(0) ack ${ack} <sack 7001:10001>`);
        s.at(200);
        if (isBatch) s.injectBatch(...acks);
        else acks.forEach((ack) => s.inject(ack));
        count = s.takeAll().length;
        finish(s);
      })();
      return count;
    });
    assertEquals(counts[0], counts[1]);
    assert(counts[0]! >= 3, `${counts}`);
  },
);

Deno.test(
  "FAST: while a hole stays, the round trip is measured by what is SACKed, and the timeout follows (RFC 6298 §3)",
  script((s) => {
    distant(s);
    s.call.send(10_000);
    s.takeAll();
    const before = s.connection!.info();
    s.at(140).inject(". 1:1(0) ack 1 <sack 1001:2001>");
    const after = s.connection!.info();
    assert(after.rttMs > before.rttMs && after.rtoMs > before.rtoMs, `${before.rtoMs} … ${after.rtoMs}`);
    finish(s);
  }),
);

Deno.test(
  "FAST: a timeout is not undone by the acknowledgment of what the recovery had sent again before it (RFC 3522 §3.2)",
  script((s) => {
    distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
    s.call.send(10 * 988);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 3953:6917>").expect(". 1:989(988) ack 1");
    s.takeAll();
    const { rtoMs } = s.connection!.info();
    s.at(100 + rtoMs);
    assertEquals(s.connection!.info().phase, "TIMEOUT");
    s.takeAll();
    // The repair of 100 ms arrives: the loss was real, three others are still missing.
    s.inject(". 1:1(0) ack 989 <TS val 3 ecr 100,sack 3953:6917>");
    assertEquals([s.harness.tcp.counters.undoneRecoveries, s.connection!.info().phase], [0, "TIMEOUT"]);
    finish(s);
  }),
);
