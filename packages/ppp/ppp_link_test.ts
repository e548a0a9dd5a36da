import { assert, assertEquals, assertGreater } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { LINK_CONFORMANCE, type LinkHarness } from "@lightwire/netif/conformance";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import { PppLink, type PppLinkOptions } from "./ppp_link.ts";
import type { PppSessionOptions } from "./ppp_session.ts";
import type { SerialInputLines, SerialPort, SerialSink } from "./serial_port.ts";
import { formatPppPacket } from "./ppp_packet_text.ts";
import { createPppWorld } from "./testdata/ppp_world.ts";
import { createSerialLine, type SerialLineOptions } from "./testdata/serial_line.ts";

const SERVER: PppSessionOptions = {
  ipcp: {
    localAddress: parseIpAddressOrThrow("10.0.0.1"),
    peerAddress: parseIpAddressOrThrow("10.0.0.2"),
    requestsDns: false,
  },
};

function harness(line: Partial<SerialLineOptions>, options: PppLinkOptions = {}): LinkHarness {
  const sim = new Simulation({ seed: "conformance" });
  const [a, b] = createSerialLine({ timers: sim.timers, random: sim.random("line"), ...line });
  const driver = new PppLink(sim.host("a"), a, options);
  const far = new PppLink(sim.host("b"), b, SERVER);
  const recorder = new FrameRecorder(sim.clock);
  far.attach(recorder);
  far.start();
  driver.start();
  assert(sim.runUntil(() => driver.session.isNetworkUp && far.session.isNetworkUp, 10_000));
  return {
    driver,
    pool: sim.pool,
    settle: () => sim.advance(40),
    takeSent: () => recorder.frames.splice(0).map((frame) => frame.bytes),
    receive(frame) {
      const p = sim.pool.acquire(frame.length)!;
      p.bytes.set(frame, p.start);
      assert(far.transmit(p));
      far.flush();
    },
  };
}

const SETUPS: readonly (readonly [string, () => LinkHarness])[] = [
  ["PPP over a quick line", () => harness({ octetsPerMs: 4000, bufferBytes: 16_384 })],
  ["PPP over a line that pushes back", () => harness({ octetsPerMs: 400, bufferBytes: 700 })],
  [
    "PPP with everything escaped",
    () => harness({ octetsPerMs: 4000 }, { lcp: { accm: 0xffff_ffff, pfc: false, acfc: false } }),
  ],
];

for (const [name, make] of SETUPS) {
  for (const { name: promise, steps } of LINK_CONFORMANCE) {
    Deno.test(`Network: ${name}: ${promise}`, () => {
      const h = make();
      for (const _ of steps(h)) h.settle();
    });
  }
}

/** A port of which the test has the other side in its hands. */
function createBarePort(lines?: SerialInputLines) {
  const bare = { written: [] as number[][], room: Infinity, sink: undefined as SerialSink | undefined };
  const port: SerialPort = {
    name: "bare",
    inputLines: lines,
    attach: (sink) => void (bare.sink = sink),
    write(bytes, start = 0, end = bytes.length) {
      const taken = Math.min(end - start, bare.room);
      bare.room -= taken;
      if (taken > 0) bare.written.push([...bytes.subarray(start, start + taken)]);
      return taken;
    },
    setBaudRate: () => {},
    setOutputLines: () => {},
    discardOutput: () => {},
    close: () => {},
  };
  return { bare, port };
}

Deno.test("Establish: a frame has a flag of its own only after a pause of the line (RFC 1662 §4.1)", () => {
  for (
    const [maxIdleFlagMs, expected] of [[undefined, [2, 1, 2]], [0, [2, 2, 2]], [Infinity, [
      2,
      1,
      1,
    ]]] as const
  ) {
    const sim = new Simulation({ seed: 1 });
    const { bare, port } = createBarePort();
    const link = new PppLink(sim.host("a"), port, { lcp: { restartMs: 60 }, maxIdleFlagMs });
    link.start();
    sim.advance(60);
    link.stop();
    sim.advance(0);
    const flags = bare.written.slice(0, 2).map((frame) => frame.filter((octet) => octet === 0x7e).length);
    sim.advance(10_000);
    const slow = new PppLink(sim.host("b"), port, { lcp: { restartMs: 3000 }, maxIdleFlagMs });
    bare.written.length = 0;
    slow.start();
    sim.advance(3000);
    flags.push(bare.written[1]!.filter((octet) => octet === 0x7e).length);
    assertEquals(flags, [...expected]);
    link.close();
    slow.close();
  }
});

