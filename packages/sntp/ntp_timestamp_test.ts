import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  emitNtpTimestamp,
  formatNtpTimestamp,
  isUnknownNtp,
  measureNtp,
  NTP_UNKNOWN,
  ntpDifferenceMs,
  ntpFromUnixMs,
  parseNtpTimestamp,
  unixMsFromNtp,
} from "./mod.ts";

const at = (iso: string) => new Date(iso).getTime();

Deno.test("unixMsFromNtp() agrees with the table of eras (RFC 5905 §6, figure 4)", () => {
  const rows: [string, number][] = [
    ["1970-01-01T00:00:00Z", 2_208_988_800],
    ["1972-01-01T00:00:00Z", 2_272_060_800],
    ["1999-12-31T00:00:00Z", 3_155_587_200],
    ["2036-02-07T06:28:15Z", 4_294_967_295],
    ["2036-02-08T00:00:00Z", 63_104],
  ];
  for (const [iso, seconds] of rows) {
    assertEquals(unixMsFromNtp({ seconds, fraction: 0 }), at(iso), iso);
    assertEquals(ntpFromUnixMs(at(iso)), { seconds, fraction: 0 }, iso);
  }
});

Deno.test("unixMsFromNtp() takes the era nearest to a known time", () => {
  assertEquals(
    unixMsFromNtp({ seconds: 0, fraction: 0 }, at("1910-01-01T00:00:00Z")),
    at("1900-01-01T00:00:00Z"),
  );
  const year1930 = ntpFromUnixMs(at("1930-06-01T00:00:00Z"));
  assertEquals(unixMsFromNtp(year1930, 0), at("1930-06-01T00:00:00Z"));
  assertEquals(unixMsFromNtp(year1930), at("1930-06-01T00:00:00Z") + 2 ** 32 * 1000);
});

Deno.test("ntpFromUnixMs() carries a fraction that rounds up into the seconds", () => {
  assertEquals(ntpFromUnixMs(999.9999999999), { seconds: 2_208_988_801, fraction: 0 });
  assertEquals(ntpFromUnixMs(-0.5), { seconds: 2_208_988_799, fraction: 0xffdf3b64 });
  assertThrows(() => ntpFromUnixMs(NaN), RangeError, "Cannot convert NaN ms");
});

Deno.test("property: Unix time survives the round trip to 1 µs", () => {
  fc.assert(fc.property(
    fc.double({ min: at("1968-02-01T00:00:00Z"), max: at("2104-01-01T00:00:00Z"), noNaN: true }),
    (ms) => assertAlmostEquals(unixMsFromNtp(ntpFromUnixMs(ms)), ms, 1e-3),
  ));
});

Deno.test("property: wire form survives the round trip, and short messages are refused", () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(fc.property(word, word, fc.nat(9), (seconds, fraction, offset) => {
    const view = new DataView(new ArrayBuffer(16));
    if (offset > 8) return assertEquals(parseNtpTimestamp(view, offset), undefined);
    emitNtpTimestamp(view, offset, { seconds, fraction });
    assertEquals(parseNtpTimestamp(view, offset), { seconds, fraction });
  }));
  assertEquals(parseNtpTimestamp(new DataView(new ArrayBuffer(8)), -1), undefined);
});

Deno.test("ntpDifferenceMs() is signed and crosses the change of eras", () => {
  const before = { seconds: 0xffff_ffff, fraction: 0xc000_0000 };
  const after = { seconds: 1, fraction: 0x4000_0000 };
  assertEquals(ntpDifferenceMs(after, before), 1500);
  assertEquals(ntpDifferenceMs(before, after), -1500);
});

Deno.test("measureNtp() computes offset and delay, and no negative delay (RFC 5905 §8)", () => {
  const t = (ms: number) => ntpFromUnixMs(1_700_000_000_000 + ms);
  const near = measureNtp(t(0), t(-3_600_000 + 10), t(-3_600_000 + 12), t(32));
  assertAlmostEquals(near.offsetMs, -3_600_005, 1e-3);
  assertAlmostEquals(near.delayMs, 30, 1e-3);
  assertEquals(measureNtp(t(0), t(5), t(9), t(2)).delayMs, 0);
});

Deno.test("formatNtpTimestamp() and isUnknownNtp()", () => {
  assertEquals(formatNtpTimestamp({ seconds: 0x83aa7e80, fraction: 0x80 }), "83aa7e80.00000080");
  assertEquals(isUnknownNtp(NTP_UNKNOWN), true);
  assertEquals(isUnknownNtp({ seconds: 0, fraction: 1 }), false);
});
