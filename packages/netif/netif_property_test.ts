import { assert, assertEquals } from "@std/assert";
import { concatenate, type Pbuf, PbufPool } from "@lightwire/pbuf";
import fc from "fast-check";
import { Bridge } from "./bridge.ts";
import { ETHER_TYPE_IPV4, ETHER_TYPE_IPV6 } from "./ethernet_header.ts";
import { openFrames } from "./frame_endpoint.ts";
import { Netif } from "./netif.ts";
import type { NetifOptions } from "./netif_options.ts";
import { FakeDriver, FakeLayer, packetOf } from "./testdata/fake_driver.ts";

const OURS = [0x02, 0, 0, 0, 0, 0x0a];

/** Frames that are mostly for us, mostly of a known type, and often cut short. */
const frames = fc.tuple(
  fc.oneof(
    fc.constant(OURS),
    fc.constant([255, 255, 255, 255, 255, 255]),
    fc.array(fc.nat(255), { maxLength: 6 }),
  ),
  fc.array(fc.nat(255), { minLength: 6, maxLength: 6 }),
  fc.constantFrom([8, 0], [0x86, 0xdd], [8, 6], [0x81, 0, 0, 0, 8, 0], [0x81, 0], [0x88, 0xb5], [0, 9], []),
  fc.array(fc.nat(255), { maxLength: 80 }),
).map((parts) => Uint8Array.from(parts.flat()));

const marks = fc.record({
  checksumStart: fc.integer({ min: -1, max: 300 }),
  checksumOffset: fc.nat(300),
  gsoSize: fc.constantFrom(0, 0, 1, 10, 1000, 65535),
  vlanTci: fc.constantFrom(-1, -1, 0, 5, 0xffff),
});

function makePool(): PbufPool {
  return new PbufPool([{ slotBytes: 512, slots: 128 }], { detectUseAfterRelease: true });
}

/** The packet in nodes of at most `nodeBytes`, with marks. */
function chainOf(pool: PbufPool, bytes: Uint8Array, nodeBytes: number, more: Partial<Pbuf>): Pbuf {
  const p = packetOf(pool, bytes.subarray(0, nodeBytes));
  for (let at = nodeBytes; at < bytes.length; at += nodeBytes) {
    concatenate(p, packetOf(pool, bytes.subarray(at, at + nodeBytes)));
  }
  return Object.assign(p, more);
}

Deno.test("property: whatever comes in, each frame bumps one counter, nothing is thrown, nothing leaks", () => {
  const pool = makePool();
  const options = fc.record<Partial<NetifOptions>>({
    promiscuous: fc.boolean(),
    allMulticast: fc.boolean(),
    acceptAllVlans: fc.boolean(),
    vlan: fc.constantFrom(undefined, { id: 5 }),
  });
  fc.assert(
    fc.property(
      frames,
      marks,
      fc.integer({ min: 1, max: 60 }),
      options,
      fc.boolean(),
      (bytes, m, cut, o, isIp) => {
        const netif = new Netif(new FakeDriver({ medium: isIp ? "ip" : "ethernet" }), {
          name: "en0",
          index: 1,
          ...o,
        });
        netif.attach(new FakeLayer());
        if (!isIp) openFrames(netif, { etherType: 0x88b5, pool });
        netif.setUp();
        netif.linkInput(chainOf(pool, bytes, cut, m));
        netif.inputBatchEnd();
        const c = netif.counters;
        assertEquals(c.ifInOctets, bytes.length);
        const fates = [
          c.ifInUcastPkts,
          c.ifInMulticastPkts,
          c.ifInBroadcastPkts,
          c.ifInDiscards,
          c.ifInErrors,
        ];
        assertEquals([...fates, c.ifInUnknownProtos, c.inFiltered].reduce((sum, n) => sum + n), 1);
        assertEquals(pool.inUse, 0);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("property: whatever goes out, it is sent or counted, with any marks and any lack of memory", () => {
  const pool = makePool();
  const drivers = fc.record({
    medium: fc.constantFrom("ip" as const, "ethernet" as const),
    mtu: fc.constantFrom(68, 100, 1500),
    txChecksum: fc.boolean(),
    gsoMaxBytes: fc.constantFrom(0, 120, 65535),
  });
  fc.assert(
    fc.property(frames, marks, fc.integer({ min: 1, max: 60 }), drivers, fc.integer({ min: -1, max: 5 }), (
      bytes,
      m,
      cut,
      d,
      failAfter,
    ) => {
      const driver = new FakeDriver(d);
      const netif = new Netif(driver, { name: "en0", index: 1 });
      netif.setUp();
      const p = chainOf(pool, bytes, cut, m);
      pool.failAfter(failAfter);
      const isTaken = netif.output(
        p,
        bytes.length % 2 === 0 ? ETHER_TYPE_IPV4 : ETHER_TYPE_IPV6,
        0x0200_0000_000b,
      );
      pool.failAfter(-1);
      const c = netif.counters;
      assertEquals([c.ifOutUcastPkts, isTaken ? c.ifOutDiscards + c.ifOutErrors : 0], [1, 0]);
      if (!isTaken) assert(c.ifOutDiscards + c.ifOutErrors > 0);
      for (const [i, frame] of driver.sent.entries()) {
        const most = driver.marks[i]!.gsoSize > 0 ? d.gsoMaxBytes : d.mtu;
        assert(frame.length <= most + (d.medium === "ip" ? 0 : 14));
        if (!d.txChecksum) assertEquals(driver.marks[i]!.checksumStart, -1);
      }
      assertEquals(pool.inUse, 0);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("property: a bridge survives whatever comes in by any port, and leaks nothing", () => {
  const pool = makePool();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), frames, marks), { maxLength: 10 }),
      fc.integer({ min: -1, max: 12 }),
      (
        arrivals,
        failAfter,
      ) => {
        const ports = [
          new FakeDriver({ txChecksum: true, gsoMaxBytes: 65535 }),
          new FakeDriver(),
          new FakeDriver(),
        ];
        const bridge = new Bridge({ clock: { now: () => 0 }, macAddress: 0x02_00_00_00_00_0a, ports });
        const netif = new Netif(bridge, { name: "br0", index: 1 });
        netif.attach(new FakeLayer());
        netif.setUp();
        for (const [port, bytes, m] of arrivals) {
          const p = chainOf(pool, bytes, 60, m);
          pool.failAfter(failAfter);
          ports[port]!.sink!.linkInput(p);
          ports[port]!.sink!.inputBatchEnd();
          pool.failAfter(-1);
          assertEquals(pool.inUse, 0);
        }
        netif.close();
      },
    ),
    { numRuns: 500 },
  );
});
