import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PbufPool } from "@lightwire/pbuf";
import { isTcpChecksumRight, pbufOf, tcpPacket, type TcpPacketFields } from "./testdata/tcp_packets.ts";
import { PPP_IPV4, PPP_VJ_COMPRESSED, PPP_VJ_UNCOMPRESSED } from "./ppp_protocol_number.ts";
import { VjCompressor } from "./vj_compressor.ts";
import { VjDecompressor } from "./vj_decompressor.ts";

const ACK = 0x10, PSH = 0x08, URG = 0x20, SYN = 0x02, FIN = 0x01, ECE = 0x40;

/** Both ends of a compressed line, and what is on it. */
class World {
  readonly pool = new PbufPool([{ slotBytes: 2048, slots: 8 }]);
  readonly compressor: VjCompressor;
  readonly decompressor: VjDecompressor;
  constructor(slots = 16, mayOmitSlot = true) {
    this.compressor = new VjCompressor(slots, mayOmitSlot);
    this.decompressor = new VjDecompressor(slots);
  }

  send(packet: Uint8Array): { protocol: number; bytes: Uint8Array } {
    const p = pbufOf(this.pool, packet);
    const protocol = this.compressor.prepare(p);
    this.compressor.commit(p);
    const { head, headLength, skip } = this.compressor;
    const bytes = Uint8Array.of(...head.subarray(0, headLength), ...p.bytes.subarray(p.start + skip, p.end));
    assertEquals(p.bytes.slice(p.start, p.end), packet, "the packet itself stays as it is");
    p.release();
    return { protocol, bytes };
  }

  receive({ protocol, bytes }: { protocol: number; bytes: Uint8Array }): Uint8Array | undefined {
    if (protocol === PPP_IPV4) return bytes;
    const p = pbufOf(this.pool, bytes);
    const isGood = protocol === PPP_VJ_COMPRESSED
      ? this.decompressor.compressed(p)
      : this.decompressor.uncompressed(p);
    const packet = isGood ? p.bytes.slice(p.start, p.end) : undefined;
    p.release();
    return packet;
  }

  pass(packet: Uint8Array): number {
    const frame = this.send(packet);
    assertEquals(this.receive(frame), packet);
    return frame.bytes.length;
  }
}

function connection(port = 1000): TcpPacketFields & { data: Uint8Array } {
  return {
    source: 0x0a000001,
    destination: 0x0a000002,
    sourcePort: port,
    destinationPort: 23,
    sequence: 0xfffffff0,
    ack: 5000,
    flags: ACK,
    window: 4096,
    id: 100,
    data: new Uint8Array(0),
  };
}

Deno.test("VJ: data one way costs 3 octets of header behind the first packet (RFC 1144 §3.2.3)", () => {
  const world = new World();
  const c = connection();
  c.data = new Uint8Array(100).fill(7);
  assertEquals(world.pass(tcpPacket(c)), 140); // whole, with the slot in it
  for (let i = 0; i < 5; i++) {
    c.sequence += 100;
    c.id++;
    assertEquals(world.pass(tcpPacket(c)), 103);
  }
  assertEquals(world.compressor.counters.octetsSaved, 5 * 37);
});

Deno.test("VJ: an echoed character costs 3 octets of header, with its special case (RFC 1144 §3.2.3)", () => {
  const world = new World();
  const c = { ...connection(), data: Uint8Array.of(0x61), flags: ACK | PSH };
  world.pass(tcpPacket(c));
  c.sequence++, c.ack++, c.id++;
  const frame = world.send(tcpPacket(c));
  assertEquals(frame.bytes[0], 0x0b | 0x10);
  assertEquals(frame.bytes.length, 4);
  assertEquals(world.receive(frame), tcpPacket(c));
});

Deno.test("VJ: an acknowledgment and a window: their numbers, in one octet or three (RFC 1144 §3.2.2)", () => {
  const world = new World();
  const c = connection();
  world.pass(tcpPacket(c));
  c.ack += 200, c.id++;
  assertEquals(world.pass(tcpPacket(c)), 4);
  c.ack += 1460, c.id++;
  assertEquals(world.pass(tcpPacket(c)), 6);
  c.ack += 1460, c.window -= 1460, c.id += 7;
  assertEquals(world.pass(tcpPacket(c)), 10);
  c.id += 1, c.ack += 0x10000; // too much for 16 bits
  assertEquals(world.pass(tcpPacket(c)), 40);
});

Deno.test("VJ: a retransmission goes whole, so that it repairs the slot (RFC 1144 §4.2)", () => {
  const world = new World();
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  c.id++;
  assertEquals(world.send(tcpPacket(c)).protocol, PPP_VJ_UNCOMPRESSED);
  c.id++, c.sequence -= 10;
  assertEquals(world.send(tcpPacket(c)).protocol, PPP_VJ_UNCOMPRESSED);
});

