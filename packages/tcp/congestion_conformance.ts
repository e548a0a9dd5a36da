/** What every {@linkcode CongestionControl} must do, whatever its growth function: a suite without a test runner. One that models the path, and
 * keeps to its model through losses (`ownsRecovery`), is held to less: RFC 5681 and its kin are about windows that losses govern.
 *
 * @module
 */
import type { CongestionControl, CongestionControlFactory } from "./congestion.ts";

/** One requirement. */
export interface CongestionRequirement {
  /** What is required, and where. */
  readonly name: string;
  /** It is about windows that losses govern, and not about models of the path. */
  readonly isLossBased?: boolean;
  /** Throws an `Error` that says what was wrong. */
  readonly check: (make: CongestionControlFactory) => void;
}

const SMSS = 1000;

function require(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Acknowledges whole windows for `rounds` round trips of 100 ms, `step` octets at a time. */
function grow(cc: CongestionControl, rounds: number, nowMs: number = 0, step: number = 2 * SMSS): void {
  for (let round = 0; round < rounds; round++) {
    const window = cc.cwnd;
    for (let acked = 0; acked < window; acked += step) {
      cc.onAck(Math.min(step, window - acked), Math.floor(cc.cwnd / SMSS) * SMSS, nowMs + round * 100, 100);
    }
  }
}

/** A loss with `flight` outstanding, repaired a round trip later. */
function loseOne(cc: CongestionControl, flight: number): void {
  cc.onEnterRecovery(flight, 500, true);
  cc.cwnd = cc.ssthresh;
  cc.onExitRecovery(cc.ssthresh, 600, true);
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
      cc.setMss(SMSS / 2);
      require(cc.cwnd <= SMSS, `cwnd is ${cc.cwnd} when the path takes half a segment`);
    },
  },
  {
    name: "slow start opens the window by no more than what is acknowledged (RFC 5681 §3.1)",
    isLossBased: true,
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
    name: "acknowledgments cut into pieces open the window no faster (RFC 3465 §2, RFC 9438 §4.3)",
    isLossBased: true,
    check(make) {
      for (const isSlowStart of [true, false]) {
        const [whole, pieces] = [make(SMSS), make(SMSS)];
        for (const cc of [whole, pieces]) {
          if (!isSlowStart) loseOne(cc, 20 * SMSS);
          grow(cc, 1, 600, cc === whole ? 2 * SMSS : 50);
        }
        require(pieces.cwnd <= whole.cwnd + SMSS / 100, `${pieces.cwnd} by pieces, ${whole.cwnd} else`);
      }
    },
  },
  {
    name: "slow start ends at the threshold, congestion avoidance is slower (RFC 5681 §3.1)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 40 * SMSS;
      cc.onRetransmissionTimeout(40 * SMSS, 500, false);
      cc.onTimeoutRecovered();
      const { ssthresh } = cc;
      for (let round = 0; cc.cwnd < ssthresh; round++) {
        grow(cc, 1, 1000 + round * 100, SMSS);
        require(round < 10, `after ten round trips the window is ${cc.cwnd}`);
        require(cc.cwnd <= ssthresh + SMSS, `it is ${cc.cwnd}, the threshold ${ssthresh}`);
      }
      const before = cc.cwnd;
      grow(cc, 1, 3000);
      require(
        cc.cwnd > before && cc.cwnd < 1.5 * before,
        `a round trip later it is ${cc.cwnd}, was ${before}`,
      );
    },
  },
  {
    name: "a window that the sender does not fill does not grow (RFC 7661 §4, RFC 9438 §5.8)",
    isLossBased: true,
    check(make) {
      for (const isSlowStart of [true, false]) {
        const cc = make(SMSS);
        grow(cc, 3);
        if (!isSlowStart) loseOne(cc, cc.cwnd);
        const before = cc.cwnd;
        for (let i = 0; i < 1000; i++) cc.onAck(SMSS, SMSS, 1000 + 100 * i, 100);
        require(cc.cwnd === before, `it grew from ${before} to ${cc.cwnd}`);
      }
    },
  },
  {
    name: "a loss takes the threshold below what was in flight, not below two segments (RFC 5681 §3.1)",
    isLossBased: true,
    check(make) {
      for (const segments of [1, 2, 3, 10, 100]) {
        for (const isSack of [true, false]) {
          const cc = make(SMSS);
          grow(cc, 5);
          const flight = segments * SMSS;
          cc.onEnterRecovery(flight, 500, isSack);
          require(cc.ssthresh >= 2 * SMSS, `ssthresh is ${cc.ssthresh} after a flight of ${flight}`);
          require(cc.ssthresh < flight || segments <= 2, `ssthresh is ${cc.ssthresh}, flight ${flight}`);
          const limit = cc.ssthresh + (isSack ? 0 : 3 * SMSS);
          require(cc.cwnd <= limit, `cwnd is ${cc.cwnd} with ssthresh ${cc.ssthresh}`);
        }
      }
    },
  },
  {
    name: "a loss counts what was in flight, not an unused window (RFC 7661 §4.4.1)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 1000 * SMSS;
      cc.onEnterRecovery(20 * SMSS, 500, true);
      require(cc.cwnd < 20 * SMSS && cc.ssthresh < 20 * SMSS, `cwnd ${cc.cwnd}, ssthresh ${cc.ssthresh}`);
    },
  },
  {
    name: "losses in two windows reduce it twice (RFC 5681 §4.3)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 100 * SMSS;
      loseOne(cc, 100 * SMSS);
      const once = cc.cwnd;
      loseOne(cc, once);
      require(cc.cwnd < once && cc.ssthresh < once, `cwnd ${once}, then ${cc.cwnd}`);
    },
  },
  {
    name: "without SACK, a duplicate inflates by a segment, the end deflates (RFC 6582 §3.2)",
    isLossBased: true,
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
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      cc.cwnd = 1000 * SMSS;
      cc.onEnterRecovery(1000 * SMSS, 500, true);
      cc.onExitRecovery(5 * SMSS, 600, true);
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
    isLossBased: true,
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
    name: "after a timeout an acknowledgment counts as one segment at most (RFC 3465 §2.3)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      grow(cc, 3);
      cc.onRetransmissionTimeout(40 * SMSS, 500, false);
      cc.onAck(30 * SMSS, 40 * SMSS, 700, 100);
      require(cc.cwnd === 2 * SMSS, `cwnd is ${cc.cwnd}`);
      cc.onTimeoutRecovered();
      cc.onAck(2 * SMSS, 2 * SMSS, 800, 100);
      require(cc.cwnd === 4 * SMSS, `cwnd is ${cc.cwnd} when two segments more are acknowledged`);
    },
  },
  {
    name: "a timeout in a recovery does not raise the threshold (RFC 5681 §3.1)",
    isLossBased: true,
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
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      grow(cc, 5);
      cc.onIdleRestart(10_000, 300);
      require(cc.cwnd >= SMSS && cc.cwnd <= 10 * SMSS, `cwnd is ${cc.cwnd}`);
    },
  },
  {
    name: "an idle time lowers no threshold, and no smaller window (RFC 5681 §4.1)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      loseOne(cc, 100 * SMSS);
      const { cwnd, ssthresh } = cc;
      cc.onIdleRestart(10_000, 300);
      require(
        cc.ssthresh >= ssthresh && cc.ssthresh >= 0.75 * cwnd,
        `ssthresh is ${cc.ssthresh}, was ${ssthresh}`,
      );
      cc.onRetransmissionTimeout(10 * SMSS, 20_000, false);
      cc.onIdleRestart(10_000, 300);
      require(cc.cwnd === SMSS, `cwnd is ${cc.cwnd}, a segment before`);
    },
  },
  {
    name: "an ECN echo counts as a loss (RFC 3168 §6.1.2)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      grow(cc, 5);
      const before = cc.cwnd;
      cc.onEcnEcho(before, 500);
      require(cc.cwnd < before && cc.cwnd >= 2 * SMSS, `cwnd went from ${before} to ${cc.cwnd}`);
      require(cc.ssthresh === cc.cwnd, `ssthresh is ${cc.ssthresh}, cwnd ${cc.cwnd}`);
    },
  },
  {
    name: "with ABE an ECN echo counts less than a loss (RFC 8511 §3.1)",
    isLossBased: true,
    check(make) {
      const [loss, mark, abe] = [make(SMSS), make(SMSS), make(SMSS)];
      for (const cc of [loss, mark, abe]) grow(cc, 5);
      const before = abe.cwnd;
      loss.onEnterRecovery(before, 500, true);
      mark.onEcnEcho(before, 500);
      abe.onEcnEcho(before, 500, true);
      require(mark.ssthresh === loss.ssthresh, `a mark leaves ${mark.ssthresh}, a loss ${loss.ssthresh}`);
      require(abe.cwnd > mark.cwnd && abe.cwnd < before, `ABE leaves ${abe.cwnd}, a plain mark ${mark.cwnd}`);
    },
  },
  {
    name: "ECN echoes that go on take the window down to one segment (RFC 9438 §4.6)",
    isLossBased: true,
    check(make) {
      const cc = make(SMSS);
      grow(cc, 2);
      let before = cc.cwnd;
      for (let i = 0; i < 30; i++) {
        cc.onEcnEcho(cc.cwnd, 500 + 100 * i);
        require(cc.cwnd < before || cc.cwnd === SMSS, `cwnd went from ${before} to ${cc.cwnd}`);
        before = cc.cwnd;
      }
      require(cc.cwnd === SMSS && cc.ssthresh === 2 * SMSS, `cwnd is ${cc.cwnd}, ssthresh ${cc.ssthresh}`);
      cc.onEcnEcho(100 * SMSS, 5000);
      require(cc.cwnd === SMSS, "an echo never makes the window larger");
    },
  },
  {
    name: "undo() restores what a needless reduction took (RFC 3522 §3.2)",
    isLossBased: true,
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
    name: "undo() does not take back what was reached since, nor undo twice (RFC 9438 §4.9.2)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 2);
      loseOne(cc, cc.cwnd);
      cc.cwnd = 1000 * SMSS;
      cc.undo();
      require(cc.cwnd >= 1000 * SMSS, `it took the window back to ${cc.cwnd}`);
      cc.cwnd = 10 * SMSS;
      cc.undo();
      require(cc.cwnd === 10 * SMSS, `a second one made it ${cc.cwnd}`);
    },
  },
  {
    name: "whatever the segment size becomes, a window is a segment at least (RFC 5681 §3.1)",
    check(make) {
      const cc = make(SMSS);
      grow(cc, 1);
      cc.onRetransmissionTimeout(10 * SMSS, 500, false);
      cc.setMss(8 * SMSS);
      require(cc.cwnd >= 8 * SMSS, `cwnd is ${cc.cwnd} for segments of ${8 * SMSS}`);
      cc.setMss(500);
      require(cc.cwnd >= 500, `cwnd is ${cc.cwnd}`);
    },
  },
  {
    name: "goes on where another control has been: window and threshold are taken over",
    check(make) {
      const cc = make(SMSS);
      if (cc.takeOver === undefined) {
        cc.cwnd = 50 * SMSS;
        cc.ssthresh = 40 * SMSS;
      } else cc.takeOver(50 * SMSS, 40 * SMSS);
      require(cc.cwnd === 50 * SMSS, `cwnd is ${cc.cwnd}`);
      cc.setMss(500);
      require(cc.cwnd > 10 * 500, `cwnd is ${cc.cwnd}: the connection is not at its beginning`);
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
