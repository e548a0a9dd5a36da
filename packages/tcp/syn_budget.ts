/** {@linkcode SynBudget}: how much may be sent to who has not shown that its address is its own.
 *
 * A SYN may carry somebody else's address. Answered six times, it makes us send more to the victim than its sender had to send. So
 * repeated SYN-ACKs are paid for: each SYN brings in three times its length, and each SYN-ACK costs its own; connections that get
 * established give their cost back. The first ones are on credit, and a host which is not under attack never notices.
 *
 * @module
 */
import type { IpRxInfo } from "@lightwire/ip";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";
import { TCP_HEADER_LENGTH } from "./tcp_header.ts";

/** Octets on credit, and most that can be saved. */
const CREDIT_BYTES = 65_536;
/** What is sent for each octet received, at most. */
const AMPLIFICATION = 3;

/** One layer's budget for SYN-ACKs. */
export class SynBudget {
  #credit = CREDIT_BYTES;

  /** A SYN was received which will be answered.
   *
   * @param bytes of the SYN.
   * @param answerBytes of the answer.
   */
  answer(bytes: number, answerBytes: number): void {
    this.#add(AMPLIFICATION * bytes - answerBytes);
  }

  /** Whether a SYN-ACK may be repeated; if so, it is paid.
   *
   * @param bytes of the SYN-ACK.
   */
  repeat(bytes: number): boolean {
    if (this.#credit < bytes) return false;
    this.#credit -= bytes;
    return true;
  }

  /** Somebody has acknowledged a SYN-ACK: its address is its own.
   *
   * @param bytes what its SYN-ACKs have cost.
   */
  proven(bytes: number): void {
    this.#add(bytes);
  }

  #add(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, CREDIT_BYTES);
  }
}

/** Octets of the packet that a SYN came in. */
export function synBytes(seg: Segment, rx: IpRxInfo): number {
  return rx.headerLength + seg.dataOffset + seg.textLength;
}

/** Octets of the packet that the SYN-ACK of a connection is. */
export function synAckBytes(tcb: Tcb): number {
  const options = 4 + (tcb.hasWindowScaling ? 4 : 0) + (tcb.hasTimestamps ? 12 : tcb.hasSack ? 4 : 0);
  return (tcb.remoteAddress.family === 4 ? 20 : 40) + TCP_HEADER_LENGTH + options;
}
