import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatenate, finishSum, parseHex, PbufPool, sumBytes } from "@lightwire/pbuf";
import { Bridge } from "./bridge.ts";
import { Netif } from "./netif.ts";
import { bytesOf, FakeDriver, FakeLayer, packetOf } from "./testdata/fake_driver.ts";

const STACK = 0x02_00_00_00_00_01;
const mac = (n: number) => `0200000000${n.toString(16).padStart(2, "0")}`;
const frame = (to: string, from: string, rest = "0800 4500") => parseHex(to + from + rest);

function setup(ports = 3, options: ConstructorParameters<typeof FakeDriver>[0][] = []) {
  const pool = new PbufPool([{ slotBytes: 256, slots: 64 }, { slotBytes: 4096, slots: 64 }]);
  const clock = { at: 0, now: () => clock.at };
  const drivers = Array.from({ length: ports }, (_, i) => new FakeDriver(options[i]));
  const bridge = new Bridge({ clock, macAddress: STACK, ports: drivers });
  const netif = new Netif(bridge, { name: "br0", index: 1 });
  const layer = new FakeLayer();
  netif.attach(layer);
  netif.setUp();
  layer.events = [];
  const input = (port: number, bytes: Uint8Array) => {
    drivers[port]!.sink!.linkInput(packetOf(pool, bytes));
    drivers[port]!.sink!.inputBatchEnd();
  };
  const sent = () => drivers.map((driver) => driver.sent.splice(0).length);
  return { pool, clock, drivers, bridge, netif, layer, input, sent };
}

Deno.test("an unknown station: the frame goes to all other ports, not up; a learned one: to its port only", () => {
  const { pool, drivers, layer, input, sent } = setup();
  input(0, frame(mac(0x20), mac(0x10)));
  assertEquals([sent(), layer.received.length], [[0, 1, 1], 0]);
  input(1, frame(mac(0x10), mac(0x20)));
  assertEquals(sent(), [1, 0, 0]);
  input(0, frame(mac(0x20), mac(0x10)));
  assertEquals(drivers[1]!.sent[0], frame(mac(0x20), mac(0x10)), "forwarded unchanged");
  assertEquals([sent(), drivers.map((driver) => driver.flushes > 0), pool.inUse], [[0, 1, 0], [
    true,
    true,
    true,
  ], 0]);
});

Deno.test("a frame for a station on the port it came from is filtered", () => {
  const { pool, bridge, input, sent } = setup();
  input(0, frame(mac(0x20), mac(0x10)));
  input(0, frame(mac(0x10), mac(0x20)));
  sent();
  input(0, frame(mac(0x20), mac(0x10)));
  assertEquals([sent(), bridge.portCounters(0).inFiltered, pool.inUse], [[0, 0, 0], 2, 0]);
});

Deno.test("broadcasts and groups go to all other ports and up; frames for the stack only up", () => {
  const { pool, layer, input, sent } = setup();
  input(1, frame("ffffffffffff", mac(0x10)));
  input(1, frame("01005e000001", mac(0x10)));
  assertEquals([sent(), layer.received.length], [[2, 0, 2], 2]);
  input(1, frame(mac(1), mac(0x10)));
  assertEquals([sent(), layer.received.length], [[0, 0, 0], 3]);
  assertEquals(layer.events.slice(-2), ["input", "end"]);
  assertEquals(layer.received[2]!.bytes, parseHex("4500"));
  assertEquals(pool.inUse, 0);
});

Deno.test("reserved group addresses are never forwarded (IEEE 802.1D table 7-10)", () => {
  const { layer, input, sent } = setup();
  input(0, frame("0180c2000000", mac(0x10)));
  input(0, frame("0180c200000f", mac(0x10)));
  assertEquals([sent(), layer.received.length], [[0, 0, 0], 2]);
  input(0, frame("0180c2000010", mac(0x10)));
  assertEquals(sent(), [0, 1, 1]);
});

Deno.test("the stack's frames go where its peers were learned, or to all ports", () => {
  const { pool, netif, input, sent } = setup();
  input(2, frame(mac(1), mac(0x30)));
  netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0x02_00_00_00_00_30);
  assertEquals(sent(), [0, 0, 1]);
  netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0x02_00_00_00_00_99);
  netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0xffff_ffff_ffff);
  netif.flush();
  assertEquals([sent(), pool.inUse], [[2, 2, 2], 0]);
});

