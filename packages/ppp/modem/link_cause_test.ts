import { assertEquals, assertMatch } from "@std/assert";
import { isFinalCause, isLinkWarning, LINK_CAUSES, linkCauseText, parseLinkCause } from "./link_cause.ts";

Deno.test("linkCauseText() has one line of words for every cause", () => {
  for (const cause of LINK_CAUSES) {
    assertMatch(linkCauseText(cause), /^[^.\n]{15,}$/);
  }
  assertEquals(new Set(LINK_CAUSES.map(linkCauseText)).size, LINK_CAUSES.length);
});

Deno.test("isLinkWarning() names the causes with which a link works", () => {
  assertEquals(LINK_CAUSES.filter(isLinkWarning), ["wrong-baud", "data-mode", "roaming", "clock-skew"]);
});

Deno.test("parseLinkCause() reads ids only", () => {
  assertEquals(parseLinkCause("wrong-apn"), "wrong-apn");
  assertEquals(parseLinkCause("Wrong-APN"), undefined);
});

Deno.test("isFinalCause() never dials again with a wrong PIN or password", () => {
  for (const cause of ["sim-pin", "sim-puk", "auth-failed"] as const) assertEquals(isFinalCause(cause), true);
  assertEquals(isFinalCause("no-carrier"), false);
});
