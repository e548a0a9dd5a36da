/** Data plane. {@linkcode Netif}: one network interface, between a link driver and the network layer.
 *
 * @module
 */
import {
  clone,
  coalesce,
  completeChecksum,
  DEFAULT_HEADROOM,
  type Pbuf,
  PBUF_CHECKSUM_VERIFIED,
  PBUF_LINK_BROADCAST,
  PBUF_LINK_MULTICAST,
  PBUF_LINK_OTHER_HOST,
} from "@lightwire/pbuf";
import {
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
  ETHER_TYPE_MIN,
  ETHER_TYPE_VLAN,
  ETHERNET_HEADER_LENGTH,
  stripVlanTag,
  VLAN_TAG_LENGTH,
} from "./ethernet_header.ts";
import { GsoSegmenter } from "./gso.ts";
import type { LinkDriver, LinkSink, MacAddress } from "./link.ts";
import { ListenerSet } from "./listener_set.ts";
import { BROADCAST_MAC, isStationMac } from "./mac_address.ts";
import {
  NETIF_LINK_CHANGED,
  NETIF_MAC_CHANGED,
  NETIF_MTU_CHANGED,
  NETIF_STATUS_CHANGED,
  type NetifChangeListener,
} from "./netif_change.ts";
import { NetifCounters } from "./netif_counters.ts";
import {
  DEFAULT_TRANSMIT_QUEUE_BYTES,
  DEFAULT_TRANSMIT_QUEUE_FRAMES,
  type EtherTypeHandler,
  type NetifHooks,
  type NetifOptions,
  type NetworkLayer,
} from "./netif_options.ts";
import { TransmitQueue } from "./transmit_queue.ts";

const MIN_MTU = 68; // RFC 791 §3.2: what every internet module must be able to forward
const GROUP_BIT = 0x0100; // IEEE 802: in the first 16 bits of an address

/** One network interface: a driver, its state, its counters and its transmit queue.
 *
 * Traffic flows once it is set up ({@linkcode setUp}) and as long as the driver has a carrier; a driver that never says
 * otherwise has one. */
export class Netif implements LinkSink {
  /** Name, like "en0". */
  readonly name: string;
  /** Number ≥ 1, unique in the stack. */
  readonly index: number;
  /** The device below. */
  readonly driver: LinkDriver;
  /** What has happened so far. */
  readonly counters: NetifCounters;
  /** Where a program may take part. */
  readonly hooks: NetifHooks;
  /** Hand up frames for other stations too, marked `PBUF_LINK_OTHER_HOST`. */
  promiscuous: boolean;
  /** Hand up frames for all groups, joined or not. */
  allMulticast: boolean;
  /** Host name that DHCP announces here, or `undefined`. */
  hostname: string | undefined;
  #macAddress: MacAddress;
  #macHigh: number;
  #macLow: number;
  #mtu: number;
  #layer: NetworkLayer | undefined;
  #isAdminUp: boolean;
  #hasCarrier: boolean;
  #isUp: boolean;
  readonly #isEthernet: boolean;
  readonly #hasTxChecksum: boolean;
  readonly #gsoMaxBytes: number;
  readonly #vlanTci: number;
  readonly #acceptsAllVlans: boolean;
  readonly #inputFlags: number;
  readonly #queue: TransmitQueue;
  readonly #segmenter: GsoSegmenter;
  readonly #groups: Map<MacAddress, number>;
  readonly #handlers: Map<number, EtherTypeHandler>;
  readonly #writable: ListenerSet<[netif: Netif]>;
  readonly #changes: ListenerSet<Parameters<NetifChangeListener>>;

