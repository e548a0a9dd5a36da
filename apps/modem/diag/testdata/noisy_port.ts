/** {@linkcode NoisyPort}: a serial port that flips a bit now and then, in what arrives.
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
  readonly #rate: number;

  /** @param rate share of the octets that are damaged. */
  constructor(port: SerialPort, random: Random, rate: number) {
    this.name = port.name;
    this.#port = port;
    this.#random = random;
    this.#rate = rate;
  }

  get inputLines(): SerialInputLines | undefined {
    return this.#port.inputLines;
  }

  attach(sink: SerialSink): void {
    this.#port.attach({
      serialInput: (bytes) => {
        const damaged = bytes.slice();
        for (let i = 0; i < damaged.length; i++) {
          if (this.#random.uint32() < this.#rate * 2 ** 32) damaged[i]! ^= 1 << (this.#random.uint32() & 7);
        }
        sink.serialInput(damaged);
      },
      serialWritable: () => sink.serialWritable(),
      serialLinesChanged: (lines) => sink.serialLinesChanged(lines),
      serialClosed: (error) => sink.serialClosed(error),
    });
  }

  write(bytes: Uint8Array, start?: number, end?: number): number {
    return this.#port.write(bytes, start, end);
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
}
