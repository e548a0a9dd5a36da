/** {@linkcode EapServer}: the side of EAP that wants a proof (RFC 3748), the "authenticator" there.
 *
 * @module
 */
import type { AuthenticationContext, AuthenticationOutcome } from "./authentication.ts";
import { AuthenticationSide } from "./authentication_side.ts";
import { CHAP_CODE, ChapAuthenticator, type ChapAuthenticatorOptions } from "./chap_exchange.ts";
import { CP_HEADER_LENGTH, type CpPacket, emitCpPacket, parseCpPacket, peerText } from "./cp_packet.ts";
import {
  DEFAULT_EAP_METHODS,
  EAP_CODE,
  EAP_METHOD_ALGORITHM,
  EAP_METHOD_TYPE,
  EAP_TYPE,
  type EapMethod,
  eapMethodNames,
  eapTypeName,
  emitEapPacket,
} from "./eap_packet.ts";
import { RechallengeTimer } from "./rechallenge_timer.ts";

/** Options of {@linkcode EapServer}. */
export interface EapServerOptions extends ChapAuthenticatorOptions {
  /** Methods that we accept, best first; default {@linkcode DEFAULT_EAP_METHODS}. */
  readonly methods?: readonly EapMethod[];
  /** Time until the peer has to prove itself anew; a random quarter more or less each time. Default 0: never. */
  readonly rechallengeMs?: number;
}

/** The side that wants a proof: identity first, then the best method that the peer does not refuse. */
export class EapServer extends AuthenticationSide {
  readonly #options: EapServerOptions;
  readonly #rechallenge: RechallengeTimer;
  #methods: EapMethod[] = [];
  #authenticator: ChapAuthenticator | undefined;
  #identity = "";
  #id: number;
  #type = 0;
  #verdict: AuthenticationOutcome | undefined;

  /** Makes a server that is not started. */
  constructor(context: AuthenticationContext, options: EapServerOptions) {
    super(context);
    this.#options = options;
    // The identity is known, and the method too.
    this.#rechallenge = new RechallengeTimer(context, options.rechallengeMs ?? 0, () => this.#propose());
    this.#id = context.random.uint32() & 0xff;
  }

  /** {@inheritDoc AuthenticationSide.stop} */
  override stop(): void {
    super.stop();
    this.#rechallenge.stop();
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    this.#methods = [...(this.#options.methods ?? DEFAULT_EAP_METHODS)];
    this.#authenticator = this.#verdict = undefined;
    this.#identity = "";
    this.#request(EAP_TYPE.IDENTITY, new Uint8Array(0));
  }

  /** {@inheritDoc AuthenticationSide.received} Anything but a response to the last request is dropped (RFC 3748 §4.1). */
  protected received(packet: CpPacket): void {
    if (packet.code !== EAP_CODE.RESPONSE || packet.id !== this.#id || this.#type === 0) return;
    const type = packet.data[0];
    const data = packet.data.subarray(1);
    if (type === EAP_TYPE.NAK && this.#type !== EAP_TYPE.IDENTITY) return this.#refused(data);
    if (type !== this.#type) return;
    if (type === EAP_TYPE.IDENTITY) {
      this.#identity = peerText(data);
      return this.#propose();
    }
    if (type === EAP_TYPE.MD5_CHALLENGE) {
      return this.#responded({ code: CHAP_CODE.RESPONSE, id: packet.id, data });
    }
    if (data.length === 1) return this.#acknowledged(data[0]!);
    const inner = parseCpPacket(data, 0, data.length);
    if (inner !== undefined) this.#responded(inner);
  }

  #propose(): void {
    const method = this.#methods[0];
    if (method === undefined) return this.#conclude({ isAccepted: false, name: this.#identity, message: "" });
    const algorithm = EAP_METHOD_ALGORITHM[method];
    this.#verdict = undefined;
    this.#authenticator = new ChapAuthenticator(algorithm, this.random, this.#options);
    this.#authenticator.identity = this.#identity;
    const challenge = this.#authenticator.challenge((this.#id + 1) & 0xff);
    this.#request(
      EAP_METHOD_TYPE[method],
      method === "md5" ? challenge.subarray(CP_HEADER_LENGTH) : challenge,
    );
  }

  /** A Nak: the peer names what it could do instead (RFC 3748 §5.3.1). */
  #refused(wanted: Uint8Array): void {
    const known = this.#methods;
    this.#methods = known.slice(1).filter((method) => wanted.includes(EAP_METHOD_TYPE[method]));
    if (this.#methods.length > 0) return this.#propose();
    const names = [...wanted].filter((type) => type !== 0).map(eapTypeName).join(", ") || "nothing";
    const message = `the peer can do ${names}, and this side accepts ${eapMethodNames(known)} only`;
    this.#conclude({ isAccepted: false, name: this.#identity, message });
  }

  #responded(packet: CpPacket): void {
    if (this.#verdict !== undefined) return; // it is to be acknowledged, not argued with
    const step = this.#authenticator?.input(packet, true);
    if (step === undefined) return;
    this.#verdict = step.outcome;
    if (this.#type === EAP_TYPE.MD5_CHALLENGE) {
      if (step.outcome !== undefined) this.#conclude(step.outcome);
    } else if (step.send !== undefined) this.#request(this.#type, step.send);
  }

  /** MS-CHAPv2's own success or failure has been acknowledged. */
  #acknowledged(code: number): void {
    const verdict = this.#verdict;
    if (verdict === undefined) {
      // It was offered another try, and does not want it.
      if (code !== CHAP_CODE.FAILURE) return;
      return this.#conclude({ isAccepted: false, name: this.#identity, message: "wrong name or secret" });
    }
    // Who does not believe our proof says "failure" to a success.
    const isAccepted = verdict.isAccepted && code === CHAP_CODE.SUCCESS;
    const message = verdict.isAccepted ? "the peer did not accept our proof" : verdict.message;
    this.#conclude(isAccepted ? verdict : { isAccepted, name: verdict.name, message });
  }

  #request(type: number, data: Uint8Array): void {
    this.#id = (this.#id + 1) & 0xff;
    this.#type = type;
    const packet = emitEapPacket(EAP_CODE.REQUEST, this.#id, type, data);
    this.repeat(() => packet);
  }

  #conclude(outcome: AuthenticationOutcome): void {
    this.#type = 0;
    this.#authenticator = undefined;
    this.send(
      emitCpPacket(outcome.isAccepted ? EAP_CODE.SUCCESS : EAP_CODE.FAILURE, this.#id, new Uint8Array(0)),
    );
    if (outcome.isAccepted) this.#rechallenge.start();
    this.report(outcome);
  }
}
