/** A full-sized packet through a link, out and in, with all that belongs to it: pbufs, header, codec, framing, port. Goal: under
 * 5 % of a core on a line of 921,600 baud, which moves 92,160 octets a second each way; that is 540 ns for an octet.
 *
 * @module
 */
import { parseIpAddressOrThrow } from "@lightwire/ip/address";
import { seededRandom } from "@lightwire/netif";
import { Simulation } from "@lightwire/netif/sim";
import { PppLink } from "./ppp_link.ts";
import type { SerialPort, SerialSink } from "./serial_port.ts";

const LENGTH = 1500;
const sim = new Simulation({ seed: "bench" });
const random = seededRandom("link bench");

/** A port that remembers what was written, and hands it over when asked. */
function createPort(name: string) {
  const state = { written: [] as Uint8Array[], sink: undefined as SerialSink | undefined };
  const port: SerialPort = {
    name,
    inputLines: undefined,
    attach: (sink) => void (state.sink = sink),
    write(bytes, start = 0, end = bytes.length) {
      state.written.push(bytes.slice(start, end));
      return end - start;
    },
    setBaudRate: () => {},
    setOutputLines: () => {},
    discardOutput: () => {},
    close: () => {},
  };
  return { state, port };
}

for (const accm of [0, 0xffff_ffff]) {
  const near = createPort("near");
  const far = createPort("far");
  const a = new PppLink(sim.host("a"), near.port, { lcp: { accm, echoIntervalMs: 0 } });
  const b = new PppLink(sim.host("b"), far.port, {
    lcp: { accm, echoIntervalMs: 0 },
    ipcp: { localAddress: parseIpAddressOrThrow("10.0.0.1"), peerAddress: parseIpAddressOrThrow("10.0.0.2") },
  });
  const sink = {
    linkInput: (p: { release(): void }) => p.release(),
    inputBatchEnd: () => {},
    linkStateChanged: () => {},
    linkWritable: () => {},
  };
  a.attach(sink);
  b.attach(sink);
  b.start();
  a.start();
  while (!a.session.isNetworkUp || !b.session.isNetworkUp) {
    for (const octets of near.state.written.splice(0)) far.state.sink!.serialInput(octets);
    for (const octets of far.state.written.splice(0)) near.state.sink!.serialInput(octets);
  }
  const packets = Array.from({ length: 64 }, () => {
    const p = sim.pool.acquire(LENGTH)!;
    for (let at = p.start; at < p.end; at++) p.bytes[at] = random.uint32();
    p.bytes[p.start] = 0x45;
    p.bytes[p.start + 9] = 17; // UDP: no header compression
    return p;
  });
  const group = `ACCM ${accm.toString(16)}`;
  let turn = 0;
  near.state.written.length = 0;
  for (const p of packets) {
    a.transmit(p.retain());
    a.flush();
  }
  const wires = near.state.written.splice(0);
  Deno.bench(`send 1500 B, ${group}`, { group }, () => {
    a.transmit(packets[turn++ & 63]!.retain());
    a.flush();
    near.state.written.length = 0;
  });
  Deno.bench(`receive 1500 B, ${group}`, { group }, () => {
    far.state.sink!.serialInput(wires[turn++ & 63]!);
  });
}
