/** {@linkcode AuthenticationPhase}: who proves what to whom on one link (RFC 1661 §3.5), in both directions at once.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import type {
  Authentication,
  AuthenticationOutcome,
  AuthenticationTiming,
  PppCredentials,
  SecretLookup,
} from "./authentication.ts";
import { CHAP_CODE, ChapClient, ChapServer } from "./chap.ts";
import type { CpPacket } from "./cp_packet.ts";
import type { PppAuthMethod } from "./lcp_options.ts";
import { PAP_CODE, PapClient, PapServer } from "./pap.ts";
import { PPP_CHAP, PPP_PAP, pppProtocolName } from "./ppp_protocol_number.ts";

/** Why authentication ended a session. */
export type AuthenticationEnd =
  | "authentication-failed" // the proof was not accepted, or did not come
  | "authentication-refused"; // the peer does not want to authenticate itself

/** What an {@linkcode AuthenticationPhase} needs of its host. */
export interface AuthenticationHost {
  /** Timers. */
  readonly timers: TimerQueue;
  /** Entropy for challenges. Must not be predictable outside of tests. */
  readonly random: Random;
}

/** What an {@linkcode AuthenticationPhase} tells its owner. */
export interface AuthenticationOwner {
  /** Sends a packet of an authentication protocol. */
  send(protocol: number, packet: Uint8Array): void;
  /** All that had to be proved is proved; called once for each {@linkcode AuthenticationPhase.start}, perhaps from inside. */
  done(): void;
  /** It failed: the link has to go down. May come after {@linkcode done}, by a later challenge.
   *
   * @param message What the side that checked said, or why nothing came; never a secret.
   */
  failed(end: AuthenticationEnd, message: string): void;
}

/** Options of {@linkcode AuthenticationPhase}. */
export interface AuthenticationPhaseOptions {
  /** Who we are, if the peer asks. */
  readonly credentials?: PppCredentials;
  /** Who may come in: given, the peer has to prove who it is. */
  readonly peerSecrets?: SecretLookup;
  /** Ways to authenticate that may be used, in both directions, best first; all by default ({@linkcode DEFAULT_AUTH_METHODS}). */
  readonly authMethods?: readonly PppAuthMethod[];
  /** Our name in challenges; default "lightwire". */
  readonly name?: string;
  /** Timing. */
  readonly authentication?: AuthenticationTiming;
}

/** Ways to authenticate by default, best first. */
export const DEFAULT_AUTH_METHODS: readonly PppAuthMethod[] = ["chap-md5", "pap"];

/** What LCP has to negotiate for these options: we prove who we are only with credentials, and the peer has to only if we
 * know secrets. */
export function authenticationWishes(
  options: AuthenticationPhaseOptions,
): { offer: readonly PppAuthMethod[]; demand: readonly PppAuthMethod[] } {
  const methods = options.authMethods ?? DEFAULT_AUTH_METHODS;
  return {
    offer: options.credentials === undefined ? [] : methods,
    demand: options.peerSecrets === undefined ? [] : methods,
  };
}

/** Whether a protocol is one of authentication, allowed before the network phase (RFC 1661 §3.5). */
export function isAuthenticationProtocol(protocol: number): boolean {
  return protocol === PPP_PAP || protocol === PPP_CHAP;
}

/** Authentication on one link. */
export class AuthenticationPhase {
  readonly #host: AuthenticationHost;
  readonly #owner: AuthenticationOwner;
  readonly #options: AuthenticationPhaseOptions;
  #client: Authentication | undefined;
  #server: Authentication | undefined;
  #clientMethod: PppAuthMethod | undefined;
  #serverMethod: PppAuthMethod | undefined;
  #isClientPending = false;
  #isServerPending = false;
  #peerName = "";

  /** Makes a phase that is not started. */
  constructor(
    host: AuthenticationHost,
    owner: AuthenticationOwner,
    options: AuthenticationPhaseOptions = {},
  ) {
    this.#host = host;
    this.#owner = owner;
    this.#options = options;
  }

  /** Who the peer proved to be; "" if it was not asked. */
  get peerName(): string {
    return this.#peerName;
  }

