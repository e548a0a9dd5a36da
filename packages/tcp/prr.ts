/** Data plane. {@linkcode Prr}: Proportional Rate Reduction (RFC 9937), how much recovery may send for each acknowledgment.
 *
 * Pipe alone lets nothing out until it has fallen to `ssthresh`, and then whatever makes it full again, at once. Here the
 * reduction is spread over the round trip: for each octet delivered, `ssthresh` ÷ RecoverFS octets go out.
 *
 * @module
 */

/** The state of one recovery. */
export class Prr {
  /** RecoverFS: what was in flight, and not yet SACKed, when recovery began. */
  #recoverFs: number;
  /** prr_delivered. */
  #delivered: number;
  /** prr_out. */
  #out: number;

  /** Recovery begins (RFC 9937 §6).
   *
   * @param recoverFs octets outstanding and not SACKed before the acknowledgment that began it.
   */
  constructor(recoverFs: number) {
    this.#recoverFs = recoverFs > 0 ? recoverFs : 1;
    this.#delivered = 0;
    this.#out = 0;
  }

  /** Octets were sent, for the first time or again. */
  sent(octets: number): void {
    this.#out += octets;
  }

  /** The congestion window that an acknowledgment leaves (RFC 9937 §6).
   *
   * @param delivered DeliveredData: octets that it acknowledged or SACKed for the first time.
   * @param pipe octets thought to be in the network after it.
   * @param isSafe safeACK: SND.UNA moved, and no further loss was indicated. Only then the window grows towards
   * `ssthresh` faster than octets are delivered.
   * @returns at least a segment: with nothing in the network, and nothing let out, no acknowledgment would follow, and only
   * the retransmission timer go on. Deviation: RFC 9937 forces one segment on entering recovery only.
   */
  onAck(delivered: number, pipe: number, ssthresh: number, smss: number, isSafe: boolean): number {
    this.#delivered += delivered;
    if (pipe > ssthresh) {
      const share = Math.ceil(this.#delivered * ssthresh / this.#recoverFs) - this.#out;
      return Math.max(share > 0 ? pipe + share : pipe, smss);
    }
    const saved = this.#delivered - this.#out;
    let room = saved > delivered ? saved : delivered;
    if (isSafe) room += smss;
    return Math.max(pipe + room < ssthresh ? pipe + room : ssthresh, smss);
  }
}
