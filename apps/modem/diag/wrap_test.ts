import { assertEquals } from "@std/assert";
import { wrap } from "./wrap.ts";

Deno.test("wrap() breaks between words, and leaves a command whole", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("say `ls -l x` now", 12), ["say", "`ls -l x`", "now"]);
  assertEquals(wrap("say `a command longer than a line` now", 12), [
    "say `a",
    "command",
    "longer than",
    "a line` now",
  ]);
  assertEquals(wrap("", 10), []);
});
