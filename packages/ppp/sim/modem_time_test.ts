import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatModemTime, parseModemTime } from "./modem_time.ts";

Deno.test("formatModemTime() and parseModemTime() know the calendar (3GPP TS 27.007 §8.15)", () => {
  assertEquals(formatModemTime(Date.UTC(2026, 10, 24, 11, 5, 9)), "26/11/24,11:05:09+00");
  assertEquals(formatModemTime(Date.UTC(2028, 1, 29)), "28/02/29,00:00:00+00");
  assertEquals(formatModemTime(Date.UTC(2000, 11, 31, 23, 59, 59)), "00/12/31,23:59:59+00");
  assertEquals(parseModemTime("26/11/24,13:05:09+08"), Date.UTC(2026, 10, 24, 11, 5, 9));
  assertEquals(parseModemTime("26/02/29,00:00:00"), undefined);
  assertEquals(parseModemTime("26/11/24"), undefined);
});

Deno.test("property: times of this century survive the round trip to a second", () => {
  const seconds = fc.integer({ min: Date.UTC(2000, 0) / 1000, max: Date.UTC(2100, 0) / 1000 - 1 });
  fc.assert(
    fc.property(seconds, (second) => parseModemTime(formatModemTime(second * 1000)) === second * 1000),
  );
});
