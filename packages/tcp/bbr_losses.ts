/** Data plane. {@linkcode BbrLosses}: whether a path loses more than noise explains (draft-ietf-ccwg-bbr-06 §5.5.10).
 *
 * BBR bears LossThresh, 2 % of a round trip's octets. The draft compares each round trip by itself, and where that is fewer than fifty
 * segments a single loss is more than 2 %: one per cent of noise would be taken for congestion in every third round of a window of
 * forty. Where the path holds a queue that is right, since a queue overflows at the next opportunity, and the bound that follows from
 * it, what was in flight, is above the bandwidth-delay product.
 *
 * Deviation: where it holds none, a sample of `n` segments must also have more losses than 1 % of noise, which BBR is made to bear
 * (§5.3.3.8.3), gives rise to in so few, by three standard deviations; and round trips of few segments are judged together, until
 * there are 400 of them, so that what loses steadily is found out whatever its window: 20 % after ten segments, 10 % after thirty,
 * 5 % after a hundred. In STARTUP it is the same for the round trip that ends it: six losses of two hundred segments are chance in one of
 * sixty, and a path of 100 Mbit/s and 300 ms was left at a sixth of its rate, from which probes take minutes to come back.
 *
 * ```text
 *        segments     8   30   80  160  400  900  more
 *   losses borne      1    2    4    6   11   19  2 %, which is LossThresh alone
 * ```
 *
 * @module
 */
import { LOSS_THRESHOLD, STARTUP_LOSS_EVENTS } from "./bbr_parameters.ts";
import type { RateSample } from "./delivery_rate.ts";

/** Noise that is borne for certain. */
const NOISE = 0.01;
/** Standard deviations. */
const CONFIDENCE = 3;
/** Segments that are judged together at least. */
const LEAST_SEGMENTS = 400;

/** Segments out of `segments` that may be lost. */
export function lossesBorne(segments: number): number {
  const noise = NOISE * segments;
  return Math.max(LOSS_THRESHOLD * segments, noise + CONFIDENCE * Math.sqrt(noise) + 1);
}

/** Losses of one connection. */
export class BbrLosses {
  /** Octets delivered and lost since counting began. */
  #bytes: number;
  /** Of those, lost. */
  #lost: number;
  /** Acknowledgments of this round trip that told of a loss. */
  #events: number;
  #roundBytes: number;
  #roundLost: number;
  /** The last acknowledgment was the end of a round trip which lost much, in many places. */
  isLastRoundLossy: boolean;

  /** Nothing lost. */
  constructor() {
    this.#bytes = 0;
    this.#lost = 0;
    this.#events = 0;
    this.#roundBytes = 0;
    this.#roundLost = 0;
    this.isLastRoundLossy = false;
  }

  /** Begins to count anew. */
  restart(): void {
    this.#bytes = 0;
    this.#lost = 0;
  }

  /** Takes an acknowledgment in.
   *
   * @param isRoundStart a round trip is over.
   * @param isQueued the path holds a queue: losses are what it does not hold, and no noise.
   * @returns whether too much is lost: once, then counting begins anew.
   */
  note(sample: RateSample, isRoundStart: boolean, isQueued: boolean, smss: number): boolean {
    const { newlyLostBytes } = sample;
    const bytes = sample.newlyDeliveredBytes + newlyLostBytes;
    this.isLastRoundLossy = false;
    if (isRoundStart) this.#endRound(isQueued, smss);
    if (newlyLostBytes > 0) this.#events++;
    this.#roundBytes += bytes;
    this.#roundLost += newlyLostBytes;
    this.#bytes += bytes;
    this.#lost += newlyLostBytes;
    if (newlyLostBytes === 0) return false;
    // A burst of losses is held against all that it was a part of.
    const flight = sample.lostTxInFlight;
    if (isQueued) return this.#roundLost > LOSS_THRESHOLD * Math.max(this.#roundBytes, flight);
    if (this.#lost <= lossesBorne(Math.max(this.#bytes, flight) / smss) * smss) return false;
    this.restart();
    return true;
  }

  /** §5.3.1.3: the loss rate of a full round trip, and the number of its gaps. */
  #endRound(isQueued: boolean, smss: number): void {
    const segments = this.#roundBytes / smss;
    const borne = isQueued ? LOSS_THRESHOLD * segments : lossesBorne(segments);
    this.isLastRoundLossy = this.#events >= STARTUP_LOSS_EVENTS && this.#roundLost > borne * smss;
    this.#events = 0;
    this.#roundBytes = 0;
    this.#roundLost = 0;
    if (this.#bytes >= LEAST_SEGMENTS * smss) this.restart();
  }
}
