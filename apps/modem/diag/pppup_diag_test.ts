import { assertEquals, assertMatch } from "@std/assert";
import type { OutputSink } from "@lightwire/app-commands";
import { pppup } from "../main.ts";

/** Runs the program, in real time. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const sink: OutputSink = {
    stdout: (text) => out += text,
    stderr: (text) => err += text,
    isTerminal: false,
    hasColor: false,
  };
  return { status: await pppup(args, sink), out, err };
}

Deno.test("pppup --sim diag: a report for people, and exit status 0", async () => {
  const { status, out, err } = await run("--sim", "--baud", "921600", "diag", "--load", "0.2");
  assertEquals([status, err], [0, ""], out);
  assertMatch(out, /^simulated modem, 921600 baud\n\n✔ {3}1 serial port {8}simulated modem opened/);
  assertMatch(out, /\nNothing is wrong: online as 10\.64\.64\.\d+, name servers 10\.64\.64\.53/);
});

Deno.test("pppup --sim --sim-fault NAME --json diag: an object a line, the cause in the last, exit status 1", async () => {
  const { status, out } = await run("--sim", "--sim-fault", "sim-pin", "--json", "diag");
  const events = out.trim().split("\n").map((line) => JSON.parse(line));
  const { event, causes, ok } = events.at(-1);
  assertEquals([status, event, causes, ok], [1, "diagnosis", ["sim-pin"], false]);
  assertEquals(events.filter(({ event }) => event === "check").length, 22);
});

Deno.test("pppup diag: words that make no sense are wrong usage, before anything is opened", async () => {
  const { status, out, err } = await run("--sim", "diag", "--load", "for ever");
  assertEquals([status, out], [2, ""]);
  assertMatch(err, /--load must be seconds/);
});
