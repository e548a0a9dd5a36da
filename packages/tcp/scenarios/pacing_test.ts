import { assert, assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { distant } from "./states.ts";

Deno.test(
  "ESTABLISHED: paced, the first window leaves over half a round trip, segment by segment (option)",
  script({ tcp: { pacing: true } }, (s) => {
    distant(s);
    s.call.send(10_000);
    // Twice ten segments per 50 ms.
    for (let i = 0; i < 10; i++) {
      if (i > 0) s.at(50 + 2.5 * i);
      s.expect(`${i === 9 ? "P" : ""}. ${1000 * i + 1}:${1000 * i + 1001}(1000) ack 1`)
        .expectNothing();
    }
    s.inject(". 1:1(0) ack 10001").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: what paced text waits for is the pacing timer alone; when all is acknowledged, none is armed",
  script({ tcp: { pacing: true } }, (s) => {
    distant(s);
    s.call.send(2000);
    s.expect(". 1:1001(1000) ack 1");
    s.at(52.5).expect("P. 1001:2001(1000) ack 1");
    s.at(100).inject(". 1:1(0) ack 2001").expectNothing();
    assertEquals(s.harness.nextTimerMs, Infinity);
  }),
);

Deno.test(
  "ESTABLISHED: BBR paces by the rate that the path was seen to deliver, with a window of twice its product (draft-ietf-ccwg-bbr §5.6)",
  script({ tcp: { congestionControl: "bbr" } }, (s) => {
    distant(s);
    s.call.send(400_000);
    // A path that delivers a segment each 5 ms, 50 ms away.
    const arrivals: number[] = [];
    let acked = 1;
    for (let at = 50; at < 1500; at += 5) {
      s.run(at);
      for (const seg of s.takeAll()) if (seg.textLength > 0) arrivals.push(at + 50);
      while (arrivals.length > 0 && arrivals[0]! <= at) {
        arrivals.shift();
        s.inject(`. 1:1(0) ack ${acked += 1000}`);
        break;
      }
    }
    const info = s.connection!.info();
    assertEquals(info.congestionControl, "bbr");
    assert(info.cwnd <= 40_000, `a window of ${info.cwnd} for a product of 10,000`);
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);
