/** Data plane. {@linkcode PppLink}: PPP over a serial line as a link driver of medium "ip".
 *
 * @module
 */
import { DEFAULT_HEADROOM, type Pbuf } from "@lightwire/pbuf";
import { type LinkCapabilities, type LinkDriver, type LinkSink, NO_OFFLOAD } from "@lightwire/netif";
import { DEFAULT_ACCM, DEFAULT_MAX_FRAME_BYTES, HdlcDecoder, HdlcEncoder, type HdlcSink } from "./hdlc.ts";
import { DEFAULT_MRU, type LcpSettings } from "./lcp_options.ts";
import {
  emitPppHeader,
  parsePppHeader,
  PPP_HEADER_INVALID,
  PPP_HEADER_LENGTH,
  pppHeaderLengthOf,
  pppProtocolOf,
} from "./ppp_header.ts";
import { PPP_IPV4, PPP_LCP } from "./ppp_protocol_number.ts";
import {
  type PppEnd,
  type PppHost,
  type PppPhase,
  PppSession,
  type PppSessionOptions,
  type PppSessionOwner,
  type PppUp,
} from "./ppp_session.ts";
import type { SerialInputLines, SerialPort, SerialSink } from "./serial_port.ts";

/** What a {@linkcode PppLink} tells the application. */
export interface PppLinkHandlers {
  /** The phase has changed. */
  phaseChanged?(phase: PppPhase): void;
  /** IP flows: give the interface the address, the route and the MTU, and the resolver its servers. */
  up?(up: PppUp): void;
  /** IP does not flow any more. */
  down?(): void;
  /** The session is over. */
  ended?(end: PppEnd, message: string): void;
}

/** What a {@linkcode PppLink} has seen, beside the counters of its decoder and its session. */
export interface PppLinkCounters {
  /** Octets taken by the port. */
  octetsSent: number;
  /** IPv4 packets handed up. */
  packetsReceived: number;
  /** IPv4 packets sent. */
  packetsSent: number;
  /** Frames without a valid header. */
  badHeaders: number;
  /** IPv4 packets before IPCP is open, or after. */
  receivedWhileDown: number;
  /** Received packets dropped because no buffer was free. */
  noBuffers: number;
  /** Packets to send, dropped because the link is down. */
  sentWhileDown: number;
  /** Packets to send, dropped because they are longer than the peer takes. */
  tooBig: number;
  /** Control packets dropped because the line has stood still for long. */
  controlDropped: number;
}

/** Octets that wait for the port at most, or four packets if those are more; half of the room is for control packets only. */
export const DEFAULT_OUTPUT_BYTES = 16384;

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

/** PPP over one serial line. The link is up while IPCP is open. */
export class PppLink implements LinkDriver, SerialSink, HdlcSink {
  /** {@inheritDoc LinkDriver.medium} */
  readonly medium: "ethernet" | "ip";
  /** {@inheritDoc LinkDriver.maxHeaderLength} Frames are encoded into memory of the link's own. */
  readonly maxHeaderLength: number;
  /** {@inheritDoc LinkDriver.macAddress} */
  readonly macAddress: undefined;
  /** {@inheritDoc LinkDriver.capabilities} */
  readonly capabilities: LinkCapabilities;
  /** What happened so far. */
  readonly counters: PppLinkCounters;
  /** The phases and protocols. */
  readonly session: PppSession;
  /** Finds the frames in what arrives. */
  readonly decoder: HdlcDecoder;
  readonly #host: PppHost;
  readonly #port: SerialPort;
  readonly #lcpEncoder: HdlcEncoder;
  readonly #encoder: HdlcEncoder;
  readonly #header: Uint8Array;
  readonly #out: Uint8Array;
  #outStart: number;
  #outEnd: number;
  #isPfc: boolean;
  #isAcfc: boolean;
  #sink: LinkSink | undefined;
  #isInInput: boolean;
  #hasDelivered: boolean;
  #isBlocked: boolean;
  #isRoomWanted: boolean;
  #hadCarrier: boolean;
  #isClosed: boolean;

