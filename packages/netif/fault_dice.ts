/** Data plane. {@linkcode FaultDice}: decides what befalls one frame.
 *
 * @module
 */
import { type Random, randomUnit } from "./random.ts";
import type { ResolvedFaults } from "./sim/link_faults.ts";

/** One set of dice for one direction of a link. Each fault has a random stream of its own and draws a fixed number of values per
 * frame, before anything is decided: the fate of the n-th frame under one fault never depends on the others. */
export class FaultDice {
  /** The frame is lost, independently of the others. */
  isLost: boolean;
  /** The frame is lost in a burst. */
  isBurstLost: boolean;
  /** The frame is cut short, to the fraction {@linkcode truncateAt} of its length. */
  isTruncated: boolean;
  /** 0 … 1. */
  truncateAt: number;
  /** One bit of the frame is flipped, at the fraction {@linkcode corruptAt} of its bits. */
  isCorrupted: boolean;
  /** 0 … 1. */
  corruptAt: number;
  /** Additional delay. */
  jitterMs: number;
  /** The frame is held back. */
  isReordered: boolean;
  /** The frame arrives twice. */
  isDuplicated: boolean;
  /** How much later the second copy arrives. */
  duplicateMs: number;
  #isBurst: boolean;
  readonly #loss: Random;
  readonly #burst: Random;
  readonly #truncate: Random;
  readonly #corrupt: Random;
  readonly #jitter: Random;
  readonly #reorder: Random;
  readonly #duplicate: Random;

  /** @param random gives a stream of its own for each purpose. */
  constructor(random: (purpose: string) => Random) {
    this.isLost = false;
    this.isBurstLost = false;
    this.isTruncated = false;
    this.truncateAt = 0;
    this.isCorrupted = false;
    this.corruptAt = 0;
    this.jitterMs = 0;
    this.isReordered = false;
    this.isDuplicated = false;
    this.duplicateMs = 0;
    this.#isBurst = false;
    this.#loss = random("loss");
    this.#burst = random("burst loss");
    this.#truncate = random("truncate");
    this.#corrupt = random("corrupt");
    this.#jitter = random("jitter");
    this.#reorder = random("reorder");
    this.#duplicate = random("duplicate");
  }

  /** Rolls for one frame; the fields hold the result. */
  roll(faults: ResolvedFaults): void {
    this.isLost = faults.lossRate > 0 && randomUnit(this.#loss) < faults.lossRate;
    this.isBurstLost = faults.burstEnter > 0 && this.#stepBurst(faults);
    this.isTruncated = faults.truncateRate > 0 && randomUnit(this.#truncate) < faults.truncateRate;
    this.truncateAt = faults.truncateRate > 0 ? randomUnit(this.#truncate) : 0;
    this.isCorrupted = faults.corruptRate > 0 && randomUnit(this.#corrupt) < faults.corruptRate;
    this.corruptAt = faults.corruptRate > 0 ? randomUnit(this.#corrupt) : 0;
    this.jitterMs = faults.jitterMs > 0 ? randomUnit(this.#jitter) * faults.jitterMs : 0;
    this.isReordered = faults.reorderRate > 0 && randomUnit(this.#reorder) < faults.reorderRate;
    this.isDuplicated = faults.duplicateRate > 0 && randomUnit(this.#duplicate) < faults.duplicateRate;
    this.duplicateMs = faults.duplicateRate > 0 ? randomUnit(this.#duplicate) * faults.duplicateByMs : 0;
  }

  /** One step of the Gilbert–Elliott chain. */
  #stepBurst(faults: ResolvedFaults): boolean {
    const step = randomUnit(this.#burst);
    const loss = randomUnit(this.#burst);
    this.#isBurst = this.#isBurst ? step >= faults.burstLeave : step < faults.burstEnter;
    return this.#isBurst && loss < faults.burstLossRate;
  }
}
