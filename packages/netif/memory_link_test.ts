import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  concatenate,
  parseHex,
  type Pbuf,
  PBUF_CHECKSUM_VERIFIED,
  PBUF_PUSH,
  PbufPool,
} from "@lightwire/pbuf";
import type { LinkCapabilities, LinkSink } from "./link.ts";
import { NO_OFFLOAD } from "./link.ts";
import { LoopbackLink } from "./loopback_link.ts";
import { createMemoryLinkPair, type MemoryLinkOptions } from "./memory_link.ts";
import { bytesOf, packetOf } from "./testdata/fake_driver.ts";
import { TimerQueue } from "./timers.ts";

class Recorder implements LinkSink {
  frames: Pbuf[] = [];
  events: string[] = [];
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  linkInput(p: Pbuf): void {
    this.events.push(`${this.name}:${p.totalLength}`);
    this.frames.push(p);
  }
  inputBatchEnd(): void {
    this.events.push(`${this.name}:end`);
  }
  linkStateChanged(isUp: boolean): void {
    this.events.push(`${this.name}:${isUp ? "up" : "down"}`);
  }
  linkWritable(): void {
    this.events.push(`${this.name}:writable`);
  }
}

function setup(options: Partial<MemoryLinkOptions> = {}) {
  const pool = new PbufPool([{ slotBytes: 256, slots: 64 }]);
  const timersA = new TimerQueue({ now: () => 0 });
  const timersB = new TimerQueue({ now: () => 0 });
  const [a, b] = createMemoryLinkPair({ timersA, timersB, ...options });
  const sinkA = new Recorder("a");
  const sinkB = new Recorder("b");
  a.attach(sinkA);
  b.attach(sinkB);
  const send = (bytes: number, by = a) => {
    const p = packetOf(pool, new Uint8Array(bytes).fill(7));
    const isTaken = by.transmit(p);
    if (!isTaken) p.release();
    return isTaken;
  };
  const finish = () => {
    for (const p of [...sinkA.frames, ...sinkB.frames]) p.release();
    a.close();
    b.close();
    assertEquals(pool.inUse, 0);
  };
  return { pool, timersA, timersB, a, b, sinkA, sinkB, send, finish };
}

Deno.test("a memory link hands the very same pbuf over, from the receiver's timer, in batches", () => {
  const { pool, a, timersA, timersB, sinkB, send, finish } = setup({ batchFrames: 2 });
  const p = packetOf(pool, parseHex("01 02"));
  p.flags = PBUF_PUSH;
  p.netifIndex = 9;
  assert(a.transmit(p));
  send(3);
  send(4);
  a.flush();
  assertEquals([timersA.size, timersB.size, sinkB.events.length], [0, 1, 0]);
  timersB.runDue();
  assertEquals(sinkB.events, ["b:2", "b:3", "b:end", "b:4", "b:end"]);
  assertStrictEquals(sinkB.frames[0], p);
  assertEquals([p.flags, p.netifIndex, p.refCount], [0, 0, 1]);
  assertEquals(timersB.size, 0, "an idle link holds no timer");
  finish();
});

Deno.test("a memory link copies what the sender keeps a share of, foreign memory, and chains", () => {
  const { pool, a, b, timersB, sinkB, finish } = setup();
  const kept = packetOf(pool, parseHex("01 02")).retain();
  const parent = packetOf(pool, parseHex("00 01 02"));
  const chained = packetOf(pool, parseHex("01"));
  concatenate(chained, packetOf(pool, parseHex("02")));
  for (const p of [kept, pool.reference(parent, 1, 2)!, pool.wrap(parseHex("01 02"))!, chained]) {
    assert(a.transmit(p));
  }
  timersB.runDue();
  for (const p of sinkB.frames) {
    assertEquals(bytesOf(p), parseHex("01 02"));
    assert(p !== kept && p.next === undefined && p.refCount === 1 && p.prepend(14));
  }
  assertEquals([b.copies, b.delivered, b.copyFailures], [4, 4, 0]);
  pool.failAfter(0);
  assert(a.transmit(kept.retain()), "lost for want of memory, like a frame on a bad cable");
  assertEquals(b.copyFailures, 1);
  kept.release();
  parent.release();
  finish();
});

