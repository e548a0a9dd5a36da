import { assertEquals, assertThrows } from "@std/assert";
import { concatenate, parseHex, PbufPool, pseudoHeaderSumV4 } from "@lightwire/pbuf";
import { FaultLink } from "./fault_link.ts";
import { createMemoryLinkPair } from "./memory_link.ts";
import { PcapLink } from "./pcap_link.ts";
import { PcapngWriter } from "./pcapng.ts";
import { packetOf } from "./testdata/fake_driver.ts";
import { TimerQueue } from "./timers.ts";

// scapy 2.5: Ether(dst="02:00:00:00:00:0b", src="02:00:00:00:00:0a")/IP(src="10.0.0.1", dst="10.0.0.2")
//   /UDP(sport=1, dport=2)/Raw(b"abc")
const FRAME = parseHex(`02000000000b 02000000000a 0800
  4500001f000100004011 66cb 0a000001 0a000002 00010002000b 2770 616263`);

interface Block {
  type: number;
  body: Uint8Array;
  view: DataView;
}

/** Takes a file apart by the rules of the format: equal lengths in front and behind, multiples of four. */
function blocksOf(chunks: readonly Uint8Array[]): Block[] {
  return chunks.map((chunk) => {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
    assertEquals(chunk.length % 4, 0);
    assertEquals(view.getUint32(4), chunk.length);
    assertEquals(view.getUint32(chunk.length - 4), chunk.length);
    const body = chunk.slice(8, -4);
    return { type: view.getUint32(0), body, view: new DataView(body.buffer) };
  });
}

function optionsOf({ body, view }: Block, at: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  while (at < body.length) {
    const code = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (code === 0) {
      assertEquals([length, at + 4], [0, body.length], "nothing follows the end of the options");
      break;
    }
    options.set(code, body.slice(at + 4, at + 4 + length));
    at += 4 + (length + 3 & ~3);
  }
  return options;
}

function packetIn(
  block: Block,
): { bytes: Uint8Array; length: number; us: number; options: Map<number, Uint8Array> } {
  const kept = block.view.getUint32(12);
  return {
    bytes: block.body.slice(20, 20 + kept),
    length: block.view.getUint32(16),
    us: block.view.getUint32(4) * 2 ** 32 + block.view.getUint32(8),
    options: optionsOf(block, 20 + (kept + 3 & ~3)),
  };
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

Deno.test("a file with every kind of block is the one that tshark and capinfos have read", async () => {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => chunks.push(block), {
    application: "lightwire 0.1",
    os: "any",
    hardware: "none",
    comment: "golden",
  });
  const en0 = writer.addInterface({
    name: "en0",
    medium: "ethernet",
    description: "first",
    macAddress: 0x02_00_00_00_00_0a,
    speedBps: 10e9,
    filter: "ip",
    comment: "if",
  });
  const tn0 = writer.addInterface({ name: "tn0", medium: "ip", snapLength: 24 });
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const p = packetOf(pool, FRAME);
  p.view.setUint16(p.start + 40, pseudoHeaderSumV4(0x0a000001, 0x0a000002, 17, 11));
  p.checksumStart = p.start + 34;
  p.checksumOffset = 6;
  p.vlanTci = 0x6005;
  writer.writePacket(en0, 1700000000123.456, p, { direction: "outbound", comment: "first packet" });
  writer.writePacket(en0, 1700000001000, FRAME, { direction: "inbound", reception: "unicast", dropCount: 3 });
  writer.writePacket(tn0, 1700000002000.001, FRAME.subarray(14));
  writer.writeStatistics(en0, 1700000003000, {
    startMs: 1700000000000,
    endMs: 1700000003000,
    received: 1,
    dropped: 3,
    accepted: 2,
    delivered: 2,
  });
  p.release();
  const file = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", file));
  // tshark 4.0.17 of this file: 3 packets at 2023-11-14 22:13:20.123456, 21 and 22.000001; the first outbound, with VLAN 5,
  // a good UDP checksum and its comment, the third limited to 24 bytes; capinfos shows all the options above.
  assertEquals(
    Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    "b0a067541c433e706a82821a916db2d17f7a5e044a54299952b745df9491a4b1",
  );
});

Deno.test("section header and interface description carry their options", () => {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => chunks.push(block), { application: "lightwire" });
  writer.addInterface({ name: "en0", medium: "ethernet", macAddress: 0x02_00_00_00_00_0a });
  writer.addInterface({ name: "tn0", medium: "ip", snapLength: 96 });
  const [section, en0, tn0] = blocksOf(chunks);
  assertEquals([section!.type, section!.view.getUint32(0), section!.view.getUint32(4)], [
    0x0a0d0d0a,
    0x1a2b3c4d,
    0x00010000,
  ]);
  assertEquals(text(optionsOf(section!, 16).get(4)), "lightwire");
  assertEquals([en0!.type, en0!.view.getUint16(0), en0!.view.getUint32(4)], [1, 1, 262144]);
  assertEquals(optionsOf(en0!, 8).get(6), parseHex("02000000000a"));
  assertEquals(optionsOf(en0!, 8).get(9), Uint8Array.of(6));
  assertEquals([tn0!.view.getUint16(0), tn0!.view.getUint32(4), text(optionsOf(tn0!, 8).get(2))], [
    101,
    96,
    "tn0",
  ]);
});

