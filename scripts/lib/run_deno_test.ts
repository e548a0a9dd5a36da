import { assertEquals, assertStringIncludes } from "@std/assert";
import { runDeno } from "./run_deno.ts";

Deno.test("runDeno() keeps both streams and the exit status", async () => {
  const code = "console.log('to stdout'); console.error('to stderr'); Deno.exit(3)";
  const result = await runDeno(["eval", code], { isShown: false });
  assertEquals(result.code, 3);
  assertStringIncludes(result.output, "to stdout\n");
  assertStringIncludes(result.output, "to stderr\n");
});

Deno.test("runDeno() hands over environment and folder", async () => {
  const cwd = Deno.makeTempDirSync();
  try {
    const code = "console.log(Deno.env.get('LIGHTWIRE_TEST'), Deno.cwd())";
    const result = await runDeno(["eval", code], { isShown: false, cwd, env: { LIGHTWIRE_TEST: "here" } });
    assertStringIncludes(result.output, `here ${Deno.realPathSync(cwd)}`);
  } finally {
    Deno.removeSync(cwd);
  }
});
