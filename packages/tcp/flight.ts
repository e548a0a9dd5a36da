/** Data plane. What is in flight, as each of those who ask means it: Pipe, what the window has room for, what an acknowledgment is the first
 * to tell of, what a congestion event reduces.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { seqDiff } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

/** Octets thought to be in the network: FlightSize without SACK, Pipe with it, and after a timeout (RFC 6675 §4). */
export function pipe(tcb: Tcb): number {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  const { sent } = tcb;
  return sent === undefined || (!tcb.hasSack && tcb.phase !== "TIMEOUT") ? flight : sent.pipe(flight);
}

/** Octets outstanding that were neither acknowledged nor SACKed. */
export function undelivered(tcb: Tcb): number {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  return tcb.sent === undefined || !tcb.hasSack ? flight : flight - tcb.sent.sackedBytes;
}

/** Octets that the congestion window has room for. The first two duplicate acknowledgments let a segment of new
 * text out each (RFC 3042); with SACK, Pipe says so by itself. */
export function congestionRoom(tcb: Tcb): number {
  let room = tcb.congestion.cwnd - pipe(tcb);
  // Text that goes before our SYN-ACK is acknowledged (RFC 7413): the SYN's sequence number is no octet.
  if (tcb.state === "SYN-RECEIVED") room++;
  if (tcb.dupAcks > 0 && tcb.phase === "NONE" && !tcb.hasSack) {
    return room + (tcb.dupAcks < 2 ? 1 : 2) * tcb.smss;
  }
  return room;
}

/** Octets by which the window may grow: those that this acknowledgment is the first to tell of. What was SACKed before, or caused a duplicate
 * acknowledgment, has left the network and was made up for already (RFC 3042, RFC 6675 §5); Linux counts so, too. */
export function newlyDelivered(tcb: Tcb, acked: number, summary: AckSummary): number {
  if (tcb.hasSack) return tcb.sent === undefined ? acked : summary.deliveredBytes;
  if (tcb.dupAcks === 0) return acked;
  const told = tcb.dupAcks * tcb.smss;
  const least = acked < tcb.smss ? acked : tcb.smss;
  return acked - told > least ? acked - told : least;
}

/** FlightSize when the sender last had its say: other acknowledgments of the same batch do not make the window less used. */
export function flightUsed(tcb: Tcb, flight: number): number {
  const { delivery } = tcb;
  return delivery !== undefined && delivery.flightSent > flight ? delivery.flightSent : flight;
}

/** What a congestion event reduces: FlightSize (RFC 5681 §3.1, equation 4, RFC 9438 §4.6) before its batch, so that a window which was not
 * used is no basis; but without what limited transmit, or a tail loss probe, has sent beyond the window (RFC 5681 §3.2, step 2).
 * With it, two segments for the first duplicates, β would leave a fifth too much of a window of ten.
 *
 * @param flight FlightSize before the acknowledgment.
 */
export function flightToReduce(tcb: Tcb, flight: number): number {
  const used = flightUsed(tcb, flight);
  const { cwnd } = tcb.congestion;
  return used < cwnd ? used : cwnd;
}

/** The loss window: one segment (RFC 5681 §3.1), beyond what is still on its way. Deviation: the RFC takes all that is outstanding for
 * lost, and does not count it any more. RACK knows what was sent too lately for that (RFC 8985 §6.3), Pipe counts it, and without room
 * for it nothing would leave, not even what RACK finds lost later, until it has all arrived. Linux does so; here `ssthresh` bounds it. */
export function lossWindow(tcb: Tcb): number {
  const window = pipe(tcb) + tcb.smss;
  const { ssthresh } = tcb.congestion;
  return window < ssthresh ? window : ssthresh;
}
