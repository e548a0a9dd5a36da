/** What the tests of this package share: a host whose every frame is captured, and a few frames to feed it. */
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  Netif,
  NO_OFFLOAD,
  seededRandom,
  TimerQueue,
} from "@lightwire/netif";
import { assertEquals } from "@std/assert";
import { type IpAddress, IpLayer, type IpOptions, IpTx, parseAddressAndLength, parseIpAddressOrThrow } from "../mod.ts";

/** Time that only moves when it is told to. */
export class ManualClock {
  time = 1000;
  now(): number {
    return this.time;
  }
}

/** A device that keeps a copy of what it is given, and delivers what it is told to. */
export class CaptureDriver implements LinkDriver {
  readonly sent: Uint8Array[] = [];
  readonly gsoSizes: number[] = [];
  readonly maxHeaderLength = 0;
  readonly macAddress: number | undefined;
  isFull = false;
  flushes = 0;
  sink!: LinkSink;

  constructor(
    readonlyPool: PbufPool,
    readonlyMedium: "ethernet" | "ip" = "ethernet",
    readonlyMtu = 1500,
    mac = 0x02_00_00_00_00_01,
    capabilities: LinkCapabilities = NO_OFFLOAD,
  ) {
    this.pool = readonlyPool;
    this.medium = readonlyMedium;
    this.mtu = readonlyMtu;
    this.macAddress = readonlyMedium === "ethernet" ? mac : undefined;
    this.capabilities = capabilities;
  }
  readonly pool: PbufPool;
  readonly medium: "ethernet" | "ip";
  readonly mtu: number;
  readonly capabilities: LinkCapabilities;

  attach(sink: LinkSink): void {
    this.sink = sink;
  }
  transmit(p: Pbuf): boolean {
    if (this.isFull) return false;
    this.sent.push(bytesOf(p));
    this.gsoSizes.push(p.gsoSize);
    p.release();
    return true;
  }
  flush(): void {
    this.flushes++;
  }
  close(): void {}

  /** Delivers one frame as a batch of its own. */
  receive(frame: Uint8Array, change?: (p: Pbuf) => void): void {
    const p = this.pool.acquire(frame.length, 64)!;
    p.bytes.set(frame, p.start);
    change?.(p);
    this.sink.linkInput(p);
    this.sink.inputBatchEnd();
  }
  /** The frames sent since the last call. */
  take(): Uint8Array[] {
    return this.sent.splice(0);
  }
}

export function bytesOf(p: Pbuf): Uint8Array {
  const out = new Uint8Array(p.totalLength);
  let at = 0;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    out.set(node.bytes.subarray(node.start, node.end), at);
    at += node.end - node.start;
  }
  return out;
}

export interface TestNetifOptions {
  medium?: "ethernet" | "ip";
  mtu?: number;
  mac?: number;
  capabilities?: LinkCapabilities;
  addresses?: string[];
  isLoopback?: boolean;
  isDown?: boolean;
}

/** A host on captured links, with time and memory of its own. */
export class TestHost {
  readonly clock = new ManualClock();
  readonly timers = new TimerQueue(this.clock);
  readonly pool = new PbufPool();
  readonly ip: IpLayer;
  readonly drivers: CaptureDriver[] = [];
  readonly netifs: Netif[] = [];

  constructor(options: IpOptions = {}, ...netifs: TestNetifOptions[]) {
    const host = { clock: this.clock, timers: this.timers, random: seededRandom(7), pool: this.pool };
    this.ip = new IpLayer(host, { announceAddresses: false, ...options });
    for (const o of netifs.length === 0 ? [{ addresses: ["10.0.0.1/24"] }] : netifs) this.addNetif(o);
  }

  addNetif(o: TestNetifOptions): Netif {
    const index = this.netifs.length + 1;
    const driver = new CaptureDriver(this.pool, o.medium, o.mtu, o.mac ?? 0x02_00_00_00_00_00 + index, o.capabilities);
    const netif = new Netif(driver, { name: `en${index - 1}`, index });
    this.drivers.push(driver);
    this.netifs.push(netif);
    this.ip.addNetif(netif, { isLoopback: o.isLoopback ?? false });
    if (!o.isDown) netif.setUp();
    for (const text of o.addresses ?? []) {
      const { address, length } = parseAddressAndLength(text)!;
      this.ip.addAddress(netif, address, length);
    }
    for (const driver of this.drivers) driver.take();
    return netif;
  }

  get driver(): CaptureDriver {
    return this.drivers[0]!;
  }
  get netif(): Netif {
    return this.netifs[0]!;
  }

  /** Makes a neighbour known for good. */
  neighbor(address: string, mac = 0x02_00_00_00_00_99, netif = this.netif): void {
    this.ip.neighbors.addStatic(netif, parseIpAddressOrThrow(address), mac);
  }

  /** Moves time, timer by timer. */
  advance(ms: number): void {
    const end = this.clock.time + ms;
    for (let next = this.timers.nextDeadline(); next <= end; next = this.timers.nextDeadline()) {
      this.clock.time = Math.max(next, this.clock.time);
      this.timers.runDue();
    }
    this.clock.time = end;
  }

