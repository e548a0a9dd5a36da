/** The time contract. Nothing below `sockets` asks the host for the time; it asks a {@linkcode Clock}.
 *
 * @module
 */

/** A monotonic clock. */
export interface Clock {
  /** Milliseconds since an arbitrary origin, fractional (microsecond resolution is kept), never going back.
   * Constant within one run to completion: the pump refreshes it between batches. */
  now(): number;
}

/** A clock that tells the date; apart from {@linkcode Clock}, because it may jump. */
export interface WallClock {
  /** Milliseconds since 1970-01-01T00:00:00Z, fractional. */
  unixMillis(): number;
}
