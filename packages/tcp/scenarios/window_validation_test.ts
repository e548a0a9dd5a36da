import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant } from "./states.ts";

/** A window of 20 segments that was in use. */
function grown(s: TcpScript): void {
  distant(s);
  s.call.send(10_000);
  s.takeAll();
  s.at(100).inject(". 1:1(0) ack 10001");
  assertEquals(s.connection!.info().cwnd, 20_000);
}

const options = { tcp: { congestionControl: "reno", idleRestart: false } } as const;

Deno.test(
  "ESTABLISHED: without a restart after idle, an unused window is kept for five minutes, then halved (RFC 7661 §4.4.3)",
  script(options, (s) => {
    grown(s);
    s.at(300_000);
    s.call.send(1000);
    s.expect("P. 10001:11001(1000) ack 1");
    assertEquals(s.connection!.info().cwnd, 20_000);
    s.at(300_050).inject(". 1:1(0) ack 11001");
    // Half of the window has not been in flight since 100 ms.
    s.at(300_150);
    s.call.send(1000);
    s.expect("P. 11001:12001(1000) ack 1");
    assertEquals([s.connection!.info().cwnd, s.connection!.info().ssthresh], [10_000, Infinity]);
    s.at(300_200).inject(". 1:1(0) ack 12001");
  }),
);

Deno.test(
  "ESTABLISHED: the window never falls below the initial one by disuse (RFC 7661 §4.4.3)",
  script(options, (s) => {
    grown(s);
    s.at(3_000_000);
    s.call.send(1000);
    s.expect("P. 10001:11001(1000) ack 1");
    assertEquals(s.connection!.info().cwnd, 10_000);
    s.at(3_000_050).inject(". 1:1(0) ack 11001");
  }),
);

Deno.test(
  "ESTABLISHED: half a window in flight validates it (RFC 7661 §4.2)",
  script(options, (s) => {
    grown(s);
    let acked = 10_001;
    for (let at = 60_000; at <= 600_000; at += 60_000) {
      s.at(at);
      s.call.send(10_000);
      s.takeAll();
      s.at(at + 50).inject(`. 1:1(0) ack ${acked += 10_000}`);
    }
    assertEquals(s.connection!.info().cwnd >= 20_000, true);
  }),
);

Deno.test(
  "ESTABLISHED: disuse does not forget how much the path had carried: ssthresh is three quarters of it at least (RFC 7661 §4.4.3)",
  script(options, (s) => {
    grown(s);
    for (const tcb of s.harness.tcp.tcbs()) tcb.congestion.ssthresh = 4000;
    s.at(300_200);
    s.call.send(1000);
    s.expect("P. 10001:11001(1000) ack 1");
    assertEquals([s.connection!.info().cwnd, s.connection!.info().ssthresh], [10_000, 15_000]);
    s.inject(". 1:1(0) ack 11001");
  }),
);
