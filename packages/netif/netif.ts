/** Data plane. {@linkcode Netif}: one network interface, between a link driver and the network layer.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { LinkDriver, LinkSink, MacAddress } from "./link.ts";
import { ListenerSet } from "./listener_set.ts";
import { isStationMac } from "./mac_address.ts";
import {
  NETIF_LINK_CHANGED,
  NETIF_MAC_CHANGED,
  NETIF_MTU_CHANGED,
  NETIF_STATUS_CHANGED,
  type NetifChangeListener,
} from "./netif_change.ts";
import { NetifCounters } from "./netif_counters.ts";
import type {
  EtherTypeHandler,
  NetifHooks,
  NetifOptions,
  NetworkLayer,
  VlanMembership,
} from "./netif_options.ts";
import { isNetworkLayerType, NetifReceiver } from "./netif_receiver.ts";
import { NetifSender } from "./netif_sender.ts";

const MIN_MTU = 68; // RFC 791 §3.2: what every internet module must be able to forward

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
  /** Host name that DHCP announces here, or `undefined`. */
  hostname: string | undefined;
  #macAddress: MacAddress;
  #isAdminUp: boolean;
  #hasCarrier: boolean;
  #isUp: boolean;
  readonly #receiver: NetifReceiver;
  readonly #sender: NetifSender;
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
    this.hostname = options.hostname;
    this.#macAddress = 0;
    this.#isAdminUp = false;
    this.#hasCarrier = true;
    this.#isUp = false;
    const vlanTci = options.vlan === undefined ? -1 : vlanTciOf(options.vlan);
    this.#receiver = new NetifReceiver(this, options, vlanTci);
    this.#sender = new NetifSender(this, options, vlanTci);
    this.#writable = new ListenerSet();
    this.#changes = new ListenerSet();
    this.#storeMtu(options.mtu ?? driver.mtu);
    if (driver.medium === "ethernet") {
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
    return this.#sender.mtu;
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
    return !this.#sender.queue.isCongested;
  }

  /** Frames waiting for the driver. */
  get queueLength(): number {
    return this.#sender.queue.length;
  }

  /** Hand up frames for other stations too, marked `PBUF_LINK_OTHER_HOST`. */
  get promiscuous(): boolean {
    return this.#receiver.promiscuous;
  }
  set promiscuous(isPromiscuous: boolean) {
    this.#receiver.promiscuous = isPromiscuous;
  }

  /** Hand up frames for all groups, joined or not. */
  get allMulticast(): boolean {
    return this.#receiver.allMulticast;
  }
  set allMulticast(isAllMulticast: boolean) {
    this.#receiver.allMulticast = isAllMulticast;
  }

  /** Names the layer that gets what comes in. */
  attach(layer: NetworkLayer): void {
    this.#receiver.layer = layer;
  }

  /** Takes frames of one EtherType for a handler, or for nobody when that is `undefined`; type 0 stands for all frames with a
   * length in place of a type (IEEE 802.3). IPv4, ARP and IPv6 belong to the network layer.
   *
   * @throws {RangeError} if the type belongs to the network layer, or another handler has it.
   */
  registerEtherType(etherType: number, handler: EtherTypeHandler | undefined): void {
    const { handlers } = this.#receiver;
    if (isNetworkLayerType(etherType) || (handler !== undefined && handlers.has(etherType))) {
      throw new RangeError(
        `Cannot register EtherType 0x${etherType.toString(16)} on ${this.name}: it is taken`,
      );
    }
    if (handler === undefined) handlers.delete(etherType);
    else handlers.set(etherType, handler);
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
    if (mtu === this.mtu) return;
    this.#storeMtu(mtu);
    this.notifyChange(NETIF_MTU_CHANGED);
  }

  /** Sets the station address. @throws {RangeError} if it is not a station's, or the medium has none. */
  setMacAddress(mac: MacAddress): void {
    if (mac === this.#macAddress) return;
    if (this.driver.medium !== "ethernet") {
      throw new RangeError(`Cannot set a station address on ${this.name}: its medium has none`);
    }
    this.#storeMac(mac);
    this.notifyChange(NETIF_MAC_CHANGED);
  }

  /** Accepts frames for a group, which matters when {@linkcode allMulticast} is false; calls are counted. */
  joinMulticastFilter(mac: MacAddress): void {
    const { groups } = this.#receiver;
    groups.set(mac, (groups.get(mac) ?? 0) + 1);
  }

  /** Undoes one {@linkcode joinMulticastFilter}. */
  leaveMulticastFilter(mac: MacAddress): void {
    const { groups } = this.#receiver;
    const count = groups.get(mac) ?? 0;
    if (count > 1) groups.set(mac, count - 1);
    else groups.delete(mac);
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
    if ((reasons & own) !== 0) this.#receiver.layer?.netifChanged(this);
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
    return this.#sender.output(p, etherType, destination);
  }

  /** Sends one complete frame as it is: its Ethernet header is in place, the source address may be any. For raw endpoints.
   * Takes ownership of `p`.
   *
   * @returns false when it was dropped and counted.
   */
  outputRaw(p: Pbuf): boolean {
    return this.#sender.outputRaw(p);
  }

  /** Ends a batch of {@linkcode output}: the driver writes out. */
  flush(): void {
    this.#sender.queue.flush();
  }

  /** {@inheritDoc LinkSink.linkInput}
   *
   * @throws {Error} if the driver is in the middle of `transmit` or `flush`: upper layers are then not ready for it.
   */
  linkInput(p: Pbuf): void {
    if (this.#sender.queue.isTransmitting) this.#refuseReentry();
    this.#receiver.input(p);
  }

  /** {@inheritDoc LinkSink.inputBatchEnd} */
  inputBatchEnd(): void {
    this.#receiver.batchEnd();
  }

  /** {@inheritDoc LinkSink.linkStateChanged} */
  linkStateChanged(isUp: boolean): void {
    this.#setState(this.#isAdminUp, isUp, NETIF_LINK_CHANGED);
  }

  /** {@inheritDoc LinkSink.linkWritable} */
  linkWritable(): void {
    if (this.#sender.queue.drain()) this.#writable.notify(this);
  }

  #refuseReentry(): never {
    this.#sender.queue.isTransmitting = false;
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
    const hasSpaceAgain = !this.#isUp && this.#sender.queue.clear();
    this.notifyChange(reason);
    if (hasSpaceAgain) this.#writable.notify(this);
  }

  #storeMtu(mtu: number): void {
    if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > this.driver.mtu) {
      throw new RangeError(
        `Cannot use an MTU of ${mtu} on ${this.name}: it must be ${MIN_MTU} … ${this.driver.mtu}`,
      );
    }
    this.#sender.mtu = mtu;
  }

  #storeMac(mac: MacAddress): void {
    if (!isStationMac(mac)) {
      throw new RangeError(
        `Cannot use 0x${mac.toString(16)} on ${this.name}: it is not the address of a station`,
      );
    }
    this.#macAddress = mac;
    this.#receiver.setMac(mac);
    this.#sender.setMac(mac);
  }
}

function vlanTciOf({ id, priority = 0 }: VlanMembership): number {
  if (
    !Number.isInteger(id) || id < 1 || id > 4094 || !Number.isInteger(priority) || priority < 0 ||
    priority > 7
  ) {
    throw new RangeError(`Cannot use VLAN ${id} with priority ${priority}: they must be 1 … 4094 and 0 … 7`);
  }
  return priority << 13 | id;
}
