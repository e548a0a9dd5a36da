/** What a user may choose anew while the connection lasts, beyond a field of its options: Linux's TCP_CONGESTION, TCP_MAXSEG,
 * SO_RCVBUF.
 *
 * @module
 */
import type { CongestionControl, CongestionControlFactory } from "./congestion.ts";
import { updateSmss } from "./path_mtu.ts";
import { reassemblyBounds } from "./reassembly_memory.ts";
import type { Tcb } from "./tcb.ts";

/** Another congestion control from now on (TCP_CONGESTION). The window and the threshold stay as they are, as in Linux; what the
 * former one has learned otherwise is forgotten, and no reduction of its can be undone. While a recovery goes on that was the former
 * one's own affair, the new one is told of it. */
export function changeCongestionControl(tcb: Tcb, factory: CongestionControlFactory): void {
  const former = tcb.congestion;
  const next = factory(tcb.smss, tcb.layer.random);
  tcb.congestion = next;
  if (tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED") return;
  goOn(next, former);
  tcb.undo = undefined;
  if (next.ownsRecovery === true) tcb.prr = undefined;
  if (tcb.phase === "FAST" && (next.ownsRecovery === true || former.ownsRecovery === true)) {
    next.onEnterRecovery(former.cwnd, tcb.layer.clock.now(), tcb.hasSack);
  }
  tcb.layer.touch(tcb);
}

function goOn(next: CongestionControl, former: CongestionControl): void {
  if (next.takeOver !== undefined) return next.takeOver(former.cwnd, former.ssthresh);
  next.cwnd = former.cwnd;
  if (next.ownsRecovery !== true) next.ssthresh = former.ssthresh;
}

/** The user's limit of the segment size has changed (TCP_MAXSEG): it counts for what we send, at once. What the peer sends follows
 * from the MSS option of our SYN. Deviation: in Linux a connection that is open keeps its size. */
export function changeMaxSegment(tcb: Tcb): void {
  if (tcb.state === "CLOSED" || tcb.smssPathMtu === 0) return;
  updateSmss(tcb);
  tcb.layer.touch(tcb);
}

/** The size of the receive buffer has changed (SO_RCVBUF): it is the new one at once, and tunes itself no more. The window that the
 * peer was told of shrinks with what arrives only (RFC 9293 §3.8.6, SHLD-14), and grows as far as the scale of the SYN can tell. */
export function changeReceiveBuffer(tcb: Tcb, bytes: number): void {
  tcb.receiveBufferBytes = bytes;
  if (tcb.reassembly !== undefined) {
    const { maxBytes, maxNodes } = reassemblyBounds(tcb.layer.config, tcb.config);
    tcb.reassembly.maxBytes = maxBytes;
    tcb.reassembly.maxNodes = maxNodes;
  }
  if (tcb.state !== "CLOSED") tcb.layer.touch(tcb);
}
