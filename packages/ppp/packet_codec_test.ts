import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concatenate, type Pbuf, PbufPool } from "@lightwire/pbuf";
import { Simulation } from "@lightwire/netif/sim";
import { MppeDecryptor, MppeEncryptor } from "./mppe.ts";
import { PacketCodec } from "./packet_codec.ts";
import {
  PPP_COMPRESSED,
  PPP_IPV4,
  PPP_IPV6,
  PPP_VJ_COMPRESSED,
  PPP_VJ_UNCOMPRESSED,
} from "./ppp_protocol_number.ts";
import { SessionClock } from "./session_clock.ts";
import { pbufOf, tcpPacket } from "./testdata/tcp_packets.ts";
import { VjCompressor } from "./vj_compressor.ts";
import { VjDecompressor } from "./vj_decompressor.ts";

const KEY = new Uint8Array(16).fill(3);
const SEGMENT = {
  source: 0x0a000001,
  destination: 0x0a000002,
  sourcePort: 1,
  destinationPort: 2,
  sequence: 0,
  ack: 1,
  flags: 0x10,
  window: 100,
  id: 0,
};

function create(clock?: SessionClock) {
  const told: string[] = [];
  const codec = new PacketCodec({
    resetWanted: () => void told.push("reset"),
    hopeless: () => void told.push("hopeless"),
  }, clock);
  return { codec, told };
}

/** What goes over the line for a packet. */
function send(codec: PacketCodec, p: Pbuf): { protocol: number; bytes: Uint8Array } {
  const protocol = codec.prepare(p);
  if (protocol === 0) return { protocol, bytes: new Uint8Array(0) };
  const { length } = codec;
  codec.commit(p);
  const bytes = [...codec.head.subarray(0, codec.headLength)];
  let skip = codec.skip;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    const from = Math.min(node.start + skip, node.end);
    skip -= from - node.start;
    bytes.push(...node.bytes.subarray(from, node.end));
  }
  assertEquals(bytes.length, length);
  return { protocol, bytes: Uint8Array.from(bytes) };
}

function receive(
  codec: PacketCodec,
  pool: PbufPool,
  frame: { protocol: number; bytes: Uint8Array },
): Uint8Array | undefined {
  if (!codec.takes(frame.protocol)) return undefined;
  const p = pbufOf(pool, frame.bytes);
  const packet = codec.input(frame.protocol, p) ? p.bytes.slice(p.start, p.end) : undefined;
  p.release();
  return packet;
}

/** A pbuf of two nodes. */
function chained(pool: PbufPool, bytes: Uint8Array, at: number): Pbuf {
  const head = pbufOf(pool, bytes.subarray(0, at));
  if (at < bytes.length) concatenate(head, pbufOf(pool, bytes.subarray(at)));
  return head;
}

