/** {@linkcode RawEndpoint}: packets of one IP protocol, without a transport layer (lwIP's raw PCB).
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { NetErrorCode, Netif } from "@lightwire/netif";
import { type IpAddress, IPV4_ANY, IPV6_ANY } from "./address.ts";
import type { IpLayer } from "./ip_layer.ts";
import type { IpRxInfo } from "./protocol.ts";
import { IpTx } from "./ip_tx.ts";

/** Gets a packet, `p.start` behind the IP header, which lies directly in front of it (`rx.headerLength` bytes).
 *
 * @returns true when it ate the packet: it took ownership, and nobody else gets it. False: `p` must be unchanged.
 */
export type RawHandler = (p: Pbuf, rx: IpRxInfo) => boolean;

/** An endpoint of one protocol. */
export class RawEndpoint {
  /** IANA number; 0 for packets of every protocol. */
  readonly protocol: number;
  /** Receives. */
  handler: RawHandler;
  /** Only packets to this address are received, and packets are sent from it. */
  localAddress: IpAddress | undefined = undefined;
  /** Only packets from this address are received (a connected endpoint). */
  remoteAddress: IpAddress | undefined = undefined;
  /** Only packets of this interface are received and sent. */
  boundNetif: Netif | undefined = undefined;
  /** What is sent begins with an IP header of the user's (`IP_HDRINCL`). */
  isHeaderIncluded = false;
  /** Packets to and from broadcast addresses are allowed (`SO_BROADCAST`). */
  allowBroadcast = true;
  /** TTL of what is sent. */
  hopLimit: number;
  /** Type of service of what is sent. */
  tos = 0;
  /** TTL of what is sent to a group. */
  multicastHopLimit = 1;
  /** What is sent to a group comes back to us if we are a member. */
  multicastLoop = true;
  /** Set DF and never fragment. */
  dontFragment = false;
  readonly #ip: IpLayer;
  readonly #tx = new IpTx();

  /** Use {@linkcode IpLayer.openRaw}. */
  constructor(ip: IpLayer, protocol: number, handler: RawHandler) {
    this.#ip = ip;
    this.protocol = protocol;
    this.handler = handler;
    this.hopLimit = ip.options.defaultTtl;
  }

  /** Sends a packet; takes ownership of `p`. With {@linkcode isHeaderIncluded} the destination is the header's.
   *
   * @param destination default: {@linkcode remoteAddress}.
   * @returns why it was not sent, or `undefined`.
   */
  sendPbuf(p: Pbuf, destination: IpAddress | undefined = this.remoteAddress): NetErrorCode | undefined {
    if (this.isHeaderIncluded) return this.#ip.outputWithHeader(p, this.boundNetif);
    if (destination === undefined) {
      p.release();
      return "NOT_CONNECTED";
    }
    const tx = this.#tx;
    const isGroup = destination.isMulticast;
    tx.source = this.localAddress ?? (destination.family === 4 ? IPV4_ANY : IPV6_ANY);
    tx.destination = destination;
    tx.protocol = this.protocol;
    tx.hopLimit = isGroup ? this.multicastHopLimit : this.hopLimit;
    tx.tos = this.tos;
    tx.dontFragment = this.dontFragment;
    tx.boundNetif = this.boundNetif;
    tx.multicastLoop = this.multicastLoop;
    tx.allowBroadcast = this.allowBroadcast;
    tx.generation = -1;
    const error = this.#ip.prepare(tx);
    if (error !== undefined) {
      p.release();
      return error;
    }
    if (tx.dontFragment && p.totalLength + 20 > tx.pathMtu) {
      p.release();
      return "MESSAGE_TOO_LONG";
    }
    return this.#ip.output(p, tx) ? undefined : "NO_BUFFERS";
  }

  /** Sends a copy of `data`; see {@linkcode sendPbuf}. */
  send(data: Uint8Array, destination?: IpAddress): NetErrorCode | undefined {
    const p = this.#ip.host.pool.acquire(data.length);
    if (p === undefined) return data.length > 0xffff ? "MESSAGE_TOO_LONG" : "NO_BUFFERS";
    p.bytes.set(data, p.start);
    return this.sendPbuf(p, destination);
  }

  /** Whether a packet is for this endpoint. */
  matches(rx: IpRxInfo): boolean {
    if (this.protocol !== rx.protocol && this.protocol !== 0) return false;
    if (this.boundNetif !== undefined && this.boundNetif !== rx.netif) return false;
    if (this.remoteAddress !== undefined && !this.remoteAddress.equals(rx.source)) return false;
    if (rx.isBroadcast && !this.allowBroadcast) return false;
    const local = this.localAddress;
    return local === undefined || local.isUnspecified || local.equals(rx.destination) || rx.isBroadcast;
  }

  /** Ends it. Harmless when repeated. */
  close(): void {
    this.#ip.raw.remove(this);
  }
}

/** All raw endpoints of a stack. */
export class RawEndpoints {
  readonly #endpoints: RawEndpoint[] = [];

  /** Number of endpoints. */
  get count(): number {
    return this.#endpoints.length;
  }

  /** Adds one; the newest is asked first. */
  add(endpoint: RawEndpoint): RawEndpoint {
    this.#endpoints.unshift(endpoint);
    return endpoint;
  }

  /** Takes one out. */
  remove(endpoint: RawEndpoint): void {
    const at = this.#endpoints.indexOf(endpoint);
    if (at >= 0) this.#endpoints.splice(at, 1);
  }

  /** Offers a packet to the endpoints that match, until one eats it.
   *
   * @returns "eaten": ownership has passed; "seen": nobody ate it, but somebody looked; "none": nobody is interested.
   */
  input(p: Pbuf, rx: IpRxInfo): "eaten" | "seen" | "none" {
    let outcome: "seen" | "none" = "none";
    for (let i = 0; i < this.#endpoints.length; i++) {
      const endpoint = this.#endpoints[i]!;
      if (!endpoint.matches(rx)) continue;
      if (endpoint.handler(p, rx)) return "eaten";
      outcome = "seen";
    }
    return outcome;
  }
}
