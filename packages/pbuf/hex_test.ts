import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseHex } from "./hex.ts";
import { hexDump } from "./hex_dump.ts";

Deno.test("parseHex() ignores blanks and comments", () => {
  assertEquals([...parseHex(" 0a0B # ten, eleven\n\t0c # twelve 99\n")], [10, 11, 12]);
  assertEquals(parseHex("# nothing").length, 0);
});

Deno.test("parseHex() refuses odd digits and anything else", () => {
  for (const text of ["1", "0x12", "zz", "12 3"]) assertThrows(() => parseHex(text), SyntaxError);
});

Deno.test("hexDump() starts offsets at the range and pads the last line", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i + 0x20);
  assertEquals(
    hexDump(bytes, 8, 26),
    "0000  28 29 2a 2b 2c 2d 2e 2f  30 31 32 33 34 35 36 37  ()*+,-./01234567\n" +
      "0010  38 39                                             89",
  );
  assertEquals(hexDump(bytes, 3, 3), "");
});

Deno.test("property: parseHex() reads back what hexDump() shows", () => {
  fc.assert(fc.property(fc.uint8Array(), (data) => {
    const digits = hexDump(data).split("\n").map((line) => line.slice(6, 54)).join("\n");
    assertEquals(parseHex(digits), Uint8Array.from(data));
  }));
});
