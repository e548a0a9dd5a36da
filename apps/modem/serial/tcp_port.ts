/** {@linkcode TcpPort}: the raw octets of a serial line over TCP, as terminal servers, `socat` and emulators offer them.
 *
 * @module
 */
import type { SerialOutputLines, SerialPort, SerialSink } from "@lightwire/ppp";
import { TcpStream } from "./tcp_stream.ts";

/** A serial port without speed and lines, behind a TCP connection. */
export class TcpPort implements SerialPort {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  /** {@inheritDoc SerialPort.inputLines} There are none. */
  readonly inputLines: undefined;
  readonly #stream: TcpStream;
  #sink: SerialSink | undefined;

  /** Takes the connection over. */
  constructor(name: string, connection: Deno.Conn) {
    this.name = name;
    this.inputLines = undefined;
    this.#sink = undefined;
    this.#stream = new TcpStream(connection, {
      streamInput: (bytes) => this.#sink?.serialInput(bytes),
      streamWritable: () => this.#sink?.serialWritable(),
      streamClosed: (error) => this.#sink?.serialClosed(error),
    });
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    this.#stream.start();
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    return this.#stream.write(bytes, start, end);
  }

  /** {@inheritDoc SerialPort.setBaudRate} The server's business: ignored. */
  setBaudRate(_baud: number): void {}

  /** {@inheritDoc SerialPort.setOutputLines} The server's business: ignored. */
  setOutputLines(_lines: SerialOutputLines): void {}

  /** {@inheritDoc SerialPort.discardOutput} What the server has already is not ours to discard. */
  discardOutput(): void {
    this.#stream.discard();
  }

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    void this.closeAndWait();
  }

  /** Closes, and resolves when what was taken has left (half a second at most). */
  async closeAndWait(): Promise<void> {
    this.#sink = undefined;
    await this.#stream.closeAndWait();
  }
}
