/** Data plane. The acceptability test of RFC 9293 §3.10.7.4, first check:
 *
 * ```text
 *   SEG.LEN  RCV.WND   acceptable when
 *      0        0      SEG.SEQ = RCV.NXT
 *      0       >0      RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND
 *     >0        0      never
 *     >0       >0      RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND
 *                      or RCV.NXT =< SEG.SEQ+SEG.LEN-1 < RCV.NXT+RCV.WND
 * ```
 *
 * Deviation: a segment that begins before RCV.NXT and ends behind the window holds everything in the window; the
 * table's two conditions miss it, and it is accepted here.
 *
 * @module
 */
import { seqGeq, seqLt } from "./seq.ts";

/** Whether a segment of `len` octets from `seq` is acceptable. */
export function isAcceptable(seq: number, len: number, rcvNxt: number, rcvWnd: number): boolean {
  if (len === 0) {
    if (rcvWnd === 0) return seq === rcvNxt;
    return ((seq - rcvNxt) >>> 0) < rcvWnd;
  }
  if (rcvWnd === 0) return false;
  // [seq, seq + len) and [rcvNxt, rcvNxt + rcvWnd) overlap.
  return seqLt(seq, rcvNxt + rcvWnd) && seqGeq(seq + len - 1, rcvNxt);
}

/** Whether SEG.ACK acknowledges something new: SND.UNA < SEG.ACK =< SND.NXT. */
export function isNewAck(ack: number, sndUna: number, sndNxt: number): boolean {
  return ((ack - sndUna - 1) >>> 0) < ((sndNxt - sndUna) >>> 0);
}

/** Whether SEG.ACK is one a peer could send: SND.UNA − MAX.SND.WND =< SEG.ACK =< SND.NXT (RFC 5961 §5.2).
 *
 * @param maxSndWnd the largest window the peer has ever advertised.
 */
export function isPlausibleAck(ack: number, sndUna: number, sndNxt: number, maxSndWnd: number): boolean {
  return ((ack - sndUna) | 0) >= -maxSndWnd && ((ack - sndNxt) | 0) <= 0;
}
