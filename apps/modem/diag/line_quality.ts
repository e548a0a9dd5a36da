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
/** Packets that would have to be lost one by one, if load did not matter, before fewer of them say that it does. */
export const LEAST_EXPECTED = 4;
/** Fewer by so much is no chance. */
const FACTOR = 4;

/** Judges a line. */
export function judgeLine(counts: LineCounts): LineVerdict {
  const { load } = counts;
  const alone = load?.alone;
  if (load !== undefined && alone !== undefined) {
    const loaded = damagedShare(load.frames, load.badFrames);
    const single = damagedShare(alone.received, alone.badFrames);
    const lost = 1 - load.received / load.sent;
    const lostAlone = 1 - alone.received / alone.sent;
    const isDamagedByLoad = load.badFrames > FEW && isByLoad(loaded, single, alone.sent);
    const isLostByLoad = counts.isPeer && lost > counts.overflowLoss && isByLoad(lost, lostAlone, alone.sent);
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
  if (counts.badFrames === 0) return { result: "pass", text: `none of ${counts.frames}` };
  const text = `${counts.badFrames} of ${counts.frames + counts.badFrames} (${percent(share)})`;
  if (counts.badFrames <= FEW) return { result: "pass", text };
  return {
    result: "warn",
    text: `${text}, with load and without: noise`,
    remedy:
      "Look at the cable (length, ground, plugs) and at the speed: both sides have to mean the same by `--baud`; a lower " +
      "one, or a smaller `--mru`, makes less of it.",
  };
}

/** Whether a share under load is so much larger than that of `count` packets one by one that it is no chance. */
function isByLoad(loaded: number, alone: number, count: number): boolean {
  return loaded * count >= LEAST_EXPECTED && loaded > FACTOR * alone;
}

function damagedShare(whole: number, damaged: number): number {
  return whole + damaged === 0 ? 0 : damaged / (whole + damaged);
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value >= 10 ? Math.round(value) : value.toPrecision(2)} %`;
}
