import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ACK, SYN } from "./control_bits.ts";
import { Segment } from "./segment.ts";
import {
  emitSackBlocks,
  emitSynOptions,
  emitTimestamps,
  maxSackBlocks,
  parseTcpOptions,
  SackBlocks,
  sackOptionLength,
  synOptionsLength,
} from "./tcp_options.ts";

function parse(octets: number[], ctl: number): Segment {
  const seg = new Segment();
  seg.ctl = ctl;
  parseTcpOptions(new DataView(new Uint8Array(octets).buffer), 0, octets.length, seg);
  return seg;
}

/** SYN of Linux 6.18 on its loopback, captured with tshark 4.0.17: mss 65495, sackOK, TS ecr 0, nop, wscale 10. */
const LINUX_SYN = [
  [0x02, 0x04, 0xff, 0xd7],
  [0x04, 0x02],
  [0x08, 0x0a, 0x31, 0xfd, 0xc3, 0x20, 0x00, 0x00, 0x00, 0x00],
  [0x01],
  [0x03, 0x03, 0x0a],
].flat();

Deno.test("parseTcpOptions() reads a SYN of Linux", () => {
  const seg = parse(LINUX_SYN, SYN);
  assertEquals(seg.mss, 65495);
  assertEquals(seg.sackPermitted, true);
  assertEquals(seg.hasTimestamps, true);
  assertEquals(seg.tsVal, 0x31fdc320);
  assertEquals(seg.tsEcr, 0);
  assertEquals(seg.windowShift, 10);
  assertEquals(seg.hasMalformedOption, false);
});

Deno.test("emitSynOptions() writes a SYN of Linux, octet for octet", () => {
  const bytes = new Uint8Array(40).fill(0xa5);
  const options = {
    mss: 65495,
    windowShift: 10,
    sackPermitted: true,
    hasTimestamps: true,
    tsVal: 0x31fdc320,
    tsEcr: 0,
  };
  assertEquals(emitSynOptions(new DataView(bytes.buffer), 0, options), 20);
  assertEquals([...bytes.subarray(0, 20)], LINUX_SYN);
});

Deno.test("parseTcpOptions() ignores SYN options on other segments, and SACK on a SYN", () => {
  const seg = parse(LINUX_SYN, ACK);
  assertEquals([seg.mss, seg.windowShift, seg.sackPermitted], [0, -1, false]);
  assert(seg.hasTimestamps);
  assertEquals(parse([5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0], SYN).sackCount, 0);
});

Deno.test("parseTcpOptions() takes a shift above 14 for 14 (RFC 7323 §2.3)", () => {
  assertEquals(parse([3, 3, 15, 0], SYN).windowShift, 14);
  assertEquals(parse([3, 3, 255, 0], SYN).windowShift, 14);
});

Deno.test("[MUST-6] parseTcpOptions() skips unknown options by their length", () => {
  const seg = parse([254, 6, 1, 2, 3, 4, 2, 4, 5, 0xb4, 0, 0], SYN);
  assertEquals(seg.mss, 1460);
  assert(!seg.hasMalformedOption);
});

Deno.test("[MUST-7] parseTcpOptions() stops at a bad length and keeps what came before", () => {
  for (const bad of [[8, 0, 0, 0], [8, 1, 0, 0], [254, 200, 0, 0], [1, 1, 1, 8]]) {
    const seg = parse([2, 4, 5, 0xb4, ...bad], SYN);
    assertEquals(seg.mss, 1460);
    assert(seg.hasMalformedOption, String(bad));
  }
});

Deno.test("parseTcpOptions() skips a known option of a wrong length", () => {
  const seg = parse([2, 3, 5, 3, 4, 1, 1, 1, 8, 2, 2, 4, 5, 0xb4, 0, 0], SYN);
  assertEquals([seg.mss, seg.windowShift, seg.hasTimestamps], [1460, -1, false]);
  assertEquals(parse([5, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], ACK).sackCount, 0);
});

Deno.test("[MUST-4] parseTcpOptions() takes MSS, steps over No-Operation, and stops at the end of the list (RFC 9293 §3.1)", () => {
  assertEquals(parse([1, 1, 2, 4, 5, 0xb4, 1, 3, 3, 7, 0, 3], SYN).mss, 1460);
  assertEquals(parse([1, 1, 2, 4, 5, 0xb4, 1, 3, 3, 7, 0, 3], SYN).windowShift, 7);
  assert(!parse([1, 0, 2, 4], SYN).hasMalformedOption, "what is behind the end is no option");
  assertEquals(parse([0, 0, 0, 0, 2, 4, 5, 0xb4], SYN).mss, 0);
});

