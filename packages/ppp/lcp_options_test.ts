import { assertEquals, assertNotEquals } from "@std/assert";
import { seededRandom } from "@lightwire/netif/random";
import type { CpOption } from "./cp_packet.ts";
import {
  DEFAULT_LOOPBACK_LIMIT,
  LCP_OPTION,
  LcpNegotiation,
  type LcpWishes,
  MIN_MRU,
} from "./lcp_options.ts";
import { bytes, hex } from "./testdata/hex.ts";

function negotiation(wishes: LcpWishes = {}) {
  const negotiation = new LcpNegotiation(seededRandom("options"), wishes);
  negotiation.begin();
  return negotiation;
}

/** An option from its type and the digits of its value. */
const option = (type: number, digits = ""): CpOption => ({ type, data: bytes(digits) });
/** A judgement, in short: "ack", "reject", or what is suggested. */
const verdict = (judged: "ack" | "reject" | CpOption) =>
  typeof judged === "string" ? judged : `${judged.type}:${hex(judged.data)}`;
const requested = (of: LcpNegotiation) => of.request().map((o) => `${o.type}:${hex(o.data)}`);

Deno.test("LCP options: what we ask for by default, and with everything switched off (RFC 1661 §6)", () => {
  assertEquals(requested(negotiation()).map((o) => o.replace(/^5:.{8}$/, "5:magic")), [
    "2:00000000",
    "5:magic",
    "7:",
    "8:",
  ]);
  const bare = negotiation({ accm: 0xffffffff, magic: false, pfc: false, acfc: false });
  assertEquals(requested(bare), []);
  const full = negotiation({ mru: 576, accm: 0x000a0000, magic: false, demand: ["chap-md5"] });
  assertEquals(requested(full), ["1:0240", "2:000a0000", "3:c22305", "7:", "8:"]);
});

Deno.test("LCP options: each kind is acknowledged, suggested otherwise, or rejected (RFC 1661 §6, RFC 1990 §5.1.3)", () => {
  const table: [string, CpOption, string][] = [
    ["MRU", option(1, "05dc"), "ack"],
    ["MRU, larger than an Ethernet", option(1, "2328"), "ack"],
    ["MRU, the smallest", option(1, "0080"), "ack"],
    ["MRU, too small", option(1, "007f"), "1:0080"],
    ["MRU, malformed", option(1, "05"), "reject"],
    ["ACCM", option(2, "000a0000"), "ack"],
    ["ACCM, malformed", option(2, "000a00"), "reject"],
    ["PAP without credentials", option(3, "c023"), "reject"],
    ["link quality", option(4, "c02500000064"), "reject"],
    ["magic number", option(5, "deadbeef"), "ack"],
    ["magic number, malformed", option(5, "deadbe"), "reject"],
    ["PFC", option(7), "ack"],
    ["PFC, malformed", option(7, "00"), "reject"],
    ["ACFC", option(8), "ack"],
    ["32-bit FCS", option(9, "04"), "reject"],
    ["callback", option(13, "00"), "reject"],
    ["compound frames", option(15), "reject"],
    ["MRRU", option(17, "05dc"), "reject"],
    ["short sequence numbers", option(18), "reject"],
    ["endpoint discriminator", option(19, "03001122334455"), "ack"],
    ["endpoint discriminator, the longest", option(19, `01${"aa".repeat(20)}`), "ack"],
    ["endpoint discriminator, too long", option(19, `01${"aa".repeat(21)}`), "reject"],
    ["endpoint discriminator, empty", option(19), "reject"],
    ["link discriminator", option(23, "0001"), "reject"],
    ["unknown", option(200, "00"), "reject"],
  ];
  for (const [what, given, expected] of table) {
    assertEquals(verdict(negotiation().judge(given)), expected, what);
  }
  assertEquals(MIN_MRU, 128);
});

Deno.test("LCP options: what is acknowledged is in force, and the rest is as by default (RFC 1661 §6)", () => {
  const n = negotiation();
  n.accept([
    option(1, "0240"),
    option(2, "00000001"),
    option(3, "c22381"),
    option(5, "00000007"),
    option(7),
    option(8),
  ]);
  assertEquals(n.peer, { mru: 576, accm: 1, auth: "mschapv2", magic: 7, pfc: true, acfc: true });
  n.accept([]);
  assertEquals(n.peer, { mru: 1500, accm: 0xffffffff, auth: undefined, magic: 0, pfc: false, acfc: false });
  n.acknowledged([option(3, "c227")]);
  assertEquals(n.local.auth, "eap");
});

