/** How much the user may hand over: the send buffer grows with the congestion window, and text that waits for its first
 * transmission can be bounded.
 *
 * @module
 */
import { LEAST_SHARE_BYTES } from "./reassembly_memory.ts";
import { seqDiff } from "./seq.ts";
import { type Tcb, textEnd } from "./tcb.ts";

/** Octets that were never sent. */
export function unsentBytes(tcb: Tcb): number {
  const unsent = seqDiff(textEnd(tcb), tcb.sndNxt);
  const { length } = tcb.sendBuffer;
  return unsent <= 0 ? 0 : unsent < length ? unsent : length;
}

/** Octets that SEND would take. The buffer has room for two congestion windows: one in flight, and one to follow while the
 * first is being acknowledged; so a connection on a short path, or with a slow user, holds little memory, and one on a long fat path
 * is never short of text. It does not shrink again. While all connections together hold too much, each has a small share. */
export function sendSpace(tcb: Tcb): number {
  const { sendBuffer, config } = tcb;
  const most = config.sendBufferBytes;
  if (sendBuffer.maxBytes < most) {
    const wanted = 2 * tcb.congestion.cwnd;
    if (wanted > sendBuffer.maxBytes) sendBuffer.maxBytes = wanted < most ? wanted : most;
  }
  let { space } = sendBuffer;
  if (tcb.layer.rings.lentBytes > tcb.layer.config.maxSendBytes) {
    // Less than that is outstanding, or an acknowledgment will come, or never one from who keeps his window shut.
    const share = LEAST_SHARE_BYTES - sendBuffer.length;
    if (share < space) space = share > 0 ? share : 0;
  }
  const lowWater = config.notSentLowWaterBytes;
  if (lowWater === 0) return space;
  const room = lowWater - unsentBytes(tcb);
  return room <= 0 ? 0 : room < space ? room : space;
}

/** Whether the user should be told that he may go on: there is room, and with TCP_NOTSENT_LOWAT at least half of it, so that he is
 * not woken for each segment. */
export function isWritable(tcb: Tcb): boolean {
  const lowWater = tcb.config.notSentLowWaterBytes;
  return lowWater === 0 || 2 * unsentBytes(tcb) < lowWater + 1;
}

/** Whether something waits for its first transmission: text or a FIN. */
export function hasUnsent(tcb: Tcb): boolean {
  const unsent = seqDiff(textEnd(tcb), tcb.sndNxt);
  return unsent > 0 || (unsent === 0 && tcb.isFinQueued && !tcb.isFinSent);
}
