/** {@linkcode ChapPeer} and {@linkcode ChapAuthenticator}: the two sides of a CHAP exchange as packets in and packets out,
 * without time: CHAP itself and the methods of EAP that carry CHAP within are frames around them.
 *
 * @module
 */
import type { Random } from "@lightwire/netif";
import type {
  AskAgain,
  AuthenticationOutcome,
  PppCredentials,
  SecretChange,
  SecretLookup,
} from "./authentication.ts";
import type { ChapAlgorithm, ChapExchange } from "./chap_algorithm.ts";
import { type CpPacket, emitCpPacket, equalBytes, peerText } from "./cp_packet.ts";
import {
  describeMsChapFailure,
  formatMsChapFailure,
  MSCHAP_ERROR,
  type MsChapFailure,
  parseMsChapFailure,
} from "./mschap_failure.ts";
import { randomBytes } from "./random_bytes.ts";

/** Codes of RFC 1994 §4. The changes of secrets of MS-CHAP have codes of their own: 6 and 7. */
export const CHAP_CODE = { CHALLENGE: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4 } as const;

/** How often other credentials are asked for on one link, and a peer is told that its secret has expired. */
export const MAX_ASKED_AGAIN = 3;

/** What the authenticator reports about a refusal. */
const REFUSAL: ReadonlyMap<number, string> = new Map([
  [MSCHAP_ERROR.AUTHENTICATION_FAILURE, "wrong name or secret"],
  [MSCHAP_ERROR.PASSWORD_EXPIRED, "the secret has expired"],
  [MSCHAP_ERROR.CHANGING_PASSWORD, "the new secret was not accepted"],
]);

/** What follows from a packet: something to send, or the end, or both. */
export interface ChapStep {
  /** A packet, to be sent before the outcome is reported. */
  readonly send?: Uint8Array;
  /** The end. */
  readonly outcome?: AuthenticationOutcome;
  /** The other side has been told to try again. */
  readonly isNewTry?: boolean;
}

/** Challenges and responses: one octet of length, the value, a name without length. */
function valueAndName(value: Uint8Array, name: string): Uint8Array {
  return Uint8Array.of(value.length, ...value, ...new TextEncoder().encode(name).subarray(0, 255));
}

/** The value of a challenge or response; `undefined` if it does not fit. */
function valueOf(data: Uint8Array): Uint8Array | undefined {
  const length = data[0] ?? 0;
  return length === 0 || 1 + length > data.length ? undefined : data.slice(1, 1 + length);
}

/** The side that proves who it is. */
export class ChapPeer {
  readonly #algorithm: ChapAlgorithm;
  readonly #random: Random;
  readonly #askAgain: AskAgain | undefined;
  #credentials: PppCredentials;
  #exchange: ChapExchange | undefined;
  #secret: string;
  #response: Uint8Array = new Uint8Array(0);
  #answer: Uint8Array = new Uint8Array(0);
  #asked = 0;
  #isChanging = false;
  #isChanged = false;

  /** Makes a side that has not been challenged yet. */
  constructor(algorithm: ChapAlgorithm, credentials: PppCredentials, random: Random, askAgain?: AskAgain) {
    this.#algorithm = algorithm;
    this.#credentials = credentials;
    this.#secret = credentials.secret;
    this.#random = random;
    this.#askAgain = askAgain;
  }

  /** Takes a packet.
   *
   * @param isWithinEap Whether EAP has matched it already: identifiers inside of EAP count differently from one
   * implementation to the other.
   * @returns `undefined` if it means nothing here.
   */
  input(packet: CpPacket, isWithinEap: boolean = false): ChapStep | undefined {
    if (packet.code === CHAP_CODE.CHALLENGE) return this.#challenged(packet);
    const exchange = this.#exchange;
    if (exchange === undefined || (packet.id !== exchange.id && !isWithinEap)) return undefined;
    if (packet.code === CHAP_CODE.SUCCESS) return this.#succeeded(exchange, peerText(packet.data));
    if (packet.code === CHAP_CODE.FAILURE) return this.#failed(exchange, packet);
    return undefined;
  }

  #challenged(packet: CpPacket): ChapStep | undefined {
    const challenge = valueOf(packet.data);
    if (challenge === undefined || !this.#algorithm.canAnswer(challenge.length)) return undefined;
    const last = this.#exchange;
    // The answer may have been lost: the same one again, since the other side may have judged it already.
    if (last?.id === packet.id && equalBytes(last.challenge, challenge)) return { send: this.#answer };
    return this.#respond(packet.id, challenge);
  }

  #respond(id: number, challenge: Uint8Array): ChapStep {
    const exchange = this.#begin(id, challenge);
    this.#response = this.#algorithm.respond(exchange, this.#secret, this.#random);
    const data = valueAndName(this.#response, exchange.name);
    return this.#send(CHAP_CODE.RESPONSE, data);
  }

  #send(code: number, data: Uint8Array): ChapStep {
    this.#answer = emitCpPacket(code, this.#exchange!.id, data);
    return { send: this.#answer };
  }

  #begin(id: number, challenge: Uint8Array): ChapExchange {
    this.#exchange = { id: id & 0xff, challenge, name: this.#credentials.name };
    return this.#exchange;
  }

