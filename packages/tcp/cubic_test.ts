import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { congestionControlFactory } from "./congestion_controls.ts";
import { Cubic, CUBIC_ALPHA, CUBIC_BETA, CUBIC_C, cubicK, cubicWindow } from "./cubic.ts";

const SMSS = 1000;

/** A connection which has just left recovery with `segments` before the loss. */
function afterLoss(segments: number, nowMs: number = 0): Cubic {
  const cc = new Cubic(SMSS);
  cc.cwnd = segments * SMSS;
  cc.onEnterRecovery(segments * SMSS, nowMs, true);
  cc.onExitRecovery(cc.ssthresh, nowMs, true);
  return cc;
}

/** Full windows are acknowledged, a segment at a time, from `fromMs` until `toMs`. */
function run(cc: Cubic, fromMs: number, toMs: number, rttMs: number): void {
  let nowMs = fromMs;
  while (nowMs < toMs) {
    const segments = Math.floor(cc.cwnd / SMSS);
    for (let i = 0; i < segments; i++) {
      const at = nowMs + i * rttMs / segments;
      if (at >= toMs) return;
      cc.onAck(SMSS, Math.floor(cc.cwnd / SMSS) * SMSS, at, rttMs);
    }
    nowMs += rttMs;
  }
}

Deno.test("CUBIC's constants are β 0.7, C 0.4, α 9/17 (RFC 9438 §4.3, §4.6, §5.1)", () => {
  assertEquals([CUBIC_BETA, CUBIC_C], [0.7, 0.4]);
  assertAlmostEquals(CUBIC_ALPHA, 9 / 17, 1e-12);
});

Deno.test("cubicWindow() begins at cwnd_epoch and is W_max at K (RFC 9438 §4.2, equations 1 and 2)", () => {
  for (const segments of [10, 100, 10_000]) {
    const wMax = segments * SMSS;
    const k = cubicK(wMax, 0.7 * wMax, SMSS);
    assertAlmostEquals(k, Math.cbrt(segments * 0.3 / 0.4), 1e-9);
    assertAlmostEquals(cubicWindow(0, k, wMax, SMSS), 0.7 * wMax, 1e-3);
    assertEquals(cubicWindow(k, k, wMax, SMSS), wMax);
    assertAlmostEquals(cubicWindow(k + 1, k, wMax, SMSS), wMax + 400, 1e-6);
  }
  assertEquals(cubicK(1000, 2000, SMSS), 0);
});

Deno.test("CUBIC leaves 0.7 of the flight after a loss (RFC 9438 §4.6)", () => {
  const cc = afterLoss(1000);
  assertEquals([cc.cwnd, cc.ssthresh], [700 * SMSS, 700 * SMSS]);
});

Deno.test("CUBIC follows W_cubic one round trip ahead: concave to W_max, then convex (RFC 9438 §4.4, §4.5)", () => {
  const cc = afterLoss(1000);
  const k = cubicK(1000 * SMSS, 700 * SMSS, SMSS);
  let now = 0;
  for (const seconds of [1, 3, 5, k, 11, 13]) {
    run(cc, now, seconds * 1000, 100);
    now = seconds * 1000;
    const here = cubicWindow(seconds - 0.1, k, 1000 * SMSS, SMSS);
    const ahead = cubicWindow(seconds + 0.1, k, 1000 * SMSS, SMSS);
    assert(
      cc.cwnd > here - 2 * SMSS && cc.cwnd <= ahead + SMSS,
      `${cc.cwnd} at ${seconds} s: ${here}, ${ahead}`,
    );
  }
});

Deno.test("CUBIC is not slower than Reno where the window or the round trip is small (RFC 9438 §4.3)", () => {
  const cc = afterLoss(20);
  assertEquals(cc.cwnd, 14 * SMSS);
  // Half a segment a round trip, while W_cubic stands still.
  run(cc, 0, 10 * 5, 5);
  assertAlmostEquals(cc.cwnd, (14 + 10 * CUBIC_ALPHA) * SMSS, SMSS);
  // From W_max on a whole one.
  run(cc, 50, 60, 5);
  const before = cc.cwnd;
  run(cc, 60, 110, 5);
  assertAlmostEquals(cc.cwnd, before + 10 * SMSS, 1.5 * SMSS);
});

