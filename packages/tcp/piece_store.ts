/** Data plane. {@linkcode PieceStore}: pieces of what was sent, in slots of typed arrays, in two orders: by sequence number, and by
 * the time of their last transmission.
 *
 * ```text
 *     | sent 3 | SACKED | LOST, RETRANSMITTED | SACKED | LOST | sent 7 | sent 8 |     by sequence number
 *
 *   oldest ──▶ sent 3 ──▶ sent 7 ──▶ sent 8 ──▶ RETRANSMITTED ◀── newest              by time: what is in the network
 * ```
 *
 * @module
 */
import { seqDiff, seqGt } from "./seq.ts";

/** Flag of a piece: the receiver has it. */
export const PIECE_SACKED = 0x01;
/** Flag of a piece: it counts as lost. */
export const PIECE_LOST = 0x02;
/** Flag of a piece: a retransmission of it is in the network. */
export const PIECE_RETRANSMITTED = 0x04;
/** Flag of a piece: it was retransmitted at some time. */
export const PIECE_EVER_RETRANSMITTED = 0x08;
/** Flag of a piece: the application had no more to send at that time. */
export const PIECE_APP_LIMITED = 0x10;

/** Pieces of one connection at most: beyond, what is sent joins the newest piece, and a SACK that would split one is ignored. */
export const MAX_PIECES = 65_536;
/** Pieces that splitting may lead to, for each segment outstanding: its parts after a change of the segment size, or on a path which
 * cuts segments. */
export const PIECES_PER_SEGMENT = 4;
/** As many more, whatever is outstanding. */
export const FREE_PIECES = 64;
const INITIAL_PIECES = 16;
/** No slot. */
export const NO_PIECE = -1;
const NOT_LINKED = -2;

/** The storage below {@linkcode SentSegments}. */
export class PieceStore {
  /** First octet, by slot. */
  protected start: Uint32Array;
  /** Octet after the last one, by slot. */
  protected end: Uint32Array;
  /** Time of the last transmission, by slot. */
  protected sentAtMs: Float64Array;
  /** Flags, by slot. */
  protected flags: Uint8Array;
  /** Octets delivered when the piece was sent, by slot. */
  protected delivered: Float64Array;
  /** When the last of those was delivered, by slot. */
  protected deliveredAtMs: Float64Array;
  /** When the flight that the piece belongs to began, by slot. */
  protected firstSentAtMs: Float64Array;
  /** Octets in the network after the piece was sent, itself included, by slot. */
  protected txInFlight: Uint32Array;
  /** The next newer piece in the network, by slot. */
  protected newer: Int32Array;
  /** The piece in the network that was sent first, {@linkcode NO_PIECE} for none. */
  protected oldest: number;
  /** The one that was sent last. */
  protected newest: number;
  /** Where pieces found lost are noted, each by its first octet and the octet after its last one; there while somebody traces. */
  losses: number[] | undefined;
  #older: Int32Array;
  #order: Int32Array;
  #first: number;
  #count: number;
  #free: number;

  /** An empty store. */
  constructor() {
    this.start = new Uint32Array(INITIAL_PIECES);
    this.end = new Uint32Array(INITIAL_PIECES);
    this.sentAtMs = new Float64Array(INITIAL_PIECES);
    this.flags = new Uint8Array(INITIAL_PIECES);
    this.delivered = new Float64Array(INITIAL_PIECES);
    this.deliveredAtMs = new Float64Array(INITIAL_PIECES);
    this.firstSentAtMs = new Float64Array(INITIAL_PIECES);
    this.txInFlight = new Uint32Array(INITIAL_PIECES);
    this.newer = new Int32Array(INITIAL_PIECES);
    this.oldest = NO_PIECE;
    this.newest = NO_PIECE;
    this.losses = undefined;
    this.#older = new Int32Array(INITIAL_PIECES);
    this.#order = new Int32Array(INITIAL_PIECES);
    this.#first = 0;
    this.#count = 0;
    this.#free = NO_PIECE;
    this.#chainFree(0);
  }

  /** Notes that the piece in a slot was found lost.
   *
   * @returns its octets. */
  protected noteLoss(slot: number): number {
    if (this.losses !== undefined) this.losses.push(this.start[slot]!, this.end[slot]!);
    return this.length(slot);
  }

  /** Number of pieces. */
  get count(): number {
    return this.#count;
  }

  /** Slots there is memory for. */
  get capacity(): number {
    return this.start.length;
  }

