/** Data plane. {@linkcode SendTimes}: how long a connection has been held up, and by what (Linux: tcpi_busy_time,
 * tcpi_rwnd_limited, tcpi_sndbuf_limited; RFC 4898: tcpEStatsPerfSndLimTime…). Nothing is computed before the reason changes.
 *
 * @module
 */

/** Nothing to send, nothing outstanding. */
export const SEND_IDLE = 0;
/** The congestion window, or pacing, keeps text back. */
export const SEND_CWND = 1;
/** The peer's window keeps text back. */
export const SEND_RWND = 2;
/** All that there was room for in the send buffer is in flight. */
export const SEND_BUFFER = 3;
/** All that the user has written is in flight, and he could have written more. */
export const SEND_APP = 4;

/** Times of one connection, in milliseconds. */
export class SendTimes {
  /** Present reason, `SEND_…`. */
  reason: number;
  /** Since when. */
  sinceMs: number;
  /** Held up by the congestion window, so far. */
  cwndMs: number;
  /** By the peer's window. */
  rwndMs: number;
  /** By the size of the send buffer. */
  bufferMs: number;
  /** By the user. */
  appMs: number;

  /** Idle. */
  constructor(nowMs: number) {
    this.reason = SEND_IDLE;
    this.sinceMs = nowMs;
    this.cwndMs = 0;
    this.rwndMs = 0;
    this.bufferMs = 0;
    this.appMs = 0;
  }

  /** From now on it is another reason, or the same. */
  change(reason: number, nowMs: number): void {
    const elapsedMs = nowMs - this.sinceMs;
    if (this.reason === SEND_CWND) this.cwndMs += elapsedMs;
    else if (this.reason === SEND_RWND) this.rwndMs += elapsedMs;
    else if (this.reason === SEND_BUFFER) this.bufferMs += elapsedMs;
    else if (this.reason === SEND_APP) this.appMs += elapsedMs;
    this.reason = reason;
    this.sinceMs = nowMs;
  }
}
