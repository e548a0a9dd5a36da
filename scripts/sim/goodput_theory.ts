/** {@linkcode theoreticalGoodput}: what a congestion control may be expected to achieve on a path, and at least how much of it.
 *
 * @module
 */

/** Congestion controls of the table. */
export type GoodputControl = "reno" | "cubic" | "bbr";

/** Octets of text of a full segment: MTU 1,500, timestamps. */
const SMSS = 1448;
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

/** Bits of text per second in the long run by the response function of the congestion control (RFC 9438 §5.1, §5.2); BBR looks at the
 * bottleneck alone. */
export function theoreticalGoodput(cell: GoodputCell): number {
  const { control, bandwidthBps, roundTripMs, lossRate } = cell;
  const most = bottleneckGoodput(bandwidthBps);
  if (lossRate === 0) return most;
  if (control === "bbr") return most * (1 - lossRate);
  const seconds = roundTripMs / 1000;
  const window = control === "reno" ? renoWindow(lossRate) : cubicWindow(lossRate, seconds);
  return Math.min(most * (1 - lossRate), window * SMSS * 8 / seconds);
}
