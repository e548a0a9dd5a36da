/** Data plane. {@linkcode BbrMachine}: the states of BBR (draft-ietf-ccwg-bbr-06 §5.3).
 *
 * ```text
 *   STARTUP ──▶ DRAIN ──▶ DOWN ──▶ CRUISE ──▶ REFILL ──▶ UP          each 5 s without a new shortest round trip:
 *                          ▲                              │          PROBE_RTT for 200 ms, then on with CRUISE
 *                          └──────────────────────────────┘
 * ```
 *
 * @module
 */
import type { BbrModel } from "./bbr_model.ts";
import {
  type AckPhase,
  type BbrState,
  CWND_GAIN,
  DRAIN_ROUNDS,
  MAX_RENO_ROUNDS,
  MIN_PIPE_SEGMENTS,
  PROBE_RTT_DRAINED_MS,
  PROBE_RTT_MS,
  PROBE_WAIT_MS,
} from "./bbr_parameters.ts";
import type { DeliveryRate, RateSample } from "./delivery_rate.ts";

/** Octets for which as many batches are on their way as keep a path with offload busy: three of what is sent in a millisecond (§5.5.8.1,
 * §5.6.3). */
export function offloadBudget(pacingRateBps: number, smss: number): number {
  const perMs = pacingRateBps / 1000;
  return 3 * Math.max(Math.min(perMs, 65_536), 2 * smss);
}

/** Where one connection stands. */
export class BbrMachine {
  /** The state. */
  state: BbrState;
  readonly #model: BbrModel;
  readonly #spread: () => number;
  #ackPhase: AckPhase;
  #drainRound: number;
  #cycleAtMs: number;
  #probeWaitMs: number;
  #roundsSinceProbe: number;
  #hasProbeSamples: boolean;
  #wasProbeTooHigh: boolean;
  #wasProbePrecautionary: boolean;
  #probeUpRounds: number;
  #probeUpAcked: number;
  #probeUpStep: number;
  #probeRttDoneAtMs: number;
  #isProbeRttRoundDone: boolean;
  #isIdleRestart: boolean;
  /** What a loss ended that may turn out to be none. */
  #undoState: BbrState | undefined;

  /** In STARTUP. */
  constructor(model: BbrModel, spread: () => number) {
    this.state = "STARTUP";
    this.#model = model;
    this.#spread = spread;
    this.#ackPhase = "NONE";
    this.#drainRound = 0;
    this.#cycleAtMs = 0;
    this.#probeWaitMs = 0;
    this.#roundsSinceProbe = 0;
    this.#hasProbeSamples = false;
    this.#wasProbeTooHigh = false;
    this.#wasProbePrecautionary = false;
    this.#probeUpRounds = 0;
    this.#probeUpAcked = 0;
    this.#probeUpStep = Infinity;
    this.#probeRttDoneAtMs = -1;
    this.#isProbeRttRoundDone = false;
    this.#isIdleRestart = false;
    this.#undoState = undefined;
  }

  /** IsInAProbeBWState (§5.3.3.9). */
  get isInProbeBw(): boolean {
    return this.state === "DOWN" || this.state === "CRUISE" || this.state === "REFILL" || this.state === "UP";
  }

  /** IsProbingBW (§5.3.3.9). */
  get isProbing(): boolean {
    return this.state === "STARTUP" || this.state === "REFILL" || this.state === "UP";
  }

  /** ProbeRTTCwnd (§5.6.4.5): half of the bandwidth-delay product. Deviation: no more is taken out of the flight than 150 ms of it, which
   * makes a difference from a round trip of 300 ms on. The draft wants PROBE_RTT to cost 2 % (§5.3.4.2), and counts 200 ms at half the
   * rate in 5 s; but it lasts a round trip at least, and the pipe must be filled again, so that half the window costs a round trip's
   * rate in 5 s + 1.5 round trips: 10 % where a satellite is in between. What is left drains queues of 150 ms and more each time. */
  probeRttWindow(smss: number): number {
    const model = this.#model;
    const half = model.bdp(CWND_GAIN.PROBE_RTT);
    const drained = model.bw() * PROBE_RTT_DRAINED_MS;
    return Math.max(2 * half - drained, half, MIN_PIPE_SEGMENTS * smss);
  }

  /** What follows from an acknowledgment that the model has taken in (§5.2.3, UpdateModelAndState).
   *
   * @param inflightOne octets in flight that the bandwidth-delay product asks for, batches included.
   * @param isInRecovery something is being repaired.
   */
  update(
    sample: RateSample,
    delivery: DeliveryRate,
    nowMs: number,
    cwnd: number,
    smss: number,
    inflightOne: number,
    isInRecovery: boolean,
  ): void {
    const model = this.#model;
    if (model.isRoundStart) this.#roundsSinceProbe++;
    model.checkFullBandwidth(sample);
    this.#checkStartup(isInRecovery);
    this.#checkDrain(sample, nowMs, inflightOne);
    this.#updateCycle(sample, nowMs, cwnd, smss, inflightOne);
    model.noteRtt(sample, nowMs);
    this.#checkProbeRtt(sample, delivery, nowMs, smss);
  }

