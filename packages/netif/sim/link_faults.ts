/** {@linkcode LinkFaults}: what a simulated link does to the frames of one direction.
 *
 * @module
 */
import type { Pbuf } from "@lightwire/pbuf";
import { Policer } from "./policer.ts";

/** What a {@linkcode LinkRule} decides.
 *
 * - `"pass"`: the faults of the link decide.
 * - `"drop"`: the frame is lost.
 * - `{ deliverAfterMs }`: it arrives unharmed after exactly that time; no other fault touches it.
 */
export type LinkVerdict = "pass" | "drop" | { readonly deliverAfterMs: number };

/** Looks at every frame before the faults do; borrows `p`, must not change it.
 *
 * @param p the frame as its sender transmitted it.
 * @param at the present instant, in milliseconds.
 */
export type LinkRule = (p: Pbuf, at: number) => LinkVerdict;

/** Burst loss after Gilbert and Elliott: a good and a bad state, one step per frame. */
export interface BurstLoss {
  /** Probability per frame to go from good to bad. */
  readonly enter: number;
  /** Probability per frame to go from bad to good; the mean burst is `1 / leave` frames long. */
  readonly leave: number;
  /** Probability that a frame is lost in the bad state; default 1. */
  readonly lossRate?: number;
}

/** A token bucket. */
export interface PolicerOptions {
  /** Rate that conforms, in bits per second. */
  readonly rateBps: number;
  /** Bytes that may come at once after a pause. */
  readonly burstBytes: number;
}

/** What a simulated link does to the frames of one direction. Every rate is a probability in 0 … 1; everything left
 * out is off. Each fault draws from a random stream of its own, a fixed number of values per frame, so that switching one
 * on does not change whom the others hit.
 *
 * A frame meets them in this order: {@linkcode rule}; {@linkcode maxFrameBytes}; {@linkcode policer};
 * {@linkcode queueBytes}, {@linkcode markAboveBytes} and {@linkcode bandwidthBps}; {@linkcode outages} and partition, judged when it has left the queue;
 * {@linkcode lossRate}; {@linkcode burstLoss}; {@linkcode truncateRate}; {@linkcode trailingBytes};
 * {@linkcode corruptRate}; {@linkcode delayMs} and {@linkcode jitterMs}; {@linkcode reorderRate};
 * {@linkcode duplicateRate}.
 */
export interface LinkFaults {
  /** Probability that a frame is lost, independently of the others. */
  readonly lossRate?: number;
  /** Loss in bursts. */
  readonly burstLoss?: BurstLoss;
  /** Propagation delay, in milliseconds. */
  readonly delayMs?: number;
  /** Upper end of a delay added to {@linkcode delayMs}, uniform from 0. It never reorders: a frame which would overtake
   * another arrives right behind it. */
  readonly jitterMs?: number;
  /** Probability that a frame is held back by {@linkcode reorderByMs}, so that later ones overtake it. */
  readonly reorderRate?: number;
  /** How long a reordered frame is held back, in milliseconds; default 10. */
  readonly reorderByMs?: number;
  /** Probability that a frame arrives twice. */
  readonly duplicateRate?: number;
  /** The second copy arrives up to this much later than the first, uniform from 0, in milliseconds; default 0. */
  readonly duplicateByMs?: number;
  /** Probability that one random bit of a frame is flipped, in a private copy. Every bit is a candidate, link header included. */
  readonly corruptRate?: number;
  /** Probability that a frame is cut to a random length from 1 to one less than it had. */
  readonly truncateRate?: number;
  /** Bytes of rubbish appended to every frame, as by a link that pads. */
  readonly trailingBytes?: number;
  /** Longer frames (link header included) vanish without a word: a path MTU black hole. */
  readonly maxFrameBytes?: number;
  /** Rate of the line, in bits per second; counted are the bytes of the frame as transmitted. Default: infinite. */
  readonly bandwidthBps?: number;
  /** Bytes that may wait for the line, the frame on the line included as far as it has not left; a frame which does not fit
   * is dropped (drop tail). A frame that meets an idle line is always taken. Default: unbounded. Needs {@linkcode bandwidthBps}. */
  readonly queueBytes?: number;
  /** Frames which exceed that rate, after a burst, are dropped where they arrive, as carriers enforce a contract. */
  readonly policer?: PolicerOptions;
  /** A frame of an ECN-capable transport that finds more bytes than this waiting for the line is marked "congestion experienced"
   * (RFC 3168 §5); others pass until {@linkcode queueBytes} are full. Default: never. Needs {@linkcode bandwidthBps}. */
  readonly markAboveBytes?: number;
  /** Intervals `[from, to)`, in milliseconds of the simulation's clock, in which everything is lost. */
  readonly outages?: readonly (readonly [number, number])[];
  /** Decides before all other faults. */
  readonly rule?: LinkRule;
}

/** Combines rules: the first verdict other than "pass" counts. */
export function firstVerdict(...rules: readonly LinkRule[]): LinkRule {
  return (p, at) => {
    for (const rule of rules) {
      const verdict = rule(p, at);
      if (verdict !== "pass") return verdict;
    }
    return "pass";
  };
}

