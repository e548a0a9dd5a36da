/** Data plane. {@linkcode Bbr}: BBR, version 3 (draft-ietf-ccwg-bbr): congestion control by a model of the path, its bandwidth and its
 * round trip without queues, which is probed in turns.
 *
 * ```text
 *   STARTUP ──▶ DRAIN ──▶ DOWN ──▶ CRUISE ──▶ REFILL ──▶ UP          each 5 s without a new shortest round trip:
 *                          ▲                              │          PROBE_RTT for 200 ms, then on where it was
 *                          └──────────────────────────────┘
 * ```
 *
 * A loss is no signal by itself: more than 2 % of a round trip's octets are. Rates are octets per millisecond here.
 *
 * Deviation: the draft keeps, for each packet, what was in flight when it was sent; here the losses of a round trip are held
 * against what was in flight before the acknowledgment that tells of them.
 *
 * @module
 */
import {
  type AckPhase,
  type BbrOptions,
  type BbrState,
  CWND_GAIN,
  CWND_GAIN_PROBE_RTT,
  CWND_GAIN_UP,
  defaultSpread,
  MAX_RENO_ROUNDS,
  PACING_GAIN,
  PACING_MARGIN,
  PROBE_RTT_MS,
  PROBE_WAIT_MS,
} from "./bbr_parameters.ts";
import { BbrModel, SMALLEST_WINDOW_SEGMENTS } from "./bbr_model.ts";
import { type CongestionControl, initialWindow } from "./congestion.ts";
import type { DeliveryRate, RateSample } from "./delivery_rate.ts";

/** BBR. */
export class Bbr implements CongestionControl {
  /** "bbr". */
  readonly name: string;
  /** Congestion window in bytes. */
  cwnd: number;
  /** Means nothing here. */
  ssthresh: number;
  /** What recovery may send is decided here, not by proportional rate reduction. */
  readonly ownsRecovery: boolean;
  /** Bytes per second at which to send. */
  pacingRateBps: number;
  /** Where it stands. */
  state: BbrState;
  readonly #model: BbrModel;
  readonly #spread: () => number;
  readonly #initialWindowSegments: number;
  #smss: number;
  #hasSent: boolean;
  #priorCwnd: number;
  #isInRecovery: boolean;
  #ackPhase: AckPhase;
  #cycleAtMs: number;
  #probeWaitMs: number;
  #roundsSinceProbe: number;
  #hasProbeSamples: boolean;
  #probeUpRounds: number;
  #probeUpAcked: number;
  #probeUpStep: number;
  #probeRttDoneAtMs: number;
  #isProbeRttRoundDone: boolean;
  #isIdleRestart: boolean;

  /** The congestion control of a new connection.
   *
   * @param smss sender maximum segment size in bytes.
   */
  constructor(smss: number, options: BbrOptions = {}) {
    this.name = "bbr";
    this.ownsRecovery = true;
    this.#initialWindowSegments = options.initialWindowSegments ?? 10;
    this.#spread = options.spread ?? defaultSpread();
    this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.ssthresh = Infinity;
    this.pacingRateBps = Infinity;
    this.state = "STARTUP";
    this.#model = new BbrModel();
    this.#smss = smss;
    this.#hasSent = false;
    this.#priorCwnd = 0;
    this.#isInRecovery = false;
    this.#ackPhase = "NONE";
    this.#cycleAtMs = 0;
    this.#probeWaitMs = 0;
    this.#roundsSinceProbe = 0;
    this.#hasProbeSamples = false;
    this.#probeUpRounds = 0;
    this.#probeUpAcked = 0;
    this.#probeUpStep = Infinity;
    this.#probeRttDoneAtMs = -1;
    this.#isProbeRttRoundDone = false;
    this.#isIdleRestart = false;
  }

  /** Bandwidth estimate in bytes per second, 0 before the first sample. */
  get bandwidthBps(): number {
    return this.#model.maxBw * 1000;
  }
  /** Shortest round trip of the last ten seconds in milliseconds, `Infinity` before the first. */
  get minRttMs(): number {
    return this.#model.minRttMs;
  }