Deno.test("VJ: SYN, FIN, fragments, UDP and headers with an unknown length go as plain IP (RFC 1144 §3.2.3)", () => {
  const world = new World();
  const plain = (fields: Partial<TcpPacketFields>) =>
    assertEquals(world.send(tcpPacket({ ...connection(), ...fields })).protocol, PPP_IPV4);
  plain({ flags: SYN });
  plain({ flags: FIN | ACK });
  plain({ flags: 0x04 | ACK });
  plain({ flags: 0 });
  plain({ fragment: 0x2000 });
  plain({ fragment: 5 });
  const udp = tcpPacket(connection());
  udp[9] = 17;
  assertEquals(world.send(udp).protocol, PPP_IPV4);
  const padded = Uint8Array.of(...tcpPacket(connection()), 0);
  assertEquals(world.send(padded).protocol, PPP_IPV4);
  assertEquals(world.compressor.counters.plain, 7);
});

Deno.test("VJ: urgent data: the pointer goes along, and URG falls again (RFC 1144 §3.2.3)", () => {
  const world = new World();
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  for (
    const [flags, urgent] of [[ACK | URG, 3], [ACK | URG, 0], [ACK | URG, 300], [ACK, 300], [
      ACK,
      300,
    ]] as const
  ) {
    c.sequence += 10, c.id++;
    const frame = world.send(tcpPacket({ ...c, flags, urgent }));
    assertEquals(frame.protocol, PPP_VJ_COMPRESSED);
    assertEquals(world.receive(frame), tcpPacket({ ...c, flags, urgent }));
  }
  c.sequence += 10, c.id++;
  // The pointer changes without URG: nothing could tell it.
  assertEquals(world.send(tcpPacket({ ...c, urgent: 1 })).protocol, PPP_VJ_UNCOMPRESSED);
});

Deno.test("VJ: ECN-Echo is no part of RFC 1144: a change goes whole, and stays afterwards (RFC 3168 §6.1)", () => {
  const world = new World();
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  c.flags |= ECE, c.sequence += 10, c.id++;
  const changed = world.send(tcpPacket(c));
  assertEquals(changed.protocol, PPP_VJ_UNCOMPRESSED);
  assertEquals(world.receive(changed), tcpPacket(c));
  c.sequence += 10, c.id++;
  assertEquals(world.pass(tcpPacket(c)), 13);
});

Deno.test("VJ: without leave to omit the slot each packet names it (RFC 1332 §4.1)", () => {
  const world = new World(16, false);
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  c.sequence += 10, c.id++;
  assertEquals(world.pass(tcpPacket(c)), 14);
});

Deno.test("VJ: more connections than slots take them from the longest unused (RFC 1144 §3.2.3)", () => {
  const world = new World(3);
  const all = [0, 1, 2, 3].map((i) => ({ ...connection(1000 + i), data: new Uint8Array(10) }));
  const send = (i: number) => {
    const c = all[i]!;
    c.sequence += 10, c.id++;
    return world.pass(tcpPacket(c));
  };
  assertEquals([send(0), send(1), send(2), send(0), send(3)], [50, 50, 50, 14, 50]);
  assertEquals([send(0), send(1)], [14, 50]);
  assertEquals(world.compressor.counters.evictions, 2);
});

Deno.test("VJ: after an error nothing passes until a packet names its slot (RFC 1144 §4.1)", () => {
  const world = new World();
  const a = { ...connection(1), data: new Uint8Array(10) };
  const b = { ...connection(2), data: new Uint8Array(10) };
  world.pass(tcpPacket(a));
  world.pass(tcpPacket(b));
  a.sequence += 10, a.id++;
  world.send(tcpPacket(a)); // lost, and with it the slot
  world.decompressor.lineError();
  a.sequence += 10, a.id++;
  assertEquals(world.receive(world.send(tcpPacket(a))), undefined);
  assertEquals(world.decompressor.counters.tossed, 1);
  b.sequence += 10, b.id++;
  world.pass(tcpPacket(b));
});

Deno.test("VJ: a refused packet (no commit) leaves both sides in step (RFC 1144 §3.2.3)", () => {
  const world = new World();
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  const p = pbufOf(world.pool, tcpPacket({ ...c, sequence: c.sequence + 10, id: c.id + 1 }));
  world.compressor.prepare(p);
  p.release();
  c.sequence += 10, c.id++;
  assertEquals(world.pass(tcpPacket(c)), 13);
});

