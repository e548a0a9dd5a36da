/** Data plane. {@linkcode SequenceExtension}: the upper half of sequence numbers that do not wrap (SNE, RFC 5925 §6.2).
 *
 * @module
 */
import { seqDiff, seqGt } from "./seq.ts";

/** Knows how often one direction's sequence numbers have wrapped. */
export class SequenceExtension {
  #latest: number;
  #upper: number;

  /** @param isn the initial sequence number: its upper half is 0. */
  constructor(isn: number) {
    this.#latest = isn;
    this.#upper = 0;
  }

  /** The upper half of `seq`, which lies within 2³¹ of the latest one seen. */
  of(seq: number): number {
    const isAhead = seqDiff(seq, this.#latest) >= 0;
    if (isAhead && seq < this.#latest) return (this.#upper + 1) >>> 0;
    if (!isAhead && seq > this.#latest) return (this.#upper - 1) >>> 0;
    return this.#upper;
  }

  /** A segment of this number is genuine. */
  advance(seq: number): void {
    if (!seqGt(seq, this.#latest)) return;
    this.#upper = this.of(seq);
    this.#latest = seq;
  }
}
