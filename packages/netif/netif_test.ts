import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  chain,
  finishSum,
  parseHex,
  PBUF_CHECKSUM_VERIFIED,
  PBUF_LINK_BROADCAST,
  PBUF_LINK_MULTICAST,
  PBUF_LINK_OTHER_HOST,
  PbufPool,
  pseudoHeaderSumV4,
  sumBytes,
} from "@lightwire/pbuf";
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
  ETHER_TYPE_PPPOE_SESSION,
  ETHER_TYPE_VLAN,
} from "./ethernet_header.ts";
import { BROADCAST_MAC } from "./mac_address.ts";
import { Netif } from "./netif.ts";
import {
  NETIF_IPV4_ADDRESS_CHANGED,
  NETIF_LINK_CHANGED,
  NETIF_MAC_CHANGED,
  NETIF_MTU_CHANGED,
  NETIF_STATUS_CHANGED,
} from "./netif_change.ts";
import type { NetifOptions } from "./netif_options.ts";
import { bytesOf, FakeDriver, FakeLayer, packetOf } from "./testdata/fake_driver.ts";

const OURS = 0x02_00_00_00_00_0a;
const PEER = 0x02_00_00_00_00_0b;
const HEADER = "02000000000a 02000000000b 0800";

function setup(options: ConstructorParameters<typeof FakeDriver>[0] = {}, more: Partial<NetifOptions> = {}) {
  const pool = new PbufPool([{ slotBytes: 256, slots: 64 }, { slotBytes: 4096, slots: 8 }]);
  const driver = new FakeDriver(options);
  const netif = new Netif(driver, { name: "en0", index: 3, ...more });
  const layer = new FakeLayer();
  netif.attach(layer);
  netif.setUp();
  layer.events = [];
  const input = (hex: string) => netif.linkInput(packetOf(pool, parseHex(hex)));
  const output = (bytes: number, etherType = ETHER_TYPE_IPV4, to = PEER) =>
    netif.output(packetOf(pool, new Uint8Array(bytes).fill(0x45)), etherType, to);
  return { pool, driver, netif, layer, counters: netif.counters, input, output };
}

Deno.test("a new interface is down; setUp() lets traffic flow (lwIP test_netif: flag_set)", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const driver = new FakeDriver();
  const netif = new Netif(driver, { name: "en0", index: 1 });
  const layer = new FakeLayer();
  netif.attach(layer);
  assertEquals([netif.isUp, netif.isAdminUp, netif.hasCarrier], [false, false, true]);
  assert(!netif.output(packetOf(pool, new Uint8Array(20)), ETHER_TYPE_IPV4, PEER));
  netif.linkInput(packetOf(pool, parseHex(HEADER + "45")));
  assertEquals([netif.counters.ifOutDiscards, netif.counters.ifInDiscards], [1, 1]);
  netif.setUp();
  netif.setUp();
  assertEquals([netif.isUp, netif.counters.stateChanges], [true, 1]);
  assert(netif.output(packetOf(pool, new Uint8Array(20)), ETHER_TYPE_IPV4, PEER));
  netif.setDown();
  assert(!netif.isUp);
  assertEquals(layer.events, ["up", "down"]);
  assertEquals(pool.inUse, 0);
});

Deno.test("the carrier comes and goes with the driver's word", () => {
  const { netif, driver, layer, output } = setup();
  driver.sink!.linkStateChanged(false);
  assertEquals([netif.isUp, netif.isAdminUp, netif.hasCarrier], [false, true, false]);
  assert(!output(20));
  driver.sink!.linkStateChanged(true);
  assert(output(20));
  assertEquals(layer.events, ["down", "up"]);
});

Deno.test("output() prepends an Ethernet II header (RFC 894)", () => {
  const { pool, driver, netif, counters } = setup();
  assert(netif.output(packetOf(pool, parseHex("4500")), ETHER_TYPE_IPV4, PEER));
  assert(netif.output(packetOf(pool, parseHex("0001")), ETHER_TYPE_ARP, BROADCAST_MAC));
  assert(netif.output(packetOf(pool, parseHex("4500")), ETHER_TYPE_IPV4, 0x01_00_5e_00_00_01));
  assertEquals(driver.sent, [
    parseHex("02000000000b 02000000000a 0800 4500"),
    parseHex("ffffffffffff 02000000000a 0806 0001"),
    parseHex("01005e000001 02000000000a 0800 4500"),
  ]);
  assertEquals(
    [counters.ifOutUcastPkts, counters.ifOutBroadcastPkts, counters.ifOutMulticastPkts, counters.ifOutOctets],
    [1, 1, 1, 48],
  );
  netif.flush();
  assertEquals([driver.flushes, pool.inUse], [1, 0]);
});

