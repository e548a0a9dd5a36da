/** Data plane. {@linkcode BbrModel}: what BBR believes of a path (draft-ietf-ccwg-bbr-06 §5.5): its bandwidth, its round trip without
 * queues, and how much may be in flight.
 *
 * Rates are octets per millisecond.
 *
 * @module
 */
import { BbrLosses } from "./bbr_losses.ts";
import {
  BETA,
  EXTRA_ACKED_ROUNDS,
  FULL_BANDWIDTH_GROWTH,
  FULL_BANDWIDTH_ROUNDS,
  HEADROOM,
  MIN_PIPE_SEGMENTS,
  MIN_RTT_FILTER_MS,
  PROBE_RTT_INTERVAL_MS,
} from "./bbr_parameters.ts";
import type { DeliveryRate, RateSample } from "./delivery_rate.ts";

/** The model of one path. */
export class BbrModel {
  /** Largest bandwidth sample of this cycle of probing and the last one; 0 before the first. */
  maxBw: number;
  /** Shortest round trip of the last ten seconds. */
  minRttMs: number;
  /** Octets in flight that the path was seen to bear; `Infinity` before it was seen not to (inflight_longterm). */
  inflightHi: number;
  /** Octets in flight that recent losses leave (inflight_shortterm). */
  inflightLo: number;
  /** Octets delivered in the best sample of this round. */
  inflightLatest: number;
  /** Octets acknowledged beyond what the bandwidth explains: bursts of acknowledgments. */
  extraAcked: number;
  /** The last acknowledgment began a round trip. */
  isRoundStart: boolean;
  /** Round trips so far. */
  roundCount: number;
  /** The bandwidth was found once. */
  isFullBandwidthReached: boolean;
  /** It does not grow at the moment. */
  isFullBandwidthNow: boolean;
  /** The shortest round trip is to be looked for. */
  isProbeRttExpired: boolean;
  /** With the last acknowledgment the losses have become more than the path's noise (IsInflightTooHigh). */
  isLossHigh: boolean;
  /** The window was used up in this round trip, or the one before it (C.is_cwnd_limited). */
  isWindowLimited: boolean;
  /** What is lost. */
  readonly losses: BbrLosses;
  #wasWindowLimited: boolean;
  #bwLo: number;
  #bwLatest: number;
  #cycleBw: number;
  #lastCycleBw: number;
  #roundDelivered: number;
  #lossRoundDelivered: number;
  #isLossRoundStart: boolean;
  #isLossInRound: boolean;
  #lossHighDelivered: number;
  #fullBw: number;
  #fullBwRounds: number;
  #rttMs: number;
  #minRttAtMs: number;
  #probeRttMinMs: number;
  #probeRttMinAtMs: number;
  #delivered: number;
  #ackEpochAtMs: number;
  #ackEpochBytes: number;
  #extraAckedNow: number;
  #extraAckedBefore: number;
  #extraAckedRounds: number;
  #undoHi: number;
  #undoLo: number;
  #undoBwLo: number;

  /** Nothing known. */
  constructor() {
    this.maxBw = 0;
    this.minRttMs = Infinity;
    this.inflightHi = Infinity;
    this.inflightLo = Infinity;
    this.inflightLatest = 0;
    this.extraAcked = 0;
    this.isRoundStart = false;
    this.roundCount = 0;
    this.isFullBandwidthReached = false;
    this.isFullBandwidthNow = false;
    this.isProbeRttExpired = false;
    this.isLossHigh = false;
    this.isWindowLimited = false;
    this.losses = new BbrLosses();
    this.#wasWindowLimited = false;
    this.#bwLo = Infinity;
    this.#bwLatest = 0;
    this.#cycleBw = 0;
    this.#lastCycleBw = 0;
    this.#roundDelivered = 0;
    this.#lossRoundDelivered = 0;
    this.#isLossRoundStart = false;
    this.#isLossInRound = false;
    this.#lossHighDelivered = 0;
    this.#fullBw = 0;
    this.#fullBwRounds = 0;
    this.#rttMs = 0;
    this.#minRttAtMs = -1;
    this.#probeRttMinMs = Infinity;
    this.#probeRttMinAtMs = 0;
    this.#delivered = 0;
    this.#ackEpochAtMs = -1;
    this.#ackEpochBytes = 0;
    this.#extraAckedNow = 0;
    this.#extraAckedBefore = 0;
    this.#extraAckedRounds = 0;
    this.#undoHi = 0;
    this.#undoLo = 0;
    this.#undoBwLo = 0;
  }

  /** The bandwidth to send at: the estimate, bounded by what recent losses left (BoundBWForModel, §5.5.10.3). */
  bw(): number {
    return this.maxBw < this.#bwLo ? this.maxBw : this.#bwLo;
  }

  /** `gain` times the bandwidth-delay product, 0 when it is not known (§5.6.4.2). */
  bdp(gain: number): number {
    return this.minRttMs === Infinity ? 0 : gain * this.bw() * this.minRttMs;
  }

