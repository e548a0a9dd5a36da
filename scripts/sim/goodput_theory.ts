/** {@linkcode theoreticalGoodput}: what a congestion control may be expected to achieve on a path, and at least how much of it.
 *
 * @module
 */

/** Congestion controls of the table. */
export type GoodputControl = "reno" | "cubic" | "bbr";

/** Octets of text of a full segment: MTU 1,500, timestamps. */
const SMSS = 1448;
/** Octets of such a segment on the line. */
const PACKET_BYTES = 1500;
/** Round trip over the hosts' own lines to their routers, in seconds. */
const ACCESS_SECONDS = 0.0004;
/** Least distance of the retransmission timeout from the round trip (RFC 6298 §2, with Linux's 200 ms), in seconds. */
const LEAST_TIMEOUT_SECONDS = 0.2;
/** C (RFC 9438 §5.1). */
const CUBIC_C = 0.4;
/** β_cubic (RFC 9438 §4.6). */
const CUBIC_BETA = 0.7;

/** Average window of Reno under random loss, in segments: RFC 9438 §5.1, AVG_W for α = 1 and β = 0.5, which is Mathis, Semke, Mahdavi
 * and Ott's formula.
 *
 * @param lossRate probability that a segment is lost.
 */
export function renoWindow(lossRate: number): number {
  return Math.sqrt(1.5 / lossRate);
}

/** Average window of CUBIC under loss in regular intervals, in segments: RFC 9438 §5.1, and no less than Reno's, which the
 * Reno-friendly region is meant to match (§4.3).
 *
 * @param roundTripSeconds without queue.
 */
export function cubicWindow(lossRate: number, roundTripSeconds: number): number {
  const own = Math.pow((CUBIC_C * (3 + CUBIC_BETA)) / (4 * (1 - CUBIC_BETA)), 0.25) *
    Math.pow(roundTripSeconds / lossRate, 0.75);
  return Math.max(own, renoWindow(lossRate));
}

/** Loss that BBR bears for certain, and share of a round trip's octets above which losses are congestion to it (LossThresh,
 * draft-ietf-ccwg-bbr-06 §5.5.10). */
const BBR_NOISE = 0.01;
const BBR_LOSS_THRESHOLD = 0.02;
/** Standard deviations of that noise which are borne as well, beside a segment. */
const BBR_CONFIDENCE = 3;

/** Window that BBR keeps under losses by chance, in segments. Up to LossThresh they mean nothing to it. Above, a probe that loses more than
 * is borne ends, and bounds the window by what was in flight; one that raises the bound is told of the losses of two round trips, that
 * of REFILL and its own first. Such a probe stands an even chance while the losses expected in both are those that are borne: half
 * of the `n` segments with `p n = 0.01 n + 3 √(0.01 n) + 1`. (By the letter of the draft a single loss ends a probe of fewer than fifty
 * segments, and half of 1 ÷ p is left.) */
export function bbrWindow(lossRate: number): number {
  if (lossRate <= BBR_LOSS_THRESHOLD) return Infinity;
  const excess = lossRate - BBR_NOISE;
  const chance = BBR_CONFIDENCE * Math.sqrt(BBR_NOISE);
  const root = (chance + Math.sqrt(chance * chance + 4 * excess)) / (2 * excess);
  return root * root / 2;
}

/** A cell of the table. */
export interface GoodputCell {
  /** Congestion control. */
  readonly control: GoodputControl;
  /** Rate of the bottleneck. */
  readonly bandwidthBps: number;
  /** Round trip without queue. */
  readonly roundTripMs: number;
  /** Probability that a segment is lost. */
  readonly lossRate: number;
}

/** Bits of text per second that the bottleneck carries: what headers leave. */
export function bottleneckGoodput(bandwidthBps: number): number {
  return bandwidthBps * SMSS / 1500;
}

/** Seconds from a segment to its acknowledgment while nothing waits: every second segment is acknowledged, so that the first of two
 * waits until the second is on the line as well. */
export function roundTripSeconds(cell: GoodputCell): number {
  return cell.roundTripMs / 1000 + ACCESS_SECONDS + 2 * PACKET_BYTES * 8 / cell.bandwidthBps;
}

/** Segments per second of a window that rises from β of its maximum to the maximum, over and over: a round trip for each window, and
 * longer where more than the line holds is in flight and queues.
 *
 * @param window its average, in segments.
 * @param beta what a loss leaves of it.
 * @param seconds round trip without queue.
 * @param lineRate segments per second that the line carries.
 */
export function sawtoothRate(window: number, beta: number, seconds: number, lineRate: number): number {
  const most = 2 * window / (1 + beta);
  const least = beta * most;
  const held = Math.min(Math.max(seconds * lineRate, least), most);
  const time = seconds * (held - least) + (most * most - held * held) / 2 / lineRate;
  return (most * most - least * least) / 2 / time;
}

/** Seconds that timeouts cost for each bit of text. RACK-TLP repairs what it can hear of: the timer expires where all of the least window,
 * half of the average and two segments at least (RFC 5681 §3.1, equation 4), is lost. */
export function timeoutSecondsPerBit(cell: GoodputCell): number {
  if (cell.lossRate === 0) return 0;
  const half = renoWindow(cell.lossRate) / 2;
  const window = half > 2 ? half : 2;
  const timeout = roundTripSeconds(cell) + LEAST_TIMEOUT_SECONDS;
  return timeout * Math.pow(cell.lossRate, window) / window / (SMSS * 8);
}

/** Bits of text per second in the long run by the response function of the congestion control (RFC 9438 §5.1, §5.2) as far as the line
 * carries them; by {@linkcode bbrWindow} for BBR. */
export function theoreticalGoodput(cell: GoodputCell): number {
  const { control, bandwidthBps, lossRate } = cell;
  const most = bottleneckGoodput(bandwidthBps) * (1 - lossRate);
  if (lossRate === 0) return most;
  const seconds = roundTripSeconds(cell);
  if (control === "bbr") return Math.min(most, bbrWindow(lossRate) / seconds * SMSS * 8 * (1 - lossRate));
  const isReno = control === "reno";
  const window = isReno ? renoWindow(lossRate) : cubicWindow(lossRate, seconds);
  const rate = sawtoothRate(window, isReno ? 0.5 : CUBIC_BETA, seconds, bandwidthBps / 8 / PACKET_BYTES);
  return Math.min(most, rate * SMSS * 8 * (1 - lossRate));
}