Deno.test("output() on medium ip sends the packet as it is", () => {
  const { driver, counters, netif, pool } = setup({ medium: "ip" });
  assert(netif.output(packetOf(pool, parseHex("4500"), 0), ETHER_TYPE_IPV4, 0));
  assertEquals(driver.sent, [parseHex("4500")]);
  assertEquals([netif.macAddress, counters.ifOutUcastPkts, counters.ifOutOctets], [0, 1, 2]);
});

Deno.test("output() puts a node in front of a packet without headroom, or in shared memory", () => {
  const { pool, driver, netif } = setup();
  const parent = packetOf(pool, parseHex("00 4501 02"));
  const ref = pool.reference(parent, 1, 3)!;
  parent.release();
  for (const p of [packetOf(pool, parseHex("4501 02"), 0), ref, pool.wrap(parseHex("4501 02"))!]) {
    assert(netif.output(p, ETHER_TYPE_IPV4, PEER));
  }
  for (const frame of driver.sent) assertEquals(frame, parseHex("02000000000b 02000000000a 0800 4501 02"));
  assertEquals(driver.sent.length, 3);
  pool.failAfter(1);
  assert(!netif.output(packetOf(pool, parseHex("4501"), 0), ETHER_TYPE_IPV4, PEER));
  assertEquals(netif.counters.ifOutDiscards, 1);
  assertEquals(pool.inUse, 0);
});

Deno.test("output() without headroom keeps a checksum mark with the packet for a driver with offload", () => {
  const { pool, driver, netif } = setup({ txChecksum: true });
  const p = packetOf(pool, new Uint8Array(40), 0);
  p.checksumStart = 20;
  p.checksumOffset = 16;
  assert(netif.output(p, ETHER_TYPE_IPV4, PEER));
  assertEquals(driver.marks, [{ checksumStart: 34, gsoSize: 0, vlanTci: -1 }]);
  assertEquals(pool.inUse, 0);
});

Deno.test("output() finishes a pending checksum before a driver without offload, over chains too", () => {
  const { pool, driver, netif } = setup();
  const pseudo = pseudoHeaderSumV4(0x0a000001, 0x0a000002, 17, 11);
  for (const cut of [31, 29]) {
    const bytes = Uint8Array.of(...new Uint8Array(20).fill(0x45), ...parseHex("0001 0002 000b 0000 616263"));
    new DataView(bytes.buffer).setUint16(26, pseudo);
    const p = packetOf(pool, bytes.subarray(0, cut));
    if (cut < bytes.length) {
      const rest = packetOf(pool, bytes.subarray(cut));
      chain(p, rest);
      rest.release();
    }
    p.checksumStart = p.start + 20;
    p.checksumOffset = 6;
    assert(netif.output(p, ETHER_TYPE_IPV4, PEER));
  }
  for (const frame of driver.sent) {
    assertEquals(frame.length, 45);
    assertEquals(finishSum(sumBytes(frame, new DataView(frame.buffer), 34, 45, pseudo)), 0);
  }
  const bad = packetOf(pool, new Uint8Array(20));
  bad.checksumStart = bad.end;
  assert(!netif.output(bad, ETHER_TYPE_IPV4, PEER));
  assertEquals([netif.counters.ifOutErrors, pool.inUse], [1, 0]);
});

Deno.test("output() refuses a packet longer than the MTU", () => {
  const { driver, netif, output } = setup({ mtu: 100 });
  assert(output(100));
  assert(!output(101));
  assertEquals([driver.sent.length, netif.counters.ifOutErrors], [1, 1]);
});

