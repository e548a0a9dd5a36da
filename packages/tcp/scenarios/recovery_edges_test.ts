/** What recovery must not believe: echoes and SACKs that say less than they seem to. */
import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { distant, fill, finish } from "./states.ts";

const counters = (s: TcpScript) => s.harness.tcp.counters;

Deno.test(
  "ESTABLISHED: an acknowledgment sooner than the shortest round trip after a retransmission is the original's, and makes nothing else lost (RFC 8985 §6.2, step 2)",
  script((s) => {
    distant(s);
    fill(s, 5);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.at(120).inject(". 1:1(0) ack 4001").expectNothing();
    s.at(149).expectNothing();
    s.inject(". 1:1(0) ack 5001").expectNothing();
    assertEquals(counters(s).retransSegs, 1);
  }),
);

Deno.test(
  "ESTABLISHED: so is one that echoes the original's timestamp, however late (RFC 8985 §6.2, step 2)",
  script((s) => {
    distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
    s.call.send(5 * 988);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 989:3953>").expect(". 1:989(988) ack 1");
    s.at(165).inject(". 1:1(0) ack 3953 <TS val 3 ecr 50>").expectNothing();
    s.at(200).expectNothing();
    s.inject(". 1:1(0) ack 4941 <TS val 4 ecr 50>");
    assertEquals(counters(s).retransSegs, 1);
  }),
);

Deno.test(
  "ESTABLISHED: a timeout makes lost what has had its time, and not what was sent just now (RFC 8985 §6.3)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s);
    fill(s, 6);
    s.at(100).inject(". 1:1(0) ack 1001").expectNothing();
    s.connection!.noDelay = true;
    s.at(340);
    s.call.send(1000);
    s.expect("P. 6001:7001(1000) ack 1");
    s.at(350).expect(". 1001:2001(1000) ack 1").expectNothing();
    assertEquals(s.connection!.info().lostBytes, 5000);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK of what was sent before a recovery says nothing about it (RFC 3708 §3)",
  script((s) => {
    distant(s);
    fill(s, 10);
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    s.at(150).inject(". 1:1(0) ack 10001").expectNothing();
    fill(s, 5);
    s.at(200).inject(". 1:1(0) ack 10001 <sack 11001:14001>").expect(". 10001:11001(1000) ack 1");
    // Of the first recovery; the second one is for a loss.
    s.inject(". 1:1(0) ack 10001 <sack 1:1001 11001:14001>").expectNothing();
    assertEquals([counters(s).undoneRecoveries, s.connection!.info().phase], [0, "FAST"]);
    s.at(250).inject(". 1:1(0) ack 15001").inject(". 1:1(0) ack 15001 <sack 10001:11001>").expectNothing();
    assertEquals(counters(s).undoneRecoveries, 1);
  }),
);

Deno.test(
  "ESTABLISHED: only the first acknowledgment of something new tells by its echo whether a recovery is for nothing (RFC 3522 §3.2)",
  script((s) => {
    distant(s, "<mss 1000,sackOK,TS val 1 ecr 0>");
    s.call.send(9 * 988);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <TS val 2 ecr 50,sack 989:3953>").expect(". 1:989(988) ack 1");
    s.at(150).inject(". 1:1(0) ack 3953 <TS val 3 ecr 100>");
    s.inject(". 1:1(0) ack 4941 <TS val 3 ecr 50>");
    assertEquals([counters(s).undoneRecoveries, s.connection!.info().phase], [0, "FAST"]);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: after the second timeout in a row what is lost goes first, without F-RTO (RFC 5682 §2.1, step 1)",
  script((s) => {
    distant(s, "<mss 1000>");
    fill(s, 10);
    s.call.send(5000);
    s.at(300).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(800).expect(". 1:1001(1000) ack 1").expectNothing();
    s.at(850).inject(". 1:1(0) ack 1001");
    s.expect(". 1001:2001(1000) ack 1").expect(". 2001:3001(1000) ack 1").expectNothing();
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a timeout that was for nothing leaves three seconds at most for the next one (RFC 4015 §3.2, step 7; RFC 6298 §5.7)",
  script((s) => {
    distant(s, "<mss 1000,TS val 1 ecr 0>");
    s.call.send(9880);
    s.takeAll();
    for (const at of [300, 800, 1800, 3800, 7800]) s.at(at).expect(". 1:989(988) ack 1");
    // The path stood still: what was sent first arrives, its timestamp is echoed.
    s.at(8000).inject(". 1:1(0) ack 989 <TS val 3 ecr 50>");
    s.takeAll();
    assertEquals(counters(s).undoneRecoveries, 1);
    assertEquals(s.connection!.info().rtoMs, 3000);
    finish(s);
  }),
);

Deno.test(
  "ESTABLISHED: a receiver that takes back all that it SACKed gets every segment of it, without another timeout (RFC 2018 §8)",
  script({ tcp: { tailLossProbe: false } }, (s) => {
    distant(s);
    fill(s, 6);
    // It has them all, it says, and acknowledges what lies below, as if it had forgotten.
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:6001>").expect(". 1:1001(1000) ack 1");
    s.at(110).inject(". 1:1(0) ack 1001").expectNothing();
    s.run(800);
    assertEquals(s.takeAll().map((seg) => (seg.seq - s.iss) >>> 0), [1001]);
    assertEquals([s.connection!.info().sackedBytes, s.connection!.info().lostBytes], [0, 5000]);
    s.inject(". 1:1(0) ack 2001").expect(". 2001:3001(1000) ack 1").expect(". 3001:4001(1000) ack 1");
    s.inject(". 1:1(0) ack 4001").expect(". 4001:5001(1000) ack 1").expect("P. 5001:6001(1000) ack 1");
    s.inject(". 1:1(0) ack 6001").expectNothing();
    assertEquals(counters(s).timeouts, 1);
  }),
);

Deno.test(
  "ESTABLISHED: a SACK block that reaches beyond what was sent, or below what is acknowledged, is refused whole",
  script((s) => {
    distant(s);
    fill(s, 4);
    s.at(100).inject(". 1:1(0) ack 1001").expectNothing();
    s.inject(". 1:1(0) ack 1001 <sack 2001:40001>").expectNothing();
    s.inject(". 1:1(0) ack 1001 <sack 500:4001>").expectNothing();
    assertEquals([s.connection!.info().sackedBytes, counters(s).invalidSacks], [0, 2]);
    s.inject(". 1:1(0) ack 4001").expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: a D-SACK block of no octets is refused (RFC 2883 §4)",
  script((s) => {
    distant(s);
    fill(s, 2);
    s.at(100).inject(". 1:1(0) ack 2001").inject(". 1:1(0) ack 2001 <sack 1001:1001>");
    s.inject(". 1:1(0) ack 2001 <sack 2001:1>").expectNothing();
    assertEquals([s.connection!.info().dsackDups, counters(s).invalidSacks], [0, 2]);
  }),
);