Deno.test("parseTcpOptions() reads Fast Open cookies of legal length only (RFC 7413 §4.1.1)", () => {
  assertEquals(parse([34, 2, 0, 0], SYN).fastOpenLength, 0);
  assertEquals(parse([34, 6, 1, 2, 3, 4, 0, 0], SYN).fastOpenLength, 4);
  assertEquals(parse([34, 5, 1, 2, 3, 0, 0, 0], SYN).fastOpenLength, -1);
  assertEquals(parse([34, 7, 1, 2, 3, 4, 5, 0], SYN).fastOpenLength, -1);
  assertEquals(parse([34, 20, ...new Array(18).fill(7)], SYN).fastOpenLength, -1);
  // The experiment that it was.
  assertEquals(parse([254, 4, 0xf9, 0x89], SYN).fastOpenLength, 0);
  assertEquals(parse([254, 8, 0xf9, 0x89, 1, 2, 3, 4], SYN).fastOpenLength, 4);
  assertEquals(parse([254, 8, 0xf9, 0x88, 1, 2, 3, 4], SYN).fastOpenLength, -1);
  assertEquals(parse([254, 2, 0xf9, 0x89], SYN).fastOpenLength, -1);
});

Deno.test("parseTcpOptions() forgets the options of the segment before", () => {
  const seg = new Segment();
  seg.ctl = SYN;
  parseTcpOptions(new DataView(new Uint8Array(LINUX_SYN).buffer), 0, LINUX_SYN.length, seg);
  parseTcpOptions(new DataView(new ArrayBuffer(0)), 0, 0, seg);
  assertEquals(
    [seg.mss, seg.windowShift, seg.sackPermitted, seg.hasTimestamps, seg.tsVal, seg.sackCount],
    [0, -1, false, false, 0, 0],
  );
});

Deno.test("emitSackBlocks() and emitTimestamps() fill 40 bytes with 3 blocks, and are read back", () => {
  const blocks = new SackBlocks();
  blocks.count = 4;
  for (let i = 0; i < 4; i++) {
    blocks.left[i] = 0xfffffff0 + 4 * i;
    blocks.right[i] = 0xfffffff2 + 4 * i;
  }
  const view = new DataView(new ArrayBuffer(40));
  let length = emitTimestamps(view, 0, 0xdeadbeef, 0x01020304);
  assertEquals(maxSackBlocks(40 - length), 3);
  assertEquals(maxSackBlocks(40), 4);
  assertEquals(maxSackBlocks(11), 0);
  length += emitSackBlocks(view, length, blocks, 3);
  assertEquals(length, 12 + sackOptionLength(3));
  const seg = new Segment();
  seg.ctl = ACK;
  parseTcpOptions(view, 0, length, seg);
  assertEquals(seg.sackCount, 3);
  assertEquals([...seg.sackLeft.subarray(0, 3)], [...blocks.left.subarray(0, 3)]);
  assertEquals([...seg.sackRight.subarray(0, 3)], [...blocks.right.subarray(0, 3)]);
  assertEquals([seg.tsVal, seg.tsEcr], [0xdeadbeef, 0x01020304]);
  blocks.count = 0;
  assertEquals(emitSackBlocks(view, 0, blocks, 3), 0);
});

Deno.test("[MUST-68] emitSynOptions(): every option but No-Operation has a length, and padding is no rubbish (RFC 9293 §3.2, MUST-68, MUST-69)", () => {
  for (let mask = 0; mask < 16; mask++) {
    const bytes = new Uint8Array(40).fill(0xa5);
    const length = emitSynOptions(new DataView(bytes.buffer), 0, {
      mss: (mask & 1) * 1460,
      windowShift: (mask & 2) === 0 ? -1 : 7,
      sackPermitted: (mask & 4) !== 0,
      hasTimestamps: (mask & 8) !== 0,
      tsVal: 1,
      tsEcr: 2,
    });
    let at = 0;
    while (at < length) at += bytes[at] === 1 ? 1 : bytes[at + 1]!;
    assertEquals([at, length % 4], [length, 0]);
    assert(bytes.subarray(length).every((octet) => octet === 0xa5), "nothing beyond");
  }
});

Deno.test("property: options of a SYN survive emit and parse", () => {
  const options = fc.record({
    mss: fc.integer({ min: 0, max: 0xffff }),
    windowShift: fc.integer({ min: -1, max: 14 }),
    sackPermitted: fc.boolean(),
    hasTimestamps: fc.boolean(),
    tsVal: fc.integer({ min: 0, max: 0xffffffff }),
    tsEcr: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(fc.property(options, (o) => {
    const view = new DataView(new ArrayBuffer(40));
    const length = emitSynOptions(view, 0, o);
    assertEquals(length, synOptionsLength(o));
    assertEquals(length % 4, 0);
    const seg = new Segment();
    seg.ctl = SYN;
    parseTcpOptions(view, 0, length, seg);
    assertEquals(seg.mss, o.mss);
    assertEquals(seg.windowShift, o.windowShift);
    assertEquals(seg.sackPermitted, o.sackPermitted);
    assertEquals(seg.hasTimestamps, o.hasTimestamps);
    if (o.hasTimestamps) assertEquals([seg.tsVal, seg.tsEcr], [o.tsVal, o.tsEcr]);
  }));
});

Deno.test("property: parseTcpOptions() takes any octets without throwing or looking beyond the end", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (octets, isSyn) => {
    const padded = new Uint8Array(octets.length + 8).fill(5);
    padded.set(octets);
    const seg = new Segment();
    seg.ctl = isSyn ? SYN : ACK;
    parseTcpOptions(new DataView(padded.buffer), 0, octets.length, seg);
    assert(seg.sackCount >= 0 && seg.sackCount <= 4);
    assert(seg.windowShift >= -1 && seg.windowShift <= 14);
  }));
});
