/** Data plane. {@linkcode Prr}: Proportional Rate Reduction (RFC 9937), how much recovery may send for each acknowledgment.
 *
 * Pipe alone lets nothing out until it has fallen to `ssthresh`, and then whatever makes it full again, at once. Here the
 * reduction is spread over the round trip: for each octet delivered, `ssthresh` ÷ RecoverFS octets go out.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { noteReduction } from "./ecn.ts";
import { flightToReduce, pipe } from "./flight.ts";
import { seqDiff } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

/** Recovery with SACK begins to reduce the window, unless the congestion control does so itself.
 *
 * @param recoverFs octets outstanding and not SACKed before the acknowledgment that began it.
 */
export function beginReduction(tcb: Tcb, recoverFs: number): void {
  if (tcb.congestion.ownsRecovery !== true) tcb.prr = new Prr(recoverFs, tcb.layer.clock.now());
}

/** An acknowledgment in recovery with SACK: the window falls to `ssthresh` step by step (RFC 9937 §6). */
export function reduceProportionally(tcb: Tcb, acked: number, summary: AckSummary): void {
  const { sent, congestion } = tcb;
  if (tcb.prr === undefined || sent === undefined) return;
  if (isStillCongested(tcb)) reduceAgain(tcb, summary);
  const isSafe = acked > 0 && summary.lostBytes === 0;
  congestion.cwnd = tcb.prr.onAck(summary.deliveredBytes, pipe(tcb), congestion.ssthresh, tcb.smss, isSafe);
}

/** The loss of a retransmission is a second indication of congestion (RFC 5681 §4.3). Deviation: only if it was sent a round trip after the
 * window had begun to shrink; before, it met the queue that the larger window had left. Linux hears none of it, and stays in a
 * recovery without an end where `ssthresh` is more than the path holds. */
function isStillCongested({ prr, sent, rto }: Tcb): boolean {
  return prr !== undefined && sent !== undefined && sent.repairLostMs > prr.sinceMs + rto.srttMs;
}

function reduceAgain(tcb: Tcb, summary: AckSummary): void {
  const nowMs = tcb.layer.clock.now();
  tcb.undo = undefined;
  noteReduction(tcb);
  tcb.congestion.onEnterRecovery(flightToReduce(tcb, seqDiff(tcb.sndNxt, tcb.sndUna)), nowMs, true);
  tcb.prr = new Prr(pipe(tcb) + summary.deliveredBytes, nowMs);
}

/** The state of one recovery. */
export class Prr {
  /** RecoverFS: what was in flight, and not yet SACKed, when recovery began. */
  #recoverFs: number;
  /** When the reduction began. */
  readonly sinceMs: number;
  /** prr_delivered. */
  #delivered: number;
  /** prr_out. */
  #out: number;

  /** Recovery begins (RFC 9937 §6).
   *
   * @param recoverFs octets outstanding and not SACKed before the acknowledgment that began it.
   * @param nowMs now.
   */
  constructor(recoverFs: number, nowMs: number) {
    this.sinceMs = nowMs;
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
