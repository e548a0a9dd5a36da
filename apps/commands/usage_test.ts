import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "./usage.ts";

Deno.test("parseOptions() reads values, switches and repeated options", () => {
  const o = parseOptions(["-c", "3", "--dns", "10.0.0.1", "--dns=10.0.0.2", "-q", "host"], {
    string: ["c"],
    boolean: ["q", "json"],
    collect: ["dns"],
  });
  assertEquals(o.text("c"), "3");
  assertEquals(o.all("dns"), ["10.0.0.1", "10.0.0.2"]);
  assertEquals([o.has("q"), o.has("json")], [true, false]);
  assertEquals(o.words, ["host"]);
  assertEquals(o.text("missing"), undefined);
});

Deno.test("parseOptions() stops early, so that a command keeps its own options", () => {
  const o = parseOptions(["--sim", "ping", "-c", "3", "host"], { boolean: ["sim"], stopEarly: true });
  assertEquals(o.words, ["ping", "-c", "3", "host"]);
});

Deno.test("parseOptions() refuses what it does not know, and options without their value", () => {
  assertThrows(() => parseOptions(["--frob"], {}), UsageError, "--frob");
  assertThrows(() => parseOptions(["--mac"], { string: ["mac"] }), UsageError, "--mac needs a value");
  assertThrows(() => parseOptions(["-c"], { string: ["c"] }), UsageError, "-c needs a value");
});