Deno.test("a full memory link says no, and when there is room again", () => {
  const { a, timersA, timersB, sinkA, sinkB, send, finish } = setup({ queueFrames: 4, batchFrames: 1 });
  for (let i = 0; i < 4; i++) assert(send(1));
  assert(!send(1));
  assertEquals(timersB.runDue(1), 1);
  assertEquals(timersA.runDue(), 0, "still more than half full");
  assertEquals(timersB.runDue(1), 1);
  timersA.runDue();
  assertEquals(sinkA.events.at(-1), "a:writable");
  assert(send(1));
  timersB.runDue();
  assertEquals(sinkB.frames.length, 5);
  assertEquals(sinkA.events.filter((e) => e === "a:writable").length, 1);
  assertEquals(a.capabilities, NO_OFFLOAD);
  finish();
});

Deno.test("a packet with its checksum pending, or any on a link that verifies, arrives as verified", () => {
  const offload: LinkCapabilities = { txChecksum: true, rxChecksum: false, gsoMaxBytes: 65535, gro: true };
  for (const rxChecksum of [false, true]) {
    const { pool, a, timersB, sinkB, send, finish } = setup({ capabilities: { ...offload, rxChecksum } });
    const p = packetOf(pool, new Uint8Array(40));
    p.checksumStart = p.start + 20;
    p.gsoSize = 1000;
    a.transmit(p);
    send(40);
    timersB.runDue();
    assertEquals(sinkB.frames.map((frame) => frame.flags), [
      PBUF_CHECKSUM_VERIFIED,
      rxChecksum ? PBUF_CHECKSUM_VERIFIED : 0,
    ]);
    assertEquals([p.gsoSize, p.checksumStart - p.start], [1000, 20]);
    finish();
  }
});

Deno.test("setCarrier() and close(): both ends hear of it, frames are lost meanwhile", () => {
  const { a, b, timersA, timersB, sinkA, sinkB, send, finish } = setup();
  a.setCarrier(false);
  assertEquals([sinkA.events, sinkB.events], [[], []], "from a timer only");
  timersA.runDue();
  timersB.runDue();
  assert(send(1) && send(1, b));
  a.setCarrier(true);
  timersA.runDue();
  timersB.runDue();
  assertEquals([sinkA.events, sinkB.events], [["a:down", "a:up"], ["b:down", "b:up"]]);
  send(1, b);
  a.close();
  a.close();
  timersA.runDue();
  timersB.runDue();
  assertEquals([sinkA.frames.length, sinkB.events.at(-1)], [0, "b:down"]);
  assert(send(1) && send(1, b), "a closed link swallows everything");
  finish();
});

Deno.test("without a sink frames are dropped", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const timers = new TimerQueue({ now: () => 0 });
  const [a] = createMemoryLinkPair({ timersA: timers, timersB: timers, medium: "ip", mtu: 9000 });
  assertEquals([a.medium, a.mtu, a.macAddress], ["ip", 9000, undefined]);
  a.transmit(packetOf(pool, Uint8Array.of(1)));
  timers.runDue();
  assertEquals(pool.inUse, 0);
});

Deno.test("loopback: what is sent comes back from a timer, never inside of transmit(), checksums trusted", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 8 }]);
  const timers = new TimerQueue({ now: () => 0 });
  const link = new LoopbackLink(timers, { queueFrames: 2 });
  const sink = new Recorder("lo");
  link.attach(sink);
  assertEquals([link.medium, link.mtu, link.capabilities.gsoMaxBytes], ["ip", 65535, 65535]);
  const p = packetOf(pool, parseHex("45"));
  assert(link.transmit(p));
  assert(link.transmit(packetOf(pool, parseHex("46"))));
  const third = packetOf(pool, parseHex("47"));
  assert(!link.transmit(third));
  link.flush();
  assertEquals(sink.events, []);
  timers.runDue();
  assertEquals(sink.events, ["lo:1", "lo:1", "lo:end", "lo:writable"]);
  assertStrictEquals(sink.frames[0], p);
  assertEquals(p.flags, PBUF_CHECKSUM_VERIFIED);
  assert(link.transmit(third));
  link.close();
  assert(link.transmit(packetOf(pool, parseHex("48"))));
  timers.runDue();
  for (const frame of sink.frames) frame.release();
  assertEquals([sink.frames.length, pool.inUse], [2, 0]);
});