Deno.test("a full driver: frames wait in order, up to the bound, then are dropped and counted", () => {
  const { pool, driver, netif, counters, output } = setup({}, { transmitQueueFrames: 8 });
  driver.room = 1;
  const calls: boolean[] = [];
  const stop = netif.onWritable((n) => calls.push(n.hasQueueSpace));
  for (let i = 1; i <= 9; i++) {
    assertEquals(netif.hasQueueSpace, i <= 5, `before frame ${i}`);
    assert(output(i));
  }
  assert(!output(10), "the bound");
  assertEquals([netif.queueLength, counters.ifOutDiscards, counters.outQueued, counters.ifOutUcastPkts], [
    8,
    1,
    8,
    10,
  ]);
  driver.room = 3;
  driver.sink!.linkWritable();
  assertEquals([netif.queueLength, netif.hasQueueSpace, calls, driver.flushes], [5, false, [], 1]);
  driver.room = Infinity;
  driver.sink!.linkWritable();
  assertEquals([netif.queueLength, netif.hasQueueSpace, calls], [0, true, [true]]);
  assertEquals(driver.sent.map((frame) => frame.length - 14), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(counters.ifOutOctets, 45 + 9 * 14);
  stop();
  driver.sink!.linkWritable();
  assertEquals([calls.length, pool.inUse], [1, 0]);
});

Deno.test("a full driver: the queue is bounded in bytes too", () => {
  const { driver, netif, output } = setup({}, { transmitQueueBytes: 300 });
  driver.room = 0;
  assert(output(100) && output(100) && output(100));
  assert(!netif.hasQueueSpace);
  assert(!output(1));
  driver.room = Infinity;
  driver.sink!.linkWritable();
  assert(netif.hasQueueSpace && output(1));
});

Deno.test("frames that arrive while others wait do not overtake them", () => {
  const { driver, output } = setup();
  driver.room = 0;
  output(1);
  driver.room = 1;
  output(2);
  assertEquals(driver.sent.length, 0);
  driver.room = 9;
  driver.sink!.linkWritable();
  assertEquals(driver.sent.map((frame) => frame.length), [15, 16]);
});

Deno.test("setDown() drops what waits, and tells who waited for room", () => {
  const { pool, driver, netif, counters, output } = setup({}, { transmitQueueFrames: 2 });
  driver.room = 0;
  let calls = 0;
  netif.onWritable(() => calls++);
  output(1);
  output(1);
  netif.setDown();
  assertEquals([counters.ifOutDiscards, calls, netif.queueLength, pool.inUse], [2, 1, 0, 0]);
  netif.close();
  assert(driver.isClosed);
});

Deno.test("linkInput() strips the header and hands up by EtherType", () => {
  const { pool, netif, layer, counters, input } = setup();
  input(HEADER + "45aa");
  input("02000000000a 02000000000b 0806 0001");
  input("02000000000a 02000000000b 86dd 60");
  netif.inputBatchEnd();
  assertEquals(layer.received.map((r) => [r.etherType, r.bytes[0], r.flags, r.netifIndex]), [
    [ETHER_TYPE_IPV4, 0x45, 0, 3],
    [ETHER_TYPE_ARP, 0x00, 0, 3],
    [ETHER_TYPE_IPV6, 0x60, 0, 3],
  ]);
  assertEquals(layer.events, ["input", "input", "input", "end"]);
  assertEquals([counters.ifInUcastPkts, counters.ifInOctets, pool.inUse], [3, 16 + 16 + 15, 0]);
});

Deno.test("linkInput() marks broadcasts and groups", () => {
  const { layer, counters, input } = setup();
  input("ffffffffffff 02000000000b 0806 00");
  input("01005e000001 02000000000b 0800 45");
  input("333300000001 02000000000b 86dd 60");
  assertEquals(layer.received.map((r) => r.flags), [
    PBUF_LINK_BROADCAST,
    PBUF_LINK_MULTICAST,
    PBUF_LINK_MULTICAST,
  ]);
  assertEquals([counters.ifInBroadcastPkts, counters.ifInMulticastPkts, counters.ifInUcastPkts], [1, 2, 0]);
});

Deno.test("frames for another station are dropped, or marked when promiscuous", () => {
  const { netif, layer, counters, input } = setup();
  input("02000000000c 02000000000b 0800 45");
  input("02000100000a 02000000000b 0800 45");
  assertEquals([layer.received.length, counters.inFiltered], [0, 2]);
  netif.promiscuous = true;
  input("02000000000c 02000000000b 0800 45");
  assertEquals(layer.received.map((r) => r.flags), [PBUF_LINK_OTHER_HOST]);
});

Deno.test("without allMulticast only joined groups come through, as often as joined", () => {
  const { netif, layer, counters, input } = setup({}, { allMulticast: false });
  const frame = "01005e000009 02000000000b 0800 45";
  input(frame);
  netif.joinMulticastFilter(0x01_00_5e_00_00_09);
  netif.joinMulticastFilter(0x01_00_5e_00_00_09);
  input(frame);
  netif.leaveMulticastFilter(0x01_00_5e_00_00_09);
  input(frame);
  netif.leaveMulticastFilter(0x01_00_5e_00_00_09);
  netif.leaveMulticastFilter(0x01_00_5e_00_00_09);
  input(frame);
  assertEquals([layer.received.length, counters.inFiltered], [2, 2]);
});

Deno.test("malformed frames are counted: short header, short tag, empty packet", () => {
  const { pool, counters, input } = setup();
  for (let length = 0; length < 14; length++) input("02000000000a02000000000b0800".slice(0, 2 * length));
  input("02000000000a 02000000000b 8100 0005 08");
  assertEquals(counters.ifInErrors, 15);
  const ip = setup({ medium: "ip" });
  ip.input("");
  assertEquals([ip.counters.ifInErrors, pool.inUse, ip.pool.inUse], [1, 0, 0]);
});

Deno.test("medium ip: the version nibble says what it is; other versions are unknown protocols", () => {
  const { layer, counters, input } = setup({ medium: "ip" });
  input("45");
  input("60");
  input("50");
  assertEquals(layer.received.map((r) => r.etherType), [ETHER_TYPE_IPV4, ETHER_TYPE_IPV6]);
  assertEquals([counters.ifInUnknownProtos, counters.ifInUcastPkts], [1, 2]);
});

Deno.test("unknown EtherTypes and IEEE 802.3 lengths are counted, or taken by the hook", () => {
  const { pool, netif, layer, counters, input } = setup();
  input("02000000000a 02000000000b 88cc 01");
  input("02000000000a 02000000000b 0003 424203");
  assertEquals([counters.ifInUnknownProtos, layer.received.length], [2, 0]);
  const seen: string[] = [];
  netif.hooks.unknownEthProtocol = (n, etherType, p) => {
    seen.push(
      `${n.name} ${etherType.toString(16)} ${p.view.getUint16(p.start - 2).toString(16)} ${p.length}`,
    );
    if (etherType < 0x600) return false;
    p.release();
    return true;
  };
  input("02000000000a 02000000000b 88cc 01");
  input("02000000000a 02000000000b 0003 424203");
  assertEquals(seen, ["en0 88cc 88cc 1", "en0 3 3 3"]);
  assertEquals([counters.ifInUnknownProtos, pool.inUse], [3, 0]);
});

Deno.test("registerEtherType() takes frames for PPPoE and the like, header intact, batch by batch", () => {
  const { pool, netif, counters, input } = setup();
  const seen: string[] = [];
  const handler = {
    etherTypeInput(_netif: Netif, etherType: number, p: ReturnType<typeof packetOf>) {
      seen.push(`${etherType.toString(16)} from ${p.view.getUint32(p.start - 6).toString(16)} ${p.length}`);
      p.release();
    },
    inputBatchEnd: () => seen.push("end"),
  };
  netif.registerEtherType(ETHER_TYPE_PPPOE_SESSION, handler);
  assertThrows(() => netif.registerEtherType(ETHER_TYPE_PPPOE_SESSION, handler), RangeError);
  assertThrows(() => netif.registerEtherType(ETHER_TYPE_IPV4, handler), RangeError);
  input("02000000000a 02000000000b 8864 1100");
  input("02000000000a 02000000000b 8100 0000 8864 1100");
  netif.inputBatchEnd();
  assertEquals(seen, ["8864 from b 2", "8864 from b 2", "end"]);
  netif.registerEtherType(ETHER_TYPE_PPPOE_SESSION, undefined);
  input("02000000000a 02000000000b 8864 1100");
  assertEquals([counters.ifInUcastPkts, counters.ifInUnknownProtos, pool.inUse], [2, 1, 0]);
});

Deno.test("without a network layer frames are dropped and counted", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const netif = new Netif(new FakeDriver(), { name: "en0", index: 1 });
  netif.setUp();
  netif.linkInput(packetOf(pool, parseHex(HEADER + "45")));
  netif.inputBatchEnd();
  assertEquals([netif.counters.ifInDiscards, pool.inUse], [1, 0]);
});

