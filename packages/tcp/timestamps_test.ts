import { assert, assertEquals } from "@std/assert";
import {
  isPawsViolation,
  rttFromEcho,
  shouldUpdateTsRecent,
  timestampAt,
  timestampLt,
  TS_RECENT_EXPIRY_MS,
} from "./timestamps.ts";

Deno.test("timestampAt() ticks once a millisecond and wraps (RFC 7323 §5.4)", () => {
  assertEquals(timestampAt(1234.9, 0), 1234);
  assertEquals(timestampAt(2, 0xffffffff), 1);
  assertEquals(timestampAt(0x1_0000_0000 * 5 + 7, 0), 7);
});

Deno.test("rttFromEcho() measures across the wrap and refuses the impossible (RFC 7323 §4.1)", () => {
  assertEquals(rttFromEcho(0xfffffff0, 0x10), 0x20);
  assertEquals(rttFromEcho(5, 5), 0);
  assertEquals(rttFromEcho(6, 5), -1);
  assertEquals(rttFromEcho(0, 5000, 4000), -1);
});

Deno.test("isPawsViolation(): an older TSval is an old duplicate (RFC 7323 §5.3, R1)", () => {
  assert(isPawsViolation(99, 100, 0, 1000));
  assert(!isPawsViolation(100, 100, 0, 1000));
  assert(!isPawsViolation(101, 100, 0, 1000));
  assert(isPawsViolation(0xffffffff, 0, 0, 1000), "across the wrap");
  assert(!isPawsViolation(0, 0xffffffff, 0, 1000));
  assert(timestampLt(0xffffffff, 0) && !timestampLt(0, 0));
});

Deno.test("isPawsViolation(): after 24 days TS.Recent counts no more (RFC 7323 §5.5)", () => {
  assert(isPawsViolation(99, 100, 0, TS_RECENT_EXPIRY_MS - 1));
  assert(!isPawsViolation(99, 100, 0, TS_RECENT_EXPIRY_MS));
});

Deno.test("shouldUpdateTsRecent(): the segment reaches back to Last.ACK.sent (RFC 7323 §4.3, §5.3 R3)", () => {
  assert(shouldUpdateTsRecent(101, 100, 0xffffffff, 0, 0, 1));
  assert(shouldUpdateTsRecent(100, 100, 0, 0, 0, 1));
  assert(!shouldUpdateTsRecent(101, 100, 1, 0, 0, 1), "out of order");
  assert(!shouldUpdateTsRecent(99, 100, 0, 0, 0, 1), "older");
  assert(shouldUpdateTsRecent(99, 100, 0, 0, 0, TS_RECENT_EXPIRY_MS), "expired");
});