  /** Makes an interface, which is down.
   *
   * @param driver attached at once.
   * @throws {TypeError} if an Ethernet driver has no station address and none is given.
   * @throws {RangeError} if an option is out of its range.
   */
  constructor(driver: LinkDriver, options: NetifOptions) {
    this.name = options.name;
    this.index = options.index;
    this.driver = driver;
    this.counters = new NetifCounters();
    this.hooks = { vlanCheck: undefined, vlanSet: undefined, unknownEthProtocol: undefined };
    this.promiscuous = options.promiscuous ?? false;
    this.allMulticast = options.allMulticast ?? true;
    this.hostname = options.hostname;
    this.#macAddress = 0;
    this.#macHigh = 0;
    this.#macLow = 0;
    this.#mtu = 0;
    this.#layer = undefined;
    this.#isAdminUp = false;
    this.#hasCarrier = true;
    this.#isUp = false;
    this.#isEthernet = driver.medium === "ethernet";
    this.#hasTxChecksum = driver.capabilities.txChecksum;
    this.#gsoMaxBytes = driver.capabilities.gsoMaxBytes;
    this.#vlanTci = options.vlan === undefined ? -1 : vlanTciOf(options.vlan.id, options.vlan.priority ?? 0);
    this.#acceptsAllVlans = options.acceptAllVlans ?? false;
    this.#inputFlags = options.trustReceivedChecksums ? PBUF_CHECKSUM_VERIFIED : 0;
    this.#queue = new TransmitQueue(
      driver,
      this.counters,
      options.transmitQueueFrames ?? DEFAULT_TRANSMIT_QUEUE_FRAMES,
      options.transmitQueueBytes ?? DEFAULT_TRANSMIT_QUEUE_BYTES,
    );
    this.#segmenter = new GsoSegmenter();
    this.#groups = new Map();
    this.#handlers = new Map();
    this.#writable = new ListenerSet();
    this.#changes = new ListenerSet();
    this.#storeMtu(options.mtu ?? driver.mtu);
    if (this.#isEthernet) {
      const mac = options.macAddress ?? driver.macAddress;
      if (mac === undefined) {
        throw new TypeError(`Cannot use interface ${this.name} without a station address`);
      }
      this.#storeMac(mac);
    }
    driver.attach(this);
  }

  /** Station address, 0 on medium "ip". */
  get macAddress(): MacAddress {
    return this.#macAddress;
  }

  /** Largest IP packet, in bytes. */
  get mtu(): number {
    return this.#mtu;
  }

  /** Whether traffic flows: administratively up and carrier present. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether it was set up. */
  get isAdminUp(): boolean {
    return this.#isAdminUp;
  }

  /** Whether the driver has a carrier. */
  get hasCarrier(): boolean {
    return this.#hasCarrier;
  }

  /** Whether a sender of bulk data should go on: the transmit queue is less than half full. What must go out anyway (an
   * acknowledgement, a request) may be handed to {@linkcode output} all the same. Once it is false,
   * {@linkcode onWritable} follows. */
  get hasQueueSpace(): boolean {
    return !this.#queue.isCongested;
  }

  /** Frames waiting for the driver. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Names the layer that gets what comes in. */
  attach(layer: NetworkLayer): void {
    this.#layer = layer;
  }

  /** Takes frames of one EtherType for a handler, or for nobody when that is `undefined`; type 0 stands for all frames with a
   * length in place of a type (IEEE 802.3). IPv4, ARP and IPv6 belong to the network layer.
   *
   * @throws {RangeError} if the type belongs to the network layer, or another handler has it.
   */
  registerEtherType(etherType: number, handler: EtherTypeHandler | undefined): void {
    if (isNetworkLayerType(etherType) || (handler !== undefined && this.#handlers.has(etherType))) {
      throw new RangeError(
        `Cannot register EtherType 0x${etherType.toString(16)} on ${this.name}: it is taken`,
      );
    }
    if (handler === undefined) this.#handlers.delete(etherType);
    else this.#handlers.set(etherType, handler);
  }

  /** Lets traffic flow, given a carrier. */
  setUp(): void {
    this.#setState(true, this.#hasCarrier, NETIF_STATUS_CHANGED);
  }

  /** Stops traffic; what waits in the transmit queue is dropped and counted. */
  setDown(): void {
    this.#setState(false, this.#hasCarrier, NETIF_STATUS_CHANGED);
  }

  /** Sets the MTU. @throws {RangeError} if it is below 68 or above the driver's. */
  setMtu(mtu: number): void {
    if (mtu === this.#mtu) return;
    this.#storeMtu(mtu);
    this.notifyChange(NETIF_MTU_CHANGED);
  }

  /** Sets the station address. @throws {RangeError} if it is not a station's, or the medium has none. */
  setMacAddress(mac: MacAddress): void {
    if (mac === this.#macAddress) return;
    if (!this.#isEthernet) {
      throw new RangeError(`Cannot set a station address on ${this.name}: its medium has none`);
    }
    this.#storeMac(mac);
    this.notifyChange(NETIF_MAC_CHANGED);
  }

  /** Accepts frames for a group, which matters when {@linkcode allMulticast} is false; calls are counted. */
  joinMulticastFilter(mac: MacAddress): void {
    this.#groups.set(mac, (this.#groups.get(mac) ?? 0) + 1);
  }

  /** Undoes one {@linkcode joinMulticastFilter}. */
  leaveMulticastFilter(mac: MacAddress): void {
    const count = this.#groups.get(mac) ?? 0;
    if (count > 1) this.#groups.set(mac, count - 1);
    else this.#groups.delete(mac);
  }

  /** Calls back when {@linkcode hasQueueSpace} becomes true again. @returns what ends that. */
  onWritable(callback: (netif: Netif) => void): () => void {
    return this.#writable.add(callback);
  }

  /** Calls back after changes of state, MTU, addresses. @returns what ends that. */
  onChange(listener: NetifChangeListener): () => void {
    return this.#changes.add(listener);
  }

  /** Tells the network layer (for reasons of our own) and every listener. For layers above which report the address
   * reasons of `netif_change.ts`. */
  notifyChange(reasons: number, details?: unknown): void {
    const own = NETIF_LINK_CHANGED | NETIF_STATUS_CHANGED | NETIF_MTU_CHANGED | NETIF_MAC_CHANGED;
    if ((reasons & own) !== 0 && this.#layer !== undefined) this.#layer.netifChanged(this);
    this.#changes.notify(this, reasons, details);
  }

  /** Sets it down and closes the driver. */
  close(): void {
    this.setDown();
    this.driver.close();
  }

  /** Sends one network-layer packet to a station: prepends the Ethernet header (and VLAN tag) where the
   * medium has one, completes in software what the driver does not offload (checksum, GSO), and
   * transmits or queues. Takes ownership of `p` in any case.
   *
   * @returns false when `p` was dropped and counted: the queue is full, the interface down, the packet impossible.
   */
  output(p: Pbuf, etherType: number, destination: MacAddress): boolean {
    const high = Math.floor(destination / 0x1_0000_0000);
    if ((high & GROUP_BIT) === 0 || !this.#isEthernet) this.counters.ifOutUcastPkts++;
    else if (destination === BROADCAST_MAC) this.counters.ifOutBroadcastPkts++;
    else this.counters.ifOutMulticastPkts++;
    if (!this.#isUp) return this.#discard(p);
    const length = p.next === undefined ? p.end - p.start : p.totalLength;
    if (p.gsoSize > 0) {
      if (length <= this.#mtu) p.gsoSize = 0;
      else if (length > this.#gsoMaxBytes) return this.#outputSegments(p, etherType, high, destination);
    } else if (length > this.#mtu) {
      return this.#refuse(p);
    }
    return this.#outputFrame(p, length, etherType, high, destination);
  }

  /** Sends one complete frame as it is: its Ethernet header is in place, the source address may be any. For bridges and
   * raw endpoints. Takes ownership of `p`.
   *
   * @returns false when it was dropped and counted.
   */
  outputRaw(p: Pbuf): boolean {
    if (!this.#isUp) return this.#discard(p);
    const length = p.totalLength;
    const most = this.#isEthernet ? this.#mtu + ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH : this.#mtu;
    if (length > most || p.gsoSize > 0) return this.#refuse(p);
    if (p.checksumStart >= 0 && !this.#hasTxChecksum && !completeChecksum(p)) return this.#refuse(p);
    return this.#queue.transmit(p, length);
  }

  /** Ends a batch of {@linkcode output}: the driver writes out. */
  flush(): void {
    this.#queue.flush();
  }

  /** {@inheritDoc LinkSink.linkInput} */
  linkInput(p: Pbuf): void {
    if (this.#queue.isTransmitting) this.#refuseReentry();
    const counters = this.counters;
    if (p.next !== undefined) p = coalesce(p, p.start);
    counters.ifInOctets += p.end - p.start;
    if (!this.#isUp || p.next !== undefined) {
      counters.ifInDiscards++;
      p.release();
      return;
    }
    p.netifIndex = this.index;
    p.flags |= this.#inputFlags;
    if (p.checksumStart >= 0) p.flags |= PBUF_CHECKSUM_VERIFIED; // it never left the host (virtio NEEDS_CSUM)
    if (this.#isEthernet) this.#ethernetInput(p);
    else this.#ipInput(p);
  }

  /** {@inheritDoc LinkSink.inputBatchEnd} */
  inputBatchEnd(): void {
    if (this.#layer !== undefined) this.#layer.inputBatchEnd(this);
    if (this.#handlers.size > 0) {
      for (const handler of this.#handlers.values()) handler.inputBatchEnd(this);
    }
  }

  /** {@inheritDoc LinkSink.linkStateChanged} */
  linkStateChanged(isUp: boolean): void {
    this.#setState(this.#isAdminUp, isUp, NETIF_LINK_CHANGED);
  }

  /** {@inheritDoc LinkSink.linkWritable} */
  linkWritable(): void {
    if (this.#queue.drain()) this.#writable.notify(this);
  }

  #ethernetInput(p: Pbuf): void {
    const { view, start } = p;
    if (p.end - start < ETHERNET_HEADER_LENGTH) {
      this.counters.ifInErrors++;
      p.release();
      return;
    }
    const high = view.getUint16(start);
    const low = view.getUint32(start + 2);
    if (high === this.#macHigh && low === this.#macLow) {
      // For us alone: the usual case.
    } else if ((high & GROUP_BIT) !== 0) {
      if (high === 0xffff && low === 0xffffffff) {
        p.flags |= PBUF_LINK_BROADCAST;
      } else {
        p.flags |= PBUF_LINK_MULTICAST;
        if (!this.allMulticast && !this.promiscuous && !this.#groups.has(high * 0x1_0000_0000 + low)) {
          return this.#filter(p);
        }
      }
    } else if (this.promiscuous) {
      p.flags |= PBUF_LINK_OTHER_HOST;
    } else {
      return this.#filter(p);
    }
    let etherType = view.getUint16(start + 12);
    if (etherType === ETHER_TYPE_VLAN) {
      if (!stripVlanTag(p)) {
        this.counters.ifInErrors++;
        p.release();
        return;
      }
      etherType = view.getUint16(p.start + 12);
    }
    if ((p.vlanTci >= 0 || this.#vlanTci >= 0) && !this.#acceptsVlan(p)) return this.#filter(p);
    p.start += ETHERNET_HEADER_LENGTH;
    this.#deliver(etherType, p);
  }

  #ipInput(p: Pbuf): void {
    if (p.end === p.start) {
      this.counters.ifInErrors++;
      p.release();
      return;
    }
    const version = p.view.getUint8(p.start) >>> 4;
    this.#deliver(version === 4 ? ETHER_TYPE_IPV4 : version === 6 ? ETHER_TYPE_IPV6 : 0, p);
  }

  #deliver(etherType: number, p: Pbuf): void {
    const counters = this.counters;
    const isForLayer = isNetworkLayerType(etherType);
    const handler = isForLayer || this.#handlers.size === 0
      ? undefined
      : this.#handlers.get(etherType < ETHER_TYPE_MIN ? 0 : etherType);
    if (isForLayer ? this.#layer === undefined : handler === undefined) {
      if (isForLayer) {
        counters.ifInDiscards++;
      } else if (
        this.hooks.unknownEthProtocol !== undefined && this.hooks.unknownEthProtocol(this, etherType, p)
      ) {
        return;
      } else {
        counters.ifInUnknownProtos++;
      }
      p.release();
      return;
    }
    if ((p.flags & (PBUF_LINK_BROADCAST | PBUF_LINK_MULTICAST)) === 0) counters.ifInUcastPkts++;
    else if ((p.flags & PBUF_LINK_BROADCAST) !== 0) counters.ifInBroadcastPkts++;
    else counters.ifInMulticastPkts++;
    if (isForLayer) this.#layer!.networkInput(this, etherType, p);
    else handler!.etherTypeInput(this, etherType, p);
  }

  #acceptsVlan(p: Pbuf): boolean {
    if (p.vlanTci < 0) return false; // untagged, and we are in a VLAN
    if (this.hooks.vlanCheck !== undefined) return this.hooks.vlanCheck(this, p.vlanTci, p);
    const id = p.vlanTci & 0xfff;
    if (this.#vlanTci >= 0) return id === (this.#vlanTci & 0xfff);
    return id === 0 || this.#acceptsAllVlans;
  }

  #filter(p: Pbuf): void {
    this.counters.inFiltered++;
    p.release();
  }

  #outputFrame(p: Pbuf, length: number, etherType: number, high: number, destination: MacAddress): boolean {
    if (p.checksumStart >= 0 && !this.#hasTxChecksum && !completeChecksum(p)) return this.#refuse(p);
    if (!this.#isEthernet) return this.#queue.transmit(p, length);
    let tci = this.#vlanTci;
    if (this.hooks.vlanSet !== undefined) {
      tci = this.hooks.vlanSet(this, p, this.#macAddress, destination, etherType);
    }
    const headerLength = tci < 0 ? ETHERNET_HEADER_LENGTH : ETHERNET_HEADER_LENGTH + VLAN_TAG_LENGTH;
    if (!p.prepend(headerLength)) {
      const moved = this.#makeRoom(p, headerLength);
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
    return this.#queue.transmit(p, length + headerLength);
  }

  #outputSegments(p: Pbuf, etherType: number, high: number, destination: MacAddress): boolean {
    p = coalesce(p);
    const segmenter = this.#segmenter;
    if (p.next !== undefined || !segmenter.begin(p, this.#hasTxChecksum, this.#mtu)) return this.#refuse(p);
    this.counters.outSegmented++;
    let isSent = true;
    for (let segment = segmenter.next(); segment !== undefined; segment = segmenter.next()) {
      if (!this.#outputFrame(segment, segment.length, etherType, high, destination)) isSent = false;
    }
    if (segmenter.remaining > 0) {
      this.counters.ifOutDiscards++;
      isSent = false;
    }
    segmenter.end();
    p.release();
    return isSent;
  }

  /** A packet without headroom, or in shared memory, gets a node in front for its header. */
  #makeRoom(p: Pbuf, headerLength: number): Pbuf | undefined {
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

  #discard(p: Pbuf): boolean {
    this.counters.ifOutDiscards++;
    p.release();
    return false;
  }

  #refuse(p: Pbuf): boolean {
    this.counters.ifOutErrors++;
    p.release();
    return false;
  }

  #refuseReentry(): never {
    this.#queue.isTransmitting = false;
    throw new Error(
      `Cannot take a frame on ${this.name} while it transmits: the driver must deliver from a timer`,
    );
  }

  #setState(isAdminUp: boolean, hasCarrier: boolean, reason: number): void {
    if (isAdminUp === this.#isAdminUp && hasCarrier === this.#hasCarrier) return;
    this.#isAdminUp = isAdminUp;
    this.#hasCarrier = hasCarrier;
    this.#isUp = isAdminUp && hasCarrier;
    this.counters.stateChanges++;
    const hasSpaceAgain = !this.#isUp && this.#queue.clear();
    this.notifyChange(reason);
    if (hasSpaceAgain) this.#writable.notify(this);
  }

  #storeMtu(mtu: number): void {
    if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > this.driver.mtu) {
      throw new RangeError(
        `Cannot use an MTU of ${mtu} on ${this.name}: it must be ${MIN_MTU} … ${this.driver.mtu}`,
      );
    }
    this.#mtu = mtu;
  }

  #storeMac(mac: MacAddress): void {
    if (!isStationMac(mac)) {
      throw new RangeError(
        `Cannot use 0x${mac.toString(16)} on ${this.name}: it is not the address of a station`,
      );
    }
    this.#macAddress = mac;
    this.#macHigh = Math.floor(mac / 0x1_0000_0000);
    this.#macLow = mac >>> 0;
  }
}

function isNetworkLayerType(etherType: number): boolean {
  return etherType === ETHER_TYPE_IPV4 || etherType === ETHER_TYPE_IPV6 || etherType === ETHER_TYPE_ARP;
}

function vlanTciOf(id: number, priority: number): number {
  if (
    !Number.isInteger(id) || id < 1 || id > 4094 || !Number.isInteger(priority) || priority < 0 ||
    priority > 7
  ) {
    throw new RangeError(`Cannot use VLAN ${id} with priority ${priority}: they must be 1 … 4094 and 0 … 7`);
  }
  return priority << 13 | id;
}
