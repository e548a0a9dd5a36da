/** A suite that every link driver can be run through: what {@linkcode LinkDriver} promises, as steps.
 *
 * Each case is a generator which throws on the first broken promise. It yields where the world must turn: run due timers,
 * wait for a device. So it serves synchronous drivers on virtual time and real ones alike.
 *
 * @example A memory link keeps the contract
 * ```ts
 * import { createMemoryLinkPair, TimerQueue } from "@lightwire/netif";
 * import { LINK_CONFORMANCE, type LinkHarness } from "@lightwire/netif/conformance";
 * import { PbufPool } from "@lightwire/pbuf";
 *
 * function makeHarness(): LinkHarness {
 *   const pool = new PbufPool();
 *   const timers = new TimerQueue({ now: () => 0 });
 *   const [driver, far] = createMemoryLinkPair({ timersA: timers, timersB: timers });
 *   const sent: Uint8Array[] = [];
 *   far.attach({
 *     linkInput(p) {
 *       sent.push(p.bytes.slice(p.start, p.end));
 *       p.release();
 *     },
 *     inputBatchEnd() {},
 *     linkStateChanged() {},
 *     linkWritable() {},
 *   });
 *   return {
 *     driver,
 *     pool,
 *     settle: () => void timers.runDue(),
 *     takeSent: () => sent.splice(0),
 *     receive(frame) {
 *       const p = pool.acquire(frame.length)!;
 *       p.bytes.set(frame, p.start);
 *       far.transmit(p);
 *     },
 *   };
 * }
 *
 * for (const { steps } of LINK_CONFORMANCE) {
 *   const harness = makeHarness();
 *   for (const _ of steps(harness)) harness.settle();
 * }
 * ```
 *
 * @module
 */
import { concatenate, finishSum, type Pbuf, type PbufPool, sumBytes } from "@lightwire/pbuf";
import { ETHERNET_HEADER_LENGTH } from "./ethernet_header.ts";
import type { LinkDriver, LinkSink } from "./link.ts";
import { isStationMac } from "./mac_address.ts";

/** A driver under test, and the other end of its wire. */
export interface LinkHarness {
  /** Fresh, not attached. */
  readonly driver: LinkDriver;
  /** Where the test takes packets from; nothing is in use at first. */
  readonly pool: PbufPool;
  /** Lets what was started happen; a test runner calls it at each step, and may await what it returns. */
  settle(): unknown;
  /** Frames that have left the driver since the last call, as they are on the wire. */
  takeSent(): Uint8Array[];
  /** Makes a frame arrive. */
  receive(frame: Uint8Array): void;
}

/** One promise of the contract. */
export interface LinkConformanceCase {
  /** The promise. */
  readonly name: string;
  /** Tries it; yields where {@linkcode LinkHarness.settle} is due. Throws an `Error` when the promise is broken. */
  readonly steps: (harness: LinkHarness) => Generator<void, void, void>;
}

/** All promises. Each wants a fresh harness. */
export const LINK_CONFORMANCE: readonly LinkConformanceCase[] = [
  { name: "link: its properties make sense", steps: propertiesMakeSense },
  { name: "link: frames of every length leave unchanged and in order", steps: framesLeave },
  { name: "link: chains, references and foreign memory leave as one frame", steps: chainsLeave },
  { name: "link: a frame that has another owner is not changed", steps: sharedFramesStay },
  {
    name: "link: frames come in as one node, whole, writable, and each batch has an end",
    steps: framesComeIn,
  },
  { name: "link: nothing is called back inside of transmit(), flush() and attach()", steps: noReentry },
  {
    name: "link: a full driver leaves the frame with its owner, and says when it has room",
    steps: backPressure,
  },
  { name: "link: a checksum left to the driver is finished, or travels as a mark", steps: checksumOffload },
  { name: "link: a closed driver swallows frames and holds none", steps: closedIsQuiet },
];

class RecordingSink implements LinkSink {
  frames: Pbuf[] = [];
  batches = 0;
  sinceBatchEnd = 0;
  writables = 0;
  isInside = false;

  linkInput(p: Pbuf): void {
    expect(!this.isInside, "it delivers a frame inside of a call from above");
    this.frames.push(p);
    this.sinceBatchEnd++;
  }

  inputBatchEnd(): void {
    expect(!this.isInside, "it ends a batch inside of a call from above");
    this.batches++;
    this.sinceBatchEnd = 0;
  }

  linkStateChanged(): void {
    expect(!this.isInside, "it reports the carrier inside of a call from above");
  }

  linkWritable(): void {
    expect(!this.isInside, "it reports room inside of a call from above");
    this.writables++;
  }

  releaseAll(): void {
    for (const p of this.frames.splice(0)) p.release();
  }
}