  /** Makes a link in phase Dead; {@linkcode start} connects it with its port.
   *
   * @param port Where a peer speaks PPP, or soon will; an AT dialogue is over.
   */
  constructor(
    host: PppHost,
    port: SerialPort,
    options: PppSessionOptions = {},
    handlers: PppLinkHandlers = {},
  ) {
    this.medium = "ip";
    this.maxHeaderLength = 0;
    this.macAddress = undefined;
    this.capabilities = NO_OFFLOAD;
    this.counters = {
      octetsSent: 0,
      packetsReceived: 0,
      packetsSent: 0,
      badHeaders: 0,
      receivedWhileDown: 0,
      noBuffers: 0,
      sentWhileDown: 0,
      tooBig: 0,
      controlDropped: 0,
    };
    this.#host = host;
    this.#port = port;
    this.#lcpEncoder = new HdlcEncoder(DEFAULT_ACCM);
    this.#encoder = new HdlcEncoder(DEFAULT_ACCM);
    this.#header = new Uint8Array(PPP_HEADER_LENGTH);
    const mru = options.lcp?.mru ?? DEFAULT_MRU;
    const packetBytes = HdlcEncoder.maxEncodedLength(mru + PPP_HEADER_LENGTH);
    this.#out = new Uint8Array(Math.max(DEFAULT_OUTPUT_BYTES, 4 * packetBytes));
    this.#outStart = 0;
    this.#outEnd = 0;
    this.#isPfc = false;
    this.#isAcfc = false;
    this.#sink = undefined;
    this.#isInInput = false;
    this.#hasDelivered = false;
    this.#isBlocked = false;
    this.#isRoomWanted = false;
    this.#hadCarrier = false;
    this.#isClosed = false;
    this.decoder = new HdlcDecoder(this, Math.max(DEFAULT_MAX_FRAME_BYTES, Math.ceil(mru * 1.1)));
    const owner = ownerOf(
      (protocol, packet) => this.#sendControl(protocol, packet),
      (peer) => this.#setFraming(peer),
      (isUp) => this.#sink?.linkStateChanged(isUp),
      handlers,
    );
    this.session = new PppSession(host, owner, options);
  }

  /** {@inheritDoc LinkDriver.mtu} What LCP agreed on; 1500 before. */
  get mtu(): number {
    return this.session.mtu;
  }

  /** Takes the port over and begins to negotiate. */
  start(): void {
    this.#hadCarrier = this.#port.inputLines?.dcd === true;
    this.#port.attach(this);
    this.session.open();
    this.session.lowerUp();
  }

  /** Ends the session in an orderly way (RFC 1661 §5.5); the port stays open. */
  stop(): void {
    this.session.close();
  }

  /** {@inheritDoc LinkDriver.attach} The interface hears at once whether the link is up. */
  attach(sink: LinkSink): void {
    this.#sink = sink;
    sink.linkStateChanged(this.session.isNetworkUp);
  }

