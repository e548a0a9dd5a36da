/** Data plane. {@linkcode SentSegments}: what is outstanding, piece by piece: when each was last sent, whether it is SACKed, lost,
 * sent again. Loss detection by time (RFC 8985) and the delivery rate follow from it; the scoreboard of RFC 6675 is a view of it.
 *
 * A piece is what was sent at one instant, at most {@linkcode MAX_PIECE_BYTES}; an acknowledgment or a retransmission that covers
 * a part of it splits it.
 *
 * @module
 */
// tidy: allow file-length the books of one scoreboard, each change of which touches several counters
import type { AckSummary } from "./ack_summary.ts";
import type { DeliveryRate } from "./delivery_rate.ts";
import {
  FREE_PIECES,
  MAX_PIECES,
  NO_PIECE,
  PIECE_APP_LIMITED,
  PIECE_EVER_RETRANSMITTED,
  PIECE_LOST,
  PIECE_RETRANSMITTED,
  PIECE_SACKED,
  PIECES_PER_SEGMENT,
  PieceStore,
} from "./piece_store.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from "./seq.ts";

/** Longest piece. */
export const MAX_PIECE_BYTES = 65_535;

/** Between what is sent one after the other while the clock stands still. */
const TICK_MS = 0.001;

/** What is outstanding of one connection. */
export class SentSegments extends PieceStore {
  /** Octets SACKed. */
  sackedBytes: number;
  /** The same in segments: what DupThresh counts. */
  sackedSegments: number;
  /** Octets that count as lost, sent again or not. */
  lostBytes: number;
  /** Octets of which a retransmission is in the network. */
  retransmittedBytes: number;
  /** Octets found lost since this was set to 0 last. */
  newlyLostBytes: number;
  /** When the retransmission was sent that was found lost last; −Infinity before one was. */
  repairLostMs: number;
  /** Octets that were in the network when the piece which was found lost last had been sent (P.tx_in_flight). */
  lostTxInFlight: number;
  /** SACK blocks that could not be taken in, for want of pieces. */
  refusedBlocks: number;
  /** RACK.xmit_ts (RFC 8985 §5.2): when the most recently sent of all delivered pieces was sent; −Infinity before one was. */
  rackSentAtMs: number;
  /** RACK.end_seq. */
  rackEnd: number;
  /** RACK.rtt; −1 before a piece was delivered. */
  rackRttMs: number;
  /** RACK.fack: the octet after the highest one delivered. */
  fack: number;
  /** TLP.end_seq (RFC 8985 §7.4.1), while a probe is outstanding. */
  probeEnd: number;
  /** Whether a tail loss probe is outstanding. */
  hasProbe: boolean;
  /** TLP.is_retrans: it repeated what had been sent before. */
  isProbeRepeat: boolean;
  /** When the retransmission timeout ends, whatever the timer is used for meanwhile. */
  rtoAtMs: number;
  #smss: number;
  /** Octets that are lost and wait for their retransmission. */
  #waitingBytes: number;
  /** No piece below it is lost and waits for its retransmission. */
  #lostHint: number;

  /** Nothing outstanding. */
  constructor() {
    super();
    this.sackedBytes = 0;
    this.sackedSegments = 0;
    this.lostBytes = 0;
    this.retransmittedBytes = 0;
    this.newlyLostBytes = 0;
    this.repairLostMs = -Infinity;
    this.lostTxInFlight = 0;
    this.refusedBlocks = 0;
    this.rackSentAtMs = -Infinity;
    this.rackEnd = 0;
    this.rackRttMs = -1;
    this.fack = 0;
    this.probeEnd = 0;
    this.hasProbe = false;
    this.isProbeRepeat = false;
    this.rtoAtMs = 0;
    this.#smss = 1;
    this.#waitingBytes = 0;
    this.#lostHint = 0;
  }

  /** Begins anew, for another connection.
   *
   * @param una SND.UNA.
   */
  reset(una: number, smss: number): void {
    this.clear();
    this.#smss = smss;
    this.refusedBlocks = 0;
    this.repairLostMs = -Infinity;
    this.rackSentAtMs = -Infinity;
    this.rackEnd = una;
    this.rackRttMs = -1;
    this.fack = una;
    this.hasProbe = false;
    this.rtoAtMs = 0;
    this.#lostHint = una;
  }

  /** Forgets all pieces. */
  clear(): void {
    while (this.count > 0) this.dropFirst();
    this.sackedBytes = 0;
    this.sackedSegments = 0;
    this.lostBytes = 0;
    this.retransmittedBytes = 0;
    this.#waitingBytes = 0;
  }

