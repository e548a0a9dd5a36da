/** Data plane. {@linkcode PppLink}: PPP over a serial line (RFC 1662) as a link driver of medium "ip".
 *
 * @module
 */
import type { Clock } from "@lightwire/netif";
import { DEFAULT_ACCM, HdlcEncoder } from "./hdlc.ts";
import { DEFAULT_MAX_FRAME_BYTES, HdlcDecoder, type HdlcSink } from "./hdlc_decoder.ts";
import { DEFAULT_MRU, type LcpSettings } from "./lcp_options.ts";
import { emitPppHeader, PPP_HEADER_LENGTH } from "./ppp_header.ts";
import {
  newPppNetworkLinkCounters,
  type PppLinkHandlers,
  PppNetworkLink,
  type PppNetworkLinkCounters,
} from "./ppp_network_link.ts";
import { PPP_LCP } from "./ppp_protocol_number.ts";
import type { PppHost, PppSessionOptions } from "./ppp_session.ts";
import { SerialOutput } from "./serial_output.ts";
import type { SerialInputLines, SerialPort, SerialSink } from "./serial_port.ts";

/** What a {@linkcode PppLink} has seen, beside the counters of its decoder and its session. */
export interface PppLinkCounters extends PppNetworkLinkCounters {
  /** Octets taken by the port. */
  octetsSent: number;
}

/** Options of {@linkcode PppLink}, beside those of its session. */
export interface PppLinkOptions extends PppSessionOptions {
  /** A frame begins with a flag of its own if the one before ended longer ago than this, in milliseconds: what noise has put on
   * the idle line then does not damage it. 0 for a flag before every frame; default {@linkcode DEFAULT_MAX_IDLE_FLAG_MS}. */
  readonly maxIdleFlagMs?: number;
}

/** Octets that wait for the port at most, or four packets if those are more; half of the room is for control packets only. */
export const DEFAULT_OUTPUT_BYTES = 16384;
/** Idle time after which a frame gets a flag of its own in front, in milliseconds. */
export const DEFAULT_MAX_IDLE_FLAG_MS = 100;

/** PPP over one serial line. The link is up while a network protocol is open. */
export class PppLink extends PppNetworkLink implements SerialSink, HdlcSink {
  /** What happened so far. */
  readonly counters: PppLinkCounters;
  /** Finds the frames in what arrives. */
  readonly decoder: HdlcDecoder;
  readonly #clock: Clock;
  readonly #port: SerialPort;
  readonly #lcpEncoder: HdlcEncoder;
  readonly #dataEncoder: HdlcEncoder;
  readonly #header: Uint8Array;
  readonly #output: SerialOutput;
  readonly #maxIdleFlagMs: number;
  #encoder: HdlcEncoder;
  #idleSince: number;
  #isPfc: boolean;
  #isAcfc: boolean;
  #isInInput: boolean;
  #hadCarrier: boolean;

  /** Makes a link in phase Dead; {@linkcode start} connects it with its port.
   *
   * @param port Where a peer speaks PPP, or soon will; an AT dialogue is over.
   */
  constructor(host: PppHost, port: SerialPort, options: PppLinkOptions = {}, handlers: PppLinkHandlers = {}) {
    super(host, options, handlers);
    this.counters = { octetsSent: 0, ...newPppNetworkLinkCounters() };
    this.#clock = host.timers.clock;
    this.#port = port;
    this.#lcpEncoder = new HdlcEncoder(DEFAULT_ACCM);
    this.#dataEncoder = new HdlcEncoder(DEFAULT_ACCM);
    this.#encoder = this.#lcpEncoder;
    this.#header = new Uint8Array(PPP_HEADER_LENGTH);
    const mru = options.lcp?.mru ?? DEFAULT_MRU;
    const packetBytes = HdlcEncoder.maxEncodedLength(mru + PPP_HEADER_LENGTH);
    this.#output = new SerialOutput(port, Math.max(DEFAULT_OUTPUT_BYTES, 4 * packetBytes));
    this.#maxIdleFlagMs = options.maxIdleFlagMs ?? DEFAULT_MAX_IDLE_FLAG_MS;
    this.#idleSince = NaN; // no frame has ended yet
    this.#isPfc = false;
    this.#isAcfc = false;
    this.#isInInput = false;
    this.#hadCarrier = false;
    this.decoder = new HdlcDecoder(this, Math.max(DEFAULT_MAX_FRAME_BYTES, Math.ceil(mru * 1.1)));
  }