  /** Something is to be sent after an idle time (HandleRestartFromIdle, §5.4.1).
   *
   * @param idleMs since something was sent last.
   */
  restartFromIdle(idleMs: number): void {
    this.#isIdleRestart = true;
    this.#model.restartAggregation();
    if (this.state === "PROBE_RTT" && this.#probeRttDoneAtMs >= 0 && idleMs > PROBE_RTT_MS) {
      this.#endProbeRtt(this.#probeRttDoneAtMs);
    }
  }

  /** A recovery begins: what ends a state from now on can be undone (§5.5.11.1). */
  recoveryBegins(): void {
    this.#undoState = undefined;
    this.#model.saveForUndo();
  }

  /** The recovery was for nothing (§5.5.11.2). */
  undo(): void {
    const model = this.#model;
    const state = this.#undoState;
    this.#undoState = undefined;
    model.undoLosses();
    if (state === "STARTUP" && this.state !== "STARTUP") {
      model.isFullBandwidthReached = false;
      if (this.state !== "PROBE_RTT") this.state = "STARTUP";
    } else if (state === "UP" && this.state !== "UP" && this.state !== "PROBE_RTT") this.#enterRefill();
  }

  /** CheckStartupDone (§5.3.1.1) and CheckStartupHighLoss (§5.3.1.3). */
  #checkStartup(isInRecovery: boolean): void {
    const model = this.#model;
    if (this.state !== "STARTUP") return;
    if (isInRecovery && model.losses.isLastRoundLossy) {
      this.#undoState = "STARTUP";
      model.isFullBandwidthReached = true;
      model.inflightHi = Math.max(model.bdp(1), model.inflightLatest);
    }
    if (!model.isFullBandwidthReached) return;
    this.state = "DRAIN";
    this.#drainRound = model.roundCount;
  }

  /** CheckDrainDone (§5.3.2). */
  #checkDrain(sample: RateSample, nowMs: number, inflightOne: number): void {
    if (this.state !== "DRAIN") return;
    if (sample.pipe <= inflightOne || this.#model.roundCount > this.#drainRound + DRAIN_ROUNDS) {
      this.#enterDown(nowMs);
    }
  }

  /** UpdateProbeBWCyclePhase (§5.3.3.9). */
  #updateCycle(sample: RateSample, nowMs: number, cwnd: number, smss: number, inflightOne: number): void {
    const model = this.#model;
    if (!model.isFullBandwidthReached || this.#adaptLongTerm(sample, nowMs, cwnd, smss)) return;
    switch (this.state) {
      case "DOWN":
        if (this.#isTimeToProbe(nowMs, cwnd, smss)) return this.#enterRefill();
        if (sample.pipe <= model.withHeadroom(smss) && sample.pipe <= inflightOne) this.state = "CRUISE";
        return;
      case "CRUISE":
        if (this.#isTimeToProbe(nowMs, cwnd, smss)) this.#enterRefill();
        return;
      case "REFILL":
        if (model.isRoundStart) this.#enterUp(sample, cwnd, smss);
        return;
      case "UP":
        if (!this.#isTimeToGoDown(sample, cwnd, smss)) return;
        this.#wasProbeTooHigh = false;
        this.#enterDown(nowMs);
    }
  }

  /** AdaptLongTermModel (§5.3.3.9) and HandleLostPacket (§5.5.10.2).
   *
   * @returns whether it decided the state.
   */
  #adaptLongTerm(sample: RateSample, nowMs: number, cwnd: number, smss: number): boolean {
    const model = this.#model;
    if (model.isLossHigh && this.#hasProbeSamples) {
      this.#wasProbeTooHigh = true;
      this.#hasProbeSamples = false;
      if (!sample.isAppLimited) model.lowerInflightHi(sample.lostTxInFlight, cwnd);
      if (this.state === "UP") {
        this.#undoState = "UP";
        this.#enterDown(nowMs);
        return true;
      }
    }
    if (model.isRoundStart && this.#ackPhase === "PROBE_STARTING") this.#ackPhase = "PROBE_FEEDBACK";
    else if (model.isRoundStart && this.#ackPhase === "PROBE_STOPPING") {
      this.#hasProbeSamples = false;
      this.#ackPhase = "NONE";
      if (this.isInProbeBw && !sample.isAppLimited) model.advanceBandwidthFilter();
      if (this.isInProbeBw && this.#wasProbePrecautionary && !this.#wasProbeTooHigh) {
        this.#enterRefill();
        return true;
      }
    }
    if (model.isLossHigh || model.inflightHi === Infinity) return false;
    model.raiseInflightHi(sample);
    if (this.state === "UP") this.#probeUpward(sample, cwnd, smss);
    return false;
  }

  /** ProbeInflightLongtermUpward (§5.3.3.9): the bound rises, twice as fast each round. */
  #probeUpward(sample: RateSample, cwnd: number, smss: number): void {
    const model = this.#model;
    if (!model.isWindowLimited || cwnd < Math.floor(model.inflightHi)) return;
    this.#probeUpAcked += sample.newlyDeliveredBytes;
    if (this.#probeUpAcked >= this.#probeUpStep) {
      const steps = Math.floor(this.#probeUpAcked / this.#probeUpStep);
      this.#probeUpAcked -= steps * this.#probeUpStep;
      model.inflightHi += steps * smss;
    }
    if (model.isRoundStart) this.#raiseSlope(cwnd, smss);
  }

  /** RaiseInflightLongtermSlope (§5.3.3.9): octets to be acknowledged for each further segment. */
  #raiseSlope(cwnd: number, smss: number): void {
    const growth = 2 ** this.#probeUpRounds;
    this.#probeUpRounds = Math.min(this.#probeUpRounds + 1, 30);
    this.#probeUpStep = Math.max(cwnd / growth, smss);
  }

  /** IsTimeToProbeBW (§5.3.3.8.3). */
  #isTimeToProbe(nowMs: number, cwnd: number, smss: number): boolean {
    if (nowMs > this.#cycleAtMs + this.#probeWaitMs) return true;
    const segments = Math.min(this.#model.bdp(1), cwnd) / smss;
    return this.#roundsSinceProbe >= Math.min(segments, MAX_RENO_ROUNDS);
  }

  /** IsTimeToGoDown (§5.3.3.9). */
  #isTimeToGoDown(sample: RateSample, cwnd: number, smss: number): boolean {
    const model = this.#model;
    if (this.#wasProbeTooHigh && sample.pipe + smss > model.inflightHi) {
      this.#wasProbePrecautionary = true;
      return true;
    }
    if (model.isWindowLimited && cwnd >= Math.floor(model.inflightHi)) {
      model.resetFullBandwidth(sample.rateBps / 1000);
      return false;
    }
    return model.isFullBandwidthNow;
  }

  #enterDown(nowMs: number): void {
    this.state = "DOWN";
    this.#model.resetCongestion();
    this.#probeUpStep = Infinity;
    // PickProbeWait (§5.3.3.8.3): rounds and time.
    this.#roundsSinceProbe = this.#spread() < 0.5 ? 0 : 1;
    this.#probeWaitMs = PROBE_WAIT_MS + 1000 * this.#spread();
    this.#cycleAtMs = nowMs;
    this.#ackPhase = "PROBE_STOPPING";
    this.#model.startRound();
  }

  #enterRefill(): void {
    const model = this.#model;
    this.state = "REFILL";
    model.resetShortTerm();
    model.losses.restart();
    this.#probeUpRounds = 0;
    this.#probeUpAcked = 0;
    this.#wasProbePrecautionary = false;
    this.#ackPhase = "REFILLING";
    model.startRound();
  }

  #enterUp(sample: RateSample, cwnd: number, smss: number): void {
    const model = this.#model;
    this.state = "UP";
    this.#hasProbeSamples = true;
    this.#ackPhase = "PROBE_STARTING";
    model.losses.restart();
    model.startRound();
    model.resetFullBandwidth(sample.rateBps / 1000);
    this.#raiseSlope(cwnd, smss);
  }

  /** CheckProbeRTT (§5.3.4.3): the queue is emptied for a moment, so that the round trip without it is seen. */
  #checkProbeRtt(sample: RateSample, delivery: DeliveryRate, nowMs: number, smss: number): void {
    const model = this.#model;
    if (this.state !== "PROBE_RTT" && model.isProbeRttExpired && !this.#isIdleRestart) {
      this.state = "PROBE_RTT";
      this.#probeRttDoneAtMs = -1;
      this.#ackPhase = "PROBE_STOPPING";
      model.startRound();
    }
    if (this.state === "PROBE_RTT") this.#probeRtt(sample, delivery, nowMs, smss);
    if (sample.newlyDeliveredBytes > 0) this.#isIdleRestart = false;
  }

  /** HandleProbeRTT (§5.3.4.3). */
  #probeRtt(sample: RateSample, delivery: DeliveryRate, nowMs: number, smss: number): void {
    const model = this.#model;
    delivery.appLimited(sample.pipe);
    if (this.#probeRttDoneAtMs < 0) {
      if (sample.pipe > this.probeRttWindow(smss)) return;
      this.#probeRttDoneAtMs = nowMs + PROBE_RTT_MS;
      this.#isProbeRttRoundDone = false;
      return model.startRound();
    }
    if (model.isRoundStart) this.#isProbeRttRoundDone = true;
    if (this.#isProbeRttRoundDone && nowMs > this.#probeRttDoneAtMs) this.#endProbeRtt(nowMs);
  }

  /** ExitProbeRTT (§5.3.4.4). */
  #endProbeRtt(nowMs: number): void {
    const model = this.#model;
    model.probeRttDone(nowMs);
    model.resetShortTerm();
    if (!model.isFullBandwidthReached) this.state = "STARTUP";
    else {
      this.#enterDown(nowMs);
      this.state = "CRUISE";
    }
  }
}
