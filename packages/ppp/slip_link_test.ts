import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LINK_CONFORMANCE, type LinkHarness } from "@lightwire/netif/conformance";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import { parseHex } from "@lightwire/pbuf";
import type { SerialInputLines } from "./serial_port.ts";
import { encodeSlip, maxSlipLength, SlipDecoder } from "./slip_framing.ts";
import { SlipLink } from "./slip_link.ts";
import { createSerialLine, type SerialLineOptions } from "./testdata/serial_line.ts";

function collect(maxPacketBytes = 100): { decoder: SlipDecoder; packets: number[][] } {
  const packets: number[][] = [];
  const decoder = new SlipDecoder({
    slipInput: (bytes, start, end) => void packets.push([...bytes.subarray(start, end)]),
  }, maxPacketBytes);
  return { decoder, packets };
}

Deno.test("SLIP: END and ESC are escaped, nothing else is (RFC 1055)", () => {
  const packet = parseHex("45 c0 db dc dd 00 ff");
  const into = new Uint8Array(maxSlipLength(packet.length));
  const end = encodeSlip(packet, 0, packet.length, into, 0);
  assertEquals([...into.subarray(0, end)], [...parseHex("45 dbdc dbdd dc dd 00 ff")]);
});

Deno.test("SLIP: long packets and wrong escapes are dropped and counted, the next packet is good (RFC 1055)", () => {
  const { decoder, packets } = collect(4);
  decoder.input(parseHex("c0 c0 41424344 c0 4142434445 4647 c0 41 db 41 42 c0 41 db c0 4142 dbdc c0"));
  assertEquals(packets, [[0x41, 0x42, 0x43, 0x44], [0x41, 0x42, 0xc0]]);
  assertEquals([decoder.counters.tooLong, decoder.counters.badEscapes, decoder.counters.packets], [1, 1, 2]);
});

Deno.test("property: SLIP gives back what was encoded, however it is cut (RFC 1055)", () => {
  const octet = fc.oneof(fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd), fc.nat(255));
  const packet = fc.array(octet, { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(fc.array(packet, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (sent, cut) => {
    const wire: number[] = [];
    for (const octets of sent) {
      const into = new Uint8Array(maxSlipLength(octets.length));
      const end = encodeSlip(Uint8Array.from(octets), 0, octets.length, into, 0);
      wire.push(0xc0, ...into.subarray(0, end), 0xc0);
    }
    const { decoder, packets } = collect();
    for (let at = 0; at < wire.length; at += cut) decoder.input(Uint8Array.from(wire.slice(at, at + cut)));
    assertEquals(packets, sent);
  }));
});

function createPair(line: Partial<SerialLineOptions> = {}, mtu = 1500) {
  const sim = new Simulation({ seed: "slip" });
  const [portA, portB] = createSerialLine({ timers: sim.timers, random: sim.random("line"), ...line });
  const a = new SlipLink(sim.host("a"), portA, { mtu });
  const b = new SlipLink(sim.host("b"), portB, { mtu });
  const recorder = new FrameRecorder(sim.clock);
  b.attach(recorder);
  b.start();
  return { sim, a, b, recorder };
}

function harness(line: Partial<SerialLineOptions>): LinkHarness {
  const { sim, a, b, recorder } = createPair(line);
  a.start();
  return {
    driver: a,
    pool: sim.pool,
    settle: () => sim.advance(40),
    takeSent: () => recorder.frames.splice(0).map((frame) => frame.bytes),
    receive(frame) {
      const p = sim.pool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      assert(b.transmit(p));
      b.flush();
    },
  };
}

for (
  const [name, line] of [
    ["a quick line", { octetsPerMs: 4000, bufferBytes: 16_384 }],
    ["a line that pushes back", { octetsPerMs: 400, bufferBytes: 700 }],
  ] as const
) {
  for (const { name: promise, steps } of LINK_CONFORMANCE) {
    Deno.test(`SLIP over ${name}: ${promise}`, () => {
      const h = harness(line);
      for (const _ of steps(h)) h.settle();
    });
  }
}

Deno.test("SLIP link: what is neither IPv4 nor IPv6 is dropped, both of these pass (RFC 1055)", () => {
  const { sim, a, b, recorder } = createPair();
  const sink = new FrameRecorder(sim.clock);
  a.attach(sink);
  a.start();
  for (const first of [0x45, 0x60, 0x85, 0x00]) {
    const p = sim.pool.acquire(30)!;
    p.bytes.fill(first, p.start, p.end);
    assert(a.transmit(p));
  }
  a.flush();
  sim.advance(100);
  assertEquals(recorder.frames.map(({ bytes }) => bytes[0]), [0x45, 0x60]);
  assertEquals([b.counters.unknownVersion, sink.carrier], [2, [false, true]]);
  a.close();
  b.close();
  assertEquals([sim.pool.inUse, sim.timers.size], [0, 0]);
});

Deno.test("SLIP link: it goes and comes with the carrier, and drops what is too long or too early", () => {
  const { sim, a, b } = createPair({}, 296);
  const sink = new FrameRecorder(sim.clock);
  a.attach(sink);
  const send = (length: number) => {
    const p = sim.pool.acquire(length)!;
    p.bytes.fill(0x45, p.start, p.end);
    return a.transmit(p);
  };
  assert(send(40));
  a.start();
  assert(send(297) && send(296));
  const lines: SerialInputLines = { dcd: false, cts: true, dsr: true, ri: false };
  a.serialLinesChanged(lines); // a port that never had a carrier
  a.serialLinesChanged({ ...lines, dcd: true });
  a.serialLinesChanged(lines);
  assert(send(40));
  a.serialLinesChanged({ ...lines, dcd: true });
  a.serialClosed(undefined);
  assertEquals(sink.carrier, [false, true, false, true, false]);
  assertEquals([a.counters.sentWhileDown, a.counters.tooBig, a.counters.packetsSent], [2, 1, 1]);
  a.close();
  b.close();
  assertEquals(sim.pool.inUse, 0);
  assertThrows(() => new SlipLink(sim.host("c"), undefined!, { mtu: 60 }), RangeError, "MTU of 60");
});
