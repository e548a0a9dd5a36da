/** Data plane. {@linkcode HyStart}: HyStart++ (RFC 9406), which ends the first slow start when round trips grow longer,
 * before the queue in the path overflows.
 *
 * ```text
 *                  RTT rose            5 rounds
 *   slow start ───────────────▶ CSS ──────────────▶ over: congestion avoidance
 *        ▲                       │
 *        └───────────────────────┘
 *              RTT fell again
 * ```
 *
 * CSS is conservative slow start: a quarter of the growth, while it shows whether the delay stays.
 *
 * Deviation: L, the segments by which one acknowledgment may open the window, is infinite without pacing as well, where RFC 9406 §4.3
 * recommends 8: receivers that merge segments acknowledge tens at once. As in Linux.
 *
 * @module
 */

/** MIN_RTT_THRESH (RFC 9406 §4.3): a rise of less is noise. */
export const HYSTART_MIN_RTT_THRESH_MS = 4;
/** MAX_RTT_THRESH (RFC 9406 §4.3): a rise of this much always counts. */
export const HYSTART_MAX_RTT_THRESH_MS = 16;
/** MIN_RTT_DIVISOR (RFC 9406 §4.3): between the two, an eighth of the round trip counts. */
export const HYSTART_MIN_RTT_DIVISOR = 8;
/** N_RTT_SAMPLE (RFC 9406 §4.3): samples of a round before its minimum means anything. */
export const HYSTART_RTT_SAMPLES = 8;
/** CSS_GROWTH_DIVISOR (RFC 9406 §4.3). */
export const HYSTART_CSS_GROWTH_DIVISOR = 4;
/** CSS_ROUNDS (RFC 9406 §4.3). */
export const HYSTART_CSS_ROUNDS = 5;

/** The rise of the round-trip time, in milliseconds, from which on it counts as delay (RFC 9406 §4.2). */
export function hystartThreshold(lastRoundMinMs: number): number {
  const part = lastRoundMinMs / HYSTART_MIN_RTT_DIVISOR;
  if (part < HYSTART_MIN_RTT_THRESH_MS) return HYSTART_MIN_RTT_THRESH_MS;
  return part < HYSTART_MAX_RTT_THRESH_MS ? part : HYSTART_MAX_RTT_THRESH_MS;
}

/** One connection's HyStart++. It lives as long as the first slow start. */
export class HyStart {
  #acked: number;
  #windowEnd: number;
  #lastRoundMinMs: number;
  #roundMinMs: number;
  #samples: number;
  #cssBaselineMs: number;
  #cssRounds: number;

  /** At the start of a connection. */
  constructor() {
    this.#acked = 0;
    this.#windowEnd = 0;
    this.#lastRoundMinMs = Infinity;
    this.#roundMinMs = Infinity;
    this.#samples = 0;
    this.#cssBaselineMs = Infinity;
    this.#cssRounds = -1;
  }

  /** Whether this is conservative slow start. */
  get isConservative(): boolean {
    return this.#cssRounds >= 0;
  }

  /** Octets were delivered of which {@linkcode onAck} was not told: rounds end where they would have ended. */
  skip(bytes: number): void {
    this.#acked += bytes;
  }

  /** An acknowledgment in slow start (RFC 9406 §4.2). A round ends when all that was outstanding at its start, windowEnd
   * of the RFC, is acknowledged; octets are counted here, as sequence numbers are not known.
   *
   * @param ackedBytes octets newly acknowledged.
   * @param flight octets outstanding and not delivered before the acknowledgment.
   * @param rttMs the sample it gave, −1 for none.
   * @param outstanding the same with what earlier ones of its batch let out; default `flight`.
   * @returns what to divide the growth of the window by: 1, or {@linkcode HYSTART_CSS_GROWTH_DIVISOR}; 0: slow start is over.
   */
  onAck(ackedBytes: number, flight: number, rttMs: number, outstanding: number = flight): number {
    const next = this.#acked + outstanding;
    if (this.#windowEnd === 0) this.#windowEnd = this.#acked + flight;
    this.#acked += ackedBytes;
    if (rttMs >= 0) this.#sample(rttMs);
    if (this.#acked >= this.#windowEnd) {
      if (this.#cssRounds >= 0 && ++this.#cssRounds >= HYSTART_CSS_ROUNDS) return 0;
      // Where a batch has acknowledged all there was, the next round is not sent yet: its first acknowledgment knows its end.
      this.#windowEnd = this.#acked < next ? next : 0;
      this.#lastRoundMinMs = this.#roundMinMs;
      this.#roundMinMs = Infinity;
      this.#samples = 0;
    }
    return this.#cssRounds >= 0 ? HYSTART_CSS_GROWTH_DIVISOR : 1;
  }

  #sample(rttMs: number): void {
    if (rttMs < this.#roundMinMs) this.#roundMinMs = rttMs;
    if (++this.#samples < HYSTART_RTT_SAMPLES) return;
    if (this.#cssRounds >= 0) {
      // The delay was an accident: back to slow start.
      if (this.#roundMinMs < this.#cssBaselineMs) {
        this.#cssBaselineMs = Infinity;
        this.#cssRounds = -1;
      }
    } else if (this.#roundMinMs >= this.#lastRoundMinMs + hystartThreshold(this.#lastRoundMinMs)) {
      this.#cssBaselineMs = this.#roundMinMs;
      this.#cssRounds = 0;
    }
  }
}
