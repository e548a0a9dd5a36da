/** Data plane. {@linkcode NetifReceiver}: from a frame to the layer that takes it.
 *
 * @module
 */
import {
  coalesce,
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
} from "./ethernet_header.ts";
import type { MacAddress } from "./link.ts";
import type { Netif } from "./netif.ts";
import type { NetifCounters } from "./netif_counters.ts";
import type { EtherTypeHandler, NetifOptions, NetworkLayer } from "./netif_options.ts";

const GROUP_BIT = 0x0100; // IEEE 802: in the first 16 bits of an address

/** The receiving half of a {@linkcode Netif}: filters by address and VLAN, marks, counts, takes the link header off and hands up.
 * Internal to `Netif`. */
export class NetifReceiver {
  /** Hand up frames for other stations too. */
  promiscuous: boolean;
  /** Hand up frames for all groups. */
  allMulticast: boolean;
  /** Who gets packets of the network layer. */
  layer: NetworkLayer | undefined;
  /** Who gets frames of other types. */
  readonly handlers: Map<number, EtherTypeHandler>;
  /** Groups that are wanted, and how many want them. */
  readonly groups: Map<MacAddress, number>;
  readonly #netif: Netif;
  readonly #counters: NetifCounters;
  readonly #isEthernet: boolean;
  readonly #inputFlags: number;
  readonly #vlanTci: number;
  readonly #acceptsAllVlans: boolean;
  #macHigh: number;
  #macLow: number;

  /** Makes the receiving half.
   *
   * @param vlanTci of the VLAN it is in, or −1.
   */
  constructor(netif: Netif, options: NetifOptions, vlanTci: number) {
    this.promiscuous = options.promiscuous ?? false;
    this.allMulticast = options.allMulticast ?? true;
    this.layer = undefined;
    this.handlers = new Map();
    this.groups = new Map();
    this.#netif = netif;
    this.#counters = netif.counters;
    this.#isEthernet = netif.driver.medium === "ethernet";
    this.#inputFlags = options.trustReceivedChecksums ? PBUF_CHECKSUM_VERIFIED : 0;
    this.#vlanTci = vlanTci;
    this.#acceptsAllVlans = options.acceptAllVlans ?? false;
    this.#macHigh = 0;
    this.#macLow = 0;
  }

  /** Takes the address that frames for this station carry. */
  setMac(mac: MacAddress): void {
    this.#macHigh = Math.floor(mac / 0x1_0000_0000);
    this.#macLow = mac >>> 0;
  }

  /** One frame; takes ownership. */
  input(p: Pbuf): void {
    if (p.next !== undefined) p = coalesce(p, p.start);
    this.#counters.ifInOctets += p.end - p.start;
    if (!this.#netif.isUp || p.next !== undefined) {
      this.#counters.ifInDiscards++;
      p.release();
      return;
    }
    p.netifIndex = this.#netif.index;
    p.flags |= this.#inputFlags;
    if (p.checksumStart >= 0) p.flags |= PBUF_CHECKSUM_VERIFIED; // it never left the host (virtio NEEDS_CSUM)
    if (this.#isEthernet) this.#ethernetInput(p);
    else this.#ipInput(p);
  }

  /** The end of a batch. */
  batchEnd(): void {
    if (this.layer !== undefined) this.layer.inputBatchEnd(this.#netif);
    if (this.handlers.size > 0) {
      for (const handler of this.handlers.values()) handler.inputBatchEnd(this.#netif);
    }
  }

  #ethernetInput(p: Pbuf): void {
    const { view, start } = p;
    if (p.end - start < ETHERNET_HEADER_LENGTH) return this.#reject(p);
    const high = view.getUint16(start);
    const low = view.getUint32(start + 2);
    if (high === this.#macHigh && low === this.#macLow) {
      // For us alone: the usual case.
    } else if ((high & GROUP_BIT) !== 0) {
      if (high === 0xffff && low === 0xffffffff) {
        p.flags |= PBUF_LINK_BROADCAST;
      } else {
        p.flags |= PBUF_LINK_MULTICAST;
        const isWanted = this.allMulticast || this.promiscuous || this.groups.has(high * 0x1_0000_0000 + low);
        if (!isWanted) return this.#filter(p);
      }
    } else if (this.promiscuous) {
      p.flags |= PBUF_LINK_OTHER_HOST;
    } else {
      return this.#filter(p);
    }
    let etherType = view.getUint16(start + 12);
    if (etherType === ETHER_TYPE_VLAN) {
      if (!stripVlanTag(p)) return this.#reject(p);
      etherType = view.getUint16(p.start + 12);
    }
    if ((p.vlanTci >= 0 || this.#vlanTci >= 0) && !this.#acceptsVlan(p)) return this.#filter(p);
    p.start += ETHERNET_HEADER_LENGTH;
    this.#deliver(etherType, p);
  }

  #ipInput(p: Pbuf): void {
    if (p.end === p.start) return this.#reject(p);
    const version = p.view.getUint8(p.start) >>> 4;
    this.#deliver(version === 4 ? ETHER_TYPE_IPV4 : version === 6 ? ETHER_TYPE_IPV6 : 0, p);
  }

  #deliver(etherType: number, p: Pbuf): void {
    if (isNetworkLayerType(etherType)) {
      if (this.layer === undefined) {
        this.#counters.ifInDiscards++;
        p.release();
        return;
      }
      this.#count(p);
      this.layer.networkInput(this.#netif, etherType, p);
      return;
    }
    const handler = this.handlers.size === 0
      ? undefined
      : this.handlers.get(etherType < ETHER_TYPE_MIN ? 0 : etherType);
    if (handler !== undefined) {
      this.#count(p);
      handler.etherTypeInput(this.#netif, etherType, p);
      return;
    }
    const hook = this.#netif.hooks.unknownEthProtocol;
    if (hook !== undefined && hook(this.#netif, etherType, p)) return;
    this.#counters.ifInUnknownProtos++;
    p.release();
  }

  #acceptsVlan(p: Pbuf): boolean {
    if (p.vlanTci < 0) return false; // untagged, and we are in a VLAN
    const hook = this.#netif.hooks.vlanCheck;
    if (hook !== undefined) return hook(this.#netif, p.vlanTci, p);
    const id = p.vlanTci & 0xfff;
    if (this.#vlanTci >= 0) return id === (this.#vlanTci & 0xfff);
    return id === 0 || this.#acceptsAllVlans;
  }

  #count(p: Pbuf): void {
    if ((p.flags & (PBUF_LINK_BROADCAST | PBUF_LINK_MULTICAST)) === 0) this.#counters.ifInUcastPkts++;
    else if ((p.flags & PBUF_LINK_BROADCAST) !== 0) this.#counters.ifInBroadcastPkts++;
    else this.#counters.ifInMulticastPkts++;
  }

  #filter(p: Pbuf): void {
    this.#counters.inFiltered++;
    p.release();
  }

  #reject(p: Pbuf): void {
    this.#counters.ifInErrors++;
    p.release();
  }
}

/** Whether frames of a type belong to the network layer: IPv4, IPv6, ARP. */
export function isNetworkLayerType(etherType: number): boolean {
  return etherType === ETHER_TYPE_IPV4 || etherType === ETHER_TYPE_IPV6 || etherType === ETHER_TYPE_ARP;
}
