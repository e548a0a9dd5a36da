/** {@linkcode Netif}: one network interface.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { LinkDriver, LinkSink, MacAddress } from "./link.ts";

/** Who a {@linkcode Netif} hands network-layer packets to: the IP layer. */
export interface NetworkLayer {
  /** One packet; takes ownership of `p`, whose first byte is the first byte of the network header.
   * `etherType` is 0x0800, 0x0806, 0x86dd, …; on medium "ip" it is derived from the version nibble. */
  networkInput(netif: Netif, etherType: number, p: Pbuf): void;
  /** The end of a batch of {@linkcode networkInput}. */
  inputBatchEnd(netif: Netif): void;
  /** Up, down, carrier, MTU or station address changed. */
  netifChanged(netif: Netif): void;
}

/** Options of a {@linkcode Netif}. */
export interface NetifOptions {
  /** Name, like "en0". */
  readonly name: string;
  /** Number ≥ 1, unique in the stack. */
  readonly index: number;
  /** Station address; default: the driver's. */
  readonly macAddress?: MacAddress;
  /** MTU; default: the driver's. */
  readonly mtu?: number;
}

/** One network interface: a driver, its state, its counters and its transmit queue. */
export class Netif implements LinkSink {
  /** Name, like "en0". */
  readonly name: string;
  /** Number ≥ 1, unique in the stack. */
  readonly index: number;
  /** The device below. */
  readonly driver: LinkDriver;
  /** Station address, 0 on medium "ip". */
  macAddress: MacAddress;
  /** Largest IP packet, in bytes. */
  mtu: number;

  /** @param driver attached at once. */
  constructor(driver: LinkDriver, options: NetifOptions) {
    this.name = options.name;
    this.index = options.index;
    this.driver = driver;
    this.macAddress = options.macAddress ?? driver.macAddress ?? 0;
    this.mtu = options.mtu ?? driver.mtu;
    driver.attach(this);
  }

  /** Whether traffic flows: administratively up and carrier present. */
  get isUp(): boolean {
    return false;
  }

  /** Names the layer that gets what comes in. */
  attach(_layer: NetworkLayer): void {}

  /** Sends one network-layer packet to a station: prepends the Ethernet header (and VLAN tag) where the
   * medium has one, completes in software what the driver does not offload (checksum, GSO), and
   * transmits or queues. Takes ownership of `p` in any case.
   *
   * @returns false when the queue is full and `p` was dropped and counted.
   */
  output(_p: Pbuf, _etherType: number, _destination: MacAddress): boolean {
    return false;
  }

  /** Ends a batch of {@linkcode output}: the driver writes out. */
  flush(): void {
    this.driver.flush();
  }

  /** {@inheritDoc LinkSink.linkInput} */
  linkInput(_p: Pbuf): void {}
  /** {@inheritDoc LinkSink.inputBatchEnd} */
  inputBatchEnd(): void {}
  /** {@inheritDoc LinkSink.linkStateChanged} */
  linkStateChanged(_isUp: boolean): void {}
  /** {@inheritDoc LinkSink.linkWritable} */
  linkWritable(): void {}
}
