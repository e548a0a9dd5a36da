/** The ways a connection ends: TIME-WAIT, and the deletion of its TCB (RFC 9293 §3.6, §3.10.4–3.10.5).
 *
 * @module
 */
import { formatIpAddress } from "@lightwire/ip";
import { NetError, type NetErrorCode } from "@lightwire/netif";
import { EVENT_CLOSED, setState, type Tcb } from "./tcb.ts";
import { startClose, stopAllTimers } from "./timer_set.ts";
import { transmitReset } from "./transmit.ts";

/** How each code reads in a sentence. */
const REASONS: Partial<Record<NetErrorCode, string>> = {
  CONNECTION_REFUSED: "connection refused by peer",
  CONNECTION_RESET: "connection reset by peer",
  CONNECTION_ABORTED: "connection aborted by this side",
  BROKEN_PIPE: "connection reset by peer after it had closed",
  TIMED_OUT: "the peer does not answer",
  HOST_UNREACHABLE: "host unreachable",
  NETWORK_UNREACHABLE: "network unreachable",
  PROTOCOL_UNREACHABLE: "the host does not speak TCP",
  ADDRESS_NOT_AVAILABLE: "our address is gone",
};

/** The error of a connection, with its addresses. */
export function connectionError(tcb: Tcb, code: NetErrorCode): NetError {
  const localAddress = formatIpAddress(tcb.localAddress);
  const remoteAddress = formatIpAddress(tcb.remoteAddress);
  const { localPort, remotePort } = tcb;
  const isOpening = tcb.state === "SYN-SENT" || tcb.state === "SYN-RECEIVED";
  const what = isOpening
    ? `Cannot connect to ${remoteAddress}:${remotePort} from ${localAddress}:${localPort}`
    : `Connection of ${localAddress}:${localPort} with ${remoteAddress}:${remotePort} is lost`;
  return new NetError(code, `${what}: ${REASONS[code] ?? code}`, {
    localAddress,
    localPort,
    remoteAddress,
    remotePort,
  });
}

/** Deletes the TCB: CLOSED. Text the peer has sent in time may still be read if the end was orderly.
 *
 * @param code why, or `undefined` when both sides have closed.
 */
export function deleteTcb(tcb: Tcb, code: NetErrorCode | undefined): void {
  if (tcb.state === "CLOSED") return;
  const { layer } = tcb;
  end(tcb, code);
  layer.removeConnection(tcb);
  setState(tcb, "CLOSED");
  release(tcb);
}

/** Resets the connection: tells the peer, then deletes the TCB (RFC 9293 §3.10.5, ABORT). */
export function resetConnection(tcb: Tcb, code: NetErrorCode | undefined): void {
  const { state } = tcb;
  if (state !== "CLOSED" && state !== "SYN-SENT" && state !== "TIME-WAIT") transmitReset(tcb);
  deleteTcb(tcb, code);
}

/** Both FINs are exchanged and acknowledged: waits 2 MSL, so that the peer gets its last acknowledgment, and
 * no segment of this connection disturbs the next one (RFC 9293 §3.6, MUST-13). */
export function enterTimeWait(tcb: Tcb): void {
  const { layer } = tcb;
  end(tcb, undefined);
  setState(tcb, "TIME-WAIT");
  release(tcb);
  startClose(tcb, 2 * layer.config.mslMs);
  layer.noteTimeWait(tcb);
}

/** The user learns of the end, once. */
function end(tcb: Tcb, code: NetErrorCode | undefined): void {
  if (tcb.isEnded) return;
  tcb.isEnded = true;
  if (code !== undefined) tcb.error = connectionError(tcb, code);
  tcb.layer.polls.stop(tcb);
  tcb.events |= EVENT_CLOSED;
  tcb.layer.touch(tcb);
}

/** Gives memory back. */
function release(tcb: Tcb): void {
  stopAllTimers(tcb);
  tcb.sendBuffer.clear();
  tcb.layer.reassembly.drop(tcb);
  tcb.layer.sentPool.release(tcb);
  tcb.undo = undefined;
  tcb.ackPendingBytes = 0;
  if (tcb.isOrphan) discardUnread(tcb);
}

/** Drops text that nobody will read. */
export function discardUnread(tcb: Tcb): void {
  tcb.receiveQueue.clear();
  tcb.layer.reassembly.unreadBytes -= tcb.unreadBytes;
  tcb.unreadBytes = 0;
}
