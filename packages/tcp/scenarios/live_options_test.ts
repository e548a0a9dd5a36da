import { assert, assertEquals, assertThrows } from "@std/assert";
import { script } from "./harness.ts";
import { distant, established, PEER_SYN_OPTIONS } from "./states.ts";
import { pattern, Peer, TwoHosts } from "./two_hosts.ts";

for (
  const [from, to] of [["cubic", "reno"], ["reno", "cubic"], ["cubic", "bbr"], ["bbr", "cubic"]] as const
) {
  Deno.test(
    `ESTABLISHED: from ${from} to ${to}, the window and the threshold stay (TCP_CONGESTION)`,
    script({ tcp: { congestionControl: from } }, (s) => {
      distant(s);
      s.call.send(10_000);
      s.takeAll();
      s.at(100).inject(". 1:1(0) ack 10001");
      const { cwnd, ssthresh } = s.connection!.info();
      s.call.do("TCP_CONGESTION", (c) => c.setCongestionControl(to));
      assertEquals([s.connection!.congestionControl, s.connection!.info().congestionControl], [to, to]);
      assertEquals([s.connection!.info().cwnd, s.connection!.info().ssthresh], [cwnd, ssthresh]);
      if (to === "bbr") return;
      // The path MTU may shrink next: that is no reason for an initial window.
      s.call.do("TCP_MAXSEG", (c) => c.maxSegmentBytes = 500);
      assertEquals(s.connection!.info().cwnd, cwnd);
    }),
  );
}

Deno.test(
  "SYN-SENT: a congestion control chosen before the handshake is over begins with its own initial window (TCP_CONGESTION)",
  script((s) => {
    s.call.connect();
    s.expect("S 0:0(0)");
    s.call.do("TCP_CONGESTION", (c) => c.setCongestionControl("reno"));
    s.inject(`S. 0:0(0) ack 1 win 65535 ${PEER_SYN_OPTIONS}`).expect(". 1:1(0) ack 1");
    assertEquals([s.connection!.info().congestionControl, s.connection!.info().cwnd], ["reno", 10_000]);
    assertThrows(() => s.connection!.setCongestionControl("vegas" as "reno"), RangeError);
    assertEquals(s.connection!.congestionControl, "reno");
  }),
);