// scapy 2.5: Ether(dst="02:00:00:00:00:0b", src="02:00:00:00:00:0a")/Dot1Q(vlan=5, prio=3)/IP(src="10.0.0.1", dst="10.0.0.2")
//   /UDP(sport=1, dport=2)/Raw(b"abc")
const TAGGED = parseHex(`
  02000000000b 02000000000a 8100 6005 0800
  4500001f000100004011 66cb 0a000001 0a000002
  00010002000b 2770 616263`);

Deno.test("VLAN: a member sends and takes frames with its tag only (IEEE 802.1Q)", () => {
  const { pool, driver, netif, counters } = setup({}, { vlan: { id: 5, priority: 3 } });
  assert(netif.output(packetOf(pool, TAGGED.subarray(18)), ETHER_TYPE_IPV4, PEER));
  assertEquals(driver.sent, [TAGGED]);

  const peer = setup({ mac: PEER }, { vlan: { id: 5 } });
  peer.netif.linkInput(packetOf(peer.pool, TAGGED));
  assertEquals(peer.layer.received.map((r) => [r.etherType, r.vlanTci]), [[ETHER_TYPE_IPV4, 0x6005]]);
  assertEquals(peer.layer.received[0]!.bytes, TAGGED.slice(18));
  peer.input("02000000000b 02000000000a 0800 45");
  peer.input("02000000000b 02000000000a 8100 0006 0800 45");
  assertEquals([peer.layer.received.length, peer.counters.inFiltered], [1, 2]);
  assertEquals([counters.ifOutOctets, pool.inUse, peer.pool.inUse], [TAGGED.length, 0, 0]);
});

