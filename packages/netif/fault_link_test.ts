import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatenate, finishSum, PBUF_CHECKSUM_VERIFIED, PbufPool, sumBytes } from "@lightwire/pbuf";
import { FaultLink, type FaultLinkOptions, type LinkFaults } from "./fault_link.ts";
import type { LinkSink } from "./link.ts";
import { bytesOf, FakeDriver, packetOf } from "./testdata/fake_driver.ts";
import { TimerQueue } from "./timers.ts";

function setup(
  faults: Partial<FaultLinkOptions>,
  driver = new FakeDriver({ txChecksum: true, gsoMaxBytes: 65535 }),
) {
  const clock = { at: 0, now: () => clock.at };
  const timers = new TimerQueue(clock);
  const pool = new PbufPool([{ slotBytes: 256, slots: 512 }, { slotBytes: 2048, slots: 16 }]);
  const link = new FaultLink(driver, { timers, seed: 42, ...faults });
  const received: { bytes: Uint8Array; flags: number; at: number }[] = [];
  const events: string[] = [];
  const sink: LinkSink = {
    linkInput(p) {
      received.push({ bytes: bytesOf(p), flags: p.flags, at: clock.at });
      p.release();
    },
    inputBatchEnd: () => events.push("end"),
    linkStateChanged: (isUp) => events.push(isUp ? "up" : "down"),
    linkWritable: () => events.push("writable"),
  };
  link.attach(sink);
  const send = (n: number, bytes = 100) => link.transmit(packetOf(pool, new Uint8Array(bytes).fill(n)));
  const advanceTo = (at: number) => {
    clock.at = at;
    timers.runDue();
  };
  const order = () => driver.sent.map((frame) => frame[0]);
  const finish = () => {
    link.close();
    assertEquals(pool.inUse, 0);
  };
  return { clock, timers, pool, link, driver, received, events, send, advanceTo, order, finish };
}

Deno.test("without faults frames go on at once, and no timer is armed", () => {
  const { timers, link, driver, events, send, order, finish } = setup({});
  assert(send(1) && send(2));
  link.flush();
  assertEquals([order(), driver.flushes, timers.size, events.length], [[1, 2], 1, 0, 0]);
  assertEquals(link.capabilities, { ...driver.capabilities, gsoMaxBytes: 0 });
  finish();
});

Deno.test("loss and burst loss have their rates, and the same seed loses the same frames", () => {
  const run = (outbound: LinkFaults, seed: number) => {
    const { link, send, order, finish } = setup({ outbound, seed });
    for (let i = 0; i < 2000; i++) send(i & 0xff, 1);
    finish();
    return { order: order(), counters: link.outbound };
  };
  const loss = run({ lossRate: 0.1 }, 1);
  assert(loss.counters.dropped > 140 && loss.counters.dropped < 260, String(loss.counters.dropped));
  assertEquals(run({ lossRate: 0.1 }, 1).order, loss.order);
  assert(run({ lossRate: 0.1 }, 2).order.join() !== loss.order.join());
  // A burst starts every 50 frames and lasts 5 on average: one frame in eleven is lost.
  const bursts = run({ burstLoss: { enter: 0.02, leave: 0.2 } }, 1);
  assert(bursts.counters.dropped > 100 && bursts.counters.dropped < 280, String(bursts.counters.dropped));
  assertEquals(bursts.counters.offered, bursts.counters.delivered + bursts.counters.dropped);
});

Deno.test("another fault does not change which frames are lost", () => {
  const lost = (outbound: LinkFaults) => {
    const indices: number[] = [];
    const { send, finish } = setup({
      outbound,
      onFault: (_d, kind, p) => kind === "loss" && indices.push(p.bytes[p.start]!),
    });
    for (let i = 0; i < 200; i++) send(i, 10);
    finish();
    return indices;
  };
  const alone = lost({ lossRate: 0.2 });
  assertEquals(
    lost({ lossRate: 0.2, corruptRate: 0.5, jitterMs: 3, duplicateRate: 0.3, reorderRate: 0.1 }),
    alone,
  );
});

Deno.test("delay and bandwidth: when frames leave, to the millisecond", () => {
  const { send, order, advanceTo, driver, finish } = setup({
    outbound: { delayMs: 10, bandwidthBps: 100_000 },
  });
  send(1, 125); // 10 ms on the line
  send(2, 250);
  advanceTo(19.9);
  assertEquals(order(), []);
  advanceTo(20);
  assertEquals([order(), driver.flushes], [[1], 1]);
  advanceTo(39.9);
  assertEquals(order(), [1]);
  advanceTo(40);
  assertEquals(order(), [1, 2]);
  finish();
});

Deno.test("jitter keeps the order, reordering does not", () => {
  const { link, send, order, advanceTo, finish } = setup({ outbound: { delayMs: 1, jitterMs: 50 } });
  for (let i = 0; i < 50; i++) send(i);
  advanceTo(100);
  assertEquals(order(), Array.from({ length: 50 }, (_, i) => i));
  link.setFaults({ outbound: { reorderRate: 0.3, reorderByMs: 5 } });
  for (let i = 50; i < 100; i++) send(i);
  advanceTo(200);
  const late = order().slice(50) as number[];
  assert(link.outbound.reordered > 5);
  assertEquals(late.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, i) => 50 + i));
  assert(late.join() !== late.toSorted((a, b) => a - b).join());
  finish();
});

