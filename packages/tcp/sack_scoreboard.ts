/** Data plane. {@linkcode SackScoreboard}: the sender's side of SACK, RFC 6675.
 *
 * ```text
 *   sndUna                    lossEdge            highest SACKed        sndMax
 *     |  hole  |#sacked#|  hole  |#sacked#|  hole  |#sacked#|   not SACKed   |
 *     |<------- lost: IsLost() ------->|<------- not (yet) lost ------------>|
 *     |<-- retransmitted -->| highRxt
 * ```
 *
 * The RFC defines Pipe octet by octet. Since IsLost() holds for all unsacked octets below one edge and for none
 * above it, Pipe follows from a few counters which are kept up to date with each change: an acknowledgment costs
 * a binary search and the ranges it changes.
 *
 * @module
 */
import type { Segment } from "./segment.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from "./seq.ts";

/** Discontiguous SACKed ranges, or segments' worth of SACKed octets, above a hole that make it lost (RFC 6675 §2). */
export const DUP_THRESH = 3;
/** Default bound on ranges. */
export const DEFAULT_SCOREBOARD_RANGES = 1000;

const INITIAL_RANGES = 16;
const NO_RANGES: Uint32Array = new Uint32Array(0);

/** Which octets beyond SND.UNA the receiver has. */
export class SackScoreboard {
  /** Octets SACKed at the moment. */
  sackedBytes: number;
  /** HighRxt: the octet after the last one retransmitted in this recovery; at least `sndUna`. */
  highRxt: number;
  /** Whether a rescue retransmission is still allowed in this recovery (RFC 6675 §4, NextSeg rule 4). */
  mayRescue: boolean;
  /** Every unsacked octet before it is lost, in the sense of IsLost(). */
  lossEdge: number;
  /** First octet of what {@linkcode nextSeg} found. */
  nextSeq: number;
  /** Octets of what {@linkcode nextSeg} found. */
  nextLength: number;
  /** The last {@linkcode update} saw a D-SACK (RFC 2883). */
  hasDsack: boolean;
  /** Left edge of that D-SACK. */
  dsackLeft: number;
  /** Right edge of that D-SACK. */
  dsackRight: number;
  /** Blocks refused: they lay outside of what was sent. */
  invalidBlocks: number;
  /** Ranges forgotten because of the bound. */
  droppedRanges: number;
  /** The receiver took back what it had SACKed: SND.UNA stopped at, or inside of, a SACKed range (RFC 2018 §8). */
  isReneged: boolean;
  #left: Uint32Array;
  #right: Uint32Array;
  #count: number;
  #una: number;
  #sackedBelowRxt: number;
  #sackedAboveEdge: number;
  #lossFloor: number;
  #smss: number;
  readonly #maxRanges: number;

  /** A scoreboard with nothing SACKed.
   *
   * @param smss sender maximum segment size in bytes.
   * @param una SND.UNA.
   * @param maxRanges most ranges kept; the lowest are the most useful and stay.
   */
  constructor(smss: number, una: number, maxRanges: number = DEFAULT_SCOREBOARD_RANGES) {
    this.sackedBytes = 0;
    this.highRxt = una;
    this.mayRescue = true;
    this.lossEdge = una;
    this.nextSeq = 0;
    this.nextLength = 0;
    this.hasDsack = false;
    this.dsackLeft = 0;
    this.dsackRight = 0;
    this.invalidBlocks = 0;
    this.droppedRanges = 0;
    this.isReneged = false;
    this.#left = NO_RANGES;
    this.#right = NO_RANGES;
    this.#count = 0;
    this.#una = una;
    this.#sackedBelowRxt = 0;
    this.#sackedAboveEdge = 0;
    this.#lossFloor = una;
    this.#smss = smss;
    this.#maxRanges = maxRanges;
  }

  /** Number of SACKed ranges. */
  get rangeCount(): number {
    return this.#count;
  }

  /** Left edge of range `i`, ascending. */
  leftAt(i: number): number {
    return this.#left[i]!;
  }

  /** Right edge of range `i`: the octet after the last SACKed one. */
  rightAt(i: number): number {
    return this.#right[i]!;
  }