  /** The receiver took back what it had SACKed: SND.UNA stays at, or inside of, a SACKed piece (RFC 2018 §8). */
  get isReneged(): boolean {
    return this.count > 0 && (this.flagsAt(0) & PIECE_SACKED) !== 0;
  }

  /** Sets the segment size that pieces are counted in. */
  setMss(smss: number): void {
    this.#smss = smss;
  }

  /** Pipe (RFC 6675 §4): of `outstanding` octets, those thought to be in the network. */
  pipe(outstanding: number): number {
    return outstanding - this.sackedBytes - this.lostBytes + this.retransmittedBytes;
  }

  /** New text was sent: [`start`, `end`), behind all that is here.
   *
   * @param delivered octets delivered so far, when, when the present flight began, and how much is in the network now.
   */
  sent(
    start: number,
    end: number,
    nowMs: number,
    flags: number,
    delivered: number,
    deliveredAtMs: number,
    firstSentAtMs: number,
    txInFlight: number = 0,
  ): void {
    const last = this.count === 0 ? NO_PIECE : this.slotAt(this.count - 1);
    if (last !== NO_PIECE && last === this.newest && this.end[last] === start) {
      const isSameInstant = this.sentAtMs[last] === nowMs && this.flags[last] === flags &&
        this.delivered[last] === delivered && seqDiff(end, this.start[last]!) <= MAX_PIECE_BYTES;
      if (isSameInstant || this.count >= MAX_PIECES) {
        this.end[last] = end;
        this.sentAtMs[last] = nowMs;
        this.txInFlight[last] = txInFlight;
        return;
      }
    }
    const slot = this.append();
    this.start[slot] = start;
    this.end[slot] = end;
    this.sentAtMs[slot] = nowMs;
    this.flags[slot] = flags;
    this.stamp(slot, delivered, deliveredAtMs, firstSentAtMs, txInFlight);
    this.linkNewest(slot);
  }

  /** SND.UNA moved to `una`: what lies before it is delivered, if it was not before. */
  acknowledge(una: number, summary: AckSummary): void {
    while (this.count > 0) {
      const slot = this.slotAt(0);
      const end = this.end[slot]!;
      if (seqGt(end, una)) {
        const octets = seqDiff(una, this.start[slot]!);
        if (octets > 0) {
          this.#deliver(slot, octets, una, summary);
          this.start[slot] = una;
        }
        break;
      }
      this.#deliver(slot, this.length(slot), end, summary);
      this.dropFirst();
    }
  }

