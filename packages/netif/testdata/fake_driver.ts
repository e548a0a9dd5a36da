/** {@linkcode FakeDriver}: a driver that records what it is told, for tests. */
import type { Pbuf, PbufPool } from "@lightwire/pbuf";
import type { LinkCapabilities, LinkDriver, LinkSink, MacAddress } from "../link.ts";
import type { Netif } from "../netif.ts";
import type { NetworkLayer } from "../netif_options.ts";

/** The bytes of a packet. */
export function bytesOf(p: Pbuf): Uint8Array {
  const all: number[] = [];
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    all.push(...node.bytes.subarray(node.start, node.end));
  }
  return Uint8Array.from(all);
}

/** A packet of these bytes. */
export function packetOf(pool: PbufPool, bytes: Uint8Array, headroom = 64): Pbuf {
  const p = pool.acquire(bytes.length, headroom)!;
  p.bytes.set(bytes, p.start);
  return p;
}

/** Takes `room` frames, then is full; keeps their bytes. */
export class FakeDriver implements LinkDriver {
  readonly medium: "ethernet" | "ip";
  readonly mtu: number;
  readonly maxHeaderLength = 0;
  readonly macAddress: MacAddress | undefined;
  readonly capabilities: LinkCapabilities;
  sink: LinkSink | undefined;
  room = Infinity;
  sent: Uint8Array[] = [];
  marks: { checksumStart: number; gsoSize: number; vlanTci: number }[] = [];
  flushes = 0;
  isClosed = false;
  onTransmit: (() => void) | undefined;

  constructor(
    options: { medium?: "ethernet" | "ip"; mtu?: number; mac?: MacAddress } & Partial<LinkCapabilities> = {},
  ) {
    this.medium = options.medium ?? "ethernet";
    this.mtu = options.mtu ?? 1500;
    this.macAddress = this.medium === "ethernet" ? options.mac ?? 0x02_00_00_00_00_0a : undefined;
    this.capabilities = {
      txChecksum: options.txChecksum ?? false,
      rxChecksum: options.rxChecksum ?? false,
      gsoMaxBytes: options.gsoMaxBytes ?? 0,
      gro: options.gro ?? false,
    };
  }

  attach(sink: LinkSink): void {
    this.sink = sink;
  }

  transmit(p: Pbuf): boolean {
    if (this.room === 0) return false;
    this.room--;
    this.sent.push(bytesOf(p));
    const checksumStart = p.checksumStart < 0 ? -1 : p.checksumStart - p.start;
    this.marks.push({ checksumStart, gsoSize: p.gsoSize, vlanTci: p.vlanTci });
    p.release();
    this.onTransmit?.();
    return true;
  }

  flush(): void {
    this.flushes++;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A network layer that records what it gets. */
export class FakeLayer implements NetworkLayer {
  received: { etherType: number; bytes: Uint8Array; flags: number; vlanTci: number; netifIndex: number }[] = [];
  events: string[] = [];

  networkInput(_netif: Netif, etherType: number, p: Pbuf): void {
    this.received.push({
      etherType,
      bytes: bytesOf(p),
      flags: p.flags,
      vlanTci: p.vlanTci,
      netifIndex: p.netifIndex,
    });
    this.events.push("input");
    p.release();
  }

  inputBatchEnd(): void {
    this.events.push("end");
  }

  netifChanged(netif: Netif): void {
    this.events.push(netif.isUp ? "up" : "down");
  }
}
