/** Data plane. {@linkcode PppDatagramLink}: what carriers have in common that send each PPP packet as a datagram of its own, PPPoE
 * and L2TP.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import {
  newPppNetworkLinkCounters,
  type PppLinkHandlers,
  PppNetworkLink,
  type PppNetworkLinkCounters,
} from "./ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "./ppp_session.ts";

/** A PPP session over datagrams. {@linkcode PppNetworkLink.beginPacket} is the carrier's: it writes the header and calls
 * {@linkcode PppDatagramLink.beginDatagram}. */
export abstract class PppDatagramLink extends PppNetworkLink {
  /** {@inheritDoc PppNetworkLink.counters} */
  readonly counters: PppNetworkLinkCounters;
  #datagram: Pbuf | undefined;
  #at: number;

  /** Makes a link without a session of the carrier's. */
  constructor(host: PppHost, options: PppSessionOptions, handlers: PppLinkHandlers) {
    super(host, options, handlers);
    this.counters = newPppNetworkLinkCounters();
    this.#datagram = undefined;
    this.#at = 0;
  }

  /** Sends a datagram; takes ownership of `p`. */
  protected abstract sendDatagram(p: Pbuf): void;

  /** The packet goes into `p`, header written, from the index `at` of its bytes on; without a `p` it is lost, as on a wire. */
  protected beginDatagram(p: Pbuf | undefined, at: number): void {
    this.#datagram = p;
    this.#at = at;
    if (p === undefined) this.counters.noBuffers++;
  }

  /** {@inheritDoc PppNetworkLink.appendPacket} */
  protected override appendPacket(bytes: Uint8Array, start: number, end: number): void {
    const p = this.#datagram;
    if (p === undefined) return;
    const into = p.bytes;
    let at = this.#at;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    this.#at = at;
  }

  /** {@inheritDoc PppNetworkLink.endPacket} */
  protected override endPacket(): void {
    const p = this.#datagram;
    this.#datagram = undefined;
    if (p !== undefined) this.sendDatagram(p);
  }
}