  payload(length: number, fill = 0xa5): Pbuf {
    const p = this.pool.acquire(length)!;
    p.bytes.fill(fill, p.start, p.end);
    return p;
  }

  /** Everything that was taken from the pool is back. */
  assertBalanced(): void {
    assertEquals(this.pool.inUse, 0, "the pool does not balance");
  }
}

export function txTo(destination: string | IpAddress, protocol: number, o: Partial<IpTx> = {}): IpTx {
  const tx = new IpTx();
  tx.destination = typeof destination === "string" ? parseIpAddressOrThrow(destination) : destination;
  tx.protocol = protocol;
  return Object.assign(tx, o);
}

/** An Ethernet frame to the station `to`. */
export function frame(etherType: number, payload: Uint8Array, to = 0x02_00_00_00_00_01, from = 0x02_00_00_00_00_99): Uint8Array {
  const out = new Uint8Array(14 + payload.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, Math.floor(to / 2 ** 32));
  view.setUint32(2, to);
  view.setUint16(6, Math.floor(from / 2 ** 32));
  view.setUint32(8, from);
  view.setUint16(12, etherType);
  out.set(payload, 14);
  return out;
}

export interface PacketOptions {
  protocol?: number;
  ttl?: number;
  tos?: number;
  id?: number;
  flagsFragment?: number;
  options?: Uint8Array;
  /** Overrides the total length. */
  totalLength?: number;
}

/** An IPv4 packet, made without the code under test. */
export function packet(source: string, destination: string, payload: Uint8Array, o: PacketOptions = {}): Uint8Array {
  const optionsLength = o.options?.length ?? 0;
  const headerLength = 20 + optionsLength;
  const out = new Uint8Array(headerLength + payload.length);
  const view = new DataView(out.buffer);
  out[0] = 0x40 | (headerLength / 4);
  out[1] = o.tos ?? 0;
  view.setUint16(2, o.totalLength ?? out.length);
  view.setUint16(4, o.id ?? 1);
  view.setUint16(6, o.flagsFragment ?? 0);
  out[8] = o.ttl ?? 64;
  out[9] = o.protocol ?? 253;
  out.set(source.split(".").map(Number), 12);
  out.set(destination.split(".").map(Number), 16);
  if (o.options) out.set(o.options, 20);
  out.set(payload, headerLength);
  view.setUint16(10, checksum(out.subarray(0, headerLength)));
  return out;
}

/** The Internet checksum, the slow and plain way. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An ICMP message with a right checksum. */
export function icmp(type: number, code: number, rest: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const out = new Uint8Array(8 + data.length);
  const view = new DataView(out.buffer);
  out[0] = type;
  out[1] = code;
  view.setUint32(4, rest);
  out.set(data, 8);
  view.setUint16(2, checksum(out));
  return out;
}

/** An ARP packet. */
export function arp(operation: number, senderMac: number, sender: string, targetMac: number, target: string): Uint8Array {
  const out = new Uint8Array(28);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x0001_0800);
  view.setUint32(4, 0x0604_0000 + operation);
  view.setUint16(8, Math.floor(senderMac / 2 ** 32));
  view.setUint32(10, senderMac);
  out.set(sender.split(".").map(Number), 14);
  view.setUint16(18, Math.floor(targetMac / 2 ** 32));
  view.setUint32(20, targetMac);
  out.set(target.split(".").map(Number), 24);
  return out;
}

/** What a captured frame carries. */
export interface Decoded {
  to: number;
  etherType: number;
  payload: Uint8Array;
}

export function decode(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    to: view.getUint16(0) * 2 ** 32 + view.getUint32(2),
    etherType: view.getUint16(12),
    payload: bytes.subarray(14),
  };
}

/** An IPv4 packet taken apart, its header checksum checked. */
export interface DecodedPacket {
  tos: number;
  length: number;
  id: number;
  flagsFragment: number;
  ttl: number;
  protocol: number;
  source: string;
  destination: string;
  options: Uint8Array;
  payload: Uint8Array;
}

export function decodePacket(bytes: Uint8Array): DecodedPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = (bytes[0]! & 15) * 4;
  assertEquals(checksum(bytes.subarray(0, headerLength)), 0, "header checksum");
  assertEquals(view.getUint16(2), bytes.length, "total length");
  return {
    tos: bytes[1]!,
    length: view.getUint16(2),
    id: view.getUint16(4),
    flagsFragment: view.getUint16(6),
    ttl: bytes[8]!,
    protocol: bytes[9]!,
    source: bytes.subarray(12, 16).join("."),
    destination: bytes.subarray(16, 20).join("."),
    options: bytes.subarray(20, headerLength),
    payload: bytes.subarray(headerLength),
  };
}

/** The IPv4 packet of a captured Ethernet frame. */
export function ipOf(frameBytes: Uint8Array): DecodedPacket {
  const { etherType, payload } = decode(frameBytes);
  assertEquals(etherType, 0x0800);
  return decodePacket(payload);
}
