import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { serveNtp } from "./sim/ntp_service.ts";
import { sntpCommand } from "./sntp.ts";
import { CommandWorld } from "./testdata/command_world.ts";
import { UsageError } from "./usage.ts";

Deno.test("sntp: says what time it is and how far the clock is off", async () => {
  await using world = new CommandWorld();
  serveNtp(world.network, 90_000).catch(() => {});
  assertEquals(await world.run(sntpCommand, "time.example"), 0);
  const said = await world.hears("time");
  assert(Math.abs(Number(said.offsetMs) - 90_000) < 100, JSON.stringify(said));
  assert(Math.abs(Date.parse(String(said.time)) - Date.now() - 90_000) < 1000);
  assertEquals([said.server, said.stratum, said.leap, said.referenceId, said.samples], [
    "10.0.0.2",
    1,
    "none",
    "LOCL",
    1,
  ]);
});

Deno.test("sntp: a server that does not answer is an error with a sentence", async () => {
  await using world = new CommandWorld();
  const error = await assertRejects(() => world.run(sntpCommand, "www.example"), Error);
  assertMatch(error.message, /^Cannot get the time from www.example: 10.0.0.2 cannot be reached/);
});

Deno.test("sntp: without a server, the pool is asked, then the one of the simulated internet", async () => {
  await using world = new CommandWorld();
  serveNtp(world.network).catch(() => {});
  const error = await assertRejects(() => world.run(sntpCommand), Error);
  assertMatch(error.message, /pool.ntp.org/); // nobody resolves names here
});

Deno.test("sntp: wrong usage", () => {
  for (const args of [["-c", "0"], ["-c", "51"], ["-x"]]) {
    assertThrows(() => sntpCommand.prepare(args), UsageError);
  }
});
