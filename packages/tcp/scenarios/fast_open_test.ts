import { assert, assertEquals } from "@std/assert";
import { assertTcp } from "../assert_tcb.ts";
import { COOKIE, cookieCached, cookieOf, open, option, REQUEST, TIMESTAMPED } from "./fast_open_states.ts";
import { script } from "./harness.ts";
import { established } from "./states.ts";
import { pattern } from "./text_pattern.ts";
import { Peer, TwoHosts } from "./two_hosts.ts";

Deno.test(
  "LISTEN: a cookie is given to who asks, and text beside the request waits (RFC 7413 §4.2.2)",
  script((s) => {
    s.call.listen({ fastOpen: 16 });
    s.inject(`S 0:10(10) win 65535 <mss 1000,${REQUEST}>`).expect("S. 0:0(0) ack 1");
    assertEquals(option(s)?.split(" ").slice(0, 3), ["raw", "22", "a"]);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(20), 10);
  }),
);

Deno.test(
  "LISTEN: without Fast Open the option is ignored (RFC 7413 §4.2.2)",
  script((s) => {
    s.call.listen();
    s.inject(`S 0:10(10) win 65535 <mss 1000,${REQUEST}>`).expect("S. 0:0(0) ack 1 <mss 1460>");
    assertEquals(option(s), undefined);
  }),
);

Deno.test(
  "LISTEN: text of a SYN with a valid cookie is delivered at once, and acknowledged by the SYN-ACK (RFC 7413 §4.2.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11").expectNothing();
    assertEquals(option(s), undefined);
    s.expectState("SYN-RECEIVED");
    assertEquals([s.call.read(20), s.listener!.fastOpenCount], [10, 1]);
    assertTcp(s.harness.tcp);
    s.inject(". 11:11(0) ack 1").expectNothing().expectState("ESTABLISHED");
    assertEquals([s.listener!.fastOpenCount, s.harness.tcp.counters.fastOpenPassive], [0, 1]);
    s.inject("P. 11:21(10) ack 1").expect(". 1:1(0) ack 21");
    assertEquals(s.call.read(20), 10);
  }),
);

Deno.test(
  "SYN-RECEIVED: the answer may follow the SYN-ACK before that is acknowledged (RFC 7413 §4.2.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.call.send(1500);
    s.expect(". 1:1001(1000) ack 11").expect("P. 1001:1501(500) ack 11").expectNothing();
    assertTcp(s.harness.tcp);
    s.inject(". 11:11(0) ack 1501").expectNothing().expectState("ESTABLISHED");
    assertEquals(s.connection!.unackedBytes, 0);
    assertTcp(s.harness.tcp);
  }),
);

Deno.test(
  "SYN-RECEIVED: what was sent early is sent again when only the SYN-ACK was acknowledged (RFC 6298 §5)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.call.send(500);
    s.expect("P. 1:501(500) ack 11");
    s.at(1000).expect("S. 0:0(0) ack 11").expectNothing();
    s.at(1100).inject(". 11:11(0) ack 1").expectState("ESTABLISHED");
    const again = s.run(10_000).take()!;
    assertEquals([(again.seq - s.iss) >>> 0, again.textLength], [1, 500]);
    s.inject(". 11:11(0) ack 501");
    s.takeAll();
    assertEquals(s.connection!.unackedBytes, 0);
  }),
);

Deno.test(
  "SYN-RECEIVED: CLOSE lets the answer go early and the FIN when the SYN-ACK is acknowledged (RFC 9293 §3.10.4)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.call.read(20);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 11");
    s.call.close();
    s.expectNothing().expectState("SYN-RECEIVED");
    s.inject(". 11:11(0) ack 101").expect("F. 101:101(0) ack 11").expectState("FIN-WAIT-1");
    s.inject("F. 11:11(0) ack 102").expect(". 102:102(0) ack 12").expectState("TIME-WAIT");
  }),
);

Deno.test(
  "SYN-RECEIVED: the SYN again, with or without its text, delivers nothing twice (RFC 7413 §4.2.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.at(500).inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.at(1000).expect("S. 0:0(0) ack 11");
    s.at(1001).inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 11");
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11").expectState("SYN-RECEIVED");
    s.inject(". 11:11(0) ack 1").expectState("ESTABLISHED");
    assertEquals([s.call.read(100), s.connections.length], [10, 1]);
  }),
);

