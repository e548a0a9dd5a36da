import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { parseHex, PbufPool } from "@lightwire/pbuf";
import { IEEE_802_3_LENGTH, openFrames } from "./frame_endpoint.ts";
import { Netif } from "./netif.ts";
import { FakeDriver, packetOf } from "./testdata/fake_driver.ts";

const FRAME = parseHex("02000000000a 02000000000b 88b5 0102"); // 88b5: local experimental (IEEE 802)

function setup() {
  const pool = new PbufPool([{ slotBytes: 256, slots: 8 }]);
  const driver = new FakeDriver();
  const netif = new Netif(driver, { name: "en0", index: 1 });
  netif.setUp();
  const input = (bytes: Uint8Array) => netif.linkInput(packetOf(pool, bytes));
  return { pool, driver, netif, input };
}

Deno.test("an endpoint reads whole frames of its type, with their time (IDF L2TAP)", () => {
  const { pool, netif, input } = setup();
  const clock = { at: 5, now: () => clock.at };
  const endpoint = openFrames(netif, { etherType: 0x88b5, pool, clock });
  let wakeUps = 0;
  endpoint.onReadable = () => wakeUps++;
  input(FRAME);
  clock.at = 6;
  input(parseHex("02000000000a 02000000000b 8100 0000 88b5 0102"));
  input(parseHex("02000000000a 02000000000b 88b6 0102"));
  netif.inputBatchEnd();
  netif.inputBatchEnd();
  assertEquals([wakeUps, endpoint.length], [1, 2]);
  assertEquals(endpoint.read(), { bytes: FRAME, receivedAt: 5 });
  assertEquals(endpoint.read(), { bytes: FRAME, receivedAt: 6 }, "without its tag");
  assertStrictEquals(endpoint.read(), undefined);
  assertEquals([netif.counters.ifInUnknownProtos, pool.inUse], [1, 0]);
});

Deno.test("a full endpoint drops the newest and counts (IDF L2TAP: 20 frames)", () => {
  const { pool, netif, input } = setup();
  const endpoint = openFrames(netif, { etherType: 0x88b5, pool });
  for (let i = 0; i < 21; i++) input(Uint8Array.of(...FRAME, i));
  assertEquals([endpoint.length, endpoint.dropped, endpoint.read()!.bytes.at(-1)], [20, 1, 0]);
  assertEquals(pool.inUse, 0);
});

Deno.test("an endpoint writes whole frames of its type only", () => {
  const { pool, driver, netif } = setup();
  const endpoint = openFrames(netif, { etherType: 0x88b5, pool });
  assert(endpoint.write(FRAME));
  assertEquals([driver.sent, driver.flushes], [[FRAME], 1]);
  assertThrows(() => endpoint.write(parseHex("02000000000a 02000000000b 0800 45")), RangeError);
  assertThrows(() => endpoint.write(FRAME.subarray(0, 13)), RangeError);
  pool.failAfter(0);
  assert(!endpoint.write(FRAME));
  pool.failAfter(-1);
  netif.setDown();
  assert(!endpoint.write(FRAME));
  endpoint.close();
  endpoint.close();
  assertThrows(() => endpoint.write(FRAME), TypeError);
  assertEquals(pool.inUse, 0);
});

Deno.test("one endpoint takes all IEEE 802.3 frames with a length", () => {
  const { pool, netif, input, driver } = setup();
  const endpoint = openFrames(netif, { etherType: IEEE_802_3_LENGTH, pool });
  const spanningTree = parseHex("0180c2000000 02000000000b 0026 424203");
  input(spanningTree);
  assertEquals(endpoint.read()!.bytes, spanningTree);
  assert(endpoint.write(spanningTree));
  assertThrows(() => endpoint.write(FRAME), RangeError);
  assertEquals(driver.sent.length, 1);
});

Deno.test("a type has one reader per interface, and IP has its own; a closed one gives it back", () => {
  const { pool, netif } = setup();
  const first = openFrames(netif, { etherType: 0x88b5, pool });
  assertThrows(() => openFrames(netif, { etherType: 0x88b5, pool }), RangeError);
  assertThrows(() => openFrames(netif, { etherType: 0x0800, pool }), RangeError);
  first.close();
  openFrames(netif, { etherType: 0x88b5, pool }).close();
  const tunnel = new Netif(new FakeDriver({ medium: "ip" }), { name: "tn0", index: 2 });
  assertThrows(() => openFrames(tunnel, { etherType: 0x88b5, pool }), RangeError);
});