Deno.test("our own frame that comes back went round a loop: dropped, not learned", () => {
  const { bridge, input, sent } = setup();
  input(0, frame("ffffffffffff", mac(1)));
  assertEquals([sent(), bridge.portCounters(0).inFiltered, bridge.fdb.size], [[0, 0, 0], 1, 0]);
  input(0, frame("ffffffffffff", "000000000000"));
  input(0, frame("ffffffffffff", "010000000001"));
  assertEquals([sent(), bridge.fdb.size], [[0, 2, 2], 0], "no station has such an address");
});

Deno.test("learned addresses age after five minutes, and go with the carrier of their port", () => {
  const { clock, drivers, input, sent, layer } = setup();
  input(0, frame(mac(1), mac(0x10)));
  clock.at = 299_999;
  input(1, frame(mac(0x10), mac(0x20)));
  assertEquals(sent(), [1, 0, 0]);
  clock.at = 300_000;
  input(1, frame(mac(0x10), mac(0x20)));
  assertEquals(sent(), [1, 0, 1]);
  drivers[1]!.sink!.linkStateChanged(false);
  input(0, frame(mac(0x20), mac(0x10)));
  assertEquals(sent(), [0, 0, 1], "flooded, except to the port that is down");
  layer.events = [];
  for (const i of [0, 2]) drivers[i]!.sink!.linkStateChanged(false);
  drivers[0]!.sink!.linkStateChanged(true);
  assertEquals(layer.events, ["down", "up"], "the bridge has a carrier while one port has");
});

Deno.test("static entries decide, for stations and groups", () => {
  const { bridge, input, sent } = setup();
  bridge.fdb.addStatic(0x02_00_00_00_00_20, 0b100);
  bridge.fdb.addStatic(0x01_00_5e_00_00_09, 0b010);
  input(0, frame(mac(0x20), mac(0x10)));
  input(0, frame("01005e000009", mac(0x10)));
  assertEquals(sent(), [0, 1, 1]);
});

Deno.test("a tag that a port's device took out is put back before forwarding", () => {
  const { pool, drivers } = setup(2);
  for (const headroom of [64, 0]) {
    const p = packetOf(pool, frame(mac(0x20), mac(0x10)), headroom);
    p.vlanTci = 5;
    drivers[0]!.sink!.linkInput(p);
  }
  const tagged = parseHex(mac(0x20) + mac(0x10) + "8100 0005 0800 4500");
  assertEquals([drivers[1]!.sent, pool.inUse], [[tagged, tagged], 0]);
});

/** TCP over IPv4 with `payload` bytes, checksum pending. */
function superFrame(pool: PbufPool, payload: number, gsoSize: number, tag = "") {
  const header = parseHex(`${mac(0x20)} ${mac(0x10)} ${tag} 0800
    45000000 00014000 40060000 0a000001 0a000002 00010002 00000001 00000001 50100100 00000000`);
  const p = packetOf(pool, Uint8Array.of(...header, ...new Uint8Array(payload).fill(7)));
  const linkLength = tag === "" ? 14 : 18;
  p.view.setUint16(p.start + linkLength + 2, p.length - linkLength);
  p.checksumStart = p.start + linkLength + 20;
  p.checksumOffset = 16;
  p.gsoSize = gsoSize;
  return p;
}

