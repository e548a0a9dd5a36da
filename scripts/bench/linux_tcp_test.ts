import { assert, assertEquals } from "@std/assert";
import { cells, tableLine } from "./linux_tcp.ts";

Deno.test("cells(): each network has a name of its own, and the more loss the less text", () => {
  const networks = cells();
  assertEquals(new Set(networks.map(({ name }) => name)).size, networks.length);
  const far = networks.filter(({ delayMs, lossRate = 0 }) => delayMs === 300 && lossRate > 0);
  assertEquals(far.map(({ lossRate }) => lossRate), [0.001, 0.01, 0.05, 0.1]);
  far.reduce((before, cell) => {
    assert(cell.bytes < before.bytes);
    return cell;
  });
});

Deno.test("tableLine(): medians, each beside that of Linux with Linux", () => {
  const words = tableLine("RTT 20 ms", [[9, 10, 30], [11, 12, 10], [4, 5, 6]]).trim().split(/ {2,}/);
  assertEquals(words, ["RTT 20 ms", "10.00", "11.00 ≥", "5.00 50%"]);
});
