import { assert, assertEquals } from "@std/assert";
import type { LinkCapabilities } from "@lightwire/netif";
import { script, type TcpScript } from "./harness.ts";
import { accepted, distant, established } from "./states.ts";
import { pattern, Peer, TwoHosts } from "./two_hosts.ts";

const GSO: LinkCapabilities = { txChecksum: false, rxChecksum: false, gsoMaxBytes: 65_536, gro: true };
const WIDE = "<mss 1000,sackOK,nop,wscale 7>";

/** Opens the congestion window wide. */
function warmUp(s: TcpScript, bytes: number): number {
  s.call.send(bytes);
  let una = 1;
  while (una < 1 + bytes) {
    const step = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    una += step;
    s.at(s.nowMs + 1).inject(`. 1:1(0) ack ${una} win 60000`);
  }
  s.takeAll();
  return una;
}

Deno.test(
  "ESTABLISHED: a link that segments gets super-segments of whole segments (TSO)",
  script({ capabilities: GSO }, (s) => {
    established(s, { sendBufferBytes: 4 * 1024 * 1024 }, WIDE);
    const una = warmUp(s, 200_000);
    s.call.send(150_000);
    const sizes = s.takeAll().map((seg) => seg.textLength);
    assert(sizes.some((size) => size > 10_000), String(sizes));
    assert(sizes.slice(0, -1).every((size) => size % 1000 === 0 && size <= 65_535 - 40), String(sizes));
    assertEquals(sizes.reduce((a, b) => a + b, 0) <= 150_000, true);
    s.inject(`. 1:1(0) ack ${una + sizes.reduce((a, b) => a + b, 0)} win 60000`);
    s.takeAll();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: of super-segments each counts that the link makes of them (RFC 4022, tcpi_segs_out)",
  script({ capabilities: GSO }, (s) => {
    established(s, { sendBufferBytes: 4 * 1024 * 1024 }, WIDE);
    const una = warmUp(s, 200_000);
    const before = s.connection!.info();
    const { outSegs } = s.harness.tcp.counters;
    s.call.send(150_000);
    const sizes = s.takeAll().map((seg) => seg.textLength);
    assert(sizes.length < 20, String(sizes));
    const info = s.connection!.info();
    assertEquals([info.segmentsOut - before.segmentsOut, info.textSegmentsOut - before.textSegmentsOut], [
      150,
      150,
    ]);
    assertEquals(s.harness.tcp.counters.outSegs - outSegs, 150);
    s.inject(`. 1:1(0) ack ${una + 150_000} win 60000`).takeAll();
    assertEquals(s.connection!.info().segmentsIn - before.segmentsIn, 1);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test("ESTABLISHED: of merged segments each counts that came (RFC 4022, tcpi_segs_in)", () => {
  const hosts = new TwoHosts({ link: { capabilities: { ...GSO, txChecksum: true, rxChecksum: true } } });
  const client = new Peer(pattern(300_500, 1));
  const server = new Peer(pattern(1000, 2));
  hosts.b.tcp.listen({ port: 80 }, (c) => {
    server.connected(c);
    return server;
  });
  const connection = hosts.a.tcp.connect({ remoteAddress: hosts.b.address, remotePort: 80 }, client);
  client.finishes = false;
  hosts.flush();
  assert(hosts.sim.runUntil(() => server.receivedBytes === 300_500, 60_000));
  hosts.sim.runUntil(() => false, 100);
  const [a, b] = [hosts.a.tcp.counters, hosts.b.tcp.counters];
  assertEquals([b.inSegs, a.inSegs], [a.outSegs, b.outSegs]);
  assert(hosts.a.netif.counters.ifOutUcastPkts < a.outSegs / 2);
  assertEquals(server.connection!.info().segmentsIn, connection.info().segmentsOut);
  connection.abort();
  hosts.sim.runUntilIdle(600_000);
  hosts.close();
});

Deno.test(
  "ESTABLISHED: the congestion window counts octets, also in super-segments (RFC 5681 §3.1)",
  script({ capabilities: GSO }, (s) => {
    established(s, {}, WIDE);
    s.inject(". 1:1(0) ack 1 win 60000");
    s.call.send(100_000);
    assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0), 10_000);
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a lost super-segment is repaired in pieces, as SACK says (RFC 6675 §5)",
  script({ capabilities: GSO }, (s) => {
    distant(s, WIDE);
    s.inject(". 1:1(0) ack 1 win 60000");
    s.call.send(10_000);
    s.takeAll();
    s.at(100).inject(". 1:1(0) ack 1 win 60000 <sack 3001:10001>");
    const again = s.takeAll();
    assertEquals((again[0]!.seq - s.iss) >>> 0, 1);
    assert(again.every((seg) => ((seg.seq - s.iss) >>> 0) + seg.textLength <= 3001));
    s.inject(". 1:1(0) ack 10001 win 60000");
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a merged segment beyond the MTU is taken whole and acknowledged once (GRO)",
  script({ capabilities: GSO }, (s) => {
    accepted(s, {}, WIDE);
    s.inject("P. 1:20001(20000) ack 1").expect(". 1:1(0) ack 20001").expectNothing();
    assertEquals(s.call.read(30_000), 20_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a merged segment out of order is kept and reported as one block (RFC 2018 §4)",
  script({ capabilities: GSO }, (s) => {
    accepted(s, {}, WIDE);
    s.inject("P. 1001:21001(20000) ack 1").expect(". 1:1(0) ack 1 <sack 1001:21001>");
    s.inject("P. 1:1001(1000) ack 1").expect(". 1:1(0) ack 21001");
    assertEquals(s.call.read(30_000), 21_000);
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: a super-segment has whole segments: the short end of what was written waits as it would alone (RFC 9293 §3.7.4, §3.8.6.2.1)",
  script({ capabilities: GSO }, (s) => {
    established(s, {}, WIDE);
    s.call.send(100);
    s.expect("P. 1:101(100) ack 1");
    s.call.send(2500);
    s.expect("P. 101:2101(2000) ack 1").expectNothing();
    s.inject(". 1:1(0) ack 101 win 36").expect("P. 2101:2601(500) ack 1");
    s.inject(". 1:1(0) ack 2601 win 36");
    // The peer's window, 36 units of 128 octets, ends in the middle of a segment.
    s.call.send(9000);
    s.expect("P. 2601:6601(4000) ack 1").expectNothing();
    s.call.abort();
    s.takeAll();
  }),
);

Deno.test(
  "ESTABLISHED: what the interface's full queue has no room for waits there, and goes when there is some, without an acknowledgment",
  script((s) => {
    established(s, { sendBufferBytes: 4 * 1024 * 1024 }, WIDE);
    const una = warmUp(s, 600_000);
    s.harness.link.isFull = true;
    s.call.send(600_000);
    s.expectNothing();
    const { sndNxt } = [...s.harness.tcp.tcbs()][0]!;
    const handedDown = (sndNxt - s.iss - una) >>> 0;
    assert(handedDown > 0 && handedDown < 590_000, `${handedDown} octets are in the queue`);
    s.harness.link.writable();
    s.run(s.nowMs + 1);
    const sent = s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0);
    assert(sent > 590_000, `${sent} octets`);
    assertEquals(s.harness.tcp.counters.retransSegs, 0);
    s.call.abort();
    s.takeAll();
  }),
);
