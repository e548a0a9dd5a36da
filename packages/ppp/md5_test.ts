import { assertEquals } from "@std/assert";
import { md5 } from "./md5.ts";

const hex = (bytes: Uint8Array) => Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
const text = (value: string) => new TextEncoder().encode(value);

Deno.test("MD5: the test suite of the RFC (RFC 1321 §A.5)", () => {
  for (
    const [input, digest] of [
      ["", "d41d8cd98f00b204e9800998ecf8427e"],
      ["a", "0cc175b9c0f1b6a831c399e269772661"],
      ["abc", "900150983cd24fb0d6963f7d28e17f72"],
      ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
      ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
      ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
      ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
    ] as const
  ) assertEquals(hex(md5(text(input))), digest);
});

Deno.test("MD5: parts count as one message, at each length around a block (RFC 1321 §3.1)", () => {
  for (let length = 50; length < 70; length++) {
    const all = text("x".repeat(length));
    assertEquals(hex(md5(all.subarray(0, 7), all.subarray(7))), hex(md5(all)));
  }
});
