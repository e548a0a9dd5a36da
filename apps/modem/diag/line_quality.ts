/** {@linkcode judgeLine}: what counts of damaged frames say about a line.
 *
 * | damaged | reason |
 * |---|---|
 * | under load only | bytes fall out of a buffer that overflows: no flow control |
 * | and the port counts overruns | likewise, and it is our side that is late |
 * | under load and one by one | noise, or a wrong speed: time does not matter |
 * | by what is in them | the line swallows characters: `character_check.ts` |
 *
 * @module
 */
import type { LinkCause } from "@lightwire/ppp/modem";
import type { LoadFindings } from "./network_context.ts";

/** What was counted. */
export interface LineCounts {
  /** Whole frames since the link began. */
  readonly frames: number;
  /** Damaged ones. */
  readonly badFrames: number;
  /** The load test; `undefined` when there was none. */
  readonly load: LoadFindings | undefined;
  /** Whether the load went to the other end of the line and no further, so that what is lost is lost on the line. */
  readonly isPeer: boolean;
  /** Characters for which the port had no room. */
  readonly overruns: number;
  /** Share of packets lost under load that only a buffer without flow control loses. */
  readonly overflowLoss: number;
}

/** What they say. */
export interface LineVerdict {
  /** For the report. */
  readonly result: "pass" | "warn" | "fail";
  /** A line. */
  readonly text: string;
  /** What it is. */
  readonly cause?: LinkCause;
  /** What to do about noise. */
  readonly remedy?: string;
}

/** Damaged frames that may be chance. */
const FEW = 2;
/** How many packets one by one tell load from chance; more if few get lost, within reason. */
export function packetsAlone(share: number): number {
  return Math.max(24, Math.min(64, Math.ceil(20 / share)));
}

/** Noise damages more under load too, by up to this factor: damage to one frame takes its neighbour along, and loss makes traffic. */
const INFLATION = 2.5;
/** Probability below which chance is no explanation. */
const CHANCE = 0.002;
/** Share of packets lost on the way out that is worth a word. */
const LOSS = 0.02;

const NOISE_REMEDY =
  "Look at the cable (length, ground, plugs) and at the speed: both sides have to mean the same by `--baud`; a lower one, or a " +
  "smaller `--mru`, makes less of it.";

/** Judges a line. */
export function judgeLine(counts: LineCounts): LineVerdict {
  const { load } = counts;
  const alone = load?.alone;
  if (load !== undefined && alone !== undefined) {
    const loaded = damagedShare(load.frames, load.badFrames);
    const single = damagedShare(alone.received, alone.badFrames);
    const lost = 1 - load.received / load.sent;
    const lostAlone = 1 - alone.received / alone.sent;
    const isDamagedByLoad = load.badFrames > FEW && isByLoad(loaded, alone.badFrames, alone.sent);
    const isLostByLoad = counts.isPeer && lost > counts.overflowLoss &&
      isByLoad(lost, alone.sent - alone.received, alone.sent);
    if (isDamagedByLoad || isLostByLoad) {
      const text = isDamagedByLoad
        ? `${percent(loaded)} of the frames damaged under load, ${percent(single)} one by one`
        : `${percent(lost)} of the packets lost under load, ${percent(lostAlone)} one by one`;
      return { result: "fail", cause: "flow-control", text };
    }
  }
  const share = damagedShare(counts.frames, counts.badFrames);
  if (counts.overruns > 0 && counts.badFrames > FEW) {
    const text = `${counts.badFrames} frames damaged (${
      percent(share)
    }), ${counts.overruns} overruns of the port`;
    return { result: "fail", cause: "flow-control", text };
  }
  const lostOut = counts.isPeer && load !== undefined ? 1 - load.received / load.sent : 0;
  if (counts.badFrames <= FEW && lostOut > LOSS) {
    return {
      result: "warn",
      text: `${percent(lostOut)} of the packets lost, though what arrives is whole: damaged on the way out`,
      remedy: NOISE_REMEDY,
    };
  }
  if (counts.badFrames === 0) return { result: "pass", text: `none of ${counts.frames}` };
  const text = `${counts.badFrames} of ${counts.frames + counts.badFrames} (${percent(share)})`;
  if (counts.badFrames <= FEW) return { result: "pass", text };
  return {
    result: "warn",
    text: `${text}, with load and without: noise`,
    remedy: NOISE_REMEDY,
  };
}

/** Whether so few of `count` packets one by one were lost that, with the share lost under load, it would be no chance. */
function isByLoad(share: number, lostAlone: number, count: number): boolean {
  const p = share / INFLATION;
  // Binomial: the probability of `lostAlone` or fewer.
  let term = (1 - p) ** count;
  let sum = term;
  for (let k = 1; k <= lostAlone; k++) sum += term *= (count - k + 1) / k * p / (1 - p);
  return sum < CHANCE;
}

function damagedShare(whole: number, damaged: number): number {
  return whole + damaged === 0 ? 0 : damaged / (whole + damaged);
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value >= 10 ? Math.round(value) : value.toPrecision(2)} %`;
}