  /** LCP is open: begins.
   *
   * @param localMethod How the peer proves who it is: what we asked for and it acknowledged.
   * @param peerMethod How we prove who we are: what the peer asked for and we acknowledged.
   */
  start(localMethod: PppAuthMethod | undefined, peerMethod: PppAuthMethod | undefined): void {
    const { credentials, peerSecrets } = this.#options;
    this.stop();
    this.#peerName = "";
    this.#clientMethod = peerMethod;
    this.#serverMethod = localMethod;
    if (peerSecrets !== undefined && localMethod === undefined) {
      return this.#owner.failed("authentication-refused", "");
    }
    if (peerMethod !== undefined && credentials !== undefined) {
      this.#client = this.#makeClient(peerMethod, credentials);
    }
    if (localMethod !== undefined && peerSecrets !== undefined) {
      this.#server = this.#makeServer(localMethod, peerSecrets);
    }
    this.#isClientPending = this.#client !== undefined;
    this.#isServerPending = this.#server !== undefined;
    if (!this.#isClientPending && !this.#isServerPending) return this.#owner.done();
    this.#server?.start();
    this.#client?.start();
  }

  /** A packet of an authentication protocol has arrived.
   *
   * @returns whether somebody waits for it; if not, it is dropped.
   */
  input(protocol: number, packet: CpPacket): boolean {
    const isForServer = protocol === PPP_PAP
      ? packet.code === PAP_CODE.REQUEST
      : packet.code === CHAP_CODE.RESPONSE;
    const method = isForServer ? this.#serverMethod : this.#clientMethod;
    if (method !== (protocol === PPP_PAP ? "pap" : "chap-md5")) return false;
    (isForServer ? this.#server : this.#client)?.input(packet);
    return true;
  }

  /** The peer does not speak a protocol that LCP has agreed on. */
  protocolRejected(protocol: number): void {
    this.#owner.failed("authentication-failed", `${pppProtocolName(protocol)} rejected by the peer`);
  }

  /** The link is down: no timer is left, and nothing is reported any more. */
  stop(): void {
    this.#client?.stop();
    this.#server?.stop();
    this.#client = this.#server = undefined;
    this.#isClientPending = this.#isServerPending = false;
  }

  #makeClient(method: PppAuthMethod, credentials: PppCredentials): Authentication {
    const { timers } = this.#host;
    const timing = this.#options.authentication;
    const proved = (outcome: AuthenticationOutcome) => this.#clientDone(outcome);
    return method === "pap"
      ? new PapClient(timers, credentials, (packet) => this.#owner.send(PPP_PAP, packet), proved, timing)
      : new ChapClient(timers, credentials, (packet) => this.#owner.send(PPP_CHAP, packet), proved, timing);
  }

  #makeServer(method: PppAuthMethod, lookup: SecretLookup): Authentication {
    const { timers, random } = this.#host;
    const timing = this.#options.authentication;
    const checked = (outcome: AuthenticationOutcome) => this.#serverDone(outcome);
    if (method === "pap") {
      return new PapServer(timers, lookup, (packet) => this.#owner.send(PPP_PAP, packet), checked, timing);
    }
    const name = this.#options.name ?? "lightwire";
    const send = (packet: Uint8Array) => this.#owner.send(PPP_CHAP, packet);
    return new ChapServer(timers, random, name, lookup, send, checked, timing);
  }

  #clientDone(outcome: AuthenticationOutcome): void {
    if (!outcome.isAccepted) return this.#owner.failed("authentication-failed", outcome.message);
    const wasPending = this.#isClientPending;
    this.#isClientPending = false;
    if (wasPending) this.#maybeDone();
  }

  #serverDone(outcome: AuthenticationOutcome): void {
    if (!outcome.isAccepted) return this.#owner.failed("authentication-failed", outcome.message);
    this.#peerName = outcome.name;
    const wasPending = this.#isServerPending;
    this.#isServerPending = false;
    if (wasPending) this.#maybeDone();
  }

  #maybeDone(): void {
    if (!this.#isClientPending && !this.#isServerPending) this.#owner.done();
  }
}
