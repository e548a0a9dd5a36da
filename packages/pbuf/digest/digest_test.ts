import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHash, createHmac } from "node:crypto";
import { HmacSha1 } from "./hmac_sha1.ts";
import { Md5, md5 } from "./md5.ts";
import { Sha1, sha1 } from "./sha1.ts";

const PIECES = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });

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