function* propertiesMakeSense({ driver }: LinkHarness): Generator<void, void, void> {
  expect(driver.medium === "ethernet" || driver.medium === "ip", `its medium is ${driver.medium}`);
  expect(Number.isInteger(driver.mtu) && driver.mtu >= 68, `its MTU is ${driver.mtu}`);
  expect(
    driver.maxHeaderLength >= 0 && driver.maxHeaderLength <= 64,
    "its header is longer than any headroom",
  );
  const mac = driver.macAddress;
  expect(mac === undefined || (driver.medium === "ethernet" && isStationMac(mac)), `its address is ${mac}`);
  const { gsoMaxBytes, txChecksum } = driver.capabilities;
  expect(gsoMaxBytes === 0 || (gsoMaxBytes >= driver.mtu && txChecksum), "GSO wants checksum offload");
  driver.close();
  yield;
}

function* framesLeave(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  const lengths = [60, 61, 62, 63, 64, 100, 255, 256, 257, 1000, driver.mtu - 1, driver.mtu];
  const frames: Uint8Array[] = [];
  for (const [i, length] of lengths.entries()) {
    const frame = makeFrame(driver, Math.min(length, driver.mtu), i);
    frames.push(frame);
    expect(driver.transmit(packetOf(h.pool, frame)), "it takes no frame although nothing is queued");
    if (i % 4 === 3) driver.flush();
    if (i % 8 === 7) yield;
  }
  driver.flush();
  yield;
  expectFrames(h.takeSent(), frames);
  yield* finish(h, sink);
}

function* chainsLeave(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  const frame = makeFrame(driver, 200, 1);
  const cut = 77;
  const chained = packetOf(h.pool, frame.subarray(0, cut));
  concatenate(chained, packetOf(h.pool, frame.subarray(cut)));
  const withEmpty = packetOf(h.pool, frame.subarray(0, cut));
  concatenate(withEmpty, packetOf(h.pool, new Uint8Array(0)));
  concatenate(withEmpty, packetOf(h.pool, frame.subarray(cut)));
  const parent = packetOf(h.pool, Uint8Array.of(0, ...frame, 0));
  const reference = h.pool.reference(parent, 1, frame.length)!;
  parent.release();
  const referenced = packetOf(h.pool, frame.subarray(0, cut));
  const foreign = h.pool.wrap(frame.slice(cut))!;
  concatenate(referenced, foreign);
  for (const p of [chained, withEmpty, reference, referenced]) {
    expect(driver.transmit(p), "it takes no frame although nothing is queued");
  }
  driver.flush();
  yield;
  expectFrames(h.takeSent(), [frame, frame, frame, frame]);
  yield* finish(h, sink);
}

function* sharedFramesStay(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  const frame = makeFrame(driver, 120, 2);
  const p = packetOf(h.pool, frame);
  for (let round = 0; round < 2; round++) {
    expect(driver.transmit(p.retain()), "it takes no frame although nothing is queued");
    driver.flush();
    yield;
    sink.releaseAll();
    expectFrames(h.takeSent(), [frame]);
    expectBytes(p.bytes.subarray(p.start, p.end), frame, "the other owner's bytes");
  }
  expect(p.refCount === 1, `${p.refCount} owners are left where one should be`);
  p.release();
  yield* finish(h, sink);
}

function* framesComeIn(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  const frames = [60, 61, 500, driver.mtu].map((length, i) =>
    makeFrame(driver, Math.min(length, driver.mtu), i)
  );
  for (const frame of frames) h.receive(frame);
  for (let i = 0; i < 4; i++) yield;
  expectFrames(sink.frames.map((p) => p.bytes.slice(p.start, p.end)), frames);
  expect(sink.batches > 0 && sink.sinceBatchEnd === 0, "a batch of frames had no end");
  for (const p of sink.frames) {
    expect(p.next === undefined && p.refCount === 1, "a received frame is a chain, or has another owner");
    expect(p.kind === "RAM" || p.kind === "POOL", `a received frame cannot be written to: it is ${p.kind}`);
    p.bytes[p.start]! ^= 0xff;
  }
  yield* finish(h, sink);
}

function* noReentry(h: LinkHarness): Generator<void, void, void> {
  const sink = new RecordingSink();
  sink.isInside = true;
  h.driver.attach(sink);
  for (let i = 0; i < 10; i++) h.driver.transmit(packetOf(h.pool, makeFrame(h.driver, 100, i)));
  h.receive(makeFrame(h.driver, 100, 99));
  h.driver.flush();
  sink.isInside = false;
  yield;
  yield* finish(h, sink);
}

function* backPressure(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  const waiting = packetOf(h.pool, makeFrame(driver, 60, 0));
  let taken = 0;
  while (taken < 3000 && driver.transmit(waiting.retain())) taken++;
  if (taken < 3000) {
    waiting.refCount--; // the one that was not taken
    const owners = waiting.refCount;
    expect(
      !driver.transmit(waiting) && waiting.refCount === owners,
      "it took a part of a frame which it refused",
    );
    driver.flush();
    for (let i = 0; i < 100 && sink.writables === 0; i++) yield;
    expect(sink.writables > 0, "it never said that it has room again");
    expect(driver.transmit(waiting.retain()), "it has no room although it said so");
    taken++;
  }
  driver.flush();
  for (let i = 0; i < 100; i++) yield;
  h.takeSent();
  waiting.release();
  yield* finish(h, sink);
}

