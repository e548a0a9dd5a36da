import { assertEquals } from "@std/assert";
import { NOT_YET } from "./main.ts";

Deno.test("pppup says in one sentence that its PPP is to come, and exits with 2", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("./main.ts", import.meta.url).pathname, "--sim"],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 2);
  assertEquals(stdout.length, 0);
  assertEquals(new TextDecoder().decode(stderr), `${NOT_YET}\n`);
});
