/** The canonical states, each reached by the shortest way. Afterwards nothing is outstanding and no packet is left.
 *
 * Unless told otherwise the peer offers no option but an MSS of 1,000 and a window of 65,535. Sequence number 1 is the
 * first octet of text on both sides.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { TcpListenOptions } from "../listener.ts";
import type { TcpConnectOptions } from "../tcp_open.ts";
import type { TcpScript } from "./harness.ts";

/** Options of the peer's SYN in most scripts. */
export const PEER_SYN_OPTIONS = "<mss 1000>";

/** SYN-SENT: our SYN is out. */
export function synSent(s: TcpScript, options: Partial<TcpConnectOptions> = {}): void {
  s.call.connect(options);
  s.expect("S 0:0(0)").expectState("SYN-SENT");
}

/** ESTABLISHED after an active OPEN. */
export function established(
  s: TcpScript,
  options: Partial<TcpConnectOptions> = {},
  synOptions: string = PEER_SYN_OPTIONS,
): void {
  synSent(s, options);
  s.inject(`S. 0:0(0) ack 1 win ${s.win} ${synOptions}`);
  s.expect(". 1:1(0) ack 1").expectEvent("connected").expectState("ESTABLISHED");
}

/** SYN-RECEIVED after a passive OPEN: our SYN-ACK is out. */
export function synReceived(
  s: TcpScript,
  options: Partial<TcpListenOptions> = {},
  synOptions: string = PEER_SYN_OPTIONS,
): void {
  if (s.listener === undefined) s.call.listen(options);
  s.inject(`S 0:0(0) win ${s.win} ${synOptions}`);
  s.expect("S. 0:0(0) ack 1");
}

/** ESTABLISHED after a passive OPEN. */
export function accepted(
  s: TcpScript,
  options: Partial<TcpListenOptions> = {},
  synOptions: string = PEER_SYN_OPTIONS,
): void {
  synReceived(s, options, synOptions);
  s.inject(". 1:1(0) ack 1").expectNothing().expectState("ESTABLISHED");
  s.events.length = 0;
}

/** FIN-WAIT-1: our FIN, sequence number 1, is out. */
export function finWait1(s: TcpScript): void {
  established(s);
  s.call.close();
  s.expect("F. 1:1(0) ack 1").expectState("FIN-WAIT-1");
}

/** FIN-WAIT-2: our FIN is acknowledged, the user has closed. */
export function finWait2(s: TcpScript): void {
  finWait1(s);
  s.inject(". 1:1(0) ack 2").expectNothing().expectState("FIN-WAIT-2");
}

/** FIN-WAIT-2 with the receiving direction open: the user has closed only his own. */
export function halfClosed(s: TcpScript): void {
  established(s);
  s.call.shutdownSend();
  s.expect("F. 1:1(0) ack 1").expectState("FIN-WAIT-1");
  s.inject(". 1:1(0) ack 2").expectNothing().expectState("FIN-WAIT-2");
}

/** CLOSE-WAIT: the peer's FIN, sequence number 1, has come. */
export function closeWait(s: TcpScript): void {
  established(s);
  s.inject("F. 1:1(0) ack 1");
  s.expect(". 1:1(0) ack 2").expectEvent("readable").expectState("CLOSE-WAIT");
}

/** LAST-ACK: the peer's FIN has come, ours is out. */
export function lastAck(s: TcpScript): void {
  closeWait(s);
  s.call.close();
  s.expect("F. 1:1(0) ack 2").expectState("LAST-ACK");
}

/** CLOSING: both FINs have crossed. */
export function closing(s: TcpScript): void {
  finWait1(s);
  s.inject("F. 1:1(0) ack 1");
  s.expect(". 2:2(0) ack 2").expectState("CLOSING");
}

/** TIME-WAIT after we have closed first. */
export function timeWait(s: TcpScript): void {
  finWait2(s);
  s.inject("F. 1:1(0) ack 2");
  s.expect(". 2:2(0) ack 2").expectState("TIME-WAIT");
}

/** ESTABLISHED after a passive OPEN of a peer that is 50 ms away, at 50 ms; with SACK unless told otherwise. */
export function distant(s: TcpScript, synOptions: string = "<mss 1000,sackOK>"): void {
  synReceived(s, {}, synOptions);
  const options = synOptions.includes("TS val") ? " <TS val 2 ecr 0>" : "";
  s.at(50).inject(`. 1:1(0) ack 1${options}`).expectNothing().expectState("ESTABLISHED");
  s.events.length = 0;
}

/** The user has `segments` full ones to send, which all leave at once, and are taken. */
export function fill(s: TcpScript, segments: number): void {
  s.call.send(segments * 1000);
  assertEquals(s.takeAll().reduce((sum, seg) => sum + seg.textLength, 0), segments * 1000);
}

/** The end of a script that does not care how its connection ends. */
export function finish(s: TcpScript): void {
  s.call.abort();
  s.takeAll();
}
