/** Data plane. Tail loss probes (RFC 8985 §7): the end of a flight, when nothing comes after it that would show a loss. A probe, the
 * next segment or the last one again, draws an acknowledgment from which RACK finds out; without it only the retransmission
 * timeout would help, which is longer and closes the window.
 *
 * @module
 */
import type { AckSummary } from "./ack_summary.ts";
import { flightToReduce } from "./flight.ts";
import { noteReduction } from "./ecn.ts";
import { sendProbeText } from "./output.ts";
import { segmentBytes } from "./path_mtu.ts";
import { PIECE_SACKED } from "./piece_store.ts";
import { retransmitPiece } from "./recovery.ts";
import { hasUnsent } from "./send_space.ts";
import type { Segment } from "./segment.ts";
import { seqDiff, seqGeq, seqGt } from "./seq.ts";
import type { SentSegments } from "./sent_segments.ts";
import type { Tcb } from "./tcb.ts";
import { startRetransmission } from "./timer_set.ts";
import { prepareRoute } from "./transmit.ts";

/** TLP_send_probe() (RFC 8985 §7.3): new text if there is some, else the last segment again; then the retransmission timer. */
export function probeExpires(tcb: Tcb): void {
  const { sent, layer } = tcb;
  if (sent !== undefined && sent.count > 0) {
    const isNew = hasUnsent(tcb) && sendProbeText(tcb);
    if (isNew || repeatLast(tcb, sent)) {
      sent.hasProbe = true;
      sent.isProbeRepeat = !isNew;
      sent.probeEnd = tcb.sndNxt;
      layer.counters.tailLossProbes++;
    }
  }
  startRetransmission(tcb);
}

function repeatLast(tcb: Tcb, sent: SentSegments): boolean {
  if (!prepareRoute(tcb)) return false;
  const mss = segmentBytes(tcb, 0);
  const i = sent.cutTail(mss);
  // A receiver that has the end of the flight has told so meanwhile: RACK sees to the rest.
  if (i < 0 || (sent.flagsAt(i) & PIECE_SACKED) !== 0) return false;
  const octets = seqDiff(sent.endAt(i), sent.startAt(i));
  return retransmitPiece(tcb, i, octets < mss ? octets : mss, mss);
}

/** TLP_process_ack() (RFC 8985 §7.4.2): whether the probe was for nothing, or repaired a loss which the congestion control has
 * to hear of.
 *
 * @param flight FlightSize before this acknowledgment.
 */
export function probeAcknowledged(
  tcb: Tcb,
  sent: SentSegments,
  seg: Segment,
  summary: AckSummary,
  flight: number,
): void {
  if (!seqGeq(seg.ack, sent.probeEnd)) return;
  if (!sent.isProbeRepeat) {
    sent.hasProbe = false;
    return;
  }
  if (summary.hasDsack && summary.dsackRight === sent.probeEnd) {
    // It came twice: nothing was lost.
    sent.hasProbe = false;
  } else if (seqGt(seg.ack, sent.probeEnd)) {
    sent.hasProbe = false;
    repaired(tcb, flight);
  } else if (seg.sackCount === 0 && summary.deliveredBytes === 0 && seg.textLength === 0) {
    // A second acknowledgment of the same octet, by a receiver without D-SACK.
    sent.hasProbe = false;
  }
}

/** A loss was repaired that nobody else has noticed: the window shrinks as if recovery had taken place. */
function repaired(tcb: Tcb, flight: number): void {
  const { layer, congestion } = tcb;
  layer.counters.tailLossRepairs++;
  if (tcb.phase !== "NONE") return;
  const nowMs = layer.clock.now();
  congestion.onEnterRecovery(flightToReduce(tcb, flight), nowMs, true);
  congestion.onExitRecovery(flight, nowMs, true);
  noteReduction(tcb);
  tcb.undo = undefined;
}