Deno.test("Establish: a carrier that falls ends the session; without one nothing is expected of it (RFC 1661 §3.3)", () => {
  const lines = { dcd: true, cts: true, dsr: true, ri: false };
  for (const hadCarrier of [true, false]) {
    const sim = new Simulation({ seed: 1 });
    const { bare, port } = createBarePort({ ...lines, dcd: hadCarrier });
    const log: string[] = [];
    const link = new PppLink(sim.host("a"), port, {}, { ended: (end) => void log.push(end) });
    link.start();
    bare.sink!.serialLinesChanged({ ...lines, dcd: hadCarrier, cts: false });
    assertEquals(log, []);
    bare.sink!.serialLinesChanged({ ...lines, dcd: false });
    assertEquals(log, hadCarrier ? ["line-lost"] : []);
    bare.sink!.serialLinesChanged(lines);
    bare.sink!.serialLinesChanged({ ...lines, dcd: false });
    assertEquals(log, ["line-lost"]);
    assertEquals(sim.timers.size, 0);
  }
});

Deno.test("any phase: a link that is closed, or whose line is lost, leaves nothing behind (RFC 1661 §3.3)", () => {
  const credentials = { name: "alice", secret: "wonderland" };
  const server = { ...SERVER, peerSecrets: () => "wonderland" };
  for (const isLost of [false, true]) {
    const phases = new Set<string>();
    for (let ms = 0; ms < 240; ms += 4) {
      const { sim, a, b, send } = createPppWorld({ credentials }, server, { octetsPerMs: 5 });
      b.link.start();
      a.link.start();
      sim.advance(ms);
      phases.add(a.link.session.phase);
      if (a.isLinkUp) { for (let i = 0; i < 3; i++) send(a, 200, i); }
      if (isLost) a.link.serialClosed(undefined);
      else a.link.close();
      a.link.close();
      b.link.close();
      assertEquals(a.log.at(-1), "ended: line-lost");
      assertEquals(a.log.filter((line) => line.startsWith("ended")).length, 1);
      sim.advance(1);
      assertEquals([sim.timers.size, sim.pool.inUse, a.link.session.phase], [0, 0, "Dead"]);
    }
    assertEquals([...phases], ["Establish", "Authenticate", "Network"]);
  }
});

Deno.test("any phase: stop() ends it in an orderly way, or gives up on a peer that has gone (RFC 1661 §5.5)", () => {
  for (const isCut of [false, true]) {
    for (let ms = 1; ms < 150; ms += 3) {
      const { sim, a, b } = createPppWorld({}, SERVER, { octetsPerMs: 5 });
      b.link.start();
      a.link.start();
      sim.advance(ms);
      b.port.isCut = isCut;
      a.link.stop();
      sim.advance(60_000);
      assertEquals(a.log.at(-1), "ended: closed");
      assertEquals(a.link.session.phase, "Dead");
      b.link.close();
      assertEquals(sim.timers.size, 0);
    }
  }
});

Deno.test("Network: a port that takes an octet at a time delays, and loses nothing (RFC 1662 §4)", () => {
  const world = createPppWorld({}, SERVER, { bufferBytes: 1, octetsPerMs: 1 });
  world.b.link.start();
  world.a.link.start();
  assert(world.sim.runUntil(() => world.a.isLinkUp && world.b.isLinkUp, 60_000));
  for (let i = 0; i < 10; i++) {
    const { writable } = world.a;
    if (world.send(world.a, 300, i)) continue;
    assert(world.sim.runUntil(() => world.a.writable > writable, 10_000));
    assert(world.send(world.a, 300, i));
  }
  world.sim.advance(10_000);
  assertEquals(world.b.received.map((packet) => packet[1]), Array.from({ length: 10 }, (_, i) => i));
  assertEquals(world.a.link.counters.controlDropped, 0);
});

