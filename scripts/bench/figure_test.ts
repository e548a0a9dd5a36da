import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { NO_OFFLOAD } from "@lightwire/netif";
import { formatFigure, median, quantile } from "./figure.ts";
import { bulk, roundTrips } from "./in_process.ts";
import { sumRate } from "./tap.ts";

Deno.test("median() and quantile() of odd and even counts", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertEquals(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.99), 10);
  assertEquals(quantile([1, 2, 3, 4], 0.5), 3);
});

Deno.test("formatFigure() says whether the goal was reached, or why there is no figure", () => {
  const line = formatFigure({ name: "bulk", runs: [2, 3, 1], unit: "Gbit/s", goal: { atLeast: 2 } });
  assertStringIncludes(line, "2.00 Gbit/s (2.00 3.00 1.00)  goal ≥ 2: reached");
  assertStringIncludes(formatFigure({ name: "lag", runs: [7], unit: "ms", goal: { atMost: 5 } }), "missed");
  assertStringIncludes(
    formatFigure({ name: "tap", runs: [], unit: "", skipped: "needs root" }),
    "needs root",
  );
});

Deno.test("sumRate() reads the last sum, and refuses an output without one", () => {
  assertEquals(sumRate('{"event":"iperf-sum","role":"sender","bitsPerSecond":4000000000}'), 4);
  assertThrows(() => sumRate("nothing"), Error, "No sum");
});

Deno.test("the in-process measurements move bytes and end", async () => {
  assert(await bulk(1500, NO_OFFLOAD, 50) > 0);
  const times = await roundTrips(20);
  assertEquals(times.length, 20);
  assert(times.every((us) => us > 0));
});
