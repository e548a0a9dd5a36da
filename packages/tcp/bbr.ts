/** Data plane. {@linkcode Bbr}: BBR, version 3 (draft-ietf-ccwg-bbr-06): congestion control by a model of the path, its bandwidth and its
 * round trip without queues, which is probed in turns. The model is in `bbr_model.ts`, the turns are in `bbr_machine.ts`; here it is put
 * into practice: pacing rate and window (§5.6).
 *
 * A loss is no signal by itself: more than 2 % of a round trip's octets are; see `bbr_losses.ts`. Rates are octets per millisecond here.
 *
 * @module
 */
import { BbrMachine, offloadBudget } from "./bbr_machine.ts";
import { BbrModel } from "./bbr_model.ts";
import {
  type BbrOptions,
  type BbrState,
  CWND_GAIN,
  defaultSpread,
  MIN_PIPE_SEGMENTS,
  PACING_GAIN,
  PACING_MARGIN,
} from "./bbr_parameters.ts";
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
  readonly #model: BbrModel;
  readonly #machine: BbrMachine;
  readonly #initialWindowSegments: number;
  #smss: number;
  #hasSent: boolean;
  #priorCwnd: number;
  #isInRecovery: boolean;

  /** The congestion control of a new connection.
   *
   * @param smss sender maximum segment size in bytes.
   */
  constructor(smss: number, options: BbrOptions = {}) {
    this.name = "bbr";
    this.ownsRecovery = true;
    this.#initialWindowSegments = options.initialWindowSegments ?? 10;
    this.cwnd = initialWindow(smss, this.#initialWindowSegments);
    this.ssthresh = Infinity;
    this.pacingRateBps = Infinity;
    this.#model = new BbrModel();
    this.#machine = new BbrMachine(this.#model, options.spread ?? defaultSpread());
    this.#smss = smss;
    this.#hasSent = false;
    this.#priorCwnd = 0;
    this.#isInRecovery = false;
  }

  /** Where it stands. */
  get state(): BbrState {
    return this.#machine.state;
  }
  /** Bandwidth estimate in bytes per second, 0 before the first sample. */
  get bandwidthBps(): number {
    return this.#model.maxBw * 1000;
  }
  /** Shortest round trip of the last ten seconds in milliseconds, `Infinity` before the first. */
  get minRttMs(): number {
    return this.#model.minRttMs;
  }
  /** Octets in flight that the path was seen to bear, `Infinity` before it was seen not to (inflight_longterm). */
  get inflightLongTerm(): number {
    return this.#model.inflightHi;
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
    this.#hasSent = true;
    this.cwnd = this.#smss;
  }
  /** See {@linkcode CongestionControl.onAck}: everything follows from {@linkcode onRateSample}. */
  onAck(): void {
    this.#hasSent = true;
  }
  /** See {@linkcode CongestionControl.onEnterRecovery}: what is missing is repaired within the window that the model gives (§5.6.4.4). */
  onEnterRecovery(): void {
    this.#save();
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
  /** See {@linkcode CongestionControl.onRetransmissionTimeout}: a segment more than what is still under way, until an acknowledgment
   * shows that the path lives (§5.6.4.4). */
  onRetransmissionTimeout(_flight: number, _nowMs: number, _isRepeated: boolean, pipe: number = 0): void {
    this.#save();
    this.#isInRecovery = true;
    this.cwnd = pipe + this.#smss;
  }

  /** See {@linkcode CongestionControl.onTimeoutRecovered}. */
  onTimeoutRecovered(): void {
    this.#restore();
  }
  /** See {@linkcode CongestionControl.onIdleRestart}: the window stays, since pacing keeps the first flight from being a burst (§5.4.1). */
  onIdleRestart(idleMs: number): void {
    const wasProbingRtt = this.state === "PROBE_RTT";
    this.#machine.restartFromIdle(idleMs);
    if (wasProbingRtt && this.state !== "PROBE_RTT") this.#restore();
    if (this.#machine.isInProbeBw) this.#setPacing(1);
  }

  /** See {@linkcode CongestionControl.takeOver}. */
  takeOver(cwnd: number, ssthresh: number): void {
    this.cwnd = cwnd;
    this.ssthresh = ssthresh;
    this.#hasSent = true;
  }

  /** See {@linkcode CongestionControl.onEcnEcho}: a mark counts like too many losses in a round (RFC 8311 §3.1). */
  onEcnEcho(): void {
    this.#model.noteCongestion();
  }

  /** See {@linkcode CongestionControl.undo} (§5.5.11.2). */
  undo(): void {
    this.#machine.undo();
    this.#restore();
  }

  /** See {@linkcode CongestionControl.onRateSample}: UpdateOnACK (§5.2.3). */
  onRateSample(sample: RateSample, delivery: DeliveryRate, nowMs: number): void {
    const model = this.#model;
    const machine = this.#machine;
    const wasProbingRtt = machine.state === "PROBE_RTT";
    const cwnd = this.cwnd;
    model.update(sample, delivery, nowMs, machine.isProbing, cwnd, this.#smss);
    const inflightOne = this.#quantized(model.bdp(1));
    machine.update(sample, delivery, nowMs, cwnd, this.#smss, inflightOne, this.#isInRecovery);
    if (wasProbingRtt !== (machine.state === "PROBE_RTT")) {
      if (wasProbingRtt) this.#restoreWindow();
      else this.#priorCwnd = Math.max(this.#priorCwnd, cwnd);
    }
    model.advance(sample);
    if (this.pacingRateBps === Infinity) this.#initPacing();
    if (model.maxBw > 0) this.#setPacing(PACING_GAIN[machine.state]);
    this.#setWindow(sample, delivery);
  }

  /** InitPacingRate (§5.6.2): before the bandwidth is known, the window of now per round trip. */
  #initPacing(): void {
    const rttMs = this.#model.minRttMs;
    if (rttMs > 0 && rttMs !== Infinity) this.pacingRateBps = PACING_GAIN.STARTUP * this.cwnd / rttMs * 1000;
  }

  /** SetPacingRateWithGain (§5.6.2): never slower than before while STARTUP still looks for the bandwidth. */
  #setPacing(gain: number): void {
    const rateBps = gain * this.#model.bw() * PACING_MARGIN * 1000;
    if (rateBps > 0 && (this.#model.isFullBandwidthReached || rateBps > this.pacingRateBps)) {
      this.pacingRateBps = rateBps;
    }
  }

  /** QuantizationBudget (§5.6.4.2): at least what keeps batches flowing. */
  #quantized(octets: number): number {
    const smss = this.#smss;
    const rateBps = this.pacingRateBps === Infinity ? 0 : this.pacingRateBps;
    const least = Math.max(offloadBudget(rateBps, smss), MIN_PIPE_SEGMENTS * smss);
    const bounded = octets > least ? octets : least;
    return this.#machine.state === "UP" ? bounded + 2 * smss : bounded;
  }

  /** SetCwnd (§5.6.4.6). */
  #setWindow(sample: RateSample, delivery: DeliveryRate): void {
    const model = this.#model;
    const smss = this.#smss;
    const { state } = this.#machine;
    const wanted = state === "PROBE_RTT" ? this.#machine.probeRttWindow(smss) : model.bdp(CWND_GAIN[state]);
    const most = this.#quantized(wanted + model.extraAcked);
    const grown = this.cwnd + sample.newlyDeliveredBytes;
    if (model.maxBw === 0) this.cwnd = grown;
    else if (model.isFullBandwidthReached) this.cwnd = Math.min(grown, most);
    else if (this.cwnd < most || delivery.delivered < initialWindow(smss, this.#initialWindowSegments)) {
      this.cwnd = grown;
    }
    const least = MIN_PIPE_SEGMENTS * smss;
    const cap = this.#cap();
    this.cwnd = Math.floor(Math.max(Math.min(this.cwnd, cap), least));
  }

  /** BoundCwndForProbeRTT (§5.6.4.5) and BoundCwndForModel (§5.6.4.7). */
  #cap(): number {
    const model = this.#model;
    const machine = this.#machine;
    const { state } = machine;
    let cap = Infinity;
    if (state === "PROBE_RTT") {
      cap = Math.min(machine.probeRttWindow(this.#smss), model.withHeadroom(this.#smss));
    } else if (state === "CRUISE") cap = model.withHeadroom(this.#smss);
    else if (machine.isInProbeBw) cap = model.inflightHi;
    return Math.min(cap, model.inflightLo);
  }

  /** SaveCwnd and SaveStateUponLoss (§5.6.4.4, §5.5.11.1). */
  #save(): void {
    const isFirst = !this.#isInRecovery && this.state !== "PROBE_RTT";
    this.#priorCwnd = isFirst ? this.cwnd : Math.max(this.#priorCwnd, this.cwnd);
    this.#machine.recoveryBegins();
  }

  /** The repair is over. */
  #restore(): void {
    this.#isInRecovery = false;
    this.#restoreWindow();
  }

  /** RestoreCwnd (§5.6.4.4). */
  #restoreWindow(): void {
    if (this.cwnd < this.#priorCwnd) this.cwnd = this.#priorCwnd;
  }
}
