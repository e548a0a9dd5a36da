/** {@linkcode NoisyPort}: a serial port that flips a bit now and then.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "@lightwire/ppp";

/** Noise on a line. */
export class NoisyPort implements SerialPort {
  readonly name: string;
  readonly #port: SerialPort;
  readonly #random: Random;
  readonly #inbound: number;
  readonly #outbound: number;

  /** @param inbound share of the octets that are damaged on their way in.
   * @param outbound the same on their way out; default: none.
   */
  constructor(port: SerialPort, random: Random, inbound: number, outbound: number = 0) {
    this.name = port.name;
    this.#port = port;
    this.#random = random;
    this.#inbound = inbound;
    this.#outbound = outbound;
  }

  get inputLines(): SerialInputLines | undefined {
    return this.#port.inputLines;
  }

  attach(sink: SerialSink): void {
    this.#port.attach({
      serialInput: (bytes) => sink.serialInput(this.#damage(bytes, this.#inbound)),
      serialWritable: () => sink.serialWritable(),
      serialLinesChanged: (lines) => sink.serialLinesChanged(lines),
      serialClosed: (error) => sink.serialClosed(error),
    });
  }

  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    return this.#port.write(this.#damage(bytes.subarray(start, end), this.#outbound));
  }

  setBaudRate(baud: number): void {
    this.#port.setBaudRate(baud);
  }

  setOutputLines(lines: SerialOutputLines): void {
    this.#port.setOutputLines(lines);
  }

  discardOutput(): void {
    this.#port.discardOutput();
  }

  close(): void {
    this.#port.close();
  }

  #damage(bytes: Uint8Array, rate: number): Uint8Array {
    const damaged = bytes.slice();
    for (let i = 0; i < damaged.length; i++) {
      if (this.#random.uint32() < rate * 2 ** 32) damaged[i]! ^= 1 << (this.#random.uint32() & 7);
    }
    return damaged;
  }
}