Deno.test("super-segments and pending checksums are finished for a port that does not offload, and only there", () => {
  const full = { txChecksum: true, gsoMaxBytes: 65535 };
  const { pool, drivers } = setup(3, [full, {}, full]);
  for (const tag of ["", "8100 0005"]) {
    const linkLength = tag === "" ? 14 : 18;
    drivers[0]!.sink!.linkInput(superFrame(pool, 2500, 1000, tag));
    const pieces = drivers[1]!.sent.splice(0);
    assertEquals(pieces.map((piece) => piece.length - linkLength - 40), [1000, 1000, 500]);
    for (const piece of pieces) {
      assertEquals(piece.slice(0, linkLength), parseHex(`${mac(0x20)} ${mac(0x10)} ${tag} 0800`));
      const view = new DataView(piece.buffer);
      const length = piece.length - linkLength - 20;
      const pseudo = sumBytes(piece, view, linkLength + 12, linkLength + 20, 6 + length);
      assertEquals(finishSum(sumBytes(piece, view, linkLength + 20, piece.length, pseudo)), 0);
    }
    assertEquals(drivers[2]!.sent.splice(0).map((sent) => sent.length), [linkLength + 40 + 2500]);
    assertEquals(drivers[2]!.marks.splice(0).map((m) => [m.gsoSize, m.checksumStart]), [[
      1000,
      linkLength + 20,
    ]]);
  }
  const noTcp = superFrame(pool, 2500, 1000);
  noTcp.bytes[noTcp.start + 23] = 17;
  drivers[0]!.sink!.linkInput(noTcp);
  const outside = superFrame(pool, 100, 0);
  outside.checksumStart = outside.end;
  drivers[0]!.sink!.linkInput(outside);
  assertEquals([drivers[1]!.sent.length, pool.inUse], [0, 0]);
});

Deno.test("a congested port holds up the stack, which hears when it may go on", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 64 }]);
  const driver = new FakeDriver();
  const bridge = new Bridge({
    clock: { now: () => 0 },
    macAddress: STACK,
    ports: [driver],
    portQueueFrames: 4,
  });
  const netif = new Netif(bridge, { name: "br0", index: 1 });
  netif.setUp();
  bridge.fdb.addStatic(0x02_00_00_00_00_20, 1);
  driver.room = 0;
  for (let i = 0; i < 5; i++) {
    assert(netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0x02_00_00_00_00_20));
  }
  assertEquals(
    [netif.queueLength, bridge.portCounters(0).outQueued],
    [3, 2],
    "the port says stop at half of its bound",
  );
  driver.room = 1;
  driver.sink!.linkWritable();
  assertEquals(netif.queueLength, 2);
  driver.room = Infinity;
  driver.sink!.linkWritable();
  assertEquals([driver.sent.length, netif.queueLength, pool.inUse], [5, 0, 0]);
});

Deno.test("short frames, chains, exhausted memory, closing", () => {
  const { pool, bridge, netif, drivers, input, sent } = setup();
  input(0, parseHex("0200"));
  assertEquals(bridge.portCounters(0).ifInErrors, 1);
  const bytes = frame(mac(0x20), mac(0x10));
  const p = packetOf(pool, bytes.subarray(0, 6));
  concatenate(p, packetOf(pool, bytes.subarray(6)));
  drivers[0]!.sink!.linkInput(p);
  assertEquals(bytesOf(packetOf(new PbufPool([{ slotBytes: 99, slots: 1 }]), drivers[1]!.sent[0]!)), bytes);
  assertEquals(sent(), [0, 1, 1]);
  pool.failAfter(1);
  drivers[0]!.sink!.linkInput(packetOf(pool, frame("ffffffffffff", mac(0x10))));
  pool.failAfter(-1);
  assertEquals(sent(), [0, 0, 1], "the last port gets the frame, the others need copies");
  assert(bridge.transmit(packetOf(pool, parseHex("00"))));
  drivers[1]!.room = 0;
  input(0, frame(mac(0x99), mac(0x10)));
  assertEquals(pool.inUse, 1);
  netif.close();
  assertEquals([drivers.every((driver) => driver.isClosed), pool.inUse], [true, 0]);
  input(0, frame("ffffffffffff", mac(0x10)));
});

Deno.test("misuse: no port, too many, one that is no Ethernet, no station address", () => {
  const make = (ports: FakeDriver[], macAddress = STACK) => () =>
    new Bridge({ clock: { now: () => 0 }, macAddress, ports });
  assertThrows(make([]), RangeError);
  assertThrows(make(Array.from({ length: 8 }, () => new FakeDriver())), RangeError);
  assertThrows(make([new FakeDriver({ medium: "ip" })]), RangeError);
  assertThrows(make([new FakeDriver()], 0xffff_ffff_ffff), RangeError);
  const bridge = make([new FakeDriver({ mtu: 9000 }), new FakeDriver({ mtu: 1400 })])();
  assertEquals([bridge.mtu, bridge.maxHeaderLength], [1400, 0]);
  assertThrows(() => bridge.portCounters(2), RangeError);
});
