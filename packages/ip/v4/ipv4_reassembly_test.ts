import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "@lightwire/pbuf";
import type { IpDropReason, IpOptions } from "../mod.ts";
import { bytesOf, checksum, frame, packet, TestHost } from "../testdata/harness.ts";

// scapy 2.5.0: fragment(IP(src='10.0.0.2',dst='10.0.0.1',id=0x77)/UDP(sport=1000,dport=2000)/bytes(range(64)), fragsize=24)
const SCAPY = [
  "4500002c00772000401146480a0000020a000001 03e807d00048fb9f000102030405060708090a0b0c0d0e0f",
  "4500002c00772003401146450a0000020a000001 101112131415161718191a1b1c1d1e1f2021222324252627",
  "4500002c00770006401166420a0000020a000001 28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
].map((text) => parseHex(text));

class Receiver extends TestHost {
  readonly got: { bytes: Uint8Array; header: Uint8Array; tos: number }[] = [];
  readonly reasons: IpDropReason[] = [];

  constructor(options: IpOptions = {}) {
    super(options);
    this.neighbor("10.0.0.2");
    this.ip.hooks.dropped = (reason) => this.reasons.push(reason);
    for (const protocol of [17, 253]) {
      this.ip.registerProtocol({
        protocol,
        ipInput: (p, rx) => {
          const header = p.bytes.slice(p.start - rx.headerLength, p.start);
          this.got.push({ bytes: bytesOf(p), header, tos: rx.tos });
          p.release();
          return "delivered";
        },
        ipError: () => {},
        inputBatchEnd: () => {},
        addressChanged: () => {},
      });
    }
  }

  /** A fragment of the payload whose byte n is n & 255. */
  fragment(
    from: number,
    to: number,
    more: boolean,
    o: {
      id?: number;
      protocol?: number;
      source?: string;
      fill?: number;
      tos?: number;
      options?: Uint8Array;
    } = {},
  ): void {
    const data = Uint8Array.from({ length: to - from }, (_, i) => o.fill ?? from + i);
    const flagsFragment = (more ? 0x2000 : 0) | (from / 8);
    this.driver.receive(
      frame(0x0800, packet(o.source ?? "10.0.0.2", "10.0.0.1", data, { flagsFragment, ...o })),
    );
  }

  takeReasons(): IpDropReason[] {
    return this.reasons.splice(0);
  }

  end(): void {
    this.advance(100_000);
    assertEquals(this.ip.reassembly4.datagrams.size, 0);
    assertEquals(this.ip.reassembly4.datagrams.memory, 0);
    assertEquals(this.timers.size, 0);
    this.assertBalanced();
  }
}

const bytes = (n: number) => Uint8Array.from({ length: n }, (_, i) => i);

Deno.test("fragments of scapy are put together in every order; the header shows no trace of them", () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const host = new Receiver();
    for (const i of order) host.driver.receive(frame(0x0800, SCAPY[i]!));
    assertEquals(host.got.length, 1, `${order}`);
    const { bytes: whole, header } = host.got[0]!;
    assertEquals(whole.subarray(8), bytes(64));
    assertEquals(checksum(header), 0);
    assertEquals([header[2], header[3], header[6], header[7]], [0, 92, 0, 0]);
    assertEquals([host.ip.counters.reasmReqds, host.ip.counters.reasmOKs], [3, 1]);
    host.end();
  }
});

Deno.test("a repeated fragment does no harm (lwIP test_ip4 reass)", () => {
  const host = new Receiver();
  host.fragment(0, 16, true);
  host.fragment(0, 16, true);
  host.fragment(32, 40, false);
  host.fragment(32, 40, false);
  host.fragment(16, 32, true);
  assertEquals(host.got.map((g) => g.bytes), [bytes(40)]);
  assertEquals(host.takeReasons(), ["fragment-duplicate", "fragment-duplicate"]);
  host.end();
});

