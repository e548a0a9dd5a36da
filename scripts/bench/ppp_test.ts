import { assert, assertEquals } from "@std/assert";
import { pppFigures } from "./ppp.ts";

Deno.test("figures of PPP: framing with both ACCMs, and a line under load; each has a goal", async () => {
  const figures = await pppFigures({ runs: 2, runMs: 2, transferBytes: 20_000 });
  assertEquals(figures.map(({ name, unit }) => [name.split(":")[0], unit]), [
    ["HDLC, ACCM 0", "MB/s"],
    ["HDLC, ACCM 0", "MB/s"],
    ["HDLC, ACCM ffffffff", "MB/s"],
    ["HDLC, ACCM ffffffff", "MB/s"],
    ["TCP over PPP at 921600 baud, full both ways", "% of a core"],
  ]);
  for (const { runs, goal } of figures) {
    assert(runs.length === 2 && runs.every((value) => value > 0) && goal !== undefined);
  }
});