function* checksumOffload(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  if (driver.capabilities.txChecksum) {
    const frame = makeFrame(driver, 100, 5);
    const linkLength = driver.medium === "ethernet" ? ETHERNET_HEADER_LENGTH : 0;
    const view = new DataView(frame.buffer);
    const udp = linkLength + 20;
    view.setUint16(udp + 6, sumBytes(frame, view, linkLength + 12, linkLength + 20, 17 + frame.length - udp));
    const p = packetOf(h.pool, frame);
    p.checksumStart = p.start + udp;
    p.checksumOffset = 6;
    expect(driver.transmit(p), "it takes no frame although nothing is queued");
    driver.flush();
    yield;
    const sent = h.takeSent()[0]!;
    const sentView = new DataView(sent.buffer, sent.byteOffset, sent.length);
    const pseudo = sumBytes(frame, view, linkLength + 12, linkLength + 20, 17 + frame.length - udp);
    const isFinished = finishSum(sumBytes(sent, sentView, udp, sent.length, pseudo)) === 0;
    const isUntouched = sentView.getUint16(udp + 6) === view.getUint16(udp + 6);
    expect(isFinished || isUntouched, "the checksum is neither finished nor left alone");
  }
  yield* finish(h, sink);
}

function* closedIsQuiet(h: LinkHarness): Generator<void, void, void> {
  const { driver, sink } = start(h);
  for (let i = 0; i < 5; i++) driver.transmit(packetOf(h.pool, makeFrame(driver, 100, i)));
  h.receive(makeFrame(driver, 100, 6));
  driver.close();
  sink.releaseAll();
  for (let i = 0; i < 4; i++) yield;
  expect(sink.frames.length === 0, "it delivers although it is closed");
  expect(
    driver.transmit(packetOf(h.pool, makeFrame(driver, 100, 7))),
    "closed, it must take and lose frames",
  );
  driver.flush();
  driver.close();
  yield;
  h.takeSent();
  expect(h.pool.inUse === 0, `${h.pool.inUse} packets are held by a closed driver`);
}

function start(h: LinkHarness): { driver: LinkDriver; sink: RecordingSink } {
  const sink = new RecordingSink();
  h.driver.attach(sink);
  return { driver: h.driver, sink };
}

function* finish(h: LinkHarness, sink: RecordingSink): Generator<void, void, void> {
  yield;
  sink.releaseAll();
  h.driver.close();
  yield;
  sink.releaseAll();
  expect(h.pool.inUse === 0, `${h.pool.inUse} packets are in use at the end`);
}

/** A UDP datagram over IPv4, behind an Ethernet header where the medium has one; `length` bytes of IP. */
function makeFrame(driver: LinkDriver, length: number, tag: number): Uint8Array {
  const linkLength = driver.medium === "ethernet" ? ETHERNET_HEADER_LENGTH : 0;
  const frame = new Uint8Array(linkLength + length);
  const view = new DataView(frame.buffer);
  for (let i = 0; i < length; i++) frame[linkLength + i] = i * 7 + tag;
  if (linkLength > 0) {
    frame.fill(0xff, 0, 6);
    frame.set([0x02, 0, 0, 0, 0, 0x99, 0x08, 0x00], 6);
  }
  view.setUint32(linkLength, 0x45000000 + length);
  view.setUint32(linkLength + 4, tag << 16);
  view.setUint32(linkLength + 8, 0x40110000);
  view.setUint32(linkLength + 12, 0xc0000201); // 192.0.2.1, RFC 5737
  view.setUint32(linkLength + 16, 0xc0000202);
  view.setUint16(linkLength + 10, finishSum(sumBytes(frame, view, linkLength, linkLength + 20, 0)));
  view.setUint32(linkLength + 20, 0x10001001);
  view.setUint32(linkLength + 24, (length - 20) * 0x10000);
  return frame;
}

function packetOf(pool: PbufPool, bytes: Uint8Array): Pbuf {
  const p = pool.acquire(bytes.length);
  if (p === undefined) throw new Error("Cannot test the link: the harness's pool is too small");
  p.bytes.set(bytes, p.start);
  return p;
}

function expectFrames(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(actual.length === expected.length, `${actual.length} frames instead of ${expected.length}`);
  for (const [i, frame] of expected.entries()) expectBytes(actual[i]!, frame, `frame ${i}`);
}

function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  expect(
    actual.length === expected.length,
    `${what} has ${actual.length} bytes instead of ${expected.length}`,
  );
  for (let i = 0; i < expected.length; i++) {
    expect(actual[i] === expected[i], `${what} differs at byte ${i}: ${actual[i]} instead of ${expected[i]}`);
  }
}

function expect(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Error(`The driver breaks the contract: ${complaint}`);
}
