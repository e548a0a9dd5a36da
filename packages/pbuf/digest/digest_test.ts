import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { parseHex } from "../hex.ts";
import { Aes128 } from "./aes128.ts";
import { AesCmac, aesCmac } from "./aes_cmac.ts";
import { HmacSha1 } from "./hmac_sha1.ts";
import { Md5, md5 } from "./md5.ts";
import { Sha1, sha1 } from "./sha1.ts";

const PIECES = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });

/** The digest of a text, in hexadecimal. */
function hex(digest: (...parts: readonly Uint8Array[]) => Uint8Array, text: string): string {
  return Array.from(digest(new TextEncoder().encode(text)), (octet) => octet.toString(16).padStart(2, "0"))
    .join("");
}

Deno.test("md5: the test suite of the RFC (RFC 1321 §A.5)", () => {
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
  ) assertEquals(hex(md5, input), digest);
});

Deno.test("sha1: the tests of the RFC (RFC 3174 §7.3)", () => {
  for (
    const [input, digest] of [
      ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
      [
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      ],
      [
        "0123456701234567012345670123456701234567012345670123456701234567".repeat(10),
        "dea356a2cddd90c7a7ecedc5ebb563934f460452",
      ],
    ] as const
  ) assertEquals(hex(sha1, input), digest);
});

for (const [name, hash, whole] of [["md5", new Md5(), md5], ["sha1", new Sha1(), sha1]] as const) {
  Deno.test(`${name}: any message in any pieces has the digest that OpenSSL gives it`, () => {
    fc.assert(fc.property(PIECES, (pieces) => {
      const theirs = createHash(name);
      hash.reset();
      for (const piece of pieces) {
        theirs.update(piece);
        hash.update(piece);
      }
      const expected = new Uint8Array(theirs.digest());
      const digest = new Uint8Array(hash.digestLength + 1);
      hash.digestInto(digest, 1);
      assertEquals(digest.subarray(1), expected);
      assertEquals(whole(...pieces), expected);
    }));
  });
}

Deno.test("HmacSha1: any key and any messages, one after the other, give what OpenSSL gives (RFC 2104)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 150 }), PIECES, (key, messages) => {
    const hmac = new HmacSha1(key);
    for (const message of messages) {
      hmac.reset();
      hmac.update(message);
      const digest = new Uint8Array(20);
      hmac.digestInto(digest, 0);
      assertEquals(digest, new Uint8Array(createHmac("sha1", key).update(message).digest()));
    }
  }));
});

Deno.test("Aes128: the example of FIPS 197 appendix B", () => {
  const cipher = new Aes128(parseHex("2b7e151628aed2a6abf7158809cf4f3c"));
  const block = Int32Array.of(0x3243f6a8, 0x885a308d, 0x313198a2, 0xe0370734);
  cipher.encrypt(block);
  assertEquals(block, Int32Array.of(0x3925841d, 0x02dc09fb, 0xdc118597, 0x196a0b32));
});

Deno.test("Aes128: any key and block give what OpenSSL gives", () => {
  const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(octets, octets, (key, text) => {
    const view = new DataView(text.buffer, text.byteOffset);
    const block = Int32Array.from({ length: 4 }, (_, i) => view.getInt32(4 * i));
    new Aes128(key).encrypt(block);
    const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    const theirs = cipher.update(text);
    cipher.final();
    assertEquals(block, Int32Array.from({ length: 4 }, (_, i) => theirs.readInt32BE(4 * i)));
  }));
});

const CMAC_KEY = parseHex("2b7e151628aed2a6abf7158809cf4f3c");
const CMAC_TEXT = parseHex(`6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
  30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`);

for (
  const [length, mac] of [
    [0, "bb1d6929e95937287fa37d129b756746"],
    [16, "070a16b46b4d4144f79bdd9dd04a287c"],
    [40, "dfa66747de9ae63030ca32611497c827"],
    [64, "51f0bebf7e3b9d92fc49741779363cfe"],
  ] as const
) {
  Deno.test(`AesCmac: the example of RFC 4493 §4 with ${length} octets`, () => {
    assertEquals(aesCmac(CMAC_KEY, CMAC_TEXT.subarray(0, length)), parseHex(mac));
  });
}

Deno.test("AesCmac: pieces of any length, message after message, give what the whole gives (RFC 4493 §2.4)", () => {
  fc.assert(fc.property(fc.array(PIECES, { maxLength: 3 }), (messages) => {
    const mac = new AesCmac(CMAC_KEY);
    for (const pieces of messages) {
      mac.reset();
      for (const piece of pieces) mac.update(piece);
      const digest = new Uint8Array(17);
      mac.digestInto(digest, 1);
      assertEquals(digest.subarray(1), aesCmac(CMAC_KEY, Uint8Array.from(pieces.flatMap((p) => [...p]))));
    }
  }));
});

Deno.test("AesCmac: a key has 16 octets", () => {
  assertThrows(() => new AesCmac(new Uint8Array(15)), RangeError, "16 octets");
});
