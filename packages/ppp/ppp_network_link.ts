/** Data plane. {@linkcode PppNetworkLink}: a PPP session as a link driver of medium "ip", whatever carries its packets.
 *
 * A carrier (a serial line, PPPoE, L2TP) extends it and says how a packet leaves: {@linkcode PppNetworkLink.beginPacket} with
 * its protocol and length, {@linkcode PppNetworkLink.appendPacket} for each piece, {@linkcode PppNetworkLink.endPacket}. In
 * pieces, so that neither a chain of pbufs nor a rewritten header has to be copied into one place first. What arrives it hands
 * to {@linkcode PppNetworkLink.packetInput}, and ends each batch by {@linkcode PppNetworkLink.inputEnds}.
 *
 * @module
 */
import { DEFAULT_HEADROOM, type Pbuf } from "@lightwire/pbuf";
import { type LinkCapabilities, type LinkDriver, type LinkSink, NO_OFFLOAD } from "@lightwire/netif";
import { DEFAULT_ACCM } from "./hdlc.ts";
import type { LcpOptions } from "./lcp.ts";
import { LCP_OPTION, type LcpSettings } from "./lcp_options.ts";
import { parsePppHeader, PPP_HEADER_INVALID, pppHeaderLengthOf, pppProtocolOf } from "./ppp_header.ts";
import { PPP_IPV4, PPP_IPV6, PPP_LCP } from "./ppp_protocol_number.ts";
import {
  type PppEnd,
  type PppHost,
  type PppPhase,
  PppSession,
  type PppSessionOptions,
  type PppSessionOwner,
  type PppUp,
} from "./ppp_session.ts";

/** What a {@linkcode PppNetworkLink} tells the application. */
export interface PppLinkHandlers {
  /** The phase has changed. */
  phaseChanged?(phase: PppPhase): void;
  /** IP flows: give the interface the address, the route and the MTU, and the resolver its servers. */
  up?(up: PppUp): void;
  /** IP does not flow any more. */
  down?(): void;
  /** The session is over. */
  ended?(end: PppEnd, message: string): void;
  /** A packet passes, control or data: for captures and traces, at the place where it is as on the line but without framing
   * and header. A packet that the carrier has no room for is not shown.
   *
   * @param protocol Its protocol number.
   * @param bytes Its information field is `bytes[start … end]`, borrowed until the call returns.
   */
  packet?(
    direction: "inbound" | "outbound",
    protocol: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
}

/** What a {@linkcode PppNetworkLink} has seen, beside the counters of its session. */
export interface PppNetworkLinkCounters {
  /** IP packets handed up. */
  packetsReceived: number;
  /** IP packets sent. */
  packetsSent: number;
  /** Packets without a valid header. */
  badHeaders: number;
  /** IP packets before their protocol is open, or after. */
  receivedWhileDown: number;
  /** Received packets dropped because no buffer was free. */
  noBuffers: number;
  /** Packets to send, dropped because the link is down. */
  sentWhileDown: number;
  /** Packets to send, dropped because they are longer than the peer takes. */
  tooBig: number;
  /** Control packets dropped because the carrier has had no room for long. */
  controlDropped: number;
}

/** Counters at zero. */
export function newPppNetworkLinkCounters(): PppNetworkLinkCounters {
  return {
    packetsReceived: 0,
    packetsSent: 0,
    badHeaders: 0,
    receivedWhileDown: 0,
    noBuffers: 0,
    sentWhileDown: 0,
    tooBig: 0,
    controlDropped: 0,
  };
}

/** LCP of a carrier that keeps packets apart by itself: no escaping, no header to compress (RFC 2516 §7). What describes an
 * asynchronous line is neither requested nor accepted. */
export const FRAMED_CARRIER_LCP: LcpOptions = {
  accm: DEFAULT_ACCM, // the default, so that it is not sent
  pfc: false,
  acfc: false,
  rejects: [LCP_OPTION.ACCM, LCP_OPTION.PFC, LCP_OPTION.ACFC],
};

/** Builds the owner's half of a session. Apart from the class, which would show these methods to everybody. */
function ownerOf(
  send: PppSessionOwner["sendPacket"],
  framing: PppSessionOwner["framingChanged"],
  state: (isUp: boolean) => void,
  handlers: PppLinkHandlers,
): PppSessionOwner {
  return {
    sendPacket: send,
    framingChanged: framing,
    phaseChanged: (phase) => handlers.phaseChanged?.(phase),
    networkUp: (up) => {
      handlers.up?.(up);
      state(true);
    },
    networkDown: () => {
      state(false);
      handlers.down?.();
    },
    ended: (end, message) => handlers.ended?.(end, message),
  };
}

/** A PPP session as a link driver. The link is up while a network protocol is open. */
export abstract class PppNetworkLink implements LinkDriver {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.maxHeaderLength} Packets are written into memory of the carrier's own. */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** The phases and protocols. */
  readonly session: PppSession;
  /** What happened so far. */
  abstract readonly counters: PppNetworkLinkCounters;
  /** What it runs on, for the carrier. */
  protected readonly host: PppHost;
  readonly #packetSeen: PppLinkHandlers["packet"];
  #traced: Uint8Array;
  #tracedProtocol: number;
  #tracedEnd: number;
  #sink: LinkSink | undefined;
  #hasDelivered: boolean;
  #isRoomWanted: boolean;
  #isClosed: boolean;

