import { assertEquals } from "@std/assert";
import { script, type TcpScript } from "./harness.ts";
import { accepted } from "./states.ts";

Deno.test(
  "LISTEN: with too many half-open connections SYNs are dropped silently; the peer tries again (TC-06)",
  script({ tcp: { synCookies: "never" } }, (s) => {
    s.call.listen({ backlog: 2, halfOpenLimit: 2 });
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50003 }).expectNothing();
    s.inject(". 1:1(0) ack 1", { port: 50001 });
    s.inject("S 0:0(0) win 65535 <mss 1000>", { port: 50003 }).expect("S. 0:0(0) ack 1", { port: 50003 });
    s.inject("R 1:1(0)", { port: 50002 });
    s.inject("R 1:1(0)", { port: 50003 });
  }),
);

Deno.test(
  "LISTEN: a backlog of 0 counts as 1 (TC-06)",
  script((s) => {
    s.listener = s.harness.tcp.listen({ port: 8080, backlog: 0 }, (connection) => {
      s.adopt(connection);
      connection.holdBacklog();
      return s.handlers();
    });
    s.localPort = 8080;
    assertEquals(s.listener.backlog, 1);
    s.listener.backlog = 5;
    s.listener.backlog = 0;
    assertEquals(s.listener.backlog, 1);
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject(". 1:1(0) ack 1", { port: 50001 }).expectNothing();
    s.inject("S 0:0(0) win 65535", { port: 50002 }).expectNothing();
    s.inject("R 1:1(0)", { port: 50001 });
  }),
);

Deno.test(
  "LISTEN: connections that are accepted but held count against the backlog (TC-06: tcp_backlog_delayed)",
  script((s) => {
    s.listener = s.harness.tcp.listen({ port: 8080, backlog: 1 }, (connection) => {
      s.adopt(connection);
      connection.holdBacklog();
      return s.handlers();
    });
    accepted(s);
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expectNothing();
    s.call.do("releaseBacklog", (c) => c.releaseBacklog());
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("R 1:1(0)", { port: 50001 });
  }),
);

Deno.test(
  "LISTEN: a held connection that dies frees its place",
  script((s) => {
    s.listener = s.harness.tcp.listen({ port: 8080, backlog: 1 }, (connection) => {
      s.adopt(connection);
      connection.holdBacklog();
      return s.handlers();
    });
    accepted(s);
    s.inject("R 1:1(0)").expectState("CLOSED");
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("R 1:1(0)", { port: 50001 });
  }),
);

Deno.test(
  "LISTEN: half-open connections that time out free their place (RFC 4987 §2)",
  script((s) => {
    s.call.listen({ backlog: 1 });
    s.inject("S 0:0(0) win 65535", { port: 50001 });
    s.takeAll();
    s.run(64_000);
    s.takeAll();
    assertEquals(s.listener!.halfOpenCount, 0);
    s.inject("S 0:0(0) win 65535", { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    s.inject("R 1:1(0)", { port: 50002 });
  }),
);

Deno.test(
  "LISTEN: a connection nobody wants is reset (TC-05)",
  script((s) => {
    s.listener = s.harness.tcp.listen({ port: 8080 }, () => undefined);
    s.inject("S 0:0(0) win 65535").expect("S. 0:0(0) ack 1");
    s.inject(". 1:1(0) ack 1").expect("R. 1:1(0) ack 1");
    assertEquals(s.harness.tcp.connectionCount, 0);
  }),
);

Deno.test(
  "LISTEN: what the listener chose is inherited (TC-05)",
  script((s) => {
    s.call.listen({ noDelay: true, userTimeoutMs: 1234, priority: 5, keepAlive: true });
    accepted(s);
    const c = s.connection!;
    assertEquals([c.noDelay, c.userTimeoutMs, c.priority, c.keepAlive?.count], [true, 1234, 5, 9]);
  }),
);

Deno.test(
  "LISTEN: 1,000 SYNs of a flood take no more than their limit, and the pool balances (RFC 4987 §2)",
  script((s) => {
    s.call.listen({ halfOpenLimit: 64 });
    for (let i = 0; i < 1000; i++) {
      s.inject("S 0:0(0) win 65535", { port: 10_000 + i });
      s.takeAll();
    }
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.connectionCount], [64, 64]);
    assertEquals(s.harness.pool.inUse, 0);
  }),
);

