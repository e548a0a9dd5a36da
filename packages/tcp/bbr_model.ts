/** Data plane. {@linkcode BbrModel}: what BBR believes of a path (draft-ietf-ccwg-bbr §5.5): its bandwidth, its round trip without
 * queues, and how much may be in flight.
 *
 * Rates are octets per millisecond.
 *
 * @module
 */
import { STARTUP_LOSS_EVENTS } from "./bbr_parameters.ts";
import type { DeliveryRate, RateSample } from "./delivery_rate.ts";

/** Segments that are enough to keep acknowledgments coming (§2.7). */
export const SMALLEST_WINDOW_SEGMENTS = 4;
/** Share of a round trip's octets that may be lost (§2.8). */
export const LOSS_THRESHOLD = 0.02;
const BETA = 0.7;
/** Room left for others while cruising. */
const HEADROOM = 0.15;
/** Rounds without a quarter more bandwidth until the pipe counts as full (§4.3.1.2). */
const FULL_BANDWIDTH_ROUNDS = 3;
const FULL_BANDWIDTH_GROWTH = 1.25;
const MIN_RTT_FILTER_MS = 10_000;
const PROBE_RTT_INTERVAL_MS = 5_000;

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
  /** The bandwidth was found once. */
  isFullBandwidthReached: boolean;
  /** It does not grow at the moment. */
  isFullBandwidthNow: boolean;
  /** The shortest round trip is to be looked for. */
  isProbeRttExpired: boolean;
  #bwLo: number;
  #bwLatest: number;
  #filter: Float64Array;
  #roundDelivered: number;
  #lossRoundDelivered: number;
  #isLossRoundStart: boolean;
  #isMarked: boolean;
  #lossRoundLost: number;
  #lossRoundBytes: number;
  #lostInRound: number;
  #lossEvents: number;
  #isLastRoundLossy: boolean;
  #deliveredInRound: number;
  #fullBw: number;
  #fullBwRounds: number;
  #minRttAtMs: number;
  #probeRttMinMs: number;
  #probeRttMinAtMs: number;
  #delivered: number;
  #ackEpochAtMs: number;
  #ackEpochBytes: number;
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
    this.isFullBandwidthReached = false;
    this.isFullBandwidthNow = false;
    this.isProbeRttExpired = false;
    this.#bwLo = Infinity;
    this.#bwLatest = 0;
    this.#filter = new Float64Array(2);
    this.#roundDelivered = 0;
    this.#lossRoundDelivered = 0;
    this.#isLossRoundStart = false;
    this.#isMarked = false;
    this.#lossRoundLost = 0;
    this.#lossRoundBytes = 0;
    this.#lostInRound = 0;
    this.#lossEvents = 0;
    this.#isLastRoundLossy = false;
    this.#deliveredInRound = 0;
    this.#fullBw = 0;
    this.#fullBwRounds = 0;
    this.#minRttAtMs = 0;
    this.#probeRttMinMs = Infinity;
    this.#probeRttMinAtMs = -1;
    this.#delivered = 0;
    this.#ackEpochAtMs = -1;
    this.#ackEpochBytes = 0;
    this.#extraAckedRounds = 0;
    this.#undoHi = Infinity;
    this.#undoLo = Infinity;
    this.#undoBwLo = Infinity;
  }

  /** The bandwidth to send at: the estimate, bounded by what recent losses left (BBRBoundBWForModel). */
  bw(): number {
    return this.maxBw < this.#bwLo ? this.maxBw : this.#bwLo;
  }

  /** `gain` times the bandwidth-delay product, 0 when it is not known. */
  bdp(gain: number): number {
    return this.minRttMs === Infinity ? 0 : gain * this.bw() * this.minRttMs;
  }

  /** Octets in flight that `gain` asks for, with what batching costs (BBRInflight, §4.6.4.2). */
  inflight(gain: number, smss: number): number {
    const octets = this.bdp(gain);
    const least = SMALLEST_WINDOW_SEGMENTS * smss;
    return Math.max(octets + 3 * smss, least);
  }

  /** The bound less some room for others (BBRInflightWithHeadroom). */
  withHeadroom(): number {
    return this.inflightHi === Infinity ? Infinity : this.inflightHi * (1 - HEADROOM);
  }

  /** Takes an acknowledgment in, before the state machine.
   *
   * @param isProbing the state looks for more bandwidth: losses are to be expected, and lower no bound.
   */
  update(sample: RateSample, delivery: DeliveryRate, nowMs: number, isProbing: boolean, cwnd: number): void {
    this.#delivered = delivery.delivered;
    this.isRoundStart = false;
    if (sample.deliveredBytes > 0 && sample.priorDelivered >= this.#roundDelivered) {
      this.startRound();
      this.isRoundStart = true;
    }
    if (this.isRoundStart) {
      this.#isLastRoundLossy = this.#lossEvents >= STARTUP_LOSS_EVENTS &&
        this.#lostInRound > LOSS_THRESHOLD * (this.#deliveredInRound + this.#lostInRound);
      this.#lossEvents = 0;
      this.#lostInRound = 0;
      this.#deliveredInRound = 0;
    }
    if (sample.newlyLostBytes > 0) this.#lossEvents++;
    this.#lostInRound += sample.newlyLostBytes;
    this.#deliveredInRound += sample.newlyDeliveredBytes;
    this.#noteLatest(sample);
    this.#noteBandwidth(sample);
    this.#noteLosses(sample, isProbing, cwnd);
    this.#noteAggregation(sample, nowMs);
    this.#noteRtt(sample, nowMs);
  }

  /** After the state machine (BBRAdvanceLatestDeliverySignals). */
  advance(sample: RateSample): void {
    if (!this.#isLossRoundStart) return;
    this.#bwLatest = sample.rateBps / 1000;
    this.inflightLatest = sample.deliveredBytes;
  }

  /** A round trip begins with what is sent from now on. */
  startRound(): void {
    this.#roundDelivered = this.#delivered;
  }

  /** Whether more is lost than the path's own noise explains (IsInflightTooHigh). */
  isLossHigh(sample: RateSample): boolean {
    const flight = Math.max(sample.priorPipe, this.#deliveredInRound + this.#lostInRound);
    return this.#lostInRound > flight * LOSS_THRESHOLD;
  }

  /** Whether the round trip that has just ended lost so much, in so many places, that the pipe is full (§4.3.1.3). */
  get isLastRoundLossy(): boolean {
    return this.isRoundStart && this.#isLastRoundLossy;
  }

  /** A mark, or something like it, tells of a queue. */
  noteCongestion(): void {
    this.#isMarked = true;
  }

  /** More was in flight than the path bears (BBRHandleInflightTooHigh). */
  lowerInflightHi(sample: RateSample, cwnd: number, smss: number): void {
    this.#undoHi = this.inflightHi;
    const target = Math.min(this.inflight(1, smss), cwnd);
    this.inflightHi = Math.max(sample.priorPipe, target * BETA);
  }

  /** Losses turned out to be none. */
  undoLosses(): void {
    this.#bwLo = Math.max(this.#bwLo, this.#undoBwLo);
    this.inflightLo = Math.max(this.inflightLo, this.#undoLo);
    this.inflightHi = Math.max(this.inflightHi, this.#undoHi);
  }

  /** BBRResetShortTermModel. */
  resetShortTerm(): void {
    this.#bwLo = Infinity;
    this.inflightLo = Infinity;
  }

  /** BBRResetCongestionSignals. */
  resetCongestion(): void {
    this.#isMarked = false;
    this.#bwLatest = 0;
    this.inflightLatest = 0;
  }

  /** BBRCheckFullBWReached (§4.3.1.2). */
  checkFullBandwidth(sample: RateSample): void {
    if (this.isFullBandwidthNow || !this.isRoundStart || sample.isAppLimited || sample.rateBps === 0) return;
    const bw = sample.rateBps / 1000;
    if (bw >= this.#fullBw * FULL_BANDWIDTH_GROWTH) return this.resetFullBandwidth(bw);
    this.#fullBwRounds++;
    this.isFullBandwidthNow = this.#fullBwRounds >= FULL_BANDWIDTH_ROUNDS;
    if (this.isFullBandwidthNow) this.isFullBandwidthReached = true;
  }

  /** Begins to watch whether the bandwidth grows, from `bw` on. */
  resetFullBandwidth(bw: number): void {
    this.#fullBw = bw;
    this.#fullBwRounds = 0;
    this.isFullBandwidthNow = false;
  }

  /** A cycle of probing is over: the sample of the one before the last is forgotten. */
  advanceBandwidthFilter(): void {
    this.#filter[0] = this.#filter[1]!;
    this.#filter[1] = 0;
    if (this.#filter[0] > 0) this.maxBw = this.#filter[0]!;
  }

  /** The shortest round trip was looked for. */
  probeRttDone(nowMs: number): void {
    this.#probeRttMinAtMs = nowMs;
    this.isProbeRttExpired = false;
  }

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

  /** BBRUpdateMaxBw (§5.5.5): a rate that the application kept down counts only if it is higher. */
  #noteBandwidth(sample: RateSample): void {
    const bw = sample.rateBps / 1000;
    if (bw <= 0 || (sample.isAppLimited && bw < this.maxBw)) return;
    if (bw > this.#filter[1]!) this.#filter[1] = bw;
    this.maxBw = Math.max(this.#filter[0]!, this.#filter[1]!);
  }

  /** BBRUpdateCongestionSignals and BBRAdaptLowerBoundsFromCongestion (§5.5.10.3). Deviation: a round trip counts as lossy from
   * the 2 % on that the probes bear; by the draft any loss lowers the bounds, and a path that loses 1 % by noise is used to
   * three quarters. */
  #noteLosses(sample: RateSample, isProbing: boolean, cwnd: number): void {
    this.#lossRoundLost += sample.newlyLostBytes;
    this.#lossRoundBytes += sample.newlyDeliveredBytes + sample.newlyLostBytes;
    if (!this.#isLossRoundStart) return;
    const isLossy = this.#isMarked || this.#lossRoundLost > LOSS_THRESHOLD * this.#lossRoundBytes;
    this.#lossRoundLost = 0;
    this.#lossRoundBytes = 0;
    this.#isMarked = false;
    if (isLossy && !isProbing) {
      this.#undoBwLo = this.#bwLo;
      this.#undoLo = this.inflightLo;
      if (this.#bwLo === Infinity) this.#bwLo = this.maxBw;
      if (this.inflightLo === Infinity) this.inflightLo = cwnd;
      this.#bwLo = Math.max(this.#bwLatest, BETA * this.#bwLo);
      this.inflightLo = Math.max(this.inflightLatest, BETA * this.inflightLo);
    }
  }

  /** BBRUpdateACKAggregation (§5.5.9). */
  #noteAggregation(sample: RateSample, nowMs: number): void {
    if (this.isRoundStart && ++this.#extraAckedRounds >= 10) {
      this.#extraAckedRounds = 0;
      this.extraAcked /= 2;
    }
    const expected = this.#ackEpochAtMs < 0 ? 0 : this.bw() * (nowMs - this.#ackEpochAtMs);
    if (this.#ackEpochAtMs < 0 || this.#ackEpochBytes <= expected) {
      this.#ackEpochBytes = 0;
      this.#ackEpochAtMs = nowMs;
      this.#ackEpochBytes = sample.newlyDeliveredBytes;
      return;
    }
    this.#ackEpochBytes += sample.newlyDeliveredBytes;
    const extra = this.#ackEpochBytes - expected;
    const most = this.bdp(1);
    if (extra > this.extraAcked) this.extraAcked = extra < most ? extra : most;
  }

  /** BBRUpdateMinRTT (§5.5.7). */
  #noteRtt(sample: RateSample, nowMs: number): void {
    if (this.#probeRttMinAtMs < 0) {
      this.#probeRttMinAtMs = nowMs;
      this.#minRttAtMs = nowMs;
    }
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
}
