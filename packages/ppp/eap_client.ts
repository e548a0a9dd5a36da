/** {@linkcode EapClient}: the side of EAP that proves who it is (RFC 3748), the "peer" there.
 *
 * @module
 */
import type {
  AskAgain,
  AuthenticationContext,
  AuthenticationOutcome,
  PppCredentials,
} from "./authentication.ts";
import { AuthenticationSide } from "./authentication_side.ts";
import { CHAP_CODE, ChapPeer, type ChapStep } from "./chap_exchange.ts";
import { CP_HEADER_LENGTH, type CpPacket, equalBytes, parseCpPacket, peerText } from "./cp_packet.ts";
import {
  DEFAULT_EAP_METHODS,
  EAP_CODE,
  EAP_METHOD_ALGORITHM,
  EAP_METHOD_TYPE,
  EAP_TYPE,
  type EapMethod,
  eapMethodNames,
  eapMethodOf,
  eapTypeName,
  emitEapPacket,
} from "./eap_packet.ts";

/** Requests until the conversation counts as one without end. */
export const MAX_EAP_REQUESTS = 50;
/** How long a success that has been proved already is waited for (RFC 3748 §4.2: it may get lost). */
const LOST_SUCCESS_MS = 3000;

/** Options of {@linkcode EapClient}. */
export interface EapClientOptions {
  /** Methods that we would use, best first; default {@linkcode DEFAULT_EAP_METHODS}. */
  readonly methods?: readonly EapMethod[];
  /** Asks for other credentials. */
  readonly askAgain?: AskAgain;
}

/** The side that proves who it is. */
export class EapClient extends AuthenticationSide {
  readonly #credentials: PppCredentials;
  readonly #methods: readonly EapMethod[];
  readonly #askAgain: AskAgain | undefined;
  #method: EapMethod | undefined;
  #peer: ChapPeer | undefined;
  #request: CpPacket | undefined;
  #response: Uint8Array = new Uint8Array(0);
  #requests = 0;
  #verdict: AuthenticationOutcome | undefined;
  #hasResponded = false;
  #refusedType: number | undefined;
  #notification = "";
  #isOver = false;

  /** Makes a client that is not started. */
  constructor(context: AuthenticationContext, credentials: PppCredentials, options: EapClientOptions = {}) {
    super(context);
    this.#credentials = credentials;
    this.#methods = options.methods ?? DEFAULT_EAP_METHODS;
    this.#askAgain = options.askAgain;
  }