/** {@linkcode LinkFaults} with every default filled in; one shape for all links. Internal. */
export class ResolvedFaults {
  /** See {@linkcode LinkFaults.lossRate}. */
  readonly lossRate: number;
  /** See {@linkcode BurstLoss.enter}. */
  readonly burstEnter: number;
  /** See {@linkcode BurstLoss.leave}. */
  readonly burstLeave: number;
  /** See {@linkcode BurstLoss.lossRate}. */
  readonly burstLossRate: number;
  /** See {@linkcode LinkFaults.delayMs}. */
  readonly delayMs: number;
  /** See {@linkcode LinkFaults.jitterMs}. */
  readonly jitterMs: number;
  /** See {@linkcode LinkFaults.reorderRate}. */
  readonly reorderRate: number;
  /** See {@linkcode LinkFaults.reorderByMs}. */
  readonly reorderByMs: number;
  /** See {@linkcode LinkFaults.duplicateRate}. */
  readonly duplicateRate: number;
  /** See {@linkcode LinkFaults.duplicateByMs}. */
  readonly duplicateByMs: number;
  /** See {@linkcode LinkFaults.corruptRate}. */
  readonly corruptRate: number;
  /** See {@linkcode LinkFaults.truncateRate}. */
  readonly truncateRate: number;
  /** See {@linkcode LinkFaults.trailingBytes}. */
  readonly trailingBytes: number;
  /** See {@linkcode LinkFaults.maxFrameBytes}. */
  readonly maxFrameBytes: number;
  /** Milliseconds that one byte occupies the line; 0 for an infinite rate. */
  readonly msPerByte: number;
  /** See {@linkcode LinkFaults.queueBytes}. */
  readonly queueBytes: number;
  /** See {@linkcode LinkFaults.policer}. */
  readonly policer: Policer | undefined;
  /** See {@linkcode LinkFaults.markAboveBytes}. */
  readonly markAboveBytes: number;
  /** See {@linkcode LinkFaults.outages}. */
  readonly outages: readonly (readonly [number, number])[];
  /** See {@linkcode LinkFaults.rule}. */
  readonly rule: LinkRule | undefined;

  /** Fills in the defaults.
   *
   * @throws {RangeError} if a rate is not in 0 … 1, or a time, a size or a bandwidth makes no sense.
   */
  constructor(faults: LinkFaults) {
    this.lossRate = probability("lossRate", faults.lossRate ?? 0);
    this.burstEnter = probability("burstLoss.enter", faults.burstLoss?.enter ?? 0);
    this.burstLeave = probability("burstLoss.leave", faults.burstLoss?.leave ?? 1);
    this.burstLossRate = probability("burstLoss.lossRate", faults.burstLoss?.lossRate ?? 1);
    this.delayMs = notNegative("delayMs", faults.delayMs ?? 0);
    this.jitterMs = notNegative("jitterMs", faults.jitterMs ?? 0);
    this.reorderRate = probability("reorderRate", faults.reorderRate ?? 0);
    this.reorderByMs = notNegative("reorderByMs", faults.reorderByMs ?? 10);
    this.duplicateRate = probability("duplicateRate", faults.duplicateRate ?? 0);
    this.duplicateByMs = notNegative("duplicateByMs", faults.duplicateByMs ?? 0);
    this.corruptRate = probability("corruptRate", faults.corruptRate ?? 0);
    this.truncateRate = probability("truncateRate", faults.truncateRate ?? 0);
    this.trailingBytes = notNegative("trailingBytes", faults.trailingBytes ?? 0);
    this.maxFrameBytes = faults.maxFrameBytes ?? Infinity;
    const bandwidthBps = faults.bandwidthBps ?? Infinity;
    if (!(bandwidthBps > 0)) throw new RangeError(`Cannot simulate a link with bandwidthBps ${bandwidthBps}`);
    this.msPerByte = 8000 / bandwidthBps;
    this.queueBytes = notNegativeOrInfinite("queueBytes", faults.queueBytes ?? Infinity);
    const { policer } = faults;
    if (policer !== undefined && !(policer.rateBps > 0 && policer.burstBytes >= 0)) {
      throw new RangeError(
        `Cannot police ${policer.rateBps} bit/s with bursts of ${policer.burstBytes} bytes`,
      );
    }
    this.policer = policer === undefined
      ? undefined
      : new Policer(policer.rateBps / 8000, policer.burstBytes);
    this.markAboveBytes = notNegativeOrInfinite("markAboveBytes", faults.markAboveBytes ?? Infinity);
    this.outages = faults.outages ?? [];
    for (const [from, to] of this.outages) {
      if (!(from <= to)) throw new RangeError(`Cannot simulate an outage from ${from} to ${to} ms`);
    }
    this.rule = faults.rule;
  }

  /** Whether everything is lost at that instant. */
  isOutage(at: number): boolean {
    for (let i = 0; i < this.outages.length; i++) {
      const outage = this.outages[i]!;
      if (at >= outage[0] && at < outage[1]) return true;
    }
    return false;
  }
}

function probability(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`Cannot simulate a link with ${name} ${value}: not in 0 … 1`);
  }
  return value;
}

function notNegativeOrInfinite(name: string, value: number): number {
  if (!(value >= 0)) throw new RangeError(`Cannot simulate a link with ${name} ${value}`);
  return value;
}

function notNegative(name: string, value: number): number {
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`Cannot simulate a link with ${name} ${value}: not a finite number from 0`);
  }
  return value;
}
