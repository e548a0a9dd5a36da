/** Data plane. RCV.WND: what to announce (RFC 9293 §3.8.6), and how large the buffer behind it should be.
 *
 * The receiver's silly window syndrome is avoided as RFC 9293 §3.8.6.2.2 says: the right edge moves only by
 * a segment, or half the buffer. It never moves back, whatever the granularity of the scaled field.
 *
 * @module
 */
import { seqGeq } from "./seq.ts";
import { LEAST_SHARE_BYTES } from "./reassembly_memory.ts";
import { ReceiveTuning } from "./receive_tuning.ts";
import { canReceive } from "./state.ts";
import type { Tcb } from "./tcb.ts";
import { TIMESTAMPS_LENGTH } from "./tcp_options.ts";

/** Octets there is room for beyond what waits for the user; few while all connections together hold too much. */
export function freeSpace(tcb: Tcb): number {
  const limit = tcb.layer.reassembly.isTight && tcb.receiveBufferBytes > LEAST_SHARE_BYTES
    ? LEAST_SHARE_BYTES
    : tcb.receiveBufferBytes;
  const free = limit - tcb.unreadBytes;
  return free > 0 ? free : 0;
}

/** A buffer of whole segments as the peer will send them, so that no piece of one stays behind. It makes Linux's first windows: 64,240
 * and, for an answer with timestamps, 65,160. */
export function wholeSegments(bufferBytes: number, mss: number, hasTimestamps: boolean): number {
  const text = hasTimestamps && mss > TIMESTAMPS_LENGTH ? mss - TIMESTAMPS_LENGTH : mss;
  return bufferBytes > text ? bufferBytes - bufferBytes % text : bufferBytes;
}

/** The window field of the segment that is about to be sent; moves RCV.WND accordingly. Not for a SYN, whose
 * window is not scaled. */
export function selectWindow(tcb: Tcb): number {
  const shift = tcb.rcvWindShift;
  const free = freeSpace(tcb);
  if (free - tcb.rcvWnd >= leastUpdate(tcb)) {
    let wnd = (free >>> shift) << shift;
    if (wnd > 65535 << shift) wnd = 65535 << shift;
    if (wnd > tcb.rcvWnd) tcb.rcvWnd = wnd;
  }
  const floor = tcb.rcvWnd >>> shift;
  if (floor << shift === tcb.rcvWnd) return floor;
  // The field cannot tell RCV.WND exactly. Rounding down would take back what was promised (RFC 7323 §2.4); rounding
  // up is all right as long as octet after octet it does not pile up to more than a quarter of the buffer.
  const ceiling = floor + 1;
  const bound = tcb.receiveBufferBytes + (tcb.receiveBufferBytes >>> 2);
  if (ceiling > 65535 || tcb.unreadBytes + (ceiling << shift) > bound) return floor;
  tcb.rcvWnd = ceiling << shift;
  return ceiling;
}

/** Whether the user has read so much that the peer should know at once: the window would at least double. After the
 * peer's FIN there is nothing left to be sent into it. */
export function isWindowUpdateDue(tcb: Tcb): boolean {
  if (!canReceive(tcb.state)) return false;
  // What the field cannot tell is no news: the peer would be told the same again and again.
  const free = Math.min(freeSpace(tcb), 65535 << tcb.rcvWindShift);
  return free >= 2 * tcb.rcvWnd && free - tcb.rcvWnd >= leastUpdate(tcb);
}

/** min(Fr · RCV.BUFF, Eff.snd.MSS) with Fr = 1/2. */
function leastUpdate(tcb: Tcb): number {
  const half = tcb.receiveBufferBytes >>> 1;
  return half < tcb.smss ? half : tcb.smss;
}

/** What a connection with text has. */
export function tuningOf(tcb: Tcb): ReceiveTuning {
  return tcb.tuning ??= new ReceiveTuning();
}

/** Text arrived: measures the round trip as the receiver sees it, from one full window to the next. */
export function measureReceiveRtt(tcb: Tcb, nowMs: number): void {
  const tuning = tuningOf(tcb);
  if (tuning.rttAtMs >= 0) {
    if (!seqGeq(tcb.rcvNxt, tuning.rttSeq)) return;
    const rttMs = nowMs - tuning.rttAtMs;
    tuning.rttMs = tuning.rttMs === 0 || rttMs < tuning.rttMs
      ? rttMs
      : tuning.rttMs + (rttMs - tuning.rttMs) / 8;
  }
  tuning.rttSeq = (tcb.rcvNxt + tcb.rcvWnd) >>> 0;
  tuning.rttAtMs = nowMs;
}

/** The user took `count` octets: the buffer grows to four times what he takes in a round trip, so that
 * neither a fast reader on a long path is held up nor a slow one fills memory (dynamic right-sizing). */
export function tuneReceiveBuffer(tcb: Tcb, count: number, nowMs: number): void {
  const { tuning } = tcb;
  if (tuning === undefined) return;
  tuning.bytes += count;
  const limit = tcb.config.receiveBufferBytes;
  if (tcb.receiveBufferBytes >= limit) return;
  // What doubles each round trip needs room for the next two, and needs it before the round trip is over.
  const wanted = 4 * tuning.bytes;
  if (wanted > tcb.receiveBufferBytes) tcb.receiveBufferBytes = wanted < limit ? wanted : limit;
  if (tuning.atMs < 0) tuning.atMs = nowMs;
  const rttMs = tcb.rto.srttMs > tuning.rttMs ? tcb.rto.srttMs : tuning.rttMs;
  if (nowMs - tuning.atMs < rttMs) return;
  tuning.atMs = nowMs;
  tuning.bytes = 0;
}
