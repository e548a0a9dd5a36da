/** {@linkcode Meter}: bytes over time, an interval line each second and a sum at the end, in iperf's manner.
 *
 * @module
 */
import type { EventFields, Output } from "../output.ts";
import { formatBytes, formatRate } from "../units.ts";

/** What the sum line adds for datagrams. */
export interface DatagramFigures {
  /** Datagrams sent or received. */
  readonly packets: number;
  /** Datagrams missing. */
  readonly lost: number;
  /** Smoothed interarrival jitter (RFC 3550 §6.4.1). */
  readonly jitterMs: number;
}

/** Counts the bytes of all streams of one test. */
export class Meter {
  /** Bytes so far. */
  bytes: number = 0;
  readonly #output: Output;
  readonly #role: "sender" | "receiver";
  readonly #intervalMs: number;
  #startedAt = 0;
  #intervalAt = 0;
  #intervalBytes = 0;
  #endedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param intervalSeconds 0: no interval lines. */
  constructor(
    output: Output,
    role: "sender" | "receiver",
    intervalSeconds: number,
  ) {
    this.#output = output;
    this.#role = role;
    this.#intervalMs = intervalSeconds * 1000;
  }

  /** Seconds from {@linkcode start} to now, or to {@linkcode stop}. */
  get seconds(): number {
    return ((this.#endedAt === 0 ? performance.now() : this.#endedAt) -
      this.#startedAt) / 1000;
  }

  /** Starts the clock. */
  start(): void {
    this.#startedAt = this.#intervalAt = performance.now();
    if (this.#intervalMs > 0) {
      this.#timer = setInterval(() => this.#interval(), this.#intervalMs);
    }
  }

  /** Stops the clock; bytes counted later belong to no interval. */
  stop(): void {
    if (this.#endedAt !== 0) return;
    clearInterval(this.#timer);
    this.#endedAt = performance.now();
  }

  /** Prints the sum. */
  report(
    extra: EventFields = {},
    datagrams?: DatagramFigures,
  ): void {
    this.stop();
    const seconds = this.seconds;
    const line = `${span(0, seconds)}  ${formatBytes(this.bytes).padStart(9)}  ` +
      `${formatRate((this.bytes * 8) / seconds).padStart(12)}  ${this.#role}`;
    const percent = datagrams === undefined ? 0 : (100 * datagrams.lost) /
      Math.max(1, datagrams.packets + datagrams.lost);
    const tail = datagrams === undefined
      ? ""
      : `  ${datagrams.jitterMs.toFixed(3)} ms jitter  ${datagrams.lost}/${
        datagrams.packets + datagrams.lost
      } lost (${percent.toFixed(2)} %)`;
    this.#output.event("iperf-sum", {
      role: this.#role,
      seconds: Math.round(seconds * 1000) / 1000,
      bytes: this.bytes,
      bitsPerSecond: Math.round((this.bytes * 8) / seconds),
      ...(datagrams === undefined ? {} : { ...datagrams }),
      ...extra,
    }, this.#output.strong(line + tail));
  }

  #interval(): void {
    const now = performance.now();
    const bytes = this.bytes - this.#intervalBytes;
    const seconds = (now - this.#intervalAt) / 1000;
    const from = (this.#intervalAt - this.#startedAt) / 1000;
    const rate = (bytes * 8) / seconds;
    this.#output.event(
      "iperf-interval",
      {
        role: this.#role,
        from: Math.round(from),
        to: Math.round(from + seconds),
        bytes,
        bitsPerSecond: Math.round(rate),
      },
      `${span(from, from + seconds)}  ${formatBytes(bytes).padStart(9)}  ${formatRate(rate).padStart(12)}`,
    );
    this.#intervalAt = now;
    this.#intervalBytes = this.bytes;
  }
}

function span(from: number, to: number): string {
  return `${from.toFixed(1).padStart(5)}-${to.toFixed(1).padEnd(5)} s`;
}
