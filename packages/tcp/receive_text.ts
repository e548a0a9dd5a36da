/** Data plane. Text and FIN of an acceptable segment: the seventh and the eighth step of RFC 9293 §3.10.7.4.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { consumeAcross, shrink } from "@lightwire/pbuf";
import { FIN, PSH } from "./control_bits.ts";
import { noteSegmentSize, noteTextArrived } from "./delayed_ack.ts";
import { noteFinReceived } from "./negotiation.ts";
import { measureReceiveRtt, tuningOf } from "./receive_window.ts";
import type { Segment } from "./segment.ts";
import { seqAdd, seqDiff } from "./seq.ts";
import { EVENT_READABLE, type Tcb } from "./tcb.ts";
import { transmitAck } from "./transmit.ts";

/** Takes the text of a segment over: what is in order goes to the user's queue, what is ahead to the reassembly
 * queue; what lies outside of the window is cut off. */
export function receiveText(tcb: Tcb, seg: Segment): void {
  // CE (RFC 3168 §5).
  if (seg.ecn === 3) tuningOf(tcb).marked++;
  trimToWindow(tcb, seg);
  const memory = tcb.layer.reassembly;
  if (memory.isTight && memory.mustDrop(tcb)) {
    dropText(tcb, seg);
    return;
  }
  const p = seg.pbuf!;
  const length = seg.textLength;
  const isFin = (seg.ctl & FIN) !== 0;
  if (seg.seq === tcb.rcvNxt && (tcb.reassembly === undefined || tcb.reassembly.isEmpty)) {
    if (length === 0) return;
    seg.pbuf = undefined;
    const segmentLength = p.gsoSize > 0 ? p.gsoSize : length;
    noteSegmentSize(tcb, length, segmentLength, (seg.ctl & PSH) !== 0);
    deliver(tcb, p, length, segmentLength);
    return;
  }
  if (length === 0 && !isFin) return;
  const queue = memory.of(tcb);
  const heldBytes = queue.byteCount;
  seg.pbuf = undefined;
  queue.insert(seg.seq, p, length, isFin, seg.seq === tcb.rcvNxt);
  let inOrder = queue.popInOrder(tcb.rcvNxt);
  if (inOrder === undefined) {
    tcb.layer.counters.outOfOrder++;
    tuningOf(tcb).outOfOrder++;
    memory.changed(queue.byteCount - heldBytes);
    // Each one is a duplicate acknowledgment, which the sender counts (RFC 5681 §4.2).
    transmitAck(tcb);
    tcb.layer.touch(tcb);
    return;
  }
  while (inOrder !== undefined) {
    deliver(tcb, inOrder, inOrder.totalLength, 0);
    inOrder = queue.popInOrder(tcb.rcvNxt);
  }
  memory.changed(queue.byteCount - heldBytes);
  // It filled a gap: at once (RFC 5681 §4.2), as what follows: the peer may have begun with a small window.
  tcb.isAckNow = true;
  tcb.quickAcks = tcb.layer.config.quickAckCount;
  if (queue.isEmpty && !queue.hasBlocks) tcb.layer.reassembly.drop(tcb);
}

/** There is no memory for it: the peer will send it again. */
function dropText(tcb: Tcb, seg: Segment): void {
  if (seg.textLength === 0) return;
  tcb.layer.counters.memoryDrops++;
  seg.textLength = 0;
  seg.ctl &= ~FIN;
  tcb.isAckNow = true;
}

/** Cuts off what lies before RCV.NXT and what lies behind the window. A FIN may be the first octet behind it: it
 * takes no room. */
function trimToWindow(tcb: Tcb, seg: Segment): void {
  const before = seqDiff(tcb.rcvNxt, seg.seq);
  if (before > 0) {
    const count = before < seg.textLength ? before : seg.textLength;
    if (count > 0) {
      if (tcb.hasSack) tcb.layer.reassembly.of(tcb).noteDuplicate(seg.seq, seqAdd(seg.seq, count));
      // With nothing left but the FIN, the packet is not looked at any more.
      if (count < seg.textLength) seg.pbuf = consumeAcross(seg.pbuf!, count);
      seg.textLength -= count;
      tcb.isAckNow = true;
    }
    seg.seq = tcb.rcvNxt;
  }
  const right = seqAdd(tcb.rcvNxt, tcb.rcvWnd);
  const excess = seqDiff(seqAdd(seg.seq, seg.textLength), right);
  if (excess > 0) {
    seg.textLength -= excess;
    seg.ctl &= ~FIN;
    shrink(seg.pbuf!, seg.textLength);
    tcb.isAckNow = true;
  }
}

/** Text in order: RCV.NXT moves over it. Takes ownership of `p`. */
function deliver(tcb: Tcb, p: Pbuf, length: number, segmentLength: number): void {
  const nowMs = tcb.layer.clock.now();
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, length);
  tcb.rcvWnd = tcb.rcvWnd > length ? tcb.rcvWnd - length : 0;
  tcb.bytesReceived += length;
  noteTextArrived(tcb, length, nowMs);
  measureReceiveRtt(tcb, nowMs);
  tcb.tuning!.segments += segmentLength > 0 && segmentLength < length ? Math.ceil(length / segmentLength) : 1;
  if (tcb.isReceiveShut) {
    p.release();
    return;
  }
  tcb.unreadBytes += length;
  const memory = tcb.layer.reassembly;
  memory.unreadBytes += length;
  if (memory.isTight) memory.prune();
  tcb.receiveQueue.push(p);
  tcb.events |= EVENT_READABLE;
}

/** Whether the FIN is in order now; if so, RCV.NXT moves over it and the user is told. */
export function receiveFin(tcb: Tcb, seg: Segment): boolean {
  const reassembly = tcb.reassembly;
  const isHere = (seg.ctl & FIN) !== 0 && seqAdd(seg.seq, seg.textLength) === tcb.rcvNxt;
  if (!isHere && (reassembly === undefined || !reassembly.isFinAt(tcb.rcvNxt))) return false;
  // It takes no room in the buffer: the window stays as large as it is, and so its right edge moves along, as on Linux.
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, 1);
  tcb.layer.reassembly.drop(tcb);
  noteFinReceived(tcb);
  return true;
}
