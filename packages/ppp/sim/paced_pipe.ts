/** Data plane. {@linkcode PacedPipe}: one direction of a simulated serial cable, at the pace of its speed.
 *
 * An octet takes ten bits: a start bit, eight of data, a stop bit. Where the two ends differ in speed, what arrives is noise.
 *
 * @module
 */
import type { Random, Timer, TimerQueue } from "@lightwire/netif";

/** Changes octets on their way, as a bad line does. */
export interface LineImpairment {
  /** Works on `bytes[0 … length]` in place.
   *
   * @param now Time at which the last of them arrives, in milliseconds.
   * @returns How many are left.
   */
  impair(bytes: Uint8Array, length: number, now: number): number;
}

/** Who hears one direction. */
export interface PipeListener {
  /** Octets have arrived; borrowed until the call returns. */
  pipeInput(bytes: Uint8Array): void;
  /** There is much room again after {@linkcode PacedPipe.write} took less than it was given. */
  pipeWritable(): void;
  /** Octets come at another speed than the receiver's. Returns whether it has changed its own, so that they can be read.
   *
   * @param baud Their speed.
   * @param bytes What was sent.
   */
  pipeMismatch(baud: number, bytes: Uint8Array): boolean;
}

const BITS_PER_OCTET = 10;
/** A receiver reads right what differs by up to a 25th of the speed. */
const TOLERANCE = 0.04;
/** Longest stretch that is delivered at once when the host is late. */
const CHUNK_BYTES = 2048;

/** A queue that empties itself in time. */
export class PacedPipe {
  /** Octets delivered. */
  delivered: number;
  /** Octets that arrived as noise, because the speeds differ. */
  garbled: number;
  /** What the line does to octets; `undefined` for nothing. */
  impairment: LineImpairment | undefined;
  readonly #timers: TimerQueue;
  readonly #random: Random;
  readonly #listener: PipeListener;
  readonly #ring: Uint8Array;
  readonly #chunk: Uint8Array;
  readonly #timer: Timer;
  #start: number;
  #count: number;
  #baud: number;
  #nextBaud: number;
  /** Octets that still go at the old speed. */
  #oldLeft: number;
  #receiverBaud: number;
  #busySince: number;
  #isFull: boolean;

  /** Makes a pipe that holds nothing. */
  constructor(
    timers: TimerQueue,
    random: Random,
    listener: PipeListener,
    baud: number,
    capacity: number,
  ) {
    this.delivered = 0;
    this.garbled = 0;
    this.impairment = undefined;
    this.#timers = timers;
    this.#random = random;
    this.#listener = listener;
    this.#ring = new Uint8Array(capacity);
    this.#chunk = new Uint8Array(CHUNK_BYTES);
    this.#timer = timers.create(() => this.#deliver());
    this.#start = 0;
    this.#count = 0;
    this.#baud = baud;
    this.#nextBaud = baud;
    this.#oldLeft = 0;
    this.#receiverBaud = baud;
    this.#busySince = 0;
    this.#isFull = false;
  }

  /** Octets on their way. */
  get pending(): number {
    return this.#count;
  }

  /** Takes `bytes[start … end]`.
   *
   * @returns How many fitted in.
   */
  write(bytes: Uint8Array, start: number, end: number): number {
    const ring = this.#ring;
    const taken = Math.min(end - start, ring.length - this.#count);
    if (taken < end - start) this.#isFull = true;
    if (taken <= 0) return 0;
    if (this.#count === 0) this.#busySince = this.#timers.clock.now();
    let at = (this.#start + this.#count) % ring.length;
    for (let i = start; i < start + taken; i++) {
      ring[at++] = bytes[i]!;
      if (at === ring.length) at = 0;
    }
    this.#count += taken;
    if (!this.#timer.isArmed) this.#arm();
    return taken;
  }

  /** Sets the sender's speed; what was taken before goes at the old one. */
  setSenderBaud(baud: number): void {
    this.#nextBaud = baud;
    this.#oldLeft = this.#count;
    if (this.#count === 0) this.#baud = baud;
  }

  /** Sets the receiver's speed. */
  setReceiverBaud(baud: number): void {
    this.#receiverBaud = baud;
  }

  /** Forgets what is on its way. */
  discard(): void {
    this.#count = 0;
    this.#oldLeft = 0;
    this.#baud = this.#nextBaud;
    this.#timer.stop();
    if (this.#isFull) {
      this.#isFull = false;
      this.#listener.pipeWritable();
    }
  }

  /** Milliseconds of one octet. */
  #octetMs(): number {
    return BITS_PER_OCTET * 1000 / this.#baud;
  }

  /** The next look is when a millisecond's worth has come in, or all of it. */
  #arm(): void {
    const octetMs = this.#octetMs();
    const batch = Math.min(this.#count, Math.max(1, Math.floor(1 / octetMs)));
    this.#timer.startAt(this.#busySince + batch * octetMs);
  }

  #deliver(): void {
    const now = this.#timers.clock.now();
    while (this.#count > 0) {
      const octetMs = this.#octetMs();
      let due = Math.min(
        this.#count,
        CHUNK_BYTES >>> 1,
        Math.floor((now - this.#busySince) / octetMs + 1e-6),
      );
      if (this.#oldLeft > 0) due = Math.min(due, this.#oldLeft);
      if (due <= 0) break;
      this.#busySince += due * octetMs;
      this.#handOver(due, now);
      if (this.#oldLeft > 0) {
        this.#oldLeft = Math.max(0, this.#oldLeft - due);
        if (this.#oldLeft === 0) this.#baud = this.#nextBaud;
      }
    }
    if (this.#count > 0) this.#arm();
    else this.#baud = this.#nextBaud;
    if (this.#isFull && this.#count <= this.#ring.length >>> 1) {
      this.#isFull = false;
      this.#listener.pipeWritable();
    }
  }

  #handOver(count: number, now: number): void {
    const ring = this.#ring;
    const chunk = this.#chunk;
    let at = this.#start;
    for (let i = 0; i < count; i++) {
      chunk[i] = ring[at++]!;
      if (at === ring.length) at = 0;
    }
    this.#start = at;
    this.#count -= count;
    this.delivered += count;
    let length = count;
    if (this.#isMismatch() && !this.#listener.pipeMismatch(this.#baud, chunk.subarray(0, length))) {
      length = this.#garble(count);
    }
    if (this.impairment !== undefined) length = this.impairment.impair(chunk, length, now);
    if (length > 0) this.#listener.pipeInput(chunk.subarray(0, length));
  }

  #isMismatch(): boolean {
    const ratio = this.#baud / this.#receiverBaud;
    return ratio > 1 + TOLERANCE || ratio < 1 - TOLERANCE;
  }

  /** A fast receiver sees more characters than were sent, a slow one fewer; bits that are held long look like ones. */
  #garble(count: number): number {
    const seen = Math.round(count * Math.min(2, this.#receiverBaud / this.#baud));
    this.garbled += seen;
    for (let i = 0; i < seen; i++) {
      this.#chunk[i] = (this.#random.uint32() & 0xff) | ((this.#random.uint32() & 1) === 0 ? 0x80 : 0xe0);
    }
    return seen;
  }
}