Deno.test("fragments that overlap kill their packet, and what still comes of it (RFC 5722 §4)", () => {
  const overlaps: [number, number, boolean][] = [[8, 24, true], [0, 8, true], [0, 24, true], [8, 16, true], [
    8,
    16,
    false,
  ]];
  for (const [from, to, more] of overlaps) {
    const host = new Receiver();
    host.fragment(0, 16, true);
    host.fragment(from, to, more, { fill: 0x66 });
    assertEquals(host.takeReasons(), ["fragment-overlap"], `${from}-${to}`);
    assertEquals(host.ip.counters.reasmFails, 1);
    host.fragment(0, 16, true);
    host.fragment(16, 32, false);
    assertEquals(host.takeReasons(), ["fragment-overlap", "fragment-overlap"]);
    assertEquals(host.got, []);
    // Another packet is not affected; nor is this identification later on.
    host.fragment(0, 16, true, { id: 2 });
    host.fragment(16, 32, false, { id: 2 });
    host.advance(30_000);
    host.fragment(0, 16, true);
    host.fragment(16, 32, false);
    assertEquals(host.got.length, 2);
    assertEquals(host.driver.take(), []);
    host.end();
  }
});

Deno.test("ends that disagree kill their packet", () => {
  for (
    const second of [
      [[32, 40, false], [8, 24, false]], // a last fragment before data which is there
      [[32, 40, false], [40, 48, true]], // data behind the end
      [[32, 40, false], [24, 32, false]], // two ends
    ] as [number, number, boolean][][]
  ) {
    const host = new Receiver();
    for (const [from, to, more] of second) host.fragment(from, to, more);
    assertEquals(host.takeReasons(), ["fragment-overlap"]);
    host.end();
  }
});

Deno.test("impossible fragments are dropped alone: empty, not a multiple of 8, beyond 65,535 (RFC 791 §3.2)", () => {
  const host = new Receiver();
  host.fragment(8, 8, true);
  host.fragment(0, 15, true);
  host.fragment(65_512, 65_535, false);
  assertEquals(host.takeReasons(), ["bad-fragment", "bad-fragment", "bad-fragment"]);
  assertEquals(host.ip.reassembly4.datagrams.size, 0);
  for (let at = 0; at < 65_504; at += 1448) host.fragment(at, Math.min(at + 1448, 65_504), true);
  host.fragment(65_504, 65_515, false);
  assertEquals(host.got[0]!.bytes, bytes(65_515));
  host.end();
});

Deno.test("a first fragment with options may make the packet too long in the end", () => {
  const host = new Receiver();
  for (let at = 0; at < 65_504; at += 1448) {
    host.fragment(
      at,
      Math.min(at + 1448, 65_504),
      true,
      at === 0 ? { options: Uint8Array.of(1, 1, 1, 0) } : {},
    );
  }
  host.fragment(65_504, 65_515, false);
  assertEquals(host.got, []);
  assertEquals(host.takeReasons(), ["bad-fragment"]);
  host.end();
});

Deno.test("packets differ by source, identification and protocol (RFC 791 §3.2)", () => {
  const host = new Receiver();
  host.fragment(0, 8, true);
  host.fragment(8, 16, false, { id: 2, fill: 1 });
  host.fragment(8, 16, false, { protocol: 17, fill: 2 });
  host.fragment(8, 16, false, { source: "10.0.0.3", fill: 3 });
  assertEquals([host.got.length, host.ip.reassembly4.datagrams.size], [0, 4]);
  host.fragment(8, 16, false, { fill: 4 });
  assertEquals(host.got[0]!.bytes.subarray(8), new Uint8Array(8).fill(4));
  host.end();
});

Deno.test("after 30 s a packet is given up: time exceeded code 1, if its first fragment is there (RFC 792, RFC 1122 §3.3.2)", () => {
  const host = new Receiver();
  host.fragment(0, 16, true);
  host.advance(15_000);
  host.fragment(16, 24, true);
  host.fragment(8, 16, false, { id: 2 });
  host.advance(14_999);
  assertEquals(host.driver.take(), []);
  host.advance(1);
  const [report] = host.driver.take();
  assertEquals([report![34], report![35]], [11, 1]);
  assertEquals(report!.subarray(42, 42 + 36).length, 36);
  assertEquals(host.ip.reassembly4.datagrams.size, 1);
  host.advance(15_000);
  assertEquals(host.driver.take(), []);
  assertEquals([host.ip.counters.reasmFails, host.ip.counters.drops["reassembly-timeout"]], [2, 2]);
  host.end();
});

