/** {@linkcode PppoeServer}: an access concentrator: one link for each host that calls (RFC 2516).
 *
 * @module
 */
import type { MacAddress } from "@lightwire/netif";
import type { PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";
import { PppoeConcentrator, type PppoeConcentratorOptions } from "./pppoe_concentrator.ts";
import { pppoeOptions } from "./pppoe_link.ts";
import type { PppoeDiscoveryPacket } from "./pppoe_packet.ts";
import { PppoeSessionLink } from "./pppoe_session_link.ts";
import type { PppoeDiscoveryListener, PppoeStation } from "./pppoe_station.ts";

/** The access concentrator's side of one session; made by a {@linkcode PppoeServer}. */
export class PppoeServerLink extends PppoeSessionLink {
  readonly #close: (link: PppoeServerLink) => void;

  /** For {@linkcode PppoeServer} only. */
  constructor(
    host: PppHost,
    station: PppoeStation,
    maxPayload: number,
    options: PppSessionOptions,
    handlers: PppLinkHandlers,
    close: (link: PppoeServerLink) => void,
  ) {
    super(host, station, pppoeOptions(options, maxPayload), handlers);
    this.#close = close;
  }

  /** The session has begun when the link is made; {@linkcode PppoeServer} calls {@linkcode PppoeServerLink.called}. */
  start(): void {}

  /** For {@linkcode PppoeServer} only: a host has this session. */
  called(sessionId: number, from: MacAddress): void {
    this.begin(sessionId, from);
  }

  /** For {@linkcode PppoeServer} only: the host's PADT has come, or ours has gone. */
  hungUp(): void {
    this.end();
  }

  /** {@inheritDoc PppNetworkLink.carrierClose} */
  protected override carrierClose(): void {
    this.#close(this);
    this.end();
  }
}

/** What a {@linkcode PppoeServer} is told about a host that calls. */
export interface PppoeCall {
  /** Its station address. */
  readonly from: MacAddress;
  /** Id of its session. */
  readonly sessionId: number;
}

/** What a {@linkcode PppoeServer} asks for each call. */
export interface PppoeAnswer {
  /** PPP's side of the server. */
  readonly options: PppSessionOptions;
  /** What the session tells. */
  readonly handlers?: PppLinkHandlers;
  /** The link, before the first packet: attach an interface to it. */
  readonly made?: (link: PppoeServerLink) => void;
}

/** An access concentrator on one interface. */
export class PppoeServer implements PppoeDiscoveryListener {
  /** Discovery. */
  readonly concentrator: PppoeConcentrator;
  readonly #station: PppoeStation;
  readonly #links = new Map<number, PppoeServerLink>();

  /** Answers from now on.
   *
   * @param answer Says how to speak with a host that calls.
   */
  constructor(
    host: PppHost,
    station: PppoeStation,
    answer: (call: PppoeCall) => PppoeAnswer,
    options: PppoeConcentratorOptions = {},
  ) {
    this.#station = station;
    this.concentrator = new PppoeConcentrator(host.random, {
      sendDiscovery: (packet, to) => station.sendDiscovery(packet, to),
      sessionBegun: (sessionId, from, maxPayload) => this.#begin(host, answer, sessionId, from, maxPayload),
      sessionEnded: (sessionId) => this.#hungUp(sessionId),
    }, options);
    station.addDiscovery(this);
    station.onStraySession = (sessionId, from) => this.concentrator.refuse(sessionId, from);
  }

  /** The sessions. */
  get links(): IterableIterator<PppoeServerLink> {
    return this.#links.values();
  }

  /** {@inheritDoc PppoeDiscoveryListener.discoveryInput} */
  discoveryInput(from: MacAddress, packet: PppoeDiscoveryPacket): void {
    this.concentrator.input(from, packet);
  }

  /** Ends all sessions with a PADT and answers no more. */
  close(): void {
    for (const link of [...this.#links.values()]) link.close();
    this.#station.removeDiscovery(this);
    this.#station.onStraySession = undefined;
  }

  #begin(
    host: PppHost,
    answer: (call: PppoeCall) => PppoeAnswer,
    sessionId: number,
    from: MacAddress,
    maxPayload: number,
  ): void {
    const { options, handlers, made } = answer({ from, sessionId });
    const link: PppoeServerLink = new PppoeServerLink(host, this.#station, maxPayload, options, {
      ...handlers,
      ended: (end, message) => {
        this.#release(sessionId);
        handlers?.ended?.(end, message);
      },
    }, () => this.#release(sessionId));
    this.#links.set(sessionId, link);
    made?.(link);
    link.called(sessionId, from);
  }

  #hungUp(sessionId: number): void {
    this.#links.get(sessionId)?.hungUp();
    this.#links.delete(sessionId);
  }

  /** The session is over from our side: the host hears it by PADT, its id is free. */
  #release(sessionId: number): void {
    const link = this.#links.get(sessionId);
    this.#links.delete(sessionId);
    this.concentrator.end(sessionId);
    link?.hungUp();
  }
}
