/** Data plane. {@linkcode PppoeSessionLink}: one PPPoE session, of either side, as a link driver of medium "ip" (RFC 2516 §6).
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress } from "@lightwire/netif";
import { type PppLinkHandlers, PppNetworkLink, type PppNetworkLinkCounters } from "../ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";
import { emitPppoeHeader, PPPOE_CODE, PPPOE_HEADER_LENGTH } from "./pppoe_packet.ts";
import type { PppoeSessionListener, PppoeStation } from "./pppoe_station.ts";

/** Octets of PPP's protocol field, which is not compressed here (RFC 2516 §7). */
const PROTOCOL_LENGTH = 2;

/** One session over an Ethernet, of either side. */
export abstract class PppoeSessionLink extends PppNetworkLink implements PppoeSessionListener {
  /** {@inheritDoc PppNetworkLink.counters} */
  readonly counters: PppNetworkLinkCounters;
  /** The interface and its sessions. */
  protected readonly station: PppoeStation;
  #peerAddress: MacAddress;
  #sessionId: number;
  #packet: Pbuf | undefined;
  #at: number;

  /** Makes a link without a session. */
  constructor(host: PppHost, station: PppoeStation, options: PppSessionOptions, handlers: PppLinkHandlers) {
    super(host, options, handlers);
    this.counters = {
      packetsReceived: 0,
      packetsSent: 0,
      badHeaders: 0,
      receivedWhileDown: 0,
      noBuffers: 0,
      sentWhileDown: 0,
      tooBig: 0,
      controlDropped: 0,
    };
    this.station = station;
    this.#peerAddress = 0;
    this.#sessionId = 0;
    this.#packet = undefined;
    this.#at = 0;
  }

  /** {@inheritDoc PppoeSessionListener.peerAddress} 0 before there is a session. */
  get peerAddress(): MacAddress {
    return this.#peerAddress;
  }

  /** Id of the session; 0 when there is none. */
  get sessionId(): number {
    return this.#sessionId;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    this.station.netif.flush();
  }

  /** {@inheritDoc PppoeSessionListener.sessionInput} */
  sessionInput(bytes: Uint8Array, start: number, end: number): void {
    this.packetInput(bytes, start, end);
  }

  /** {@inheritDoc PppoeSessionListener.sessionInputEnds} */
  sessionInputEnds(): void {
    this.inputEnds();
    this.flush();
  }

  /** {@inheritDoc PppoeSessionListener.sessionWritable} */
  sessionWritable(): void {
    this.roomAgain();
  }

  /** Packets flow from now on. */
  protected begin(sessionId: number, peerAddress: MacAddress): void {
    this.#sessionId = sessionId;
    this.#peerAddress = peerAddress;
    this.station.addSession(sessionId, this);
    this.session.open();
    this.session.lowerUp();
  }

  /** No packet flows any more; the session's owner hears of an end if it was alive. */
  protected end(): void {
    if (this.#sessionId === 0) return;
    this.station.removeSession(this.#sessionId, this);
    this.#sessionId = 0;
    this.session.lowerDown();
  }

  /** {@inheritDoc PppNetworkLink.beginPacket} */
  protected override beginPacket(protocol: number, length: number, isControl: boolean): boolean {
    const { station } = this;
    if (!isControl && !station.netif.hasQueueSpace) return false;
    const p = station.acquire(PPPOE_HEADER_LENGTH + PROTOCOL_LENGTH + length);
    this.#packet = p;
    if (p === undefined) return true; // lost, as on a wire; waiting would have no end that we hear of
    const { bytes, start } = p;
    emitPppoeHeader(bytes, start, PPPOE_CODE.SESSION, this.#sessionId, PROTOCOL_LENGTH + length);
    bytes[start + PPPOE_HEADER_LENGTH] = protocol >>> 8;
    bytes[start + PPPOE_HEADER_LENGTH + 1] = protocol;
    this.#at = start + PPPOE_HEADER_LENGTH + PROTOCOL_LENGTH;
    return true;
  }

  /** {@inheritDoc PppNetworkLink.appendPacket} */
  protected override appendPacket(bytes: Uint8Array, start: number, end: number): void {
    const p = this.#packet;
    if (p === undefined) return;
    const into = p.bytes;
    let at = this.#at;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    this.#at = at;
  }

  /** {@inheritDoc PppNetworkLink.endPacket} */
  protected override endPacket(): void {
    const p = this.#packet;
    this.#packet = undefined;
    if (p !== undefined) this.station.sendSession(p, this.#peerAddress);
  }
}
