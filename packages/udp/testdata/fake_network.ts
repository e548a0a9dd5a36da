/** A stand-in for IP: records what UDP sends, and makes what it receives. For tests. */
import { type Pbuf, PbufPool } from "@lightwire/pbuf";
import type { LinkDriver, NetErrorCode, Random } from "@lightwire/netif";
import { NO_OFFLOAD, Netif } from "@lightwire/netif";
import { EXCLUDE_NONE, type GroupMembership, type IpAddress, ipv4, type IpErrorInfo, type IpRxInfo, type IpTx, MulticastMembership, parseIpAddressOrThrow } from "@lightwire/ip";
import type { UdpIp } from "../mod.ts";

/** A sent datagram, transport header included. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly tos: number;
  readonly protocol: number;
  readonly dontFragment: boolean;
  readonly multicastLoop: boolean;
  readonly netif: Netif | undefined;
  readonly checksumStart: number;
}

/** Repeatable numbers (a linear congruential generator): no test depends on their quality. */
export function testRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    uint32(): number {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state ^ (state >>> 13)) >>> 0;
    },
  };
}

/** An interface that swallows everything. */
export function testNetif(name: string, index: number): Netif {
  const driver: LinkDriver = {
    medium: "ip",
    mtu: 1500,
    maxHeaderLength: 0,
    macAddress: undefined,
    capabilities: NO_OFFLOAD,
    attach() {},
    transmit(p) {
      p.release();
      return true;
    },
    flush() {},
    close() {},
  };
  return new Netif(driver, { name, index });
}

/** A text as an address. */
export function address(text: string): IpAddress {
  return parseIpAddressOrThrow(text);
}

export class FakeNetwork implements UdpIp {
  readonly pool = new PbufPool([{ slotBytes: 256, slots: 64 }, { slotBytes: 2048, slots: 64 }, { slotBytes: 67584, slots: 4 }]);
  readonly random = testRandom(1);
  readonly netif = testNetif("en0", 1);
  readonly local = [address("10.0.0.1")];
  readonly sent: Sent[] = [];
  readonly log: string[] = [];
  prepareResult: NetErrorCode | undefined = undefined;
  outputResult = true;
  canOffload = false;
  pathMtu = 1500;
  generation = 1;
  readonly groups = new MulticastMembership((netif, group, before, after) => {
    const show = (f: typeof before) => `${f.mode}(${f.sources.join()})`;
    this.log.push(`${netif.name} ${group} ${show(before)} > ${show(after)}`);
  });
  prepared = 0;
  flushed = 0;

  prepare(tx: IpTx): NetErrorCode | undefined {
    if (this.prepareResult !== undefined) return this.prepareResult;
    if (tx.generation === this.generation) return undefined;
    this.prepared++;
    tx.generation = this.generation;
    tx.netif = tx.boundNetif ?? this.netif;
    tx.pathMtu = this.pathMtu;
    tx.canOffloadChecksum = this.canOffload;
    if (tx.source.isUnspecified && !tx.allowUnspecifiedSource) tx.source = this.local[0]!;
    return undefined;
  }

  output(p: Pbuf, tx: IpTx): boolean {
    if (!this.outputResult) {
      p.release();
      return false;
    }
    this.sent.push({
      bytes: bytesOf(p),
      source: tx.source.toString(),
      destination: tx.destination.toString(),
      hopLimit: tx.hopLimit,
      tos: tx.tos,
      protocol: tx.protocol,
      dontFragment: tx.dontFragment,
      multicastLoop: tx.multicastLoop,
      netif: tx.netif,
      checksumStart: p.checksumStart < 0 ? -1 : p.checksumStart - p.start,
    });
    p.release();
    return true;
  }

  flush(): void {
    this.flushed++;
  }

  isLocalAddress(a: IpAddress): boolean {
    return this.local.some((l) => l.equals(a));
  }

  get interfaces() {
    const own = [{ netif: this.netif, isBroadcast: (bits: number) => bits === 0x0a0000ff }];
    return {
      local: (a: IpAddress) => this.isLocalAddress(a) ? { owner: own[0]! } : undefined,
      [Symbol.iterator]: () => own[Symbol.iterator](),
    };
  }

  joinGroup(netif: Netif, group: IpAddress, sources?: readonly IpAddress[]): GroupMembership | undefined {
    return this.groups.join(netif, group, sources === undefined ? EXCLUDE_NONE : { mode: "INCLUDE", sources });
  }

  /** A packet that holds `bytes`. */
  packet(bytes: Uint8Array): Pbuf {
    const p = this.pool.acquire(bytes.length)!;
    p.bytes.set(bytes, p.start);
    return p;
  }

  /** What IP would say about a packet. */
  rx(o: Partial<IpRxInfo> & { source?: IpAddress; destination?: IpAddress } = {}): IpRxInfo {
    return {
      netif: this.netif,
      source: ipv4(0x0a000002),
      destination: this.local[0]!,
      protocol: 17,
      hopLimit: 64,
      tos: 0,
      headerLength: 20,
      isBroadcast: false,
      isMulticast: false,
      ...o,
    };
  }

  /** An ICMP error which quotes a datagram. */
  error(kind: IpErrorInfo["kind"], localPort: number, remote: IpAddress, remotePort: number): IpErrorInfo {
    const quoted = new DataView(new ArrayBuffer(8));
    quoted.setUint16(0, localPort);
    quoted.setUint16(2, remotePort);
    return {
      kind,
      icmpType: 3,
      icmpCode: 3,
      reporter: remote,
      localAddress: this.local[0]!,
      remoteAddress: remote,
      protocol: 17,
      mtu: 0,
      quoted,
      quotedOffset: 0,
      quotedLength: 8,
    };
  }
}

/** All bytes of a packet. */
export function bytesOf(p: Pbuf): Uint8Array {
  const bytes = new Uint8Array(p.totalLength);
  let at = 0;
  for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
    bytes.set(node.bytes.subarray(node.start, node.end), at);
    at += node.end - node.start;
  }
  return bytes;
}

/** A UDP datagram without checksum. */
export function datagram(sourcePort: number, destinationPort: number, payload: string | Uint8Array): Uint8Array {
  const data = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const bytes = new Uint8Array(8 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, bytes.length);
  bytes.set(data, 8);
  return bytes;
}