  /** The bound less some room for others (InflightWithHeadroom, §5.3.3.9). */
  withHeadroom(smss: number): number {
    const { inflightHi } = this;
    if (inflightHi === Infinity) return Infinity;
    return Math.max(inflightHi - Math.max(smss, HEADROOM * inflightHi), MIN_PIPE_SEGMENTS * smss);
  }

  /** Takes an acknowledgment in, before the state machine (§5.2.3).
   *
   * @param isProbing the state looks for more bandwidth: losses are to be expected, and lower no bound.
   */
  update(
    sample: RateSample,
    delivery: DeliveryRate,
    nowMs: number,
    isProbing: boolean,
    cwnd: number,
    smss: number,
  ): void {
    this.#delivered = delivery.delivered;
    this.isRoundStart = sample.deliveredBytes > 0 && sample.priorDelivered >= this.#roundDelivered;
    if (this.isRoundStart) {
      this.startRound();
      this.roundCount++;
      this.isWindowLimited = this.#wasWindowLimited;
      this.#wasWindowLimited = false;
    }
    if (sample.priorPipe + smss > cwnd) this.isWindowLimited = this.#wasWindowLimited = true;
    if (sample.rttMs >= 0) this.#rttMs = sample.rttMs;
    this.isLossHigh = this.losses.note(sample, this.isRoundStart, this.#isQueued(smss), smss);
    if (this.isLossHigh) {
      this.#lossHighDelivered = this.#delivered;
      this.noteCongestion();
    }
    this.#noteLatest(sample);
    this.#noteBandwidth(sample);
    if (this.#isLossRoundStart) {
      if (this.#isLossInRound && !isProbing) this.#lowerShortTerm(cwnd);
      this.#isLossInRound = false;
    }
    this.#noteAggregation(sample, nowMs, cwnd);
  }

  /** After the state machine (AdvanceLatestDeliverySignals, §5.5.10.3). */
  advance(sample: RateSample): void {
    if (!this.#isLossRoundStart) return;
    this.#bwLatest = sample.rateBps / 1000;
    this.inflightLatest = sample.deliveredBytes;
  }

  /** A round trip begins with what is sent from now on (§5.5.1). */
  startRound(): void {
    this.#roundDelivered = this.#delivered;
  }

  /** Losses, or marks, tell of a queue: the bounds fall at the end of a round trip that begins now (NoteLoss, §5.5.10.2). */
  noteCongestion(): void {
    if (!this.#isLossInRound) {
      this.#lossRoundDelivered = this.#delivered;
      this.saveForUndo();
    }
    this.#isLossInRound = true;
  }

  /** More was in flight than the path bears (HandleInflightTooHigh, §5.5.10.2).
   *
   * @param inFlight octets in flight when what was lost had been sent.
   */
  lowerInflightHi(inFlight: number, cwnd: number): void {
    const bdp = this.bdp(1);
    this.inflightHi = Math.max(inFlight, BETA * (bdp < cwnd ? bdp : cwnd));
  }

  /** What is acknowledged was in flight without harm: the bound is no lower (AdaptLongTermModel, §5.3.3.9). What had been sent before too
   * much was found lost was not. */
  raiseInflightHi(sample: RateSample): void {
    if (sample.txInFlight <= this.inflightHi || sample.priorDelivered < this.#lossHighDelivered) return;
    this.inflightHi = sample.txInFlight;
  }

  /** SaveStateUponLoss (§5.5.11.1). */
  saveForUndo(): void {
    this.#undoBwLo = this.#bwLo;
    this.#undoLo = this.inflightLo;
    this.#undoHi = this.inflightHi;
  }

  /** Losses turned out to be none (§5.5.11.2). */
  undoLosses(): void {
    this.#isLossInRound = false;
    this.#lossHighDelivered = 0;
    this.resetFullBandwidth(0);
    this.losses.restart();
    this.#bwLo = Math.max(this.#bwLo, this.#undoBwLo);
    this.inflightLo = Math.max(this.inflightLo, this.#undoLo);
    this.inflightHi = Math.max(this.inflightHi, this.#undoHi);
  }

  /** ResetShortTermModel (§5.5.10.3). */
  resetShortTerm(): void {
    this.#bwLo = Infinity;
    this.inflightLo = Infinity;
  }

  /** ResetCongestionSignals (§5.5.10.3). */
  resetCongestion(): void {
    this.#isLossInRound = false;
    this.#bwLatest = 0;
    this.inflightLatest = 0;
  }

  /** CheckFullBWReached (§5.3.1.2). */
  checkFullBandwidth(sample: RateSample): void {
    if (this.isFullBandwidthNow || !this.isRoundStart || sample.isAppLimited) return;
    const bw = sample.rateBps / 1000;
    if (bw >= this.#fullBw * FULL_BANDWIDTH_GROWTH) return this.resetFullBandwidth(bw);
    this.#fullBwRounds++;
    this.isFullBandwidthNow = this.#fullBwRounds >= FULL_BANDWIDTH_ROUNDS;
    if (this.isFullBandwidthNow) this.isFullBandwidthReached = true;
  }

  /** Begins to watch whether the bandwidth grows, from `bw` on (ResetFullBW). */
  resetFullBandwidth(bw: number): void {
    this.#fullBw = bw;
    this.#fullBwRounds = 0;
    this.isFullBandwidthNow = false;
  }

  /** A cycle of probing is over: the sample of the one before the last is forgotten (§5.5.6). */
  advanceBandwidthFilter(): void {
    if (this.#cycleBw === 0) return;
    this.maxBw = this.#lastCycleBw = this.#cycleBw;
    this.#cycleBw = 0;
  }

  /** UpdateMinRTT (§5.3.4.3). */
  noteRtt(sample: RateSample, nowMs: number): void {
    if (this.#minRttAtMs < 0) this.#probeRttMinAtMs = this.#minRttAtMs = nowMs;
    this.isProbeRttExpired = nowMs > this.#probeRttMinAtMs + PROBE_RTT_INTERVAL_MS;
    const { rttMs } = sample;
    if (rttMs >= 0 && (rttMs < this.#probeRttMinMs || this.isProbeRttExpired)) {
      this.#probeRttMinMs = rttMs;
      this.#probeRttMinAtMs = nowMs;
    }
    if (this.#probeRttMinMs < this.minRttMs || nowMs > this.#minRttAtMs + MIN_RTT_FILTER_MS) {
      this.minRttMs = this.#probeRttMinMs;
      this.#minRttAtMs = this.#probeRttMinAtMs;
    }
  }

  /** The shortest round trip was looked for. */
  probeRttDone(nowMs: number): void {
    this.#probeRttMinAtMs = nowMs;
    this.isProbeRttExpired = false;
  }

  /** The connection was idle: what is acknowledged from now on is compared with the bandwidth anew (§5.4.1). */
  restartAggregation(): void {
    this.#ackEpochAtMs = -1;
  }

  /** Whether the last round trip was longer than the shortest by more than an eighth, and what three segments take. */
  #isQueued(smss: number): boolean {
    return this.#rttMs * this.maxBw > 1.125 * this.minRttMs * this.maxBw + 3 * smss;
  }

  /** UpdateLatestDeliverySignals (§5.5.10.3). */
  #noteLatest(sample: RateSample): void {
    this.#isLossRoundStart = false;
    const bw = sample.rateBps / 1000;
    if (bw > this.#bwLatest) this.#bwLatest = bw;
    if (sample.deliveredBytes > this.inflightLatest) this.inflightLatest = sample.deliveredBytes;
    if (sample.deliveredBytes > 0 && sample.priorDelivered >= this.#lossRoundDelivered) {
      this.#lossRoundDelivered = this.#delivered;
      this.#isLossRoundStart = true;
    }
  }

  /** UpdateMaxBw (§5.5.5): a rate that the application kept down counts only if it is higher. */
  #noteBandwidth(sample: RateSample): void {
    const bw = sample.rateBps / 1000;
    if (bw <= 0 || (sample.isAppLimited && bw < this.maxBw)) return;
    if (bw > this.#cycleBw) this.#cycleBw = bw;
    this.maxBw = this.#cycleBw > this.#lastCycleBw ? this.#cycleBw : this.#lastCycleBw;
  }

  /** InitLowerBounds and LossLowerBounds (§5.5.10.3). Deviation: by the draft any loss in a round trip lowers the bounds, to what was
   * delivered, which is less than what was sent by the loss and by the margin of pacing: with 1 % of noise, 2 % of the rate with each
   * round trip of CRUISE, of which there may be sixty. Here it takes what the probes do not bear either. */
  #lowerShortTerm(cwnd: number): void {
    if (this.#bwLo === Infinity) this.#bwLo = this.maxBw;
    if (this.inflightLo === Infinity) this.inflightLo = cwnd;
    this.#bwLo = Math.max(this.#bwLatest, BETA * this.#bwLo);
    this.inflightLo = Math.max(this.inflightLatest, BETA * this.inflightLo);
  }

  /** UpdateACKAggregation (§5.5.9): the most in ten round trips, kept as that of the last five, and of the five before them; in STARTUP
   * of one and one. */
  #noteAggregation(sample: RateSample, nowMs: number, cwnd: number): void {
    if (this.isRoundStart) {
      this.#extraAckedRounds++;
      if (!this.isFullBandwidthReached || this.#extraAckedRounds >= EXTRA_ACKED_ROUNDS / 2) {
        this.#extraAckedRounds = 0;
        this.#extraAckedBefore = this.#extraAckedNow;
        this.#extraAckedNow = 0;
      }
    }
    let expected = this.#ackEpochAtMs < 0 ? Infinity : this.bw() * (nowMs - this.#ackEpochAtMs);
    if (this.#ackEpochBytes <= expected) {
      this.#ackEpochBytes = 0;
      this.#ackEpochAtMs = nowMs;
      expected = 0;
    }
    this.#ackEpochBytes += sample.newlyDeliveredBytes;
    const extra = this.#ackEpochBytes - expected;
    const bounded = extra < cwnd ? extra : cwnd;
    if (bounded > this.#extraAckedNow) this.#extraAckedNow = bounded;
    this.extraAcked = Math.max(this.#extraAckedNow, this.#extraAckedBefore);
  }
}
