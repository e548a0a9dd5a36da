import { assertEquals, assertThrows } from "@std/assert";
import {
  formatBytes,
  formatDuration,
  formatMs,
  formatRate,
  parseInteger,
  parsePort,
  parsePositive,
  parseScaled,
} from "./units.ts";
import { UsageError } from "./usage.ts";

Deno.test("formatBytes() and formatRate() keep three digits and move to the next unit in time", () => {
  assertEquals(formatBytes(0), "0 B");
  assertEquals(formatBytes(999), "999 B");
  assertEquals(formatBytes(1500), "1.50 kB");
  assertEquals(formatBytes(999_600), "1.00 MB");
  assertEquals(formatBytes(123_456_789), "123 MB");
  assertEquals(formatRate(9_410_000_000), "9.41 Gbit/s");
  assertEquals(formatRate(12_340_000), "12.3 Mbit/s");
});

Deno.test("formatDuration() turns to minutes and hours", () => {
  assertEquals(formatDuration(0.421), "0.42 s");
  assertEquals(formatDuration(9.94), "9.9 s");
  assertEquals(formatDuration(65), "1:05");
  assertEquals(formatDuration(7209), "2:00:09");
  assertEquals(formatDuration(Infinity), "?");
});

Deno.test("formatMs() gives microseconds where they matter", () => {
  assertEquals([0.4123, 12.34, 1204.4].map(formatMs), ["0.412 ms", "12.3 ms", "1204 ms"]);
});

Deno.test("parseScaled() takes decimal factors", () => {
  assertEquals(["1000", "64k", "1.5G", "10M"].map((t) => parseScaled(t, "-b")), [1000, 64e3, 1.5e9, 10e6]);
  for (const bad of ["", "M", "1T", "-1", "1e3"]) {
    assertThrows(() => parseScaled(bad, "-b"), UsageError, "-b");
  }
});

Deno.test("parseInteger(), parsePort() and parsePositive() name the range", () => {
  assertEquals(parseInteger("7", "-c", 1, 9), 7);
  assertThrows(() => parseInteger("10", "-c", 1, 9), UsageError, "from 1 to 9");
  assertThrows(() => parseInteger("x", "-c", 1, 9), UsageError);
  assertEquals(parsePort("65535"), 65535);
  assertThrows(() => parsePort("0"), UsageError, "port");
  assertEquals(parsePositive("0.5", "-i"), 0.5);
  assertThrows(() => parsePositive("0", "-i"), UsageError);
});