Deno.test("Network: answers to input that find no room are asked for again, though the port took everything (RFC 1662 §4)", () => {
  const sim = new Simulation({ seed: 1 });
  const [portA, portB] = createSerialLine({
    timers: sim.timers,
    random: sim.random("line"),
    bufferBytes: 1 << 20,
  });
  const a = new PppLink(sim.host("a"), portA);
  const b = new PppLink(sim.host("b"), portB, SERVER);
  let refused = 0;
  let writable = 0;
  a.attach({
    linkInput(input) {
      input.release();
      for (let i = 0; i < 20; i++) {
        const p = sim.pool.acquire(1400)!;
        p.bytes.fill(0x45, p.start, p.end);
        if (a.transmit(p)) continue;
        refused++;
        p.release();
      }
    },
    inputBatchEnd: () => {},
    linkStateChanged: () => {},
    linkWritable: () => void writable++,
  });
  b.attach(new FrameRecorder(sim.clock));
  b.start();
  a.start();
  assert(sim.runUntil(() => a.session.isNetworkUp && b.session.isNetworkUp, 10_000));
  const p = sim.pool.acquire(40)!;
  p.bytes.fill(0x45, p.start, p.end);
  b.transmit(p);
  b.flush();
  sim.advance(1000);
  assertGreater(refused, 0);
  assertEquals(writable, 1);
  a.close();
  b.close();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("Network: a line that stands still drops control packets in the end, and recovers (RFC 1661 §5.8)", () => {
  const sim = new Simulation({ seed: 1 });
  const { bare, port } = createBarePort();
  bare.room = 0;
  const link = new PppLink(sim.host("a"), port, { lcp: { maxConfigure: 10_000, restartMs: 10 } });
  link.start();
  sim.advance(20_000);
  assertGreater(link.counters.controlDropped, 100);
  bare.room = Infinity;
  bare.sink!.serialWritable();
  const before = link.counters.controlDropped;
  sim.advance(100);
  assertEquals(link.counters.controlDropped, before);
  assertGreater(bare.written.length, 5);
  link.close();
  assertEquals(sim.timers.size, 0);
});

Deno.test("any phase: the packet handler sees what passes, in both directions and both protocols (RFC 1661 §2)", () => {
  const sim = new Simulation({ seed: 1 });
  const [portA, portB] = createSerialLine({ timers: sim.timers, random: sim.random("line") });
  const log: string[] = [];
  const a = new PppLink(sim.host("a"), portA, {}, {
    packet: (direction, protocol, bytes, start, end) => {
      log.push(`${direction} ${formatPppPacket(protocol, bytes, start, end).replace(/ id .*/, "")}`);
    },
  });
  const b = new PppLink(sim.host("b"), portB, SERVER);
  for (const link of [a, b]) link.attach(new FrameRecorder(sim.clock));
  b.start();
  a.start();
  assert(sim.runUntil(() => a.session.isNetworkUp && b.session.isNetworkUp, 10_000));
  const p = sim.pool.acquire(40)!;
  p.bytes.fill(0x45, p.start, p.end);
  assert(a.transmit(p));
  assert(log.includes("outbound LCP ConfReq") && log.includes("inbound LCP ConfAck"));
  assert(log.includes("inbound IPCP ConfNak"));
  assertEquals(log.at(-1), "outbound IPv4 40 octets");
  a.close();
  b.close();
});

Deno.test("Network: flow control characters that the line puts in do no harm (RFC 1662 §7.1)", () => {
  const sim = new Simulation({ seed: 1 });
  const [portA, portB] = createSerialLine({
    timers: sim.timers,
    random: sim.random("line"),
    octetsPerMs: 100,
  });
  // Whatever arrives has an XON in front and both behind it: outside of frames, inside, behind an escape.
  const xon: SerialPort = {
    name: portA.name,
    inputLines: undefined,
    attach: (sink) =>
      portA.attach({
        serialInput: (bytes) => sink.serialInput(Uint8Array.of(0x11, ...bytes, 0x13, 0x11)),
        serialWritable: () => sink.serialWritable(),
        serialLinesChanged: (lines) => sink.serialLinesChanged(lines),
        serialClosed: (error) => sink.serialClosed(error),
      }),
    write: (bytes, start, end) => portA.write(bytes, start, end),
    setBaudRate: () => {},
    setOutputLines: () => {},
    discardOutput: () => {},
    close: () => portA.close(),
  };
  const a = new PppLink(sim.host("a"), xon, { lcp: { accm: 0x000a_0000 } });
  const b = new PppLink(sim.host("b"), portB, SERVER);
  const recorder = new FrameRecorder(sim.clock);
  a.attach(recorder);
  b.start();
  a.start();
  assert(sim.runUntil(() => a.session.isNetworkUp && b.session.isNetworkUp, 10_000));
  for (let i = 0; i < 20; i++) {
    const p = sim.pool.acquire(1500)!;
    for (let at = p.start; at < p.end; at++) p.bytes[at] = at * i;
    assert(b.transmit(p));
    b.flush();
    sim.advance(100);
  }
  assertEquals([recorder.frames.length, a.decoder.counters.badFcs], [20, 0]);
  assertGreater(a.decoder.counters.strayControls, 100);
  a.close();
  b.close();
  assertEquals(sim.pool.inUse, 0);
});

Deno.test("Dead: what comes after the end of a session is no second end, and begins no other (RFC 1661 §4.1)", () => {
  const { sim, a, b } = createPppWorld({}, SERVER);
  b.link.start();
  a.link.start();
  assert(sim.runUntil(() => a.isLinkUp, 10_000));
  a.link.stop();
  sim.advance(10_000);
  const before = a.log.length;
  for (const code of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 99]) {
    for (const data of [[], [1, 1, 0, 4]]) {
      const packet = Uint8Array.of(code, 1, 0, 4 + data.length, ...data);
      a.link.session.input(0xc021, packet, 0, packet.length);
    }
  }
  sim.advance(60_000);
  assertEquals(a.log.slice(before), []);
  assertEquals(sim.timers.size, 0);
});

Deno.test("any phase: start() begins one session, not two, and none on a closed link (RFC 1661 §3.2)", () => {
  const { sim, a, b } = createPppWorld({}, SERVER);
  for (let ms = 0; ms < 100; ms++) {
    b.link.start();
    a.link.start();
    sim.advance(1);
  }
  assertEquals(a.log, ["Establish", "Network", "up"]);
  a.link.close();
  a.link.start();
  assertEquals(a.log.slice(3), ["down", "Dead", "ended: line-lost"]);
  b.link.close();
  assertEquals(sim.timers.size, 0);
});

Deno.test("Dead: a silent side that waits is not ended by rejects of what it has not sent (RFC 1661 §4.1)", () => {
  const { sim, a, b } = createPppWorld({ listen: "silent" }, SERVER);
  a.link.start();
  const inputs = () => {
    for (const code of [2, 5, 6, 7, 8, 10, 99]) {
      const packet = Uint8Array.of(code, 1, 0, 8, 1, 1, 0, 4);
      a.link.session.input(0xc021, packet, 0, packet.length);
    }
  };
  inputs();
  assertEquals([a.log, a.link.session.isListening], [[], true]);
  b.link.start();
  assert(sim.runUntil(() => a.isLinkUp && b.isLinkUp, 10_000));
  assertEquals(a.link.session.isListening, false);
  a.link.stop();
  sim.advance(10_000);
  a.link.start();
  inputs();
  a.link.stop();
  sim.advance(100); // what it has answered leaves the port
  assertEquals(a.log.filter((line) => line.startsWith("ended")), ["ended: closed", "ended: closed"]);
  assertEquals([a.link.session.isListening, sim.timers.size], [false, 0]);
});