  #succeeded(exchange: ChapExchange, text: string): ChapStep {
    const { name } = exchange;
    if (!this.#algorithm.isGenuine(exchange, this.#secret, this.#response, text)) {
      return { outcome: { isAccepted: false, name, message: "the peer does not know our secret itself" } };
    }
    if (this.#isChanging) this.#isChanged = true;
    const keys = this.#algorithm.keys?.(exchange, this.#secret, this.#response, false);
    const message = text.replace(/^S=[0-9a-f]{40}(\s+M=)?/i, "");
    return {
      outcome: { isAccepted: true, name, message, ...(keys && { keys }), isSecretChanged: this.#isChanged },
    };
  }

  #failed(exchange: ChapExchange, packet: CpPacket): ChapStep {
    const text = peerText(packet.data);
    const failure = this.#algorithm.dialect === undefined ? undefined : parseMsChapFailure(text);
    const message = failure === undefined ? text : describeMsChapFailure(failure);
    const again = failure?.challenge === undefined ? undefined : this.#again(packet.id + 1, failure, message);
    if (again !== undefined) return again;
    this.#exchange = undefined;
    return { outcome: { isAccepted: false, name: exchange.name, message } };
  }

  /** Changes the secret, or tries with another, if the failure lets us. The answer counts as one to a challenge whose
   * identifier is one higher (RFC 2759 §9.1). */
  #again(id: number, failure: MsChapFailure, message: string): ChapStep | undefined {
    const challenge = failure.challenge!;
    if (!this.#algorithm.canAnswer(challenge.length)) return undefined;
    const { newSecret } = this.#credentials;
    if (failure.error === MSCHAP_ERROR.PASSWORD_EXPIRED && newSecret !== undefined && !this.#isChanging) {
      this.#isChanging = true;
      const next = this.#begin(id, challenge);
      const dialect = this.#algorithm.dialect!;
      const change = dialect.emitChange(next, this.#secret, newSecret, this.#random);
      this.#secret = newSecret;
      this.#response = change.response;
      return this.#send(dialect.changeCode, change.data);
    }
    if (!failure.mayRetry || this.#askAgain === undefined || this.#asked++ >= MAX_ASKED_AGAIN) {
      return undefined;
    }
    const credentials = this.#askAgain(message);
    if (credentials === undefined) return undefined;
    this.#credentials = credentials;
    this.#secret = credentials.secret;
    this.#isChanging = false;
    return this.#respond(id, challenge);
  }
}

/** Options of {@linkcode ChapAuthenticator}. */
export interface ChapAuthenticatorOptions {
  /** Our name, as the peer is to see it. */
  readonly name: string;
  /** Whose secrets we know. */
  readonly lookup: SecretLookup;
  /** How often the peer may try again after a failure, with MS-CHAP; default 0. */
  readonly retries?: number;
  /** Lets peers change their secrets, with MS-CHAP; by default they cannot. */
  readonly secretChange?: SecretChange;
}

/** The side that challenges. */
export class ChapAuthenticator {
  /** Whose proof counts if a response has no name: EAP knows it from before. */
  identity: string = "";
  readonly #algorithm: ChapAlgorithm;
  readonly #random: Random;
  readonly #options: ChapAuthenticatorOptions;
  #id: number;
  #challenge: Uint8Array = new Uint8Array(0);
  #retriesLeft = 0;
  #expiriesLeft = 0;
  #expiredName: string | undefined;
  #answered: CpPacket | undefined;
  #answer: Uint8Array = new Uint8Array(0);

  /** Makes a side that has not challenged anybody yet. */
  constructor(algorithm: ChapAlgorithm, random: Random, options: ChapAuthenticatorOptions) {
    this.#algorithm = algorithm;
    this.#random = random;
    this.#options = options;
    this.#id = random.uint32() & 0xff;
  }

