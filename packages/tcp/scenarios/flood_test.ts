import { assert, assertEquals } from "@std/assert";
import { type IpAddress, ipv4 } from "@lightwire/ip";
import { SYN } from "../control_bits.ts";
import { script, type TcpScript } from "./harness.ts";
import { accepted } from "./states.ts";
import type { PacketHarness } from "../harness/packet_harness.ts";
import { LOCAL_ADDRESS } from "../harness/packet_harness.ts";
import { encodePacket } from "../harness/wire.ts";

/** A SYN of the flood: each from an address of its own, with an MSS option or without any. */
function floodSyn(i: number, options: number[]): Uint8Array {
  const source: IpAddress = ipv4(0xc0000203 + i % 250);
  return encodePacket({
    source,
    destination: LOCAL_ADDRESS,
    sourcePort: 1024 + Math.floor(i / 250),
    destinationPort: 8080,
    seq: Math.imul(i, 0x9e3779b1) >>> 0,
    ack: 0,
    ctl: SYN,
    wnd: 65535,
    up: 0,
    options,
    text: new Uint8Array(0),
  });
}

/** Takes what was sent.
 *
 * @returns octets of it, IP headers included.
 */
function drain(harness: PacketHarness): number {
  let bytes = 0;
  for (const sent of harness.link.sent) bytes += sent.bytes.length;
  harness.link.sent.length = 0;
  return bytes;
}

/** Octets in and out of a flood of `count` SYNs, ten in a millisecond, and of the time that follows. */
function flood(s: TcpScript, count: number, options: number[]): { received: number; sent: number } {
  const { harness } = s;
  const startMs = harness.nowMs;
  let received = 0;
  let sent = 0;
  for (let i = 0; i < count; i++) {
    const syn = floodSyn(i, options);
    received += syn.length;
    harness.inject(syn);
    if (i % 10 !== 9) continue;
    while (harness.step(startMs + i / 10));
    sent += drain(harness);
  }
  return { received, sent };
}

Deno.test(
  "LISTEN: 100,000 SYNs leave no more than the limit of half-open connections, and an honest client gets through (RFC 4987 §3.6)",
  script((s) => {
    s.call.listen();
    flood(s, 100_000, [2, 4, 5, 0xb4]);
    const { tcp, pool } = s.harness;
    assert(s.listener!.halfOpenCount <= 511, `${s.listener!.halfOpenCount}`);
    assertEquals(tcp.connectionCount, s.listener!.halfOpenCount);
    assertEquals(pool.inUse, 0);
    assert(tcp.counters.synCookiesSent > 95_000, `${tcp.counters.synCookiesSent}`);
    s.inject("S 0:0(0) win 65535 <mss 1460>");
    s.iss = s.take()!.seq;
    s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
    s.inject("P. 1:101(100) ack 1").expect(". 1:1(0) ack 101");
    assertEquals(s.call.read(200), 100);
    s.harness.step(s.nowMs + 120_000);
    while (s.harness.step(s.nowMs));
    drain(s.harness);
    s.run(s.nowMs + 120_000);
    s.takeAll();
    assertEquals([s.listener!.halfOpenCount, tcp.connectionCount], [0, 1]);
  }),
);

for (const synCookies of ["auto", "never", "always"] as const) {
  Deno.test(
    `LISTEN: a flood with false addresses is not amplified more than three times, ${synCookies} cookies`,
    script({ tcp: { synCookies } }, (s) => {
      s.call.listen();
      const { received, sent } = flood(s, 20_000, []);
      s.run(s.nowMs + 120_000);
      const late = s.takeAll().length * 44;
      assert(sent > 500 * 44);
      assert(sent + late <= 3 * received, `${sent + late} octets for ${received}`);
    }),
  );
}

Deno.test(
  "SYN-RECEIVED: SYN-ACKs are repeated on credit, then for three times what the SYNs were (RFC 4987 §2)",
  script((s) => {
    s.call.listen({ backlog: 10_000 });
    const { received, sent } = flood(s, 10_000, []);
    s.run(s.nowMs + 120_000);
    const late = s.takeAll().length * 44;
    assert(sent + late <= 3 * received + 65_536, `${sent + late} octets for ${received}`);
    const { counters } = s.harness.tcp;
    assert(counters.synAcksWithheld > 10_000, `${counters.synAcksWithheld}`);
    // Who answers has what he needs, even now.
    accepted(s);
  }),
);

Deno.test(
  "CLOSED: what belongs to no connection draws at most as much as it was (RFC 9293 §3.10.7.1)",
  script((s) => {
    const before = s.packet("S 0:0(0) win 65535", { toPort: 1 });
    s.harness.inject(before);
    assert(drain(s.harness) <= before.length);
    s.harness.inject(s.packet("P. 0:1000(1000) ack 5", { toPort: 1 }));
    assert(drain(s.harness) <= before.length);
    s.harness.inject(s.packet("R 0:0(0)", { toPort: 1 }));
    assertEquals(drain(s.harness), 0);
  }),
);

Deno.test(
  "SYN-RECEIVED: who answers at last has cost nothing: a thousand slow clients leave the credit as it was (RFC 4987 §2)",
  script((s) => {
    s.call.listen({ backlog: 10_000 });
    const first = s.peerPort;
    for (let i = 0; i < 1000; i++) {
      s.peerPort = first + i % 10_000;
      s.inject("S 0:0(0) win 65535");
      s.run(s.nowMs + 40_000);
      s.takeAll();
      s.inject(". 1:1(0) ack 1").expectState("ESTABLISHED");
      s.connection!.abort();
      s.run(s.nowMs + 1).takeAll();
    }
    assertEquals(s.harness.tcp.counters.synAcksWithheld, 0);
  }),
);
