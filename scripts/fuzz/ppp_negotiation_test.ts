import { assert, assertEquals, assertGreater } from "@std/assert";
import { MAX_QUIET_MS, runPppFuzz } from "./ppp_negotiation.ts";

Deno.test("four hundred mad and garbled peers: each session opens or ends with a reason, and nothing is left", () => {
  const result = runPppFuzz({ seed: 7, runs: 200 });
  assertEquals(result.problem, undefined);
  assertEquals([result.randomRuns, result.mutatedRuns], [200, 200]);
  // They got everywhere.
  assertGreater(result.randomOpened, 3);
  assertGreater(result.mutatedOpened, 100);
  const ends = ["timeout", "closed", "terminated-by-peer", "authentication-failed", "authentication-refused"];
  assertEquals(ends.filter((end) => !result.ends.has(end)), []);
  assert(result.longestMs < MAX_QUIET_MS);
});

Deno.test("a seed repeats the negotiations", () => {
  const run = () => {
    const { ends, longestMs } = runPppFuzz({ seed: 3, runs: 30 });
    return [[...ends].toSorted(), longestMs];
  };
  assertEquals(run(), run());
});
