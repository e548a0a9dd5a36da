/** The states of BBR, one acknowledgment for each round trip of a path that the test makes up. */
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { Bbr } from "./bbr.ts";
import type { BbrState } from "./bbr_parameters.ts";
import { congestionControlFactory } from "./congestion_controls.ts";
import { DeliveryRate, RateSample } from "./delivery_rate.ts";

const SMSS = 1000;

interface Round {
  /** Octets delivered; default what the path carries, or the window if that is less. */
  readonly bytes?: number;
  /** Segments lost; one gap for each. */
  readonly lost?: number;
  /** Octets in flight when what is delivered, or lost, had been sent; default what the path carries. */
  readonly txInFlight?: number;
  /** Octets in flight after the acknowledgment; default those before it. */
  readonly pipe?: number;
  readonly isAppLimited?: boolean;
  /** Acknowledgments; default one, and one for each loss. */
  readonly acks?: number;
  /** Octets in flight when the last of what is delivered had been sent; default those of the others. */
  readonly lastInFlight?: number;
}

/** A path of a million octets per second. */
class Path {
  readonly bbr: Bbr;
  readonly delivery = new DeliveryRate(0);
  nowMs = 0;
  readonly rttMs: number;
  readonly bdp: number;
  constructor(rttMs: number, bbr: Bbr = new Bbr(SMSS, { spread: () => 0.25 })) {
    this.bbr = bbr;
    this.rttMs = rttMs;
    this.bdp = 1000 * rttMs;
  }

  /** A round trip later. */
  round(round: Round = {}): BbrState {
    const { bytes, lost = 0, txInFlight = this.bdp, lastInFlight, pipe, isAppLimited = false } = round;
    const { bbr, delivery, rttMs } = this;
    const all = bytes ?? Math.min(this.bdp, bbr.cwnd);
    const acks = round.acks ?? lost + 1;
    const sample = new RateSample();
    const prior = delivery.delivered;
    this.nowMs += rttMs;
    for (let i = 0; i < acks; i++) {
      const octets = all / acks;
      delivery.delivered += octets;
      sample.newlyDeliveredBytes = octets;
      sample.newlyLostBytes = i < lost ? SMSS : 0;
      delivery.lost += sample.newlyLostBytes;
      sample.priorDelivered = i === 0 ? prior : prior - 1;
      sample.deliveredBytes = all;
      sample.intervalMs = rttMs;
      sample.rateBps = all / rttMs * 1000;
      sample.rttMs = rttMs;
      sample.isAppLimited = isAppLimited;
      sample.priorPipe = Math.min(txInFlight, bbr.cwnd);
      sample.pipe = pipe ?? sample.priorPipe;
      sample.txInFlight = i === acks - 1 && lastInFlight !== undefined ? lastInFlight : txInFlight;
      sample.lostTxInFlight = txInFlight;
      bbr.onRateSample(sample, delivery, this.nowMs);
    }
    return bbr.state;
  }

  /** Round trips until a state, at most 200. */
  until(state: BbrState, round: Round = {}): number {
    for (let n = 0; n < 200; n++) {
      if (this.bbr.state === state) return n;
      else this.round(round);
    }
    throw new Error(`stays in ${this.bbr.state}`);
  }
}

Deno.test("STARTUP: three round trips without a quarter more end it; DRAIN lasts three at most (draft-ietf-ccwg-bbr §5.3.1.2, §5.3.2)", () => {
  const path = new Path(100);
  path.until("DRAIN", { pipe: 2 * path.bdp });
  assertEquals(path.bbr.bandwidthBps, 1e6);
  assertEquals(path.bbr.minRttMs, 100);
  const states = [1, 2, 3, 4].map(() => path.round({ pipe: 2 * path.bdp }));
  assertEquals(states, ["DRAIN", "DRAIN", "DRAIN", "DOWN"]);
});

Deno.test("STARTUP: losses of a round trip in recovery end it, and spurious ones bring it back (draft-ietf-ccwg-bbr §5.3.1.3, §5.5.11.2)", () => {
  const path = new Path(100);
  for (let i = 0; i < 3; i++) path.round({ bytes: 10_000 * 2 ** i });
  path.bbr.onEnterRecovery();
  path.round({ bytes: 80_000, lost: 8, txInFlight: 80_000 });
  assertEquals(path.bbr.state, "STARTUP");
  assertEquals(path.round({ bytes: 80_000, txInFlight: 80_000, pipe: 200_000 }), "DRAIN");
  assertEquals(path.bbr.inflightLongTerm, 80_000);
  path.bbr.undo();
  assertEquals(path.bbr.state, "STARTUP");
  assertEquals(path.bbr.inflightLongTerm, Infinity);
});

