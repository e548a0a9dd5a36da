/** What BBR believes of a path: filters and signals, one by one. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BbrModel } from "./bbr_model.ts";
import { DeliveryRate, RateSample } from "./delivery_rate.ts";

const SMSS = 1000;
const CWND = 200_000;

/** A model of a path of 1,000 octets per millisecond, with a round trip of 100 ms. */
class Observed {
  readonly model = new BbrModel();
  readonly delivery = new DeliveryRate(0);
  nowMs = 0;
  #roundEnd = 0;
  #roundAtMs = -100;

  /** An acknowledgment of `octets`, `ms` after the last. */
  ack(octets: number, ms: number, options: Partial<RateSample> = {}, isProbing: boolean = false): void {
    this.nowMs += ms;
    const sample = new RateSample();
    const isRoundOver = this.nowMs >= this.#roundAtMs + 100;
    sample.priorDelivered = isRoundOver ? this.#roundEnd : this.#roundEnd - 1;
    this.delivery.delivered += octets;
    if (isRoundOver) {
      this.#roundEnd = this.delivery.delivered;
      this.#roundAtMs = this.nowMs;
    }
    Object.assign(
      sample,
      { newlyDeliveredBytes: octets, deliveredBytes: 100_000, rateBps: 1e6, rttMs: 100 },
      options,
    );
    this.model.update(sample, this.delivery, this.nowMs, isProbing, CWND, SMSS);
    this.model.noteRtt(sample, this.nowMs);
    this.model.advance(sample);
  }

  /** A round trip of steady acknowledgments. */
  round(options: Partial<RateSample> = {}): void {
    for (let i = 0; i < 10; i++) this.ack(10_000, 10, options);
  }
}

Deno.test("maxBw is the best of this cycle of probing and the one before (draft-ietf-ccwg-bbr §5.5.5, §5.5.6)", () => {
  const path = new Observed();
  path.round({ rateBps: 2e6 });
  path.model.advanceBandwidthFilter();
  path.round({ rateBps: 1e6 });
  assertEquals(path.model.maxBw, 2000);
  path.model.advanceBandwidthFilter();
  assertEquals(path.model.maxBw, 1000);
  path.round({ rateBps: 3e6, isAppLimited: true });
  assertEquals(path.model.maxBw, 3000);
  path.round({ rateBps: 0.5e6, isAppLimited: true });
  assertEquals(path.model.maxBw, 3000);
});

Deno.test("minRtt is the shortest of ten seconds; after five PROBE_RTT is due (draft-ietf-ccwg-bbr §5.3.4.3)", () => {
  const path = new Observed();
  path.round({ rttMs: 80 });
  for (let i = 0; i < 49; i++) path.round();
  assertEquals([path.model.minRttMs, path.model.isProbeRttExpired], [80, false]);
  path.ack(10_000, 200);
  assertEquals([path.model.minRttMs, path.model.isProbeRttExpired], [80, true]);
  for (let i = 0; i < 52; i++) path.round();
  assertEquals(path.model.minRttMs, 100);
});

Deno.test("extraAcked: what a burst of acknowledgments brings beyond the bandwidth, for ten round trips (draft-ietf-ccwg-bbr §5.5.9)", () => {
  const path = new Observed();
  path.model.isFullBandwidthReached = true;
  for (let i = 0; i < 12; i++) path.round();
  // Steady acknowledgments are bursts of their own size.
  assertEquals(path.model.extraAcked, 10_000);
  path.ack(70_000, 70);
  assertEquals(path.model.extraAcked, 70_000);
  path.ack(10_000, 100);
  for (let i = 0; i < 3; i++) path.round();
  assertEquals(path.model.extraAcked, 70_000);
  for (let i = 0; i < 10; i++) path.round();
  assertEquals(path.model.extraAcked, 10_000);
});

Deno.test("extraAcked: an idle time is no burst, and the window bounds it (draft-ietf-ccwg-bbr §5.4.1, §5.5.9)", () => {
  const path = new Observed();
  path.model.isFullBandwidthReached = true;
  path.round();
  path.ack(3 * CWND, 10);
  assertEquals(path.model.extraAcked, CWND);
});

Deno.test("losses above noise bound rate and window by what is delivered, and by β at most (draft-ietf-ccwg-bbr §5.5.10.3)", () => {
  const path = new Observed();
  for (let i = 0; i < 3; i++) path.round();
  const slow = { rateBps: 0.5e6, deliveredBytes: 50_000 };
  const lossy = { ...slow, newlyLostBytes: 20 * SMSS, lostTxInFlight: 100_000 };
  path.round(slow);
  path.ack(10_000, 10, lossy);
  assertEquals(path.model.bw(), 1000);
  for (let i = 0; i < 2; i++) path.round(slow);
  assertAlmostEquals(path.model.bw(), 700);
  assertAlmostEquals(path.model.inflightLo, 0.7 * CWND);
  path.model.resetShortTerm();
  assertEquals([path.model.bw(), path.model.inflightLo], [1000, Infinity]);
});

Deno.test("losses while a probe is under way lower no short-term bound (draft-ietf-ccwg-bbr §5.5.10.3)", () => {
  const path = new Observed();
  for (let i = 0; i < 3; i++) path.round();
  path.ack(10_000, 10, { newlyLostBytes: 20 * SMSS, lostTxInFlight: 100_000 }, true);
  for (let i = 0; i < 20; i++) path.ack(10_000, 10, {}, true);
  assertEquals(path.model.inflightLo, Infinity);
});

Deno.test("the bound has room for others, a segment at least, and keeps four (draft-ietf-ccwg-bbr §5.3.3.9)", () => {
  const { model } = new Observed();
  assertEquals(model.withHeadroom(SMSS), Infinity);
  const rooms = [100_000, 5000, 3000].map((octets) => {
    model.inflightHi = octets;
    return model.withHeadroom(SMSS);
  });
  assertEquals(rooms, [85_000, 4000, 4000]);
});

Deno.test("bandwidth is full after three round trips without a quarter more, none of them the application's (draft-ietf-ccwg-bbr §5.3.1.2)", () => {
  const { model } = new Observed();
  const sample = new RateSample();
  model.isRoundStart = true;
  const full = (rateBps: number, isAppLimited: boolean = false): boolean => {
    Object.assign(sample, { rateBps, isAppLimited });
    model.checkFullBandwidth(sample);
    return model.isFullBandwidthNow;
  };
  assertEquals([full(1e6), full(1.2e6), full(1.2e6), full(1.2e6, true), full(1.25e6)], Array(5).fill(false));
  assertEquals([full(1.3e6), full(1.3e6), full(1.3e6)], [false, false, true]);
});
