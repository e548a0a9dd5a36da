/** {@linkcode DataCall}: a connection of the simulated modem in data mode, as the serial port of the PPP side behind it; with
 * the escape sequence of three plus signs.
 *
 * @module
 */
import type { Timer, TimerQueue } from "@lightwire/netif";
import type { SerialPort, SerialSink } from "../serial_port.ts";

/** The session that a call belongs to. */
export interface DataCallOwner {
  /** Sends data to the computer; returns how many octets were taken. */
  writeData(bytes: Uint8Array, start: number, end: number): number;
  /** The escape sequence has come. */
  escape(): void;
}

/** Options of {@linkcode DataCall}. */
export interface DataCallOptions {
  /** Silence in front of and behind the escape sequence, in milliseconds: S12. */
  readonly guardMs: number;
  /** The escape character: S2; above 127 there is none (as V.25 ter's ancestors have it). */
  readonly escapeCharacter: number;
  /** Whether neither the escape sequence nor DTR ends data mode; default false. */
  readonly isStuck?: boolean;
  /** Whether the computer's octets come back to it; default false. */
  readonly isLooped?: boolean;
}

/** One connection. */
export class DataCall implements SerialPort {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string = "simulated call";
  /** {@inheritDoc SerialPort.inputLines} */
  readonly inputLines: undefined = undefined;
  /** Whether neither the escape sequence nor DTR ends data mode. */
  readonly isStuck: boolean;
  /** Called when data mode begins: the other end may speak. */
  onBegin: () => void = () => {};
  /** Called once, when the call is over. */
  onEnd: () => void = () => {};
  /** Octets from the computer. */
  octetsReceived: number = 0;
  readonly #owner: DataCallOwner;
  readonly #timers: TimerQueue;
  readonly #options: DataCallOptions;
  readonly #guard: Timer;
  #sink: SerialSink | undefined = undefined;
  #lastInputAt: number;
  #escapes = 0;
  #isBlocked = false;
  #isPaused = false;
  #hasEnded = false;

  /** Makes a call that is not begun. */
  constructor(owner: DataCallOwner, timers: TimerQueue, options: DataCallOptions) {
    this.#owner = owner;
    this.#timers = timers;
    this.#options = options;
    this.isStuck = options.isStuck === true;
    this.#guard = timers.create(() => this.#owner.escape());
    this.#lastInputAt = timers.clock.now();
  }

  /** Whether the line takes commands while the call stays. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Data flow, for the first time or again. */
  begin(): void {
    const isResumed = this.#isPaused;
    this.#isPaused = false;
    this.#lastInputAt = this.#timers.clock.now();
    if (isResumed) this.writable();
    else this.onBegin();
  }

  /** The line takes commands; data wait. */
  pause(): void {
    this.#isPaused = true;
    this.#isBlocked = true;
  }

  /** The call is over. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#guard.stop();
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.serialClosed(undefined);
    this.onEnd();
  }

  /** Octets from the computer. The escape sequence goes through as well, and is noise to PPP. */
  input(bytes: Uint8Array): void {
    this.octetsReceived += bytes.length;
    if (!this.isStuck) this.#watchEscape(bytes);
    if (this.#options.isLooped === true) this.#owner.writeData(bytes, 0, bytes.length);
    this.#sink?.serialInput(bytes);
  }

  /** The line has room. */
  writable(): void {
    if (!this.#isBlocked || this.#isPaused) return;
    this.#isBlocked = false;
    this.#sink?.serialWritable();
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.#sink = sink;
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    const taken = this.#hasEnded || this.#isPaused ? 0 : this.#owner.writeData(bytes, start, end);
    this.#isBlocked ||= taken < end - start;
    return taken;
  }

  /** {@inheritDoc SerialPort.setBaudRate} */
  setBaudRate(): void {}

  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(): void {}

  /** {@inheritDoc SerialPort.discardOutput} */
  discardOutput(): void {}

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    this.#sink = undefined;
  }

  #watchEscape(bytes: Uint8Array): void {
    const { guardMs, escapeCharacter } = this.#options;
    const now = this.#timers.clock.now();
    const silence = now - this.#lastInputAt;
    this.#lastInputAt = now;
    this.#guard.stop();
    let isOnlyEscapes = bytes.length <= 3 && escapeCharacter < 128;
    for (let i = 0; i < bytes.length; i++) isOnlyEscapes &&= bytes[i] === escapeCharacter;
    if (!isOnlyEscapes) {
      this.#escapes = 0;
      return;
    }
    if (silence >= guardMs) this.#escapes = bytes.length;
    else this.#escapes = this.#escapes === 0 ? 0 : this.#escapes + bytes.length;
    if (this.#escapes === 3) this.#guard.start(guardMs);
    else if (this.#escapes > 3) this.#escapes = 0;
  }
}
