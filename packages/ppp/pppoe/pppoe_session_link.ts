/** Data plane. {@linkcode PppoeSessionLink}: one PPPoE session, of either side, as a link driver of medium "ip" (RFC 2516 §6).
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import type { MacAddress } from "@lightwire/netif";
import { PppDatagramLink } from "../ppp_datagram_link.ts";
import type { PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";
import { emitPppoeHeader, PPPOE_CODE, PPPOE_HEADER_LENGTH } from "./pppoe_packet.ts";
import type { PppoeSessionListener, PppoeStation } from "./pppoe_station.ts";

/** Octets of PPP's protocol field, which is not compressed here (RFC 2516 §7). */
const PROTOCOL_LENGTH = 2;

/** One session over an Ethernet, of either side. */
export abstract class PppoeSessionLink extends PppDatagramLink implements PppoeSessionListener {
  /** The interface and its sessions. */
  protected readonly station: PppoeStation;
  #peerAddress: MacAddress;
  #sessionId: number;

  /** Makes a link without a session. */
  constructor(host: PppHost, station: PppoeStation, options: PppSessionOptions, handlers: PppLinkHandlers) {
    super(host, options, handlers);
    this.station = station;
    this.#peerAddress = 0;
    this.#sessionId = 0;
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
    if (p === undefined) {
      this.beginDatagram(undefined, 0); // waiting would have no end that we hear of
      return true;
    }
    const { bytes, start } = p;
    emitPppoeHeader(bytes, start, PPPOE_CODE.SESSION, this.#sessionId, PROTOCOL_LENGTH + length);
    bytes[start + PPPOE_HEADER_LENGTH] = protocol >>> 8;
    bytes[start + PPPOE_HEADER_LENGTH + 1] = protocol;
    this.beginDatagram(p, start + PPPOE_HEADER_LENGTH + PROTOCOL_LENGTH);
    return true;
  }

  /** {@inheritDoc PppDatagramLink.sendDatagram} */
  protected override sendDatagram(p: Pbuf): void {
    this.station.sendSession(p, this.#peerAddress);
  }
}
