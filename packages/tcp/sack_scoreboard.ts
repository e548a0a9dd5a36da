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
import { SackRanges } from "./sack_ranges.ts";
import type { Segment } from "./segment.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt, seqMin } from "./seq.ts";

/** Discontiguous SACKed ranges, or segments' worth of SACKed octets, above a hole that make it lost (RFC 6675 §2). */
export const DUP_THRESH = 3;
/** Default bound on ranges. */
export const DEFAULT_SCOREBOARD_RANGES = 1000;

/** Which octets beyond SND.UNA the receiver has. */
export class SackScoreboard {
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
  /** The receiver took back what it had SACKed: SND.UNA stopped at, or inside of, a SACKed range (RFC 2018 §8). */
  isReneged: boolean;
  readonly #ranges: SackRanges;
  #una: number;
  #sackedBelowRxt: number;
  #sackedAboveEdge: number;
  #lossFloor: number;
  #smss: number;

  /** A scoreboard with nothing SACKed.
   *
   * @param smss sender maximum segment size in bytes.
   * @param una SND.UNA.
   * @param maxRanges most ranges kept; the lowest are the most useful and stay.
   */
  constructor(smss: number, una: number, maxRanges: number = DEFAULT_SCOREBOARD_RANGES) {
    this.highRxt = una;
    this.mayRescue = true;
    this.lossEdge = una;
    this.nextSeq = 0;
    this.nextLength = 0;
    this.hasDsack = false;
    this.dsackLeft = 0;
    this.dsackRight = 0;
    this.invalidBlocks = 0;
    this.isReneged = false;
    this.#ranges = new SackRanges(maxRanges);
    this.#una = una;
    this.#sackedBelowRxt = 0;
    this.#sackedAboveEdge = 0;
    this.#lossFloor = una;
    this.#smss = smss;
  }

  /** Octets SACKed at the moment. */
  get sackedBytes(): number {
    return this.#ranges.bytes;
  }

  /** Ranges refused or forgotten because of the bound. */
  get droppedRanges(): number {
    return this.#ranges.droppedCount;
  }

  /** Number of SACKed ranges. */
  get rangeCount(): number {
    return this.#ranges.count;
  }

  /** Left edge of range `i`, ascending. */
  leftAt(i: number): number {
    return this.#ranges.leftAt(i);
  }

  /** Right edge of range `i`: the octet after the last SACKed one. */
  rightAt(i: number): number {
    return this.#ranges.rightAt(i);
  }

  /** The octet after the highest one SACKed; `sndUna` when none is. */
  get highestSacked(): number {
    const count = this.#ranges.count;
    return count === 0 ? this.#una : this.#ranges.rightAt(count - 1);
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
    const ranges = this.#ranges;
    if (ranges.count > 0) {
      this.#sackedBelowRxt -= ranges.bytesIn(this.#una, seqMin(una, this.highRxt));
      ranges.dropBefore(una);
    }
    this.isReneged = ranges.count > 0 && ranges.leftAt(0) === una;
    this.#una = una;
    if (seqLt(this.highRxt, una)) this.highRxt = una;
    this.#findLossEdge();
  }

  /** IsLost() (RFC 6675 §4): `seq` is not SACKed, and enough above it is. */
  isLost(seq: number): boolean {
    return seqLt(seq, this.lossEdge) && !this.isSacked(seq);
  }

  /** Whether the octet `seq` is SACKed. */
  isSacked(seq: number): boolean {
    return this.#ranges.contains(seq);
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
    this.#sackedBelowRxt += this.#ranges.bytesIn(this.highRxt, right);
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
    const ranges = this.#ranges;
    const count = ranges.count;
    let seq = this.highRxt;
    let i = ranges.firstEndingAfter(seq);
    if (i < count && seqLeq(ranges.leftAt(i), seq)) {
      seq = ranges.rightAt(i);
      i++;
    }
    // A hole with SACKed octets above it, or one below the mark of declareLost().
    const isHole = i < count;
    const isDeclared = !isHole && seqLt(seq, this.lossEdge);
    if (isHole || isDeclared) {
      const isLost = seqLt(seq, this.lossEdge);
      // A hole may reach from what was declared lost into what was sent later.
      const end = isLost && (isDeclared || seqLt(this.lossEdge, ranges.leftAt(i)))
        ? this.lossEdge
        : ranges.leftAt(i);
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
    if (start === end && count > 0) {
      end = ranges.leftAt(count - 1);
      start = count > 1 ? ranges.rightAt(count - 2) : this.#una;
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
    this.#ranges.clear();
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

  /** Adds one SACKed range.
   *
   * @returns octets newly SACKed.
   */
  #add(left: number, right: number): number {
    const ranges = this.#ranges;
    const rxtEnd = seqMin(right, this.highRxt);
    const isBelow = seqLt(left, rxtEnd);
    const heldBelow = isBelow ? ranges.bytesIn(left, rxtEnd) : 0;
    const dropped = ranges.droppedCount;
    const newBytes = ranges.add(left, right);
    // The bound took away some other range: count anew.
    if (ranges.droppedCount !== dropped) this.#sackedBelowRxt = ranges.bytesIn(this.#una, this.highRxt);
    else if (isBelow) this.#sackedBelowRxt += seqDiff(rxtEnd, left) - heldBelow;
    return newBytes;
  }

  /** The edge is the left edge of the third range from the top, or of a range from which on more than two
   * segments' worth is SACKed, whichever is higher; never below the mark of {@linkcode declareLost}. */
  #findLossEdge(): void {
    const ranges = this.#ranges;
    const count = ranges.count;
    let edge = this.#una;
    let above = 0;
    let i = count;
    while (i > 0) {
      i--;
      above += seqDiff(ranges.rightAt(i), ranges.leftAt(i));
      if (count - i === DUP_THRESH || above > (DUP_THRESH - 1) * this.#smss) {
        edge = ranges.leftAt(i);
        break;
      }
    }
    if (edge === this.#una) above = this.sackedBytes;
    if (seqLt(edge, this.#lossFloor)) {
      edge = this.#lossFloor;
      above = ranges.bytesIn(edge, this.highestSacked);
    } else if (seqLt(this.#lossFloor, this.#una)) {
      this.#lossFloor = this.#una;
    }
    this.lossEdge = edge;
    this.#sackedAboveEdge = above;
  }
}