  /** Takes the port over and begins to negotiate. Harmless when a session has begun, or the link is closed. */
  start(): void {
    if (this.isClosed) return;
    this.#hadCarrier = this.#port.inputLines?.dcd === true;
    this.#idleSince = NaN; // no frame has ended yet
    this.#port.attach(this);
    this.session.open();
    this.session.lowerUp();
  }

  /** {@inheritDoc LinkDriver.flush} */
  flush(): void {
    if (!this.#isInInput) this.#writeOut();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  serialInput(bytes: Uint8Array): void {
    if (this.isClosed) return;
    // What is sent meanwhile is written afterwards: a port may answer from inside of write().
    this.#isInInput = true;
    this.decoder.input(bytes, 0, bytes.length);
    this.inputEnds();
    this.#isInInput = false;
    this.#writeOut();
    // Packets refused meanwhile for want of room here: the port, which has taken everything, will not speak of it.
    if (!this.#output.isBlocked && !this.#output.isWriting) this.roomAgain();
  }

  /** {@inheritDoc HdlcSink.hdlcInput} */
  hdlcInput(bytes: Uint8Array, start: number, end: number): void {
    this.packetInput(bytes, start, end);
  }

  /** {@inheritDoc HdlcSink.hdlcDamaged} */
  hdlcDamaged(): void {
    this.packetDamaged();
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  serialWritable(): void {
    if (this.isClosed) return;
    this.#writeOut();
    if (!this.#output.isBlocked) this.roomAgain();
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

  /** {@inheritDoc PppNetworkLink.beginPacket} */
  protected beginPacket(protocol: number, length: number, isControl: boolean): boolean {
    const needed = HdlcEncoder.maxEncodedLength(length + PPP_HEADER_LENGTH);
    const output = this.#output;
    if (!isControl && output.isBlocked) return false;
    const limit = isControl ? output.bytes.length : output.bytes.length >>> 1;
    if (!output.makeRoom(needed, limit, !this.#isInInput)) return false;
    // LCP is never compressed, and always escaped in full (RFC 1661 §6.5, RFC 1662 §7.1).
    const isLcp = protocol === PPP_LCP;
    this.#encoder = isLcp ? this.#lcpEncoder : this.#dataEncoder;
    const headerEnd = emitPppHeader(
      this.#header,
      0,
      protocol,
      !isLcp && this.#isAcfc,
      !isLcp && this.#isPfc,
    );
    const at = this.#encoder.begin(output.bytes, output.end, this.#wantsFlag());
    output.end = this.#encoder.append(this.#header, 0, headerEnd, output.bytes, at);
    return true;
  }

  /** {@inheritDoc PppNetworkLink.appendPacket} */
  protected appendPacket(bytes: Uint8Array, start: number, end: number): void {
    const output = this.#output;
    output.end = this.#encoder.append(bytes, start, end, output.bytes, output.end);
  }

  /** {@inheritDoc PppNetworkLink.endPacket} */
  protected endPacket(): void {
    this.#output.end = this.#encoder.finish(this.#output.bytes, this.#output.end);
  }

  /** {@inheritDoc PppNetworkLink.carrierClose} */
  protected carrierClose(): void {
    this.#output.clear();
    this.#port.close();
  }

  /** {@inheritDoc PppNetworkLink.framingChanged} */
  protected override framingChanged(peer: Readonly<LcpSettings>, local: Readonly<LcpSettings>): void {
    this.#dataEncoder.accm = peer.accm;
    this.decoder.setReceiveAccm(local.accm);
    this.#isPfc = peer.pfc;
    this.#isAcfc = peer.acfc;
  }

  /** The flag that ended the last frame begins this one, unless the line has been idle in between. */
  #wantsFlag(): boolean {
    if (this.#maxIdleFlagMs === 0) return true;
    return this.#output.isEmpty && !(this.#clock.now() - this.#idleSince <= this.#maxIdleFlagMs);
  }

  #lineLost(): void {
    if (this.isClosed) return;
    this.#output.clear();
    this.decoder.reset();
    this.session.lowerDown();
  }

  #writeOut(): void {
    const output = this.#output;
    if (output.write()) this.#idleSince = this.#clock.now();
    this.counters.octetsSent = output.octetsSent;
  }
}
