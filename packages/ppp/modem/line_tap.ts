/** What passes on a serial line, counted: what a line does to characters shows in the begin of what arrives.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "../serial_port.ts";

/** Bytes looked at after each {@linkcode LineTap.reset}. */
const SAMPLE_BYTES = 4096;
/** Bytes kept for the eye. */
const HEAD_BYTES = 48;

/** A port that counts what it hands through. */
export class LineTap implements SerialPort, SerialSink {
  /** Bytes received since {@linkcode reset}. */
  receivedBytes: number = 0;
  /** Bytes sent since then. */
  sentBytes: number = 0;
  /** Whether the line has ended. */
  isGone: boolean = false;
  readonly #port: SerialPort;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headLength = 0;
  #high = 0;
  #controls = 0;
  #sampled = 0;
  #sink: SerialSink | undefined = undefined;

  /** Makes a tap.
   *
   * @param port The line; the tap attaches to it with the first sink.
   */
  constructor(port: SerialPort) {
    this.#port = port;
  }

  /** Name of the line. */
  get name(): string {
    return this.#port.name;
  }

  /** Lines of the port. */
  get inputLines(): SerialInputLines | undefined {
    return this.#port.inputLines;
  }

  /** Whether a good number of bytes arrived and none of them had bit 7 set: a line of seven bits. */
  get isSevenBit(): boolean {
    return this.#sampled >= 32 && this.#high === 0;
  }

  /** Control characters that arrived, as bits: XON and XOFF are bits 17 and 19. */
  get controlsSeen(): number {
    return this.#controls >>> 0;
  }

  /** The first bytes, in hexadecimal. */
  get headText(): string {
    const bytes = [...this.#head.subarray(0, this.#headLength)];
    const more = this.receivedBytes > this.#headLength ? " …" : "";
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ") + more;
  }

  /** Counts from nought again. */
  reset(): void {
    this.receivedBytes = 0;
    this.sentBytes = 0;
    this.#headLength = 0;
    this.#high = 0;
    this.#controls = 0;
    this.#sampled = 0;
  }

  /** Connects with who reads the line. */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    this.#port.attach(this);
  }

  /** Sends bytes. */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    const taken = this.#port.write(bytes, start, end);
    this.sentBytes += taken;
    return taken;
  }

  /** Changes the speed. */
  setBaudRate(baud: number): void {
    this.#port.setBaudRate(baud);
  }

  /** Drives our lines. */
  setOutputLines(lines: SerialOutputLines): void {
    this.#port.setOutputLines(lines);
  }

  /** Throws away what was taken and is not sent. */
  discardOutput(): void {
    this.#port.discardOutput();
  }

  /** Closes the line. */
  close(): void {
    this.#port.close();
  }

  /** Counts what arrived, and hands it on. */
  serialInput(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    const end = Math.min(bytes.length, SAMPLE_BYTES - this.#sampled);
    for (let i = 0; i < end; i++) {
      const byte = bytes[i]!;
      this.#high |= byte & 0x80;
      if (byte < 32) this.#controls |= 1 << byte;
      if (this.#headLength < HEAD_BYTES) this.#head[this.#headLength++] = byte;
    }
    this.#sampled += Math.max(0, end);
    this.#sink?.serialInput(bytes);
  }

  /** Hands it on. */
  serialWritable(): void {
    this.#sink?.serialWritable();
  }

  /** Hands it on. */
  serialLinesChanged(lines: SerialInputLines): void {
    this.#sink?.serialLinesChanged(lines);
  }

  /** Hands it on. */
  serialClosed(error: Error | undefined): void {
    this.isGone = true;
    this.#sink?.serialClosed(error);
  }
}
