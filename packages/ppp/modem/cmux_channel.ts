/** A channel of a multiplexer, as a serial port.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../serial_port.ts";
import type { CmuxSignals } from "./cmux_message.ts";

/** What a channel sends through: its session. */
export interface CmuxChannelOwner {
  /** Sends data of a channel.
   *
   * @param dlci Which channel.
   * @param bytes What to send.
   * @param start Offset of the first byte.
   * @param end Offset behind the last byte.
   * @returns Number of bytes taken.
   */
  writeChannel(dlci: number, bytes: Uint8Array, start: number, end: number): number;
  /** Tells the other side our lines.
   *
   * @param dlci Which channel.
   * @param lines Their state.
   */
  tellLines(dlci: number, lines: SerialOutputLines): void;
}

/** Made by {@linkcode CmuxSession}. */
export class CmuxChannel implements SerialPort {
  /** Number of the channel. */
  readonly dlci: number;
  /** Name of the port below, with the channel. */
  readonly name: string;
  /** Bytes that came before there was a sink. */
  droppedBytes: number = 0;
  readonly #owner: CmuxChannelOwner;
  #sink: SerialSink | undefined = undefined;
  #lines: SerialInputLines | undefined = undefined;
  #isFlowStopped = false;
  #isOpen = true;

  /** For {@linkcode CmuxSession} only. */
  constructor(owner: CmuxChannelOwner, dlci: number, name: string) {
    this.#owner = owner;
    this.dlci = dlci;
    this.name = name;
  }

  /** Lines of the other side, `undefined` until it told them. */
  get inputLines(): SerialInputLines | undefined {
    return this.#lines;
  }

  /** Connects with who reads the channel. */
  attach(sink: SerialSink): void {
    this.#sink = sink;
  }

  /** Sends bytes; takes none while the other side stops us, or when the channel is closed. */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    if (!this.#isOpen || this.#isFlowStopped) return 0;
    return this.#owner.writeChannel(this.dlci, bytes, start, end);
  }

  /** A channel has no speed of its own. */
  setBaudRate(_baud: number): void {}

  /** Tells the other side our lines. */
  setOutputLines(lines: SerialOutputLines): void {
    if (this.#isOpen) this.#owner.tellLines(this.dlci, lines);
  }

  /** Nothing waits in a channel. */
  discardOutput(): void {}

  /** Detaches the sink; the session stays. */
  close(): void {
    this.#sink = undefined;
    this.#isOpen = false;
  }

  /** Hands data up. For {@linkcode CmuxSession} only. */
  deliver(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#sink === undefined) this.droppedBytes += bytes.length;
    else this.#sink.serialInput(bytes);
  }

  /** There is room. For {@linkcode CmuxSession} only. */
  writable(): void {
    if (this.#isOpen && !this.#isFlowStopped) this.#sink?.serialWritable();
  }

  /** Takes what the other side tells. For {@linkcode CmuxSession} only. */
  takeSignals(signals: CmuxSignals): void {
    const wasStopped = this.#isFlowStopped;
    this.#isFlowStopped = signals.isFlowStopped;
    this.#lines = signals.lines;
    this.#sink?.serialLinesChanged(signals.lines);
    if (wasStopped && !signals.isFlowStopped) this.writable();
  }

  /** Ends the channel. For {@linkcode CmuxSession} only. */
  end(error: Error | undefined): void {
    const sink = this.#sink;
    this.close();
    sink?.serialClosed(error);
  }
}