Deno.test(
  "LISTEN: a wrong cookie draws the right one, and the text waits (RFC 7413 §4.2.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${COOKIE}>`).expect("S. 0:0(0) ack 1");
    assertEquals(option(s), cookie);
    assertEquals(s.harness.tcp.counters.fastOpenPassiveFails, 1);
    s.inject("P. 1:11(10) ack 1").expect(". 1:1(0) ack 11");
    assertEquals(s.call.read(20), 10);
  }),
);

Deno.test(
  "LISTEN: the SYN-ACK that is sent again gives no cookie",
  script((s) => {
    s.call.listen({ fastOpen: 16 });
    s.inject(`S 0:0(0) win 65535 <mss 1000,${REQUEST}>`).expect("S. 0:0(0) ack 1");
    s.at(1000).expect("S. 0:0(0) ack 1 <mss 1460>");
    assertEquals(option(s), undefined);
  }),
);

Deno.test(
  "LISTEN: the key changes daily; cookies of the day before count once more, and are replaced (RFC 7413 §4.1.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.run(24 * 3600_000);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    const renewed = option(s)!;
    assert(renewed !== undefined && renewed !== cookie);
    s.call.abort();
    s.takeAll();
    s.run(48 * 3600_000);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`, { port: 50001 }).expect("S. 0:0(0) ack 1", {
      port: 50001,
    });
    s.inject("R 1:1(0)", { port: 50001 });
  }),
);

Deno.test(
  "LISTEN: cookies belong to addresses, not to ports, and timestamps change nothing (RFC 7413 §4.1.2, RFC 7323 §3.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <${TIMESTAMPED},${cookie}>`, { port: 50003 });
    s.expect("S. 0:0(0) ack 11 <mss 1460,TS val 0 ecr 77>", { port: 50003 });
    assertEquals(s.call.read(20), 10);
  }),
);