Deno.test("VLAN: a tag which the device took out counts as if it were in the frame", () => {
  const { pool, netif, layer, counters } = setup({}, { vlan: { id: 5 } });
  for (const tci of [0x6005, 7, -1]) {
    const p = packetOf(pool, parseHex(HEADER + "45"));
    p.vlanTci = tci;
    netif.linkInput(p);
  }
  assertEquals([layer.received.length, counters.inFiltered, pool.inUse], [1, 2, 0]);
});

Deno.test("VLAN: a host outside of VLANs takes priority tags, and all tags only when asked to", () => {
  const strict = setup();
  const lax = setup({}, { acceptAllVlans: true });
  for (const { input } of [strict, lax]) {
    input("02000000000a 02000000000b 8100 e000 0800 45");
    input("02000000000a 02000000000b 8100 0007 0800 45");
  }
  assertEquals(strict.layer.received.map((r) => r.vlanTci), [0xe000]);
  assertEquals(lax.layer.received.map((r) => r.vlanTci), [0xe000, 7]);
});

Deno.test("VLAN: the hooks decide frame by frame", () => {
  const { driver, netif, layer, input, output } = setup();
  netif.hooks.vlanCheck = (n, tci, p) =>
    n === netif && tci === 9 && p.view.getUint16(p.start + 12) === ETHER_TYPE_IPV4;
  netif.hooks.vlanSet = (_n, p, source, destination, etherType) =>
    source === OURS && destination === PEER && etherType === ETHER_TYPE_IPV4 && p.length === 2 ? 0x2009 : -1;
  input("02000000000a 02000000000b 8100 0009 0800 45");
  input("02000000000a 02000000000b 8100 0008 0800 45");
  input(HEADER + "45");
  output(2);
  output(3);
  assertEquals(layer.received.map((r) => r.vlanTci), [9, -1]);
  assertEquals(driver.sent.map((frame) => frame.length), [20, 17]);
  assertEquals(driver.sent[0]!.subarray(12, 18), parseHex("8100 2009 0800"));
  assertEquals(new DataView(driver.sent[1]!.buffer).getUint16(12) === ETHER_TYPE_VLAN, false);
});

Deno.test("a packet with a checksum pending never left the machine: it arrives as verified", () => {
  const { pool, netif, layer } = setup();
  const p = packetOf(pool, parseHex(HEADER + "45"));
  p.checksumStart = p.start + 14;
  netif.linkInput(p);
  const trusting = setup({}, { trustReceivedChecksums: true });
  trusting.input(HEADER + "45");
  assertEquals(layer.received[0]!.flags, PBUF_CHECKSUM_VERIFIED);
  assertEquals(trusting.layer.received[0]!.flags, PBUF_CHECKSUM_VERIFIED);
});

Deno.test("the network layer always gets one node, or the frame is dropped for want of memory", () => {
  const { pool, netif, layer, counters } = setup();
  for (const fails of [false, true]) {
    const p = packetOf(pool, parseHex(HEADER));
    const rest = packetOf(pool, parseHex("4500 aa"));
    chain(p, rest);
    rest.release();
    pool.failAfter(fails ? 0 : -1);
    netif.linkInput(p);
  }
  assertEquals(layer.received.map((r) => r.bytes), [parseHex("4500 aa")]);
  assertEquals([counters.ifInDiscards, pool.inUse], [1, 0]);
});

