import { assert, assertEquals } from "@std/assert";
import { concatenate, parseHex, PbufPool } from "@lightwire/pbuf";
import { Netif } from "./netif.ts";
import { PointToPointLink, type PointToPointLinkOptions } from "./point_to_point_link.ts";
import { FakeLayer, packetOf } from "./testdata/fake_driver.ts";

function setup(options: Partial<PointToPointLinkOptions> = {}) {
  const pool = new PbufPool([{ slotBytes: 2048, slots: 4 }]);
  const sent: Uint8Array[] = [];
  const state = { room: Infinity, flushes: 0, closes: 0 };
  const link = new PointToPointLink({
    pool,
    send(packet) {
      if (state.room === 0) return false;
      state.room--;
      sent.push(packet.slice());
      return true;
    },
    onFlush: () => state.flushes++,
    onClose: () => state.closes++,
    ...options,
  });
  const netif = new Netif(link, { name: "tn0", index: 1 });
  const layer = new FakeLayer();
  netif.attach(layer);
  netif.setUp();
  layer.events = [];
  return { pool, sent, state, link, netif, layer };
}

Deno.test("packets go out through send(), chains in one piece, and come in through receive()", () => {
  const { pool, sent, state, link, netif, layer } = setup();
  netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0);
  const chained = packetOf(pool, parseHex("45"));
  concatenate(chained, packetOf(pool, parseHex("01")));
  netif.output(chained, 0x0800, 0);
  netif.flush();
  assertEquals([sent, state.flushes], [[parseHex("4500"), parseHex("4501")], 1]);
  link.receive(parseHex("4502"), parseHex("6003"));
  assertEquals(layer.received.map((r) => r.etherType), [0x0800, 0x86dd]);
  assertEquals([layer.events, pool.inUse], [["input", "input", "end"], 0]);
});

Deno.test("a full channel holds packets up until writable()", () => {
  const { pool, sent, state, link, netif } = setup();
  state.room = 0;
  assert(netif.output(packetOf(pool, parseHex("4500")), 0x0800, 0));
  assertEquals([sent.length, netif.queueLength], [0, 1]);
  state.room = 5;
  link.writable();
  assertEquals([sent.length, netif.queueLength, pool.inUse], [1, 0, 0]);
});

Deno.test("the channel's carrier is the interface's; a closed link takes and gives nothing", () => {
  const { pool, sent, state, link, netif, layer } = setup();
  link.setCarrier(false);
  assert(!netif.isUp);
  link.setCarrier(true);
  assert(netif.isUp);
  netif.close();
  link.close();
  assert(link.transmit(packetOf(pool, parseHex("4500"))));
  link.receive(parseHex("4500"));
  assertEquals([sent.length, layer.received.length, state.closes], [0, 0, 1]);
  assertEquals([link.counters.receiveErrors, pool.inUse], [1, 0]);
});

Deno.test("what is too long, or has no memory, is dropped and counted", () => {
  const { pool, link, layer } = setup({ mtu: 100 });
  link.receive(new Uint8Array(101).fill(0x45));
  pool.failAfter(0);
  link.receive(parseHex("4500"));
  assertEquals([link.counters, layer.received.length], [{ receiveErrors: 1, receiveNoBuffers: 1 }, 0]);
  const ethernet = setup({ mtu: 100, medium: "ethernet", macAddress: 0x02_00_00_00_00_0a });
  ethernet.link.receive(new Uint8Array(118));
  ethernet.link.receive(new Uint8Array(119));
  assertEquals(ethernet.link.counters.receiveErrors, 1);
  assertEquals(ethernet.netif.macAddress, 0x02_00_00_00_00_0a);
});
