/** Data plane. {@linkcode Bridge}: several Ethernets as one.
 *
 * @module
 */
import { clone, coalesce, completeChecksum, type Pbuf } from "@lightwire/pbuf";
import {
  ETHER_TYPE_VLAN,
  ETHERNET_HEADER_LENGTH,
  readMac,
  restoreVlanTag,
  VLAN_TAG_LENGTH,
} from "./ethernet_header.ts";
import { ForwardingDatabase } from "./forwarding_database.ts";
import { GsoSegmenter } from "./gso.ts";
import {
  type LinkCapabilities,
  type LinkDriver,
  type LinkSink,
  type MacAddress,
  NO_OFFLOAD,
} from "./link.ts";
import { isGroupMac, isStationMac } from "./mac_address.ts";
import { NetifCounters } from "./netif_counters.ts";
import { DEFAULT_TRANSMIT_QUEUE_BYTES, DEFAULT_TRANSMIT_QUEUE_FRAMES } from "./netif_options.ts";
import type { Clock } from "./clock.ts";
import { TransmitQueue } from "./transmit_queue.ts";

/** Ports of a bridge at most (lwIP's `BRIDGEIF_MAX_PORTS`). */
export const MAX_BRIDGE_PORTS = 7;
/** How long a learned address is kept, in milliseconds (IEEE 802.1D ageing time). */
export const DEFAULT_FDB_AGEING_MS = 300_000;
/** Addresses learned at most, by default. */
export const DEFAULT_FDB_ENTRIES = 1024;

// IEEE 802.1D table 7-10: 01:80:c2:00:00:0x belongs to the link and is never forwarded.
const RESERVED_HIGH = 0x0180c200_0000;
const RESERVED_LAST = 0x0180c200_000f;

/** Options of a {@linkcode Bridge}. */
export interface BridgeOptions {
  /** Ages the learned addresses. */
  readonly clock: Clock;
  /** The stack's own address on the bridge. */
  readonly macAddress: MacAddress;
  /** The Ethernets, 1 … {@linkcode MAX_BRIDGE_PORTS}; those of real devices must be promiscuous. */
  readonly ports: readonly LinkDriver[];
  /** Default {@linkcode DEFAULT_FDB_AGEING_MS}. */
  readonly ageingMs?: number;
  /** Default {@linkcode DEFAULT_FDB_ENTRIES}. */
  readonly fdbEntries?: number;
  /** Most frames waiting for a port; default {@linkcode DEFAULT_TRANSMIT_QUEUE_FRAMES}. */
  readonly portQueueFrames?: number;
}

/** A learning bridge (IEEE 802.1D without spanning tree). For the stack it is one driver, whose frames go to, and come from, all
 * ports; between the ports it forwards by itself. Its MTU is the smallest of the ports'. It completes what a port does
 * not offload (checksums, GSO) when it forwards. Without a spanning tree there must be no loop. */