Deno.test("the cycle: DOWN, CRUISE, a round trip of REFILL, UP until the pipe is full (draft-ietf-ccwg-bbr §5.3.3)", () => {
  const path = new Path(40);
  path.until("CRUISE");
  // As many round trips as the window has segments: a Reno flow would fill that up anew.
  const rounds = path.until("REFILL");
  assert(rounds >= 38 && rounds <= 40, `${rounds} rounds`);
  assertEquals(path.until("UP"), 1);
  assertAlmostEquals(path.bbr.pacingRateBps, 1.25e6 * 0.99);
  assertEquals(path.until("DOWN"), 3);
  assertAlmostEquals(path.bbr.pacingRateBps, 0.9e6 * 0.99);
});

Deno.test("UP: what was in flight when a lost segment was sent bounds the window (draft-ietf-ccwg-bbr §5.5.10.2)", () => {
  const path = new Path(100);
  path.until("DOWN");
  path.until("UP");
  assertEquals(path.round({ lost: 10, txInFlight: 120_000 }), "DOWN");
  assertEquals(path.bbr.inflightLongTerm, 120_000);
  // Spurious: the probe begins again.
  path.bbr.undo();
  assertEquals([path.bbr.state, path.bbr.inflightLongTerm], ["REFILL", Infinity]);
});

Deno.test("UP: what had been sent before the losses were found does not raise the bound again (draft-ietf-ccwg-bbr §5.3.3.9)", () => {
  const path = new Path(100);
  path.until("UP");
  path.round({ lost: 10, txInFlight: 120_000, lastInFlight: 130_000 });
  assertEquals(path.bbr.inflightLongTerm, 120_000);
  // What was sent afterwards does.
  path.round({ txInFlight: 125_000 });
  assertEquals(path.bbr.inflightLongTerm, 125_000);
});

Deno.test("UP after a probe that lost: it stops at the bound, and goes on if nothing is lost (draft-ietf-ccwg-bbr §5.3.3.6)", () => {
  const path = new Path(40);
  path.until("UP");
  path.round({ lost: 10, txInFlight: 50_000 });
  path.until("UP");
  assertEquals(path.round({ txInFlight: 50_000, pipe: 50_000 }), "DOWN");
  // A round trip of feedback, then on without the usual wait.
  assertEquals(path.until("REFILL"), 1);
  assertEquals(path.until("UP"), 1);
  for (let i = 0; i < 2; i++) assertEquals(path.round({ txInFlight: 50_000, pipe: 50_000 }), "UP");
});

Deno.test("UP: a window that is used up, and loses nothing, raises the bound faster each round trip (draft-ietf-ccwg-bbr §5.3.3.6)", () => {
  const path = new Path(40);
  path.until("UP");
  path.round({ lost: 10, txInFlight: 60_000 });
  path.until("UP");
  path.round({ txInFlight: 60_000, pipe: 60_000 });
  path.until("UP");
  const risen = [1, 2, 3, 4].map(() => {
    const before = path.bbr.inflightLongTerm;
    path.round({ txInFlight: before, pipe: before, acks: 10 });
    return (path.bbr.inflightLongTerm - before) / SMSS;
  });
  assertEquals(path.bbr.state, "UP");
  assertEquals(risen, [...risen].sort((a, b) => a - b));
  assert(risen[0]! <= 1 && risen[3]! >= 7 && risen[3]! <= 10, `${risen}`);
  // A window that the application does not use up proves nothing, from the second round trip on.
  const idle = { bytes: 20_000, txInFlight: 20_000, isAppLimited: true };
  for (let i = 0; i < 2; i++) path.round(idle);
  const before = path.bbr.inflightLongTerm;
  for (let i = 0; i < 3; i++) path.round(idle);
  assertEquals([path.bbr.state, path.bbr.inflightLongTerm], ["UP", before]);
});

Deno.test("CRUISE leaves 15 % of what the path bears to others, REFILL takes it (draft-ietf-ccwg-bbr §5.3.3.9, §5.6.4.7)", () => {
  const path = new Path(100);
  path.until("UP");
  path.round({ lost: 10, txInFlight: 120_000 });
  path.until("CRUISE");
  path.round();
  assertEquals(path.bbr.cwnd, 0.85 * 120_000);
  path.until("REFILL");
  path.round();
  assertEquals(path.bbr.cwnd, 120_000);
});

