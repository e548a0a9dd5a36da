import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { LineFaults } from "@lightwire/ppp";
import { PppLine, type PppLineOptions } from "./ppp_line.ts";

const BYTES = 200_000;
const HOUR_MS = 3_600_000;

/** Dials, moves 200 kB each way, and ends: within an hour of virtual time, with all octets right or with a reason. */
function run(options: PppLineOptions): { line: PppLine; outcome: string } {
  const line = new PppLine(options);
  const isUp = line.sim.runUntil(() => line.isUp || line.hasEnded, HOUR_MS) && line.isUp;
  if (!isUp) return { line, outcome: `no link: ${[...line.caller.ends, ...line.answerer.ends].join(", ")}` };
  const ends = line.transfer(BYTES);
  line.sim.runUntil(() => ends.every((end) => end.isOver) || line.hasEnded, HOUR_MS);
  if (line.hasEnded) line.sim.advance(60_000); // until both sides know
  assertEquals(ends.map((end) => end.problem), [undefined, undefined]); // what has come is right
  const outcome = ends.every((end) => end.isComplete)
    ? "complete"
    : [...line.caller.ends, ...line.answerer.ends].join(", ") || ends.map((end) => end.summary).join("; ");
  line.caller.link.stop();
  assert(line.sim.runUntil(() => line.caller.ends.length > 0, 60_000));
  return { line, outcome };
}

/** A third each of inverted bits, lost and inserted octets. */
function faultsOf(rate: number): LineFaults {
  return { bitFlipRate: rate / 3, dropRate: rate / 3, insertRate: rate / 3 };
}

for (const [rate, mru] of [[0, 1500], [1e-5, 1500], [1e-4, 1500], [1e-3, 296]] as const) {
  for (const seed of [1, 2, 3]) {
    Deno.test(`a line that spoils ${rate} of its octets, seed ${seed}: 200 kB each way are byte-exact`, () => {
      const { line, outcome } = run({ seed, faults: faultsOf(rate), link: { lcp: { mru } } });
      assertEquals(outcome, "complete");
      const { badFcs } = line.caller.link.decoder.counters;
      if (rate >= 1e-4) assertGreater(badFcs, 10);
      if (rate === 0) assertEquals(badFcs, 0);
      line.close();
      assertEquals(line.sim.pool.inUse, 0);
    });
  }
}

Deno.test("a line that spoils 1 % of its octets: right, or a reason, and nothing hangs", () => {
  for (const seed of [1, 2, 3, 4]) {
    const { line, outcome } = run({ seed, faults: faultsOf(1e-2), link: { lcp: { mru: 296 } } });
    // Who gives up says so, and the other side may hear it.
    assertMatch(outcome, /^(complete|no link: .+|.*\b(peer-dead|timeout|not-converging)\b.*)$/);
    line.close();
    assertEquals(line.sim.pool.inUse, 0);
  }
});

Deno.test("a line of seven bits: the link ends with a reason, and the profile of the line names the fault", () => {
  const { line, outcome } = run({ seed: 1, faults: { isSevenBit: true } });
  assertEquals(outcome, "no link: timeout, timeout");
  assertEquals(line.caller.link.decoder.profile.bit7, "always-0");
  assertEquals(line.caller.link.decoder.counters.frames, 0);
  line.close();
});

Deno.test("a line that eats XON and XOFF: an ACCM that escapes them makes it whole", () => {
  const { line, outcome } = run({
    seed: 1,
    faults: { eatenControls: 0x000a_0000 },
    link: { lcp: { accm: 0x000a_0000 } },
  });
  assertEquals(outcome, "complete");
  assertEquals(line.caller.link.decoder.counters.badFcs, 0);
  line.close();
});

Deno.test("a line that eats XON and XOFF, without an ACCM: short packets pass, long ones do not, and the profile says why", () => {
  const line = new PppLine({ seed: 1, faults: { eatenControls: 0x000a_0000 } });
  assert(line.sim.runUntil(() => line.isUp, 60_000));
  const ends = line.transfer(BYTES);
  line.sim.advance(600_000);
  assert(ends.every((end) => end.problem === undefined && !end.isComplete));
  const { counters, profile } = line.caller.link.decoder;
  assertEquals(profile.missingControls(0), 0x000a_0000);
  assertEquals(profile.bit7, "clean");
  assertGreater(counters.badFcsByLength[6]!, 20 * counters.framesByLength[6]!);
  line.close();
  assertEquals(line.sim.pool.inUse, 0);
});

Deno.test("a receiver that does not keep up: long frames suffer, short ones do not", () => {
  const { line } = run({ seed: 1, faults: { overrunAfterOctets: 600 }, link: { lcp: { mru: 1500 } } });
  const { framesByLength, badFcsByLength } = line.caller.link.decoder.counters;
  const badShare = (lengths: readonly number[]) => {
    const good = lengths.reduce((sum, i) => sum + framesByLength[i]!, 0);
    const bad = lengths.reduce((sum, i) => sum + badFcsByLength[i]!, 0);
    return bad / (good + bad);
  };
  assertGreater(badShare([5, 6]), 2 * badShare([0, 1, 2]));
  line.close();
  assertEquals(line.sim.pool.inUse, 0);
});
