import { assert, assertEquals } from "@std/assert";
import { PbufPool, sumPbuf } from "@lightwire/pbuf";
import { createMemoryLinkPair, LoopbackLink, Netif, seededRandom, TimerQueue } from "@lightwire/netif";
import {
  type AddressChangeDetails,
  IpLayer,
  type IpOptions,
  type IpRxInfo,
  IpTx,
  ipv4,
  parseIpAddressOrThrow,
  Route,
} from "./mod.ts";
import type { Pbuf } from "@lightwire/pbuf";

class Clock {
  time = 0;
  now(): number {
    return this.time;
  }
}

/** Two hosts on an Ethernet, with one pool and one clock. */
class Pair {
  readonly clock = new Clock();
  readonly timers = new TimerQueue(this.clock);
  readonly pool = new PbufPool();
  readonly a: IpLayer;
  readonly b: IpLayer;
  readonly netifA: Netif;
  readonly netifB: Netif;

  constructor(options: IpOptions = {}) {
    const host = { clock: this.clock, timers: this.timers, random: seededRandom(1), pool: this.pool };
    const [driverA, driverB] = createMemoryLinkPair({ timersA: this.timers, timersB: this.timers });
    this.netifA = new Netif(driverA, { name: "en0", index: 1 });
    this.netifB = new Netif(driverB, { name: "en0", index: 1 });
    this.a = new IpLayer(host, options);
    this.b = new IpLayer(host, options);
    this.a.addNetif(this.netifA);
    this.b.addNetif(this.netifB);
    this.netifA.setUp();
    this.netifB.setUp();
    this.a.addAddress(this.netifA, ipv4(0x0a000001), 24);
    this.b.addAddress(this.netifB, ipv4(0x0a000002), 24);
    this.timers.runDue();
  }
}

function txTo(address: string, protocol: number): IpTx {
  const tx = new IpTx();
  tx.destination = parseIpAddressOrThrow(address);
  tx.protocol = protocol;
  return tx;
}

Deno.test("IpLayer: an echo request resolves its neighbour and comes back as a reply (RFC 826, RFC 1122 §3.2.2.6)", () => {
  const net = new Pair();
  const replies: Pbuf[] = [];
  net.a.openRaw(1, (p: Pbuf, rx: IpRxInfo) => {
    assertEquals(rx.source.toString(), "10.0.0.2");
    assertEquals(rx.hopLimit, 64);
    replies.push(p);
    return true;
  });
  const tx = txTo("10.0.0.2", 1);
  assertEquals(net.a.prepare(tx), undefined);
  assertEquals(tx.source.toString(), "10.0.0.1");
  for (let i = 0; i < 3; i++) {
    const p = net.pool.acquire(8)!;
    p.view.setUint32(p.start, 0x0800_0000 | (0xf7ff - i - 0x1234 & 0xffff));
    p.view.setUint16(p.start + 2, 0);
    p.view.setUint32(p.start + 4, 0x1234_0000 + i);
    p.view.setUint16(p.start + 2, ~sumPbuf(p, 0) & 0xffff);
    assert(net.a.output(p, tx));
  }
  net.a.flush();
  net.timers.runDue();
  assertEquals(replies.length, 3);
  for (const [i, p] of replies.entries()) {
    assertEquals(p.view.getUint32(p.start + 4), 0x1234_0000 + i);
    assertEquals(sumPbuf(p, 0), 0xffff);
    p.release();
  }
  assertEquals(net.a.arp.counters.outRequests, 1);
  assertEquals(net.pool.inUse, 0);
});

Deno.test("IpLayer: packets to an own address come back by the loopback interface, later", () => {
  const net = new Pair();
  const lo = new Netif(new LoopbackLink(net.timers), { name: "lo0", index: 2 });
  net.a.addNetif(lo);
  lo.setUp();
  net.a.addAddress(lo, ipv4(0x7f000001), 8);
  for (const address of ["127.0.0.1", "127.1.2.3", "10.0.0.1"]) {
    let got = 0;
    const endpoint = net.a.openRaw(253, (p, rx) => {
      assertEquals(rx.destination.toString(), address);
      assert(rx.netif === lo);
      got++;
      p.release();
      return true;
    });
    assert(net.a.output(net.pool.acquire(10)!, txTo(address, 253)));
    assertEquals(got, 0);
    net.a.flush();
    net.timers.runDue();
    assertEquals(got, 1);
    endpoint.close();
  }
  assertEquals(net.pool.inUse, 0);
});

Deno.test("listeners of an interface hear of addresses and default routes (lwIP test_netif_extcallbacks)", () => {
  const net = new Pair();
  const seen: string[] = [];
  net.netifA.onChange((netif, reasons, details) => {
    const d = details as AddressChangeDetails | Route;
    const what = d instanceof Route ? `${d}` : `${d.address}/${d.prefixLength} ${d.isPresent}`;
    seen.push(`${netif.name} ${reasons.toString(16)} ${what}`);
  });
  net.a.addAddress(net.netifA, ipv4(0x0a010001), 16);
  const route = net.a.routes.add({
    destination: { address: ipv4(0), length: 0 },
    gateway: ipv4(0x0a0000fe),
    netif: net.netifA,
  });
  net.a.routes.remove(route);
  net.a.removeAddress(net.netifA, ipv4(0x0a010001));
  assertEquals(seen, [
    "en0 d0 10.1.0.1/16 true",
    "en0 a0 0.0.0.0/0 via 10.0.0.254 dev en0",
    "en0 a0 0.0.0.0/0 via 10.0.0.254 dev en0",
    "en0 d0 10.1.0.1/16 false",
  ]);
});

Deno.test("IpLayer: an idle stack has no timer armed and nothing in the pool", () => {
  const net = new Pair();
  net.clock.time += 10_000;
  net.timers.runDue();
  net.clock.time += 10_000;
  net.timers.runDue();
  assertEquals(net.timers.size, 0);
  assertEquals(net.pool.inUse, 0);
});
