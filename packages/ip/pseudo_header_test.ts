import { assertEquals } from "@std/assert";
import { foldSum, pseudoHeaderSumV4 } from "@lightwire/pbuf";
import { parseIpAddressOrThrow } from "./address.ts";
import { pseudoHeaderSum } from "./pseudo_header.ts";

Deno.test("pseudoHeaderSum() sums addresses, protocol and length of either family (RFC 768, RFC 8200 §8.1)", () => {
  const [a, b] = [parseIpAddressOrThrow("10.0.0.1"), parseIpAddressOrThrow("10.0.0.2")];
  assertEquals(foldSum(pseudoHeaderSum(a, b, 17, 8)), foldSum(0x0a00 + 1 + 0x0a00 + 2 + 17 + 8));
  assertEquals(pseudoHeaderSum(a, b, 6, 20), pseudoHeaderSumV4(a.w3, b.w3, 6, 20));
  const [c, d] = [parseIpAddressOrThrow("2001:db8::1"), parseIpAddressOrThrow("2001:db8::2")];
  const words = 0x2001 + 0xdb8 + 1 + 0x2001 + 0xdb8 + 2;
  assertEquals(foldSum(pseudoHeaderSum(c, d, 6, 20)), foldSum(words + 20 + 6));
});
