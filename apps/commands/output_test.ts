import { assertEquals } from "@std/assert";
import { Output } from "./output.ts";

function terminal(columns: number | undefined) {
  let stderr = "";
  const output = new Output({ json: false, quiet: false, verbose: false }, {
    stdout: () => {},
    stderr: (text) => void (stderr += text),
    isTerminal: true,
    hasColor: true,
    columns: () => columns,
  });
  return { output, shown: () => stderr.replaceAll("\r\x1b[2K", "|") };
}

Deno.test("Output.status() replaces the line, and cuts it at the width of the terminal", () => {
  const { output, shown } = terminal(10);
  output.status("short");
  output.status("short");
  output.status("0123456789abc");
  output.status("");
  assertEquals(shown(), "|short|01234567…|");
});

Deno.test("Output.status() keeps a line whose width is not known, and colours after cutting", () => {
  const { output, shown } = terminal(undefined);
  output.status("x".repeat(200), true);
  assertEquals(shown(), `|\x1b[2m${"x".repeat(200)}\x1b[0m`);
});
