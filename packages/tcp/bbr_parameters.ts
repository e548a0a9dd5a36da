/** Names and numbers of BBR, version 3 (draft-ietf-ccwg-bbr-06 §2).
 *
 * @module
 */

/** Where a connection stands (§5.1.1). */
export type BbrState = "STARTUP" | "DRAIN" | "DOWN" | "CRUISE" | "REFILL" | "UP" | "PROBE_RTT";

/** What acknowledgments tell about the last probe (§5.3.3.9). */
export type AckPhase = "NONE" | "REFILLING" | "PROBE_STARTING" | "PROBE_FEEDBACK" | "PROBE_STOPPING";

/** What pacing is of the bandwidth estimate (§5.6.1). */
export const PACING_GAIN: Readonly<Record<BbrState, number>> = {
  STARTUP: 2.77,
  DRAIN: 0.5,
  DOWN: 0.9,
  CRUISE: 1,
  REFILL: 1,
  UP: 1.25,
  PROBE_RTT: 1,
};
/** What the window is of the bandwidth-delay product (§5.6.1). */
export const CWND_GAIN: Readonly<Record<BbrState, number>> = {
  STARTUP: 2,
  DRAIN: 2,
  DOWN: 2,
  CRUISE: 2,
  REFILL: 2,
  UP: 2.25,
  PROBE_RTT: 0.5,
};
/** Pacing stays a little below the estimate, so that queues drain (§5.6.2). */
export const PACING_MARGIN = 0.99;
/** Segments that are enough to keep acknowledgments coming (§5.6.4.3). */
export const MIN_PIPE_SEGMENTS = 4;
/** BBR.LossThresh: share of a round trip's octets that may be lost. */
export const LOSS_THRESHOLD = 0.02;
/** BBR.Beta: what a response to loss leaves at least. */
export const BETA = 0.7;
/** BBR.Headroom: room left for others while cruising. */
export const HEADROOM = 0.15;
/** Rounds without a quarter more bandwidth until the pipe counts as full (§5.3.1.2). */
export const FULL_BANDWIDTH_ROUNDS = 3;
/** That quarter. */
export const FULL_BANDWIDTH_GROWTH = 1.25;
/** BBR.MinRTTFilterLen. */
export const MIN_RTT_FILTER_MS = 10_000;
/** BBR.ProbeRTTInterval. */
export const PROBE_RTT_INTERVAL_MS = 5_000;
/** BBR.ProbeRTTDuration: how long the queue is kept empty. */
export const PROBE_RTT_MS = 200;
/** How much of a round trip PROBE_RTT takes out of the flight at most, in milliseconds: see `BbrMachine.probeRttWindow()`. */
export const PROBE_RTT_DRAINED_MS = 150;
/** BBR.ExtraAckedFilterLen, in round trips. */
export const EXTRA_ACKED_ROUNDS = 10;
/** Distinct losses in a round trip of STARTUP that end it, with 2 % of octets (§5.3.1.3). */
export const STARTUP_LOSS_EVENTS = 6;
/** Round trips that DRAIN may take (§5.3.2). */
export const DRAIN_ROUNDS = 3;
/** A probe for bandwidth every two to three seconds (§5.3.3.8.2). */
export const PROBE_WAIT_MS = 2000;
/** Rounds after which a Reno flow of the same window would have probed, at most (§5.3.3.8.2). */
export const MAX_RENO_ROUNDS = 63;

/** Options of {@linkcode Bbr}. */
export interface BbrOptions {
  /** Initial window in segments. Default 10. */
  readonly initialWindowSegments?: number;
  /** Spreads the probes of connections that share a path, which would learn nothing of each other's if they probed together
   * (§5.3.3.8.3): a number in [0, 1). Default: the same numbers for each connection. */
  readonly spread?: () => number;
}

/** A spread that needs no entropy: the golden ratio's multiples are evenly distributed. */
export function defaultSpread(): () => number {
  let n = 0;
  return () => (++n * 0.618033988749895) % 1;
}
