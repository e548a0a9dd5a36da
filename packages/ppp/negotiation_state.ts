/** The vocabulary of the option negotiation automaton: states, events, actions (RFC 1661 §4.2 to §4.4).
 *
 * @module
 */

/** States, with the names and in the order of RFC 1661 §4.2. */
export const NEGOTIATION_STATES = [
  "Initial",
  "Starting",
  "Closed",
  "Stopped",
  "Closing",
  "Stopping",
  "Req-Sent",
  "Ack-Rcvd",
  "Ack-Sent",
  "Opened",
] as const;

/** A state of the automaton (RFC 1661 §4.2). */
export type NegotiationState = (typeof NEGOTIATION_STATES)[number];

/** An event, with the name of RFC 1661 §4.3. */
export type NegotiationEvent =
  | "Up"
  | "Down"
  | "Open"
  | "Close"
  | "TO+"
  | "TO-"
  | "RCR+"
  | "RCR-"
  | "RCA"
  | "RCN"
  | "RTR"
  | "RTA"
  | "RUC"
  | "RXJ+"
  | "RXJ-"
  | "RXR";

/** What the automaton has its owner do (RFC 1661 §4.4). The state has already changed when they are called. Only
 * {@linkcode tlu} and {@linkcode tlf}, which come last, may cause further events. */
export interface NegotiationActions {
  /** This-Layer-Up: Opened is reached. */
  tlu(): void;
  /** This-Layer-Down: Opened is left. Causes no event of this automaton. */
  tld(): void;
  /** This-Layer-Started: the lower layer is needed. Causes no event of this automaton. */
  tls(): void;
  /** This-Layer-Finished: the lower layer is not needed any more. */
  tlf(): void;
  /** Send-Configure-Request. */
  scr(): void;
  /** Send-Configure-Ack to the packet that caused the event. */
  sca(): void;
  /** Send-Configure-Nak or -Reject to the packet that caused the event. */
  scn(): void;
  /** Send-Terminate-Request. */
  str(): void;
  /** Send-Terminate-Ack. */
  sta(): void;
  /** Send-Code-Reject of the packet that caused the event. */
  scj(): void;
  /** Send-Echo-Reply, if the packet that caused the event was an Echo-Request. */
  ser(): void;
}
