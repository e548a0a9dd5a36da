import { assertEquals } from "@std/assert";
import { addSummaries, formatSummary, parseTestSummary } from "./test_summary.ts";

Deno.test("parseTestSummary() reads every shape of the last line", () => {
  const shapes: [string, [number, number, number]][] = [
    ["ok | 39 passed | 0 failed (509ms)", [39, 0, 0]],
    ["FAILED | 39 passed | 1 failed (509ms)", [39, 1, 0]],
    ["ok | 3 passed (12 steps) | 0 failed | 2 ignored (1s)", [3, 0, 2]],
    ["FAILED | 3 passed (1 step) | 1 failed (2 steps) | 2 ignored (1 step) | 5 filtered out (1s)", [3, 1, 2]],
    ["\x1b[0m\x1b[32mok\x1b[0m | 4 passed | 0 failed \x1b[0m\x1b[38;5;245m(12ms)\x1b[0m", [4, 0, 0]],
  ];
  for (const [line, [passed, failed, skipped]] of shapes) {
    assertEquals(parseTestSummary(`running 1 test\n${line}\n\n`), { passed, failed, skipped }, line);
  }
});

Deno.test("parseTestSummary() takes the last of several and says when there is none", () => {
  const output = "ok | 1 passed | 0 failed (1ms)\nok | 2 passed | 0 failed (1ms)\n";
  assertEquals(parseTestSummary(output)?.passed, 2);
  assertEquals(parseTestSummary("error: Type checking failed."), undefined);
});

Deno.test("formatSummary() mentions skipped tests only when there are any", () => {
  const one = { passed: 1, failed: 0, skipped: 0 };
  assertEquals(formatSummary(one), "1 passed, 0 failed");
  assertEquals(
    formatSummary(addSummaries(one, { passed: 2, failed: 3, skipped: 4 })),
    "3 passed, 3 failed, 4 skipped",
  );
});
