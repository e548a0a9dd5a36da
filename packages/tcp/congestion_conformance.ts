/** What every {@linkcode CongestionControl} must do, whatever its growth function: a suite without a test runner.
 *
 * @module
 */
import type { CongestionControl, CongestionControlFactory } from "./congestion.ts";

/** One requirement. */
export interface CongestionRequirement {
  /** What is required, and where. */
  readonly name: string;
  /** Throws an `Error` that says what was wrong. */
  readonly check: (make: CongestionControlFactory) => void;
}

const SMSS = 1000;

function require(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Acknowledges whole windows for `rounds` round trips of 100 ms, two segments at a time. */
function grow(cc: CongestionControl, rounds: number, nowMs: number = 0): void {
  for (let round = 0; round < rounds; round++) {
    const window = cc.cwnd;
    for (let acked = 0; acked < window; acked += 2 * SMSS) {
      cc.onAck(2 * SMSS, window, nowMs + round * 100, 100);
    }
  }
}

/** The requirements, in the order of a connection's life. */
export const CONGESTION_REQUIREMENTS: readonly CongestionRequirement[] = [
  {
    name: "the initial window is at most ten segments (RFC 6928 §2)",
    check(make) {
      const cc = make(SMSS);
      require(cc.cwnd >= SMSS && cc.cwnd <= 10 * SMSS, `initial window is ${cc.cwnd}`);
      require(cc.ssthresh >= 65535, `the first slow start ends at ${cc.ssthresh} already (RFC 5681 §3.1)`);
    },
  },
  {
    name: "the initial window follows an SMSS that is learned in the handshake",
    check(make) {
      const cc = make(SMSS);
      cc.setMss(500);
      require(cc.cwnd <= 10 * 500, `cwnd is ${cc.cwnd} for segments of 500`);
    },
  },
  {
    name: "SYNs lost again and again leave an initial window of one segment (RFC 6928 §2, RFC 5681 §3.1)",
    check(make) {
      const cc = make(SMSS);
      cc.onSynLoss();
      require(cc.cwnd === SMSS, `cwnd is ${cc.cwnd}`);
    },
  },
  {
    name: "slow start opens the window by no more than what is acknowledged (RFC 5681 §3.1)",
    check(make) {
      const cc = make(SMSS);
      for (let i = 0; i < 20; i++) {
        const before = cc.cwnd;
        cc.onAck(2 * SMSS, before, i, 100);
        require(cc.cwnd > before, "the window did not grow");
        require(cc.cwnd - before <= 2 * SMSS, `it grew by ${cc.cwnd - before}`);
      }
    },
  },
  {
    name: "a window that the sender does not fill does not grow (RFC 7661 §4)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 3);
      const before = cc.cwnd;
      for (let i = 0; i < 100; i++) cc.onAck(SMSS, SMSS, 1000 + i, 100);
      require(cc.cwnd === before, `it grew from ${before} to ${cc.cwnd}`);
    },
  },
  {
    name: "a loss takes the threshold below what was in flight, not below two segments (RFC 5681 §3.1)",
    check(make) {
      for (const segments of [1, 2, 3, 10, 100]) {
        for (const isSack of [true, false]) {
          const cc = make(SMSS);
          grow(cc, 5);
          const flight = segments * SMSS;
          cc.onEnterRecovery(flight, 500, isSack);
          require(cc.ssthresh >= 2 * SMSS, `ssthresh is ${cc.ssthresh} after a flight of ${flight}`);
          require(
            cc.ssthresh < flight || segments <= 2,
            `ssthresh is ${cc.ssthresh} after a flight of ${flight}`,
          );
          const limit = cc.ssthresh + (isSack ? 0 : 3 * SMSS);
          require(cc.cwnd <= limit, `cwnd is ${cc.cwnd} with ssthresh ${cc.ssthresh}`);
        }
      }
    },
  },
  {
    name:
      "without SACK, recovery inflates by a segment for each duplicate and deflates in the end (RFC 6582 §3.2)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 4);
      cc.onEnterRecovery(20 * SMSS, 500, false);
      const before = cc.cwnd;
      cc.onDuplicateAck();
      require(cc.cwnd === before + SMSS, "a duplicate acknowledgment is one segment");
      cc.onPartialAck(3 * SMSS);
      require(cc.cwnd === before + SMSS - 3 * SMSS + SMSS, `a partial acknowledgment left ${cc.cwnd}`);
      cc.onPartialAck(1000 * SMSS);
      require(cc.cwnd >= SMSS, `a partial acknowledgment left ${cc.cwnd}`);
      cc.onExitRecovery(0, 700, false);
      require(cc.cwnd >= SMSS && cc.cwnd <= cc.ssthresh, `cwnd is ${cc.cwnd} after recovery`);
    },
  },
  {
    name: "the end of a recovery that left little in flight is no burst (RFC 6582 §3.2 step 3, RFC 9937 §6)",
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 1000 * SMSS;
      cc.onEnterRecovery(1000 * SMSS, 500, true);
      cc.onExitRecovery(5 * SMSS, 600, true);
      if (cc.pacingRateBps < Infinity) return; // pacing spreads it out
      require(cc.cwnd <= 15 * SMSS, `five segments in flight, cwnd is ${cc.cwnd}`);
      const { ssthresh } = cc;
      while (cc.cwnd < ssthresh) {
        const before = cc.cwnd;
        cc.onAck(2 * SMSS, cc.cwnd, 700, 100);
        require(cc.cwnd > before, "slow start goes on to ssthresh");
      }
    },
  },
  {
    name: "a timeout leaves one segment, and the threshold at half the flight once (RFC 5681 §3.1)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 5);
      cc.onRetransmissionTimeout(40 * SMSS, 500, false);
      require(cc.cwnd === SMSS, `cwnd is ${cc.cwnd}`);
      const ssthresh = cc.ssthresh;
      require(ssthresh >= 2 * SMSS && ssthresh < 40 * SMSS, `ssthresh is ${ssthresh}`);
      cc.onRetransmissionTimeout(SMSS, 1500, true);
      require(
        cc.ssthresh === ssthresh && cc.cwnd === SMSS,
        "a second timeout of the same segment changes nothing",
      );
    },
  },
  {
    name:
      "a timeout in a recovery, where what is SACKed is in flight too, does not raise the threshold (RFC 5681 §3.1)",
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 40 * SMSS;
      cc.onEnterRecovery(40 * SMSS, 500, true);
      const { ssthresh } = cc;
      cc.cwnd = ssthresh;
      cc.onRetransmissionTimeout(80 * SMSS, 800, false);
      require(cc.ssthresh <= ssthresh, `ssthresh went from ${ssthresh} to ${cc.ssthresh}`);
    },
  },
  {
    name: "an idle connection restarts with no more than the initial window (RFC 5681 §4.1)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 5);
      cc.onIdleRestart(10_000, 300);
      require(cc.cwnd >= SMSS && cc.cwnd <= 10 * SMSS, `cwnd is ${cc.cwnd}`);
    },
  },
  {
    name: "an ECN echo counts as a loss (RFC 3168 §6.1.2)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 5);
      const before = cc.cwnd;
      cc.onEcnEcho(before, 500);
      require(cc.cwnd < before && cc.cwnd >= 2 * SMSS, `cwnd went from ${before} to ${cc.cwnd}`);
    },
  },
  {
    name: "undo() restores what a needless reduction took (RFC 3522 §3.2)",
    check(make) {
      for (const isTimeout of [true, false]) {
        const cc = make(SMSS);
        grow(cc, 4);
        const { cwnd, ssthresh } = cc;
        if (isTimeout) cc.onRetransmissionTimeout(cwnd, 500, false);
        else cc.onEnterRecovery(cwnd, 500, true);
        cc.undo();
        require(cc.cwnd >= cwnd && cc.ssthresh === ssthresh, `cwnd ${cc.cwnd}, ssthresh ${cc.ssthresh}`);
      }
    },
  },
  {
    name: "the window is a number of at least one segment after any sequence of events",
    check(make) {
      const cc = make(SMSS);
      let state = 1;
      for (let i = 0; i < 20_000; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const pick = state >>> 24;
        const flight = ((state >>> 8) & 0xff) * SMSS;
        if (pick < 200) cc.onAck(((state & 7) + 1) * SMSS, flight, i, pick);
        else if (pick < 215) cc.onEnterRecovery(flight, i, pick % 2 === 0);
        else if (pick < 225) cc.onDuplicateAck();
        else if (pick < 232) cc.onPartialAck(flight);
        else if (pick < 240) cc.onExitRecovery(flight, i, pick % 2 === 0);
        else if (pick < 244) cc.onRetransmissionTimeout(flight, i, pick % 2 === 0);
        else if (pick < 248) cc.onIdleRestart(1000, 200);
        else if (pick < 250) cc.undo();
        else if (pick < 252) cc.onTimeoutRecovered();
        else cc.setMss(SMSS);
        require(cc.cwnd >= SMSS && cc.cwnd < 2 ** 40, `cwnd is ${cc.cwnd} after ${i} events`);
        require(cc.ssthresh >= 2 * SMSS, `ssthresh is ${cc.ssthresh} after ${i} events`);
        require(cc.pacingRateBps > 0, `the pacing rate is ${cc.pacingRateBps}`);
      }
    },
  },
];
