import { assertEquals } from "@std/assert";
import { signalBars, signalSummary } from "./signal_bars.ts";
import { formatUpStatus } from "./up_status.ts";

Deno.test("formatUpStatus() tells rates, totals, echo, signal and how long", () => {
  const facts = { address: "10.64.64.2", since: 0, echoMs: 30.6, signal: "LTE ▁▃▄▆· −71 dBm" };
  const before = { at: 60_000, inOctets: 1000, outOctets: 500 };
  const now = { at: 62_000, inOctets: 251_000, outOctets: 3000 };
  assertEquals(
    formatUpStatus(facts, before, now),
    "10.64.64.2  ↓ 1.00 Mbit/s ↑ 10.0 kbit/s  LTE ▁▃▄▆· −71 dBm  echo 31 ms  up 1:02  251 kB in, 3.00 kB out",
  );
  const quiet = formatUpStatus({ ...facts, echoMs: -1, signal: "" }, before, { ...before, at: 61_000 });
  assertEquals(quiet, "10.64.64.2  ↓ 0 bit/s ↑ 0 bit/s  up 1:01  1.00 kB in, 500 B out");
});

Deno.test("signalBars() and signalSummary() show what is known", () => {
  assertEquals([signalBars(0), signalBars(3), signalBars(9)], ["·····", "▁▃▄··", "▁▃▄▆█"]);
  const signal = { rssi: 21, dbm: -71, bars: 5, bitErrorClass: undefined };
  assertEquals(signalSummary({ signal, technology: "LTE" }), "LTE ▁▃▄▆█ −71 dBm");
  assertEquals(signalSummary({ signal: undefined, technology: undefined }), "");
});
