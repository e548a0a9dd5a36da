import { assertEquals, assertMatch } from "@std/assert";
import { judgeLcp } from "./lcp_verdict.ts";

Deno.test("judgeLcp(): a peer that asks and never answers does not hear us", () => {
  const round = [
    "> LCP ConfReq id 1 accm 00000000 magic 0d68e093",
    "< LCP ConfReq id 1 mru 1500",
    "> LCP ConfAck id 1 mru 1500",
  ];
  assertMatch(judgeLcp([...round, ...round, ...round])!, /does not arrive/);
  assertEquals(judgeLcp(round), undefined);
});

Deno.test("judgeLcp(): the same option refused again and again is named, with who refuses it", () => {
  const round = ["> LCP ConfReq id 1 mru 1400", "< LCP ConfNak id 1 mru 576"];
  assertMatch(judgeLcp([...round, ...round, ...round])!, /the peer refuses mru 576, 3 times/);
  const ours = [
    "< LCP ConfReq id 1 auth chap with algorithm 7",
    "> LCP ConfRej id 1 auth chap with algorithm 7",
  ];
  assertMatch(judgeLcp([...ours, ...ours, ...ours])!, /we refuse auth chap with algorithm 7, 3 times/);
});

Deno.test("judgeLcp(): silence, and what is no packet, say nothing", () => {
  assertEquals(judgeLcp(["> LCP ConfReq id 1", "> LCP ConfReq id 2", "> LCP ConfReq id 3"]), undefined);
  assertEquals(judgeLcp(["> AT", "< OK", "LCP Closed"]), undefined);
});
