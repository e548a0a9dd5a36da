/** {@linkcode TcpState}: the states of a connection and the ways between them (RFC 9293 §3.3.2).
 *
 * @module
 */

/** A state of RFC 9293 §3.3.2, in the RFC's own words. */
export type TcpState =
  | "CLOSED"
  | "LISTEN"
  | "SYN-SENT"
  | "SYN-RECEIVED"
  | "ESTABLISHED"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "CLOSE-WAIT"
  | "CLOSING"
  | "LAST-ACK"
  | "TIME-WAIT";

/** The arrows of RFC 9293 figure 5, and those that its text adds. Every state may go to CLOSED (ABORT, reset,
 * timeout), which is left out here. LISTEN belongs to a listener; a connection begins in SYN-RECEIVED. */
export const TRANSITIONS: Readonly<Record<TcpState, readonly TcpState[]>> = {
  "CLOSED": ["LISTEN", "SYN-SENT", "SYN-RECEIVED"],
  "LISTEN": ["SYN-RECEIVED", "SYN-SENT"],
  "SYN-SENT": ["SYN-RECEIVED", "ESTABLISHED"],
  "SYN-RECEIVED": ["ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT"],
  "ESTABLISHED": ["FIN-WAIT-1", "CLOSE-WAIT"],
  "FIN-WAIT-1": ["FIN-WAIT-2", "CLOSING", "TIME-WAIT"],
  "FIN-WAIT-2": ["TIME-WAIT"],
  "CLOSE-WAIT": ["LAST-ACK"],
  "CLOSING": ["TIME-WAIT"],
  "LAST-ACK": [],
  "TIME-WAIT": [],
};

/** Whether a connection may go from one state to the other. */
export function canTransit(from: TcpState, to: TcpState): boolean {
  return to === "CLOSED" || TRANSITIONS[from].includes(to);
}

/** Whether both SYNs are exchanged and acknowledged: ESTABLISHED and all that follow (RFC 9293 §3.5.1). */
export function isSynchronized(state: TcpState): boolean {
  return state !== "CLOSED" && state !== "LISTEN" && state !== "SYN-SENT" && state !== "SYN-RECEIVED";
}

/** Whether our user may still hand over text, before a CLOSE of his. */
export function canSend(state: TcpState): boolean {
  return state === "ESTABLISHED" || state === "CLOSE-WAIT" || state === "SYN-SENT" ||
    state === "SYN-RECEIVED";
}

/** Whether text and a FIN of the peer may still come. */
export function canReceive(state: TcpState): boolean {
  return state === "ESTABLISHED" || state === "FIN-WAIT-1" || state === "FIN-WAIT-2";
}

/** Whether text that was queued, or a FIN, may go out. */
export function canTransmit(state: TcpState): boolean {
  return state === "ESTABLISHED" || state === "CLOSE-WAIT" || state === "FIN-WAIT-1" ||
    state === "CLOSING" || state === "LAST-ACK";
}
