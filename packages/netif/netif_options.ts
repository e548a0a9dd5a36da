/** {@linkcode NetifOptions} and {@linkcode NetifHooks}: how an interface is set up.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress } from "./link.ts";
import type { Netif } from "./netif.ts";

/** Frames which the transmit queue holds at most, by default (`txqueuelen` of Linux). */
export const DEFAULT_TRANSMIT_QUEUE_FRAMES = 1000;
/** Bytes which the transmit queue holds at most, by default; one frame may go beyond. */
export const DEFAULT_TRANSMIT_QUEUE_BYTES = 4 << 20;

/** Membership of an IEEE 802.1Q VLAN. */
export interface VlanMembership {
  /** VLAN identifier, 1 … 4094. */
  readonly id: number;
  /** Priority code point of what is sent, 0 … 7; default 0. */
  readonly priority?: number;
}

/** Options of a {@linkcode Netif}. */
export interface NetifOptions {
  /** Name, like "en0". */
  readonly name: string;
  /** Number ≥ 1, unique in the stack. */
  readonly index: number;
  /** Station address; default: the driver's. */
  readonly macAddress?: MacAddress;
  /** MTU; default: the driver's, which is also the most. */
  readonly mtu?: number;
  /** Host name that DHCP announces on this interface; default none. */
  readonly hostname?: string;
  /** Hand up frames for other stations too, marked `PBUF_LINK_OTHER_HOST`; default false. */
  readonly promiscuous?: boolean;
  /** Hand up frames for all groups, not only for those joined by `joinMulticastFilter`; default true, since the IP layer
   * looks at the group again. */
  readonly allMulticast?: boolean;
  /** Be a host of one VLAN: send with its tag, receive only frames with its tag. Default: untagged. */
  readonly vlan?: VlanMembership;
  /** Without `vlan` and `vlanCheck`: accept tagged frames of every VLAN as if untagged, as lwIP does; default false:
   * only VLAN 0, which is a priority without a VLAN. */
  readonly acceptAllVlans?: boolean;
  /** Take the transport checksums of everything received as good (a link inside one machine); default false. */
  readonly trustReceivedChecksums?: boolean;
  /** Most frames waiting for the driver; default {@linkcode DEFAULT_TRANSMIT_QUEUE_FRAMES}. */
  readonly transmitQueueFrames?: number;
  /** Most bytes waiting for the driver; default {@linkcode DEFAULT_TRANSMIT_QUEUE_BYTES}. */
  readonly transmitQueueBytes?: number;
}

/** Places where a program takes part in the processing of frames; each is `undefined` until it is set. */
export interface NetifHooks {
  /** Whether a tagged frame is for us (`LWIP_HOOK_VLAN_CHECK`). The packet is borrowed: the tag is out of it, its start is at
   * the Ethernet header. */
  vlanCheck: ((netif: Netif, tci: number, p: Pbuf) => boolean) | undefined;
  /** The tag control information to send a packet with, 0 … 0xffff, or −1 for no tag (`LWIP_HOOK_VLAN_SET`). The packet
   * is borrowed: its start is at the network header. */
  vlanSet:
    | ((netif: Netif, p: Pbuf, source: MacAddress, destination: MacAddress, etherType: number) => number)
    | undefined;
  /** A frame whose EtherType (or IEEE 802.3 length) nobody takes (`LWIP_HOOK_UNKNOWN_ETH_PROTOCOL`); its start is behind the
   * Ethernet header, which is intact. @returns true when it took ownership. */
  unknownEthProtocol: ((netif: Netif, etherType: number, p: Pbuf) => boolean) | undefined;
}

/** Who a {@linkcode Netif} hands network-layer packets to: the IP layer. */
export interface NetworkLayer {
  /** One packet; takes ownership of `p`, whose first byte is the first byte of the network header, and which is
   * one node. `etherType` is 0x0800, 0x0806 or 0x86dd; on medium "ip" it is derived from the version nibble. */
  networkInput(netif: Netif, etherType: number, p: Pbuf): void;
  /** The end of a batch of {@linkcode networkInput}. */
  inputBatchEnd(netif: Netif): void;
  /** Up, down, carrier, MTU or station address changed. */
  netifChanged(netif: Netif): void;
}

/** Who takes the frames of one EtherType, like PPPoE; see `Netif.registerEtherType`. */
export interface EtherTypeHandler {
  /** One frame; takes ownership of `p`, whose start is behind the Ethernet header. The 14 bytes in front of it are the
   * header, without a tag. */
  etherTypeInput(netif: Netif, etherType: number, p: Pbuf): void;
  /** The end of a batch. */
  inputBatchEnd(netif: Netif): void;
}
