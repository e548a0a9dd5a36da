/** Data plane. {@linkcode Cork}: the user has more to say soon, so that no segment goes out that is not full (TCP_CORK, MSG_MORE; lwIP:
 * TCP_WRITE_FLAG_MORE). Nagle's algorithm waits for the peer; a cork waits for the user, at most for a retransmission timeout, which is
 * {@linkcode CORK_LIMIT_MS} and a round trip as a rule. What MSG_MORE holds back goes with the next acknowledgment, too, as on Linux.
 *
 * @module
 */
import type { Timer } from "@lightwire/netif";
import { seqLeq } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

/** Least of the longest time that a cork holds text back, as in Linux. */
export const CORK_LIMIT_MS = 200;

/** A connection's cork; made when it is first used. */
export class Cork {
  /** The user has set it. */
  isSet: boolean;
  /** The last SEND said that more follows. */
  hasMore: boolean;
  /** It has held back for long enough: what waits may go. */
  isOver: boolean;
  /** What waits now may go, though the user has not said that it is all: without PSH. */
  isReleased: boolean;
  /** Ends of records whose text was not sent yet, ascending; `undefined` while the user has ended none. */
  #recordEnds: number[] | undefined;
  readonly #tcb: Tcb;
  readonly #timer: Timer;

  /** A cork that holds nothing. */
  constructor(tcb: Tcb) {
    const { layer } = tcb;
    this.isSet = false;
    this.hasMore = false;
    this.isOver = false;
    this.isReleased = false;
    this.#recordEnds = undefined;
    this.#tcb = tcb;
    this.#timer = layer.timers.create(() => {
      this.isOver = true;
      layer.touch(tcb);
      layer.flush();
    });
  }

  /** Whether it holds back what does not fill a segment. */
  get isHolding(): boolean {
    return (this.isSet || this.hasMore) && !this.isOver && !this.isReleased;
  }

  /** Something waits for it: from now on its time is limited. */
  hold(): void {
    if (this.#timer.isArmed) return;
    const { rtoMs } = this.#tcb.rto;
    this.#timer.start(this.#tcb.rto.hasSample && rtoMs > CORK_LIMIT_MS ? rtoMs : CORK_LIMIT_MS);
  }

  /** Text went out: what comes next waits anew. */
  sent(): void {
    this.isOver = false;
    this.isReleased = false;
    this.#timer.stop();
  }

  /** The peer has acknowledged text: MSG_MORE, unlike TCP_CORK, does not hold against that. */
  acknowledged(): void {
    if (!this.isSet) this.isReleased = true;
  }

  /** A record ends at `seq`: text behind it does not share a segment with what is before (MSG_EOR). */
  endRecord(seq: number): void {
    this.#recordEnds ??= [];
    if (this.#recordEnds.at(-1) !== seq) this.#recordEnds.push(seq);
  }

  /** Up to where text from `nxt` on may go in one segment: `end`, or the end of its record. */
  limit(nxt: number, end: number): number {
    const ends = this.#recordEnds;
    if (ends === undefined) return end;
    while (ends.length > 0 && seqLeq(ends[0]!, nxt)) ends.shift();
    return ends.length > 0 ? ends[0]! : end;
  }

  /** The connection is over. */
  stop(): void {
    this.#timer.stop();
  }
}

/** Whether a cork keeps a segment back that is not full. A FIN pulls it. */
export function isCorked(tcb: Tcb): boolean {
  return tcb.cork !== undefined && tcb.cork.isHolding && !tcb.isFinQueued;
}

/** Whether the end of the text bears PSH: not when the user said that more follows (RFC 9293 §3.9.1.2), except when his time is over. */
export function isPushDue(tcb: Tcb): boolean {
  return tcb.cork === undefined || !tcb.cork.hasMore || tcb.cork.isOver || tcb.isFinQueued;
}
