/** Data plane. {@linkcode ReassemblyQueue}: text that arrived ahead of RCV.NXT.
 *
 * Contiguous text is one range, a chain of pbufs in sequence order; the ranges are sorted, never touch, and are
 * the blocks to report with SACK. Of octets that arrive twice, the first arrival stays.
 *
 * @module
 */
import { consumeAcross, type Pbuf, shrink } from "@lightwire/pbuf";
import { ReassemblyRange as Range } from "./reassembly_range.ts";
import { absorb } from "./receive_queue.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqMax, seqMin } from "./seq.ts";
import type { SackBlocks } from "./tcp_options.ts";

/** Default bound on octets held. */
export const DEFAULT_REASSEMBLY_BYTES: number = 4 * 1024 * 1024;
/** Default bound on pbufs held. */
export const DEFAULT_REASSEMBLY_NODES = 4096;

/** Bounds of a {@linkcode ReassemblyQueue}. */
export interface ReassemblyOptions {
  /** Most octets held. Default {@linkcode DEFAULT_REASSEMBLY_BYTES}. */
  readonly maxBytes?: number;
  /** Most pbufs held. Default {@linkcode DEFAULT_REASSEMBLY_NODES}. */
  readonly maxNodes?: number;
}

/** Out-of-order text of one connection. */
export class ReassemblyQueue {
  /** Octets held. */
  byteCount: number;
  /** Pbufs held. */
  nodeCount: number;
  /** Octets refused or pruned because of a bound, or for want of buffers. */
  droppedBytes: number;
  /** Octets that arrived more than once. */
  duplicateBytes: number;
  /** Whether a FIN is known, see {@linkcode finSeq}. */
  hasFin: boolean;
  /** Sequence number of the FIN itself. */
  finSeq: number;
  /** Most octets held. */
  maxBytes: number;
  /** Most pbufs held. */
  maxNodes: number;
  #ranges: Range[];
  /** The range that grew last. */
  #latest: Range | undefined;
  #hasDuplicate: boolean;
  #duplicateLeft: number;
  #duplicateRight: number;

  /** An empty queue.
   *
   * @param options bounds.
   */
  constructor(options: ReassemblyOptions = {}) {
    this.byteCount = 0;
    this.nodeCount = 0;
    this.droppedBytes = 0;
    this.duplicateBytes = 0;
    this.hasFin = false;
    this.finSeq = 0;
    this.maxBytes = options.maxBytes ?? DEFAULT_REASSEMBLY_BYTES;
    this.maxNodes = options.maxNodes ?? DEFAULT_REASSEMBLY_NODES;
    this.#ranges = [];
    this.#latest = undefined;
    this.#hasDuplicate = false;
    this.#duplicateLeft = 0;
    this.#duplicateRight = 0;
  }

  /** Number of separate ranges. */
  get rangeCount(): number {
    return this.#ranges.length;
  }

  /** Whether neither text nor FIN is held. */
  get isEmpty(): boolean {
    return this.#ranges.length === 0 && !this.hasFin;
  }

  /** Enters the text of a segment that starts at or after RCV.NXT and was trimmed to the window. Takes
   * ownership of `p`.
   *
   * @param seq sequence number of the first octet of `p`.
   * @param length octets of `p`, which may be 0 with `isFin`.
   * @param isFin a FIN follows the text. A second FIN elsewhere is ignored, and so is one before text that is held.
   * @param isNext `seq` is RCV.NXT: the bounds do not count for what will be taken out at once.
   * @returns octets that were new and are held now.
   */
  insert(seq: number, p: Pbuf, length: number, isFin: boolean, isNext: boolean = false): number {
    let left = seq;
    let right = (seq + length) >>> 0;
    if (isFin && !this.hasFin) this.#noteFin(right);
    let rest: Pbuf | undefined = p;
    if (this.hasFin && seqGt(right, this.finSeq)) {
      // There is no text behind a FIN.
      right = seqMax(left, this.finSeq);
      if (right !== left) shrink(p, seqDiff(right, left));
    }
    const before = this.byteCount;
    let hasNoted = this.#hasDuplicate && this.#duplicateRight === seq; // What was cut off in front.
    let i = this.#firstEndingAfter(left);
    while (left !== right) {
      const range = this.#ranges[i];
      if (range !== undefined && seqLeq(range.left, left)) {
        // The front is held already.
        const covered = seqMin(range.right, right);
        hasNoted = this.#noteOverlap(left, covered, hasNoted);
        rest = consumeAcross(rest!, seqDiff(covered, left));
        left = covered;
        i++;
        continue;
      }
      const gapEnd = range === undefined ? right : seqMin(range.left, right);
      let piece: Pbuf = rest!;
      if (gapEnd === right) {
        rest = undefined;
      } else if (seqGeq(range!.right, right)) {
        this.#noteOverlap(gapEnd, right, hasNoted);
        shrink(piece, seqDiff(gapEnd, left));
        rest = undefined;
      } else {
        const copy = copyFront(piece, seqDiff(gapEnd, left));
        rest = consumeAcross(piece, seqDiff(gapEnd, left));
        if (copy === undefined) {
          this.droppedBytes += seqDiff(gapEnd, left);
          left = gapEnd;
          continue;
        }
        piece = copy;
      }
      this.#place(i, left, gapEnd, piece, isNext && left === seq);
      left = rest === undefined ? right : gapEnd;
      i = this.#firstEndingAfter(left);
    }
    rest?.release();
    return this.byteCount - before;
  }

