import { assertEquals, assertThrows } from "@std/assert";
import { completePage, HOWTO, replaceTable } from "./howto_tables.ts";

Deno.test("howto: the tables of docs/howto/bring_up_a_modem.md are those of the catalogue", () => {
  const page = Deno.readTextFileSync(HOWTO);
  assertEquals(page, completePage(page), "run apps/modem/diag/howto_tables.ts");
});

Deno.test("replaceTable() changes what is between the marks, and nothing else", () => {
  const page = "a\n<!-- t: made by x -->\nold\n<!-- end of t -->\nb\n";
  assertEquals(replaceTable(page, "t", "new $1"), "a\n<!-- t: made by x -->\nnew $1\n<!-- end of t -->\nb\n");
  assertThrows(() => replaceTable(page, "u", ""), Error, "no marks");
});
