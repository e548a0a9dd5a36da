import { assertEquals } from "@std/assert";
import { formatStatusLine } from "./status_line.ts";

Deno.test("formatStatusLine() gives rates between two looks, and sums", () => {
  const before = { at: 1000, inOctets: 0, outOctets: 1000, connections: 0 };
  const now = { at: 2000, inOctets: 125_000, outOctets: 1_251_000, connections: 3 };
  assertEquals(
    formatStatusLine("10.9.0.2/24", 0, before, now),
    "10.9.0.2/24  in 1.00 Mbit/s  out 10.0 Mbit/s  3 connections  125 kB in, 1.25 MB out  up 2.0 s",
  );
});