  /** Takes the text that has become contiguous with `rcvNxt`, as one packet which the caller owns, and
   * forgets what lies before `rcvNxt`.
   *
   * @returns `undefined` when there is a gap at `rcvNxt`.
   */
  popInOrder(rcvNxt: number): Pbuf | undefined {
    for (;;) {
      const range = this.#ranges[0];
      if (range === undefined || seqGt(range.left, rcvNxt)) return undefined;
      this.#ranges.shift();
      this.#unlink(range);
      this.byteCount -= seqDiff(range.right, range.left);
      this.nodeCount -= range.nodes;
      if (seqLeq(range.right, rcvNxt)) {
        range.head.release();
        continue;
      }
      const overlap = seqDiff(rcvNxt, range.left);
      return overlap > 0 ? consumeAcross(range.head, overlap) : range.head;
    }
  }

  /** Whether the FIN is next: its sequence number is `rcvNxt`. */
  isFinAt(rcvNxt: number): boolean {
    return this.hasFin && this.finSeq === rcvNxt;
  }

  /** Notes that the octets [`left`, `right`) came again, to be reported by the next {@linkcode blocks}
   * (RFC 2883 §4); {@linkcode insert} does so by itself for what it finds in the queue. */
  noteDuplicate(left: number, right: number): void {
    this.duplicateBytes += seqDiff(right, left);
    this.#hasDuplicate = true;
    this.#duplicateLeft = left;
    this.#duplicateRight = right;
  }

  /** Whether {@linkcode blocks} has something to report. */
  get hasBlocks(): boolean {
    return this.#ranges.length > 0 || this.#hasDuplicate;
  }