  /** See {@linkcode CongestionControl.setMss}. */
  setMss(smss: number): void {
    if (smss === this.#smss) return;
    if (!this.#hasSent) this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.#smss = smss;
    if (this.cwnd < smss) this.cwnd = smss;
  }

  /** See {@linkcode CongestionControl.onSynLoss}. */
  onSynLoss(): void {
    this.cwnd = this.#smss;
  }
  /** See {@linkcode CongestionControl.onAck}: everything follows from {@linkcode onRateSample}. */
  onAck(): void {
    this.#hasSent = true;
  }
  /** See {@linkcode CongestionControl.onEnterRecovery}: what is missing is repaired within the window that the model gives. */
  onEnterRecovery(): void {
    if (!this.#isInRecovery) this.#priorCwnd = Math.max(this.#priorCwnd, this.cwnd);
    this.#isInRecovery = true;
  }

  /** See {@linkcode CongestionControl.onDuplicateAck}. */
  onDuplicateAck(): void {}
  /** See {@linkcode CongestionControl.onPartialAck}. */
  onPartialAck(): void {}
  /** See {@linkcode CongestionControl.onExitRecovery}. */
  onExitRecovery(): void {
    this.#restore();
  }
  /** See {@linkcode CongestionControl.onRetransmissionTimeout}: a segment, until an acknowledgment shows that the path lives
   * (§4.6.4.5). */
  onRetransmissionTimeout(): void {
    this.#priorCwnd = Math.max(this.#priorCwnd, this.cwnd);
    this.#isInRecovery = true;
    this.cwnd = this.#smss;
  }

  /** See {@linkcode CongestionControl.onTimeoutRecovered}. */
  onTimeoutRecovered(): void {
    this.#restore();
  }
  /** See {@linkcode CongestionControl.onIdleRestart}: the window stays, since pacing keeps the first flight from being a burst
   * (§4.5.1.4). */
  onIdleRestart(): void {
    this.#isIdleRestart = true;
    if (this.#isProbingBandwidth()) this.#setPacing(1, this.#model.bw());
  }

  /** See {@linkcode CongestionControl.onEcnEcho}: a mark counts like a loss of the round (RFC 8311 §3.1). */
  onEcnEcho(): void {
    this.#model.noteCongestion();
  }

  /** See {@linkcode CongestionControl.undo}. */
  undo(): void {
    this.#model.undoLosses();
    this.#restore();
  }

  /** See {@linkcode CongestionControl.onRateSample}: BBRUpdateOnACK (§4.2.3). */
  onRateSample(sample: RateSample, delivery: DeliveryRate, nowMs: number): void {
    const model = this.#model;
    model.update(sample, delivery, nowMs, this.#isProbingForBandwidth(), this.cwnd);
    if (model.isRoundStart) this.#roundsSinceProbe++;
    this.#checkStartup(sample, nowMs);
    if (this.state === "DRAIN" && sample.pipe <= model.inflight(1, this.#smss)) this.#enterDown(nowMs);
    this.#updateCycle(sample, nowMs);
    this.#checkProbeRtt(sample, delivery, nowMs);
    model.advance(sample);
    if (this.pacingRateBps === Infinity) this.#initPacing();
    if (model.maxBw > 0) this.#setPacing(PACING_GAIN[this.state], model.bw());
    this.#setWindow(sample, delivery);
  }

  /** §4.3.1.2 and §4.3.1.3: the rate does not grow any more, or too much is lost. */
  #checkStartup(sample: RateSample, nowMs: number): void {
    const model = this.#model;
    model.checkFullBandwidth(sample);
    if (this.state !== "STARTUP") return;
    if (this.#isInRecovery && model.isLastRoundLossy) {
      model.isFullBandwidthReached = true;
      model.inflightHi = Math.max(model.inflight(1, this.#smss), model.inflightLatest);
    }
    if (!model.isFullBandwidthReached) return;
    this.state = "DRAIN";
    this.#cycleAtMs = nowMs;
  }

  /** BBRUpdateProbeBWCyclePhase (§4.3.3.6). */
  #updateCycle(sample: RateSample, nowMs: number): void {
    const model = this.#model;
    if (!model.isFullBandwidthReached) return;
    this.#adaptLongTerm(sample, nowMs);
    switch (this.state) {
      case "DOWN":
        if (this.#isTimeToProbe(nowMs)) return this.#enterRefill();
        if (sample.pipe <= model.withHeadroom() && sample.pipe <= model.inflight(1, this.#smss)) {
          this.state = "CRUISE";
        }
        return;
      case "CRUISE":
        if (this.#isTimeToProbe(nowMs)) this.#enterRefill();
        return;
      case "REFILL":
        if (!model.isRoundStart) return;
        this.#hasProbeSamples = true;
        return this.#enterUp(sample, nowMs);
      case "UP":
        if (this.#isTimeToGoDown(sample)) this.#enterDown(nowMs);
    }
  }

  /** BBRAdaptLongTermModel (§5.5.10). */
  #adaptLongTerm(sample: RateSample, nowMs: number): void {
    const model = this.#model;
    if (model.isRoundStart) {
      if (this.#ackPhase === "PROBE_STARTING") this.#ackPhase = "PROBE_FEEDBACK";
      else if (this.#ackPhase === "PROBE_STOPPING") {
        this.#ackPhase = "NONE";
        if (this.#isProbingBandwidth() && !sample.isAppLimited) model.advanceBandwidthFilter();
      }
    }
    if (sample.newlyLostBytes > 0 && model.isLossHigh(sample)) {
      if (!this.#hasProbeSamples) return;
      this.#hasProbeSamples = false;
      if (!sample.isAppLimited) model.lowerInflightHi(sample, this.cwnd, this.#smss);
      if (this.state === "UP") this.#enterDown(nowMs);
      return;
    }
    if (model.inflightHi === Infinity) return;
    if (sample.priorPipe > model.inflightHi) model.inflightHi = sample.priorPipe;
    if (this.state === "UP") this.#probeUpward(sample);
  }

  /** BBRProbeInflightLongTermUpward (§5.5.10.2): the bound rises, twice as fast each round. */
  #probeUpward(sample: RateSample): void {
    const model = this.#model;
    if (sample.priorPipe + this.#smss < this.cwnd || this.cwnd < model.inflightHi) return;
    this.#probeUpAcked += sample.newlyDeliveredBytes;
    if (this.#probeUpAcked >= this.#probeUpStep) {
      const steps = Math.floor(this.#probeUpAcked / this.#probeUpStep);
      this.#probeUpAcked -= steps * this.#probeUpStep;
      model.inflightHi += steps * this.#smss;
    }
    if (model.isRoundStart) this.#raiseSlope();
  }

  #raiseSlope(): void {
    const growth = this.#smss * 2 ** this.#probeUpRounds;
    this.#probeUpRounds = Math.min(this.#probeUpRounds + 1, 30);
    this.#probeUpStep = Math.max(this.#smss * this.cwnd / growth, this.#smss);
  }

  #isTimeToProbe(nowMs: number): boolean {
    if (nowMs > this.#cycleAtMs + this.#probeWaitMs) return true;
    const segments = this.#model.inflight(1, this.#smss) / this.#smss;
    return this.#roundsSinceProbe >= Math.min(segments, MAX_RENO_ROUNDS);
  }

  #isTimeToGoDown(sample: RateSample): boolean {
    const model = this.#model;
    const isLimited = sample.priorPipe + this.#smss >= this.cwnd;
    if (isLimited && this.cwnd >= model.inflightHi) {
      model.resetFullBandwidth(sample.rateBps / 1000);
      return false;
    }
    return model.isFullBandwidthNow;
  }

  #enterDown(nowMs: number): void {
    this.state = "DOWN";
    this.#model.resetCongestion();
    this.#probeUpStep = Infinity;
    // The draft's randomness: rounds and time.
    this.#roundsSinceProbe = this.#spread() < 0.5 ? 0 : 1;
    this.#probeWaitMs = PROBE_WAIT_MS + 1000 * this.#spread();
    this.#cycleAtMs = nowMs;
    this.#ackPhase = "PROBE_STOPPING";
    this.#model.startRound();
  }

  #enterRefill(): void {
    this.state = "REFILL";
    this.#model.resetShortTerm();
    this.#probeUpRounds = 0;
    this.#probeUpAcked = 0;
    this.#ackPhase = "REFILLING";
    this.#model.startRound();
  }

  #enterUp(sample: RateSample, nowMs: number): void {
    this.state = "UP";
    this.#ackPhase = "PROBE_STARTING";
    this.#cycleAtMs = nowMs;
    this.#model.resetFullBandwidth(sample.rateBps / 1000);
    this.#model.startRound();
    this.#raiseSlope();
  }

  /** BBRCheckProbeRTT (§5.3.4.3): the queue is emptied for a moment, so that the round trip without it is seen. */
  #checkProbeRtt(sample: RateSample, delivery: DeliveryRate, nowMs: number): void {
    const model = this.#model;
    if (this.state !== "PROBE_RTT" && model.isProbeRttExpired && !this.#isIdleRestart) {
      this.#priorCwnd = Math.max(this.#priorCwnd, this.cwnd);
      this.state = "PROBE_RTT";
      this.#probeRttDoneAtMs = -1;
      this.#ackPhase = "PROBE_STOPPING";
      model.startRound();
    }
    if (this.state === "PROBE_RTT") this.#probeRtt(sample, delivery, nowMs);
    if (sample.newlyDeliveredBytes > 0) this.#isIdleRestart = false;
  }

  #probeRtt(sample: RateSample, delivery: DeliveryRate, nowMs: number): void {
    const model = this.#model;
    delivery.appLimited(sample.pipe);
    if (this.#probeRttDoneAtMs < 0) {
      if (sample.pipe > this.#probeRttWindow()) return;
      this.#probeRttDoneAtMs = nowMs + PROBE_RTT_MS;
      this.#isProbeRttRoundDone = false;
      return model.startRound();
    }
    if (model.isRoundStart) this.#isProbeRttRoundDone = true;
    if (!this.#isProbeRttRoundDone || nowMs <= this.#probeRttDoneAtMs) return;
    model.probeRttDone(nowMs);
    this.#restore();
    model.resetShortTerm();
    if (!model.isFullBandwidthReached) this.state = "STARTUP";
    else {
      this.#enterDown(nowMs);
      this.state = "CRUISE";
    }
  }

  #probeRttWindow(): number {
    return Math.max(this.#model.bdp(CWND_GAIN_PROBE_RTT), SMALLEST_WINDOW_SEGMENTS * this.#smss);
  }

  #isProbingBandwidth(): boolean {
    return this.state !== "STARTUP" && this.state !== "DRAIN" && this.state !== "PROBE_RTT";
  }

  #isProbingForBandwidth(): boolean {
    return this.state === "STARTUP" || this.state === "REFILL" || this.state === "UP";
  }

  /** BBRInitPacingRate (§4.6.2): before the path is known, the window of now per round trip. */
  #initPacing(): void {
    const rttMs = this.#model.minRttMs;
    if (rttMs > 0 && rttMs !== Infinity) this.pacingRateBps = PACING_GAIN.STARTUP * this.cwnd / rttMs * 1000;
  }

  /** §4.6.2: never slower than before while STARTUP still looks for the bandwidth. */
  #setPacing(gain: number, bw: number): void {
    const rateBps = gain * bw * PACING_MARGIN * 1000;
    if (rateBps <= 0) return;
    if (this.#model.isFullBandwidthReached || rateBps > this.pacingRateBps) {
      this.pacingRateBps = rateBps;
    }
  }

  /** BBRSetCwnd (§4.6.4). */
  #setWindow(sample: RateSample, delivery: DeliveryRate): void {
    const model = this.#model;
    const smss = this.#smss;
    const smallest = SMALLEST_WINDOW_SEGMENTS * smss;
    const gain = this.state === "UP"
      ? CWND_GAIN_UP
      : this.state === "PROBE_RTT"
      ? CWND_GAIN_PROBE_RTT
      : CWND_GAIN;
    const most = model.inflight(gain, smss) + model.extraAcked;
    const grown = this.cwnd + sample.newlyDeliveredBytes;
    if (model.maxBw === 0) this.cwnd = grown;
    else if (model.isFullBandwidthReached) this.cwnd = Math.min(grown, most);
    else if (this.cwnd < most || delivery.delivered < initialWindow(smss, this.#initialWindowSegments)) {
      this.cwnd = grown;
    }
    let cap = Infinity;
    if (this.state === "PROBE_RTT") cap = Math.min(this.#probeRttWindow(), model.withHeadroom());
    else if (this.state === "CRUISE") cap = model.withHeadroom();
    else if (this.#isProbingBandwidth()) cap = model.inflightHi;
    cap = Math.min(cap, model.inflightLo);
    this.cwnd = Math.floor(Math.max(Math.min(this.cwnd, Math.max(cap, smallest)), smallest));
  }

  #restore(): void {
    this.#isInRecovery = false;
    if (this.cwnd < this.#priorCwnd) this.cwnd = this.#priorCwnd;
    this.#priorCwnd = 0;
  }
}