Deno.test("CUBIC grows by half a window per round trip at most (RFC 9438 §4.2)", () => {
  const cc = afterLoss(10);
  cc.onAck(SMSS, 7 * SMSS, 0, 100);
  const before = cc.cwnd;
  cc.onAck(before, before, 60_000, 100);
  assertEquals(cc.cwnd, before + Math.floor(before / 2));
});

Deno.test("CUBIC yields to newcomers: a loss below W_max lowers it further (RFC 9438 §4.7)", () => {
  const windows = [true, false].map((fastConvergence) => {
    const cc = new Cubic(SMSS, { fastConvergence });
    cc.cwnd = 1000 * SMSS;
    cc.onEnterRecovery(1000 * SMSS, 0, true);
    cc.onExitRecovery(cc.ssthresh, 0, true);
    cc.onEnterRecovery(700 * SMSS, 100, true);
    cc.onExitRecovery(cc.ssthresh, 100, true);
    // At K, W_cubic is on its plateau, which is W_max.
    run(cc, 100, 100 + 1000 * cubicK((fastConvergence ? 595 : 700) * SMSS, 490 * SMSS, SMSS), 100);
    return cc.cwnd / SMSS;
  });
  assertAlmostEquals(windows[0]!, 700 * (1 + CUBIC_BETA) / 2, 10);
  assertAlmostEquals(windows[1]!, 700, 10);
});

Deno.test("CUBIC starts over from where slow start ended after a timeout, with K = 0 (RFC 9438 §4.8)", () => {
  const cc = new Cubic(SMSS);
  cc.cwnd = 1000 * SMSS;
  cc.onRetransmissionTimeout(1000 * SMSS, 0, false);
  assertEquals([cc.cwnd, cc.ssthresh], [SMSS, 700 * SMSS]);
  cc.onTimeoutRecovered();
  while (cc.cwnd < cc.ssthresh) cc.onAck(SMSS, cc.cwnd, 1000, 100);
  run(cc, 1000, 6000, 100);
  assertAlmostEquals(cc.cwnd / SMSS, 700 + 0.4 * 5 ** 3, 5);
});

Deno.test("CUBIC: time in which the window is not used does not count (RFC 9438 §4.2, §5.8)", () => {
  const [steady, limited] = [afterLoss(1000), afterLoss(1000)];
  run(steady, 0, 2000, 100);
  run(limited, 0, 1000, 100);
  for (let at = 1000; at < 100_000; at += 100) limited.onAck(SMSS, 2 * SMSS, at, 100);
  run(limited, 100_000, 101_000, 100);
  assertAlmostEquals(limited.cwnd, steady.cwnd, 10 * SMSS);
});

Deno.test("CUBIC: a batch of acknowledgments, with nothing sent in between, counts in full", () => {
  const [single, batched] = [afterLoss(1000), afterLoss(1000)];
  for (let at = 0; at < 5000; at += 100) {
    for (const [cc, count] of [[single, 1], [batched, 50]] as const) {
      const window = Math.floor(cc.cwnd / SMSS) * SMSS;
      for (let i = 0; i < count; i++) cc.onAck(window / count, window - i * window / count, at, 100);
    }
  }
  assertAlmostEquals(batched.cwnd, single.cwnd, 10 * SMSS);
});

Deno.test("CUBIC: undo() brings back the whole curve, not the window alone (RFC 9438 §4.9)", () => {
  const [steady, wronged] = [afterLoss(1000), afterLoss(1000)];
  for (const cc of [steady, wronged]) run(cc, 0, 3000, 100);
  wronged.onRetransmissionTimeout(wronged.cwnd, 3000, false);
  wronged.undo();
  assertEquals(wronged.cwnd, steady.cwnd);
  for (const cc of [steady, wronged]) run(cc, 3000, 12_000, 100);
  assertEquals(wronged.cwnd, steady.cwnd);
});

Deno.test("CUBIC: a window that has passed cwnd_prior is not undone: curve and threshold stay those of today (RFC 9438 §4.9.2)", () => {
  const [steady, late] = [afterLoss(100), afterLoss(100)];
  for (const cc of [steady, late]) run(cc, 0, 8000, 100);
  assert(late.cwnd > 100 * SMSS);
  late.undo();
  assertEquals([late.cwnd, late.ssthresh], [steady.cwnd, 70 * SMSS]);
  for (const cc of [steady, late]) run(cc, 8000, 10_000, 100);
  assertEquals(late.cwnd, steady.cwnd);
});