  /** Writes what to report to `into`: a pending duplicate first and once (RFC 2883 §4, cases 1–5), then the range
   * of the last arrival, then the others, last reported first (RFC 2018 §4).
   *
   * @param max most blocks, 0 … 4.
   */
  blocks(max: number, into: SackBlocks): void {
    let count = 0;
    const ranges = this.#ranges;
    let enclosing: Range | undefined = undefined;
    if (this.#hasDuplicate && max > 0) {
      this.#hasDuplicate = false;
      into.left[0] = this.#duplicateLeft;
      into.right[0] = this.#duplicateRight;
      count = 1;
      // A duplicate inside a held range is followed by that range, so that the sender knows it for a D-SACK.
      const i = this.#firstEndingAfter(this.#duplicateLeft);
      const range = ranges[i];
      if (range !== undefined && seqLeq(range.left, this.#duplicateLeft) && count < max) {
        enclosing = range;
        into.left[1] = range.left;
        into.right[1] = range.right;
        count = 2;
      }
    }
    for (let range = this.#latest; range !== undefined && count < max; range = range.older) {
      if (range === enclosing) continue;
      into.left[count] = range.left;
      into.right[count] = range.right;
      count++;
    }
    into.count = count;
  }

  /** Gives memory back, from the highest sequence numbers down, until at least `bytes` octets are gone or
   * nothing is left. The sender will send them again (RFC 2018 §8).
   *
   * @returns octets dropped.
   */
  prune(bytes: number): number {
    let dropped = 0;
    while (dropped < bytes && this.#ranges.length > 0) dropped += this.#dropLast();
    this.droppedBytes += dropped;
    if (dropped > 0) this.hasFin = false;
    return dropped;
  }

  /** Releases everything. */
  clear(): void {
    for (let i = 0; i < this.#ranges.length; i++) this.#ranges[i]!.head.release();
    this.#ranges.length = 0;
    this.#latest = undefined;
    this.byteCount = 0;
    this.nodeCount = 0;
    this.hasFin = false;
    this.#hasDuplicate = false;
  }

  #noteFin(seq: number): void {
    const ranges = this.#ranges;
    if (ranges.length > 0 && seqGt(ranges[ranges.length - 1]!.right, seq)) return;
    this.hasFin = true;
    this.finSeq = seq;
  }

  /** Index of the first range whose right edge lies after `seq`. */
  #firstEndingAfter(seq: number): number {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length;
    // Most arrivals extend the last range.
    if (high > 0 && seqLeq(ranges[high - 1]!.right, seq)) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(ranges[middle]!.right, seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Puts [`left`, `right`), which overlaps nothing, before the range `i`. Takes ownership of `p`. */
  #place(i: number, left: number, right: number, p: Pbuf, isExempt: boolean): void {
    const ranges = this.#ranges;
    const length = seqDiff(right, left);
    let nodes = 1;
    let last = p;
    for (let node = p.next; node !== undefined; node = node.next) {
      nodes++;
      last = node;
    }
    if (!isExempt && (this.byteCount + length > this.maxBytes || this.nodeCount + nodes > this.maxNodes)) {
      // Text closer to RCV.NXT is worth more: make room at the far end.
      while (
        ranges.length > i &&
        (this.byteCount + length > this.maxBytes || this.nodeCount + nodes > this.maxNodes)
      ) this.droppedBytes += this.#dropLast();
      if (this.byteCount + length > this.maxBytes || this.nodeCount + nodes > this.maxNodes) {
        this.droppedBytes += length;
        p.release();
        return;
      }
    }
    this.byteCount += length;
    const previous = i > 0 ? ranges[i - 1] : undefined;
    const next = ranges[i];
    if (previous !== undefined && previous.right === left) {
      if (!absorb(previous.tail, p)) {
        previous.tail.next = p;
        previous.tail = last;
        previous.nodes += nodes;
        this.nodeCount += nodes;
      }
      previous.right = right;
      this.#grew(previous);
      if (next !== undefined && next.left === right) {
        previous.tail.next = next.head;
        previous.tail = next.tail;
        previous.nodes += next.nodes;
        previous.right = next.right;
        ranges.splice(i, 1);
        this.#unlink(next);
      }
      return;
    }
    this.nodeCount += nodes;
    if (next !== undefined && next.left === right) {
      last.next = next.head;
      next.head = p;
      next.left = left;
      next.nodes += nodes;
      this.#grew(next);
      return;
    }
    const range = new Range(left, right, p, last, nodes);
    this.#grew(range);
    if (i === ranges.length) ranges.push(range);
    else ranges.splice(i, 0, range);
  }

  /** A range has grown, or is new: it is reported first. The list spares a search among all of them for each acknowledgment. */
  #grew(range: Range): void {
    const latest = this.#latest;
    if (latest === range) return;
    this.#unlink(range);
    range.older = latest;
    if (latest !== undefined) latest.newer = range;
    this.#latest = range;
  }

  #unlink(range: Range): void {
    const { older, newer } = range;
    if (newer !== undefined) newer.older = older;
    else if (this.#latest === range) this.#latest = older;
    if (older !== undefined) older.newer = newer;
    range.older = undefined;
    range.newer = undefined;
  }

  /** Releases the last pbuf of the last range. */
  #dropLast(): number {
    const ranges = this.#ranges;
    const range = ranges[ranges.length - 1]!;
    if (range.nodes === 1) {
      ranges.pop();
      this.#unlink(range);
      range.head.release();
      this.nodeCount--;
      const length = seqDiff(range.right, range.left);
      this.byteCount -= length;
      return length;
    }
    // Half of the chain at a time, so that pruning a long one is not quadratic.
    const keep = range.nodes >> 1;
    let node = range.head;
    let kept = node.end - node.start;
    for (let k = 1; k < keep; k++) {
      node = node.next!;
      kept += node.end - node.start;
    }
    const rest = node.next!;
    node.next = undefined;
    rest.release();
    this.nodeCount -= range.nodes - keep;
    range.nodes = keep;
    range.tail = node;
    const right = (range.left + kept) >>> 0;
    const dropped = seqDiff(range.right, right);
    range.right = right;
    this.byteCount -= dropped;
    return dropped;
  }

  /** Of several duplicates in one segment, the first is reported (RFC 2883 §4.2). */
  #noteOverlap(left: number, right: number, hasNoted: boolean): true {
    if (hasNoted) {
      this.duplicateBytes += seqDiff(right, left);
      if (this.#duplicateRight === left) this.#duplicateRight = right;
    } else this.noteDuplicate(left, right);
    return true;
  }
}

/** A copy of the first `length` octets of `p`, or `undefined` when there are no buffers. */
function copyFront(p: Pbuf, length: number): Pbuf | undefined {
  const copy = p.pool.acquire(length, 0);
  if (copy === undefined) return undefined;
  let at = copy.start;
  for (let node: Pbuf | undefined = p; length > 0 && node !== undefined; node = node.next) {
    const available = node.end - node.start;
    const count = available < length ? available : length;
    copy.bytes.set(node.bytes.subarray(node.start, node.start + count), at);
    at += count;
    length -= count;
  }
  return copy;
}
