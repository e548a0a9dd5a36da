/** Data plane. Explicit Congestion Notification (RFC 3168 §6.1): routers mark packets instead of dropping them, the receiver echoes the
 * mark, the sender answers it as it answers a loss, without one.
 *
 * ```text
 *   sender                    router                     receiver
 *     | ── text, ECT(0) ──────▶ CE ── text, CE ─────────────▶ |
 *     | ◀──────────────────────────────────────── ACK, ECE ── |   on each acknowledgment, until
 *     | ── text, CWR ───────────────────────────────────────▶ |   the window was reduced
 * ```
 *
 * Passive by default, as Linux: it is used when the peer asks for it. RFC 8311 lets other answers to a mark be tried: the
 * congestion control decides (`onEcnEcho`), less than a loss with ABE (RFC 8511), which is an option. Another one is ECN+ (RFC 5562):
 * SYN-ACKs that routers may mark instead of dropping them.
 *
 * @module
 */
import { CWR, ECE, SYN } from "./control_bits.ts";
import { holdPacing } from "./pacer.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqGt } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

/** `ecn` bit: our SYN asked for it. */
export const ECN_REQUESTED = 0x01;
/** `ecn` bit: both sides use it. */
export const ECN_ACTIVE = 0x02;
/** `ecn` bit: acknowledgments carry ECE. */
export const ECN_ECHO = 0x04;
/** `ecn` bit: the next new text carries CWR. */
export const ECN_CWR_DUE = 0x08;

/** ECN field of the IP header: congestion experienced. */
const CE = 3;
/** ECN-capable transport, the codepoint in use. */
const ECT_0 = 2;

/** Control bits of our SYN or SYN-ACK (RFC 3168 §6.1.1). A SYN that has to be repeated does not ask again: something on the path
 * may drop such packets. */
export function ecnSynBits(tcb: Tcb, isReply: boolean): number {
  if (isReply) {
    // ECN+ (RFC 5562 §3.2): the first one may be marked, one that has to be repeated may not.
    const isCapable = (tcb.ecn & ECN_ACTIVE) !== 0 && tcb.layer.config.ecnPlus &&
      tcb.retransmittedSegments === 0 && tcb.retransmitCount === 0;
    tcb.tx.tos = (tcb.config.tos & ~3) | (isCapable ? ECT_0 : 0);
    return (tcb.ecn & ECN_ACTIVE) !== 0 ? ECE : 0;
  }
  if (tcb.layer.config.ecn !== "on" || tcb.retransmitCount > 0) {
    tcb.ecn = 0;
    return 0;
  }
  tcb.ecn = ECN_REQUESTED;
  return ECE | CWR;
}

/** What the peer's SYN, or SYN-ACK, means (RFC 3168 §6.1.1). */
export function negotiateEcn(tcb: Tcb, seg: Segment): void {
  const bits = seg.ctl & (ECE | CWR);
  const isAgreed = (tcb.ecn & ECN_REQUESTED) !== 0
    ? bits === ECE
    : bits === (ECE | CWR) && tcb.isPassive && tcb.layer.config.ecn !== "off";
  tcb.ecn = isAgreed ? ECN_ACTIVE : 0;
  if (!isAgreed) return;
  tcb.ecnEnd = tcb.iss;
  // A SYN-ACK with a mark: the peer uses ECN+, and has to hear of it (RFC 5562 §3.2).
  if (seg.ecn === CE && !tcb.isPassive) {
    tcb.layer.counters.ceReceived++;
    tcb.ecn |= ECN_ECHO;
  }
}

/** The peer has acknowledged our SYN-ACK: if that had been marked, the first window is a single segment (RFC 5562 §3.2).
 *
 * Deviation: RFC 5562 has another SYN-ACK sent, without ECT, and the connection wait for its acknowledgment. It would add a round
 * trip to what a single lost SYN-ACK costs nothing either (RFC 6928 §2), and proves no more than the acknowledgment that is here.
 */