Deno.test(
  "ESTABLISHED: a congestion control that is changed in a recovery lets it end well (TCP_CONGESTION)",
  script((s) => {
    distant(s);
    s.call.send(10_000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 <sack 1001:4001>").expect(". 1:1001(1000) ack 1");
    for (const name of ["bbr", "reno", "bbr", "cubic"] as const) {
      s.call.do("TCP_CONGESTION", (c) => c.setCongestionControl(name));
    }
    s.run(150);
    s.inject(". 1:1(0) ack 10001");
    s.takeAll();
    assertEquals(s.connection!.info().phase, "NONE");
    assert(s.connection!.info().cwnd < 10_000, "and the loss was answered");
  }),
);

Deno.test("two hosts: a congestion control that changes all the time delivers everything (TCP_CONGESTION)", () => {
  const hosts = new TwoHosts({
    seed: 7,
    aToB: { delayMs: 10, lossRate: 0.02, reorderRate: 0.02, reorderByMs: 15, bandwidthBps: 20_000_000 },
    bToA: { delayMs: 10, lossRate: 0.01 },
  });
  const text = pattern(2_000_000);
  const server = new Peer();
  hosts.b.tcp.listen({ port: 80 }, () => server);
  const client = new Peer(text);
  const connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  const names = ["bbr", "reno", "cubic"] as const;
  for (let i = 0; i < 4000 && client.notes.closed === 0; i++) {
    hosts.advance(37);
    if (connection.state !== "CLOSED") connection.setCongestionControl(names[i % 3]!);
  }
  assertEquals(server.data, text);
  hosts.advance(120_000);
  hosts.close();
});

Deno.test(
  "ESTABLISHED: a limit of the segment size counts for what is sent from now on, retransmissions too (TCP_MAXSEG)",
  script((s) => {
    established(s);
    s.call.send(3000);
    assertEquals(s.takeAll().map((seg) => seg.textLength), [1000, 1000, 1000]);
    s.call.do("TCP_MAXSEG", (c) => c.maxSegmentBytes = 400);
    assertEquals(s.connection!.info().sndMss, 400);
    s.call.send(800);
    assertEquals(s.takeAll().map((seg) => seg.textLength), [400, 400]);
    s.at(200).expect(". 1:401(400) ack 1");
    s.inject(". 1:1(0) ack 3801");
    s.call.do("TCP_MAXSEG", (c) => c.maxSegmentBytes = 0);
    s.call.send(1000);
    s.expect("P. 3801:4801(1000) ack 1");
    s.inject(". 1:1(0) ack 4801");
  }),
);

Deno.test(
  "ESTABLISHED: a larger receive buffer is announced at once (SO_RCVBUF)",
  script({ tcp: { receiveBufferBytes: 8192 } }, (s) => {
    established(s);
    s.call.do("SO_RCVBUF", (c) => c.receiveBufferBytes = 32_768);
    s.expect(". 1:1(0) ack 1 win 32768");
    assertEquals(s.connection!.receiveBufferBytes, 32_768);
    // Without a scale, this is the most that there is.
    s.call.do("SO_RCVBUF", (c) => c.receiveBufferBytes = 1_000_000);
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 1001 win 65535");
  }),
);

Deno.test(
  "ESTABLISHED: a smaller receive buffer takes back no window that was announced (SO_RCVBUF, RFC 9293 §3.8.6, SHLD-14)",
  script({ tcp: { receiveBufferBytes: 8000 } }, (s) => {
    established(s);
    s.call.do("SO_RCVBUF", (c) => c.receiveBufferBytes = 2000);
    let edge = 8001;
    for (let seq = 1; seq < 8001; seq += 1000) {
      s.inject(`P. ${seq}:${seq + 1000}(1000) ack 1`);
      const ack = s.takeAll().at(-1)!;
      assertEquals((ack.ack - s.irs >>> 0) + ack.wnd >= edge, true);
      edge = (ack.ack - s.irs >>> 0) + ack.wnd;
    }
    assertEquals(edge, 8001);
    assertEquals(s.call.read(10_000), 8000);
    s.expect(". 1:1(0) ack 8001 win 2000");
  }),
);

Deno.test(
  "ESTABLISHED: pacing can be switched on and off (option)",
  script((s) => {
    distant(s);
    s.call.do("pacing", (c) => c.pacing = true);
    s.call.send(10_000);
    assert(s.takeAll().length < 10);
    s.call.do("pacing", (c) => c.pacing = false);
    s.call.send(1);
    s.run(50);
    s.takeAll();
    s.inject(". 1:1(0) ack 10001");
    s.takeAll();
    s.inject(". 1:1(0) ack 10002");
  }),
);

Deno.test(
  "ESTABLISHED: TCP_NOTSENT_LOWAT may be set, and taken back, while text waits",
  script((s) => {
    established(s);
    s.call.send(14_000);
    s.takeAll();
    assertEquals(s.connection!.unsentBytes, 4000);
    s.connection!.notSentLowWaterBytes = 5000;
    assertEquals([s.connection!.notSentLowWaterBytes, s.connection!.sendSpace], [5000, 1000]);
    s.connection!.notSentLowWaterBytes = 3000;
    assertEquals([s.call.send(100), s.connection!.sendSpace], [0, 0]);
    s.events.length = 0;
    s.connection!.notSentLowWaterBytes = 0;
    s.harness.settle();
    assertEquals(s.events, ["writable"], "whoever waited is told");
    assertEquals(s.call.send(100), 100);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: what can be set can be asked for (IP_TOS, IP_TTL, SO_SNDBUF, SO_PRIORITY)",
  script((s) => {
    established(s, { tos: 0x10, ttl: 7, sendBufferBytes: 5000, priority: 3, pacing: true });
    const c = s.connection!;
    assertEquals([c.tos, c.ttl, c.sendBufferBytes, c.priority, c.pacing], [0x10, 7, 5000, 3, true]);
    c.tos = 0x20;
    c.ttl = 8;
    c.sendBufferBytes = 6000;
    c.priority = 4;
    c.pacing = false;
    assertEquals([c.tos, c.ttl, c.sendBufferBytes, c.priority, c.pacing], [0x20, 8, 6000, 4, false]);
  }),
);
