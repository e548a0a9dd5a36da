/** {@linkcode RedialPolicy}: after which ends of a session to dial again, and when.
 *
 * @module
 */
import { type Random, randomUnit } from "@lightwire/netif";
import type { PppEnd } from "./ppp_session.ts";

/** What to do after an end:
 * - "redial": the line, the peer or the network between had an accident;
 * - "give-up": the same would happen again, and more attempts may lock an account;
 * - "rest": nobody needs the session now: wait for a packet, if one may begin it;
 * - "done": we have ended it. */
export type AfterEnd = "redial" | "give-up" | "rest" | "done";

const AFTER_END: Readonly<Record<PppEnd | "mppe-required", AfterEnd>> = {
  "closed": "done",
  "terminated-by-peer": "redial",
  "timeout": "redial",
  "not-converging": "give-up",
  "rejected-by-peer": "give-up",
  "loopback": "redial", // a modem that fell back to its command mode echoes
  "peer-dead": "redial",
  "authentication-refused": "give-up",
  "no-address": "redial", // operators are slow at times
  "line-lost": "redial",
  "authentication-failed": "give-up",
  "authentication-impossible": "give-up",
  "idle-timeout": "rest",
  "max-session": "redial",
  "mppe-required": "give-up",
  "no-network-protocol": "give-up",
};

/** What to do after an end of a session. */
export function afterPppEnd(end: PppEnd): AfterEnd {
  return AFTER_END[end];
}

/** Options of {@linkcode RedialPolicy}. */
export interface RedialOptions {
  /** Pause before the second attempt, in milliseconds; default {@linkcode DEFAULT_HOLD_OFF_MS}. It doubles with each further
   * failure in a row. */
  readonly holdOffMs?: number;
  /** Longest pause; default {@linkcode DEFAULT_MAX_HOLD_OFF_MS}. */
  readonly maxHoldOffMs?: number;
  /** Part of a pause that is left to chance, so that a thousand devices do not dial at once after an outage; default
   * {@linkcode DEFAULT_HOLD_OFF_JITTER}: between three quarters and five quarters of it. */
  readonly jitter?: number;
  /** Failures in a row until it gives up; default {@linkcode DEFAULT_MAX_DIAL_FAILURES}, 0 for never. */
  readonly maxFailures?: number;
  /** A session that lasted as long counts as a success; default {@linkcode DEFAULT_STABLE_MS}. */
  readonly stableMs?: number;
}

/** First pause by default. */
export const DEFAULT_HOLD_OFF_MS = 5000;
/** Longest pause by default: five minutes. */
export const DEFAULT_MAX_HOLD_OFF_MS = 300_000;
/** Part of a pause that is left to chance, by default. */
export const DEFAULT_HOLD_OFF_JITTER = 0.25;
/** Failures in a row by default; with the pauses between them, about half an hour. */
export const DEFAULT_MAX_DIAL_FAILURES = 10;
/** Age at which a session counts as a success, by default. */
export const DEFAULT_STABLE_MS = 60_000;

/** Counts failures in a row, and says how long to wait after each. */
export class RedialPolicy {
  readonly #options: RedialOptions;
  readonly #random: Random;
  #failures = 0;

  /** Makes a policy without failures.
   *
   * @throws {RangeError} if an option is negative or not a number, or `jitter` above 1.
   */
  constructor(random: Random, options: RedialOptions = {}) {
    for (const [name, value] of Object.entries(options)) {
      if (!(value >= 0) || (name === "jitter" && value > 1)) {
        throw new RangeError(`Cannot redial with ${name} ${value}`);
      }
    }
    this.#random = random;
    this.#options = options;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Forgets the failures. */
  reset(): void {
    this.#failures = 0;
  }

  /** A session or an attempt has failed.
   *
   * @param upMs How long the session was up; 0 for an attempt that came to nothing.
   * @returns the pause before the next attempt, in milliseconds; `undefined` when there were too many.
   */
  failed(upMs: number): number | undefined {
    const o = this.#options;
    if (upMs >= (o.stableMs ?? DEFAULT_STABLE_MS)) this.#failures = 0;
    this.#failures++;
    const maxFailures = o.maxFailures ?? DEFAULT_MAX_DIAL_FAILURES;
    if (maxFailures > 0 && this.#failures >= maxFailures) return undefined;
    const most = o.maxHoldOffMs ?? DEFAULT_MAX_HOLD_OFF_MS;
    const pause = Math.min((o.holdOffMs ?? DEFAULT_HOLD_OFF_MS) * 2 ** (this.#failures - 1), most);
    const jitter = o.jitter ?? DEFAULT_HOLD_OFF_JITTER;
    return Math.min(pause * (1 - jitter + 2 * jitter * randomUnit(this.#random)), most);
  }
}
