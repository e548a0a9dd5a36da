import { assertEquals } from "@std/assert";
import { formatHttpDate } from "./http_date.ts";

Deno.test("formatHttpDate(): the example of RFC 9110 §5.6.7", () => {
  assertEquals(formatHttpDate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
});

Deno.test("formatHttpDate(): agrees with Date over four centuries", () => {
  for (let t = 0; t < 400 * 365.25 * 86_400; t += 86_400 * 1.7 + 3601) {
    const seconds = Math.floor(t);
    assertEquals(formatHttpDate(seconds), new Date(seconds * 1000).toUTCString());
  }
});
