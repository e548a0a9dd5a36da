import { assert, assertEquals } from "@std/assert";
import { connectionFigures } from "./connections.ts";

Deno.test("figures of connections: memory and time of idle ones, octets and segments a second of a bulk transfer", async () => {
  const figures = await connectionFigures({ connections: 200, runs: 1, mib: 1 });
  assertEquals(figures.map(({ unit }) => unit), [
    "bytes",
    "µs",
    "µs",
    "GB/s",
    "per second",
    "GB/s",
    "per second",
  ]);
  for (const { runs } of figures) assert(runs.length === 1 && runs.every((value) => value > 0));
});
