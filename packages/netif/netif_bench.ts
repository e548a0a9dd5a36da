/** What an interface costs per frame: sending, receiving, and a whole hop over a memory link; with software checksums and GSO. */
import { PbufPool } from "@lightwire/pbuf";
import { ETHER_TYPE_IPV4 } from "./ethernet_header.ts";
import { createMemoryLinkPair } from "./memory_link.ts";
import { Netif } from "./netif.ts";
import type { NetworkLayer } from "./netif_options.ts";
import { FakeDriver } from "./testdata/fake_driver.ts";
import { TimerQueue } from "./timers.ts";

const pool = new PbufPool();
const timers = new TimerQueue({ now: () => 0 });
const sink: NetworkLayer = {
  networkInput: (_netif, _type, p) => p.release(),
  inputBatchEnd() {},
  netifChanged() {},
};

class NullDriver extends FakeDriver {
  override transmit(p: Parameters<FakeDriver["transmit"]>[0]): boolean {
    p.release();
    return true;
  }
}

function up(netif: Netif): Netif {
  netif.attach(sink);
  netif.setUp();
  return netif;
}

const sending = up(new Netif(new NullDriver(), { name: "en0", index: 1 }));
const PEER = 0x02_00_00_00_00_0b;

Deno.bench("output 1460 B", () => {
  sending.output(pool.acquire(1460)!, ETHER_TYPE_IPV4, PEER);
});

Deno.bench("output 1460 B, checksum in software", () => {
  const p = pool.acquire(1460)!;
  p.checksumStart = p.start + 20;
  p.checksumOffset = 16;
  sending.output(p, ETHER_TYPE_IPV4, PEER);
});

const superSegment = new Uint8Array(40 + 64240);
superSegment.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6]);
superSegment[32] = 0x50;
Deno.bench("output 64 KiB, cut in software into 44 segments", () => {
  const p = pool.acquire(superSegment.length)!;
  p.bytes.set(superSegment, p.start);
  p.gsoSize = 1460;
  sending.output(p, ETHER_TYPE_IPV4, PEER);
});

const receiving = up(new Netif(new NullDriver(), { name: "en1", index: 2 }));
Deno.bench("input 1474 B", () => {
  const p = pool.acquire(1474)!;
  p.view.setUint16(p.start, 0x0200);
  p.view.setUint32(p.start + 2, 0x0a);
  p.view.setUint16(p.start + 12, ETHER_TYPE_IPV4);
  receiving.linkInput(p);
});

const [driverA, driverB] = createMemoryLinkPair({ timersA: timers, timersB: timers });
const a = up(new Netif(driverA, { name: "en0", index: 1 }));
const b = up(new Netif(driverB, { name: "en0", index: 1 }));
Deno.bench("hop over a memory link, 64 frames", () => {
  for (let i = 0; i < 64; i++) a.output(pool.acquire(1460)!, ETHER_TYPE_IPV4, b.macAddress);
  a.flush();
  timers.runDue();
});