Deno.test("a probe follows two to three seconds after the last, by chance (draft-ietf-ccwg-bbr §5.3.3.8.3)", () => {
  const path = new Path(100);
  path.until("CRUISE");
  // 63 round trips of a Reno flow are longer.
  const ms = path.until("REFILL") * 100;
  assert(ms > 2250 && ms <= 2400, `${ms} ms`);
  let drawn = 0;
  const random = { uint32: () => (drawn++, 0x4000_0000) };
  const bbr = congestionControlFactory("bbr")(SMSS, random);
  assertEquals(new Path(100, bbr as Bbr).until("CRUISE") > 0 && drawn, 2);
});

Deno.test("PROBE_RTT: after five seconds, for 200 ms and a round trip; losses there lower no bound (draft-ietf-ccwg-bbr §5.3.4)", () => {
  const path = new Path(100);
  path.until("PROBE_RTT");
  assert(path.nowMs > 5000 && path.nowMs < 5300, `${path.nowMs} ms`);
  assertEquals(path.bbr.cwnd, 50_000);
  const rounds = path.until("CRUISE", { bytes: 50_000, lost: 6, txInFlight: 50_000 });
  assertEquals(rounds, 4);
  assertEquals(path.bbr.inflightLongTerm, Infinity);
});

Deno.test("PROBE_RTT: a flight of a long round trip keeps all but 150 ms of it", () => {
  const path = new Path(600);
  path.until("PROBE_RTT");
  assertEquals(path.bbr.cwnd, 450_000);
});

Deno.test("PROBE_RTT is over when the connection was idle meanwhile (draft-ietf-ccwg-bbr §5.4.1)", () => {
  const path = new Path(100);
  path.until("PROBE_RTT");
  path.round({ bytes: 40_000, txInFlight: 40_000 });
  path.bbr.onIdleRestart(1000);
  assertEquals(path.bbr.state, "CRUISE");
  assertGreater(path.bbr.cwnd, 100_000);
});

Deno.test("after an idle time the bandwidth is the rate, whatever the phase, and no PROBE_RTT is due (draft-ietf-ccwg-bbr §5.4.1)", () => {
  const path = new Path(100);
  path.until("DOWN");
  assertAlmostEquals(path.bbr.pacingRateBps, 0.9e6 * 0.99);
  path.nowMs += 20_000;
  path.bbr.onIdleRestart(20_000);
  assertAlmostEquals(path.bbr.pacingRateBps, 1e6 * 0.99);
  const states = Array.from({ length: 40 }, () => path.round());
  assert(!states.includes("PROBE_RTT"), `${states}`);
});

Deno.test("CRUISE: losses above noise take rate and window to what is delivered, until the next probe (draft-ietf-ccwg-bbr §5.5.10.3)", () => {
  const path = new Path(100);
  path.until("DOWN");
  path.until("CRUISE");
  const { pacingRateBps } = path.bbr;
  path.round({ lost: 1 });
  path.round();
  path.round();
  assertEquals(path.bbr.pacingRateBps, pacingRateBps);
  path.round({ bytes: 80_000, lost: 10 });
  for (let i = 0; i < 2; i++) path.round({ bytes: 80_000 });
  assertAlmostEquals(path.bbr.pacingRateBps, 0.8e6 * 0.99);
  path.until("REFILL", { bytes: 80_000 });
  assertAlmostEquals(path.bbr.pacingRateBps, pacingRateBps);
});

Deno.test("a rate that the application kept down is no bandwidth, and ends no STARTUP (draft-ietf-ccwg-bbr §5.5.4, §5.3.1.2)", () => {
  const path = new Path(100);
  for (let i = 0; i < 10; i++) path.round({ bytes: 10_000, isAppLimited: true });
  assertEquals(path.bbr.state, "STARTUP");
  path.until("CRUISE");
  for (let i = 0; i < 10; i++) path.round({ bytes: 10_000, txInFlight: 10_000, isAppLimited: true });
  assertEquals(path.bbr.bandwidthBps, 1e6);
});

Deno.test("a timeout leaves a segment more than what is still in flight, and the window comes back (draft-ietf-ccwg-bbr §5.6.4.4)", () => {
  const bbr = new Bbr(SMSS);
  assertEquals(bbr.cwnd, 10_000);
  bbr.onRetransmissionTimeout(10_000, 0, false);
  assertEquals(bbr.cwnd, SMSS);
  bbr.onTimeoutRecovered();
  assertEquals(bbr.cwnd, 10_000);
  bbr.onRetransmissionTimeout(10_000, 0, false, 4000);
  assertEquals(bbr.cwnd, 5000);
  bbr.undo();
  assertEquals(bbr.cwnd, 10_000);
});
