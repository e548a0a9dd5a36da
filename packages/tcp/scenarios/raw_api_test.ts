import { assertEquals, assertThrows } from "@std/assert";
import { script } from "./harness.ts";
import { accepted, established } from "./states.ts";
import { pattern } from "./text_pattern.ts";
import { pattern as text, Peer, TwoHosts } from "./two_hosts.ts";

Deno.test(
  "ESTABLISHED: SEND by reference: retransmissions too are built from the user's memory (tcp_write without COPY, TC-22)",
  script((s) => {
    established(s);
    const mine = pattern(1, 1500);
    s.call.do("sendReference", (c) => assertEquals(c.sendReference(mine), 1500));
    s.expect(". 1:1001(1000) ack 1").expect("P. 1001:1501(500) ack 1");
    assertEquals(s.connection!.unackedBytes, 1500);
    s.run(s.nowMs + 1100);
    assertEquals(s.take()!.textLength, 1000);
    s.takeAll();
    s.inject(". 1:1(0) ack 1501");
    assertEquals(s.connection!.unackedBytes, 0, "the memory is the user's again");
    s.takeAll();
  }),
);

Deno.test("ESTABLISHED: SEND by reference and by copy, mixed, over a lossy path", () => {
  const hosts = new TwoHosts({ aToB: { delayMs: 10, lossRate: 0.05 }, bToA: { delayMs: 10 }, seed: 7 });
  const data = text(300_000);
  const server = new Peer();
  hosts.b.tcp.listen({ port: 7 }, () => server);
  let sent = 0;
  let isReference = false;
  const c = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 7 }, {
    connected: () => push(),
    writable: () => push(),
  });
  function push(): void {
    while (sent < data.length) {
      const length = Math.min(isReference ? 7000 : 900, data.length - sent);
      const taken = isReference ? c.sendReference(data, sent, length) : c.send(data, sent, length);
      isReference = !isReference;
      if (taken === 0) return;
      sent += taken;
    }
    c.close();
  }
  hosts.flush();
  hosts.sim.runUntil(() => server.notes.eof, 60_000);
  assertEquals(server.data, data);
  hosts.advance(200_000);
  hosts.close();
});

Deno.test(
  "ESTABLISHED: a poll comes each interval until the connection is over (tcp_poll, TC-61)",
  script((s) => {
    accepted(s);
    const at: number[] = [];
    s.connection!.poll(2000, () => at.push(s.nowMs));
    s.run(5000);
    s.connection!.poll(500, () => at.push(s.nowMs));
    s.run(6200);
    s.call.abort();
    s.takeAll();
    s.run(20_000);
    s.connection!.poll(100, () => at.push(s.nowMs));
    s.run(21_000);
    assertEquals(at, [2000, 4000, 5500, 6000]);
  }),
);

Deno.test(
  "TIME-WAIT: nobody is polled after the end was told (tcp_poll, TC-61)",
  script((s) => {
    established(s);
    let polls = 0;
    s.connection!.poll(1000, () => polls++);
    s.call.shutdownSend();
    s.expect("F. 1:1(0) ack 1").inject("F. 1:1(0) ack 2").expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
    s.connection!.poll(1000, () => polls++);
    s.at(5000);
    assertEquals(polls, 0);
  }),
);

Deno.test(
  "ESTABLISHED: a poll may send, may be taken back, and has a positive interval",
  script((s) => {
    established(s);
    assertThrows(() => s.connection!.poll(-1, () => {}), RangeError);
    s.connection!.poll(1000, (c) => {
      s.writtenBytes += c.send(pattern(1, 10));
      c.poll(0, () => {});
    });
    s.at(1000).expect("P. 1:11(10) ack 1");
    s.inject(". 1:1(0) ack 11").wait(5000).expectNothing();
  }),
);

Deno.test(
  "ESTABLISHED: output() sends at once what calls have left for later (tcp_output)",
  script((s) => {
    established(s);
    const c = s.connection!;
    s.writtenBytes += c.send(pattern(1, 10));
    c.output();
    s.call.do("nothing", () => {});
    s.expect("P. 1:11(10) ack 1");
    s.inject(". 1:1(0) ack 11");
  }),
);
