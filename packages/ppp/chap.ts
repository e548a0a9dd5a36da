/** Challenge Handshake Authentication Protocol with MD5 (RFC 1994), both sides.
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Random, Timer, TimerQueue } from "@lightwire/netif";
import {
  type Authentication,
  type AuthenticationOutcome,
  type AuthenticationTiming,
  DEFAULT_AUTH_ATTEMPTS,
  DEFAULT_AUTH_RETRY_MS,
  type PppCredentials,
  type SecretLookup,
} from "./authentication.ts";
import { type CpPacket, emitCpPacket, peerText } from "./cp_packet.ts";
import { md5 } from "./md5.ts";

/** Codes of RFC 1994 §4. */
export const CHAP_CODE = { CHALLENGE: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4 } as const;

const CHALLENGE_LENGTH = 16;
const DIGEST_LENGTH = 16;

/** The value of a response: MD5 over identifier, secret and challenge (RFC 1994 §4.1). */
export function chapMd5Response(id: number, secret: string, challenge: Uint8Array): Uint8Array {
  return md5(Uint8Array.of(id), new TextEncoder().encode(secret), challenge);
}

/** Challenges and responses: one octet of length, the value, a name without length. */
function valueAndName(value: Uint8Array, name: string): Uint8Array {
  return Uint8Array.of(value.length, ...value, ...new TextEncoder().encode(name).subarray(0, 255));
}

/** The side that proves who it is. It answers every challenge, those during the link's life too. */
export class ChapClient implements Authentication {
  readonly #credentials: PppCredentials;
  readonly #send: (packet: Uint8Array) => void;
  readonly #done: (outcome: AuthenticationOutcome) => void;
  readonly #timer: Timer;
  readonly #limitMs: number;
  #isRunning = false;
  #responseId = -1;

  /** Makes a client that is not started. */
  constructor(
    timers: TimerQueue,
    credentials: PppCredentials,
    send: (packet: Uint8Array) => void,
    done: (outcome: AuthenticationOutcome) => void,
    timing: AuthenticationTiming = {},
  ) {
    this.#credentials = credentials;
    this.#send = send;
    this.#done = done;
    this.#limitMs = (timing.retryMs ?? DEFAULT_AUTH_RETRY_MS) * (timing.attempts ?? DEFAULT_AUTH_ATTEMPTS);
    this.#timer = timers.create(() => this.#finish(false, "no answer"));
  }

  /** {@inheritDoc Authentication.start} */
  start(): void {
    this.#isRunning = true;
    this.#responseId = -1;
    this.#timer.start(this.#limitMs);
  }

  /** {@inheritDoc Authentication.stop} */
  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** {@inheritDoc Authentication.input} */
  input(packet: CpPacket): void {
    if (!this.#isRunning) return;
    if (packet.code === CHAP_CODE.CHALLENGE) return this.#challenged(packet);
    if (packet.code !== CHAP_CODE.SUCCESS && packet.code !== CHAP_CODE.FAILURE) return;
    if (packet.id !== this.#responseId) return;
    this.#responseId = -1;
    this.#finish(packet.code === CHAP_CODE.SUCCESS, peerText(packet.data));
  }

  #challenged(packet: CpPacket): void {
    const length = packet.data[0] ?? 0;
    if (length === 0 || 1 + length > packet.data.length) return;
    const { name, secret } = this.#credentials;
    const value = chapMd5Response(packet.id, secret, packet.data.subarray(1, 1 + length));
    this.#responseId = packet.id;
    this.#send(emitCpPacket(CHAP_CODE.RESPONSE, packet.id, valueAndName(value, name)));
  }

  #finish(isAccepted: boolean, message: string): void {
    this.#timer.stop();
    this.#done({ isAccepted, name: this.#credentials.name, message });
  }
}

/** The side that challenges. */
export class ChapServer implements Authentication {
  readonly #random: Random;
  readonly #name: string;
  readonly #lookup: SecretLookup;
  readonly #send: (packet: Uint8Array) => void;
  readonly #done: (outcome: AuthenticationOutcome) => void;
  readonly #timer: Timer;
  readonly #retryMs: number;
  readonly #attempts: number;
  #isRunning = false;
  #id: number;
  #challenge: Uint8Array = new Uint8Array(0);
  #left = 0;
  #verdict: boolean | undefined;

  /** Makes a server that is not started.
   *
   * @param name Our name, as the peer is to see it.
   */
  constructor(
    timers: TimerQueue,
    random: Random,
    name: string,
    lookup: SecretLookup,
    send: (packet: Uint8Array) => void,
    done: (outcome: AuthenticationOutcome) => void,
    timing: AuthenticationTiming = {},
  ) {
    this.#random = random;
    this.#name = name;
    this.#lookup = lookup;
    this.#send = send;
    this.#done = done;
    this.#retryMs = timing.retryMs ?? DEFAULT_AUTH_RETRY_MS;
    this.#attempts = timing.attempts ?? DEFAULT_AUTH_ATTEMPTS;
    this.#timer = timers.create(() => this.#sendChallenge());
    this.#id = random.uint32() & 0xff;
  }

  /** {@inheritDoc Authentication.start} Also challenges anew at any time (RFC 1994 §2). */
  start(): void {
    this.#isRunning = true;
    this.#verdict = undefined;
    this.#id = (this.#id + 1) & 0xff;
    this.#challenge = Uint8Array.from({ length: CHALLENGE_LENGTH }, () => this.#random.uint32() >>> 24);
    this.#left = this.#attempts;
    this.#sendChallenge();
  }

  /** {@inheritDoc Authentication.stop} */
  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** {@inheritDoc Authentication.input} */
  input(packet: CpPacket): void {
    if (!this.#isRunning || packet.code !== CHAP_CODE.RESPONSE || packet.id !== this.#id) return;
    if (packet.data[0] !== DIGEST_LENGTH || packet.data.length < 1 + DIGEST_LENGTH) return;
    // Our answer may have been lost: the same one again, whatever this response says (RFC 1994 §4.2).
    if (this.#verdict !== undefined) return this.#answer(this.#verdict);
    const name = peerText(packet.data.subarray(1 + DIGEST_LENGTH));
    const secret = this.#lookup(name);
    const wanted = chapMd5Response(packet.id, secret ?? "", this.#challenge);
    const isEqual = equalsConstantTime(packet.data.subarray(1, 1 + DIGEST_LENGTH), wanted);
    const isAccepted = secret !== undefined && isEqual;
    this.#verdict = isAccepted;
    this.#timer.stop();
    this.#answer(isAccepted);
    this.#done({ isAccepted, name, message: isAccepted ? "" : "wrong name or secret" });
  }

  #sendChallenge(): void {
    if (this.#left-- === 0) return this.#done({ isAccepted: false, name: "", message: "no answer" });
    this.#timer.start(this.#retryMs);
    this.#send(emitCpPacket(CHAP_CODE.CHALLENGE, this.#id, valueAndName(this.#challenge, this.#name)));
  }

  #answer(isAccepted: boolean): void {
    const text = new TextEncoder().encode(isAccepted ? "Welcome" : "Login incorrect");
    this.#send(emitCpPacket(isAccepted ? CHAP_CODE.SUCCESS : CHAP_CODE.FAILURE, this.#id, text));
  }
}