  /** Makes a link in phase Dead; the carrier tells {@linkcode PppSession} when packets can pass. */
  constructor(host: PppHost, options: PppSessionOptions = {}, handlers: PppLinkHandlers = {}) {
    this.medium = "ip";
    this.maxHeaderLength = 0;
    this.macAddress = undefined;
    this.capabilities = NO_OFFLOAD;
    this.host = host;
    this.#packetSeen = handlers.packet;
    this.#traced = new Uint8Array(0);
    this.#tracedProtocol = 0;
    this.#tracedEnd = 0;
    this.#sink = undefined;
    this.#hasDelivered = false;
    this.#isRoomWanted = false;
    this.#isClosed = false;
    const owner = ownerOf(
      (protocol, packet) => this.#sendControl(protocol, packet),
      (peer, local) => this.framingChanged(peer, local),
      (isUp) => this.#sink?.linkStateChanged(isUp),
      handlers,
    );
    this.session = new PppSession(host, owner, options);
  }

  /** {@inheritDoc LinkDriver.mtu} What LCP agreed on; 1500 before. */
  get mtu(): number {
    return this.session.mtu;
  }

  /** Whether {@linkcode close} was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes the carrier over and begins to negotiate. */
  abstract start(): void;

  /** Ends the session in an orderly way (RFC 1661 §5.5); the carrier stays. */
  stop(): void {
    this.session.close();
  }

