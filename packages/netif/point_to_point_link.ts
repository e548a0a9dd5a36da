/** {@linkcode PointToPointLink}: any channel that carries packets, as a link.
 *
 * @module
 */
import { copyTo, DEFAULT_HEADROOM, type Pbuf, type PbufPool } from "@lightwire/pbuf";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  type MacAddress,
  NO_OFFLOAD,
} from "./link.ts";

/** Options of a {@linkcode PointToPointLink}. */
export interface PointToPointLinkOptions {
  /** Where received packets are put. */
  readonly pool: PbufPool;
  /** Sends one packet; borrows the bytes until it returns.
   *
   * @returns false when the channel is full: the packet is offered again after {@linkcode PointToPointLink.writable}.
   */
  readonly send: (packet: Uint8Array) => boolean;
  /** Called when the stack has no more packets for now. */
  readonly onFlush?: () => void;
  /** Called once, when the interface is closed. */
  readonly onClose?: () => void;
  /** "ip" (default): packets start with their IP header; "ethernet": with an Ethernet header. */
  readonly medium?: "ethernet" | "ip";
  /** Default 1500. */
  readonly mtu?: number;
  /** Station address, on medium "ethernet". */
  readonly macAddress?: MacAddress;
}

/** Counters of a {@linkcode PointToPointLink}. */
export interface PointToPointLinkCounters {
  /** Packets received and dropped: longer than a frame of the medium, or after the end. */
  receiveErrors: number;
  /** Packets received and dropped because the pool had no slot. */
  receiveNoBuffers: number;
}

/** A link over whatever the program has: a tunnel, a VPN, a WebSocket, a message port. The program calls {@linkcode receive},
 * the link calls `send`.
 *
 * @example The two ends of a tunnel
 * ```ts
 * import { PointToPointLink } from "@lightwire/netif";
 * import { PbufPool } from "@lightwire/pbuf";
 * import assert from "node:assert/strict";
 *
 * const pool = new PbufPool([{ slotBytes: 2048, slots: 4 }]);
 * const sent: Uint8Array[] = [];
 * const link = new PointToPointLink({ pool, send: (packet) => sent.push(packet.slice()) > 0 });
 *
 * const p = pool.acquire(2)!;
 * p.view.setUint16(p.start, 0x4500);
 * assert(link.transmit(p));
 * assert.deepEqual(sent, [Uint8Array.of(0x45, 0x00)]);
 * link.receive(sent[0]!); // no interface is attached: dropped
 * assert.equal(pool.inUse, 0);
 * ```
 */
export class PointToPointLink implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number = 0;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress | undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities = NO_OFFLOAD;
  /** What went wrong so far. */
  readonly counters: PointToPointLinkCounters = { receiveErrors: 0, receiveNoBuffers: 0 };
  readonly #options: PointToPointLinkOptions;
  #sink: LinkSink | undefined = undefined;
  #isClosed = false;

  /** Makes a link; it has a carrier until {@linkcode setCarrier} says otherwise. */
  constructor(options: PointToPointLinkOptions) {
    this.#options = options;
    this.medium = options.medium ?? "ip";
    this.mtu = options.mtu ?? 1500;
    this.macAddress = this.medium === "ethernet" ? options.macAddress : undefined;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.#sink = sink;
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    if (this.#isClosed) {
      p.release();
      return true;
    }
    if (!this.#options.send(bytesOf(p))) return false;
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    this.#options.onFlush?.();
  }

  /** {@inheritDoc LinkDriver.close} */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose?.();
  }

  /** Hands one received packet, or several, to the stack; copies the bytes. Must not be called inside of `send`. */
  receive(...packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.#receiveOne(packet);
    this.#sink?.inputBatchEnd();
  }

  /** Tells the stack that the channel has room again. */
  writable(): void {
    this.#sink?.linkWritable();
  }

  /** Tells the stack that the channel came up, or broke. */
  setCarrier(isUp: boolean): void {
    this.#sink?.linkStateChanged(isUp);
  }

  #receiveOne(packet: Uint8Array): void {
    const most = this.medium === "ip" ? this.mtu : this.mtu + 18; // Ethernet header and VLAN tag
    if (this.#isClosed || packet.length > most) {
      this.counters.receiveErrors++;
      return;
    }
    const p = this.#options.pool.acquire(packet.length, DEFAULT_HEADROOM);
    if (p === undefined) {
      this.counters.receiveNoBuffers++;
      return;
    }
    p.bytes.set(packet, p.start);
    if (this.#sink === undefined) p.release();
    else this.#sink.linkInput(p);
  }
}

function bytesOf(p: Pbuf): Uint8Array {
  if (p.next === undefined) return p.bytes.subarray(p.start, p.end);
  const bytes = new Uint8Array(p.totalLength);
  copyTo(p, bytes);
  return bytes;
}