Deno.test("LCP authentication: of what the peer asks, only what is offered is acknowledged (RFC 1661 §6.2, RFC 2759 §2)", () => {
  const methods = [
    ["pap", "c023"],
    ["chap-md5", "c22305"],
    ["mschap", "c22380"],
    ["mschapv2", "c22381"],
    ["eap", "c227"],
  ] as const;
  for (const [offered] of methods) {
    for (const [asked, digits] of methods) {
      const n = negotiation({ offer: [offered] });
      const suggestion = `3:${methods.find(([method]) => method === offered)![1]}`;
      assertEquals(verdict(n.judge(option(3, digits))), asked === offered ? "ack" : suggestion);
      assertEquals(n.isAuthRefusedByUs, asked !== offered);
    }
  }
});

Deno.test("LCP authentication: algorithms and protocols nobody knows get suggestions, each in its turn (RFC 1994 §3)", () => {
  const n = negotiation({ offer: ["mschapv2", "chap-md5"] });
  const asked = ["c22306", "c223", "c229", "c2", ""].map((digits) => verdict(n.judge(option(3, digits))));
  assertEquals(asked, ["3:c22381", "3:c22305", "3:c22381", "3:c22305", "3:c22381"]);
  assertEquals(verdict(n.judge(option(3, "c22305"))), "ack");
  assertEquals(n.isAuthRefusedByUs, false);
});

Deno.test("LCP authentication: the peer may choose among what we demand, and nothing else (RFC 1661 §6.2)", () => {
  const demand = ["eap", "mschapv2", "chap-md5"] as const;
  const askedAfter = (...naks: string[]) => {
    const n = negotiation({ demand });
    let isRefused = false;
    n.onAuthRefused = () => isRefused = true;
    for (const digits of naks) n.suggested(option(3, digits));
    return isRefused ? "refused" : requested(n).find((o) => o.startsWith("3:"));
  };
  assertEquals(askedAfter(), "3:c227");
  assertEquals(askedAfter("c22305"), "3:c22305");
  assertEquals(askedAfter("c023"), "3:c22381"); // not PAP: our next best
  assertEquals(askedAfter("c22306"), "3:c22381"); // an algorithm that nobody knows
  assertEquals(askedAfter("c023", "c023"), "3:c22305");
  assertEquals(askedAfter("c023", "c023", "c023"), "refused");
  assertEquals(askedAfter("c22305", "c227"), "refused"); // no way back: it ends
  const rejected = negotiation({ demand });
  let isRefused = false;
  rejected.onAuthRefused = () => isRefused = true;
  rejected.refused(option(3, "c227"));
  assertEquals(isRefused, true);
  const free = negotiation();
  free.suggested(option(3, "c023"));
  assertEquals(requested(free).some((o) => o.startsWith("3:")), false);
});

Deno.test("LCP options: suggestions are taken as far as they are ours to take (RFC 1661 §5.3)", () => {
  const n = negotiation({ mru: 1400, accm: 0x1 });
  n.suggested(option(1, "05dc")); // more than we can take
  n.suggested(option(1, "0001")); // less than makes sense
  n.suggested(option(1, "04"));
  assertEquals(requested(n)[0], "1:0578");
  n.suggested(option(1, "0240"));
  n.suggested(option(2, "80000000"));
  assertEquals(requested(n).slice(0, 2), ["1:0240", "2:80000001"]);
  const before = requested(n)[2]!;
  n.suggested(option(5, before.slice(2)));
  assertNotEquals(requested(n)[2], before);
  n.suggested(option(99, "00"));
});

Deno.test("LCP options: what the peer rejects is not asked for again in this negotiation (RFC 1661 §5.4)", () => {
  const n = negotiation({ mru: 576 });
  for (const type of Object.values(LCP_OPTION)) n.refused({ type, data: new Uint8Array(0) });
  assertEquals(requested(n), []);
  n.begin();
  assertEquals(requested(n).length, 5);
});

Deno.test("LCP magic number: our own is told to change, and ten in a row are a loop (RFC 1661 §6.4)", () => {
  const n = negotiation();
  const mine = () => requested(n).find((o) => o.startsWith("5:"))!.slice(2);
  let loops = 0;
  n.onLoopback = () => loops++;
  for (let i = 1; i < DEFAULT_LOOPBACK_LIMIT; i++) {
    const suggestion = verdict(n.judge(option(5, mine())));
    assertNotEquals(suggestion, `5:${mine()}`);
    assertEquals(suggestion.slice(0, 2), "5:");
  }
  assertEquals(loops, 0);
  n.judge(option(5, "00000001")); // somebody else after all
  for (let i = 1; i < DEFAULT_LOOPBACK_LIMIT; i++) n.judge(option(5, mine()));
  assertEquals(loops, 0);
  n.judge(option(5, mine()));
  assertEquals(loops, 1);
  assertEquals(verdict(negotiation().judge(option(5, "00000000"))).slice(0, 2), "5:"); // zero is no number
  const without = negotiation({ magic: false });
  assertEquals(
    [verdict(without.judge(option(5, "00000000"))), verdict(without.judge(option(5, "00000001")))],
    ["reject", "ack"],
  );
});
