import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { cells } from "./linux_tcp.ts";
import { compare, section, summary, tableLine } from "./linux_tcp_table.ts";

Deno.test("cells(): each network has a name of its own, and the more loss the less text", () => {
  const networks = cells();
  assertEquals(new Set(networks.map(({ name }) => name)).size, networks.length);
  const far = networks.filter(({ name, lossRate = 0 }) => /RTT 600 .*%$/.test(name) && lossRate > 0.001);
  assertEquals(far.map(({ lossRate }) => lossRate), [0.01, 0.05, 0.1]);
  far.reduce((before, cell) => {
    assert(cell.bytes < before.bytes);
    return cell;
  });
});

Deno.test("compare(): seed by seed, so that seeds which are hard for everybody make no error", () => {
  const { ratio, error, verdict } = compare([1.1, 11, 0.11], [1, 10, 0.1]);
  assertAlmostEquals(ratio, 1.1);
  assert(error < 1e-9);
  assertEquals(verdict, "≥");
});

Deno.test("compare(): below by more than chance, below by less, and below by less than the machine's noise", () => {
  assertEquals(compare([0.9, 0.91, 0.89], [1, 1, 1]).verdict, "<");
  assertEquals(compare([0.5, 1.5, 0.9], [1, 1, 1]).verdict, "≈");
  assertEquals(compare([0.985, 0.985, 0.985], [1, 1, 1]).verdict, "≥");
  assertEquals(compare([0.5], [1]).verdict, "≈", "one seed proves nothing");
});

const CELL = {
  name: "RTT 20 ms",
  bytes: 1e6,
  losses: 7,
  mbps: [[9, 10, 30], [11, 12, 33], [4, 5, 14], [9, 9, 29]],
};

Deno.test("tableLine(): medians, each with its ratio to Linux with Linux, its error and the verdict", () => {
  const words = tableLine(CELL).trim().split(/ {2,}/);
  assertEquals(words.slice(0, 4), ["RTT 20 ms", "7", "10.00", "12.00 ≥ 117 ± 3 %"]);
  assert(words[4]!.startsWith("5.00 < 4"));
});

Deno.test("section(): a row per network, and how many comparisons came out how", () => {
  assertStringIncludes(section("CUBIC", [CELL]), "| RTT 20 ms | 1000 | 7 | 3 | 10.00 | 12.00 ≥ 117 ± 3 % |");
  assertEquals(
    summary([CELL]),
    "Comparisons: 1 at least Linux's, 1 below within chance, 1 below: linux → ours at RTT 20 ms.",
  );
});