Deno.test("a driver that delivers inside of transmit() is told so", () => {
  const { pool, driver, netif, output } = setup();
  driver.onTransmit = () => netif.linkInput(packetOf(pool, parseHex(HEADER + "45")));
  assertThrows(() => output(20), Error, "must deliver from a timer");
});

Deno.test("outputRaw() sends a frame as it is", () => {
  const { pool, driver, netif, counters } = setup({ mtu: 100 });
  assert(netif.outputRaw(packetOf(pool, parseHex("02000000000c 020000000099 88b5 01"))));
  assertEquals(driver.sent, [parseHex("02000000000c 020000000099 88b5 01")]);
  assert(netif.outputRaw(packetOf(pool, new Uint8Array(118))));
  assert(!netif.outputRaw(packetOf(pool, new Uint8Array(119))));
  netif.setDown();
  assert(!netif.outputRaw(packetOf(pool, new Uint8Array(60))));
  assertEquals([counters.ifOutErrors, counters.ifOutDiscards, pool.inUse], [1, 1, 0]);
});

Deno.test("listeners hear of state, carrier, MTU, station address, and of what the IP layer reports", () => {
  const { netif, driver, layer } = setup();
  const heard: [number, unknown][] = [];
  const stop = netif.onChange((n, reasons, details) => {
    assertEquals(n, netif);
    heard.push([reasons, details]);
  });
  netif.setDown();
  netif.setUp();
  driver.sink!.linkStateChanged(false);
  driver.sink!.linkStateChanged(false);
  netif.setMtu(1400);
  netif.setMtu(1400);
  netif.setMacAddress(0x02_00_00_00_00_77);
  netif.notifyChange(NETIF_IPV4_ADDRESS_CHANGED, "old");
  stop();
  netif.setMtu(1300);
  assertEquals(heard, [
    [NETIF_STATUS_CHANGED, undefined],
    [NETIF_STATUS_CHANGED, undefined],
    [NETIF_LINK_CHANGED, undefined],
    [NETIF_MTU_CHANGED, undefined],
    [NETIF_MAC_CHANGED, undefined],
    [NETIF_IPV4_ADDRESS_CHANGED, "old"],
  ]);
  assertEquals(layer.events.length, 6, "the layer hears of all but its own report");
});

Deno.test("a new station address is used at once, for sending and for filtering", () => {
  const { driver, netif, layer, input, output } = setup();
  netif.setMacAddress(0x02_00_00_00_00_77);
  assertEquals(netif.macAddress, 0x02_00_00_00_00_77);
  output(1);
  input(HEADER + "45");
  input("020000000077 02000000000b 0800 45");
  assertEquals(driver.sent[0]!.subarray(6, 12), parseHex("020000000077"));
  assertEquals(layer.received.length, 1);
});

Deno.test("misuse of options and setters is refused", () => {
  const noMac = new FakeDriver();
  Object.defineProperty(noMac, "macAddress", { value: undefined });
  assertThrows(() => new Netif(noMac, { name: "en0", index: 1 }), TypeError);
  const make = (options: Partial<NetifOptions>) => () =>
    new Netif(new FakeDriver(), { name: "en0", index: 1, ...options });
  for (const mtu of [67, 1501, 100.5, NaN]) assertThrows(make({ mtu }), RangeError);
  for (const macAddress of [0, BROADCAST_MAC, 0x01_00_5e_00_00_01, -1, 2 ** 48, 1.5]) {
    assertThrows(make({ macAddress }), RangeError);
  }
  for (const vlan of [{ id: 0 }, { id: 4095 }, { id: 1, priority: 8 }, { id: 1.5 }]) {
    assertThrows(make({ vlan }), RangeError);
  }
  const ip = new Netif(new FakeDriver({ medium: "ip" }), { name: "tn0", index: 1, hostname: "h" });
  assertThrows(() => ip.setMacAddress(OURS), RangeError);
  assertThrows(() => ip.setMtu(9000), RangeError);
  assertEquals([ip.mtu, ip.hostname], [1500, "h"]);
});

Deno.test("bytesOf() of the helper sees whole chains", () => {
  const pool = new PbufPool([{ slotBytes: 256, slots: 4 }]);
  const p = packetOf(pool, Uint8Array.of(1));
  const rest = packetOf(pool, Uint8Array.of(2));
  p.next = rest;
  assertEquals(bytesOf(p), Uint8Array.of(1, 2));
  p.release();
});