Deno.test(
  "LISTEN: so many handshakes by Fast Open at a time, then text waits as ever (RFC 7413 §5.1)",
  script((s) => {
    const cookie = cookieOf(s, 1);
    const syn = `S 0:10(10) win 65535 <mss 1000,${cookie}>`;
    s.inject(syn, { port: 50001 }).expect("S. 0:0(0) ack 11", { port: 50001 });
    s.inject(syn, { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    assertEquals(s.harness.tcp.counters.fastOpenOverflows, 1);
    s.inject(". 11:11(0) ack 1", { port: 50001 }).expectState("ESTABLISHED");
    s.inject(syn, { port: 50003 }).expect("S. 0:0(0) ack 11", { port: 50003 });
    s.inject("R 1:1(0)", { port: 50002 });
  }),
);

Deno.test(
  "SYN-RECEIVED: a reset ends a connection by Fast Open, whose place is free a minute later (RFC 7413 §5.1)",
  script((s) => {
    const cookie = cookieOf(s, 1);
    const syn = `S 0:10(10) win 65535 <mss 1000,${cookie}>`;
    s.inject(syn).expect("S. 0:0(0) ack 11").expectEvent("readable");
    s.inject("R 11:11(0)").expectNothing().expectClosed("CONNECTION_RESET");
    s.inject(syn, { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    s.inject("R 1:1(0)", { port: 50002 });
    s.at(60_000).inject(syn, { port: 50003 }).expect("S. 0:0(0) ack 11", { port: 50003 });
  }),
);

Deno.test(
  "SYN-RECEIVED: a SYN in the window does not end a connection by Fast Open (RFC 5961 §4.2)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11");
    s.inject("S 15:15(0) win 65535").expect(". 1:1(0) ack 11").expectState("SYN-RECEIVED");
  }),
);

Deno.test(
  "SYN-RECEIVED: who got his connection by Fast Open learns that the handshake failed (RFC 9293 §3.8.3)",
  script((s) => {
    const cookie = cookieOf(s);
    s.inject(`S 0:10(10) win 65535 <mss 1000,${cookie}>`).expect("S. 0:0(0) ack 11").expectEvent("readable");
    s.run(63_000);
    assertEquals(s.takeAll().length, 5);
    s.expectClosed("TIMED_OUT");
    assertEquals(s.listener!.fastOpenCount, 0);
  }),
);

Deno.test(
  "SYN-SENT: the first OPEN asks for a cookie, and its text waits (RFC 7413 §4.2.1)",
  script((s) => {
    open(s, 100);
    s.expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>");
    assertEquals(option(s), REQUEST);
    s.inject(`S. 0:0(0) ack 1 win 65535 <mss 1000,${COOKIE}>`);
    s.expect("P. 1:101(100) ack 1").expectEvent("connected");
    s.inject(". 1:1(0) ack 101");
  }),
);

Deno.test(
  "SYN-SENT: with a cookie, text goes with the SYN, as much as the peer's MSS has room for (RFC 7413 §4.2.1)",
  script((s) => {
    cookieCached(s);
    open(s, 1500);
    // 1,000 less all the room that options can take, as in Linux.
    s.expect("S 0:960(960)").expectNothing().expectState("SYN-SENT");
    assertEquals(option(s), COOKIE);
    assertTcp(s.harness.tcp);
    s.inject("S. 0:0(0) ack 961 win 65535 <mss 1000>");
    s.expect("P. 961:1501(540) ack 1").expectNothing().expectEvent("connected").expectState("ESTABLISHED");
    assertTcp(s.harness.tcp);
    s.inject(". 1:1(0) ack 1501");
    assertEquals([s.connection!.unackedBytes, s.harness.tcp.counters.fastOpenActive], [0, 1]);
    assertEquals(s.connection!.info().bytesSent, 1500);
  }),
);

Deno.test(
  "SYN-SENT: text handed over before the flush goes with the SYN too (RFC 7413 §4.2.1)",
  script((s) => {
    cookieCached(s);
    const { tcp } = s.harness;
    const connection = tcp.connect(
      { remoteAddress: s.connections[0]!.remoteAddress, remotePort: 80, localPort: 40000, fastOpen: true },
      s.handlers(),
    );
    s.adopt(connection);
    connection.send(pattern(1, 10));
    s.called("connect and send");
    s.expect("S 0:10(10)");
  }),
);

Deno.test(
  "SYN-SENT: text that the SYN-ACK does not acknowledge is sent again at once (RFC 7413 §4.2.1)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    s.expect("P. 1:101(100) ack 1").expectNothing().expectEvent("connected");
    s.inject(". 1:1(0) ack 101");
    assertEquals(s.harness.tcp.counters.fastOpenActiveFails, 1);
  }),
);

Deno.test(
  "SYN-SENT: a part of the text may be acknowledged, but nothing beyond it (RFC 9293 §3.10.7.3)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S. 0:0(0) ack 102 win 65535 <mss 1000>").expect("R 102:102(0)").expectState("SYN-SENT");
    s.inject("S. 0:0(0) ack 51 win 65535 <mss 1000>").expect("P. 51:101(50) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 101");
    assertTcp(s.harness.tcp);
  }),
);

Deno.test(
  "SYN-SENT: the SYN is sent again without text and cookie; a late answer to the first counts (RFC 7413 §4.2.1)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.at(1000).expect("S 0:0(0)");
    assertEquals(option(s), undefined);
    s.inject("S. 0:0(0) ack 101 win 65535 <mss 1000>").expect(". 101:101(0) ack 1").expectState(
      "ESTABLISHED",
    );
  }),
);

Deno.test(
  "SYN-SENT: where SYNs with text vanish, Fast Open is not tried for a while, longer each time (RFC 7413 §4.1.3.1, §7.1)",
  script((s) => {
    cookieCached(s);
    const attempt = (isTried: boolean): void => {
      open(s, 100);
      s.expect(isTried ? "S 0:100(100)" : "S 0:0(0)");
      if (isTried) s.at(s.nowMs + 1000).expect("S 0:0(0)");
      s.inject("S. 0:0(0) ack 1 win 65535 <mss 1000>").expect("P. 1:101(100) ack 1").expectEvent("connected");
      s.inject(". 1:1(0) ack 101");
      s.call.abort();
      s.takeAll();
    };
    attempt(true);
    attempt(true);
    attempt(false);
    s.at(s.nowMs + 60_000);
    attempt(true);
    s.at(s.nowMs + 119_000);
    attempt(false);
    s.at(s.nowMs + 1000);
    attempt(true);
  }),
);

