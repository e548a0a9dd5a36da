import { assert, assertEquals } from "@std/assert";
import type { LinkCapabilities } from "@lightwire/netif";
import { script, type TcpScript } from "./harness.ts";
import { accepted, distant, established } from "./states.ts";

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