Deno.test("CUBIC: congestion avoidance begins where recovery ends, not with the acknowledgment after it (RFC 9438 §4.2, t_epoch)", () => {
  const cc = afterLoss(1000, 0);
  // Nothing came for a second; the window was in use all the time.
  cc.onAck(700 * SMSS, 700 * SMSS, 1000, 100);
  const k = cubicK(1000 * SMSS, 700 * SMSS, SMSS);
  assertAlmostEquals(cc.cwnd, cubicWindow(1.1, k, 1000 * SMSS, SMSS), 1);
});

Deno.test("CUBIC leaves the first slow start when round trips grow, without a loss (RFC 9438 §4.10, RFC 9406)", () => {
  const slow = (hystart: boolean): Cubic => {
    const cc = new Cubic(SMSS, { hystart });
    let nowMs = 0;
    for (let round = 0; round < 12; round++) {
      const window = cc.cwnd;
      const rttMs = round < 4 ? 100 : 100 + 20 * (round - 3);
      for (let acked = 0; acked < window; acked += SMSS) cc.onAck(SMSS, window, nowMs, rttMs);
      nowMs += rttMs;
    }
    return cc;
  };
  const cc = slow(true);
  assert(cc.ssthresh < 1000 * SMSS && cc.cwnd >= cc.ssthresh, `${cc.ssthresh}`);
  assertEquals(slow(false).ssthresh, Infinity);
  assert(slow(false).cwnd > 10_000 * SMSS);
});

/** In its first slow start, with more delay in each round trip after the fourth: conservative after `rounds`. */
function delayed(rounds: number): Cubic {
  const cc = new Cubic(SMSS);
  for (let round = 0; round < rounds; round++) {
    const window = cc.cwnd;
    const rttMs = round < 4 ? 100 : 100 + 20 * (round - 3);
    for (let acked = 0; acked < window; acked += SMSS) {
      cc.onAck(SMSS, Math.floor(cc.cwnd / SMSS) * SMSS, 100 * round, rttMs);
    }
  }
  return cc;
}

Deno.test("CUBIC: conservative slow start grows by a quarter of what is acknowledged, for five rounds, without a loss (RFC 9406 §4.2)", () => {
  const growth = (round: number): number => delayed(round + 1).cwnd / delayed(round).cwnd;
  assertEquals(growth(3), 2);
  for (let round = 5; round < 9; round++) assertAlmostEquals(growth(round), 1.25, 0.001);
  assertEquals(delayed(9).ssthresh, Infinity);
  const { cwnd, ssthresh } = delayed(10);
  assertAlmostEquals(cwnd, ssthresh, SMSS);
  assertAlmostEquals(growth(10), 1, 0.01);
});

Deno.test("CUBIC: a loss or a mark ends conservative slow start: ssthresh is what it leaves (RFC 9406 §4.2)", () => {
  for (const isMark of [true, false]) {
    const cc = delayed(6);
    const { cwnd } = cc;
    if (isMark) cc.onEcnEcho(cwnd, 700);
    else cc.onEnterRecovery(cwnd, 700, true);
    assertEquals([cc.cwnd, cc.ssthresh], [Math.floor(cwnd * 0.7), Math.floor(cwnd * 0.7)]);
    cc.onExitRecovery(cc.ssthresh, 800, true);
    run(cc, 800, 1000, 100);
    assert(cc.cwnd > cc.ssthresh && cc.cwnd < cwnd, "congestion avoidance");
  }
});

Deno.test("CUBIC: a loss in the first slow start that was none leaves HyStart++ at work (RFC 9438 §4.9.2, RFC 9406 §4.2)", () => {
  const cc = delayed(3);
  const { cwnd } = cc;
  cc.onEnterRecovery(cwnd, 300, true);
  cc.undo();
  assertEquals([cc.cwnd, cc.ssthresh], [cwnd, Infinity]);
  for (let round = 0; round < 9; round++) {
    const window = cc.cwnd;
    for (let acked = 0; acked < window; acked += SMSS) {
      cc.onAck(SMSS, Math.floor(cc.cwnd / SMSS) * SMSS, 400 + 100 * round, 100 + 20 * round);
    }
  }
  assert(cc.ssthresh < Infinity, `${cc.cwnd}`);
});

