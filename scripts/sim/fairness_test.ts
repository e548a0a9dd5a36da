/** How flows share a bottleneck in the long run. */
import { assert, assertAlmostEquals, assertGreater } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import type { GoodputControl } from "./goodput_theory.ts";
import { measureSharedLine } from "./shared_line.ts";

interface ShareOptions {
  readonly lossRate?: number;
  /** Queue in bandwidth-delay products. */
  readonly queue?: number;
  /** How long they are measured. */
  readonly seconds?: number;
}

/** Goodputs in Mbit/s of flows that begin one after the other. */
function share(
  controls: readonly GoodputControl[],
  bandwidthBps: number,
  roundTripMs: number,
  delayedMs: number,
  { lossRate = 0, queue = 1, seconds = 200 }: ShareOptions = {},
): number[] {
  const shares = measureSharedLine({
    bandwidthBps,
    roundTripMs,
    lossRate,
    queueBytes: Math.max(30_000, queue * bandwidthBps * roundTripMs / 8000),
    flows: controls.map((control, i) => ({ control, startsAtMs: i * delayedMs })),
    fromMs: 20_000 + delayedMs,
    untilMs: 20_000 + 1000 * seconds + delayedMs,
    maxBytes: 120_000_000,
  }, new PbufPool(SIMULATION_CLASSES));
  return shares.map(({ goodputBps }) => goodputBps / 1e6);
}

for (
  const [bandwidthBps, roundTripMs, delayedMs] of [[10e6, 40, 0], [10e6, 40, 5000], [4e6, 100, 3000]] as const
) {
  Deno.test(
    `two CUBIC flows share ${
      bandwidthBps / 1e6
    } Mbit/s, ${roundTripMs} ms within 20 %, the second ${delayedMs} ms late`,
    () => {
      const [a, b] = share(["cubic", "cubic"], bandwidthBps, roundTripMs, delayedMs);
      assertGreater(a! + b!, 0.9 * bandwidthBps / 1e6, "the line is used");
      assertAlmostEquals(a! / b!, 1, 0.2, `${a} and ${b} Mbit/s`);
    },
  );
}

Deno.test("CUBIC yields to a late CUBIC: 20 s after it began, over 200 ms, it has more than half of what the first one has (RFC 9438 §4.7, §5.6)", () => {
  const flows = [0, 20_000].map((startsAtMs) => ({ control: "cubic", startsAtMs }) as const);
  const path = { bandwidthBps: 10e6, roundTripMs: 200, lossRate: 0 };
  const times = { fromMs: 40_000, untilMs: 80_000, maxBytes: Infinity };
  const [first, late] = measureSharedLine({ ...path, flows, ...times }, new PbufPool(SIMULATION_CLASSES));
  assertGreater(late!.goodputBps, 0.5 * first!.goodputBps);
});

for (const controls of [["cubic", "reno"], ["reno", "cubic"]] as const) {
  Deno.test(`${controls.join(" before ")}, small windows: about equal, the Reno-friendly region (RFC 9438 §4.1, §4.3)`, () => {
    const shares = share(controls, 4e6, 20, 1000);
    const [cubic, reno] = controls[0] === "cubic" ? shares : shares.reverse();
    assert(cubic! > 0.8 * reno! && cubic! < 1.7 * reno!, `CUBIC ${cubic}, Reno ${reno} Mbit/s`);
  });
}

Deno.test("CUBIC beside Reno, a long fat path: CUBIC takes more, and leaves Reno what it could have used (RFC 9438 §4.1, §5.1)", () => {
  // Losses by chance keep Reno below its share of the line, whoever is beside it.
  const [cubic, reno] = share(["cubic", "reno"], 50e6, 200, 1000, { lossRate: 0.0005 });
  assertGreater(cubic!, 1.2 * reno!);
  const alone = share(["reno"], 50e6, 200, 1000, { lossRate: 0.0005 })[0]!;
  assertGreater(reno!, 0.7 * alone, `Reno has ${reno} beside CUBIC, ${alone} alone`);
});

for (
  const [bandwidthBps, roundTripMs, queue, delayedMs] of [
    [10e6, 40, 1, 0],
    [10e6, 40, 1, 5000],
    [10e6, 20, 0.5, 2000],
    [4e6, 100, 1, 3000],
    [10e6, 100, 2, 0],
    [10e6, 40, 4, 5000],
  ] as const
) {
  Deno.test(
    `two BBR flows share ${
      bandwidthBps / 1e6
    } Mbit/s, ${roundTripMs} ms, a queue of ${queue} round trips within 20 %, ` +
      `the second ${delayedMs} ms late (draft-ietf-ccwg-bbr §5.3.3)`,
    () => {
      const [a, b] = share(["bbr", "bbr"], bandwidthBps, roundTripMs, delayedMs, { queue, seconds: 100 });
      assertGreater(a! + b!, 0.9 * bandwidthBps / 1e6, "the line is used");
      assertAlmostEquals(a! / b!, 1, 0.2, `${a} and ${b} Mbit/s`);
    },
  );
}

for (const [bandwidthBps, roundTripMs, queue] of [[10e6, 40, 1], [10e6, 40, 4], [10e6, 100, 1]] as const) {
  Deno.test(
    `BBR beside CUBIC, ${
      bandwidthBps / 1e6
    } Mbit/s, ${roundTripMs} ms, a queue of ${queue} round trips: neither starves`,
    () => {
      const [bbr, cubic] = share(["bbr", "cubic"], bandwidthBps, roundTripMs, 1000, { queue, seconds: 100 });
      assertGreater(bbr! + cubic!, 0.9 * bandwidthBps / 1e6, "the line is used");
      assert(Math.min(bbr!, cubic!) > 0.3 * (bbr! + cubic!), `BBR ${bbr}, CUBIC ${cubic} Mbit/s`);
    },
  );
}
