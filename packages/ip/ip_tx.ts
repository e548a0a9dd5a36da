/** {@linkcode IpTx}: how packets of one flow are to be sent, with the route it resolved to.
 *
 * @module
 */
import type { Netif } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY } from "./address.ts";

/** Parameters of outgoing packets, kept and reused by a connection or an endpoint. `IpLayer.prepare` fills
 * the lower half and does so again only when routes, addresses or neighbours have changed (`generation`).
 *
 * Whoever changes {@linkcode source}, {@linkcode destination}, {@linkcode boundNetif}, {@linkcode options},
 * {@linkcode multicastLoop} or one of the permissions afterwards sets {@linkcode generation} to −1. */
export class IpTx {
  /** Our address; unspecified: `prepare` chooses one and writes it here. */
  source: IpAddress = IPV4_ANY;
  /** The peer, a broadcast address or a group. */
  destination: IpAddress = IPV4_ANY;
  /** Protocol number. */
  protocol: number = 0;
  /** TTL or hop limit. */
  hopLimit: number = 64;
  /** Type of service / traffic class octet, ECN bits included. */
  tos: number = 0;
  /** Set DF and refuse to fragment (path MTU discovery). */
  dontFragment: boolean = false;
  /** Only this interface may be used; `undefined`: routing decides. */
  boundNetif: Netif | undefined = undefined;
  /** IPv4 options to send, padded to 4 bytes, or `undefined`. */
  options: Uint8Array | undefined = undefined;
  /** Loop our own multicast back. */
  multicastLoop: boolean = true;
  /** The packet may go to a broadcast address (SO_BROADCAST). */
  allowBroadcast: boolean = true;
  /** Allow an unspecified source address on the wire (DHCP). */
  allowUnspecifiedSource: boolean = false;

  // Filled by IpLayer.prepare().
  /** Interface the packet leaves by. */
  netif: Netif | undefined = undefined;
  /** The neighbour the frame goes to: the destination itself or a router. */
  nextHop: IpAddress = IPV4_ANY;
  /** Path MTU towards the destination, ≤ the interface's. */
  pathMtu: number = 0;
  /** The interface finishes partial checksums: set `p.checksumStart` instead of summing. A packet that has to be
   * fragmented is completed by `ip`. */
  canOffloadChecksum: boolean = false;
  /** Longest TCP packet (IP header included) the path takes in one go with `gsoSize` set, 0: segments only. */
  gsoMaxBytes: number = 0;
  /** The state of the IP layer that the lower half was computed for, −1 for none. */
  generation: number = -1;
  /** The lower half holds until then (clock milliseconds): a path MTU grows old; internal. */
  validUntil: number = Infinity;
  /** The neighbour cache entry of {@linkcode nextHop}; internal to `ip`. */
  neighbor: unknown = undefined;
  /** The packet needs nothing but a header and a neighbour: no options, copies or loops; internal. */
  isPlain: boolean = false;
  /** The path is said to be narrower than the smallest MTU that is believed: DF is not set after all; internal. */
  isPathNarrow: boolean = false;
  /** Next identification to use with DF; internal. */
  identification: number = 0;
}
