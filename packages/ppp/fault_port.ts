/** {@linkcode FaultPort}: a serial port around another, which spoils what passes: for tests, and to see what a bad line does.
 *
 * All chance comes from one {@linkcode Random}: the same seed and the same octets give the same faults.
 *
 * @example A line that loses an octet in a hundred
 * ```ts
 * import { FaultPort, type SerialPort } from "@lightwire/ppp";
 * import { seededRandom } from "@lightwire/netif";
 * import assert from "node:assert/strict";
 *
 * let arrived = 0;
 * const port: SerialPort = {
 *   name: "far end",
 *   inputLines: undefined,
 *   attach: () => {},
 *   write(bytes, start = 0, end = bytes.length) {
 *     arrived += end - start;
 *     return end - start;
 *   },
 *   setBaudRate: () => {},
 *   setOutputLines: () => {},
 *   discardOutput: () => {},
 *   close: () => {},
 * };
 * const bad = new FaultPort(port, { random: seededRandom(1), outbound: { dropRate: 0.01 } });
 * assert.equal(bad.write(new Uint8Array(10_000)), 10_000);
 * assert.equal(arrived, 10_000 - bad.outbound.dropped);
 * ```
 *
 * @module
 */
import { type Clock, type Random, randomUnit } from "@lightwire/netif";
import type { SerialInputLines, SerialOutputLines, SerialPort, SerialSink } from "./serial_port.ts";

/** What is the matter with one direction of a line. Rates are probabilities for each octet, 0 by default. */
export interface LineFaults {
  /** One of the eight bits arrives inverted. */
  readonly bitFlipRate?: number;
  /** The octet does not arrive. */
  readonly dropRate?: number;
  /** An octet of chance arrives in front of it. */
  readonly insertRate?: number;
  /** Bit 7 arrives cleared: a line of seven bits; default false. */
  readonly isSevenBit?: boolean;
  /** Control characters that never arrive, as a bitmap in the form of an ACCM: software flow control eats `0x000a0000`; default
   * none. */
  readonly eatenControls?: number;
  /** Octets that a receiver without flow control keeps up with in a busy time; of those behind them each is lost with
   * {@linkcode overrunRate}. Default: any number. */
  readonly overrunAfterOctets?: number;
  /** Probability of loss in a busy time that has become too long; default {@linkcode DEFAULT_OVERRUN_RATE}. */
  readonly overrunRate?: number;
}

/** Options of {@linkcode FaultPort}. */
export interface FaultPortOptions {
  /** Source of chance. */
  readonly random: Random;
  /** Source of time, for busy times; without it a busy time never ends. */
  readonly clock?: Clock;
  /** Faults of what is written; none by default. */
  readonly outbound?: LineFaults;
  /** Faults of what arrives; none by default. */
  readonly inbound?: LineFaults;
}

/** What a direction has spoilt. */
export interface LineFaultCounters {
  /** Octets with an inverted bit. */
  flipped: number;
  /** Octets lost by chance. */
  dropped: number;
  /** Octets put in. */
  inserted: number;
  /** Control characters eaten. */
  eaten: number;
  /** Octets lost because the receiver did not keep up. */
  overrun: number;
}

/** Loss in a busy time that has become too long, by default: about one octet in fifty. */
export const DEFAULT_OVERRUN_RATE = 0.02;
/** A pause of the line that ends a busy time, in milliseconds. */
export const BUSY_PAUSE_MS = 10;
/** Octets that are spoilt at a time; twice as many may come of it. */
const CHUNK = 4096;

/** When faults of one kind happen: the number of octets up to the next is drawn, so that a good octet costs one subtraction. */
class FaultClock {
  readonly #random: Random;
  readonly #rate: number;
  #left: number;

  constructor(random: Random, rate: number | undefined) {
    this.#random = random;
    this.#rate = Math.min(Math.max(rate ?? 0, 0), 1);
    this.#left = this.#draw();
  }