export function receiveSynEcho(tcb: Tcb, seg: Segment): void {
  if ((seg.ctl & (ECE | SYN)) !== ECE || (tcb.ecn & ECN_ACTIVE) === 0 || !tcb.layer.config.ecnPlus) return;
  tcb.layer.counters.ecnReductions++;
  tcb.ecn |= ECN_CWR_DUE;
  tcb.congestion.onSynLoss();
  // The echo goes on until CWR arrives: it is answered now.
  tcb.ecnEnd = tcb.sndNxt;
}

/** A segment with text has come: the mark of its packet, and the peer's word that it has reduced its window (RFC 3168 §6.1.3). */
export function receiveMark(tcb: Tcb, seg: Segment): void {
  if ((tcb.ecn & ECN_ACTIVE) === 0) return;
  if ((seg.ctl & CWR) !== 0) tcb.ecn &= ~ECN_ECHO;
  if (seg.ecn !== CE) return;
  tcb.layer.counters.ceReceived++;
  if ((tcb.ecn & ECN_ECHO) === 0) {
    tcb.ecn |= ECN_ECHO;
    // The sender is to hear of it soon.
    tcb.isAckNow = true;
  }
}

/** An acknowledgment has come: if it carries ECE, the window is reduced, once for what was in flight (RFC 3168 §6.1.2): the echo goes
 * on until the peer has CWR, which travels with the first new text, so what acknowledges no more than was in flight tells nothing new.
 * Where the window is a single segment already, the next one waits for as long as a retransmission would (RFC 9438 §4.6).
 *
 * @param flight what is to be reduced: FlightSize before it, within the window.
 */
export function receiveEcho(tcb: Tcb, seg: Segment, flight: number): void {
  if ((tcb.ecn & ECN_ACTIVE) === 0 || !seqGt(tcb.sndUna, tcb.ecnEnd)) return;
  // It goes along without marks, too: two gibibytes behind, it would seem to lie ahead.
  tcb.ecnEnd = seqAdd(tcb.sndUna, -1);
  if ((seg.ctl & (ECE | SYN)) !== ECE) return;
  tcb.ecnEnd = tcb.sndNxt;
  tcb.ecn |= ECN_CWR_DUE;
  // A recovery has reduced it already.
  if (tcb.phase !== "NONE") return;
  tcb.layer.counters.ecnReductions++;
  const nowMs = tcb.layer.clock.now();
  if (tcb.congestion.cwnd <= tcb.smss) holdPacing(tcb, nowMs + tcb.rto.rtoMs);
  tcb.congestion.onEcnEcho(flight, nowMs, tcb.layer.config.ecnAlternativeBackoff);
  // What a D-SACK says of an earlier recovery does not take this back.
  tcb.undo = undefined;
}

/** Whether an acknowledgment tells of a mark: it does not make the window larger, even where its mark is answered already (RFC 3168 §6.1.2). */
export function echoesMark(tcb: Tcb, seg: Segment): boolean {
  return (seg.ctl & ECE) !== 0 && (tcb.ecn & ECN_ACTIVE) !== 0;
}

/** The window was reduced because of a loss: the peer may stop echoing marks of the same time. */
export function noteReduction(tcb: Tcb): void {
  if ((tcb.ecn & ECN_ACTIVE) === 0) return;
  tcb.ecn |= ECN_CWR_DUE;
  tcb.ecnEnd = tcb.sndNxt;
}

/** Sets the ECN field of the packet sent next, and gives the control bits of its segment. Only new text is ECN-capable: not
 * retransmissions, not acknowledgments, not probes of a closed window (RFC 3168 §6.1.4 to §6.1.6).
 *
 * @param isNewText it has text that was never sent before.
 */
export function ecnBits(tcb: Tcb, isNewText: boolean): number {
  const { ecn } = tcb;
  if ((ecn & ECN_ACTIVE) === 0) return 0;
  const isCapable = isNewText && tcb.sndWnd > 0;
  tcb.tx.tos = isCapable ? (tcb.config.tos & ~3) | ECT_0 : tcb.config.tos & ~3;
  let bits = (ecn & ECN_ECHO) !== 0 ? ECE : 0;
  if (isCapable && (ecn & ECN_CWR_DUE) !== 0) {
    bits |= CWR;
    tcb.ecn = ecn & ~ECN_CWR_DUE;
  }
  return bits;
}
