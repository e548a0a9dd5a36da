/** {@linkcode AuthenticationSide}: the frame of both sides of PAP, CHAP and EAP: when to send again, when to give up.
 *
 * @module
 */
import type { Random, Timer } from "@lightwire/netif";
import {
  type Authentication,
  type AuthenticationContext,
  type AuthenticationOutcome,
  DEFAULT_AUTH_ATTEMPTS,
  DEFAULT_AUTH_RETRY_MS,
} from "./authentication.ts";
import type { CpPacket } from "./cp_packet.ts";

/** One side of one protocol. It either sends a packet again and again until something comes, or waits in silence for as long
 * as that would take; then it gives up. */
export abstract class AuthenticationSide implements Authentication {
  readonly #context: AuthenticationContext;
  readonly #timer: Timer;
  readonly #retryMs: number;
  readonly #attempts: number;
  #isRunning = false;
  #hasSucceeded = false;
  #left = 0;
  #make: (() => Uint8Array) | undefined = undefined;

  /** Makes a side that is not started. */
  constructor(context: AuthenticationContext) {
    this.#context = context;
    this.#timer = context.timers.create(() => this.#expired());
    this.#retryMs = context.timing?.retryMs ?? DEFAULT_AUTH_RETRY_MS;
    this.#attempts = context.timing?.attempts ?? DEFAULT_AUTH_ATTEMPTS;
  }

  /** {@inheritDoc Authentication.start} */
  start(): void {
    this.#isRunning = true;
    this.#hasSucceeded = false;
    this.begin();
  }

  /** {@inheritDoc Authentication.input} */
  input(packet: CpPacket): void {
    if (this.#isRunning) this.received(packet);
  }

  /** {@inheritDoc Authentication.stop} */
  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** {@inheritDoc Authentication.indicateSuccess} Most protocols do not need it. */
  indicateSuccess(): void {}

  /** Entropy. */
  protected get random(): Random {
    return this.#context.random;
  }

  /** Whether the first proof has been accepted since {@linkcode start}. */
  protected get hasSucceeded(): boolean {
    return this.#hasSucceeded;
  }

  /** Starts the exchange. */
  protected abstract begin(): void;

  /** Takes a packet; only called while running. */
  protected abstract received(packet: CpPacket): void;

  /** Nothing has come for as long as we are patient. */
  protected gaveUp(): void {
    this.report({ isAccepted: false, name: "", message: "no answer" });
  }

  /** Sends a packet once. */
  protected send(packet: Uint8Array): void {
    this.#context.send(packet);
  }

  /** Sends a packet now, and made anew after each period without {@linkcode settle}. */
  protected repeat(make: () => Uint8Array): void {
    this.#make = make;
    this.#left = this.#attempts;
    this.#expired();
  }

  /** Waits, in silence. */
  protected wait(ms: number = this.#retryMs * this.#attempts): void {
    this.#make = undefined;
    this.#left = 0;
    this.#timer.start(ms);
  }

  /** What was waited for has come: no repetition, no giving up. */
  protected settle(): void {
    this.#timer.stop();
  }

  /** {@linkcode settle}s, and reports. */
  protected report(outcome: AuthenticationOutcome): void {
    this.settle();
    if (outcome.isAccepted) this.#hasSucceeded = true;
    this.#context.done(outcome);
  }

  #expired(): void {
    if (this.#left-- <= 0 || this.#make === undefined) return this.gaveUp();
    this.#timer.start(this.#retryMs);
    this.send(this.#make());
  }
}
