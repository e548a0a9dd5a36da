/** {@linkcode AuthenticationPhase}: who proves what to whom on one link (RFC 1661 §3.5), in both directions at once.
 *
 * @module
 */
import type { Random, TimerQueue } from "@lightwire/netif";
import type {
  AskAgain,
  Authentication,
  AuthenticationContext,
  AuthenticationOutcome,
  AuthenticationTiming,
  PppCredentials,
  SecretChange,
  SecretLookup,
} from "./authentication.ts";
import { ChapClient, ChapServer } from "./chap.ts";
import { CHAP_MD5, type ChapAlgorithm } from "./chap_algorithm.ts";
import { CHAP_CODE } from "./chap_exchange.ts";
import type { CpPacket } from "./cp_packet.ts";
import { EapClient } from "./eap_client.ts";
import { EAP_CODE, type EapMethod } from "./eap_packet.ts";
import { EapServer } from "./eap_server.ts";
import type { PppAuthMethod } from "./lcp_options.ts";
import type { MppeStartKeys } from "./mppe_keys.ts";
import { MSCHAP } from "./mschap.ts";
import { MSCHAPV2 } from "./mschapv2.ts";
import { PAP_CODE, PapClient, PapServer } from "./pap.ts";
import { PPP_CHAP, PPP_EAP, PPP_PAP, pppProtocolName } from "./ppp_protocol_number.ts";

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
  /** Methods of EAP that may be used, in both directions, best first; by default all that are spoken here. */
  readonly eapMethods?: readonly EapMethod[];
  /** Time until a peer that came in, by anything but PAP, is challenged anew, a quarter more or less; default 0: never. */
  readonly rechallengeMs?: number;
  /** Asks for other credentials after a refusal that allows another try (MS-CHAP only); by default a refusal is the end. */
  readonly askAgain?: AskAgain;
  /** How often a peer may try again after a refusal (MS-CHAP only); default 0. */
  readonly authRetries?: number;
  /** Lets peers change their secrets (MS-CHAP only); by default they cannot. */
  readonly secretChange?: SecretChange;
}

/** Ways to authenticate by default, best first. */
export const DEFAULT_AUTH_METHODS: readonly PppAuthMethod[] = [
  "eap",
  "mschapv2",
  "chap-md5",
  "mschap",
  "pap",
];

const PROTOCOL: Readonly<Record<PppAuthMethod, number>> = {
  "pap": PPP_PAP,
  "chap-md5": PPP_CHAP,
  "mschap": PPP_CHAP,
  "mschapv2": PPP_CHAP,
  "eap": PPP_EAP,
};
const ALGORITHM: Readonly<Record<Exclude<PppAuthMethod, "pap" | "eap">, ChapAlgorithm>> = {
  "chap-md5": CHAP_MD5,
  "mschap": MSCHAP,
  "mschapv2": MSCHAPV2,
};

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
  return protocol === PPP_PAP || protocol === PPP_CHAP || protocol === PPP_EAP;
}

/** Whether a packet is for the side that wants a proof. */
function isForServer(protocol: number, code: number): boolean {
  if (protocol === PPP_PAP) return code === PAP_CODE.REQUEST;
  if (protocol === PPP_EAP) return code === EAP_CODE.RESPONSE;
  return code === CHAP_CODE.RESPONSE || code > CHAP_CODE.FAILURE; // the higher codes change secrets
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
  #clientKeys: MppeStartKeys | undefined;
  #serverKeys: MppeStartKeys | undefined;
  #isSecretChanged = false;

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

  /** What MPPE starts from: by MS-CHAP in one direction, in its first exchange. `undefined` without MS-CHAP, and with it in
   * both directions, since the two sides could not know which of two keys to take. */
  get mppeKeys(): MppeStartKeys | undefined {
    if (this.#clientKeys !== undefined && this.#serverKeys !== undefined) return undefined;
    return this.#clientKeys ?? this.#serverKeys;
  }

  /** Whether our secret is {@linkcode PppCredentials.newSecret} from now on. */
  get isSecretChanged(): boolean {
    return this.#isSecretChanged;
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
    this.#clientKeys = this.#serverKeys = undefined;
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
    const isServer = isForServer(protocol, packet.code);
    const method = isServer ? this.#serverMethod : this.#clientMethod;
    const side = isServer ? this.#server : this.#client;
    if (method === undefined || side === undefined || PROTOCOL[method] !== protocol) return false;
    // With one secret for both directions, our answer would be the peer's proof.
    if (!isServer && this.#server instanceof ChapServer && this.#server.isReflection(packet)) {
      this.#owner.failed("authentication-failed", "the peer sends our own challenge back");
    } else side.input(packet);
    return true;
  }

  /** The peer already speaks a network protocol: it has accepted us, even if it said so in a packet that got lost. */
  networkInput(): void {
    if (this.#isClientPending) this.#client?.indicateSuccess();
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
    const { askAgain, eapMethods } = this.#options;
    const context = this.#context(method, (outcome) => this.#clientDone(outcome));
    if (method === "pap") return new PapClient(context, credentials);
    if (method === "eap") {
      const methods = eapMethods && { methods: eapMethods };
      return new EapClient(context, credentials, { ...methods, ...(askAgain && { askAgain }) });
    }
    return new ChapClient(context, ALGORITHM[method], credentials, askAgain);
  }

  #makeServer(method: PppAuthMethod, lookup: SecretLookup): Authentication {
    const { name = "lightwire", eapMethods, rechallengeMs, authRetries, secretChange } = this.#options;
    const context = this.#context(method, (outcome) => this.#serverDone(outcome));
    if (method === "pap") return new PapServer(context, lookup);
    const options = {
      name,
      lookup,
      retries: authRetries ?? 0,
      rechallengeMs: rechallengeMs ?? 0,
      ...(secretChange && { secretChange }),
    };
    if (method === "eap") {
      return new EapServer(context, { ...options, ...(eapMethods && { methods: eapMethods }) });
    }
    return new ChapServer(context, ALGORITHM[method], options);
  }

  #context(method: PppAuthMethod, done: (outcome: AuthenticationOutcome) => void): AuthenticationContext {
    const { timers, random } = this.#host;
    const timing = this.#options.authentication;
    const send = (packet: Uint8Array) => this.#owner.send(PROTOCOL[method], packet);
    return { timers, random, send, done, ...(timing && { timing }) };
  }

  #clientDone(outcome: AuthenticationOutcome): void {
    if (!outcome.isAccepted) return this.#owner.failed("authentication-failed", outcome.message);
    if (outcome.isSecretChanged === true) this.#isSecretChanged = true;
    if (!this.#isClientPending) return;
    this.#isClientPending = false;
    this.#clientKeys = outcome.keys;
    this.#maybeDone();
  }

  #serverDone(outcome: AuthenticationOutcome): void {
    if (!outcome.isAccepted) return this.#owner.failed("authentication-failed", outcome.message);
    this.#peerName = outcome.name;
    if (!this.#isServerPending) return;
    this.#isServerPending = false;
    this.#serverKeys = outcome.keys;
    this.#maybeDone();
  }

  #maybeDone(): void {
    if (!this.#isClientPending && !this.#isServerPending) this.#owner.done();
  }
}
