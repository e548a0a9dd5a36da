import { assert, assertEquals } from "@std/assert";
import type { Pbuf } from "@lightwire/pbuf";
import { script, type TcpScript } from "./harness.ts";
import { accepted, established, synReceived } from "./states.ts";

Deno.test(
  "ESTABLISHED: single octets in order share slots: 20,000 of them hold a few",
  script((s) => {
    accepted(s);
    for (let seq = 1; seq <= 20_000; seq++) {
      s.inject(`. ${seq}:${seq + 1}(1) ack 1`);
      s.takeAll();
    }
    assert(s.harness.pool.inUse <= 100, `${s.harness.pool.inUse} slots`);
    assertEquals(s.call.read(30_000), 20_000);
    s.run(s.nowMs + 500);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: every second octet out of order: bounded in pbufs, and nothing is lost in the end",
  script({ tcp: { reassemblyNodes: 100 } }, (s) => {
    accepted(s);
    for (let seq = 3; seq < 2000; seq += 2) {
      s.inject(`. ${seq}:${seq + 1}(1) ack 1`);
      s.takeAll();
    }
    assert(s.harness.pool.inUse <= 100, `${s.harness.pool.inUse} slots`);
    s.inject(". 1:2001(2000) ack 1");
    s.takeAll();
    assertEquals(s.call.read(3000), 2000);
    s.run(s.nowMs + 500);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: text out of order beyond the bound is dropped and comes again (TC-31)",
  script({ tcp: { reassemblyBytes: 3000 } }, (s) => {
    accepted(s);
    for (const seq of [1001, 2001, 3001, 4001, 5001]) s.inject(`. ${seq}:${seq + 1000}(1000) ack 1`);
    s.takeAll();
    assertEquals(s.connection!.info().outOfOrderBytes, 3000);
    s.inject(". 1:1001(1000) ack 1").expect(". 1:1(0) ack 4001");
    s.inject(". 4001:6001(2000) ack 1");
    s.takeAll();
    assertEquals(s.call.read(10_000), 6000);
    s.run(s.nowMs + 500);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: without buffers nothing is lost: what could not be sent is sent when there are some",
  script((s) => {
    established(s);
    s.harness.pool.failAfter(0);
    s.call.send(3000);
    s.expectNothing();
    s.harness.pool.failAfter(-1);
    s.run(s.nowMs + 3000);
    let right = 1;
    for (const seg of s.takeAll()) right = Math.max(right, ((seg.seq - s.iss) >>> 0) + seg.textLength);
    assertEquals(right > 1, true, "something was sent");
    for (let i = 0; i < 10 && right < 3001; i++) {
      s.inject(`. 1:1(0) ack ${right}`);
      for (const seg of s.takeAll()) right = Math.max(right, ((seg.seq - s.iss) >>> 0) + seg.textLength);
    }
    s.inject(". 1:1(0) ack 3001");
    assertEquals(s.connection!.unackedBytes, 0);
  }),
);

/** Lets the stack's own allocation number `n` fail, once. */
function failOnce(s: TcpScript, n: number): void {
  const { pool, link } = s.harness;
  const acquire = pool.acquire.bind(pool);
  let count = 0;
  pool.acquire = (length: number, headroom?: number): Pbuf | undefined => {
    if (!link.isDelivering && count++ === n) return undefined;
    return acquire(length, headroom);
  };
}

/** Plays a peer that sends two segments and takes 5,000 octets, and repeats what gets lost. */
function exchange(s: TcpScript): void {
  let right = 1;
  for (let round = 0; round < 30; round++) {
    for (const seg of s.takeAll()) right = Math.max(right, ((seg.seq - s.iss) >>> 0) + seg.textLength);
    s.inject(". 1001:2001(1000) ack 1").inject(". 1:1001(1000) ack 1").inject(`. 2001:2001(0) ack ${right}`);
    s.run(s.nowMs + 500);
  }
  s.takeAll();
}

for (let n = 0; n < 12; n++) {
  Deno.test(
    `any state: allocation ${n} fails: no exception, no leak, and the connection recovers`,
    script((s) => {
      s.call.listen();
      failOnce(s, n);
      s.inject("S 0:0(0) win 65535 <mss 1000>");
      s.run(s.nowMs + 2000);
      s.takeAll();
      s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
      s.call.send(5000);
      exchange(s);
      assertEquals([s.connection!.readableBytes, s.connection!.unackedBytes], [2000, 0]);
      s.call.read(3000);
      s.call.close();
      s.run(s.nowMs + 5000);
      s.takeAll();
      s.inject("F. 2001:2001(0) ack 5002");
      s.run(s.nowMs + 100);
      s.takeAll();
      s.expectState("TIME-WAIT");
    }),
  );
}

Deno.test(
  "SYN-RECEIVED: a connection that ends early gives everything back",
  script((s) => {
    synReceived(s);
    s.inject("R 1:1(0)");
    assertEquals([s.harness.pool.inUse, s.harness.timers.size, s.harness.tcp.connectionCount], [0, 0, 0]);
  }),
);

Deno.test(
  "ESTABLISHED: 1,000 idle connections have no timer and no buffer",
  script((s) => {
    s.call.listen();
    for (let port = 1000; port < 2000; port++) {
      s.inject("S 0:0(0) win 65535 <mss 1000>", { port });
      s.takeAll();
      s.inject(". 1:1(0) ack 1", { port });
    }
    assertEquals(s.harness.tcp.connectionCount, 1000);
    s.run(s.nowMs + 10_000);
    assertEquals([s.harness.pool.inUse, s.harness.timers.size], [0, 0]);
    s.takeAll();
    s.end();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: the pool is listened to only while text out of order is held",
  script((s) => {
    const { onExhausted } = s.harness.pool;
    established(s);
    assertEquals(onExhausted.size, 0);
    s.inject("P. 11:21(10) ack 1").expect(". 1:1(0) ack 1");
    assertEquals(onExhausted.size, 1);
    s.inject("R 1:1(0)");
    assertEquals(onExhausted.size, 0);
  }),
);

Deno.test(
  "ESTABLISHED: all send buffers together: beyond the bound each takes a small share, and goes on (tcp_mem, sockstress)",
  script({ tcp: { maxSendBytes: 100_000 } }, (s) => {
    // The peer opens no window for the first two.
    for (const localPort of [40001, 40002]) {
      established(s, { localPort });
      s.inject(". 1:1(0) ack 1 win 0");
      assertEquals(s.call.send(65_536), 65_536);
      s.takeAll();
    }
    established(s, { localPort: 40003 });
    assertEquals([s.connection!.sendSpace, s.call.send(65_536)], [16_384, 16_384]);
    assertEquals(s.call.send(100), 0);
    s.takeAll();
    s.inject(". 1:1(0) ack 10001");
    assertEquals([s.connection!.sendSpace, s.call.send(10_001)], [10_000, 10_000]);
    s.takeAll();
    // Who gives up waiting makes room.
    s.connections[0]!.abort();
    s.call.do("abort", () => {});
    s.takeAll();
    assertEquals(s.call.send(65_536), 65_536);
    s.takeAll();
    s.inject(". 1:1(0) ack 81921");
    s.takeAll();
  }),
);
