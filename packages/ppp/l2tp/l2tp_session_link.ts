/** Data plane. {@linkcode L2tpSessionLink}: one call of an L2TP tunnel, of either end, as a link driver of medium "ip"
 * (RFC 2661 §5.4).
 *
 * `ppp` does not know UDP: whoever makes a link says how a datagram leaves ({@linkcode L2tpTransport}), and hands in what
 * arrives.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { emitL2tpDataHeader, L2TP_DATA_HEADER_LENGTH } from "./l2tp_message.ts";
import type { L2tpCall } from "./l2tp_call.ts";
import { PppDatagramLink } from "../ppp_datagram_link.ts";
import type { PppLinkHandlers } from "../ppp_network_link.ts";
import type { PppHost, PppSessionOptions } from "../ppp_session.ts";

/** Address, control and protocol in front of a PPP packet, none of them compressed. */
const PPP_HEADER_OCTETS = 4;
/** Room in front of a datagram for UDP, IP and the link below. */
const DATAGRAM_HEADROOM = 96;

/** How datagrams leave, for instance by a UDP endpoint connected with port 1701 of the other end. */
export interface L2tpTransport {
  /** Sends a datagram; takes ownership of `p`. It may be lost. */
  send(p: Pbuf): void;
  /** No more datagrams for now. */
  flush(): void;
}

/** One call as a link. */
export abstract class L2tpSessionLink extends PppDatagramLink {
  /** How datagrams leave. */
  protected readonly transport: L2tpTransport;
  #tunnelId: number;
  #call: L2tpCall | undefined;

  /** Makes a link without a call. */
  constructor(
    host: PppHost,
    transport: L2tpTransport,
    options: PppSessionOptions,
    handlers: PppLinkHandlers,
  ) {
    super(host, options, handlers);
    this.transport = transport;
    this.#tunnelId = 0;
    this.#call = undefined;
  }

  /** The call, while there is one. */
  get call(): L2tpCall | undefined {
    return this.#call;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    this.transport.flush();
  }

  /** A PPP frame of this call has arrived: `bytes[start … end]`, borrowed. */
  frameInput(bytes: Uint8Array, start: number, end: number): void {
    this.packetInput(bytes, start, end);
  }

  /** No more frames for now. */
  frameInputEnds(): void {
    this.inputEnds();
    this.flush();
  }

  /** Sends a control message; copies it. */
  protected sendMessage(bytes: Uint8Array): void {
    const p = this.host.pool.acquire(bytes.length, DATAGRAM_HEADROOM);
    if (p === undefined) {
      this.counters.noBuffers++;
      return;
    }
    p.bytes.set(bytes, p.start);
    this.transport.send(p);
    this.transport.flush();
  }

  /** Packets flow from now on.
   *
   * @param tunnelId The peer's id of the tunnel.
   */
  protected begin(tunnelId: number, call: L2tpCall): void {
    this.#tunnelId = tunnelId;
    this.#call = call;
    this.session.open();
    this.session.lowerUp();
  }

  /** No packet flows any more; the session's owner hears of an end if it was alive. */
  protected end(): void {
    if (this.#call === undefined) return;
    this.#call = undefined;
    this.session.lowerDown();
  }

  /** {@inheritDoc PppNetworkLink.beginPacket} Never without room: a datagram that cannot be sent is lost. */
  protected override beginPacket(protocol: number, length: number, _isControl: boolean): boolean {
    const call = this.#call;
    const octets = L2TP_DATA_HEADER_LENGTH + PPP_HEADER_OCTETS + length;
    const p = call === undefined ? undefined : this.host.pool.acquire(octets, DATAGRAM_HEADROOM);
    if (p === undefined) {
      this.beginDatagram(undefined, 0);
      return true;
    }
    const { bytes } = p;
    let at = p.start;
    emitL2tpDataHeader(bytes, at, this.#tunnelId, call!.peerId);
    at += L2TP_DATA_HEADER_LENGTH;
    bytes[at++] = 0xff;
    bytes[at++] = 0x03;
    bytes[at++] = protocol >>> 8;
    bytes[at++] = protocol;
    this.beginDatagram(p, at);
    return true;
  }

  /** {@inheritDoc PppDatagramLink.sendDatagram} */
  protected override sendDatagram(p: Pbuf): void {
    this.transport.send(p);
  }
}