  /** {@inheritDoc LinkDriver.transmit} */
  transmit(p: Pbuf): boolean {
    const length = p.totalLength;
    if (this.#isClosed || !this.session.isNetworkUp) this.counters.sentWhileDown++;
    else if (length > this.session.mtu) this.counters.tooBig++;
    else {
      const needed = HdlcEncoder.maxEncodedLength(length + PPP_HEADER_LENGTH);
      if (this.#isBlocked || !this.#makeRoom(needed, this.#out.length >>> 1)) {
        this.#isRoomWanted = true;
        return false;
      }
      const encoder = this.#encoder;
      const out = this.#out;
      let at = this.#begin(encoder, PPP_IPV4, this.#isAcfc, this.#isPfc);
      for (let node: Pbuf | undefined = p; node !== undefined; node = node.next) {
        at = encoder.append(node.bytes, node.start, node.end, out, at);
      }
      this.#outEnd = encoder.finish(out, at);
      this.counters.packetsSent++;
    }
    p.release();
    return true;
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    if (!this.#isInInput) this.#writeOut();
  }

  /** {@inheritDoc LinkDriver.close} The peer is not told; {@linkcode stop} does that. Closes the port. */
  close(): void {
    if (this.#isClosed) return;
    this.session.lowerDown();
    this.#isClosed = true;
    this.#outStart = this.#outEnd = 0;
    this.#port.close();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  serialInput(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    // What is sent meanwhile is written afterwards: a port may answer from inside of write().
    this.#isInInput = true;
    this.decoder.input(bytes, 0, bytes.length);
    if (this.#hasDelivered) {
      this.#hasDelivered = false;
      this.#sink?.inputBatchEnd();
    }
    this.#isInInput = false;
    this.#writeOut();
  }

  /** {@inheritDoc HdlcSink.hdlcInput} */
  hdlcInput(bytes: Uint8Array, start: number, end: number): void {
    const header = parsePppHeader(bytes, start, end);
    if (header === PPP_HEADER_INVALID) {
      this.counters.badHeaders++;
      return;
    }
    const at = start + pppHeaderLengthOf(header);
    if (pppProtocolOf(header) === PPP_IPV4 && this.session.isNetworkUp) this.#deliver(bytes, at, end);
    else {
      if (pppProtocolOf(header) === PPP_IPV4) this.counters.receivedWhileDown++;
      this.session.input(pppProtocolOf(header), bytes, at, end);
    }
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  serialWritable(): void {
    if (this.#isClosed) return;
    this.#writeOut();
    if (this.#isBlocked || !this.#isRoomWanted) return;
    this.#isRoomWanted = false;
    this.#sink?.linkWritable();
  }

  /** {@inheritDoc SerialSink.serialLinesChanged} A carrier that falls ends the session; one that was never there does not. */
  serialLinesChanged(lines: SerialInputLines): void {
    if (this.#hadCarrier && !lines.dcd) this.#lineLost();
    this.#hadCarrier = lines.dcd;
  }

  /** {@inheritDoc SerialSink.serialClosed} */
  serialClosed(_error: Error | undefined): void {
    this.#lineLost();
  }

  #lineLost(): void {
    if (this.#isClosed) return;
    this.#outStart = this.#outEnd = 0;
    this.#isBlocked = false;
    this.decoder.reset();
    this.session.lowerDown();
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    const p = this.#host.pool.acquire(end - start, DEFAULT_HEADROOM);
    if (p === undefined) {
      this.counters.noBuffers++;
      return;
    }
    const into = p.bytes;
    let at = p.start;
    for (let i = start; i < end; i++) into[at++] = bytes[i]!;
    this.counters.packetsReceived++;
    this.#hasDelivered = true;
    sink.linkInput(p);
  }

  #sendControl(protocol: number, packet: Uint8Array): void {
    const needed = HdlcEncoder.maxEncodedLength(packet.length + PPP_HEADER_LENGTH);
    if (this.#isClosed || !this.#makeRoom(needed, this.#out.length)) {
      this.counters.controlDropped++;
      return;
    }
    const isLcp = protocol === PPP_LCP;
    const encoder = isLcp ? this.#lcpEncoder : this.#encoder;
    const at = this.#begin(encoder, protocol, !isLcp && this.#isAcfc, !isLcp && this.#isPfc);
    this.#outEnd = encoder.finish(this.#out, encoder.append(packet, 0, packet.length, this.#out, at));
    this.flush();
  }

  /** Begins a frame; a flag only if the line has been idle. */
  #begin(encoder: HdlcEncoder, protocol: number, isAcfc: boolean, isPfc: boolean): number {
    const length = emitPppHeader(this.#header, 0, protocol, isAcfc, isPfc);
    const at = encoder.begin(this.#out, this.#outEnd, this.#outStart === this.#outEnd);
    return encoder.append(this.#header, 0, length, this.#out, at);
  }

  #setFraming(peer: Readonly<LcpSettings>): void {
    this.#encoder.accm = peer.accm;
    this.#isPfc = peer.pfc;
    this.#isAcfc = peer.acfc;
  }

  /** Sees to it that `needed` octets fit, and that not more than `limit` wait afterwards. */
  #makeRoom(needed: number, limit: number): boolean {
    if (this.#outEnd + needed <= limit) return true;
    if (!this.#isInInput) this.#writeOut();
    if (this.#outStart > 0) {
      this.#out.copyWithin(0, this.#outStart, this.#outEnd);
      this.#outEnd -= this.#outStart;
      this.#outStart = 0;
    }
    return this.#outEnd + needed <= limit;
  }

  #writeOut(): void {
    if (this.#outStart === this.#outEnd) return;
    const start = this.#outStart;
    const taken = this.#port.write(this.#out, start, this.#outEnd);
    this.counters.octetsSent += taken;
    this.#outStart = start + taken;
    this.#isBlocked = this.#outStart < this.#outEnd;
    if (!this.#isBlocked) this.#outStart = this.#outEnd = 0;
  }
}
