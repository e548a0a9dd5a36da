/** Data plane. {@linkcode IpRx}: the one record that describes the packet on its way up.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "./address.ts";
import type { IpRxInfo } from "./protocol.ts";

/** {@linkcode IpRxInfo}, from the side that fills it. */
export class IpRx implements IpRxInfo {
  /** {@inheritDoc IpRxInfo.netif} */
  netif: Netif;
  /** {@inheritDoc IpRxInfo.source} */
  source: IpAddress;
  /** {@inheritDoc IpRxInfo.destination} */
  destination: IpAddress;
  /** {@inheritDoc IpRxInfo.protocol} */
  protocol: number;
  /** {@inheritDoc IpRxInfo.hopLimit} */
  hopLimit: number;
  /** {@inheritDoc IpRxInfo.tos} */
  tos: number;
  /** {@inheritDoc IpRxInfo.headerLength} */
  headerLength: number;
  /** {@inheritDoc IpRxInfo.isBroadcast} */
  isBroadcast: boolean;
  /** {@inheritDoc IpRxInfo.isMulticast} */
  isMulticast: boolean;

  /** A record about no packet yet. */
  constructor() {
    // Filled before anyone sees it; a field that is optional would cost every reader.
    this.netif = undefined as unknown as Netif;
    this.source = IPV4_ANY;
    this.destination = IPV4_ANY;
    this.protocol = 0;
    this.hopLimit = 0;
    this.tos = 0;
    this.headerLength = 0;
    this.isBroadcast = false;
    this.isMulticast = false;
  }
}
