/** {@linkcode LoginPort}: a port with a login prompt on its other end, which answers whatever it gets with itself.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import type { SerialPort, SerialSink } from "@lightwire/ppp";

const PROMPT = new TextEncoder().encode("\r\nraspberrypi login: ");

/** Somebody who does not speak PPP. */
export class LoginPort implements SerialPort {
  readonly name = "login";
  readonly inputLines = undefined;
  readonly #timer: Timer;
  #sink: SerialSink | undefined = undefined;

  constructor(timers: TimerQueue) {
    this.#timer = timers.create(() => this.#sink?.serialInput(PROMPT));
  }

  attach(sink: SerialSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    this.#timer.start(1);
    return end - start;
  }

  setBaudRate(): void {}

  setOutputLines(): void {}

  discardOutput(): void {}

  close(): void {
    this.#sink = undefined;
    this.#timer.stop();
  }
}
