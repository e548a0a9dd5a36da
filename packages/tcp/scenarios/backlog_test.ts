import { assertEquals } from "@std/assert";
import { script } from "./harness.ts";
import { accepted } from "./states.ts";

Deno.test(
  "LISTEN: a full backlog drops SYNs silently; the peer tries again (TC-06)",
  script((s) => {
    s.call.listen({ backlog: 2 });
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
    s.call.listen({ backlog: 0 });
    s.inject("S 0:0(0) win 65535", { port: 50001 }).expect("S. 0:0(0) ack 1", { port: 50001 });
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
  "LISTEN: 1,000 SYNs of a flood take no more than the backlog, and the pool balances (RFC 4987 §2)",
  script((s) => {
    s.call.listen({ backlog: 64 });
    for (let i = 0; i < 1000; i++) {
      s.inject("S 0:0(0) win 65535", { port: 10_000 + i });
      s.takeAll();
    }
    assertEquals([s.listener!.halfOpenCount, s.harness.tcp.connectionCount], [64, 64]);
    assertEquals(s.harness.pool.inUse, 0);
  }),
);
