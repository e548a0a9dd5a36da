/** What PAP and CHAP have in common for the session above them.
 *
 * @module
 */
import type { CpPacket } from "./cp_packet.ts";

/** One side of one authentication protocol on one link. */
export interface Authentication {
  /** The link is up: begin. */
  start(): void;
  /** A packet of the protocol has arrived. */
  input(packet: CpPacket): void;
  /** The link is down: no timer is left, nothing is reported any more. */
  stop(): void;
}

/** The result of an authentication; given once for each {@linkcode Authentication.start}, and again when a later challenge
 * fails. */
export interface AuthenticationOutcome {
  /** Whether the proof was accepted. */
  readonly isAccepted: boolean;
  /** Who proved it: our name, or the peer's as it gave it. */
  readonly name: string;
  /** The accepting side's message, or why there is none: "no answer". Never holds a secret. */
  readonly message: string;
}

/** Who we are. */
export interface PppCredentials {
  /** The name the peer knows us by; at most 255 octets as UTF-8. */
  readonly name: string;
  /** The password; at most 255 octets as UTF-8. Sent in clear by PAP, never sent by CHAP, never logged by either. */
  readonly secret: string;
}

/** Looks up the secret of a peer.
 *
 * @returns `undefined` if nobody of this name may come in.
 */
export type SecretLookup = (name: string) => string | undefined;

/** Time between requests or challenges, by default. */
export const DEFAULT_AUTH_RETRY_MS = 3000;
/** Requests or challenges without an answer, by default. */
export const DEFAULT_AUTH_ATTEMPTS = 10;

/** Timing of an authentication. */
export interface AuthenticationTiming {
  /** Time between requests or challenges; default 3000 ms. */
  readonly retryMs?: number;
  /** Requests or challenges until giving up; default 10. A side that waits does so for `retryMs * attempts`. */
  readonly attempts?: number;
}