Deno.test("duplication sends every frame twice", () => {
  const { link, send, order, advanceTo, finish } = setup({
    outbound: { duplicateRate: 1, duplicateByMs: 4 },
  });
  send(1);
  send(2);
  advanceTo(10);
  assertEquals([order().toSorted(), link.outbound.duplicated], [[1, 1, 2, 2], 2]);
  finish();
});

Deno.test("corruption flips one bit, in a copy of its own, and nothing vouches for the frame any more", () => {
  const { pool, link, driver, finish } = setup({ outbound: { corruptRate: 1 } });
  const p = packetOf(pool, new Uint8Array(40));
  p.flags = PBUF_CHECKSUM_VERIFIED;
  p.checksumStart = p.start + 20;
  p.checksumOffset = 16;
  p.gsoSize = 10;
  assert(link.transmit(p.retain()));
  const sent = driver.sent[0]!;
  // The finished checksum of zeros is 0xffff, then one bit was flipped.
  sent[36]! ^= 0xff;
  sent[37]! ^= 0xff;
  assertEquals(sent.reduce((bits, byte) => bits + byte.toString(2).replaceAll("0", "").length, 0), 1);
  assertEquals(driver.marks, [{ checksumStart: -1, gsoSize: 0, vlanTci: -1 }]);
  assertEquals(finishSum(sumBytes(p.bytes, p.view, p.start, p.end, 0)), 0xffff, "the other owner sees zeros");
  p.release();
  finish();
});

Deno.test("truncation, trailing bytes and a path that drops long frames", () => {
  const { link, send, driver, finish } = setup({ outbound: { truncateRate: 1 } });
  for (let i = 0; i < 20; i++) send(1, 50);
  assert(driver.sent.every((frame) => frame.length >= 1 && frame.length < 50));
  link.setFaults({ outbound: { trailingBytes: 7 } });
  send(9, 50);
  assertEquals(driver.sent.at(-1)!.length, 57);
  link.setFaults({ outbound: { maxFrameBytes: 50 } });
  send(1, 50);
  send(1, 51);
  assertEquals([driver.sent.length, link.outbound.dropped, link.outbound.damaged], [22, 1, 21]);
  finish();
});

Deno.test("queue limit: what does not fit is dropped, a frame that meets an idle line is taken", () => {
  const { link, send, order, advanceTo, finish } = setup({
    outbound: { bandwidthBps: 8000, queueBytes: 250 },
  });
  send(1, 1000);
  advanceTo(900);
  assert(send(2, 100) && send(3, 100));
  assertEquals(link.outbound.queueDropped, 1);
  advanceTo(2000);
  assertEquals(order(), [1, 2]);
  finish();
});

Deno.test("outages and rules", () => {
  const { send, order, advanceTo, finish } = setup({
    outbound: {
      outages: [[10, 20]],
      rule: (p) => p.bytes[p.start] === 7 ? "drop" : p.bytes[p.start] === 8 ? { deliverAfterMs: 5 } : "pass",
    },
  });
  send(7);
  send(8);
  send(1);
  advanceTo(10);
  send(2);
  advanceTo(20);
  send(3);
  assertEquals(order(), [1, 8, 3]);
  finish();
});

Deno.test("inbound faults hit what the stack receives", () => {
  const { pool, link, driver, received, events, advanceTo, finish } = setup({ inbound: { delayMs: 5 } });
  link.linkInput(packetOf(pool, Uint8Array.of(1)));
  link.inputBatchEnd();
  assertEquals([received.length, events], [0, ["end"]]);
  advanceTo(5);
  assertEquals([received.map((r) => [...r.bytes]), events], [[[1]], ["end", "end"]]);
  link.setFaults({ inbound: { lossRate: 1 } });
  driver.sink!.linkInput(packetOf(pool, Uint8Array.of(2)));
  driver.sink!.linkStateChanged(false);
  assertEquals([received.length, link.inbound.dropped, events.at(-1)], [1, 1, "down"]);
  finish();
});

Deno.test("a full driver: a delayed frame waits, nothing overtakes it, and the stack hears when there is room", () => {
  const { link, driver, events, send, order, advanceTo, finish } = setup({ outbound: { delayMs: 1 } });
  driver.room = 1;
  for (let i = 1; i <= 3; i++) send(i);
  advanceTo(1);
  assertEquals(order(), [1]);
  const refused = packetOf(new PbufPool([{ slotBytes: 64, slots: 1 }]), Uint8Array.of(4), 0);
  assert(!link.transmit(refused), "blocked");
  driver.room = 1;
  link.linkWritable();
  assertEquals([order(), events], [[1, 2], []]);
  driver.room = 9;
  link.linkWritable();
  assertEquals([order(), events], [[1, 2, 3], ["writable"]]);
  refused.release();
  finish();
});

Deno.test("every fault survives an exhausted pool", () => {
  const everything: LinkFaults = { corruptRate: 1, duplicateRate: 1, trailingBytes: 3, delayMs: 1 };
  for (let n = 0; n < 6; n++) {
    const { pool, link, advanceTo, finish } = setup({ outbound: everything });
    const p = packetOf(pool, new Uint8Array(20));
    concatenate(p, packetOf(pool, new Uint8Array(20)));
    pool.failAfter(n);
    assert(link.transmit(p));
    advanceTo(10);
    finish();
  }
});

Deno.test("close() releases what is under way; faults that make no sense are refused", () => {
  const { send, finish } = setup({ outbound: { delayMs: 100 } });
  send(1);
  send(2);
  finish();
  assertThrows(() => setup({ outbound: { lossRate: 2 } }), RangeError);
  assertThrows(() => setup({}).link.setFaults({ inbound: { delayMs: -1 } }), RangeError);
});