export class Bridge implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium = "ethernet" as const;
  /** {@inheritDoc LinkDriver.mtu} */
  readonly mtu: number;
  /** {@inheritDoc LinkDriver.maxHeaderLength} */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: MacAddress;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** Which address is behind which ports. */
  readonly fdb: ForwardingDatabase;
  readonly #ports: BridgePort[];
  readonly #allPorts: number;
  #sink: LinkSink | undefined;
  #hasCarrier: boolean;
  #isStackWaiting: boolean;
  #hasInputForStack: boolean;

  /** Makes a bridge, and attaches it to its ports.
   *
   * @throws {RangeError} if there is no port, or too many, or one is no Ethernet, or the address is not a station's.
   */
  constructor(options: BridgeOptions) {
    const count = options.ports.length;
    const queueFrames = options.portQueueFrames ?? DEFAULT_TRANSMIT_QUEUE_FRAMES;
    if (count < 1 || count > MAX_BRIDGE_PORTS) {
      throw new RangeError(`Cannot bridge ${count} ports: 1 … ${MAX_BRIDGE_PORTS} can be`);
    }
    if (!isStationMac(options.macAddress)) throw new RangeError("Cannot bridge without a station address");
    this.mtu = smallestMtu(options.ports);
    this.maxHeaderLength = largestHeader(options.ports);
    this.macAddress = options.macAddress;
    this.capabilities = NO_OFFLOAD;
    this.fdb = new ForwardingDatabase(
      options.clock,
      options.ageingMs ?? DEFAULT_FDB_AGEING_MS,
      options.fdbEntries ?? DEFAULT_FDB_ENTRIES,
    );
    this.#ports = [];
    this.#allPorts = (1 << count) - 1;
    this.#sink = undefined;
    this.#hasCarrier = true;
    this.#isStackWaiting = false;
    this.#hasInputForStack = false;
    for (let i = 0; i < count; i++) {
      const driver = options.ports[i]!;
      if (driver.medium !== "ethernet") throw new RangeError(`Cannot bridge port ${i}: it is no Ethernet`);
      this.#ports.push(new BridgePort(this, i, driver, queueFrames));
    }
    for (let i = 0; i < count; i++) options.ports[i]!.attach(this.#ports[i]!);
  }

  /** What went through a port, seen from the bridge: "in" came from its Ethernet.
   *
   * @throws {RangeError} if there is no such port.
   */
  portCounters(port: number): Readonly<NetifCounters> {
    const p = this.#ports[port];
    if (p === undefined) throw new RangeError(`Cannot show port ${port}: there is none`);
    return p.counters;
  }

  /** {@inheritDoc LinkDriver.attach} */
  attach(sink: LinkSink): void {
    this.#sink = sink;
  }

  /** {@inheritDoc LinkDriver.transmit} False when the only port it goes to is congested. */
  transmit(p: Pbuf): boolean {
    if (p.end - p.start < ETHERNET_HEADER_LENGTH) {
      p.release();
      return true;
    }
    const mask = this.fdb.lookup(readMac(p.view, p.start)) & this.#allPorts;
    for (let i = 0; i < this.#ports.length; i++) {
      if (mask === 1 << i && this.#ports[i]!.queue.isCongested) {
        this.#isStackWaiting = true;
        return false;
      }
    }
    this.#send(p, mask);
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    for (let i = 0; i < this.#ports.length; i++) this.#ports[i]!.flush();
  }

  /** {@inheritDoc LinkDriver.close} */
  close(): void {
    for (let i = 0; i < this.#ports.length; i++) this.#ports[i]!.close();
    this.#sink = undefined;
  }

  /** A frame came in by a port; takes ownership. For {@linkcode BridgePort} only. */
  portInput(port: number, p: Pbuf): void {
    if (p.next !== undefined) p = coalesce(p, p.start);
    if (p.next !== undefined || p.end - p.start < ETHERNET_HEADER_LENGTH) {
      this.#ports[port]!.counters.ifInErrors++;
      p.release();
      return;
    }
    const destination = readMac(p.view, p.start);
    const source = readMac(p.view, p.start + 6);
    if (source === this.macAddress) { // our own frame: it went round a loop
      this.#ports[port]!.counters.inFiltered++;
      p.release();
      return;
    }
    if (isStationMac(source)) this.fdb.learn(source, port);
    const isGroup = isGroupMac(destination);
    let mask = 0;
    if (destination !== this.macAddress && (destination < RESERVED_HIGH || destination > RESERVED_LAST)) {
      mask = this.fdb.lookup(destination) & this.#allPorts & ~(1 << port);
    }
    if (isGroup || destination === this.macAddress) {
      const copy = mask === 0 ? p : clone(p, p.start);
      if (copy !== undefined && this.#sink !== undefined) {
        this.#hasInputForStack = true;
        this.#sink.linkInput(copy);
      } else {
        copy?.release();
      }
      if (mask === 0) return;
    }
    if (mask === 0) {
      this.#ports[port]!.counters.inFiltered++;
      p.release();
      return;
    }
    if (p.vlanTci >= 0 && !restoreVlanTag(p)) {
      const moved = clone(p);
      p.release();
      if (moved === undefined) return;
      restoreVlanTag(moved);
      p = moved;
    }
    this.#send(p, mask);
  }

  /** A port has no more frames for now. For {@linkcode BridgePort} only. */
  portBatchEnd(): void {
    this.flush();
    if (!this.#hasInputForStack) return;
    this.#hasInputForStack = false;
    this.#sink?.inputBatchEnd();
  }

  /** A port is not congested any more. For {@linkcode BridgePort} only. */
  portWritable(): void {
    if (!this.#isStackWaiting) return;
    this.#isStackWaiting = false;
    this.#sink?.linkWritable();
  }

  /** A port's carrier came or went. For {@linkcode BridgePort} only. */
  portStateChanged(port: number, isUp: boolean): void {
    if (!isUp) this.fdb.forgetPort(port);
    let hasCarrier = false;
    for (let i = 0; i < this.#ports.length; i++) hasCarrier ||= this.#ports[i]!.hasCarrier;
    if (hasCarrier === this.#hasCarrier) return;
    this.#hasCarrier = hasCarrier;
    this.#sink?.linkStateChanged(hasCarrier);
  }

  /** Sends a frame out of every port of a mask, and takes ownership: the last one gets the frame, the others copies. */
  #send(p: Pbuf, mask: number): void {
    for (let i = 0; i < this.#ports.length; i++) {
      if ((mask & 1 << i) === 0) continue;
      const isLast = mask >>> (i + 1) === 0;
      const frame = isLast ? p : clone(p, p.start);
      if (frame !== undefined) this.#ports[i]!.send(frame);
      else this.#ports[i]!.counters.ifOutDiscards++;
      if (isLast) return;
    }
    p.release();
  }
}

/** One port of a bridge: the sink of its driver. */
class BridgePort implements LinkSink {
  readonly index: number;
  readonly driver: LinkDriver;
  readonly counters: NetifCounters;
  readonly queue: TransmitQueue;
  hasCarrier: boolean;
  readonly #bridge: Bridge;
  readonly #segmenter: GsoSegmenter;

  constructor(bridge: Bridge, index: number, driver: LinkDriver, queueFrames: number) {
    this.index = index;
    this.driver = driver;
    this.counters = new NetifCounters();
    this.queue = new TransmitQueue(driver, this.counters, queueFrames, DEFAULT_TRANSMIT_QUEUE_BYTES);
    this.hasCarrier = true;
    this.#bridge = bridge;
    this.#segmenter = new GsoSegmenter();
  }

  send(p: Pbuf): void {
    const { capabilities, mtu } = this.driver;
    const length = p.end - p.start;
    this.counters.ifOutUcastPkts++;
    if (!this.hasCarrier) {
      this.counters.ifOutDiscards++;
      p.release();
      return;
    }
    if (length > mtu + ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH && length > capabilities.gsoMaxBytes) {
      this.#sendSegments(p, mtu, capabilities.txChecksum);
      return;
    }
    if (length <= mtu + ETHERNET_HEADER_LENGTH) p.gsoSize = 0;
    if (p.checksumStart >= 0 && !capabilities.txChecksum && !completeChecksum(p)) {
      this.counters.ifOutErrors++;
      p.release();
      return;
    }
    this.queue.transmit(p, p.totalLength);
  }

  flush(): void {
    this.queue.flush();
  }

  close(): void {
    this.queue.clear();
    this.driver.close();
  }

  linkInput(p: Pbuf): void {
    this.counters.ifInOctets += p.totalLength;
    this.counters.ifInUcastPkts++;
    this.#bridge.portInput(this.index, p);
  }

  inputBatchEnd(): void {
    this.#bridge.portBatchEnd();
  }

  linkStateChanged(isUp: boolean): void {
    this.hasCarrier = isUp;
    if (!isUp && this.queue.clear()) this.#bridge.portWritable();
    this.#bridge.portStateChanged(this.index, isUp);
  }

  linkWritable(): void {
    if (this.queue.drain()) this.#bridge.portWritable();
  }

  /** Cuts a super-segment for a port that cannot, each piece behind a copy of the Ethernet header. */
  #sendSegments(p: Pbuf, mtu: number, keepsPartialChecksum: boolean): void {
    const headerAt = p.start;
    const isTagged = p.view.getUint16(headerAt + 12) === ETHER_TYPE_VLAN;
    const headerLength = isTagged ? ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH : ETHERNET_HEADER_LENGTH;
    p.consume(headerLength);
    const segmenter = this.#segmenter;
    if (!segmenter.begin(p, keepsPartialChecksum, mtu)) {
      this.counters.ifOutErrors++;
      p.release();
      return;
    }
    for (let s = segmenter.next(); s !== undefined; s = segmenter.next()) {
      s.prepend(headerLength);
      for (let i = 0; i < headerLength; i++) s.bytes[s.start + i] = p.bytes[headerAt + i]!;
      this.queue.transmit(s, s.end - s.start);
    }
    if (segmenter.remaining > 0) this.counters.ifOutDiscards++;
    segmenter.end();
    p.release();
  }
}

function smallestMtu(drivers: readonly LinkDriver[]): number {
  let value = Infinity;
  for (const driver of drivers) value = Math.min(value, driver.mtu);
  return value;
}

function largestHeader(drivers: readonly LinkDriver[]): number {
  let value = 0;
  for (const driver of drivers) value = Math.max(value, driver.maxHeaderLength);
  return value;
}
