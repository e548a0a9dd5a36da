/** Data plane. {@linkcode ReceiveTuning}: what the size of the receive buffer is decided from; made with the first text that comes,
 * so that a connection without any has none.
 *
 * @module
 */

/** Measurements of dynamic right-sizing. */
export class ReceiveTuning {
  /** When the current measurement of what the user takes began, −1 before that. */
  atMs: number;
  /** Octets the user has taken since. */
  bytes: number;
  /** RCV.NXT + RCV.WND when `rttAtMs` was set. */
  rttSeq: number;
  /** When the current measurement of the peer's round trip began, −1 before that. */
  rttAtMs: number;
  /** Round-trip time as the receiver sees it, 0 before it is known. */
  rttMs: number;
  /** Text of the last segment that was shorter than a full one in the middle of what the peer has to say. */
  shortBytes: number;
  /** Segments with text that have come. */
  segments: number;
  /** Of those, segments that a router had marked (RFC 3168). */
  marked: number;
  /** Segments whose text arrived ahead of a gap. */
  outOfOrder: number;

  /** Nothing measured yet. */
  constructor() {
    this.atMs = -1;
    this.bytes = 0;
    this.rttSeq = 0;
    this.rttAtMs = -1;
    this.rttMs = 0;
    this.shortBytes = 0;
    this.segments = 0;
    this.marked = 0;
    this.outOfOrder = 0;
  }
}