  /** A SACK block [`left`, `right`) within what is outstanding.
   *
   * @returns octets newly SACKed.
   */
  sack(left: number, right: number, summary: AckSummary): number {
    let newBytes = 0;
    for (let i = this.find(left); i < this.count; i++) {
      let slot = this.slotAt(i);
      if (seqGeq(this.start[slot]!, right)) break;
      if ((this.flags[slot]! & PIECE_SACKED) !== 0) continue;
      if (seqLt(this.start[slot]!, left)) {
        if (!this.#splitCounted(i, left)) break;
        slot = this.slotAt(++i);
      }
      if (seqGt(this.end[slot]!, right) && !this.#splitCounted(i, right)) break;
      const octets = this.length(slot);
      this.#deliver(slot, octets, this.end[slot]!, summary);
      if (this.isLinked(slot)) this.unlink(slot);
      this.flags[slot] = (this.flags[slot]! & ~(PIECE_LOST | PIECE_RETRANSMITTED)) | PIECE_SACKED;
      this.sackedBytes += octets;
      this.sackedSegments += this.#segments(octets);
      newBytes += octets;
    }
    summary.sackedBytes += newBytes;
    return newBytes;
  }

  /** RACK_detect_loss() (RFC 8985 §6.2, step 5): what was sent before the most recently delivered piece, and is not delivered
   * within a round trip and `reoWndMs`, is lost. Looks at what is in the network only, oldest first.
   *
   * @returns time until the next piece will count as lost, 0 for none.
   */
  detectLosses(reoWndMs: number, nowMs: number): number {
    let slot = this.oldest;
    while (slot !== NO_PIECE) {
      const sentAtMs = this.sentAtMs[slot]!;
      const isBefore = sentAtMs < this.rackSentAtMs ||
        (sentAtMs === this.rackSentAtMs && seqLt(this.end[slot]!, this.rackEnd));
      if (!isBefore) return 0;
      const remainingMs = sentAtMs + this.rackRttMs + reoWndMs - nowMs;
      // The rest of the list was sent later, and has more time left.
      if (remainingMs > 0) return remainingMs;
      const newer = this.newer[slot]!;
      if ((this.flags[slot]! & PIECE_RETRANSMITTED) !== 0) this.repairLostMs = sentAtMs;
      this.#lose(slot);
      slot = newer;
    }
    return 0;
  }

  /** The first piece is lost, or `octets` of it, whatever its age. */
  loseFirst(octets: number): void {
    if (this.count === 0) return;
    if (this.length(this.slotAt(0)) > octets) this.#splitCounted(0, (this.startAt(0) + octets) >>> 0);
    this.#lose(this.slotAt(0));
  }

  /** What is in the network and was sent at an instant, or before it, is lost.
   *
   * @param sentUntilMs `Infinity` for all.
   */
  loseOlder(sentUntilMs: number): void {
    let slot = this.oldest;
    while (slot !== NO_PIECE && this.sentAtMs[slot]! <= sentUntilMs) {
      const newer = this.newer[slot]!;
      this.#lose(slot);
      slot = newer;
    }
  }

  /** Nothing counts as lost any more: it was not. */
  forgiveLosses(): void {
    let near = NO_PIECE;
    for (let i = 0; i < this.count; i++) {
      const slot = this.slotAt(i);
      if ((this.flags[slot]! & PIECE_LOST) === 0) continue;
      this.flags[slot] = this.flags[slot]! & ~PIECE_LOST;
      if (!this.isLinked(slot)) this.linkByTime(slot, near);
      near = slot;
    }
    this.lostBytes = 0;
    this.#waitingBytes = 0;
  }

  /** Whether all outstanding octets of [`left`, `right`) count as lost and were not sent again. */
  isLost(left: number, right: number): boolean {
    for (let i = this.find(left); i < this.count && seqLt(this.startAt(i), right); i++) {
      if ((this.flagsAt(i) & (PIECE_LOST | PIECE_RETRANSMITTED)) !== PIECE_LOST) return false;
    }
    return true;
  }

  /** What was lost in [`left`, `right`) has been sent again, and counts as if it had been sent for the first time. */
  settle(left: number, right: number): void {
    for (let i = this.find(left); i < this.count && seqLt(this.startAt(i), right); i++) {
      const slot = this.slotAt(i);
      const flags = this.flags[slot]!;
      if ((flags & PIECE_LOST) !== 0) this.lostBytes -= this.length(slot);
      if ((flags & PIECE_RETRANSMITTED) !== 0) this.retransmittedBytes -= this.length(slot);
      else if ((flags & PIECE_LOST) !== 0) this.#waitingBytes -= this.length(slot);
      this.flags[slot] = flags & ~(PIECE_LOST | PIECE_RETRANSMITTED);
      if ((flags & PIECE_SACKED) === 0 && !this.isLinked(slot)) this.linkByTime(slot, this.newest);
    }
  }

  /** A receiver that may have reneged (RFC 2018 §8): what it SACKed counts as lost. */
  forgetSacks(): void {
    for (let i = 0; i < this.count; i++) {
      const slot = this.slotAt(i);
      if ((this.flags[slot]! & PIECE_SACKED) === 0) continue;
      this.flags[slot] = this.flags[slot]! & ~PIECE_SACKED;
      this.#lose(slot);
    }
    this.sackedBytes = 0;
    this.sackedSegments = 0;
  }

  /** Index of the first piece that is lost and waits for its retransmission, −1 for none. */
  nextLost(): number {
    if (this.#waitingBytes === 0) return -1;
    for (let i = this.find(this.#lostHint); i < this.count; i++) {
      if ((this.flagsAt(i) & (PIECE_LOST | PIECE_RETRANSMITTED)) === PIECE_LOST) {
        this.#lostHint = this.startAt(i);
        return i;
      }
    }
    return -1;
  }

  /** The first `octets` of piece `i` were sent again; the rest becomes a piece of its own. The delivery rate's clock starts anew for it
   * (draft-ietf-ccwg-bbr §4.1.2.2); `flight` is FlightSize. */
  retransmitted(i: number, octets: number, nowMs: number, flight: number = 0, delivery?: DeliveryRate): void {
    const slot = this.slotAt(i);
    if (this.length(slot) > octets) this.#splitCounted(i, (this.start[slot]! + octets) >>> 0);
    const flags = this.flags[slot]!;
    if ((flags & PIECE_RETRANSMITTED) === 0) {
      this.retransmittedBytes += this.length(slot);
      if ((flags & PIECE_LOST) !== 0) this.#waitingBytes -= this.length(slot);
    }
    if (this.isLinked(slot)) this.unlink(slot);
    this.flags[slot] = flags | PIECE_RETRANSMITTED | PIECE_EVER_RETRANSMITTED;
    // Text sent at the same instant, but before, must not look as if it came after (RFC 8985 §6.2, RACK_sent_after()).
    const { newest } = this;
    const isBehind = newest !== NO_PIECE && this.sentAtMs[newest]! >= nowMs &&
      seqGt(this.end[newest]!, this.end[slot]!);
    this.sentAtMs[slot] = isBehind ? this.sentAtMs[newest]! + TICK_MS : nowMs;
    if (delivery !== undefined) {
      const { delivered, deliveredAtMs, firstSentAtMs } = delivery;
      this.stamp(slot, delivered, deliveredAtMs, firstSentAtMs, this.pipe(flight));
    }
    this.linkNewest(slot);
  }

  /** Makes at most the last `octets` a piece of their own.
   *
   * @returns its index, −1 when nothing is outstanding or it cannot be done.
   */
  cutTail(octets: number): number {
    const i = this.count - 1;
    if (i < 0) return -1;
    const start = (this.endAt(i) - octets) >>> 0;
    if (seqLeq(start, this.startAt(i))) return i;
    return this.#splitCounted(i, start) ? i + 1 : -1;
  }

  /** Whether piece `i` is in the list by time. For tests. */
  isListedByTime(i: number): boolean {
    return this.isLinked(this.slotAt(i));
  }

  /** A split that moves no octet between the counters; segments are counted by pieces. A receiver that SACKs every second octet would make a packet of each: there are no more pieces than an honest one needs
   * (CVE-2019-11478). What is refused is repaired by acknowledgments and timeouts. */
  #splitCounted(i: number, seq: number): boolean {
    const outstanding = seqDiff(this.endAt(this.count - 1), this.startAt(0));
    if (this.count < FREE_PIECES + PIECES_PER_SEGMENT * outstanding / this.#smss && this.split(i, seq)) {
      return true;
    }
    this.refusedBlocks++;
    return false;
  }

  /** `octets` at the beginning of a piece have reached the receiver, up to `end`. */
  #deliver(slot: number, octets: number, end: number, summary: AckSummary): void {
    const flags = this.flags[slot]!;
    if ((flags & PIECE_SACKED) !== 0) {
      this.sackedBytes -= octets;
      const segments = this.sackedSegments - this.#segments(octets);
      this.sackedSegments = this.sackedBytes === 0 || segments < 0 ? 0 : segments;
      return;
    }
    if ((flags & PIECE_LOST) !== 0) this.lostBytes -= octets;
    if ((flags & PIECE_RETRANSMITTED) !== 0) this.retransmittedBytes -= octets;
    else if ((flags & PIECE_LOST) !== 0) this.#waitingBytes -= octets;
    const isRetransmitted = (flags & PIECE_EVER_RETRANSMITTED) !== 0;
    summary.deliveredBytes += octets;
    if (!isRetransmitted) summary.originalBytes += octets;
    if (seqGt(end, this.fack)) this.fack = end;
    else if (seqLt(end, this.fack) && !isRetransmitted) {
      summary.isReordered = true;
      const distance = seqDiff(this.fack, end) + octets;
      if (distance > summary.reorderedBytes) summary.reorderedBytes = distance;
    }
    const sentAtMs = this.sentAtMs[slot]!;
    if (sentAtMs < summary.sentAtMs || (sentAtMs === summary.sentAtMs && !seqGt(end, summary.end))) return;
    summary.sentAtMs = sentAtMs;
    summary.end = end;
    summary.isRetransmitted = isRetransmitted;
    summary.priorDelivered = this.delivered[slot]!;
    summary.priorDeliveredAtMs = this.deliveredAtMs[slot]!;
    summary.firstSentAtMs = this.firstSentAtMs[slot]!;
    summary.isAppLimited = (flags & PIECE_APP_LIMITED) !== 0;
    summary.txInFlight = this.txInFlight[slot]!;
  }

  #lose(slot: number): void {
    const flags = this.flags[slot]!;
    if ((flags & PIECE_SACKED) !== 0) return;
    const octets = this.length(slot);
    if ((flags & PIECE_RETRANSMITTED) !== 0) this.retransmittedBytes -= octets;
    if ((flags & PIECE_LOST) === 0) this.lostBytes += octets;
    if ((flags & (PIECE_LOST | PIECE_RETRANSMITTED)) !== PIECE_LOST) {
      this.newlyLostBytes += this.noteLoss(slot);
      this.#waitingBytes += octets;
      this.lostTxInFlight = this.txInFlight[slot]!;
    }
    this.flags[slot] = (flags & ~PIECE_RETRANSMITTED) | PIECE_LOST;
    if (this.isLinked(slot)) this.unlink(slot);
    if (seqLt(this.start[slot]!, this.#lostHint)) this.#lostHint = this.start[slot]!;
  }

  #segments(octets: number): number {
    return octets <= this.#smss ? 1 : Math.ceil(octets / this.#smss);
  }
}
