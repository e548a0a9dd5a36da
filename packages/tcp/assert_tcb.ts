/** {@linkcode assertTcp}: what must always hold of a connection, for tests and simulations.
 *
 * @module
 */
import { assertSent } from "./assert_sent.ts";
import { seqAdd, seqDiff, seqLeq } from "./seq.ts";
import { canTransmit, isSynchronized } from "./state.ts";
import { type Tcb, textEnd } from "./tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";

/** Checks every connection of a layer. To be called between events, not from callbacks.
 *
 * @throws {Error} naming the connection and what does not hold: a defect of this package.
 */
export function assertTcp(layer: TcpLayer): void {
  for (const tcb of layer.tcbs()) assertTcb(tcb);
}

/** Checks one connection; see {@linkcode assertTcp}. */
export function assertTcb(tcb: Tcb): void {
  const check = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${tcb.state} ${tcb.localPort}–${tcb.remotePort}: not true that ${what}`);
  };
  check(tcb.state !== "CLOSED" && tcb.state !== "LISTEN", "a connection in the table is open");
  assertSendSpace(tcb, check);
  assertReceiveSpace(tcb, check);
  assertTimers(tcb, check);
}

type Check = (holds: boolean, what: string) => void;

function assertSendSpace(tcb: Tcb, check: Check): void {
  check(seqLeq(tcb.sndUna, tcb.sndNxt), "SND.UNA =< SND.NXT");
  const isSynAcked = tcb.sndUna !== tcb.iss;
  check(!isSynchronized(tcb.state) || isSynAcked, "a synchronized state has its SYN acknowledged");
  if (tcb.state === "TIME-WAIT") {
    check(tcb.sendBuffer.length === 0 && tcb.sndUna === tcb.sndNxt, "TIME-WAIT has nothing to send");
    return;
  }
  const end = textEnd(tcb);
  const limit = tcb.isFinQueued ? seqAdd(end, 1) : end;
  check(
    seqLeq(tcb.sndNxt, isSynAcked || tcb.layer.handshakes.fastOpen.has(tcb) ? limit : tcb.sndHead),
    "nothing was sent that was not handed over",
  );
  check(
    !isSynAcked || tcb.sndHead === tcb.sndUna || (tcb.isFinSent && tcb.sndUna === seqAdd(tcb.sndHead, 1)),
    "the send buffer begins at SND.UNA",
  );
  check(!tcb.isFinSent || tcb.isFinQueued, "a FIN that was sent was asked for");
  check(!tcb.isFinSent || tcb.sndNxt === seqAdd(end, 1), "SND.NXT lies behind a FIN that was sent");
  check(tcb.smss > 0, "SMSS is positive");
  check(tcb.congestion.cwnd >= 1, "the congestion window is open");
  const sent = tcb.sent;
  if (sent === undefined) return;
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna);
  check(sent.sackedBytes + sent.lostBytes <= flight, "no more is SACKed or lost than is outstanding");
  check(sent.retransmittedBytes >= 0 && sent.retransmittedBytes <= flight, "nor more retransmitted");
  const pipe = sent.pipe(flight);
  check(pipe >= 0 && pipe <= 2 * flight, "Pipe lies between nothing and everything twice");
  assertSent(sent, check);
}

function assertReceiveSpace(tcb: Tcb, check: Check): void {
  check(tcb.rcvWnd >= 0, "RCV.WND is not negative");
  check(tcb.receiveQueue.byteCount <= tcb.unreadBytes, "what is unread is accounted for");
  const limit = tcb.receiveBufferBytes + (tcb.receiveBufferBytes >>> 2) + 65536;
  check(tcb.unreadBytes + tcb.rcvWnd <= limit, "the window fits in the buffer");
  if (tcb.state === "SYN-SENT") return;
  check(seqLeq(tcb.lastAckSent, tcb.rcvNxt), "nothing was acknowledged that has not come");
  const reassembly = tcb.reassembly;
  if (reassembly === undefined) return;
  check(!tcb.isFinReceived || reassembly.isEmpty, "nothing is out of order behind a FIN");
  check(reassembly.byteCount <= tcb.rcvWnd || tcb.rcvWnd === 0, "text out of order lies in the window");
}

function assertTimers(tcb: Tcb, check: Check): void {
  const isRetransmitting = tcb.retransmissionTimer?.isArmed === true;
  const isPersisting = tcb.persistTimer?.isArmed === true;
  const isOutstanding = tcb.sndUna !== tcb.sndNxt;
  check(
    !isRetransmitting || isOutstanding,
    "the retransmission timer runs only while something is outstanding",
  );
  check(
    !isOutstanding || isRetransmitting || isPersisting || tcb.isBlocked,
    "what is outstanding has a timer",
  );
  check(!isPersisting || canTransmit(tcb.state), "only who may send probes");
  check(
    tcb.ackPendingBytes === 0 || tcb.isTouched || tcb.delayedAckTimer?.isArmed === true || tcb.isBlocked ||
      tcb.softError !== undefined,
    "an acknowledgment that is owed has a timer",
  );
  check(tcb.state !== "TIME-WAIT" || tcb.closeTimer?.isArmed === true, "TIME-WAIT ends");
  if (!canTransmit(tcb.state) || isOutstanding || tcb.isTouched || tcb.isBlocked) return;
  const isWaiting = tcb.sendBuffer.length > 0 || (tcb.isFinQueued && !tcb.isFinSent);
  check(
    !isWaiting || isPersisting || tcb.pacingTimer?.isArmed === true,
    "what waits for the window has a timer",
  );
}