Deno.test("CUBIC: HyStart++ is for the first slow start only (RFC 9406 §4.2)", () => {
  const cc = new Cubic(SMSS);
  cc.cwnd = 1000 * SMSS;
  cc.onRetransmissionTimeout(1000 * SMSS, 0, false);
  cc.onTimeoutRecovered();
  cc.cwnd = 10 * SMSS;
  for (let round = 0; round < 5; round++) {
    const window = cc.cwnd;
    for (let acked = 0; acked < window; acked += SMSS) cc.onAck(SMSS, window, 1000, 100 + 50 * round);
    assertEquals(cc.cwnd, 2 * window);
  }
});

Deno.test("CUBIC: where slow start ends without a loss, W_max is the window of then, and K is 0 (RFC 9438 §4.10)", () => {
  const cc = delayed(10);
  const { ssthresh } = cc;
  assert(ssthresh < Infinity);
  run(cc, 1000, 6000, 100);
  assertAlmostEquals(cc.cwnd, ssthresh + CUBIC_C * 5 ** 3 * SMSS, 10 * SMSS);
});

Deno.test("CUBIC: from cwnd_prior on W_est grows by a whole segment per round trip, whatever W_max is (RFC 9438 §4.3)", () => {
  const cc = afterLoss(20);
  // Fast convergence: cwnd_prior is 14, W_max 0.85 of that.
  cc.onEnterRecovery(14 * SMSS, 0, true);
  cc.onExitRecovery(cc.ssthresh, 0, true);
  assertEquals(cc.cwnd, 9800);
  const rounds: number[] = [];
  for (let round = 0; round < 16; round++) {
    const before = cc.cwnd;
    run(cc, 2 * round, 2 * round + 2, 2);
    rounds.push((cc.cwnd - before) / SMSS);
  }
  // Eight round trips of 9/17 segments lead to 14.
  for (const growth of rounds.slice(0, 7)) assertAlmostEquals(growth, CUBIC_ALPHA, 0.08, `${rounds}`);
  for (const growth of rounds.slice(9)) assertAlmostEquals(growth, 1, 0.1, `${rounds}`);
});

Deno.test("CUBIC counts at most one segment an acknowledgment after a timeout (RFC 3465 §2.3)", () => {
  const cc = new Cubic(SMSS);
  cc.onRetransmissionTimeout(40 * SMSS, 0, false);
  cc.onAck(30 * SMSS, 40 * SMSS, 0, 100);
  assertEquals(cc.cwnd, 2 * SMSS);
});

Deno.test("CUBIC remembers three quarters of the window over an idle time", () => {
  const cc = afterLoss(100);
  cc.onIdleRestart(5000, 300);
  assertEquals([cc.cwnd, cc.ssthresh], [10 * SMSS, 70 * SMSS]);
});

Deno.test("congestionControlFactory() knows names and takes factories", () => {
  assertEquals(congestionControlFactory("cubic")(SMSS).name, "cubic");
  assertEquals(congestionControlFactory("reno")(SMSS).name, "reno");
  const own = (smss: number): Cubic => new Cubic(smss, { initialWindowSegments: 2 });
  assertEquals(congestionControlFactory(own), own);
  assertThrows(() => congestionControlFactory("vegas" as "reno"), RangeError, "vegas");
});

Deno.test("CUBIC: a recovery for nothing ends neither the first slow start nor HyStart++ (RFC 9438 §4.9, RFC 9406 §4.3)", () => {
  const cc = new Cubic(SMSS);
  run(cc, 0, 300, 100);
  cc.onEnterRecovery(cc.cwnd, 300, true);
  cc.undo(0);
  assertEquals(cc.ssthresh, Infinity);
  // Round trips grow: slow start is over after some rounds.
  for (let round = 0; round < 8; round++) run(cc, 1000 + round * 200, 1200 + round * 200, 120 + 10 * round);
  assert(cc.ssthresh < Infinity);
});