Deno.test(
  "LISTEN: the oldest half-open connection which was given its chance makes room (RFC 4987 §3.5)",
  script({ tcp: { synCookies: "never" } }, (s) => {
    s.call.listen({ backlog: 2, halfOpenLimit: 2 });
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.at(900);
    s.inject("S 0:0(0) win 65535", { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
    s.inject("S 0:0(0) win 65535", { port: 50003 }).expectNothing();
    s.at(1000).expect("S. 0:0(0) ack 1", { port: 50001 });
    s.inject("S 0:0(0) win 65535", { port: 50003 }).expect("S. 0:0(0) ack 1", { port: 50003 });
    // Gone without a word.
    s.inject(". 1:1(0) ack 1", { port: 50001 }).expect("R 1:1(0)", { port: 50001 });
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.counters.halfOpenRecycled], [2, 1]);
    s.inject("R 1:1(0)", { port: 50002 }).inject("R 1:1(0)", { port: 50003 });
  }),
);

Deno.test(
  "LISTEN: half-open connections have a limit of their own (RFC 4987 §3.3)",
  script({ tcp: { synCookies: "never" } }, (s) => {
    s.call.listen({ backlog: 1, halfOpenLimit: 3 });
    for (const port of [50001, 50002, 50003]) {
      s.inject("S 0:0(0) win 65535", { port }).expect("S. 0:0(0) ack 1", { port });
    }
    s.inject("S 0:0(0) win 65535", { port: 50004 }).expectNothing();
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.counters.listenOverflows], [3, 1]);
    for (const port of [50001, 50002, 50003]) s.inject("R 1:1(0)", { port });
  }),
);

/** Two half-open connections, and a backlog of one which the first of them will fill. */
function overflowing(s: TcpScript): void {
  s.listener = s.harness.tcp.listen({ port: 8080, backlog: 1, halfOpenLimit: 2 }, (connection) => {
    s.adopt(connection);
    connection.holdBacklog();
    return s.handlers();
  });
  s.localPort = 8080;
  s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
  s.inject("S 0:0(0) win 65535", { port: 50002 }).expect("S. 0:0(0) ack 1", { port: 50002 });
  s.inject(". 1:1(0) ack 1", { port: 50001 }).expectNothing();
}

Deno.test(
  "SYN-RECEIVED: while the backlog is full the acknowledgment is dropped, and the SYN-ACK is sent again (as Linux)",
  script((s) => {
    overflowing(s);
    s.inject(". 1:1(0) ack 1", { port: 50002 }).expectNothing();
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.counters.acceptOverflows], [1, 1]);
    s.at(1000).expect("S. 0:0(0) ack 1", { port: 50002 });
    s.call.do("releaseBacklog", (c) => c.releaseBacklog());
    // The peer's text acknowledges as well.
    s.inject("P. 1:11(10) ack 1", { port: 50002 }).expect(". 1:1(0) ack 11", { port: 50002 });
    s.expectState("ESTABLISHED");
    assertEquals(s.listener!.heldCount, 1);
  }),
);

Deno.test(
  "SYN-RECEIVED: while the backlog is full the acknowledgment draws a reset, if so wanted (tcp_abort_on_overflow)",
  script({ tcp: { abortOnOverflow: true } }, (s) => {
    overflowing(s);
    s.inject(". 1:1(0) ack 1", { port: 50002 }).expect("R. 1:1(0) ack 1", { port: 50002 });
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.connectionCount], [0, 1]);
  }),
);

Deno.test(
  "SYN-RECEIVED: acknowledgments that come in one batch overflow the backlog all the same",
  script((s) => {
    s.listener = s.harness.tcp.listen({ port: 8080, backlog: 2, halfOpenLimit: 8 }, (connection) => {
      s.adopt(connection);
      connection.holdBacklog();
      return s.handlers();
    });
    s.localPort = 8080;
    const ports = [50001, 50002, 50003, 50004];
    for (const port of ports) s.inject("S 0:0(0) win 65535", { port }).expect("S. 0:0(0) ack 1", { port });
    s.harness.injectBatch(ports.map((port) => s.packet(". 1:1(0) ack 1", { port })));
    assertEquals([s.listener.heldCount, s.listener.halfOpenCount], [2, 2]);
  }),
);

Deno.test(
  "SYN-RECEIVED: in a crowd of half-open connections the SYN-ACK is repeated twice only (RFC 4987 §3.3)",
  script((s) => {
    s.call.listen({ halfOpenLimit: 10 });
    for (let i = 0; i < 9; i++) s.inject("S 0:0(0) win 65535", { port: 50001 + i }).take();
    s.run(6999);
    assertEquals([s.takeAll().length, s.listener!.halfOpenCount], [18, 9]);
    // Enough of them leave for the rest to have all their time.
    s.run(7000);
    assertEquals(s.listener!.halfOpenCount, 5);
    s.run(64_000);
    s.takeAll();
    assertEquals(s.listener!.halfOpenCount, 0);
  }),
);
