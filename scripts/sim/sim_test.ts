import { assert, assertEquals } from "@std/assert";
import { PbufPool } from "@lightwire/pbuf";
import { SIMULATION_CLASSES } from "@lightwire/netif/sim";
import { formatFailure, runCampaign } from "./campaign.ts";
import { runSeed } from "./run_seed.ts";
import {
  runLossPattern,
  tryAllocationFailures,
  tryLossPatterns,
  trySingleAllocationFailures,
} from "./small_worlds.ts";
import { drawParameters } from "./swarm_parameters.ts";

Deno.test("thirty seeds of two-host transfers over a bad network are byte-exact, live and balanced", () => {
  const { runs, failures, bytes } = runCampaign({ firstSeed: 1, runs: 30, repeatEvery: 10 });
  assertEquals(failures.map(formatFailure), []);
  assertEquals(runs, 30);
  assert(bytes > 100_000);
});

Deno.test("the same seed gives the same packets, also from memory that held others", () => {
  const pool = new PbufPool(SIMULATION_CLASSES);
  const first = runSeed(4242, pool);
  runSeed(4243, pool);
  assertEquals(runSeed(4242, pool).packetHash, first.packetHash);
  assertEquals(runSeed(4242, new PbufPool(SIMULATION_CLASSES)).packetHash, first.packetHash);
});

Deno.test("a seed's parameters are drawn from the seed alone", () => {
  assertEquals(drawParameters(77), drawParameters(77));
});

Deno.test("every loss pattern of the first four frames is survived", () => {
  const { count, failures } = tryLossPatterns(4, new PbufPool(SIMULATION_CLASSES));
  assertEquals(failures, []);
  assertEquals(count, 3 * 16);
});

Deno.test("all of the first eight frames lost: the conversation takes place all the same", () => {
  assertEquals(runLossPattern(0xff, 8, "both", new PbufPool(SIMULATION_CLASSES)).problem, undefined);
});

Deno.test("an allocation that fails, once or for two seconds, is survived wherever it happens", () => {
  const pool = new PbufPool(SIMULATION_CLASSES);
  const long = tryAllocationFailures(pool);
  assertEquals(long.failures, []);
  assert(long.count > 10);
  assertEquals(trySingleAllocationFailures(pool).failures, []);
});
