/** Data plane. {@linkcode UdpOutput}: datagrams on their way down.
 *
 * @module
 */
import { concatenate, DEFAULT_HEADROOM, type Pbuf, type PbufPool } from "@lightwire/pbuf";
import type { NetErrorCode, Netif } from "@lightwire/netif";
import type { IpAddress, IpTx } from "@lightwire/ip";
import type { GroupJoiner } from "./multicast_memberships.ts";
import type { UdpCounters } from "./udp_counters.ts";
import type { UdpEndpoint } from "./udp_endpoint.ts";
import { deferUdpChecksum, emitUdpHeader, fillUdpChecksum, UDP_HEADER_LENGTH } from "./udp_header.ts";

/** What UDP needs of the IP layer; `IpLayer` of `@lightwire/ip` has it. */
export interface UdpIp extends GroupJoiner {
  /** Changes with routes and addresses; see `IpTx.generation`. */
  readonly generation: number;
  /** Our interfaces and addresses. */
  readonly interfaces: UdpInterfaces;
  /** Resolves route, source and path MTU of a flow. */
  prepare(tx: IpTx): NetErrorCode | undefined;
  /** Sends a packet of a prepared flow; takes ownership. False: dropped now. */
  output(p: Pbuf, tx: IpTx): boolean;
  /** Ends a batch of output. */
  flush(): void;
  /** Whether packets to an address are for us, by unicast. */
  isLocalAddress(address: IpAddress): boolean;
}

/** What UDP asks about interfaces. */
export interface UdpInterfaces extends Iterable<UdpInterface> {
  /** The owner of an address of ours. */
  local(address: IpAddress): { readonly owner: UdpInterface } | undefined;
}

/** What UDP asks about one interface. */
export interface UdpInterface {
  /** The interface. */
  readonly netif: Netif;
  /** Whether the 32 bits are a directed broadcast address of it. */
  isBroadcast(bits: number): boolean;
}

/** The downward half, of UDP and UDP-Lite. */
export class UdpOutput {
  /** A receiver's callback is running: IP flushes at the end of the batch. */
  isInputUnderWay: boolean;
  /** See `UdpLayer.onFlushNeeded`. */
  onFlushNeeded: (() => void) | undefined;
  /** Where packets go. */
  readonly ip: UdpIp;
  readonly #pool: PbufPool;
  readonly #counters: UdpCounters;

  /** Nothing is sent yet.
   *
   * @param ip where packets go.
   */
  constructor(ip: UdpIp, pool: PbufPool, counters: UdpCounters) {
    this.isInputUnderWay = false;
    this.onFlushNeeded = undefined;
    this.ip = ip;
    this.#pool = pool;
    this.#counters = counters;
  }

  /** A packet with room for `length` bytes of payload and all headers. */
  acquire(length: number): Pbuf | undefined {
    const p = this.#pool.acquire(length, DEFAULT_HEADROOM);
    if (p === undefined) this.#counters.outNoBuffers++;
    return p;
  }

  /** Resolves a flow. */
  prepare(tx: IpTx): NetErrorCode | undefined {
    return tx.destination.isLimitedBroadcast && !tx.allowBroadcast ? "ACCESS_DENIED" : this.ip.prepare(tx);
  }

  /** Sends `p` as a payload; takes ownership. */
  send(from: UdpEndpoint, p: Pbuf, tx: IpTx, remotePort: number): NetErrorCode | undefined {
    let code = this.prepare(tx);
    const length = (p.next === undefined ? p.end - p.start : p.totalLength) + UDP_HEADER_LENGTH;
    const isIpv4 = tx.destination.family === 4;
    const ipHeaderLength = !isIpv4 ? 40 : tx.options === undefined ? 20 : 20 + tx.options.length;
    if (code === undefined && length + (isIpv4 ? ipHeaderLength : 0) > 65535) code = "MESSAGE_TOO_LONG";
    const fitsPath = length + ipHeaderLength <= tx.pathMtu;
    if (code === undefined && from.dontFragment && !fitsPath) code = "MESSAGE_TOO_LONG";
    if (code !== undefined) {
      this.#counters.outRefused++;
      p.release();
      return code;
    }
    const packet = this.#addHeaderRoom(p);
    if (packet === undefined) return "NO_BUFFERS";
    if (from.isLite) emitLite(packet, from, tx, remotePort, length);
    else {
      emitUdpHeader(packet, from.localPort, remotePort, length);
      // A field left 0 says "no checksum generated" (RFC 768).
      if (!from.noChecksum || !isIpv4) {
        if (tx.canOffloadChecksum && fitsPath) {
          deferUdpChecksum(packet, tx.source, tx.destination, tx.protocol, length);
        } else fillUdpChecksum(packet, tx.source, tx.destination, tx.protocol, length, length);
      }
    }
    if (!this.ip.output(packet, tx)) {
      this.#counters.outNoBuffers++;
      return "NO_BUFFERS";
    }
    this.#counters.udpOutDatagrams++;
    if (!this.isInputUnderWay) {
      if (this.onFlushNeeded !== undefined) this.onFlushNeeded();
      else this.ip.flush();
    }
    return undefined;
  }

  /** Makes room for the header in front: in the packet, or in a node of its own where that is shared or foreign. */
  #addHeaderRoom(p: Pbuf): Pbuf | undefined {
    if (p.refCount === 1 && p.prepend(UDP_HEADER_LENGTH)) {
      p.flags = 0;
      p.checksumStart = -1;
      p.gsoSize = 0;
      p.vlanTci = -1;
      return p;
    }
    const head = this.#pool.acquire(UDP_HEADER_LENGTH, DEFAULT_HEADROOM);
    if (head === undefined) {
      this.#counters.outNoBuffers++;
      p.release();
      return undefined;
    }
    concatenate(head, p);
    return head;
  }
}

/** Header and checksum of UDP-Lite: what is longer than the datagram, or 0, covers all (RFC 3828 §3.1). */
function emitLite(p: Pbuf, from: UdpEndpoint, tx: IpTx, remotePort: number, length: number): void {
  const coverage = from.sendCoverage === 0 || from.sendCoverage > length ? length : from.sendCoverage;
  emitUdpHeader(p, from.localPort, remotePort, coverage === length ? 0 : coverage);
  fillUdpChecksum(p, tx.source, tx.destination, tx.protocol, length, coverage);
}