Deno.test(
  "SYN-SENT: a reset of a SYN with text refuses the connection (RFC 9293 §3.10.7.3)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("R. 0:0(0) ack 101 win 0").expectNothing().expectClosed("CONNECTION_REFUSED");
  }),
);

Deno.test(
  "SYN-SENT: SYNs that cross: the text follows after the handshake (RFC 9293 §3.5, MUST-10)",
  script((s) => {
    cookieCached(s);
    open(s, 100);
    s.expect("S 0:100(100)");
    s.inject("S 0:0(0) win 65535 <mss 1000>").expect("S. 0:0(0) ack 1").expectState("SYN-RECEIVED");
    s.inject(". 1:1(0) ack 1").expect("P. 1:101(100) ack 1").expectState("ESTABLISHED");
    s.inject(". 1:1(0) ack 101");
    assertTcp(s.harness.tcp);
  }),
);

Deno.test(
  "SYN-SENT: the newest cookie is the one that counts, of 4 to 16 octets (RFC 7413 §4.1.1)",
  script((s) => {
    cookieCached(s);
    const long = "raw 22 12 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f";
    open(s, 10);
    s.expect("S 0:10(10)");
    s.inject(`S. 0:0(0) ack 1 win 65535 <mss 1000,${long}>`).expect("P. 1:11(10) ack 1");
    s.call.abort();
    s.takeAll();
    open(s, 10);
    s.expect("S 0:10(10) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>");
    assertEquals(option(s), long);
  }),
);

Deno.test(
  "SYN-SENT: a SYN-ACK may carry text itself (RFC 7413 §3)",
  script((s) => {
    cookieCached(s);
    open(s, 10);
    s.expect("S 0:10(10)");
    s.inject("S. 0:20(20) ack 11 win 65535 <mss 1000>").expect(". 11:11(0) ack 21").expectState(
      "ESTABLISHED",
    );
    assertEquals(s.call.read(50), 20);
  }),
);

Deno.test(
  "SYN-SENT: nobody who did not ask sends the option (RFC 7413 §4.2.1)",
  script((s) => {
    established(s);
    assertEquals(option(s), undefined);
    s.call.abort();
    s.takeAll();
    cookieCached(s);
    s.call.connect();
    s.expect("S 0:0(0)");
    assertEquals(option(s), undefined);
  }),
);

Deno.test("two hosts: the answer to a known client comes after one round trip instead of two", () => {
  const hosts = new TwoHosts({ aToB: { delayMs: 50 }, bToA: { delayMs: 50 } });
  const request = pattern(1, 600);
  const answer = pattern(1, 4000);
  hosts.b.tcp.listen({ port: 80, fastOpen: 8 }, (connection) => {
    const server = new Peer(answer);
    server.connected(connection);
    return server;
  });
  const times: number[] = [];
  for (let i = 0; i < 2; i++) {
    const client = new Peer();
    client.finishes = false;
    const startMs = hosts.sim.clock.now();
    let answeredMs = -1;
    const readable = client.readable.bind(client);
    client.readable = (c) => {
      if (answeredMs < 0) answeredMs = hosts.sim.clock.now() - startMs;
      readable(c);
    };
    const connection = hosts.a.tcp.connect(
      { remoteAddress: hosts.b.address, remotePort: 80, fastOpenData: request },
      client,
    );
    hosts.advance(2000);
    assert(client.data.every((octet, at) => octet === answer[at]));
    assertEquals(client.receivedBytes, 4000);
    times.push(Math.round(answeredMs));
    connection.close();
    hosts.advance(1000);
  }
  assertEquals(times.map((ms) => Math.round(ms / 100)), [2, 1]);
  hosts.advance(200_000);
  hosts.close();
});
