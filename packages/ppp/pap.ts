/** Password Authentication Protocol (RFC 1334 §2), both sides.
 *
 * @module
 */
import { equalsConstantTime } from "@lightwire/pbuf";
import type { Timer, TimerQueue } from "@lightwire/netif";
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

/** Codes of RFC 1334 §2.2. */
export const PAP_CODE = { REQUEST: 1, ACK: 2, NAK: 3 } as const;

function lengthPrefixed(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, 255);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** The side that sends its password. */
export class PapClient implements Authentication {
  readonly #credentials: PppCredentials;
  readonly #send: (packet: Uint8Array) => void;
  readonly #done: (outcome: AuthenticationOutcome) => void;
  readonly #timer: Timer;
  readonly #retryMs: number;
  readonly #attempts: number;
  #id = 0;
  #left = 0;
  #isWaiting = false;

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
    this.#timer = timers.create(() => this.#request());
    this.#retryMs = timing.retryMs ?? DEFAULT_AUTH_RETRY_MS;
    this.#attempts = timing.attempts ?? DEFAULT_AUTH_ATTEMPTS;
  }

  /** {@inheritDoc Authentication.start} */
  start(): void {
    this.#left = this.#attempts;
    this.#isWaiting = true;
    this.#request();
  }

  /** {@inheritDoc Authentication.stop} */
  stop(): void {
    this.#isWaiting = false;
    this.#timer.stop();
  }

  /** {@inheritDoc Authentication.input} */
  input(packet: CpPacket): void {
    const isAnswer = packet.code === PAP_CODE.ACK || packet.code === PAP_CODE.NAK;
    if (!this.#isWaiting || !isAnswer || packet.id !== this.#id) return;
    const message = packet.data.length > 0 ? packet.data.subarray(1, 1 + packet.data[0]!) : packet.data;
    this.#finish(packet.code === PAP_CODE.ACK, peerText(message));
  }

  #request(): void {
    if (this.#left-- === 0) return this.#finish(false, "no answer");
    this.#id = (this.#id + 1) & 0xff; // a new one each time (RFC 1334 §2.2.1)
    this.#timer.start(this.#retryMs);
    const { name, secret } = this.#credentials;
    const data = Uint8Array.of(...lengthPrefixed(name), ...lengthPrefixed(secret));
    this.#send(emitCpPacket(PAP_CODE.REQUEST, this.#id, data));
  }

  #finish(isAccepted: boolean, message: string): void {
    this.stop();
    this.#done({ isAccepted, name: this.#credentials.name, message });
  }
}

/** The side that checks a password. */
export class PapServer implements Authentication {
  readonly #lookup: SecretLookup;
  readonly #send: (packet: Uint8Array) => void;
  readonly #done: (outcome: AuthenticationOutcome) => void;
  readonly #timer: Timer;
  readonly #limitMs: number;
  #isRunning = false;
  #verdict: boolean | undefined;

  /** Makes a server that is not started. */
  constructor(
    timers: TimerQueue,
    lookup: SecretLookup,
    send: (packet: Uint8Array) => void,
    done: (outcome: AuthenticationOutcome) => void,
    timing: AuthenticationTiming = {},
  ) {
    this.#lookup = lookup;
    this.#send = send;
    this.#done = done;
    this.#limitMs = (timing.retryMs ?? DEFAULT_AUTH_RETRY_MS) * (timing.attempts ?? DEFAULT_AUTH_ATTEMPTS);
    this.#timer = timers.create(() => done({ isAccepted: false, name: "", message: "no answer" }));
  }

  /** {@inheritDoc Authentication.start} */
  start(): void {
    this.#isRunning = true;
    this.#verdict = undefined;
    this.#timer.start(this.#limitMs);
  }

  /** {@inheritDoc Authentication.stop} */
  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** {@inheritDoc Authentication.input} */
  input(packet: CpPacket): void {
    if (!this.#isRunning || packet.code !== PAP_CODE.REQUEST) return;
    const nameLength = packet.data[0] ?? 0;
    const secretAt = 1 + nameLength;
    const secretLength = packet.data[secretAt];
    if (secretLength === undefined || secretAt + 1 + secretLength > packet.data.length) return;
    // The answer may have been lost: a repeated request gets the same one, whatever it says (RFC 1334 §2.2.1).
    if (this.#verdict !== undefined) return this.#answer(packet.id, this.#verdict);
    const name = peerText(packet.data.subarray(1, secretAt));
    const wanted = this.#lookup(name);
    const given = packet.data.subarray(secretAt + 1, secretAt + 1 + secretLength);
    const isEqual = equalsConstantTime(given, new TextEncoder().encode(wanted ?? ""));
    const isAccepted = wanted !== undefined && isEqual;
    this.#verdict = isAccepted;
    this.#timer.stop();
    this.#answer(packet.id, isAccepted);
    this.#done({ isAccepted, name, message: isAccepted ? "" : "wrong name or password" });
  }

  #answer(id: number, isAccepted: boolean): void {
    const text = isAccepted ? "Welcome" : "Login incorrect";
    this.#send(emitCpPacket(isAccepted ? PAP_CODE.ACK : PAP_CODE.NAK, id, lengthPrefixed(text)));
  }
}
