import { assertEquals } from "@std/assert";
import { desEncrypt, desKeyOf } from "./des.ts";
import { md4 } from "./md4.ts";
import { bytes, hex, text } from "./testdata/hex.ts";

Deno.test("MD4: the test suite of the RFC (RFC 1320 §A.5)", () => {
  for (
    const [input, digest] of [
      ["", "31d6cfe0d16ae931b73c59d7e0c089c0"],
      ["a", "bde52cb31de33e46245e05fbdbd6fb24"],
      ["abc", "a448017aaf21d8525fc10ae87aa6729d"],
      ["message digest", "d9130a8164549fe818874806e1c7014b"],
      ["abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"],
      ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"],
      ["1234567890".repeat(8), "e33b4ddc9c38f2199c3e7b164fcc0536"],
    ] as const
  ) assertEquals(hex(md4(text(input))), digest);
});

Deno.test("DES: the worked example and tests of permutation, key and substitution (NIST SP 800-17 tables A.1 to A.4)", () => {
  for (
    const [key, plain, cipher] of [
      ["133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"],
      ["0101010101010101", "8000000000000000", "95f8a5e5dd31d900"],
      ["0101010101010101", "0000000000000001", "166b40b44aba4bd6"],
      ["8001010101010101", "0000000000000000", "95a8d72813daa94d"],
      ["0101010101010102", "0000000000000000", "869efd7f9f265a09"],
      ["7ca110454a1a6e57", "01a1d6d039776742", "690f5b0d9a26939b"],
      ["1c587f1c13924fef", "305532286d6f295a", "63fac0d034d9f793"],
    ] as const
  ) assertEquals(hex(desEncrypt(bytes(key), bytes(plain))), cipher);
});

Deno.test("DES: seven octets are spread over eight, seven bits each (RFC 2759 §8.6)", () => {
  assertEquals(hex(desKeyOf(bytes("ffffffffffffff"))), "fe".repeat(8));
  assertEquals(hex(desKeyOf(bytes("80000000000001"))), "8000000000000002");
});
