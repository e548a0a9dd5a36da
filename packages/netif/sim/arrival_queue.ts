/** Data plane. {@linkcode ArrivalQueue}: the frames under way in one direction, in the order of their arrival.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";

/** Taken prefix of the array at which it is cut off. */
const COMPACT_AT = 1024;

class Arrival {
  readonly p: Pbuf;
  readonly at: number;

  constructor(p: Pbuf, at: number) {
    this.p = p;
    this.at = at;
  }
}

/** A queue sorted by time, equal times in the order of insertion. Almost every frame goes to its end, so that an array
 * searched from there beats a heap. */
export class ArrivalQueue {
  #arrivals: Arrival[] = [];
  #head = 0;

  /** Frames in it. */
  get length(): number {
    return this.#arrivals.length - this.#head;
  }

  /** When the first frame arrives, `Infinity` when there is none. */
  get nextAt(): number {
    return this.#head < this.#arrivals.length ? this.#arrivals[this.#head]!.at : Infinity;
  }

  /** Adds a frame, and owns it.
   *
   * @returns whether it is the first now.
   */
  insert(p: Pbuf, at: number): boolean {
    const arrivals = this.#arrivals;
    let i = arrivals.length;
    while (i > this.#head && arrivals[i - 1]!.at > at) i--;
    if (i === arrivals.length) arrivals.push(new Arrival(p, at));
    else arrivals.splice(i, 0, new Arrival(p, at));
    return i === this.#head;
  }

  /** Takes the first frame out, if it arrives at `now` or before; it belongs to the caller. */
  takeDue(now: number): Pbuf | undefined {
    const first = this.#arrivals[this.#head];
    if (first === undefined || first.at > now) return undefined;
    this.#head++;
    if (this.#head === this.#arrivals.length) {
      this.#arrivals.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT) {
      this.#arrivals.splice(0, this.#head);
      this.#head = 0;
    }
    return first.p;
  }

  /** Releases everything. */
  clear(): void {
    const arrivals = this.#arrivals;
    const head = this.#head;
    this.#arrivals = [];
    this.#head = 0;
    for (let i = head; i < arrivals.length; i++) arrivals[i]!.p.release();
  }
}
