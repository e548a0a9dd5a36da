/** What a user may ask for: OPEN, SEND, RECEIVE, CLOSE, ABORT (RFC 9293 §3.10.1–3.10.5). STATUS is `tcp_info.ts`.
 *
 * Each call changes the TCB and puts the connection on the layer's list; segments and callbacks follow when the
 * layer is flushed, never within the call.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { Cork } from "./cork.ts";
import { isWindowUpdateDue, tuneReceiveBuffer, wholeSegments } from "./receive_window.ts";
import { sendSpace } from "./send_space.ts";
import { seqAdd, seqLeq } from "./seq.ts";
import { canSend } from "./state.ts";
import { setState, type Tcb, textEnd } from "./tcb.ts";
import type { TcpConfig, TcpConnectionConfig } from "./tcp_config.ts";
import { connectionError, deleteTcb, discardUnread, resetConnection } from "./teardown.ts";
import { startClose } from "./timer_set.ts";
import { announcedMss } from "./transmit.ts";

/** OPEN, active: SYN-SENT. Addresses, ports and route are in the TCB; the SYN goes out with the next flush. */
export function openActive(tcb: Tcb): void {
  chooseIss(tcb);
  chooseWindow(tcb, false);
  setState(tcb, "SYN-SENT");
  tcb.layer.counters.activeOpens++;
  tcb.layer.touch(tcb);
}

/** ISS, and all that starts from it (RFC 9293 §3.4.1, RFC 6528).
 *
 * @param given the ISS if that is not to be drawn.
 */
export function chooseIss(tcb: Tcb, given: number | undefined = undefined): void {
  const { layer, localAddress, localPort, remoteAddress, remotePort } = tcb;
  const iss = given ?? layer.hooks.tcpIsn?.(localAddress, localPort, remoteAddress, remotePort) ??
    layer.isns.isn(localAddress, localPort, remoteAddress, remotePort, layer.clock.now());
  tcb.tsOffset = layer.isns.timestampOffset(localAddress, localPort, remoteAddress, remotePort);
  tcb.iss = iss >>> 0;
  tcb.sndUna = tcb.iss;
  tcb.sndNxt = tcb.iss;
  tcb.sndUp = tcb.iss;
  tcb.sndSml = tcb.iss;
  tcb.recover = tcb.iss;
  tcb.sndHead = seqAdd(tcb.iss, 1);
}

/** The first receive window, and the scale which lets it grow to the whole buffer (RFC 7323 §2.3).
 *
 * @param hasTimestamps segments will carry timestamps, as far as that is known.
 */
export function chooseWindow(tcb: Tcb, hasTimestamps: boolean): void {
  const mss = announcedMss(tcb.tx, tcb.remoteAddress, tcb.config);
  // A buffer that may still grow begins with what the SYN announces; of one that may not the SYN announces less.
  if (tcb.receiveBufferBytes < tcb.config.receiveBufferBytes) {
    tcb.receiveBufferBytes = Math.min(wholeSegments(tcb.receiveBufferBytes, mss, hasTimestamps), 65535);
  }
  tcb.rcvWnd = tcb.receiveBufferBytes < 65535 ? tcb.receiveBufferBytes : 65535;
  tcb.rcvWindShift = offeredShift(tcb.config, tcb.layer.config);
  tcb.rcvMss = Math.min(tcb.rcvMss, mss);
}

/** The shift that a SYN announces: large enough for the whole receive buffer. */
export function offeredShift(config: TcpConnectionConfig, limits: TcpConfig): number {
  if (config.receiveBufferBytes <= 65535) return 0;
  let shift = limits.windowShift;
  while (shift < 14 && config.receiveBufferBytes > 65535 << shift) shift++;
  return shift;
}

/** SEND: copies as much of `length` octets at `offset` of `data` as there is room for.
 *
 * @param isUrgent the octets are urgent (RFC 9293 §3.8.5).
 * @param hasMore more follows soon: a segment that is not full waits for it.
 * @returns how many were taken.
 * @throws {NetError} NOT_CONNECTED, BROKEN_PIPE after CLOSE, or what ended the connection.
 */
export function send(
  tcb: Tcb,
  data: Uint8Array,
  offset: number,
  length: number,
  isUrgent: boolean,
  hasMore: boolean,
): number {
  assertCanSend(tcb);
  const space = sendSpace(tcb);
  return sendTaken(
    tcb,
    tcb.sendBuffer.write(data, offset, length < space ? length : space),
    isUrgent,
    hasMore,
  );
}

/** SEND without copying: the octets must not change until they are acknowledged.
 *
 * @returns how many were taken.
 * @throws {NetError} as {@linkcode send}.
 */
export function sendReference(
  tcb: Tcb,
  data: Uint8Array,
  offset: number,
  length: number,
  hasMore: boolean,
): number {
  assertCanSend(tcb);
  const space = sendSpace(tcb);
  return sendTaken(
    tcb,
    tcb.sendBuffer.reference(data, offset, length < space ? length : space),
    false,
    hasMore,
  );
}

function assertCanSend(tcb: Tcb): void {
  if (tcb.isFinQueued) throw connectionError(tcb, "BROKEN_PIPE");
  if (canSend(tcb.state)) return;
  if (tcb.error !== undefined) throw tcb.error;
  throw connectionError(tcb, tcb.state === "CLOSED" && !tcb.isEnded ? "NOT_CONNECTED" : "BROKEN_PIPE");
}

