import { assert, assertEquals, assertThrows } from "@std/assert";
import { deriveRandom } from "@lightwire/netif";
import { Draw } from "../sim/draw.ts";
import { runFuzz } from "./campaign.ts";
import { goldenFrames } from "./golden_frames.ts";
import { MAX_FRAME_BYTES, Mutator, TARGET } from "./mutator.ts";
import { readPcap } from "./pcap_file.ts";

Deno.test("twenty thousand mutants: no exception, no frame unaccounted for, no pbuf leaked, and it serves on", () => {
  const { runs, problem, counters } = runFuzz({ seed: 7, runs: 20_000 });
  assertEquals(problem, undefined);
  assertEquals(runs, 20_000);
  // The mutants got everywhere.
  const deep = [
    "arp.inErrors",
    "ip.drops.bad-checksum",
    "ip.drops.bad-options",
    "ip.drops.fragment-overlap",
    "icmp.inErrors",
    "igmp.inErrors",
    "udp.inChecksumErrors",
    "udp.inCoverageErrors",
    "tcp.checksumErrors",
    "tcp.headerErrors",
    "tcp.challengeAcks",
    "tcp.outOfOrder",
    "dhcp.malformed",
    "dns.malformed",
  ];
  assertEquals(deep.filter((name) => !counters.has(name)), []);
});

Deno.test("a seed repeats a campaign", () => {
  const run = () => [...runFuzz({ seed: 3, runs: 2000 }).counters].toSorted();
  assertEquals(run(), run());
});

Deno.test("Mutator makes frames of every length, and leaves its originals alone", () => {
  const golden = goldenFrames();
  const copies = golden.map((frame) => frame.slice());
  const draw = new Draw(deriveRandom(1, "mutator"));
  const mutator = new Mutator(draw, TARGET);
  let shortest = Infinity;
  let longest = 0;
  for (let i = 0; i < 5000; i++) {
    const { length } = mutator.mutate(draw.pick(golden), draw.pick(golden), draw.pick(golden));
    shortest = Math.min(shortest, length);
    longest = Math.max(longest, length);
    assert(length <= MAX_FRAME_BYTES);
  }
  assert(shortest < 14 && longest > 1514);
  assertEquals(golden, copies);
});

Deno.test("readPcap() refuses what is no capture of an Ethernet", () => {
  assertThrows(() => readPcap(new Uint8Array(10)), TypeError, "not a pcap file");
  const other = new Uint8Array(24);
  new DataView(other.buffer).setUint32(0, 0xa1b2c3d4);
  assertThrows(() => readPcap(other), TypeError, "not of an Ethernet");
});
