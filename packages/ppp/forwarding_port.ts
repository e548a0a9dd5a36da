/** {@linkcode ForwardingPort}: a serial port around another, which hands everything through; what is to be counted, changed or held
 * back, a subclass overrides.
 *
 * @module
 */
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "./serial_port.ts";

/** A port over a port. It attaches to the one below with its first sink. */
export class ForwardingPort implements SerialPort, SerialSink {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  /** The port below. */
  protected readonly below: SerialPort;
  /** Who reads this one. */
  protected sink: SerialSink | undefined;

  /** Makes a port over `below`. */
  constructor(below: SerialPort) {
    this.name = below.name;
    this.below = below;
    this.sink = undefined;
  }

  /** {@inheritDoc SerialPort.inputLines} */
  get inputLines(): SerialInputLines | undefined {
    return this.below.inputLines;
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.sink = sink;
    this.below.attach(this);
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    return this.below.write(bytes, start, end);
  }

  /** {@inheritDoc SerialPort.setBaudRate} */
  setBaudRate(baud: number): void {
    this.below.setBaudRate(baud);
  }

  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(lines: SerialOutputLines): void {
    this.below.setOutputLines(lines);
  }

  /** {@inheritDoc SerialPort.discardOutput} */
  discardOutput(): void {
    this.below.discardOutput();
  }

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    this.sink = undefined;
    this.below.close();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  serialInput(bytes: Uint8Array): void {
    this.sink?.serialInput(bytes);
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  serialWritable(): void {
    this.sink?.serialWritable();
  }

  /** {@inheritDoc SerialSink.serialLinesChanged} */
  serialLinesChanged(lines: SerialInputLines): void {
    this.sink?.serialLinesChanged(lines);
  }

  /** {@inheritDoc SerialSink.serialClosed} */
  serialClosed(error: Error | undefined): void {
    this.sink?.serialClosed(error);
  }
}