  /** {@inheritDoc Authentication.indicateSuccess} Then the success has got lost (RFC 3748 §4.2). */
  override indicateSuccess(): void {
    if (this.#isOver || this.#verdict?.isAccepted === false) return;
    const isProved = this.#verdict !== undefined || (this.#method === "md5" && this.#hasResponded);
    if (isProved) this.#finish(true, "");
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    this.#method =
      this.#peer =
      this.#request =
      this.#verdict =
      this.#refusedType =
        undefined;
    this.#requests = 0;
    this.#hasResponded = this.#isOver = false;
    this.wait();
  }

  /** {@inheritDoc AuthenticationSide.gaveUp} */
  protected override gaveUp(): void {
    if (this.#verdict !== undefined) this.#finish(this.#verdict.isAccepted, this.#verdict.message);
    else if (!this.hasSucceeded) super.gaveUp(); // who is in stays in: a late request may have been no new one
  }

  /** {@inheritDoc AuthenticationSide.received} */
  protected received(packet: CpPacket): void {
    if (packet.code === EAP_CODE.REQUEST) return this.#requested(packet);
    if (this.#isOver || this.#request === undefined) return;
    if (packet.code === EAP_CODE.FAILURE) {
      return this.#finish(false, this.#verdict?.isAccepted === false ? this.#verdict.message : "");
    }
    // Nobody but who has proved to know the secret may cut the proof short, once there is to be one (RFC 3748 §4.2).
    const isProved = this.#method !== "mschapv2" || this.#verdict?.isAccepted === true;
    if (packet.code === EAP_CODE.SUCCESS && isProved) this.#finish(true, "");
  }

  #requested(packet: CpPacket): void {
    const type = packet.data[0];
    if (type === undefined) return;
    const last = this.#request;
    // A request that is repeated gets the same response (RFC 3748 §4.1).
    if (last !== undefined && last.id === packet.id && equalBytes(last.data, packet.data)) {
      if (this.#response.length > 0) this.send(this.#response);
      return;
    }
    if (++this.#requests > MAX_EAP_REQUESTS) return this.#finish(false, "EAP requests without end");
    const data = packet.data.subarray(1);
    this.#request = packet;
    this.#response = new Uint8Array(0);
    // Whoever asks anew after the end wants the proof anew.
    if (type === EAP_TYPE.IDENTITY || (this.#isOver && type !== EAP_TYPE.NOTIFICATION)) {
      this.#isOver = this.#hasResponded = false;
    }
    if (!this.#isOver) this.wait();
    if (type === EAP_TYPE.IDENTITY) this.#respond(type, new TextEncoder().encode(this.#credentials.name));
    else if (type === EAP_TYPE.NOTIFICATION) {
      this.#notification = peerText(data);
      this.#respond(type, new Uint8Array(0));
    } else this.#methodRequested(type, data, packet.id);
  }

  #methodRequested(type: number, data: Uint8Array, id: number): void {
    const method = eapMethodOf(type);
    // One method in a conversation: nobody changes to a weaker one in the midst of it (RFC 3748 §2.1).
    if (this.#hasResponded && method !== this.#method) return;
    if (method === undefined || !this.#methods.includes(method)) {
      this.#refusedType = type;
      const wanted = this.#methods.map((known) => EAP_METHOD_TYPE[known]);
      return this.#respond(EAP_TYPE.NAK, Uint8Array.from(wanted.length > 0 ? wanted : [0]));
    }
    if (method !== this.#method || this.#peer === undefined) {
      this.#method = method;
      this.#refusedType = undefined;
      const algorithm = EAP_METHOD_ALGORITHM[method];
      this.#peer = new ChapPeer(algorithm, this.#credentials, this.random, this.#askAgain);
    }
    const isMd5 = method === "md5";
    const packet = isMd5 ? { code: CHAP_CODE.CHALLENGE, id, data } : parseCpPacket(data, 0, data.length);
    const step = packet === undefined ? undefined : this.#peer.input(packet, true);
    if (step === undefined) return;
    this.#follow(type, step, isMd5);
  }

  #follow(type: number, step: ChapStep, isMd5: boolean): void {
    if (step.send !== undefined) {
      this.#hasResponded = true;
      this.#verdict = undefined;
      return this.#respond(type, isMd5 ? step.send.subarray(CP_HEADER_LENGTH) : step.send);
    }
    if (step.outcome === undefined) return;
    // MS-CHAPv2's own success and failure are requests, to be acknowledged by their code alone.
    this.#verdict = step.outcome;
    this.#respond(type, Uint8Array.of(step.outcome.isAccepted ? CHAP_CODE.SUCCESS : CHAP_CODE.FAILURE));
    this.wait(LOST_SUCCESS_MS);
  }

  #respond(type: number, data: Uint8Array): void {
    this.#response = emitEapPacket(EAP_CODE.RESPONSE, this.#request!.id, type, data);
    this.send(this.#response);
  }

  #finish(isAccepted: boolean, message: string): void {
    const { name } = this.#credentials;
    this.#isOver = true;
    this.#requests = 0;
    if (isAccepted && this.#verdict !== undefined) return this.report({ ...this.#verdict, isAccepted: true });
    this.report({ isAccepted, name, message: message || this.#explain(isAccepted) });
  }

  #explain(isAccepted: boolean): string {
    if (isAccepted || this.#refusedType === undefined) return this.#notification;
    const known = eapMethodNames(this.#methods);
    return `the peer asks for ${eapTypeName(this.#refusedType)}, and this side can do ${known} only`;
  }
}
