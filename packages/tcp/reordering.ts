/** Data plane. {@linkcode Reordering}: what a path has shown of its reordering, for RACK (RFC 8985 §6.2). Most paths never show
 * any.
 *
 * @module
 */
/** Recoveries without a D-SACK until the reordering window shrinks to its default again (RFC 8985 §6.2, step 4). */
const REO_WND_PERSIST = 16;
/** Most quarters of a round trip. The smoothed round trip bounds it as well. */
const MAX_REO_WND_MULT = 64;

/** Segments by which one may be late before it seems lost (RFC 5681 §3.2, DupThresh). */
export const USUAL_DEGREE = 3;
/** Where counting ends, as on Linux. */
const MAX_DEGREE = 300;

/** Made with the first piece out of order, or the first D-SACK. */
export class Reordering {
  /** RACK.reordering_seen: a piece was delivered after one sent later, and was no retransmission. */
  isSeen: boolean;
  /** RACK.reo_wnd_mult: the reordering window in quarters of the shortest round trip. */
  quarters: number;
  /** Most segments by which one was seen to be late, 3 at least: what is usual counts as none (RFC 4653 §2). */
  degree: number;
  /** Acknowledgments that showed one. */
  timesSeen: number;
  /** RACK.reo_wnd_persist: recoveries until that is 1 again. */
  #persist: number;
  /** RACK.dsack_round: octets sent in all when a D-SACK was last counted; no sequence number, which would come round again. */
  #dsackRoundEnd: number;

  /** Nothing shown yet. */
  constructor() {
    this.isSeen = false;
    this.quarters = 1;
    this.degree = USUAL_DEGREE;
    this.timesSeen = 0;
    this.#persist = 0;
    this.#dsackRoundEnd = 0;
  }

  /** A segment was so many segments late. */
  noteDegree(segments: number): void {
    this.timesSeen++;
    if (segments > this.degree) this.degree = segments < MAX_DEGREE ? segments : MAX_DEGREE;
  }

  /** An acknowledgment brought a D-SACK: counted once a round trip, it makes the reordering window larger.
   *
   * @param sent octets sent in all.
   * @param flight of those, octets that are not acknowledged.
   */
  onDsack(sent: number, flight: number): void {
    if (sent - flight < this.#dsackRoundEnd) return;
    this.#dsackRoundEnd = sent;
    if (this.quarters < MAX_REO_WND_MULT) this.quarters++;
    this.#persist = REO_WND_PERSIST;
  }

  /** A recovery is over: after sixteen of them without a D-SACK the window has its default size again. */
  onRecoveryEnd(): void {
    if (this.#persist > 0 && --this.#persist === 0) this.quarters = 1;
  }
}
