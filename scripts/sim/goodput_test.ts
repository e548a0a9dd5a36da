/** Floors under what one connection achieves, well below today's figures: a stall, a timeout too many or a window that does not
 * grow shows here, whatever congestion control is the default. The whole table: `deno task sim --goodput`. */
import { assertGreater } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { measureGoodput } from "./goodput.ts";

/** Octets per second of Mathis, Semke, Mahdavi and Ott (1997) for Reno with 1,448 octets a segment. */
function mathis(roundTripMs: number, lossRate: number): number {
  return 1448 * 1000 / roundTripMs * 1.22 / Math.sqrt(lossRate);
}

const CLEAN = [[1e6, 300, 0.6], [10e6, 20, 0.85], [100e6, 2, 0.85]] as const;

for (const [bandwidthBps, roundTripMs, share] of CLEAN) {
  Deno.test(`a clean path of ${bandwidthBps / 1e6} Mbit/s and ${roundTripMs} ms is filled`, () => {
    const pool = new PbufPool(SIMULATION_CLASSES);
    const bytesPerSecond = measureGoodput({ bandwidthBps, roundTripMs, lossRate: 0 }, 2_000_000, pool);
    assertGreater(bytesPerSecond * 8, share * bandwidthBps);
  });
}

const LOSSY = [[10e6, 100, 0.001], [10e6, 20, 0.01], [10e6, 100, 0.05]] as const;

for (const [bandwidthBps, roundTripMs, lossRate] of LOSSY) {
  Deno.test(`a path with ${lossRate * 100} % loss and ${roundTripMs} ms gives half of what Reno's formula says`, () => {
    const pool = new PbufPool(SIMULATION_CLASSES);
    const bytesPerSecond = measureGoodput({ bandwidthBps, roundTripMs, lossRate }, 3_000_000, pool);
    assertGreater(bytesPerSecond, mathis(roundTripMs, lossRate) / 2);
  });
}
