import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "@lightwire/app-commands";
import { parseDiagArguments } from "./diag_arguments.ts";

Deno.test("parseDiagArguments() reads a host, a port and a path, and leaves the rest as usual", () => {
  assertEquals(parseDiagArguments([]), { target: undefined, timeServer: undefined, timing: {} });
  assertEquals(
    parseDiagArguments([
      "--target",
      "http://www.example.test:8080/a/b",
      "--time-server",
      "10.0.0.1",
      "--load",
      "0.5",
    ]),
    {
      target: { host: "www.example.test", port: 8080, path: "/a/b" },
      timeServer: "10.0.0.1",
      timing: { loadMs: 500 },
    },
  );
  assertEquals(parseDiagArguments(["--target", "192.0.2.1"]).target, {
    host: "192.0.2.1",
    port: 80,
    path: "/",
  });
});

Deno.test("parseDiagArguments() refuses what makes no sense", () => {
  for (
    const args of [["now"], ["--target", "a b"], ["--target", "a:99999"], ["--load", "long"], [
      "--load",
      "1000",
    ], ["--fast"]]
  ) {
    assertThrows(() => parseDiagArguments(args), UsageError);
  }
});
