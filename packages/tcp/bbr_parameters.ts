/** Names and numbers of BBR, version 3 (draft-ietf-ccwg-bbr §2).
 *
 * @module
 */

/** Where a connection stands (§4.3.1). */
export type BbrState = "STARTUP" | "DRAIN" | "DOWN" | "CRUISE" | "REFILL" | "UP" | "PROBE_RTT";

/** What acknowledgments tell about the last probe (§5.5.10). */
export type AckPhase = "NONE" | "REFILLING" | "PROBE_STARTING" | "PROBE_FEEDBACK" | "PROBE_STOPPING";

/** What pacing is of the bandwidth estimate. */
export const PACING_GAIN: Readonly<Record<BbrState, number>> = {
  STARTUP: 2.77,
  DRAIN: 0.5,
  DOWN: 0.9,
  CRUISE: 1,
  REFILL: 1,
  UP: 1.25,
  PROBE_RTT: 1,
};
/** What the window is of the bandwidth-delay product. */
export const CWND_GAIN = 2;
/** The same in UP. */
export const CWND_GAIN_UP = 2.25;
/** The same in PROBE_RTT. */
export const CWND_GAIN_PROBE_RTT = 0.5;
/** Pacing stays a little below the estimate, so that queues drain (§4.5.1.3). */
export const PACING_MARGIN = 0.99;
/** How long the queue is kept empty. */
export const PROBE_RTT_MS = 200;
/** Distinct losses in a round trip of STARTUP that end it, with 2 % of octets (§4.3.1.3). */
export const STARTUP_LOSS_EVENTS = 6;
/** A probe for bandwidth every two to three seconds (§4.3.3.5.3). */
export const PROBE_WAIT_MS = 2000;
/** Rounds after which a Reno flow of the same window would have probed, at most. */
export const MAX_RENO_ROUNDS = 63;

/** Options of {@linkcode Bbr}. */
export interface BbrOptions {
  /** Initial window in segments. Default 10. */
  readonly initialWindowSegments?: number;
  /** Spreads the probes of many connections: a number in [0, 1). Default: the same for each connection. */
  readonly spread?: () => number;
}

/** A spread that needs no entropy: the golden ratio's multiples are evenly distributed.
 *
 * @param n where it begins: different for the connections of one stack, the same for the same stack in each run.
 */
export function defaultSpread(n: number = 0): () => number {
  return () => (++n * 0.618033988749895) % 1;
}
