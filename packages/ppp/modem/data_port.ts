/** The line in data mode, as a serial port for PPP.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif/timers";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../serial_port.ts";

/** Bytes kept between `CONNECT` and the attaching of a sink. */
const EARLY_BYTES = 4096;

/** What a {@linkcode DataPort} writes through. */
export interface DataPortOwner {
  /** Sends bytes, when the line is in data mode.
   *
   * @param bytes What to send.
   * @param start Offset of the first byte.
   * @param end Offset behind the last byte.
   * @returns Number of bytes taken.
   */
  writeData(bytes: Uint8Array, start: number, end: number): number;
}

/** Lasts as long as its engine; each connection attaches a sink of its own, and ends with its `serialClosed`. */
export class DataPort implements SerialPort {
  /** Bytes that came before a sink, and found no room. */
  droppedBytes: number = 0;
  readonly #port: SerialPort;
  readonly #owner: DataPortOwner;
  readonly #early: Uint8Array = new Uint8Array(EARLY_BYTES);
  readonly #timer: Timer;
  #earlyLength = 0;
  #sink: SerialSink | undefined = undefined;

  /** For {@linkcode AtEngine} only. */
  constructor(port: SerialPort, timers: TimerQueue, owner: DataPortOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#timer = timers.create(() => this.#deliverEarly());
  }

  /** Name of the port below. */
  get name(): string {
    return this.#port.name;
  }

  /** Lines of the port below. */
  get inputLines(): SerialInputLines | undefined {
    return this.#port.inputLines;
  }

  /** Connects with who reads the data; what came since `CONNECT` follows from a timer due now. */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    if (this.#earlyLength > 0) this.#timer.start(0);
  }

  /** Sends bytes; takes none while the line is not in data mode. */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    return this.#owner.writeData(bytes, start, end);
  }

  /** Changes the speed of the port below. */
  setBaudRate(baud: number): void {
    this.#port.setBaudRate(baud);
  }

  /** Drives the lines of the port below. */
  setOutputLines(lines: SerialOutputLines): void {
    this.#port.setOutputLines(lines);
  }

  /** Throws away what the port below was given and has not sent. */
  discardOutput(): void {
    this.#port.discardOutput();
  }

  /** Detaches the sink; the port below stays open for commands. */
  close(): void {
    this.#sink = undefined;
    this.#earlyLength = 0;
    this.#timer.stop();
  }

  /** Hands bytes up. For {@linkcode AtEngine} only. */
  deliver(bytes: Uint8Array): void {
    this.#deliverEarly();
    if (this.#sink !== undefined) {
      this.#sink.serialInput(bytes);
      return;
    }
    const length = Math.min(bytes.length, EARLY_BYTES - this.#earlyLength);
    this.#early.set(bytes.subarray(0, length), this.#earlyLength);
    this.#earlyLength += length;
    this.droppedBytes += bytes.length - length;
  }

  /** Tells that there is room again. For {@linkcode AtEngine} only. */
  writable(): void {
    this.#sink?.serialWritable();
  }

  /** Tells of the lines. For {@linkcode AtEngine} only. */
  linesChanged(lines: SerialInputLines): void {
    this.#sink?.serialLinesChanged(lines);
  }

  /** Ends the connection for its sink. For {@linkcode AtEngine} only. */
  end(error: Error | undefined): void {
    const sink = this.#sink;
    this.close();
    sink?.serialClosed(error);
  }

  #deliverEarly(): void {
    if (this.#earlyLength === 0 || this.#sink === undefined) return;
    const length = this.#earlyLength;
    this.#earlyLength = 0;
    this.#timer.stop();
    this.#sink.serialInput(this.#early.subarray(0, length));
  }
}
