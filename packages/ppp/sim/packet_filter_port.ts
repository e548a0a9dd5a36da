/** {@linkcode PacketFilterPort}: a serial port that sees, changes and drops the PPP packets which pass through it, as a faulty peer
 * or network would.
 *
 * @module
 */
import { DEFAULT_ACCM, HdlcEncoder } from "../hdlc.ts";
import { DEFAULT_MAX_FRAME_BYTES, HdlcDecoder } from "../hdlc_decoder.ts";
import {
  emitPppHeader,
  parsePppHeader,
  PPP_HEADER_INVALID,
  PPP_HEADER_LENGTH,
  pppHeaderLengthOf,
  pppProtocolOf,
} from "../ppp_header.ts";
import { ForwardingPort } from "../forwarding_port.ts";
import type { SerialPort, SerialSink } from "../serial_port.ts";

/** Looks at a packet: its protocol, and its information field, which is the filter's to change.
 *
 * @returns What goes on instead, or `undefined` for nothing.
 */
export type PacketFilter = (protocol: number, packet: Uint8Array) => Uint8Array | undefined;

/** What happens to packets. */
export interface PacketFilters {
  /** What the link behind the port sends. */
  readonly outbound?: PacketFilter;
  /** What it would get. */
  readonly inbound?: PacketFilter;
}

/** Octets that wait for the port below at most; frames beyond are dropped. */
const MAX_WAITING_BYTES = 32_768;

/** Between a PPP link and its port. Frames are written anew, with all control characters escaped and no compressed headers. */
export class PacketFilterPort extends ForwardingPort {
  /** Packets that a filter dropped. */
  dropped: number = 0;
  readonly #outbound: HdlcDecoder;
  readonly #inbound: HdlcDecoder;
  readonly #encoder: HdlcEncoder = new HdlcEncoder(DEFAULT_ACCM);
  #waiting: Uint8Array = new Uint8Array(0);
  #isFull = false;

  /** Makes a filter over `below`, whose sink it becomes. */
  constructor(below: SerialPort, filters: PacketFilters) {
    super(below);
    const frameBytes = 2 * DEFAULT_MAX_FRAME_BYTES;
    const pass = (
      filter: PacketFilter | undefined,
      emit: (protocol: number, packet: Uint8Array) => void,
    ) => ({
      hdlcInput: (bytes: Uint8Array, start: number, end: number) => {
        const header = parsePppHeader(bytes, start, end);
        if (header === PPP_HEADER_INVALID) return;
        const protocol = pppProtocolOf(header);
        const packet = bytes.slice(start + pppHeaderLengthOf(header), end);
        const changed = filter === undefined ? packet : filter(protocol, packet);
        if (changed === undefined) this.dropped++;
        else emit(protocol, changed);
      },
    });
    this.#outbound = new HdlcDecoder(pass(filters.outbound, (p, packet) => this.send(p, packet)), frameBytes);
    this.#inbound = new HdlcDecoder(
      pass(filters.inbound, (p, packet) => this.sink?.serialInput(this.#encode(p, packet))),
      frameBytes,
    );
    below.attach(this);
  }

  /** Sends a packet that the link knows nothing of. */
  send(protocol: number, packet: Uint8Array): void {
    const frame = this.#encode(protocol, packet);
    if (this.#waiting.length + frame.length > MAX_WAITING_BYTES) return void this.dropped++;
    const all = new Uint8Array(this.#waiting.length + frame.length);
    all.set(this.#waiting);
    all.set(frame, this.#waiting.length);
    this.#waiting = all;
    this.#flush();
  }

  /** {@inheritDoc SerialPort.attach} The port below is attached already. */
  override attach(sink: SerialSink): void {
    this.sink = sink;
  }

  /** {@inheritDoc SerialPort.write} */
  override write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    if (this.#waiting.length > 0) {
      this.#isFull = true;
      return 0;
    }
    this.#outbound.input(bytes, start, end);
    return end - start;
  }

  /** {@inheritDoc SerialPort.discardOutput} */
  override discardOutput(): void {
    this.#waiting = new Uint8Array(0);
    super.discardOutput();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  override serialInput(bytes: Uint8Array): void {
    this.#inbound.input(bytes, 0, bytes.length);
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  override serialWritable(): void {
    this.#flush();
    if (!this.#isFull || this.#waiting.length > 0) return;
    this.#isFull = false;
    this.sink?.serialWritable();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const taken = this.below.write(this.#waiting, 0, this.#waiting.length);
    this.#waiting = this.#waiting.slice(taken);
  }

  #encode(protocol: number, packet: Uint8Array): Uint8Array {
    const header = new Uint8Array(PPP_HEADER_LENGTH);
    emitPppHeader(header, 0, protocol, false, false);
    const frame = new Uint8Array(HdlcEncoder.maxEncodedLength(packet.length + PPP_HEADER_LENGTH));
    let at = this.#encoder.begin(frame, 0, true);
    at = this.#encoder.append(header, 0, PPP_HEADER_LENGTH, frame, at);
    at = this.#encoder.append(packet, 0, packet.length, frame, at);
    return frame.subarray(0, this.#encoder.finish(frame, at));
  }
}