  /** The octet after the highest one SACKed; `sndUna` when none is. */
  get highestSacked(): number {
    return this.#count === 0 ? this.#una : this.#right[this.#count - 1]!;
  }

  /** Sets the segment size that loss is judged by. */
  setMss(smss: number): void {
    this.#smss = smss;
    this.#findLossEdge();
  }

  /** Takes the SACK blocks of an acknowledgment in (RFC 6675 §4, Update()); calls {@linkcode advance} itself.
   *
   * Blocks below SND.UNA, and a first block inside the second, are D-SACKs: they change nothing but `dsack…`.
   * Blocks that reach beyond what was sent are refused.
   *
   * @param sndUna SND.UNA, this acknowledgment included.
   * @param sndMax the octet after the highest one ever sent.
   * @returns octets newly SACKed.
   */
  update(sndUna: number, sndMax: number, seg: Segment): number {
    this.hasDsack = false;
    this.advance(sndUna);
    let newBytes = 0;
    for (let i = 0; i < seg.sackCount; i++) {
      const left = seg.sackLeft[i]!;
      const right = seg.sackRight[i]!;
      if (!seqLt(left, right)) {
        this.invalidBlocks++;
        continue;
      }
      if (i === 0 && this.#isDsack(sndUna, seg)) {
        this.hasDsack = true;
        this.dsackLeft = left;
        this.dsackRight = right;
        continue;
      }
      if (seqLeq(right, sndUna)) continue;
      if (seqLt(left, sndUna) || seqGt(right, sndMax)) {
        this.invalidBlocks++;
        continue;
      }
      newBytes += this.#add(left, right);
    }
    if (newBytes > 0) this.#findLossEdge();
    return newBytes;
  }

