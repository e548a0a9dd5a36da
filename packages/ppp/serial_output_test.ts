import { assert, assertEquals } from "@std/assert";
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { FrameRecorder, Simulation } from "@lightwire/netif/sim";
import { PppLink } from "./ppp_link.ts";
import { SerialOutput } from "./serial_output.ts";
import type { SerialPort, SerialSink } from "./serial_port.ts";

/** A port that takes as many octets as `room` says, and calls `onWrite` from inside of write(). */
function createPort(onWrite: (octets: number[]) => void = () => {}) {
  const state = { room: Infinity, written: [] as number[], sink: undefined as SerialSink | undefined };
  const port: SerialPort = {
    name: "port",
    inputLines: undefined,
    attach: (sink) => void (state.sink = sink),
    write(bytes, start = 0, end = bytes.length) {
      const taken = Math.min(end - start, state.room);
      state.room -= taken;
      const octets = [...bytes.subarray(start, start + taken)];
      state.written.push(...octets);
      onWrite(octets);
      return taken;
    },
    setBaudRate: () => {},
    setOutputLines: () => {},
    discardOutput: () => {},
    close: () => void (state.sink = undefined),
  };
  return { state, port };
}

function put(output: SerialOutput, first: number, count: number): void {
  for (let i = 0; i < count; i++) output.bytes[output.end++] = first + i;
}

Deno.test("serial output: what the port does not take stays, in order, and moves to the front for want of room", () => {
  const { state, port } = createPort();
  const output = new SerialOutput(port, 10);
  state.room = 4;
  put(output, 0, 8);
  assert(!output.write());
  assertEquals([output.isBlocked, output.isEmpty, output.octetsSent], [true, false, 4]);
  assert(!output.makeRoom(7, 10, false)); // 4 wait, 6 are free
  assert(output.makeRoom(6, 10, false));
  put(output, 8, 6);
  state.room = Infinity;
  assert(output.write());
  assertEquals(state.written, Array.from({ length: 14 }, (_, i) => i));
  assertEquals([output.isBlocked, output.isEmpty], [false, true]);
});

Deno.test("serial output: a port that calls back from inside of write() gets no octet twice", () => {
  const { state, port } = createPort(() => {
    if (output.end >= 6) return;
    assert(output.isWriting && !output.write());
    assert(output.makeRoom(3, 10, true));
    put(output, 3, 3);
  });
  const output = new SerialOutput(port, 10);
  put(output, 0, 3);
  output.write();
  output.write();
  assertEquals(state.written, [0, 1, 2, 3, 4, 5]);
});

Deno.test("Establish: two links whose ports deliver from inside of write() agree all the same (RFC 1661 §3)", () => {
  const sim = new Simulation({ seed: 1 });
  const near = createPort((octets) => far.state.sink?.serialInput(Uint8Array.from(octets)));
  const far = createPort((octets) => near.state.sink?.serialInput(Uint8Array.from(octets)));
  const credentials = { name: "alice", secret: "wonderland" };
  const a = new PppLink(sim.host("a"), near.port, { credentials });
  const b = new PppLink(sim.host("b"), far.port, {
    peerSecrets: () => "wonderland",
    ipcp: { localAddress: parseIpAddressOrThrow("10.0.0.1"), peerAddress: parseIpAddressOrThrow("10.0.0.2") },
  });
  const recorder = new FrameRecorder(sim.clock);
  b.attach(recorder);
  b.start();
  a.start();
  sim.advance(10_000);
  assert(a.session.isNetworkUp && b.session.isNetworkUp);
  for (let i = 0; i < 20; i++) {
    const p = sim.pool.acquire(100 + i)!;
    p.bytes.fill(0x45, p.start, p.end);
    assert(a.transmit(p));
    if (i % 3 === 0) a.flush();
  }
  a.flush();
  assertEquals(
    recorder.frames.map(({ bytes }) => bytes.length),
    Array.from({ length: 20 }, (_, i) => 100 + i),
  );
  assertEquals([a.decoder.counters.badFcs, b.decoder.counters.badFcs], [0, 0]);
  a.close();
  b.close();
  assertEquals([sim.pool.inUse, sim.timers.size], [0, 0]);
});