  /** {@inheritDoc LinkDriver.attach} The interface hears at once if the link is down. */
  attach(sink: LinkSink): void {
    this.#sink = sink;
    if (!this.session.isNetworkUp) sink.linkStateChanged(false);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    const length = p.totalLength;
    if (this.#isClosed || !this.session.isNetworkUp) this.counters.sentWhileDown++;
    else if (length > this.session.mtu) this.counters.tooBig++;
    else {
      const codec = this.session.codec;
      const protocol = codec.prepare(p);
      if (protocol === 0) this.counters.sentWhileDown++;
      else if (this.#begin(protocol, codec.length, false)) {
        codec.commit(p);
        if (codec.headLength > 0) this.#append(codec.head, 0, codec.headLength);
        let skip = codec.skip;
        for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
          const from = node.start + skip;
          skip = from > node.end ? from - node.end : 0;
          if (from < node.end) this.#append(node.bytes, from, node.end);
        }
        this.#end();
        this.counters.packetsSent++;
      } else {
        this.#isRoomWanted = true;
        return false;
      }
    }
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  abstract flush(): void;

  /** {@inheritDoc LinkDriver.close} The peer is not told; {@linkcode stop} does that. Closes the carrier. */
  close(): void {
    if (this.#isClosed) return;
    this.session.lowerDown();
    this.#isClosed = true;
    this.carrierClose();
  }

  /** Begins a packet.
   *
   * @param length Octets of its information field, which {@linkcode appendPacket} will bring.
   * @param isControl A packet of the session's own, for which room is kept: data can wait, control cannot.
   * @returns false when there is no room; the packet is not begun.
   */
  protected abstract beginPacket(protocol: number, length: number, isControl: boolean): boolean;

  /** Adds `bytes[start … end]`, borrowed, to the packet begun. */
  protected abstract appendPacket(bytes: Uint8Array, start: number, end: number): void;

  /** The packet begun is whole. It may wait for {@linkcode flush}. */
  protected abstract endPacket(): void;

  /** Lets go of the carrier: nothing is sent or received any more. */
  protected abstract carrierClose(): void;

  /** How to send to the peer has changed, and how it sends to us; means nothing to a carrier with frames of its own. */
  protected framingChanged(_peer: Readonly<LcpSettings>, _local: Readonly<LcpSettings>): void {}

  /** A PPP packet has arrived: `bytes[start … end]`, header included, borrowed. */
  protected packetInput(bytes: Uint8Array, start: number, end: number): void {
    const header = parsePppHeader(bytes, start, end);
    if (header === PPP_HEADER_INVALID) {
      this.counters.badHeaders++;
      return;
    }
    const at = start + pppHeaderLengthOf(header);
    const protocol = pppProtocolOf(header);
    if (protocol !== PPP_LCP) this.session.lcp.echo.packetsSeen++;
    if (this.#packetSeen !== undefined) this.#packetSeen("inbound", protocol, bytes, at, end);
    if (this.session.codec.takes(protocol)) this.#deliver(protocol, bytes, at, end);
    else {
      if (protocol === PPP_IPV4 || protocol === PPP_IPV6) this.counters.receivedWhileDown++;
      this.session.input(protocol, bytes, at, end);
    }
  }

  /** A packet has arrived damaged, or was lost on the way as far as the carrier knows: what depends on the packet before,
   * such as header compression, starts anew. */
  protected packetDamaged(): void {
    this.session.codec.lineError();
  }

  /** No more packets for now. */
  protected inputEnds(): void {
    if (!this.#hasDelivered) return;
    this.#hasDelivered = false;
    this.#sink?.inputBatchEnd();
  }

  /** The carrier has room again. */
  protected roomAgain(): void {
    if (!this.#isRoomWanted) return;
    this.#isRoomWanted = false;
    this.#sink?.linkWritable();
  }

  #deliver(protocol: number, bytes: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    const p = this.host.pool.acquire(end - start, DEFAULT_HEADROOM);
    if (p === undefined) {
      this.counters.noBuffers++;
      return;
    }
    const into = p.bytes;
    let at = p.start;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    if (!this.session.codec.input(protocol, p)) return p.release();
    this.counters.packetsReceived++;
    this.#hasDelivered = true;
    sink.linkInput(p);
  }

  #sendControl(protocol: number, packet: Uint8Array): void {
    if (this.#isClosed || !this.#begin(protocol, packet.length, true)) {
      this.counters.controlDropped++;
      return;
    }
    this.#append(packet, 0, packet.length);
    this.#end();
    this.flush();
  }

  #begin(protocol: number, length: number, isControl: boolean): boolean {
    if (!this.beginPacket(protocol, length, isControl)) return false;
    if (this.#packetSeen !== undefined) {
      if (this.#traced.length < length) this.#traced = new Uint8Array(Math.max(length, 2048));
      this.#tracedProtocol = protocol;
      this.#tracedEnd = 0;
    }
    return true;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    this.appendPacket(bytes, start, end);
    if (this.#packetSeen === undefined) return;
    const into = this.#traced;
    let at = this.#tracedEnd;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    this.#tracedEnd = at;
  }

  #end(): void {
    this.endPacket();
    if (this.#packetSeen === undefined) return;
    this.#packetSeen("outbound", this.#tracedProtocol, this.#traced, 0, this.#tracedEnd);
  }
}
