/** Data plane. {@linkcode SequenceExtension}: the upper half of sequence numbers that do not wrap (SNE, RFC 5925 §6.2).
 *
 * @module
 */
import { seqDiff } from "./seq.ts";

/** Sequence numbers there are. */
const TURN = 0x1_0000_0000;

/** Knows how often one direction's sequence numbers have wrapped. */
export class SequenceExtension {
  #latest: number;
  /** The latest number as one of 53 bits. */
  #position: number;

  /** @param isn the initial sequence number: its upper half is 0. */
  constructor(isn: number) {
    this.#latest = isn;
    this.#position = isn;
  }

  /** The upper half of `seq`, which lies within 2³¹ of the latest one seen. */
  of(seq: number): number {
    return Math.floor((this.#position + seqDiff(seq, this.#latest)) / TURN) >>> 0;
  }

  /** A segment of this number is genuine. */
  advance(seq: number): void {
    const octets = seqDiff(seq, this.#latest);
    if (octets <= 0) return;
    this.#position += octets;
    this.#latest = seq;
  }
}
