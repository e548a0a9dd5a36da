/** What all ways to authenticate have in common for the session above them.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import type { CpPacket } from "./cp_packet.ts";
import type { MppeStartKeys } from "./mppe_keys.ts";

/** One side of one authentication protocol on one link. */
export interface Authentication {
  /** The link is up: begin. */
  start(): void;
  /** A packet of the protocol has arrived. */
  input(packet: CpPacket): void;
  /** The other side already speaks a network protocol, so it seems to have accepted us. */
  indicateSuccess(): void;
  /** The link is down: no timer is left, nothing is reported any more. */
  stop(): void;
}

/** The result of an authentication; given once for each {@linkcode Authentication.start}, and again for each later challenge. */
export interface AuthenticationOutcome {
  /** Whether the proof was accepted. */
  readonly isAccepted: boolean;
  /** Who proved it: our name, or the peer's as it gave it. */
  readonly name: string;
  /** The accepting side's message, or why there is none: "no answer". Never holds a secret. */
  readonly message: string;
  /** What MPPE starts from, if the method yields it. */
  readonly keys?: MppeStartKeys;
  /** Whether the secret is {@linkcode PppCredentials.newSecret} from now on. */
  readonly isSecretChanged?: boolean;
}

/** Who we are. */
export interface PppCredentials {
  /** The name the peer knows us by; at most 255 octets as UTF-8. */
  readonly name: string;
  /** The password; at most 255 octets as UTF-8. Sent in clear by PAP, never sent by the others, never logged by any. */
  readonly secret: string;
  /** What to change the secret to if the peer says that it has expired (MS-CHAP only); at most 256 UTF-16 units. */
  readonly newSecret?: string;
}

/** Looks up the secret of a peer.
 *
 * @returns `undefined` if nobody of this name may come in.
 */
export type SecretLookup = (name: string) => string | undefined;

/** Asks for other credentials after the peer has refused those of before and lets us try again (MS-CHAP only). Must answer at
 * once.
 *
 * @param message What the peer said.
 * @returns `undefined` to give up.
 */
export type AskAgain = (message: string) => PppCredentials | undefined;

/** How a server lets its peers change their secrets (RFC 2433 §9, RFC 2759 §7). */
export interface SecretChange {
  /** Whether a peer which knows its secret has to change it before it may come in. */
  isExpired(name: string): boolean;
  /** Takes a new secret.
   *
   * @returns whether it is good enough; from then on {@linkcode SecretLookup} has to give it.
   */
  change(name: string, newSecret: string): boolean;
}

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

/** What one side of an authentication needs. */
export interface AuthenticationContext {
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy for challenges. Must not be predictable outside of tests. */
  readonly random: Random;
  /** Timing. */
  readonly timing?: AuthenticationTiming;
  /** Sends a packet of the protocol. */
  send(packet: Uint8Array): void;
  /** Takes the result. */
  done(outcome: AuthenticationOutcome): void;
}