Deno.test("a packet is written as on the wire: chain in one piece, tag restored, checksum finished, at any cut", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 8 }]);
  const tagged = Uint8Array.of(...FRAME.subarray(0, 12), 0x81, 0, 0x60, 5, ...FRAME.subarray(12));
  for (let snapLength = 0; snapLength <= tagged.length; snapLength++) {
    const chunks: Uint8Array[] = [];
    const writer = new PcapngWriter((block) => chunks.push(block));
    writer.addInterface({ name: "en0", medium: "ethernet", snapLength });
    const p = packetOf(pool, FRAME.subarray(0, 43));
    concatenate(p, packetOf(pool, FRAME.subarray(43)));
    p.view.setUint16(p.start + 40, pseudoHeaderSumV4(0x0a000001, 0x0a000002, 17, 11));
    p.checksumStart = p.start + 34;
    p.checksumOffset = 6;
    p.vlanTci = 0x6005;
    writer.writePacket(0, 0, p);
    const packet = packetIn(blocksOf(chunks)[2]!);
    assertEquals(packet.length, tagged.length);
    if (snapLength >= 46) assertEquals(packet.bytes, tagged.slice(0, snapLength));
    else assertEquals(packet.bytes.slice(0, 44), tagged.slice(0, Math.min(snapLength, 44)));
    assertEquals([p.checksumStart >= 0, p.vlanTci], [true, 0x6005], "the packet itself is left alone");
    p.release();
  }
  assertEquals(pool.inUse, 0);
});

Deno.test("marks that point outside of the packet do no harm", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 8 }]);
  const writer = new PcapngWriter(() => {});
  writer.addInterface({ name: "en0", medium: "ethernet" });
  for (const [start, offset] of [[0, 0], [200, 0], [60, 300]]) {
    const p = packetOf(pool, FRAME.subarray(0, 20));
    p.checksumStart = start!;
    p.checksumOffset = offset!;
    writer.writePacket(0, 0, p);
    p.release();
  }
  assertThrows(() => writer.writePacket(1, 0, FRAME), RangeError);
  assertThrows(() => writer.writeStatistics(1, 0, {}), RangeError);
  assertEquals(pool.inUse, 0);
});

function capture(outbound = {}) {
  let now = 500;
  const clock = { now: () => now };
  const timers = new TimerQueue(clock);
  const pool = new PbufPool([{ slotBytes: 256, slots: 16 }]);
  const [near, far] = createMemoryLinkPair({ timersA: timers, timersB: timers, queueFrames: 2 });
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((block) => chunks.push(block));
  const link: PcapLink = new PcapLink(
    new FaultLink(near, {
      timers,
      outbound,
      onFault: (direction, kind, p) => link.writeAside(direction, p, `dropped: ${kind}`),
    }),
    { writer, clock, name: "en0", originUnixMs: 1_000_000 },
  );
  link.attach({
    linkInput: (p) => p.release(),
    inputBatchEnd() {},
    linkStateChanged() {},
    linkWritable() {},
  });
  const settle = (ms: number) => {
    now += ms;
    timers.runDue();
  };
  return { pool, chunks, link, far, settle };
}

Deno.test("PcapLink writes both directions with time, direction and reception, then statistics", () => {
  const { pool, chunks, link, far, settle } = capture();
  link.commentNext("hello");
  link.commentNext("world");
  link.transmit(packetOf(pool, FRAME));
  settle(1.5);
  const inbound = ["02000000000a", "ffffffffffff", "01005e000001", "02000000000c"];
  for (const to of inbound) {
    far.transmit(packetOf(pool, parseHex(to + "02000000000b 88b5 01")));
    settle(1);
  }
  link.close();
  link.close();
  const blocks = blocksOf(chunks);
  assertEquals(blocks.map((block) => block.type), [0x0a0d0d0a, 1, 6, 6, 6, 6, 6, 5]);
  const packets = blocks.slice(2, 7).map(packetIn);
  assertEquals(packets[0]!.bytes, FRAME);
  assertEquals(text(packets[0]!.options.get(1)), "hello\nworld");
  assertEquals(packets.map((packet) => packet.us / 1000), [
    1_000_500,
    1_000_502.5,
    1_000_503.5,
    1_000_504.5,
    1_000_505.5,
  ]);
  const flags = packets.map((packet) => new DataView(packet.options.get(2)!.buffer).getUint32(0));
  assertEquals(flags, [2, 1 | 1 << 2, 1 | 3 << 2, 1 | 2 << 2, 1 | 4 << 2]);
  assertEquals(packets[1]!.options.has(1), false, "a remark belongs to one packet");
  assertEquals([link.captured, pool.inUse], [5, 0]);
});

Deno.test("PcapLink writes what the driver took, once, and the fault link's drops with a remark", () => {
  const { pool, chunks, link, settle } = capture();
  const third = packetOf(pool, FRAME);
  for (let i = 0; i < 3; i++) link.transmit(packetOf(pool, FRAME)); // the third waits in the fault link
  assertEquals(link.transmit(third), false);
  assertEquals(blocksOf(chunks).filter((block) => block.type === 6).length, 3);
  settle(0);
  settle(0);
  assertEquals(link.transmit(third), true);
  settle(0);
  assertEquals(blocksOf(chunks).filter((block) => block.type === 6).length, 4);
  link.close();

  const lossy = capture({ lossRate: 1 });
  lossy.link.transmit(packetOf(lossy.pool, FRAME));
  const packets = blocksOf(lossy.chunks).filter((block) => block.type === 6).map(packetIn);
  assertEquals(packets.map((packet) => text(packet.options.get(1))), ["dropped: loss", ""]);
  lossy.link.close();
  assertEquals([pool.inUse, lossy.pool.inUse], [0, 0]);
});
