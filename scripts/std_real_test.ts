import { assertEquals } from "@std/assert";
import { withoutLinks } from "./std_real.ts";

Deno.test("withoutLinks() takes out the links and nothing else", () => {
  const config = JSON.stringify({ imports: { a: "jsr:a@1" }, links: ["./x"], lint: { rules: {} } });
  assertEquals(JSON.parse(withoutLinks(config)), { imports: { a: "jsr:a@1" }, lint: { rules: {} } });
});
