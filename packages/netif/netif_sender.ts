/** Data plane. {@linkcode NetifSender}: from a packet to the frame that a driver takes.
 *
 * @module
 */
import { clone, coalesce, completeChecksum, DEFAULT_HEADROOM, type Pbuf } from "@lightwire/pbuf";
import { ETHER_TYPE_VLAN, ETHERNET_HEADER_LENGTH, VLAN_TAG_LENGTH } from "./ethernet_header.ts";
import { GsoSegmenter } from "./gso.ts";
import type { MacAddress } from "./link.ts";
import { BROADCAST_MAC } from "./mac_address.ts";
import type { Netif } from "./netif.ts";
import type { NetifCounters } from "./netif_counters.ts";
import {
  DEFAULT_TRANSMIT_QUEUE_BYTES,
  DEFAULT_TRANSMIT_QUEUE_FRAMES,
  type NetifOptions,
} from "./netif_options.ts";
import { TransmitQueue } from "./transmit_queue.ts";

const GROUP_BIT = 0x0100; // IEEE 802: in the first 16 bits of an address

/** The sending half of a {@linkcode Netif}: puts the link header on, finishes in software what the driver does not offload, counts,
 * transmits or queues. Internal to `Netif`. */
export class NetifSender {
  /** Frames waiting for the driver. */
  readonly queue: TransmitQueue;
  /** Largest IP packet, in bytes. */
  mtu: number;
  readonly #netif: Netif;
  readonly #counters: NetifCounters;
  readonly #isEthernet: boolean;
  readonly #hasTxChecksum: boolean;
  readonly #gsoMaxBytes: number;
  readonly #vlanTci: number;
  readonly #segmenter: GsoSegmenter;
  #macHigh: number;
  #macLow: number;

  /** Makes the sending half.
   *
   * @param vlanTci tag of what is sent, or −1 for none.
   */
  constructor(netif: Netif, options: NetifOptions, vlanTci: number) {
    const { driver } = netif;
    this.queue = new TransmitQueue(
      driver,
      netif.counters,
      options.transmitQueueFrames ?? DEFAULT_TRANSMIT_QUEUE_FRAMES,
      options.transmitQueueBytes ?? DEFAULT_TRANSMIT_QUEUE_BYTES,
    );
    this.mtu = 0;
    this.#netif = netif;
    this.#counters = netif.counters;
    this.#isEthernet = driver.medium === "ethernet";
    this.#hasTxChecksum = driver.capabilities.txChecksum;
    this.#gsoMaxBytes = driver.capabilities.gsoMaxBytes;
    this.#vlanTci = vlanTci;
    this.#segmenter = new GsoSegmenter();
    this.#macHigh = 0;
    this.#macLow = 0;
  }

  /** Takes the address that sent frames carry. */
  setMac(mac: MacAddress): void {
    this.#macHigh = Math.floor(mac / 0x1_0000_0000);
    this.#macLow = mac >>> 0;
  }

  /** See {@linkcode Netif.output}. */
  output(p: Pbuf, etherType: number, destination: MacAddress): boolean {
    const high = Math.floor(destination / 0x1_0000_0000);
    if ((high & GROUP_BIT) === 0 || !this.#isEthernet) this.#counters.ifOutUcastPkts++;
    else if (destination === BROADCAST_MAC) this.#counters.ifOutBroadcastPkts++;
    else this.#counters.ifOutMulticastPkts++;
    if (!this.#netif.isUp) return this.#discard(p);
    const length = p.next === undefined ? p.end - p.start : p.totalLength;
    if (p.gsoSize > 0) {
      if (length <= this.mtu) p.gsoSize = 0;
      else if (length > this.#gsoMaxBytes) return this.#outputSegments(p, etherType, high, destination);
    } else if (length > this.mtu) {
      return this.#refuse(p);
    }
    return this.#outputFrame(p, length, etherType, high, destination);
  }

  /** See {@linkcode Netif.outputRaw}. */
  outputRaw(p: Pbuf): boolean {
    if (!this.#netif.isUp) return this.#discard(p);
    const length = p.totalLength;
    const most = this.#isEthernet ? this.mtu + ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH : this.mtu;
    if (length > most || p.gsoSize > 0) return this.#refuse(p);
    if (p.checksumStart >= 0 && !this.#hasTxChecksum && !completeChecksum(p)) return this.#refuse(p);
    return this.queue.transmit(p, length);
  }

  #outputFrame(p: Pbuf, length: number, etherType: number, high: number, destination: MacAddress): boolean {
    if (p.checksumStart >= 0 && !this.#hasTxChecksum && !completeChecksum(p)) return this.#refuse(p);
    if (!this.#isEthernet) return this.queue.transmit(p, length);
    let tci = this.#vlanTci;
    const hook = this.#netif.hooks.vlanSet;
    if (hook !== undefined) tci = hook(this.#netif, p, this.#netif.macAddress, destination, etherType);
    const headerLength = tci < 0 ? ETHERNET_HEADER_LENGTH : ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH;
    if (!p.prepend(headerLength)) {
      const moved = makeRoom(p, headerLength);
      if (moved === undefined) return this.#discard(p);
      p = moved;
    }
    const { view, start } = p;
    view.setUint16(start, high);
    view.setUint32(start + 2, destination);
    view.setUint16(start + 6, this.#macHigh);
    view.setUint32(start + 8, this.#macLow);
    if (tci >= 0) {
      view.setUint16(start + 12, ETHER_TYPE_VLAN);
      view.setUint16(start + 14, tci);
    }
    view.setUint16(start + headerLength - 2, etherType);
    p.vlanTci = -1;
    return this.queue.transmit(p, length + headerLength);
  }

  #outputSegments(p: Pbuf, etherType: number, high: number, destination: MacAddress): boolean {
    p = coalesce(p);
    const segmenter = this.#segmenter;
    if (p.next !== undefined || !segmenter.begin(p, this.#hasTxChecksum, this.mtu)) return this.#refuse(p);
    this.#counters.outSegmented++;
    let isSent = true;
    for (let segment = segmenter.next(); segment !== undefined; segment = segmenter.next()) {
      const length = segment.end - segment.start;
      if (!this.#outputFrame(segment, length, etherType, high, destination)) isSent = false;
    }
    if (segmenter.remaining > 0) {
      this.#counters.ifOutDiscards++;
      isSent = false;
    }
    segmenter.end();
    p.release();
    return isSent;
  }

  #discard(p: Pbuf): boolean {
    this.#counters.ifOutDiscards++;
    p.release();
    return false;
  }

  #refuse(p: Pbuf): boolean {
    this.#counters.ifOutErrors++;
    p.release();
    return false;
  }
}

/** A packet without headroom, or in shared memory, gets a node in front for its header.
 *
 * @returns `undefined`, with `p` still the caller's, when there is no memory.
 */
function makeRoom(p: Pbuf, headerLength: number): Pbuf | undefined {
  if (p.checksumStart >= 0 || p.gsoSize > 0) { // marks which count within the first node
    const copy = clone(p, DEFAULT_HEADROOM);
    if (copy === undefined || !copy.prepend(headerLength)) {
      copy?.release();
      return undefined;
    }
    p.release();
    return copy;
  }
  const header = p.pool.acquire(headerLength, DEFAULT_HEADROOM);
  if (header !== undefined) header.next = p;
  return header;
}
