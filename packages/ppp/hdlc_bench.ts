/** Framing of full-sized packets. Goal: 100 MB/s each way whatever the ACCM, that is 15 µs for 1504 octets.
 *
 * The packets are 64 different ones: of a single one, the processor soon knows each octet beforehand. "Worst" is a packet of
 * nothing but octets to escape; "octet by octet" is a port that delivers each by itself.
 *
 * @module
 */
import { seededRandom } from "@lightwire/netif";
import { DEFAULT_ACCM, HdlcEncoder } from "./hdlc.ts";
import { HdlcDecoder } from "./hdlc_decoder.ts";

const LENGTH = 1504;
const random = seededRandom("hdlc");
const noise = Array.from({ length: 64 }, () => Uint8Array.from({ length: LENGTH }, () => random.uint32()));
const worst = [new Uint8Array(LENGTH).fill(0x7e)];
const into = new Uint8Array(HdlcEncoder.maxEncodedLength(LENGTH));

const CASES = [
  ["ACCM 0", 0, noise],
  ["ACCM ffffffff", DEFAULT_ACCM, noise],
  ["ACCM of random bits", 0x5a3c_96f0, noise],
  ["worst", DEFAULT_ACCM, worst],
] as const;

for (const [name, accm, frames] of CASES) {
  const encoder = new HdlcEncoder(accm);
  const decoder = new HdlcDecoder({ hdlcInput: () => {} });
  decoder.setReceiveAccm(accm);
  const wires = frames.map((frame) => into.slice(0, encoder.encode(frame, 0, LENGTH, into, 0, true)));
  let turn = 0;
  Deno.bench(`encode 1504 B, ${name}`, { group: name, baseline: true }, () => {
    encoder.encode(frames[turn++ % frames.length]!, 0, LENGTH, into, 0, true);
  });
  Deno.bench(`decode 1504 B, ${name}`, { group: name }, () => {
    decoder.input(wires[turn++ % wires.length]!);
  });
  Deno.bench(`decode 1504 B octet by octet, ${name}`, { group: name }, () => {
    const wire = wires[turn++ % wires.length]!;
    for (let i = 0; i < wire.length; i++) decoder.input(wire, i, i + 1);
  });
}