  /** SND.UNA moved to `una`: forgets what lies before it. To be called with each new SND.UNA, whether or not
   * anything is SACKed; that costs next to nothing. */
  advance(una: number): void {
    if (una === this.#una) return;
    this.#una = una;
    let drop = 0;
    const count = this.#count;
    const rxt = this.highRxt;
    while (drop < count && seqLeq(this.#right[drop]!, una)) {
      this.#forget(this.#left[drop]!, this.#right[drop]!, rxt);
      drop++;
    }
    this.isReneged = false;
    if (drop < count && seqLeq(this.#left[drop]!, una)) {
      this.isReneged = true;
      const left = this.#left[drop]!;
      this.#forget(left, una, rxt);
      this.#left[drop] = una;
    }
    if (drop > 0) {
      this.#left.copyWithin(0, drop, count);
      this.#right.copyWithin(0, drop, count);
      this.#count = count - drop;
    }
    if (seqLt(rxt, una)) this.highRxt = una;
    this.#findLossEdge();
  }

  /** IsLost() (RFC 6675 §4): `seq` is not SACKed, and enough above it is. */
  isLost(seq: number): boolean {
    return seqLt(seq, this.lossEdge) && !this.isSacked(seq);
  }

  /** Whether the octet `seq` is SACKed. */
  isSacked(seq: number): boolean {
    const i = this.#firstEndingAfter(seq);
    return i < this.#count && seqLeq(this.#left[i]!, seq);
  }

  /** Whether there is an unsacked octet which counts as lost. */
  get hasLoss(): boolean {
    return seqDiff(this.lossEdge, this.#una) > this.sackedBytes - this.#sackedAboveEdge;
  }

  /** Pipe (RFC 6675 §4, SetPipe()): octets between SND.UNA and `sndMax` thought to be in the network. */
  pipe(sndMax: number): number {
    const outstanding = seqDiff(sndMax, this.#una) - this.sackedBytes;
    const lost = seqDiff(this.lossEdge, this.#una) - (this.sackedBytes - this.#sackedAboveEdge);
    const retransmitted = seqDiff(this.highRxt, this.#una) - this.#sackedBelowRxt;
    return outstanding - lost + retransmitted;
  }

  /** A recovery begins: nothing of it is retransmitted yet. */
  startRecovery(): void {
    this.highRxt = this.#una;
    this.#sackedBelowRxt = 0;
    this.mayRescue = true;
  }

  /** A timeout, or a smaller path MTU: whatever is unsacked before `right` counts as lost, until acknowledged. */
  declareLost(right: number): void {
    this.#lossFloor = right;
    this.#findLossEdge();
  }

  /** The octets up to `right` (exclusive) were retransmitted. */
  markRetransmitted(right: number): void {
    if (!seqGt(right, this.highRxt)) return;
    const from = this.highRxt;
    for (let i = this.#firstEndingAfter(from); i < this.#count; i++) {
      const left = this.#left[i]!;
      if (seqGeq(left, right)) break;
      this.#sackedBelowRxt += seqDiff(seqMin(this.#right[i]!, right), seqMax(left, from));
    }
    this.highRxt = right;
  }

  /** NextSeg() (RFC 6675 §4): what to send next when `cwnd − pipe` allows. Fills `nextSeq` and `nextLength`; the
   * caller sends it and, for the rules 1 and 3, calls {@linkcode markRetransmitted}; rule 4 is used up by asking.
   *
   * @param sndMax the octet after the highest one ever sent.
   * @param maxBytes most octets wanted at once: SMSS, or more where the path takes large segments.
   * @param canSendNew there is unsent text, and the receiver's window has room for it.
   * @returns the rule that applied, 1 … 4 (2: send new text from `sndMax`; `nextLength` is 0), or 0 for nothing.
   */
  nextSeg(sndMax: number, maxBytes: number, canSendNew: boolean): number {
    let seq = this.highRxt;
    let i = this.#firstEndingAfter(seq);
    if (i < this.#count && seqLeq(this.#left[i]!, seq)) {
      seq = this.#right[i]!;
      i++;
    }
    // A hole with SACKed octets above it, or one below the mark of declareLost().
    const isHole = i < this.#count;
    const isDeclared = !isHole && seqLt(seq, this.lossEdge);
    if (isHole || isDeclared) {
      const isLost = seqLt(seq, this.lossEdge);
      // A hole may reach from what was declared lost into what was sent later.
      const end = isLost && (isDeclared || seqLt(this.lossEdge, this.#left[i]!))
        ? this.lossEdge
        : this.#left[i]!;
      const length = seqDiff(end, seq);
      this.nextSeq = seq;
      this.nextLength = length < maxBytes ? length : maxBytes;
      if (isLost) return 1;
    }
    if (canSendNew) {
      this.nextSeq = sndMax;
      this.nextLength = 0;
      return 2;
    }
    if (isHole) return 3;
    if (!this.mayRescue) return 0;
    // One segment which ends with the highest outstanding octet that is not SACKed.
    let start = this.highestSacked;
    let end = sndMax;
    if (start === end && this.#count > 0) {
      end = this.#left[this.#count - 1]!;
      start = this.#count > 1 ? this.#right[this.#count - 2]! : this.#una;
    }
    const length = seqDiff(end, start);
    // Deviation: what was just retransmitted, after a timeout or as the last hole, is not sent twice in a row.
    if (length <= 0 || seqGeq(this.highRxt, end)) return 0;
    this.mayRescue = false;
    const size = this.#smss < maxBytes ? this.#smss : maxBytes;
    this.nextLength = length < size ? length : size;
    this.nextSeq = (end - this.nextLength) >>> 0;
    return 4;
  }

  /** Forgets everything, and all memory. After a retransmission timeout when the receiver may have reneged
   * (RFC 2018 §8), and at the end of a connection. */
  clear(una: number): void {
    this.#left = NO_RANGES;
    this.#right = NO_RANGES;
    this.#count = 0;
    this.sackedBytes = 0;
    this.#sackedBelowRxt = 0;
    this.#sackedAboveEdge = 0;
    this.#una = una;
    this.#lossFloor = una;
    this.highRxt = una;
    this.lossEdge = una;
    this.mayRescue = true;
    this.isReneged = false;
  }

  #isDsack(sndUna: number, seg: Segment): boolean {
    const left = seg.sackLeft[0]!;
    const right = seg.sackRight[0]!;
    if (seqLeq(right, sndUna)) return true;
    if (seg.sackCount < 2) return false;
    return seqGeq(left, seg.sackLeft[1]!) && seqLeq(right, seg.sackRight[1]!);
  }

  #firstEndingAfter(seq: number): number {
    const right = this.#right;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(right[middle]!, seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Counts [`left`, `right`) as not SACKed any more. */
  #forget(left: number, right: number, rxt: number): void {
    this.sackedBytes -= seqDiff(right, left);
    if (seqLt(left, rxt)) this.#sackedBelowRxt -= seqDiff(seqMin(right, rxt), left);
  }

  /** Counts the unsacked range [`left`, `right`) as SACKed. */
  #markSacked(left: number, right: number): number {
    const bytes = seqDiff(right, left);
    this.sackedBytes += bytes;
    const rxt = this.highRxt;
    if (seqLt(left, rxt)) this.#sackedBelowRxt += seqDiff(seqMin(right, rxt), left);
    return bytes;
  }

  /** Adds a range, merging what it overlaps or touches.
   *
   * @returns octets newly SACKed.
   */
  #add(left: number, right: number): number {
    // First range that ends at or after the left edge: it may merge.
    let i = this.#firstEndingAfter((left - 1) >>> 0);
    const count = this.#count;
    if (i < count && seqLeq(this.#left[i]!, left) && seqGeq(this.#right[i]!, right)) return 0;
    let newBytes = 0;
    let at = left;
    let j = i;
    let mergedLeft = left;
    let mergedRight = right;
    while (j < count && seqLeq(this.#left[j]!, right)) {
      const l = this.#left[j]!;
      const r = this.#right[j]!;
      if (seqLt(at, l)) newBytes += this.#markSacked(at, l);
      at = seqMax(at, r);
      mergedLeft = seqMin(mergedLeft, l);
      mergedRight = seqMax(mergedRight, r);
      j++;
    }
    if (seqLt(at, right)) newBytes += this.#markSacked(at, right);
    if (j === i) {
      if (count === this.#maxRanges) {
        // The highest range gives way, unless the new one is higher still.
        this.droppedRanges++;
        if (i === count) {
          this.#forget(left, right, this.highRxt);
          return 0;
        }
        this.#forget(this.#left[count - 1]!, this.#right[count - 1]!, this.highRxt);
        this.#count--;
      }
      this.#insertAt(i);
    } else if (j - i > 1) {
      this.#left.copyWithin(i + 1, j, count);
      this.#right.copyWithin(i + 1, j, count);
      this.#count = count - (j - i - 1);
    }
    this.#left[i] = mergedLeft;
    this.#right[i] = mergedRight;
    return newBytes;
  }

  #insertAt(i: number): void {
    const count = this.#count;
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
    this.#count = count + 1;
  }

  /** The edge is the left edge of the third range from the top, or of a range from which on more than two
   * segments' worth is SACKed, whichever is higher; never below the mark of {@linkcode declareLost}. */
  #findLossEdge(): void {
    const count = this.#count;
    let edge = this.#una;
    let above = 0;
    let i = count;
    while (i > 0) {
      i--;
      above += seqDiff(this.#right[i]!, this.#left[i]!);
      if (count - i === DUP_THRESH || above > (DUP_THRESH - 1) * this.#smss) {
        edge = this.#left[i]!;
        break;
      }
    }
    if (edge === this.#una) above = this.sackedBytes;
    if (seqLt(edge, this.#lossFloor)) {
      edge = this.#lossFloor;
      above = this.#sackedFrom(edge);
    } else if (seqLt(this.#lossFloor, this.#una)) {
      this.#lossFloor = this.#una;
    }
    this.lossEdge = edge;
    this.#sackedAboveEdge = above;
  }

  #sackedFrom(seq: number): number {
    let bytes = 0;
    for (let i = this.#count - 1; i >= 0 && seqGt(this.#right[i]!, seq); i--) {
      bytes += seqDiff(this.#right[i]!, seqMax(this.#left[i]!, seq));
    }
    return bytes;
  }
}