Deno.test("VJ: a header without room in front of the packet is dropped and counted", () => {
  const world = new World();
  const c = { ...connection(), data: new Uint8Array(10) };
  world.pass(tcpPacket(c));
  c.sequence += 10, c.id++;
  const p = pbufOf(world.pool, world.send(tcpPacket(c)).bytes, 30);
  assert(!world.decompressor.compressed(p));
  assertEquals(world.decompressor.counters.noRoom, 1);
  p.release();
});

Deno.test("VJ: slots from 1 to 256", () => {
  assertThrows(() => new VjCompressor(0), RangeError);
  assertThrows(() => new VjDecompressor(257), RangeError);
});

/** Mostly what is usual, at times anything. */
function mostly<T>(usual: readonly T[], odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: odd });
}

/** What one packet does to its connection; -1: what follows from the packet before. */
const step = fc.record({
  which: fc.nat({ max: 3 }),
  sequence: mostly([-1, -1, -1, 0], fc.integer({ min: -70000, max: 70000 })),
  ack: mostly([0, 0, -1, 1460], fc.integer({ min: -10, max: 70000 })),
  window: mostly([0], fc.integer({ min: -2000, max: 2000 })),
  id: mostly([1], fc.integer({ min: 0, max: 70000 })),
  flags: mostly([ACK, ACK | PSH], fc.constantFrom(ACK | URG, ACK | ECE, ACK | SYN, ACK | FIN, 0)),
  urgent: mostly([0], fc.nat({ max: 0xffff })),
  length: mostly([0, 1, 100], fc.nat({ max: 300 })),
  tos: mostly([0], fc.nat({ max: 255 })),
  fragment: mostly([0x4000], fc.constantFrom(0, 0x2000, 1)),
  ipOptions: mostly<number[]>([[]], fc.constant([1, 1, 1, 0])),
  tcpOptions: mostly<number[]>([[]], fc.constantFrom([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], [1, 1, 1, 0])),
  isLost: mostly([false], fc.constant(true)),
});
const steps = fc.array(step, { minLength: 20, maxLength: 80 });

function* packets(list: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
  const all = Array.from({ length: 4 }, (_, i) => connection(1000 + i));
  for (const s of list) {
    const c = all[s.which]!;
    c.sequence += s.sequence === -1 ? c.data.length : s.sequence;
    c.ack += s.ack === -1 ? c.data.length : s.ack;
    c.window += s.window;
    c.id += s.id;
    c.data = new Uint8Array(s.length).fill(s.length);
    const { flags, urgent, tos, fragment, ipOptions, tcpOptions } = s;
    yield {
      packet: tcpPacket({ ...c, flags, urgent, tos, fragment, ipOptions, tcpOptions }),
      isLost: s.isLost,
    };
  }
}

Deno.test("property: any packets of several connections arrive byte for byte (RFC 1144 §3.2)", () => {
  let compressed = 0;
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      (list, slots, c) => {
        const world = new World(slots, c);
        for (const { packet } of packets(list)) world.pass(packet);
        compressed += world.compressor.counters.compressed;
        assertEquals(world.pool.inUse, 0);
      },
    ),
    { numRuns: 300 },
  );
  assertGreater(compressed, 500);
});

Deno.test("property: whatever is lost, a header restored wrongly fails TCP's checksum (RFC 1144 §4.1)", () => {
  let wrong = 0;
  let unnoticed = 0;
  fc.assert(
    fc.property(steps, fc.boolean(), (list, isNoticed) => {
      const world = new World(4);
      for (const { packet, isLost } of packets(list)) {
        const frame = world.send(packet);
        if (isLost) {
          if (isNoticed) world.decompressor.lineError();
          continue;
        }
        const got = world.receive(frame);
        if (got === undefined || isEqual(got, packet)) continue;
        wrong++;
        // The IP identification is in no checksum of TCP's, and does no harm.
        if (isTcpChecksumRight(got) && !isEqualButForId(got, packet)) unnoticed++;
      }
    }),
    { numRuns: 600 },
  );
  assertGreater(wrong, 200);
  assertLess(unnoticed, 4);
});

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

function isEqualButForId(a: Uint8Array, b: Uint8Array): boolean {
  const from = (x: Uint8Array) => x.subarray((x[0]! & 15) << 2);
  return isEqual(from(a), from(b));
}

Deno.test("property: the decompressor survives any octets, and leaves the buffer whole", () => {
  const world = new World(4);
  world.pass(tcpPacket({ ...connection(), data: new Uint8Array(5) }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 70 }), fc.boolean(), (bytes, isCompressed) => {
    const p = pbufOf(world.pool, bytes);
    const isGood = isCompressed ? world.decompressor.compressed(p) : world.decompressor.uncompressed(p);
    if (isGood) assert(p.start >= 0 && p.end - p.start >= 40 && p.bytes[p.start]! >>> 4 === 4);
    p.release();
  }));
  assertEquals(world.pool.inUse, 0);
});