  /** First octet of piece `i`, by sequence number. */
  startAt(i: number): number {
    return this.start[this.#order[this.#first + i]!]!;
  }

  /** Octet after piece `i`. */
  endAt(i: number): number {
    return this.end[this.#order[this.#first + i]!]!;
  }

  /** Flags of piece `i`. */
  flagsAt(i: number): number {
    return this.flags[this.#order[this.#first + i]!]!;
  }

  /** When piece `i` was last sent. */
  sentAt(i: number): number {
    return this.sentAtMs[this.#order[this.#first + i]!]!;
  }

  /** Slot of piece `i`. */
  protected slotAt(i: number): number {
    return this.#order[this.#first + i]!;
  }

  /** Octets of a slot's piece. */
  protected length(slot: number): number {
    return seqDiff(this.end[slot]!, this.start[slot]!);
  }

  /** Index of the first piece which ends after `seq`; {@linkcode count} when none does. */
  protected find(seq: number): number {
    let low = 0;
    let high = this.#count;
    // The usual case: the front.
    if (high === 0 || seqGt(this.endAt(0), seq)) return 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(this.endAt(middle), seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** A slot for a piece, behind all others. */
  protected append(): number {
    const slot = this.#take();
    this.#insert(this.#count, slot);
    return slot;
  }

  /** Removes the first piece. */
  protected dropFirst(): void {
    const slot = this.#order[this.#first]!;
    if (this.isLinked(slot)) this.unlink(slot);
    this.newer[slot] = this.#free;
    this.#free = slot;
    this.#first++;
    if (--this.#count === 0) this.#first = 0;
  }

  /** Makes two pieces of piece `i`, the second one from `seq` on, with the same time and flags.
   *
   * @returns false when there are too many pieces.
   */
  protected split(i: number, seq: number): boolean {
    if (this.#count >= MAX_PIECES) return false;
    const rest = this.#take();
    const slot = this.slotAt(i);
    this.start[rest] = seq;
    this.end[rest] = this.end[slot]!;
    this.end[slot] = seq;
    this.sentAtMs[rest] = this.sentAtMs[slot]!;
    this.flags[rest] = this.flags[slot]!;
    this.delivered[rest] = this.delivered[slot]!;
    this.deliveredAtMs[rest] = this.deliveredAtMs[slot]!;
    this.firstSentAtMs[rest] = this.firstSentAtMs[slot]!;
    this.txInFlight[rest] = this.txInFlight[slot]!;
    this.#insert(i + 1, rest);
    if (this.isLinked(slot)) this.#linkAfter(rest, slot);
    else this.#older[rest] = NOT_LINKED;
    return true;
  }

  /** The delivery rate's clock at the transmission of a piece (draft-ietf-ccwg-bbr-06 §4.1.2.2). */
  protected stamp(
    slot: number,
    delivered: number,
    deliveredAtMs: number,
    firstSentAtMs: number,
    txInFlight: number,
  ): void {
    this.delivered[slot] = delivered;
    this.deliveredAtMs[slot] = deliveredAtMs;
    this.firstSentAtMs[slot] = firstSentAtMs;
    this.txInFlight[slot] = txInFlight;
  }

  /** Whether a piece is in the list by time. */
  protected isLinked(slot: number): boolean {
    return this.#older[slot] !== NOT_LINKED;
  }

  /** Puts a piece at the newest end. */
  protected linkNewest(slot: number): void {
    this.#linkAfter(slot, this.newest);
  }

  /** Puts a piece where its time belongs.
   *
   * @param near a piece of the list that was sent about then, where the search begins; {@linkcode NO_PIECE}: the oldest.
   */
  protected linkByTime(slot: number, near: number): void {
    const atMs = this.sentAtMs[slot]!;
    let before = near === NO_PIECE ? this.oldest : near;
    while (before !== NO_PIECE && this.sentAtMs[before]! > atMs) before = this.#older[before]!;
    let after = before === NO_PIECE ? this.oldest : this.newer[before]!;
    while (after !== NO_PIECE && this.sentAtMs[after]! <= atMs) {
      before = after;
      after = this.newer[after]!;
    }
    this.#linkAfter(slot, before);
  }

  /** Takes a piece out of the list by time. */
  protected unlink(slot: number): void {
    const older = this.#older[slot]!;
    const newer = this.newer[slot]!;
    if (older === NO_PIECE) this.oldest = newer;
    else this.newer[older] = newer;
    if (newer === NO_PIECE) this.newest = older;
    else this.#older[newer] = older;
    this.#older[slot] = NOT_LINKED;
  }

  #linkAfter(slot: number, before: number): void {
    const after = before === NO_PIECE ? this.oldest : this.newer[before]!;
    this.#older[slot] = before;
    this.newer[slot] = after;
    if (before === NO_PIECE) this.oldest = slot;
    else this.newer[before] = slot;
    if (after === NO_PIECE) this.newest = slot;
    else this.#older[after] = slot;
  }

  #take(): number {
    if (this.#free === NO_PIECE) this.#grow();
    const slot = this.#free;
    this.#free = this.newer[slot]!;
    return slot;
  }

  #insert(i: number, slot: number): void {
    let order = this.#order;
    if (this.#first + this.#count === order.length) {
      // Room at the front, or more of it.
      if (this.#first < order.length >> 1) {
        order = new Int32Array(order.length * 2);
        order.set(this.#order.subarray(this.#first, this.#first + this.#count));
        this.#order = order;
      } else order.copyWithin(0, this.#first, this.#first + this.#count);
      this.#first = 0;
    }
    const at = this.#first + i;
    if (i < this.#count) order.copyWithin(at + 1, at, this.#first + this.#count);
    order[at] = slot;
    this.#count++;
  }

  #grow(): void {
    const size = this.start.length;
    this.start = doubled(this.start, new Uint32Array(size * 2));
    this.end = doubled(this.end, new Uint32Array(size * 2));
    this.sentAtMs = doubled(this.sentAtMs, new Float64Array(size * 2));
    this.flags = doubled(this.flags, new Uint8Array(size * 2));
    this.delivered = doubled(this.delivered, new Float64Array(size * 2));
    this.deliveredAtMs = doubled(this.deliveredAtMs, new Float64Array(size * 2));
    this.firstSentAtMs = doubled(this.firstSentAtMs, new Float64Array(size * 2));
    this.txInFlight = doubled(this.txInFlight, new Uint32Array(size * 2));
    this.newer = doubled(this.newer, new Int32Array(size * 2));
    this.#older = doubled(this.#older, new Int32Array(size * 2));
    this.#chainFree(size);
  }

  /** Slots from `from` on are free. */
  #chainFree(from: number): void {
    for (let slot = this.newer.length - 1; slot >= from; slot--) {
      this.newer[slot] = this.#free;
      this.#free = slot;
    }
  }
}

function doubled<T extends Uint32Array | Float64Array | Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