function sendTaken(tcb: Tcb, taken: number, isUrgent: boolean, hasMore: boolean): number {
  const cork = hasMore ? corkOf(tcb) : tcb.cork;
  if (cork !== undefined) {
    cork.hasMore = hasMore;
    cork.isReleased = false;
  }
  if (taken > 0) {
    if (isUrgent) tcb.sndUp = textEnd(tcb);
    tcb.layer.touch(tcb);
  }
  return taken;
}

/** Sets the cork, or pulls it: what it held back goes out. */
export function setCork(tcb: Tcb, isSet: boolean): void {
  if (!isSet && tcb.cork === undefined) return;
  const cork = corkOf(tcb);
  cork.isSet = isSet;
  if (!isSet) {
    cork.hasMore = false;
    cork.sent();
    tcb.layer.touch(tcb);
  }
}

/** What was written so far is a record (MSG_EOR). */
export function endRecord(tcb: Tcb): void {
  assertCanSend(tcb);
  corkOf(tcb).endRecord(textEnd(tcb));
}

/** TCP_NODELAY is set, perhaps anew: what waits for a cork goes out, the cork stays for what comes. */
export function pushNow(tcb: Tcb): void {
  if (tcb.cork !== undefined) tcb.cork.isReleased = true;
  tcb.layer.touch(tcb);
}

function corkOf(tcb: Tcb): Cork {
  return tcb.cork ??= new Cork(tcb);
}

/** RECEIVE: copies what has come in order to the start of `into`.
 *
 * @returns how many octets, 0 when there is nothing now.
 */
export function receive(tcb: Tcb, into: Uint8Array): number {
  const count = tcb.receiveQueue.read(into);
  if (count > 0) received(tcb, count);
  return count;
}

/** RECEIVE without copying: hands the oldest packet over, which the caller owns. Its octets count against
 * the window until {@linkcode received} is told. */
export function receivePbuf(tcb: Tcb): Pbuf | undefined {
  return tcb.receiveQueue.takePbuf();
}

/** The user is done with `count` octets: the window may open.
 *
 * @throws {RangeError} if `count` exceeds what was handed over.
 */
export function received(tcb: Tcb, count: number): void {
  if (!(count >= 0) || count > tcb.unreadBytes) {
    throw new RangeError(`Cannot give back ${count} octets: the user holds ${tcb.unreadBytes}`);
  }
  tcb.unreadBytes -= count;
  tcb.layer.reassembly.unreadBytes -= count;
  if (tcb.isUrgent && seqLeq(tcb.rcvUp, seqAdd(tcb.rcvNxt, -tcb.receiveQueue.byteCount))) {
    tcb.isUrgent = false;
  }
  tuneReceiveBuffer(tcb, count, tcb.layer.clock.now());
  if (tcb.state !== "CLOSED" && (tcb.ackPendingBytes > 0 || isWindowUpdateDue(tcb))) tcb.layer.touch(tcb);
}

/** CLOSE of our direction only: a FIN follows what was handed over; the peer may go on sending. */
export function shutdownSend(tcb: Tcb): void {
  switch (tcb.state) {
    case "SYN-SENT":
      deleteTcb(tcb, undefined);
      return;
    case "SYN-RECEIVED":
      // The FIN waits for ESTABLISHED, whose entry looks at this. Deviation: RFC 9293 §3.10.4 sends it at once when there is no text; a
      // round trip later it cannot overtake the SYN-ACK, which would have to be sent again before it.
      tcb.isFinQueued = true;
      return;
    case "ESTABLISHED":
      tcb.isFinQueued = true;
      setState(tcb, "FIN-WAIT-1");
      tcb.layer.touch(tcb);
      return;
    case "CLOSE-WAIT":
      tcb.isFinQueued = true;
      setState(tcb, "LAST-ACK");
      tcb.layer.touch(tcb);
      return;
    default:
      return;
  }
}

/** The user does not want to receive: what waits is dropped, what comes is acknowledged and dropped. */
export function shutdownReceive(tcb: Tcb): void {
  tcb.isReceiveShut = true;
  const count = tcb.receiveQueue.byteCount;
  tcb.receiveQueue.clear();
  if (count > 0) received(tcb, count);
}

/** CLOSE of both directions. With unread text the peer must learn that it was lost: a reset (RFC 9293 §3.6.1,
 * RFC 2525 §2.17). */
export function close(tcb: Tcb): void {
  if (tcb.isOrphan) return;
  tcb.isOrphan = true;
  const hasUnread = tcb.receiveQueue.byteCount > 0;
  discardUnread(tcb);
  if (tcb.state === "CLOSED" || tcb.state === "TIME-WAIT") return;
  if ((hasUnread && !tcb.isReceiveShut) || tcb.config.lingerMs === 0) {
    resetConnection(tcb, hasUnread ? undefined : "CONNECTION_ABORTED");
    return;
  }
  shutdownSend(tcb);
  limitOrphan(tcb);
  if (!tcb.isEnded) tcb.layer.limits.noteOrphan(tcb);
}

/** A connection that nobody holds must not live for ever. */
export function limitOrphan(tcb: Tcb): void {
  if (!tcb.isOrphan) return;
  if (tcb.state === "FIN-WAIT-2") startClose(tcb, tcb.layer.config.finWait2Ms);
  else if (tcb.config.lingerMs > 0 && tcb.state !== "TIME-WAIT" && tcb.state !== "CLOSED") {
    startClose(tcb, tcb.config.lingerMs);
  }
}

/** ABORT: a reset to the peer, all text is dropped. */
export function abort(tcb: Tcb): void {
  tcb.isOrphan = true;
  discardUnread(tcb);
  if (tcb.state === "TIME-WAIT") deleteTcb(tcb, undefined);
  else resetConnection(tcb, "CONNECTION_ABORTED");
}