  strikes(): boolean {
    if (this.#left-- > 0) return false;
    this.#left = this.#draw();
    return true;
  }

  /** Good octets up to the next fault, geometrically distributed. */
  #draw(): number {
    if (this.#rate === 0) return Infinity;
    if (this.#rate === 1) return 0;
    return Math.floor(Math.log(1 - randomUnit(this.#random)) / Math.log(1 - this.#rate));
  }
}

/** One direction. */
class FaultyDirection {
  readonly counters: LineFaultCounters = { flipped: 0, dropped: 0, inserted: 0, eaten: 0, overrun: 0 };
  readonly #faults: LineFaults;
  readonly #random: Random;
  readonly #clock: Clock | undefined;
  readonly #flips: FaultClock;
  readonly #drops: FaultClock;
  readonly #inserts: FaultClock;
  readonly #overruns: FaultClock;
  #busyOctets = 0;
  #lastAt = -Infinity;

  constructor(faults: LineFaults, random: Random, clock: Clock | undefined) {
    this.#faults = faults;
    this.#random = random;
    this.#clock = clock;
    this.#flips = new FaultClock(random, faults.bitFlipRate);
    this.#drops = new FaultClock(random, faults.dropRate);
    this.#inserts = new FaultClock(random, faults.insertRate);
    this.#overruns = new FaultClock(random, faults.overrunRate ?? DEFAULT_OVERRUN_RATE);
  }

  /** Spoils `bytes[start … end]` into `into[at …]`, which has room for twice as many.
   *
   * @returns Offset behind what is left of them.
   */
  spoil(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
    const { isSevenBit, eatenControls = 0 } = this.#faults;
    const { counters } = this;
    this.#noteTime();
    for (let i = start; i < end; i++) {
      let octet = bytes[i]!;
      if (this.#inserts.strikes()) {
        into[at++] = this.#random.uint32();
        counters.inserted++;
      }
      if (octet < 32 && ((eatenControls >>> octet) & 1) === 1) counters.eaten++;
      else if (this.#isOverrun()) counters.overrun++;
      else if (this.#drops.strikes()) counters.dropped++;
      else {
        if (this.#flips.strikes()) {
          octet ^= 1 << (this.#random.uint32() & 7);
          counters.flipped++;
        }
        into[at++] = isSevenBit === true ? octet & 0x7f : octet;
      }
    }
    return at;
  }

  #noteTime(): void {
    if (this.#clock === undefined) return;
    const now = this.#clock.now();
    if (now - this.#lastAt >= BUSY_PAUSE_MS) this.#busyOctets = 0;
    this.#lastAt = now;
  }

  #isOverrun(): boolean {
    const { overrunAfterOctets } = this.#faults;
    return overrunAfterOctets !== undefined && ++this.#busyOctets > overrunAfterOctets &&
      this.#overruns.strikes();
  }
}

/** A serial port that spoils what passes. */
export class FaultPort implements SerialPort, SerialSink {
  /** {@inheritDoc SerialPort.name} */
  readonly name: string;
  readonly #port: SerialPort;
  readonly #options: FaultPortOptions;
  readonly #staging: Uint8Array = new Uint8Array(2 * CHUNK);
  readonly #incoming: Uint8Array = new Uint8Array(2 * CHUNK);
  #outbound: FaultyDirection;
  #inbound: FaultyDirection;
  #stagedFrom = 0;
  #stagedTo = 0;
  #isRoomWanted = false;
  #sink: SerialSink | undefined;

  /** Wraps a port, which belongs to the wrapper from now on. */
  constructor(port: SerialPort, options: FaultPortOptions) {
    this.name = port.name;
    this.#port = port;
    this.#options = options;
    this.#outbound = this.#direction(options.outbound);
    this.#inbound = this.#direction(options.inbound);
  }

  /** {@inheritDoc SerialPort.inputLines} */
  get inputLines(): SerialInputLines | undefined {
    return this.#port.inputLines;
  }

  /** What was spoilt of what was written, since the faults were set. */
  get outbound(): Readonly<LineFaultCounters> {
    return this.#outbound.counters;
  }

  /** What was spoilt of what has arrived, since the faults were set. */
  get inbound(): Readonly<LineFaultCounters> {
    return this.#inbound.counters;
  }

  /** Replaces the faults of both directions; their counters begin anew. */
  setFaults(outbound: LineFaults, inbound: LineFaults): void {
    this.#outbound = this.#direction(outbound);
    this.#inbound = this.#direction(inbound);
  }

  /** {@inheritDoc SerialPort.attach} */
  attach(sink: SerialSink): void {
    this.#sink = sink;
    this.#port.attach(this);
  }

  /** {@inheritDoc SerialPort.write} */
  write(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
    let at = start;
    while (at < end && this.#writeStaged()) {
      const chunkEnd = Math.min(end, at + CHUNK);
      this.#stagedTo = this.#outbound.spoil(bytes, at, chunkEnd, this.#staging, 0);
      this.#stagedFrom = 0;
      at = chunkEnd;
    }
    this.#writeStaged();
    this.#isRoomWanted = at < end;
    return at - start;
  }

  /** {@inheritDoc SerialPort.setBaudRate} */
  setBaudRate(baud: number): void {
    this.#port.setBaudRate(baud);
  }

  /** {@inheritDoc SerialPort.setOutputLines} */
  setOutputLines(lines: SerialOutputLines): void {
    this.#port.setOutputLines(lines);
  }

  /** {@inheritDoc SerialPort.discardOutput} */
  discardOutput(): void {
    this.#stagedFrom = this.#stagedTo = 0;
    this.#port.discardOutput();
  }

  /** {@inheritDoc SerialPort.close} */
  close(): void {
    this.#sink = undefined;
    this.#stagedFrom = this.#stagedTo = 0;
    this.#port.close();
  }

  /** {@inheritDoc SerialSink.serialInput} */
  serialInput(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const chunkEnd = Math.min(bytes.length, at + CHUNK);
      const end = this.#inbound.spoil(bytes, at, chunkEnd, this.#incoming, 0);
      if (end > 0) this.#sink?.serialInput(this.#incoming.subarray(0, end));
    }
  }

  /** {@inheritDoc SerialSink.serialWritable} */
  serialWritable(): void {
    if (!this.#writeStaged() || !this.#isRoomWanted) return;
    this.#isRoomWanted = false;
    this.#sink?.serialWritable();
  }

  /** {@inheritDoc SerialSink.serialLinesChanged} */
  serialLinesChanged(lines: SerialInputLines): void {
    this.#sink?.serialLinesChanged(lines);
  }

  /** {@inheritDoc SerialSink.serialClosed} */
  serialClosed(error: Error | undefined): void {
    this.#stagedFrom = this.#stagedTo = 0;
    this.#sink?.serialClosed(error);
  }

  #direction(faults: LineFaults = {}): FaultyDirection {
    return new FaultyDirection(faults, this.#options.random, this.#options.clock);
  }

  /** Writes what is staged; whether nothing is left. */
  #writeStaged(): boolean {
    if (this.#stagedFrom < this.#stagedTo) {
      this.#stagedFrom += this.#port.write(this.#staging, this.#stagedFrom, this.#stagedTo);
    }
    return this.#stagedFrom >= this.#stagedTo;
  }
}