Deno.test("codec: packets of a family that is not open are neither sent nor taken", () => {
  const pool = new PbufPool([{ slotBytes: 512, slots: 4 }]);
  const { codec } = create();
  const v4 = pbufOf(pool, Uint8Array.of(0x45, 0));
  const v6 = pbufOf(pool, Uint8Array.of(0x60, 0));
  assertEquals([codec.prepare(v4), codec.prepare(v6)], [0, 0]);
  assertEquals(codec.counters.notOpen, 2);
  codec.setIpv6(true);
  assertEquals([codec.prepare(v4), codec.prepare(v6)], [0, PPP_IPV6]);
  assertEquals([codec.takes(PPP_IPV4), codec.takes(PPP_IPV6)], [false, true]);
  codec.setIpv4(true);
  assertEquals([codec.prepare(v4), codec.length, codec.headLength, codec.skip], [PPP_IPV4, 2, 0, 0]);
  for (const protocol of [PPP_VJ_COMPRESSED, PPP_VJ_UNCOMPRESSED, PPP_COMPRESSED, 0x2b]) {
    assert(!codec.takes(protocol));
  }
  v4.release();
  v6.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("codec: until there is a cipher nothing leaves and nothing comes in that must be encrypted (RFC 3078 §3)", () => {
  const pool = new PbufPool([{ slotBytes: 512, slots: 4 }]);
  const { codec } = create();
  codec.setIpv4(true);
  codec.setMppe(true);
  const p = pbufOf(pool, Uint8Array.of(0x45, 0));
  assertEquals(codec.prepare(p), 0);
  assert(!codec.input(PPP_IPV4, p));
  assertEquals([codec.counters.notEncrypted, codec.counters.clearText], [1, 1]);
  p.release();
});

Deno.test("codec: each packet restarts the idle time, and a codec with a clock still is transparent", () => {
  const sim = new Simulation({ seed: 1 });
  const ends: string[] = [];
  const clock = new SessionClock(sim.timers, (end) => ends.push(end), { idleMs: 100 });
  clock.start();
  const { codec } = create(clock);
  codec.setIpv4(true);
  const p = pbufOf(sim.pool, Uint8Array.of(0x45, 7));
  for (let i = 0; i < 5; i++) {
    sim.advance(60);
    assertEquals(send(codec, p), { protocol: PPP_IPV4, bytes: Uint8Array.of(0x45, 7) });
    sim.advance(60);
    assert(codec.input(PPP_IPV4, p));
  }
  assertEquals(ends, []);
  sim.advance(100);
  assertEquals(ends, ["idle-timeout"]);
  p.release();
});

Deno.test("property: whatever was negotiated, packets in one node or two arrive as they were (RFC 1144, RFC 3078)", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 8 }]);
  const packet = fc.record({
    isTcp: fc.boolean(),
    isIpv6: fc.boolean(),
    length: fc.nat({ max: 1300 }),
    at: fc.nat({ max: 1400 }),
  });
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      fc.constantFrom("none", "stateless", "stateful"),
      (packets, isVj, mppe) => {
        const [a, b] = [create().codec, create().codec];
        for (const codec of [a, b]) {
          codec.setIpv4(true, isVj ? new VjCompressor() : undefined, isVj ? new VjDecompressor() : undefined);
          codec.setIpv6(true);
          if (mppe === "none") continue;
          const isStateful = mppe === "stateful";
          codec.setMppe(true, new MppeEncryptor(KEY, isStateful), new MppeDecryptor(KEY, isStateful));
        }
        let sequence = 0;
        packets.forEach(({ isTcp, isIpv6, length, at }, id) => {
          const data = new Uint8Array(length).fill(id);
          const bytes = isTcp
            ? tcpPacket({ ...SEGMENT, sequence, id, data })
            : new Uint8Array(length + 40).fill(id);
          if (!isTcp) bytes[0] = isIpv6 ? 0x60 : 0x45;
          if (isTcp) sequence += length;
          const p = chained(pool, bytes, Math.min(Math.max(at, 1), bytes.length));
          const frame = send(a, p);
          p.release();
          assertEquals(frame.protocol === PPP_COMPRESSED, mppe !== "none");
          assertEquals(receive(b, pool, frame), bytes);
        });
        assertEquals(pool.inUse, 0);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("codec: with lost frames under stateful encryption and compressed headers it gets into step again (RFC 3078 §8.2)", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 8 }]);
  const { codec: a } = create();
  const { codec: b, told } = create();
  a.setIpv4(true, new VjCompressor());
  b.setIpv4(true, undefined, new VjDecompressor());
  a.setMppe(true, new MppeEncryptor(KEY, true));
  b.setMppe(true, undefined, new MppeDecryptor(KEY, true));
  const pass = (id: number, isLost: boolean) => {
    const bytes = tcpPacket({ ...SEGMENT, sequence: 10 * id, id, data: new Uint8Array(10) });
    const p = pbufOf(pool, bytes);
    const frame = send(a, p);
    p.release();
    return isLost ? undefined : receive(b, pool, frame);
  };
  assert(pass(1, false));
  pass(2, true);
  b.lineError();
  assertEquals(pass(3, false), undefined);
  assertEquals(told, ["reset"]);
  a.resetRequested();
  assertEquals(pass(4, false), undefined, "decrypted, but the header names no slot");
  assertEquals([b.counters.undecipherable, b.counters.unrestorable, b.counters.garbled], [1, 1, 0]);
  assert(pass(3, false), "sent again, and so whole");
  assertEquals(pool.inUse, 0);
});

Deno.test("codec: keys that do not fit give garbage, which is counted and never handed up", () => {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 8 }]);
  const [a, b] = [create().codec, create().codec];
  a.setIpv4(true);
  b.setIpv4(true);
  a.setMppe(true, new MppeEncryptor(KEY, false));
  b.setMppe(true, undefined, new MppeDecryptor(new Uint8Array(16).fill(4), false));
  let handedUp = 0;
  for (let i = 0; i < 200; i++) {
    const p = pbufOf(pool, new Uint8Array(60).fill(0x45));
    if (receive(b, pool, send(a, p)) !== undefined) handedUp++;
    p.release();
  }
  // One packet in 32,768 or so has the protocol number by chance.
  assert(handedUp <= 3 && b.counters.garbled >= 197);
});

Deno.test("property: any octets of any protocol are taken or dropped, and the buffer stays whole", () => {
  const pool = new PbufPool([{ slotBytes: 512, slots: 4 }]);
  const { codec } = create();
  codec.setIpv4(true, new VjCompressor(), new VjDecompressor());
  codec.setIpv6(true);
  codec.setMppe(false, new MppeEncryptor(KEY, true), new MppeDecryptor(KEY, true));
  const protocols = fc.constantFrom(
    PPP_IPV4,
    PPP_IPV6,
    PPP_VJ_COMPRESSED,
    PPP_VJ_UNCOMPRESSED,
    PPP_COMPRESSED,
  );
  fc.assert(fc.property(protocols, fc.uint8Array({ maxLength: 60 }), (protocol, bytes) => {
    const p = pbufOf(pool, bytes);
    if (codec.takes(protocol) && codec.input(protocol, p)) assert(p.start >= 0 && p.start <= p.end);
    p.release();
  }));
  assertEquals(pool.inUse, 0);
});