Deno.test("bounds: the oldest packet gives way, first one of the same source", () => {
  const host = new Receiver({ reassembly: { datagramsMax: 6, datagramsPerSource: 4 } });
  for (let id = 1; id <= 5; id++) host.fragment(0, 8, true, { id });
  assertEquals(host.ip.reassembly4.datagrams.size, 4);
  host.fragment(8, 16, false, { id: 2 });
  assertEquals(host.got.length, 1);
  for (let i = 10; i < 20; i++) host.fragment(0, 8, true, { source: `10.0.0.${i}` });
  assertEquals(host.ip.reassembly4.datagrams.size, 6);
  assertEquals(host.driver.take(), [], "an eviction is no time-out");
  host.end();
});

Deno.test("bounds: bytes of memory, and fragments of one packet", () => {
  const host = new Receiver({ reassembly: { bytesMax: 2048, fragmentsMax: 5 } });
  for (let id = 1; id <= 20; id++) host.fragment(0, 8, true, { id });
  assert(host.ip.reassembly4.datagrams.memory <= 2048);
  assertEquals(host.ip.reassembly4.datagrams.size, 8); // slots of 256 bytes
  host.ip.reassembly4.datagrams.clear();
  for (let i = 0; i < 6; i++) host.fragment(8 * i, 8 * i + 8, true);
  assertEquals(host.takeReasons(), ["reassembly-limit"]);
  assertEquals(host.ip.reassembly4.datagrams.memory, 0);
  host.end();
});

Deno.test("congestion marks of fragments are combined (RFC 3168 §5.3)", () => {
  const host = new Receiver();
  const combine = (a: number, b: number) => {
    host.got.length = 0;
    host.fragment(0, 8, true, { tos: 0x10 | a });
    host.fragment(8, 16, false, { tos: 0x10 | b });
    return host.got[0]?.tos;
  };
  assertEquals(combine(2, 2), 0x12);
  assertEquals(combine(2, 3), 0x13);
  assertEquals(combine(3, 1), 0x13);
  assertEquals(combine(0, 0), 0x10);
  assertEquals(combine(0, 3), undefined);
  assertEquals(combine(3, 0), undefined);
  host.end();
});

Deno.test("an interface that goes away takes its fragments along", () => {
  const host = new Receiver();
  host.fragment(0, 8, true);
  host.ip.removeNetif(host.netif);
  assertEquals(host.ip.reassembly4.datagrams.size, 0);
  host.end();
});

Deno.test("property: any cutting, order and repetition of fragments gives the original, once", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 12 });
  fc.assert(
    fc.property(
      cuts,
      fc.integer({ min: 481, max: 500 }),
      fc.infiniteStream(fc.nat(1000)),
      (cutList, total, numbers) => {
        const host = new Receiver();
        const edges = [0, ...cutList.sort((a, b) => a - b).map((c) => c * 8), total];
        const pieces = edges.slice(1).map((to, i) => ({ from: edges[i]!, to, more: to !== total }));
        const next = () => numbers.next().value as number;
        const queue = [...pieces, ...pieces.filter(() => next() % 3 === 0)]
          .map((piece) => ({ piece, key: next() }))
          .sort((a, b) => a.key - b.key);
        for (const { piece } of queue) host.fragment(piece.from, piece.to, piece.more);
        assertEquals(host.got[0]!.bytes, bytes(total));
        // Repetitions behind the end begin a packet of their own, which may even become complete.
        assert(host.got.length <= 2);
        host.end();
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("property: arbitrary fragments give a refusal, nothing, or bytes that agree with every fragment", () => {
  const piece = fc.record({ at: fc.nat(8), length: fc.integer({ min: 1, max: 4 }), more: fc.boolean() });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const host = new Receiver();
      for (const { at, length, more } of pieces) host.fragment(at * 8, (at + length) * 8, more);
      for (const { bytes: whole } of host.got) assertEquals(whole, bytes(whole.length));
      host.end();
    }),
    { numRuns: 100 },
  );
});
