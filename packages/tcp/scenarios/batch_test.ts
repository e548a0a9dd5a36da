/** Acknowledgments in batches, as drivers hand them over: a batch is no different from its acknowledgments one by one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant } from "./states.ts";

function finish(s: TcpScript): void {
  s.call.abort();
  s.takeAll();
}

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
