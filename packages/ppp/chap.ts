/** Challenge Handshake Authentication Protocol (RFC 1994), both sides, for each of its algorithms.
 *
 * @module
 */
import type { AskAgain, AuthenticationContext, PppCredentials } from "./authentication.ts";
import { AuthenticationSide } from "./authentication_side.ts";
import type { ChapAlgorithm } from "./chap_algorithm.ts";
import { ChapAuthenticator, type ChapAuthenticatorOptions, ChapPeer } from "./chap_exchange.ts";
import type { CpPacket } from "./cp_packet.ts";
import { RechallengeTimer } from "./rechallenge_timer.ts";

/** Challenges without a verdict until the exchange counts as one without end. */
export const MAX_CHAP_CHALLENGES = 50;

/** The side that proves who it is. It answers every challenge, those during the link's life too. */
export class ChapClient extends AuthenticationSide {
  readonly #peer: ChapPeer;
  readonly #name: string;
  #answers = 0;

  /** Makes a client that is not started. */
  constructor(
    context: AuthenticationContext,
    algorithm: ChapAlgorithm,
    credentials: PppCredentials,
    askAgain?: AskAgain,
  ) {
    super(context);
    this.#name = credentials.name;
    this.#peer = new ChapPeer(algorithm, credentials, context.random, askAgain);
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    this.#answers = 0;
    this.wait();
  }

  /** {@inheritDoc AuthenticationSide.gaveUp} Who is in stays in without an answer: a late challenge may have been no new one. */
  protected override gaveUp(): void {
    if (!this.hasSucceeded) super.gaveUp();
  }

  /** {@inheritDoc AuthenticationSide.received} */
  protected received(packet: CpPacket): void {
    const step = this.#peer.input(packet);
    if (step === undefined) return;
    if (step.outcome !== undefined) this.#answers = 0;
    else if (++this.#answers > MAX_CHAP_CHALLENGES) {
      return this.report({ isAccepted: false, name: this.#name, message: "challenges without end" });
    }
    const answer = step.send;
    // The answer may get lost: again until the other side has said what it thinks of it (RFC 1994 §4.1).
    if (answer !== undefined) this.repeat(() => answer);
    if (step.outcome !== undefined) this.report(step.outcome);
  }
}

/** Options of {@linkcode ChapServer}. */
export interface ChapServerOptions extends ChapAuthenticatorOptions {
  /** Time until the peer is challenged anew; a random quarter more or less each time. Default 0: never. */
  readonly rechallengeMs?: number;
}

/** The side that challenges. */
export class ChapServer extends AuthenticationSide {
  readonly #authenticator: ChapAuthenticator;
  readonly #rechallenge: RechallengeTimer;

  /** Makes a server that is not started. */
  constructor(context: AuthenticationContext, algorithm: ChapAlgorithm, options: ChapServerOptions) {
    super(context);
    this.#authenticator = new ChapAuthenticator(algorithm, context.random, options);
    this.#rechallenge = new RechallengeTimer(context, options.rechallengeMs ?? 0, () => this.begin());
  }

  /** Whether a challenge of the peer is the one that we have sent. */
  isReflection(challenge: CpPacket): boolean {
    return this.#authenticator.isReflection(challenge);
  }

  /** {@inheritDoc AuthenticationSide.stop} */
  override stop(): void {
    super.stop();
    this.#rechallenge.stop();
  }

  /** {@inheritDoc AuthenticationSide.begin} */
  protected begin(): void {
    const challenge = this.#authenticator.challenge();
    this.repeat(() => challenge);
  }

  /** {@inheritDoc AuthenticationSide.received} */
  protected received(packet: CpPacket): void {
    const step = this.#authenticator.input(packet);
    if (step === undefined) return;
    if (step.send !== undefined) this.send(step.send);
    if (step.outcome !== undefined) {
      if (step.outcome.isAccepted) this.#rechallenge.start();
      this.report(step.outcome);
    } else if (step.isNewTry === true) this.wait();
  }
}
