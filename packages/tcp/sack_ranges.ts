/** Data plane. {@linkcode SackRanges}: a set of sequence numbers as sorted ranges which neither overlap nor touch.
 *
 * @module
 */
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from "./seq.ts";

const INITIAL_RANGES = 16;
const NO_RANGES: Uint32Array = new Uint32Array(0);

/** What a receiver has said it holds; memory grows with the number of ranges, and is none for none. */
export class SackRanges {
  /** Number of ranges. */
  count: number;
  /** Octets in all of them. */
  bytes: number;
  /** Ranges that were refused or forgotten because of the bound. */
  droppedCount: number;
  #left: Uint32Array;
  #right: Uint32Array;
  readonly #maxRanges: number;

  /** An empty set.
   *
   * @param maxRanges the bound; when it is hit, the highest range gives way.
   */
  constructor(maxRanges: number) {
    this.count = 0;
    this.bytes = 0;
    this.droppedCount = 0;
    this.#left = NO_RANGES;
    this.#right = NO_RANGES;
    this.#maxRanges = maxRanges;
  }

  /** Left edge of range `i`, ascending. */
  leftAt(i: number): number {
    return this.#left[i]!;
  }

  /** Right edge of range `i`: the octet after its last one. */
  rightAt(i: number): number {
    return this.#right[i]!;
  }

  /** Index of the first range which ends after `seq`; {@linkcode count} when none does. */
  firstEndingAfter(seq: number): number {
    const right = this.#right;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(right[middle]!, seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether the octet `seq` is in the set. */
  contains(seq: number): boolean {
    const i = this.firstEndingAfter(seq);
    return i < this.count && seqLeq(this.#left[i]!, seq);
  }

  /** Octets of [`from`, `to`) that are in the set; 0 when it is empty or `to` lies before `from`. */
  bytesIn(from: number, to: number): number {
    let bytes = 0;
    for (let i = this.firstEndingAfter(from); i < this.count; i++) {
      const left = this.#left[i]!;
      if (seqGeq(left, to)) break;
      bytes += seqDiff(seqMin(this.#right[i]!, to), seqMax(left, from));
    }
    return bytes;
  }

  /** Adds [`left`, `right`), merging what it overlaps or touches.
   *
   * @returns octets that were not in the set before.
   */
  add(left: number, right: number): number {
    // First range that ends at or after the left edge: it may merge.
    const i = this.firstEndingAfter((left - 1) >>> 0);
    const count = this.count;
    if (i < count && seqLeq(this.#left[i]!, left) && seqGeq(this.#right[i]!, right)) return 0;
    let j = i;
    let held = 0;
    let mergedLeft = left;
    let mergedRight = right;
    while (j < count && seqLeq(this.#left[j]!, right)) {
      const l = this.#left[j]!;
      const r = this.#right[j]!;
      held += seqDiff(r, l);
      mergedLeft = seqMin(mergedLeft, l);
      mergedRight = seqMax(mergedRight, r);
      j++;
    }
    if (j === i) {
      if (count === this.#maxRanges) {
        this.droppedCount++;
        if (i === count) return 0;
        this.count--;
        this.bytes -= seqDiff(this.#right[count - 1]!, this.#left[count - 1]!);
      }
      this.#insertAt(i);
    } else if (j - i > 1) {
      this.#left.copyWithin(i + 1, j, count);
      this.#right.copyWithin(i + 1, j, count);
      this.count = count - (j - i - 1);
    }
    this.#left[i] = mergedLeft;
    this.#right[i] = mergedRight;
    const newBytes = seqDiff(mergedRight, mergedLeft) - held;
    this.bytes += newBytes;
    return newBytes;
  }

  /** Removes everything before `seq`. */
  dropBefore(seq: number): void {
    const count = this.count;
    let drop = 0;
    while (drop < count && seqLeq(this.#right[drop]!, seq)) {
      this.bytes -= seqDiff(this.#right[drop]!, this.#left[drop]!);
      drop++;
    }
    if (drop < count && seqLt(this.#left[drop]!, seq)) {
      this.bytes -= seqDiff(seq, this.#left[drop]!);
      this.#left[drop] = seq;
    }
    if (drop === 0) return;
    this.#left.copyWithin(0, drop, count);
    this.#right.copyWithin(0, drop, count);
    this.count = count - drop;
  }

  /** Forgets everything, and all memory. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
    this.#left = NO_RANGES;
    this.#right = NO_RANGES;
  }

  #insertAt(i: number): void {
    const count = this.count;
    if (count === this.#left.length) {
      const size = count === 0 ? INITIAL_RANGES : count * 2;
      const left = new Uint32Array(size);
      const right = new Uint32Array(size);
      left.set(this.#left);
      right.set(this.#right);
      this.#left = left;
      this.#right = right;
    }
    this.#left.copyWithin(i + 1, i, count);
    this.#right.copyWithin(i + 1, i, count);
    this.count = count + 1;
  }
}