  /** A new challenge.
   *
   * @param id Its identifier; by default the one after the last.
   */
  challenge(id: number = (this.#id + 1) & 0xff): Uint8Array {
    this.#id = id;
    this.#challenge = randomBytes(this.#random, this.#algorithm.challengeLength);
    this.#retriesLeft = this.#options.retries ?? 0;
    this.#expiriesLeft = MAX_ASKED_AGAIN;
    this.#expiredName = undefined;
    this.#answered = undefined;
    return emitCpPacket(CHAP_CODE.CHALLENGE, id, valueAndName(this.#challenge, this.#options.name));
  }

  /** Whether a challenge of the peer is the one that we have sent: it wants us to do its work (RFC 1994 §2.3). */
  isReflection(challenge: CpPacket): boolean {
    const value = valueOf(challenge.data);
    return challenge.code === CHAP_CODE.CHALLENGE && value !== undefined &&
      equalBytes(value, this.#challenge);
  }

  /** Takes a packet.
   *
   * @param isWithinEap Whether EAP has matched it already, and taken care of repetitions.
   * @returns `undefined` if it means nothing here; with neither outcome nor new try if the peer repeats itself.
   */
  input(packet: CpPacket, isWithinEap: boolean = false): ChapStep | undefined {
    const { dialect } = this.#algorithm;
    const isChange = packet.code === dialect?.changeCode;
    if (packet.code !== CHAP_CODE.RESPONSE && !isChange) return undefined;
    // Our answer may have been lost: the same one again, whatever this response says (RFC 1994 §4.2).
    if (!isWithinEap && packet.id === this.#answered?.id) return { send: this.#answer };
    if (!isWithinEap && packet.id !== this.#id) return undefined;
    return isChange ? this.#changed(packet) : this.#responded(packet);
  }

  #responded(packet: CpPacket): ChapStep | undefined {
    const response = valueOf(packet.data);
    if (response?.length !== this.#algorithm.responseLength) return undefined;
    const name = peerText(packet.data.subarray(1 + response.length)) || this.identity;
    const exchange: ChapExchange = { id: packet.id, challenge: this.#challenge, name };
    const secret = this.#options.lookup(name);
    const isRight = this.#algorithm.isRight(exchange, secret ?? "", response);
    if (secret === undefined || !isRight) {
      return this.#refuse(packet, name, MSCHAP_ERROR.AUTHENTICATION_FAILURE);
    }
    const { secretChange } = this.#options;
    if (this.#algorithm.dialect !== undefined && secretChange?.isExpired(name) === true) {
      return this.#refuse(packet, name, MSCHAP_ERROR.PASSWORD_EXPIRED);
    }
    return this.#accept(packet, exchange, secret, response);
  }

  #changed(packet: CpPacket): ChapStep | undefined {
    const name = this.#expiredName;
    const oldSecret = name === undefined ? undefined : this.#options.lookup(name);
    if (name === undefined || oldSecret === undefined) return undefined; // nobody was asked to change anything
    const change = this.#algorithm.dialect!.parseChange(packet.data, oldSecret);
    const exchange: ChapExchange = { id: packet.id, challenge: this.#challenge, name };
    const isRight = change !== undefined &&
      this.#algorithm.isRight(exchange, change.newSecret, change.response) &&
      this.#options.secretChange?.change(name, change.newSecret) === true;
    if (!isRight) return this.#refuse(packet, name, MSCHAP_ERROR.CHANGING_PASSWORD);
    return this.#accept(packet, exchange, change.newSecret, change.response);
  }

  #accept(packet: CpPacket, exchange: ChapExchange, secret: string, response: Uint8Array): ChapStep {
    const text = this.#algorithm.successText(exchange, secret, response);
    const keys = this.#algorithm.keys?.(exchange, secret, response, true);
    this.#note(packet, CHAP_CODE.SUCCESS, text);
    const outcome = { isAccepted: true, name: exchange.name, message: "", ...(keys && { keys }) };
    return { send: this.#answer, outcome };
  }

  #refuse(packet: CpPacket, name: string, error: number): ChapStep {
    const { dialect } = this.#algorithm;
    if (dialect === undefined) this.#note(packet, CHAP_CODE.FAILURE, "Login incorrect");
    const isExpired = error === MSCHAP_ERROR.PASSWORD_EXPIRED;
    const isWrong = error === MSCHAP_ERROR.AUTHENTICATION_FAILURE;
    const mayRetry = dialect !== undefined &&
      ((isExpired && this.#expiriesLeft-- > 0) || (isWrong && this.#retriesLeft-- > 0));
    if (dialect !== undefined) {
      this.#challenge = randomBytes(this.#random, this.#algorithm.challengeLength);
      const message = isExpired ? "Password expired" : isWrong ? "Login incorrect" : "Password not accepted";
      const failure = { error, mayRetry, challenge: this.#challenge, version: dialect.version, message };
      this.#note(packet, CHAP_CODE.FAILURE, formatMsChapFailure(failure));
    }
    if (!mayRetry) {
      return { send: this.#answer, outcome: { isAccepted: false, name, message: REFUSAL.get(error)! } };
    }
    this.#expiredName = isExpired ? name : undefined;
    this.#id = (packet.id + 1) & 0xff;
    return { send: this.#answer, isNewTry: true };
  }

  #note(packet: CpPacket, code: number, text: string): void {
    this.#answered = packet;
    this.#answer = emitCpPacket(code, packet.id, new TextEncoder().encode(text));
  }
}
