import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import type { SerialPort, SerialSink } from "../serial_port.ts";

/** What a simulated line is like. */
export interface SerialLineOptions {
  timers: TimerQueue;
  random: Random;
  /** Octets in a millisecond; default 11.52 (115,200 baud). */
  octetsPerMs?: number;
  /** Probability that an octet arrives with one bit inverted; default 0. */
  errorRate?: number;
  /** Octets that a port holds for sending; default 4096. */
  bufferBytes?: number;
  /** Sees all that is written, by the index of the port. */
  tap?: (port: number, bytes: Uint8Array) => void;
}

/** One end of a simulated null-modem cable, delivering from timers. */
export class SimulatedPort implements SerialPort {
  readonly name: string;
  readonly inputLines = undefined;
  peer!: SimulatedPort;
  sink: SerialSink | undefined;
  errorRate: number;
  /** Nothing passes while set. */
  isCut = false;
  isEcho = false;
  readonly #options: SerialLineOptions;
  readonly #index: number;
  readonly #queue: number[] = [];
  readonly #timer: Timer;
  #isFull = false;

  constructor(options: SerialLineOptions, index: number) {
    this.name = `simulated line, end ${index}`;
    this.errorRate = options.errorRate ?? 0;
    this.#options = options;
    this.#index = index;
    this.#timer = options.timers.create(() => this.#deliver());
  }

  attach(sink: SerialSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): number {
    const taken = Math.min(end - start, (this.#options.bufferBytes ?? 4096) - this.#queue.length);
    this.#isFull = taken < end - start;
    for (let i = start; i < start + taken; i++) this.#queue.push(bytes[i]!);
    this.#options.tap?.(this.#index, bytes.slice(start, start + taken));
    if (this.#queue.length > 0 && !this.#timer.isArmed) this.#timer.start(1);
    return taken;
  }

  #deliver(): void {
    const { random } = this.#options;
    const octets = this.#queue.splice(0, Math.max(1, Math.round(this.#options.octetsPerMs ?? 11.52)));
    if (this.#queue.length > 0) this.#timer.start(1);
    for (let i = 0; i < octets.length; i++) {
      if (random.uint32() < this.errorRate * 0x1_0000_0000) octets[i]! ^= 1 << (random.uint32() & 7);
    }
    if (!this.isCut) (this.isEcho ? this : this.peer).sink?.serialInput(Uint8Array.from(octets));
    if (this.#isFull) {
      this.#isFull = false;
      this.sink?.serialWritable();
    }
  }

  setBaudRate(): void {}
  setOutputLines(): void {}
  discardOutput(): void {
    this.#queue.length = 0;
  }
  close(): void {
    this.sink = undefined;
    this.#queue.length = 0;
    this.#timer.stop();
  }
}

/** A null-modem cable. */
export function createSerialLine(options: SerialLineOptions): [SimulatedPort, SimulatedPort] {
  const a = new SimulatedPort(options, 0);
  const b = new SimulatedPort(options, 1);
  a.peer = b;
  b.peer = a;
  return [a, b];
}
