/** {@linkcode SentPool}: records of what is outstanding, for connections of which something is.
 *
 * @module
 */
import { SentSegments } from "./sent_segments.ts";
import type { Tcb } from "./tcb.ts";

/** Records kept for the next connection at most. */
const MAX_KEPT = 64;
/** Pieces of a record that is worth keeping. */
const MAX_KEPT_PIECES = 1024;

/** The records of a layer. An idle connection has none. */
export class SentPool {
  readonly #kept: SentSegments[] = [];

  /** The record of a connection, made if there is none. */
  of(tcb: Tcb): SentSegments {
    let sent = tcb.sent;
    if (sent === undefined) {
      sent = this.#kept.pop() ?? new SentSegments();
      sent.reset(tcb.sndUna, tcb.smss);
      sent.losses = tcb.trace?.losses;
      tcb.sent = sent;
    }
    return sent;
  }

  /** A connection needs its record no more. */
  release(tcb: Tcb): void {
    const { sent } = tcb;
    if (sent === undefined) return;
    tcb.sent = undefined;
    if (this.#kept.length >= MAX_KEPT || sent.capacity > MAX_KEPT_PIECES) return;
    sent.clear();
    this.#kept.push(sent);
  }
}
