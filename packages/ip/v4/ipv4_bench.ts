/** What one packet costs in the IP layer: received and sent, in bursts of 64 as a driver hands them over. */
import { PbufPool } from "@lightwire/pbuf";
import {
  type LinkDriver,
  type LinkSink,
  Netif,
  NO_OFFLOAD,
  seededRandom,
  TimerQueue,
} from "@lightwire/netif";
import type { Pbuf } from "@lightwire/pbuf";
import { IpLayer, type IpProtocolHandler, IpTx, ipv4, parsePrefix } from "../mod.ts";
import { frame, packet } from "../testdata/harness.ts";

const BURST = 64;

/** Swallows what it is given. */
class SinkDriver implements LinkDriver {
  readonly medium = "ethernet";
  readonly mtu = 1500;
  readonly maxHeaderLength = 0;
  readonly macAddress: number;
  readonly capabilities = NO_OFFLOAD;
  sink!: LinkSink;

  constructor(mac: number) {
    this.macAddress = mac;
  }
  attach(sink: LinkSink): void {
    this.sink = sink;
  }
  transmit(p: Pbuf): boolean {
    p.release();
    return true;
  }
  flush(): void {}
  close(): void {}
}

/** Swallows what it receives. */
class Sink implements IpProtocolHandler {
  readonly protocol = 6;
  ipInput(p: Pbuf): "delivered" {
    p.release();
    return "delivered";
  }
  ipError(): void {}
  inputBatchEnd(): void {}
  addressChanged(): void {}
}

let time = 0;
const timers = new TimerQueue({ now: () => time });
const pool = new PbufPool();
const ip = new IpLayer({ clock: timers.clock, timers, random: seededRandom(1), pool }, { forwarding: true });
const drivers = [new SinkDriver(0x02_00_00_00_00_01), new SinkDriver(0x02_00_00_00_00_02)];
const netifs = drivers.map((driver, i) => new Netif(driver, { name: `en${i}`, index: i + 1 }));
for (const [i, netif] of netifs.entries()) {
  ip.addNetif(netif);
  netif.setUp();
  ip.addAddress(netif, ipv4(0x0a000001 + i * 0x10000), 24);
  ip.neighbors.addStatic(netif, ipv4(0x0a000002 + i * 0x10000), 0x02_00_00_00_00_99);
}
ip.routes.add({ destination: parsePrefix("0.0.0.0/0")!, gateway: ipv4(0x0a010002), netif: netifs[1] });
ip.registerProtocol(new Sink());

const data = new Uint8Array(1480);
const received = frame(0x0800, packet("10.0.0.2", "10.0.0.1", data, { protocol: 6 }));
const passing = frame(0x0800, packet("10.0.0.2", "192.0.2.1", data, { protocol: 6 }));
const echo = frame(
  0x0800,
  packet("10.0.0.2", "10.0.0.1", Uint8Array.of(8, 0, 0xf7, 0xfe, 0, 0, 0, 1), { protocol: 1 }),
);

function receive(bytes: Uint8Array): void {
  for (let i = 0; i < BURST; i++) {
    const p = pool.acquire(bytes.length, 64)!;
    // Headers only: what the driver costs is not the question.
    for (let n = 0; n < 42; n++) p.bytes[p.start + n] = bytes[n]!;
    drivers[0]!.sink.linkInput(p);
  }
  drivers[0]!.sink.inputBatchEnd();
}

const tx = new IpTx();
tx.destination = ipv4(0x0a000002);
tx.protocol = 6;
tx.dontFragment = true;

function send(): void {
  for (let i = 0; i < BURST; i++) {
    ip.prepare(tx);
    ip.output(pool.acquire(1480)!, tx);
  }
  ip.flush();
}

const changing = new IpTx();
changing.protocol = 17;

function sendAnew(): void {
  for (let i = 0; i < BURST; i++) {
    changing.generation = -1;
    changing.source = ipv4(0);
    changing.destination = ipv4(0xc0000200 + i);
    ip.output(pool.acquire(1480)!, changing);
  }
  ip.flush();
}

Deno.bench(`pool and driver alone, ${BURST} x 1514 B`, { group: "input", baseline: true }, () => {
  for (let i = 0; i < BURST; i++) {
    const p = pool.acquire(received.length, 64)!;
    for (let n = 0; n < 42; n++) p.bytes[p.start + n] = received[n]!;
    p.release();
  }
});
Deno.bench(`input to a protocol, ${BURST} x 1514 B`, { group: "input" }, () => receive(received));
Deno.bench(`forward, ${BURST} x 1514 B`, { group: "input" }, () => receive(passing));
Deno.bench(`echo reply, ${BURST} x 42 B`, { group: "input" }, () => receive(echo));

Deno.bench(`pool alone, ${BURST} x 1500 B`, { group: "output", baseline: true }, () => {
  for (let i = 0; i < BURST; i++) pool.acquire(1480)!.release();
});
Deno.bench(`prepared flow, ${BURST} x 1500 B`, { group: "output" }, send);
Deno.bench(`another destination each time, ${BURST} x 1500 B`, { group: "output" }, sendAnew);
Deno.bench(`fragments of 8 KB, ${BURST / 4} datagrams`, { group: "output" }, () => {
  time += 0.001;
  for (let i = 0; i < BURST / 4; i++) {
    const p = pool.acquire(8000)!;
    tx.dontFragment = false;
    ip.output(p, tx);
    tx.dontFragment = true;
  }
  ip.flush();
});
