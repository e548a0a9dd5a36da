import { assertEquals, assertThrows } from "@std/assert";
import { Rc4 } from "./rc4.ts";
import { bytes, hex } from "./testdata/hex.ts";

Deno.test("RC4: the key streams of 40 and 128 bits, and a second key begins anew (RFC 6229 §2)", () => {
  const short = new Uint8Array(256);
  const rc4 = new Rc4(bytes("0102030405"));
  rc4.apply(short, 0, 100);
  rc4.apply(short, 100, 256);
  assertEquals(
    hex(short.subarray(0, 32)),
    "b2396305f03dc027ccc3524a0a1118a86982944f18fc82d589c403a47a0d0919",
  );
  assertEquals(hex(short.subarray(240)), "28cb1132c96ce286421dcaadb8b69eae");
  const long = new Uint8Array(16);
  rc4.setKey(bytes("0102030405060708090a0b0c0d0e0f10ffff"), 16);
  rc4.apply(long, 0, 16);
  assertEquals(hex(long), "9ac7cc9a609d1ef7b2932899cde41b97");
});

Deno.test("RC4: applied twice gives the text again, and an empty key is refused", () => {
  const text = bytes("00112233445566778899");
  new Rc4(bytes("deadbeef")).apply(text, 2, 8);
  assertEquals(hex(text.subarray(0, 2)) + hex(text.subarray(8)), "00118899");
  new Rc4(bytes("deadbeef")).apply(text, 2, 8);
  assertEquals(hex(text), "00112233445566778899");
  assertThrows(() => new Rc4(new Uint8Array(0)), RangeError);
});

Deno.test("RC4: to another place, and the text stays", () => {
  const text = bytes("00112233445566778899");
  const out = new Uint8Array(12);
  assertEquals(new Rc4(bytes("deadbeef")).apply(text, 2, 8, out, 3), 9);
  assertEquals(hex(text), "00112233445566778899");
  new Rc4(bytes("deadbeef")).apply(out, 3, 9);
  assertEquals(hex(out), "000000" + "223344556677" + "000000");
});
