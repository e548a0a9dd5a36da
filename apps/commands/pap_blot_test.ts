import { assertEquals } from "@std/assert";
import { PPP_LCP, PPP_PAP } from "@lightwire/ppp";
import { blotPapPassword } from "./pap_blot.ts";

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(4));
const packet = (data: string): Uint8Array =>
  Uint8Array.from([1, 7, 0, 4 + data.length, ...new TextEncoder().encode(data)]);

Deno.test("blotPapPassword() leaves the name and blots the password (RFC 1334 §2.2.1)", () => {
  const bytes = packet("\x05alice\x06secret");
  assertEquals(text(blotPapPassword(PPP_PAP, bytes, 0, bytes.length)), "\x05alice\x06******");
  assertEquals(text(bytes), "\x05alice\x06secret");
});

Deno.test("blotPapPassword() blots all when the lengths do not fit, and nothing of other packets", () => {
  const bytes = packet("\x50alice\x06secret");
  assertEquals(text(blotPapPassword(PPP_PAP, bytes, 0, bytes.length)), "*".repeat(13));
  assertEquals(text(blotPapPassword(PPP_LCP, bytes, 0, bytes.length)), text(bytes));
  assertEquals(blotPapPassword(PPP_PAP, bytes, 0, 2).length, 2);
});
