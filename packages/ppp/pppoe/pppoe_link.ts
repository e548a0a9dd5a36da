/** {@linkcode PppoeLink}: PPP over Ethernet from the host's side, as a link driver of medium "ip" (RFC 2516).
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import { FRAMED_CARRIER_LCP, type PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppEnd, PppHost, PppSessionOptions } from "../ppp_session.ts";
import { PppoeDiscovery, type PppoeDiscoveryOptions, type PppoeOffer } from "./pppoe_discovery.ts";
import { PPPOE_MRU, type PppoeDiscoveryPacket } from "./pppoe_packet.ts";
import { PppoeSessionLink } from "./pppoe_session_link.ts";
import type { PppoeDiscoveryListener, PppoeStation } from "./pppoe_station.ts";

/** Options of {@linkcode PppoeLink}. */
export interface PppoeLinkOptions extends PppSessionOptions {
  /** The search for an access concentrator. */
  readonly discovery?: PppoeDiscoveryOptions;
}

/** What a {@linkcode PppoeLink} tells the application. */
export interface PppoeLinkHandlers extends PppLinkHandlers {
  /** An access concentrator has given us a session: PPP begins. */
  sessionBegun?(sessionId: number, offer: PppoeOffer): void;
}

/** LCP without what makes no sense here: octets are not escaped, the header is not compressed (RFC 2516 §7). */
export function pppoeOptions(options: PppSessionOptions, maxPayload: number): PppSessionOptions {
  const mru = Math.min(options.lcp?.mru ?? maxPayload, maxPayload);
  return { ...options, lcp: { ...options.lcp, ...FRAMED_CARRIER_LCP, mru } };
}

/** The host's side: looks for an access concentrator, then speaks PPP with it. */
export class PppoeLink extends PppoeSessionLink implements PppoeDiscoveryListener {
  /** The search, and the session's frame. */
  readonly discovery: PppoeDiscovery;
  readonly #handlers: PppoeLinkHandlers;
  #endMessage = "";

  /** Makes a link in phase Dead. */
  constructor(
    host: PppHost,
    station: PppoeStation,
    options: PppoeLinkOptions = {},
    handlers: PppoeLinkHandlers = {},
  ) {
    const maxPayload = options.discovery?.maxPayload ?? PPPOE_MRU;
    super(host, station, pppoeOptions(options, maxPayload), {
      ...handlers,
      ended: (end, message) => this.#ended(end, message),
    });
    this.#handlers = handlers;
    this.discovery = new PppoeDiscovery(host.timers, host.random, {
      sendDiscovery: (packet, to) => station.sendDiscovery(packet, to),
      sessionBegun: (sessionId, offer, agreed) => {
        handlers.sessionBegun?.(sessionId, offer);
        this.session.lcp.limitMru(agreed);
        this.begin(sessionId, offer.address);
      },
      sessionEnded: (message) => {
        this.#endMessage = message;
        this.end();
      },
      discoveryFailed: (_end, message) => handlers.ended?.("line-lost", message),
    }, options.discovery);
  }

  /** {@inheritDoc PppNetworkLink.start} */
  start(): void {
    this.#endMessage = "";
    this.station.addDiscovery(this);
    this.discovery.start();
  }

  /** Ends the session in an orderly way: Terminate-Request, then PADT. Before there is one: ends the search. */
  override stop(): void {
    if (this.discovery.state === "Session") return super.stop();
    const wasSearching = this.discovery.state !== "Idle";
    this.discovery.stop();
    if (wasSearching) this.#handlers.ended?.("closed", "");
  }

  /** {@inheritDoc PppoeDiscoveryListener.discoveryInput} */
  discoveryInput(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    this.discovery.input(from, packet);
  }

  /** {@inheritDoc PppNetworkLink.carrierClose} */
  protected override carrierClose(): void {
    this.end();
    this.discovery.stop();
    this.station.removeDiscovery(this);
  }

  #ended(end: PppEnd, message: string): void {
    this.discovery.stop();
    this.end();
    this.#handlers.ended?.(end, message || this.#endMessage);
  }
}
